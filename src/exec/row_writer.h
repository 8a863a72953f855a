// SPDX-License-Identifier: Apache-2.0
// Computed rows, cell by cell in column order: into the sink (SHOW, DESCRIBE) or as encoded rows
// (system tables).
//
// One per statement, on its thread, memory of the ctx arena. The functions that put a cell move on
// to the next column; a row ends with row_writer_end after its last one.
#ifndef KDB_EXEC_ROW_WRITER_H
#define KDB_EXEC_ROW_WRITER_H

#include "exec/exec_priv.h"

struct row_writer {
    struct kdb_exec *exec;
    const struct kdb_output_column *columns;
    uint32_t column_count;
    uint32_t at;                     // the next cell's column
    kdb_value *values;               // of the row being written
    const struct kdb_schema *schema; // what rows are encoded under; NULL: they go to the sink
    kdb_slice *rows;                 // encoded rows
    size_t count, capacity;
};

// Rows of a system table, kept encoded in `rows`.
void row_writer_collect(struct row_writer *writer, struct kdb_exec *exec,
                        const struct kdb_table *table);

// Rows of these columns into the sink, which is begun. The columns live as long as the statement.
KDB_NODISCARD kdb_status row_writer_begin(struct row_writer *writer, struct kdb_exec *exec,
                                          const struct kdb_output_column *columns, size_t count);

// The same with the columns of a system table.
KDB_NODISCARD kdb_status row_writer_begin_table(struct row_writer *writer, struct kdb_exec *exec,
                                                const struct kdb_table *table);

// TEXT and JSON; NULL for the null slice.
void row_writer_text(struct row_writer *writer, kdb_slice text);
// As above.
void row_writer_cstr(struct row_writer *writer, const char *text);
// SMALLINT, INT and BIGINT.
void row_writer_int(struct row_writer *writer, int64_t value);
// BOOLEAN.
void row_writer_bool(struct row_writer *writer, bool value);
// TIMESTAMP in microseconds since 1970.
void row_writer_time(struct row_writer *writer, int64_t us);
// TIMESTAMP, NULL for 0.
void row_writer_time_or_null(struct row_writer *writer, int64_t us);
// NULL of the column's kind.
void row_writer_null(struct row_writer *writer);
// The row is complete.
KDB_NODISCARD kdb_status row_writer_end(struct row_writer *writer);

#endif
