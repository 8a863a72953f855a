// SPDX-License-Identifier: Apache-2.0
// Reading Parquet files: the rows of a range, and files inside a statement's text.
#include <string.h>

#include "base/assert.h"
#include "engine/engine_priv.h"
#include "engine/parquet.h"
#include "engine/parquet_priv.h"
#include "engine/quote.h"

// Up to so many rows a read is answered in one piece, beyond it streams.
#define MATERIALIZED_ROWS 131072U

// The entries of the map have one type, so defaults are given as text, which DuckDB casts back.
static void write_default(struct kdb_buf *out, const struct kdb_parquet_column *column)
{
    if (!column->missing || column->missing->is_null) {
        KDB_BUF_LIT(out, "NULL");
        return;
    }
    kdb_engine_quote_value(out, column->type, column->missing);
    KDB_BUF_LIT(out, "::VARCHAR");
}

// Inside read_parquet columns are called c0, c1, …: whatever users call theirs cannot meet
// file_row_number.
static void write_schema(struct kdb_buf *out, const struct kdb_parquet_column *columns,
                         uint32_t column_count)
{
    KDB_BUF_LIT(out, "schema = MAP {");
    for (uint32_t i = 0; i < column_count; i++) {
        kdb_buf_printf(out, "%s%d: {name: 'c%u', type: '", i > 0 ? ", " : "", columns[i].field_id,
                       i);
        kdb_engine_quote_type(out, columns[i].type);
        KDB_BUF_LIT(out, "', default_value: ");
        write_default(out, &columns[i]);
        kdb_buf_put(out, '}');
    }
    kdb_buf_put(out, '}');
}

static void write_renamed(struct kdb_buf *out, const struct kdb_parquet_column *columns,
                          uint32_t column_count)
{
    for (uint32_t i = 0; i < column_count; i++) {
        kdb_buf_printf(out, "%sc%u AS ", i > 0 ? ", " : "", i);
        kdb_engine_quote_identifier(out, columns[i].name);
    }
}

void kdb_parquet_quote_files(struct kdb_buf *out, const kdb_slice *paths, uint32_t path_count,
                             const struct kdb_parquet_column *columns, uint32_t column_count,
                             uint64_t row_count)
{
    KDB_ASSERT(path_count > 0 && column_count > 0);
    KDB_BUF_LIT(out, "(SELECT ");
    write_renamed(out, columns, column_count);
    KDB_BUF_LIT(out, " FROM read_parquet([");
    for (uint32_t i = 0; i < path_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        kdb_engine_quote_text(out, paths[i]);
    }
    KDB_BUF_LIT(out, "], hive_partitioning = false, explicit_cardinality = ");
    kdb_buf_i64(out, row_count > 0 ? (int64_t)(row_count & INT64_MAX) : 1);
    KDB_BUF_LIT(out, ", ");
    write_schema(out, columns, column_count);
    KDB_BUF_LIT(out, "))");
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// True when the operating system could not give the file's bytes; everything else is the bytes'
// fault.
static bool is_reading_at_fault(const char *message)
{
    static const char *const texts[] = {"Input/output error", "Permission denied",
                                        "Too many open files"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strstr(message, texts[i]))
            return true;
    }
    return false;
}

kdb_status engine_blame_file(struct kdb_ctx *ctx, kdb_status status, const char *path)
{
    if (status == KDB_ERR_CANCELLED || status == KDB_ERR_TIMEOUT ||
        status == KDB_ERR_LIMIT_EXCEEDED || status == KDB_ERR_UNAVAILABLE)
        return status;
    kdb_slice why = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(ctx->error.message));
    kdb_ctx_clear_error(ctx);
    return kdb_fail(ctx, is_reading_at_fault(why.data) ? KDB_ERR_IO : KDB_ERR_CORRUPT,
                    "segment file %s cannot be read: %.*s", file_name(path), KDB_ARG(why));
}

// Passes rows on and remembers whether it was the sink that failed.
struct watched_sink {
    const struct kdb_engine_sink *sink;
    bool is_failed;
};

static kdb_status pass_begin(void *self, struct kdb_ctx *ctx,
                             const struct kdb_engine_column *columns, uint32_t column_count)
{
    struct watched_sink *watched = self;
    kdb_status status = watched->sink->ops->begin(watched->sink->self, ctx, columns, column_count);
    watched->is_failed = status != KDB_OK;
    return status;
}

static kdb_status pass_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                            uint32_t row_count)
{
    struct watched_sink *watched = self;
    kdb_status status = watched->sink->ops->rows(watched->sink->self, ctx, values, row_count);
    watched->is_failed = status != KDB_OK;
    return status;
}

static const struct kdb_engine_sink_ops watch_ops = {pass_begin, pass_rows};

static void write_range(struct kdb_buf *out, const struct kdb_parquet_read *what)
{
    uint64_t left = INT64_MAX - what->first_row;
    if (what->first_row == 0 && what->row_count >= left)
        return;
    uint64_t count = what->row_count < left ? what->row_count : left;
    KDB_BUF_LIT(out, " WHERE file_row_number >= ");
    kdb_buf_i64(out, (int64_t)what->first_row);
    KDB_BUF_LIT(out, " AND file_row_number < ");
    kdb_buf_i64(out, (int64_t)(what->first_row + count));
}

static void write_read(struct kdb_buf *out, const struct kdb_parquet_read *what)
{
    KDB_BUF_LIT(out, "SELECT ");
    write_renamed(out, what->columns, what->column_count);
    KDB_BUF_LIT(out, " FROM read_parquet(");
    kdb_engine_quote_text(out, kdb_slice_cstr(what->path));
    KDB_BUF_LIT(out, ", hive_partitioning = false, ");
    write_schema(out, what->columns, what->column_count);
    kdb_buf_put(out, ')');
    write_range(out, what);
}

kdb_status kdb_parquet_read(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                            const struct kdb_parquet_read *what, const struct kdb_engine_sink *sink)
{
    KDB_ASSERT(what->first_row < INT64_MAX);
    struct kdb_buf sql = {0};
    write_read(&sql, what);
    kdb_type *types = kdb_arena_array(&ctx->arena, what->column_count, sizeof(*types));
    for (uint32_t i = 0; i < what->column_count; i++)
        types[i] = what->columns[i].type;
    const struct kdb_engine_statement statement = {.sql = kdb_buf_view(&sql),
                                                   .columns = types,
                                                   .column_count = what->column_count,
                                                   .is_one_shot = true};
    struct watched_sink watched = {.sink = sink};
    const struct kdb_engine_sink outer = {&watch_ops, &watched};
    kdb_status status = what->row_count <= MATERIALIZED_ROWS
                            ? engine_execute_text(connection, ctx, &statement, &outer)
                            : kdb_engine_execute(connection, ctx, &statement, &outer);
    kdb_buf_deinit(&sql);
    if (status != KDB_OK && !watched.is_failed)
        return engine_blame_file(ctx, status, what->path);
    return status;
}
