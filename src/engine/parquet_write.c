// SPDX-License-Identifier: Apache-2.0
// Writing a Parquet file from a row source: one COPY statement, a row group in memory at a time.
#include <sys/stat.h>

#include "engine/engine_priv.h"
#include "engine/parquet.h"
#include "engine/quote.h"
#include "types/schema.h"

#define VECTOR_ROWS            2048U
#define ROW_GROUP_ROWS_DEFAULT (10 * VECTOR_ROWS)

static void write_columns(struct kdb_buf *out, const struct kdb_parquet_write *what)
{
    for (uint32_t i = 0; i < what->source.column_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        kdb_slice name = what->source.columns[i].name;
        kdb_engine_quote_identifier(out, name);
        if (what->field_ids[i] == KDB_COLUMN_UPDATED) {
            KDB_BUF_LIT(out, "::TIMESTAMP_MS AS ");
            kdb_engine_quote_identifier(out, name);
        }
    }
}

static void write_field_ids(struct kdb_buf *out, const struct kdb_parquet_write *what)
{
    KDB_BUF_LIT(out, ", FIELD_IDS {");
    for (uint32_t i = 0; i < what->source.column_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        kdb_engine_quote_text(out, what->source.columns[i].name);
        kdb_buf_printf(out, ": %d", what->field_ids[i]);
    }
    kdb_buf_put(out, '}');
}

static void write_pairs(struct kdb_buf *out, const struct kdb_parquet_write *what)
{
    if (what->pair_count == 0)
        return;
    KDB_BUF_LIT(out, ", KV_METADATA {");
    for (uint32_t i = 0; i < what->pair_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        kdb_engine_quote_text(out, what->pairs[i].key);
        KDB_BUF_LIT(out, ": ");
        kdb_engine_quote_text(out, what->pairs[i].value);
    }
    kdb_buf_put(out, '}');
}

static void write_copy(struct kdb_buf *out, const struct kdb_parquet_write *what)
{
    uint32_t rows = what->row_group_rows ? what->row_group_rows : ROW_GROUP_ROWS_DEFAULT;
    rows = (rows + VECTOR_ROWS - 1) / VECTOR_ROWS * VECTOR_ROWS;
    KDB_BUF_LIT(out, "COPY (SELECT ");
    write_columns(out, what);
    KDB_BUF_LIT(out, " FROM kdb_rows(0)) TO ");
    kdb_engine_quote_text(out, kdb_slice_cstr(what->path));
    // Without a file of DuckDB's own beside it, which would stay behind after a failure.
    kdb_buf_printf(out, " (FORMAT parquet, USE_TMP_FILE false, ROW_GROUP_SIZE %u", rows);
    if (what->zstd_level > 0)
        kdb_buf_printf(out, ", COMPRESSION zstd, COMPRESSION_LEVEL %d", what->zstd_level);
    write_field_ids(out, what);
    write_pairs(out, what);
    kdb_buf_put(out, ')');
}

static kdb_status read_size(struct kdb_ctx *ctx, const char *path, uint64_t *ret_size)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return kdb_fail(ctx, KDB_ERR_IO, "the Parquet file is gone after it was written");
    *ret_size = (uint64_t)about.st_size;
    return KDB_OK;
}

kdb_status kdb_parquet_write(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                             const struct kdb_parquet_write *what,
                             struct kdb_parquet_written *ret_written)
{
    static const kdb_type count_type = {.kind = KDB_BIGINT};
    struct kdb_buf sql = {0};
    write_copy(&sql, what);
    const struct kdb_engine_statement statement = {.sql = kdb_buf_view(&sql),
                                                   .sources = &what->source,
                                                   .source_count = 1,
                                                   .columns = &count_type,
                                                   .column_count = 1};
    struct kdb_engine_result result;
    kdb_status status = engine_query_text(connection, ctx, &statement, &result);
    kdb_buf_deinit(&sql);
    KDB_TRY(status);
    engine_count_file(connection);
    uint64_t size_bytes = 0;
    KDB_TRY(read_size(ctx, what->path, &size_bytes));
    *ret_written = (struct kdb_parquet_written){.row_count = (uint64_t)result.values[0].integer,
                                                .size_bytes = size_bytes};
    return KDB_OK;
}
