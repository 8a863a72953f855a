// SPDX-License-Identifier: Apache-2.0
// Row sources: how rows of ours become a table inside a DuckDB statement, without a kdb_value per
// cell.
//
// A statement refers to its sources as kdb_rows(0), kdb_rows(1), … (kdb_engine_statement.sources).
// One source may be scanned several times in one execution (a table joined with itself), so a scan
// is an object of its own: open, next until it gives no rows, close. The engine asks for the
// columns the statement needs and no others. A source writes straight into DuckDB's column memory
// through column writers; what a cell looks like there is said at kdb_column_writer.
//
// Threads: open/next/close of one scan are called by one thread at a time, but not always the one
// that called kdb_engine_execute, and two scans may run at once: what they share must be read-only.
// The ctx they get belongs to the scan (its arena lives until close); its error becomes the
// statement's error.
#ifndef KDB_ENGINE_ROW_SOURCE_H
#define KDB_ENGINE_ROW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/ctx.h"
#include "base/slice.h"
#include "types/type.h"
#include "types/value.h"

// One column of a source as the statement sees it.
struct kdb_source_column {
    kdb_slice name;
    kdb_type type;
};

// A column cell of text, JSON, BYTES or FILE: DuckDB's own form of a string. Up to 12 bytes are
// inside the cell, longer ones are pointed to, so a cell array can be built once and copied into
// writers again and again while the bytes live.
#define KDB_TEXT_CELL_INLINE 12

struct kdb_text_cell {
    union {
        struct {
            uint32_t len;
            char bytes[KDB_TEXT_CELL_INLINE]; // zeroes behind the text
        } inlined;                            // len <= KDB_TEXT_CELL_INLINE
        struct {
            uint32_t len;
            char prefix[4]; // the first bytes again
            const char *bytes;
        } pointer; // longer
    };
};

// The cell for `text`; above 12 bytes it borrows them.
static inline struct kdb_text_cell kdb_text_cell_of(kdb_slice text)
{
    struct kdb_text_cell cell;
    memset(&cell, 0, sizeof(cell));
    cell.inlined.len = (uint32_t)text.len;
    if (text.len > KDB_TEXT_CELL_INLINE) {
        memcpy(cell.pointer.prefix, text.data, sizeof(cell.pointer.prefix));
        cell.pointer.bytes = text.data;
    } else if (text.len > 0) {
        memcpy(cell.inlined.bytes, text.data, text.len);
    }
    return cell;
}

// The text of a cell; short text lies in the cell itself.
static inline kdb_slice kdb_text_cell_slice(const struct kdb_text_cell *cell)
{
    if (cell->inlined.len > KDB_TEXT_CELL_INLINE)
        return kdb_slice_of(cell->pointer.bytes, cell->pointer.len);
    return kdb_slice_of(cell->inlined.bytes, cell->inlined.len);
}

// Where a source writes one column of a batch. Cells by kind:
//   BOOLEAN bool (1 byte)   SMALLINT int16_t   INT, DATE int32_t   BIGINT, TIMESTAMP, DATETIME,
//   TIME int64_t FLOAT float   DOUBLE double   UUID, DECIMAL, INTERVAL: through the put functions
//   TEXT, JSON, BYTES, FILE struct kdb_text_cell   EMBEDDING `dimension` floats per row
// A cell of a NULL row need not be written.
struct kdb_column_writer {
    void *cells; // row 0 of the batch
    uint64_t
        *validity; // one bit per row, 1 = not null; NULL while the batch has no null in this column
    void *vector;  // the engine's handle
    kdb_type type; // of the column
    uint8_t cell_bytes; // bytes per cell (DECIMAL: 2, 4, 8 or 16 by precision)
};

// The slow paths of the inline functions below.
void kdb_writer_open_validity(struct kdb_column_writer *writer);
void kdb_writer_copy_text(struct kdb_column_writer *writer, uint32_t row, kdb_slice text);

static inline void kdb_writer_put_null(struct kdb_column_writer *writer, uint32_t row)
{
    if (!writer->validity)
        kdb_writer_open_validity(writer);
    writer->validity[row / 64] &= ~((uint64_t)1 << (row % 64));
}

static inline void kdb_writer_put_bool(struct kdb_column_writer *writer, uint32_t row, bool value)
{
    ((uint8_t *)writer->cells)[row] = value;
}

static inline void kdb_writer_put_i16(struct kdb_column_writer *writer, uint32_t row, int16_t value)
{
    ((int16_t *)writer->cells)[row] = value;
}

static inline void kdb_writer_put_i32(struct kdb_column_writer *writer, uint32_t row, int32_t value)
{
    ((int32_t *)writer->cells)[row] = value;
}

static inline void kdb_writer_put_i64(struct kdb_column_writer *writer, uint32_t row, int64_t value)
{
    ((int64_t *)writer->cells)[row] = value;
}

