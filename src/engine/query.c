// SPDX-License-Identifier: Apache-2.0
// Whole results in the request's arena: for small answers and for EXPLAIN.
#include "engine/engine_priv.h"

struct collected {
    struct kdb_engine_result result;
    kdb_value *values;
    size_t capacity; // values
};

static kdb_status begin(void *self, struct kdb_ctx *ctx, const struct kdb_engine_column *columns,
                        uint32_t column_count)
{
    (void)ctx;
    struct collected *collected = self;
    collected->result.columns = columns; // in the arena of the same ctx
    collected->result.column_count = column_count;
    return KDB_OK;
}

static kdb_status add_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                           uint32_t row_count)
{
    struct collected *collected = self;
    size_t count = (size_t)row_count * collected->result.column_count;
    size_t used = (size_t)collected->result.row_count * collected->result.column_count;
    while (collected->capacity < used + count)
        collected->values = kdb_arena_grow(&ctx->arena, collected->values, collected->capacity,
                                           &collected->capacity, sizeof(*collected->values));
    for (size_t i = 0; i < count; i++)
        collected->values[used + i] = kdb_value_copy(&ctx->arena, &values[i]);
    collected->result.row_count += row_count;
    return kdb_ctx_check(ctx);
}

static const struct kdb_engine_sink_ops collect_ops = {begin, add_rows};

kdb_status engine_query(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                        const struct kdb_engine_statement *statement, duckdb_statement_type type,
                        struct kdb_engine_result *ret_result)
{
    struct collected collected = {0};
    const struct kdb_engine_sink sink = {&collect_ops, &collected};
    KDB_TRY(engine_execute(connection, ctx, statement, type, &sink));
    collected.result.values = collected.values;
    *ret_result = collected.result;
    return KDB_OK;
}

kdb_status engine_query_text(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                             const struct kdb_engine_statement *statement,
                             struct kdb_engine_result *ret_result)
{
    struct collected collected = {0};
    const struct kdb_engine_sink sink = {&collect_ops, &collected};
    KDB_TRY(engine_execute_text(connection, ctx, statement, &sink));
    collected.result.values = collected.values;
    *ret_result = collected.result;
    return KDB_OK;
}

kdb_status kdb_engine_query(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                            const struct kdb_engine_statement *statement,
                            struct kdb_engine_result *ret_result)
{
    return engine_query(connection, ctx, statement, DUCKDB_STATEMENT_TYPE_SELECT, ret_result);
}

// DuckDB gives rows (kind of plan, text). EXPLAIN in front of ANALYZE … or of anything but a SELECT
// would do more than explain.
kdb_status kdb_engine_explain(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                              const struct kdb_engine_statement *statement, kdb_slice *ret_text)
{
    KDB_TRY(engine_check_select(connection, ctx, statement));
    struct kdb_engine_statement explain = *statement;
    explain.sql = kdb_arena_printf(&ctx->arena, "EXPLAIN %.*s", KDB_ARG(statement->sql));
    explain.columns = NULL;
    explain.is_one_shot = true;
    struct kdb_engine_result result;
    KDB_TRY(engine_query(connection, ctx, &explain, DUCKDB_STATEMENT_TYPE_EXPLAIN, &result));
    if (result.row_count == 0 || result.column_count < 2)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: EXPLAIN gave no plan");
    *ret_text = result.values[1].bytes;
    return KDB_OK;
}
