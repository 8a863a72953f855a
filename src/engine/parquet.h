// SPDX-License-Identifier: Apache-2.0
// Parquet files: writing a segment, reading it back, and naming segments inside a statement's text.
//
// Columns are known by field id (the stable column id; system columns use -1, -2, -3), never by
// name or position. Types are what ordinary tools read: integers, floats, booleans, dates, times
// and timestamps as such, text, JSON and FILE as UTF8 strings, BYTES as byte arrays, UUID, DECIMAL;
// `_updated` (field id -2) has milliseconds, other timestamps microseconds. Paths are absolute and
// must lie in the engine's folders. Messages give a file's name, never its folder.
#ifndef KDB_ENGINE_PARQUET_H
#define KDB_ENGINE_PARQUET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "engine/engine.h"
#include "engine/row_source.h"
#include "types/type.h"
#include "types/value.h"

// A footer entry.
struct kdb_parquet_pair {
    kdb_slice key;
    kdb_slice value;
};

struct kdb_parquet_write {
    const char *path;                     // created, or overwritten
    struct kdb_row_source source;         // rows in the order they shall have; streamed
    const int32_t *field_ids;             // one per column of the source
    uint32_t row_group_rows;              // rows per row group; 0: 20,480. Rounded up to 2,048
    int zstd_level;                       // 1..22; 0: Snappy
    const struct kdb_parquet_pair *pairs; // footer metadata
    uint32_t pair_count;
};

// What was written.
struct kdb_parquet_written {
    uint64_t row_count;
    uint64_t size_bytes;
};

// Writes the file. It is neither synced nor renamed, and after a failure what is there of it is the
// caller's to remove. DISK_FULL, IO, the source's own failures.
KDB_NODISCARD kdb_status kdb_parquet_write(struct kdb_engine_connection *connection,
                                           struct kdb_ctx *ctx,
                                           const struct kdb_parquet_write *what,
                                           struct kdb_parquet_written *ret_written);

// A column to read: found by field id whatever the file calls it, given the name and type wanted
// now. A file that has no such field gives `missing` (a constant default; NULL pointer: NULL).
struct kdb_parquet_column {
    int32_t field_id;
    kdb_slice name;
    kdb_type type;
    const kdb_value *missing;
};

struct kdb_parquet_read {
    const char *path;
    const struct kdb_parquet_column *columns; // delivered in this order
    uint32_t column_count;
    uint64_t first_row; // position in the file
    uint64_t row_count; // UINT64_MAX: to the end
};

// Reads rows [first_row, first_row + row_count) in file order; aligned with row groups only those
// are touched. CORRUPT when the file is damaged or missing.
KDB_NODISCARD kdb_status kdb_parquet_read(struct kdb_engine_connection *connection,
                                          struct kdb_ctx *ctx, const struct kdb_parquet_read *what,
                                          const struct kdb_engine_sink *sink);

// What a file says about itself.
struct kdb_parquet_group {
    uint64_t first_row;
    uint64_t row_count;
    uint64_t size_bytes; // compressed
};

// A column of the file that has a field id.
struct kdb_parquet_field {
    int32_t field_id;
    kdb_slice name;
};

struct kdb_parquet_info {
    uint64_t row_count;
    const struct kdb_parquet_group *groups;
    uint32_t group_count;
    const struct kdb_parquet_field *fields;
    uint32_t field_count;
    const struct kdb_parquet_pair *pairs;
    uint32_t pair_count;
};

// Reads the footer; memory from the ctx arena. Failures as kdb_parquet_read.
KDB_NODISCARD kdb_status kdb_parquet_read_info(struct kdb_engine_connection *connection,
                                               struct kdb_ctx *ctx, const char *path,
                                               struct kdb_parquet_info *ret_info);

// Only the footer's metadata pairs, at a third of the cost.
KDB_NODISCARD kdb_status kdb_parquet_read_pairs(struct kdb_engine_connection *connection,
                                                struct kdb_ctx *ctx, const char *path,
                                                const struct kdb_parquet_pair **ret_pairs,
                                                uint32_t *ret_pair_count);

// Appends a table expression over the files with exactly these columns, for a FROM clause:
// read_parquet([…], …) found by field id. At least one file and one column. `row_count`: of all
// files together; joins are planned by it, and without it DuckDB takes such a table for a single
// row.
void kdb_parquet_quote_files(struct kdb_buf *out, const kdb_slice *paths, uint32_t path_count,
                             const struct kdb_parquet_column *columns, uint32_t column_count,
                             uint64_t row_count);

#endif