static inline void kdb_writer_put_f32(struct kdb_column_writer *writer, uint32_t row, float value)
{
    ((float *)writer->cells)[row] = value;
}

static inline void kdb_writer_put_f64(struct kdb_column_writer *writer, uint32_t row, double value)
{
    ((double *)writer->cells)[row] = value;
}

// Text, JSON, BYTES, FILE whose bytes may go away after `next` returns: they are copied.
static inline void kdb_writer_put_text(struct kdb_column_writer *writer, uint32_t row,
                                       kdb_slice text)
{
    if (text.len <= KDB_TEXT_CELL_INLINE)
        ((struct kdb_text_cell *)writer->cells)[row] = kdb_text_cell_of(text);
    else
        kdb_writer_copy_text(writer, row, text);
}

// The same for bytes that live until kdb_engine_execute returns: nothing is copied.
static inline void kdb_writer_put_text_borrowed(struct kdb_column_writer *writer, uint32_t row,
                                                kdb_slice text)
{
    ((struct kdb_text_cell *)writer->cells)[row] = kdb_text_cell_of(text);
}

// The 16 bytes of a UUID in their usual order.
void kdb_writer_put_uuid(struct kdb_column_writer *writer, uint32_t row, const uint8_t bytes[16]);

// A DECIMAL scaled by 10^scale of the column.
void kdb_writer_put_decimal(struct kdb_column_writer *writer, uint32_t row, kdb_int128 scaled);

// Any value of the column's type, NULL included; bytes are copied. Slower than the typed functions:
// for rows from memory and tests. The value must have the column's kind (and scale).
void kdb_writer_put_value(struct kdb_column_writer *writer, uint32_t row, const kdb_value *value);

// Copies `count` ready-made cells to rows [row, row + count). `validity`: bits for them from bit 0,
// NULL when none is null.
void kdb_writer_put_run(struct kdb_column_writer *writer, uint32_t row, const void *cells,
                        const uint64_t *validity, uint32_t count);

// One call of `next`.
struct kdb_row_batch {
    struct kdb_column_writer *columns; // one per wanted column, in the order of `wanted`
    uint32_t column_count;
    uint32_t capacity;  // rows that fit (2048)
    uint32_t row_count; // set by the source; 0 means the end
};

struct kdb_row_source_ops {
    // Begins a scan that will deliver the columns whose ordinals are in `wanted` (`wanted_count`
    // may be 0: rows are only counted). `wanted` stays valid until close.
    kdb_status (*open)(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                       uint32_t wanted_count, void **ret_scan);
    // Fills up to batch->capacity rows and sets batch->row_count.
    kdb_status (*next)(void *scan, struct kdb_ctx *ctx, struct kdb_row_batch *batch);
    // Ends the scan, also after a failure and when not all rows were read.
    void (*close)(void *scan);
};

// One table of a statement. A plain value; `columns` and `self` are borrowed for the execution.
struct kdb_row_source {
    const struct kdb_row_source_ops *ops;
    void *self;
    const struct kdb_source_column *columns;
    uint32_t column_count;
    uint64_t
        row_estimate; // how many rows there will be, roughly: decides join orders. 0: not known
};

// A source over rows in memory: `values` holds row_count * column_count values, row after row. The
// struct is the `self` of the source and must outlive the execution.
struct kdb_value_rows {
    const kdb_value *values;
    uint64_t row_count;
    uint32_t column_count;
};
struct kdb_row_source kdb_value_rows_source(struct kdb_value_rows *rows,
                                            const struct kdb_source_column *columns);

// Rows kept in DuckDB's own column form: made once from any source, then scanned again and again
// without copying a cell. Immutable and reference-counted; any thread.
struct kdb_frozen_rows;

// Reads all rows and columns of `source`. The names and types of the columns are copied.
// LIMIT_EXCEEDED when it would take more than `bytes_max` (0: no limit), UNAVAILABLE when the
// library cannot be loaded. Release with kdb_frozen_rows_unref.
KDB_NODISCARD kdb_status kdb_frozen_rows_build(const struct kdb_row_source *source,
                                               struct kdb_ctx *ctx, uint64_t bytes_max,
                                               struct kdb_frozen_rows **ret_rows);
struct kdb_frozen_rows *kdb_frozen_rows_ref(struct kdb_frozen_rows *rows);
// Accepts NULL.
void kdb_frozen_rows_unref(struct kdb_frozen_rows *rows);
uint64_t kdb_frozen_rows_count(const struct kdb_frozen_rows *rows);
// Memory held, roughly.
uint64_t kdb_frozen_rows_bytes(const struct kdb_frozen_rows *rows);
// Valid while the caller holds a reference.
struct kdb_row_source kdb_frozen_rows_source(struct kdb_frozen_rows *rows);

#endif
