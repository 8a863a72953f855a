// SPDX-License-Identifier: Apache-2.0
// One execution: prepare, bind, run in steps, hand rows to the sink chunk by chunk, leave nothing
// behind.
#include <time.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "engine/engine_priv.h"

// Values converted before the sink is called: enough to make the call cheap, few enough to stay in
// the cache.
#define BLOCK_VALUES 2048

// A plan keeps what its last execution gathered (hash tables, sorted rows, in memory or spilled)
// until the next one, so a statement that ran this long or failed is not kept: what it could have
// gathered is much, and preparing it again is little beside it.
#define HEAVY_NS (10 * INT64_C(1000000))

// The result while it is handed over.
struct delivery {
    struct engine_run *run;
    const struct kdb_engine_sink *sink;
    duckdb_result result;
    duckdb_pending_result pending;
    struct kdb_engine_column *columns;
    engine_convert *converters;
    struct engine_vector *vectors;
    uint32_t column_count;
    bool has_result;
    bool is_complete; // DuckDB gave its last chunk
};

// Why DuckDB stopped: a source's own failure, the request's limits, or what the message says.
static kdb_status fail_run(struct engine_run *run, const char *message)
{
    struct kdb_engine_connection *connection = run->connection;
    pthread_mutex_lock(&connection->lock);
    bool is_source = run->source_error.status != KDB_OK;
    bool is_interrupted = connection->is_interrupted;
    pthread_mutex_unlock(&connection->lock);
    if (run->ctx->error.status != KDB_OK)
        return run->ctx->error.status;
    KDB_TRY(kdb_ctx_check(run->ctx));
    if (is_interrupted)
        return kdb_fail(run->ctx, KDB_ERR_CANCELLED, "the statement was cancelled");
    if (is_source) {
        run->ctx->error = run->source_error;
        return run->ctx->error.status;
    }
    if (message && engine_is_fatal(message))
        engine_abandon(connection);
    return engine_fail(run->ctx, message);
}

// Other threads have the work: let them.
static void wait_for_tasks(unsigned *spins)
{
    if (++*spins < 16) {
        (void)sched_yield();
        return;
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static kdb_status step_to_result(struct delivery *delivery)
{
    struct engine_run *run = delivery->run;
    unsigned spins = 0;
    for (;;) {
        duckdb_pending_state state = duck.pending_execute_task(delivery->pending);
        if (state == DUCKDB_PENDING_RESULT_READY)
            break;
        if (state == DUCKDB_PENDING_ERROR)
            return fail_run(run, duck.pending_error(delivery->pending));
        KDB_TRY(kdb_ctx_check(run->ctx));
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
            wait_for_tasks(&spins);
        else
            spins = 0;
    }
    delivery->has_result = true;
    if (duck.execute_pending(delivery->pending, &delivery->result) != DuckDBSuccess)
        return fail_run(run, duck.result_error(&delivery->result));
    return KDB_OK;
}

static kdb_status fail_column(const struct delivery *delivery, uint32_t index, duckdb_type is,
                              kdb_type expected)
{
    struct kdb_ctx *ctx = delivery->run->ctx;
    return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: result column %u (%.*s) is %s, expected %.*s",
                    index + 1, KDB_ARG(delivery->columns[index].name), engine_type_name(is),
                    KDB_ARG(kdb_type_sql(&ctx->arena, expected)));
}

// A DECIMAL whose digits only the engine knows.
static bool is_open_decimal(kdb_type type)
{
    return type.kind == KDB_DECIMAL && type.precision == 0;
}

static kdb_status open_column(struct delivery *delivery, uint32_t index)
{
    const struct kdb_engine_statement *statement = delivery->run->statement;
    struct kdb_engine_column *column = &delivery->columns[index];
    column->name = kdb_arena_copy(&delivery->run->ctx->arena,
                                  kdb_slice_cstr(duck.column_name(&delivery->result, index)));
    duckdb_logical_type logical = duck.column_logical_type(&delivery->result, index);
    duckdb_type id = duck.get_type_id(logical);
    bool is_known = true;
    if (statement->columns && !is_open_decimal(statement->columns[index]))
        column->type = statement->columns[index];
    else
        is_known = engine_type_of(logical, &column->type);
    struct engine_vector *vector = &delivery->vectors[index];
    *vector = (struct engine_vector){.type = column->type, .stride = delivery->column_count};
    if (is_known)
        delivery->converters[index] = engine_converter(logical, column->type, &vector->factor);
    duck.destroy_logical_type(&logical);
    if (!delivery->converters[index])
        return fail_column(delivery, index, id, column->type);
    return KDB_OK;
}

static kdb_status open_columns(struct delivery *delivery)
{
    const struct kdb_engine_statement *statement = delivery->run->statement;
    struct kdb_ctx *ctx = delivery->run->ctx;
    uint32_t count = (uint32_t)duck.column_count(&delivery->result);
    if (statement->columns && statement->column_count != count)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: the result has %u columns, expected %u",
                        count, statement->column_count);
    delivery->column_count = count;
    delivery->columns = kdb_arena_array(&ctx->arena, count, sizeof(*delivery->columns));
    delivery->converters = kdb_arena_array(&ctx->arena, count, sizeof(*delivery->converters));
    delivery->vectors = kdb_arena_array(&ctx->arena, count, sizeof(*delivery->vectors));
    for (uint32_t i = 0; i < count; i++)
        KDB_TRY(open_column(delivery, i));
    return delivery->sink->ops->begin(delivery->sink->self, ctx, delivery->columns, count);
}

static void aim_vectors(struct delivery *delivery, duckdb_data_chunk chunk)
{
    for (uint32_t i = 0; i < delivery->column_count; i++) {
        duckdb_vector vector = duck.data_chunk_get_vector(chunk, i);
        delivery->vectors[i].validity = duck.vector_get_validity(vector);
        if (delivery->vectors[i].type.kind == KDB_EMBEDDING)
            vector = duck.array_vector_get_child(vector);
        delivery->vectors[i].cells = duck.vector_get_data(vector);
    }
}

static kdb_value *block_of(struct kdb_engine_connection *connection, size_t values)
{
    if (connection->block_capacity < values) {
        kdb_free(connection->block);
        connection->block = kdb_alloc_array(values, sizeof(*connection->block));
        connection->block_capacity = values;
    }
    return connection->block;
}

static kdb_status deliver_chunk(struct delivery *delivery, duckdb_data_chunk chunk)
{
    struct kdb_ctx *ctx = delivery->run->ctx;
    uint32_t row_count = (uint32_t)duck.data_chunk_get_size(chunk);
    uint32_t column_count = delivery->column_count;
    uint32_t step = column_count < BLOCK_VALUES ? BLOCK_VALUES / column_count : 1;
    kdb_value *block = block_of(delivery->run->connection, (size_t)step * column_count);
    aim_vectors(delivery, chunk);
    for (uint32_t first = 0; first < row_count; first += step) {
        uint32_t count = row_count - first < step ? row_count - first : step;
        for (uint32_t i = 0; i < column_count; i++) {
            if (!delivery->converters[i](&delivery->vectors[i], first, count, block + i))
                return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "%s out of range",
                                kdb_kind_name((kdb_kind)delivery->columns[i].type.kind));
        }
        KDB_TRY(delivery->sink->ops->rows(delivery->sink->self, ctx, block, count));
    }
    return kdb_ctx_check(ctx);
}

static kdb_status deliver(struct delivery *delivery)
{
    KDB_TRY(open_columns(delivery));
    for (;;) {
        duckdb_data_chunk chunk = duck.fetch_chunk(delivery->result);
        if (!chunk)
            break;
        kdb_status status = KDB_OK;
        if (duck.data_chunk_get_size(chunk) > 0)
            status = deliver_chunk(delivery, chunk);
        duck.destroy_data_chunk(&chunk);
        KDB_TRY(status);
    }
    const char *message = duck.result_error(&delivery->result);
    if (message)
        return fail_run(delivery->run, message);
    delivery->is_complete = true;
    return KDB_OK;
}

// DuckDB keeps the plan of an unfinished execution, and with it our scans, until the connection's
// next one begins: an empty one.
static void let_go(struct engine_run *run)
{
    duckdb_result result;
    (void)duck.query(run->connection->connection, "", &result);
    duck.destroy_result(&result);
    engine_rows_close(run->connection);
}

static void close_delivery(struct delivery *delivery)
{
    if (delivery->has_result)
        duck.destroy_result(&delivery->result);
    if (delivery->pending)
        duck.destroy_pending(&delivery->pending);
    if (!delivery->is_complete || delivery->run->connection->scans)
        let_go(delivery->run);
}

static kdb_status run_prepared(struct engine_run *run, struct engine_prepared *prepared,
                               const struct kdb_engine_sink *sink)
{
    KDB_TRY(engine_bind_params(prepared, run->ctx, run->statement->params,
                               run->statement->param_count));
    struct delivery delivery = {.run = run, .sink = sink};
    kdb_status status;
    if (duck.pending_prepared_streaming(prepared->statement, &delivery.pending) != DuckDBSuccess)
        status = fail_run(run, duck.pending_error(delivery.pending));
    else
        status = step_to_result(&delivery);
    if (status == KDB_OK)
        status = deliver(&delivery);
    close_delivery(&delivery);
    return status;
}

static kdb_status prepare_and_run(struct engine_run *run, duckdb_statement_type type,
                                  const struct kdb_engine_sink *sink)
{
    struct engine_prepared *prepared = NULL;
    KDB_TRY(engine_prepare(run, type, &prepared));
    int64_t began_ns = kdb_monotonic_ns();
    kdb_status status = run_prepared(run, prepared, sink);
    bool is_heavy = status != KDB_OK || kdb_monotonic_ns() - began_ns > HEAVY_NS;
    engine_prepared_release(run, prepared, is_heavy);
    return status;
}

kdb_status engine_execute(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                          const struct kdb_engine_statement *statement, duckdb_statement_type type,
                          const struct kdb_engine_sink *sink)
{
    KDB_TRY(kdb_ctx_check(ctx));
    KDB_TRY(engine_refresh(connection, ctx));
    struct engine_run run = {.connection = connection, .ctx = ctx, .statement = statement};
    engine_watch_begin(connection, &run);
    kdb_status status = prepare_and_run(&run, type, sink);
    engine_watch_end(connection);
    return status;
}

static kdb_status run_text(struct engine_run *run, const char *sql,
                           const struct kdb_engine_sink *sink)
{
    struct delivery delivery = {.run = run, .sink = sink, .has_result = true};
    kdb_status status = KDB_OK;
    if (duck.query(run->connection->connection, sql, &delivery.result) != DuckDBSuccess)
        status = fail_run(run, duck.result_error(&delivery.result));
    else
        status = deliver(&delivery);
    close_delivery(&delivery);
    return status;
}

kdb_status engine_execute_text(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                               const struct kdb_engine_statement *statement,
                               const struct kdb_engine_sink *sink)
{
    KDB_ASSERT(statement->param_count == 0);
    KDB_TRY(kdb_ctx_check(ctx));
    KDB_TRY(engine_refresh(connection, ctx));
    struct engine_run run = {.connection = connection, .ctx = ctx, .statement = statement};
    kdb_slice sql = kdb_arena_copy(&ctx->arena, statement->sql);
    engine_watch_begin(connection, &run);
    kdb_status status = run_text(&run, sql.data, sink);
    engine_watch_end(connection);
    return status;
}

kdb_status engine_check_select(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                               const struct kdb_engine_statement *statement)
{
    KDB_TRY(engine_refresh(connection, ctx));
    struct engine_run run = {.connection = connection, .ctx = ctx, .statement = statement};
    struct engine_prepared *prepared = NULL;
    engine_watch_begin(connection, &run);
    kdb_status status = engine_prepare(&run, DUCKDB_STATEMENT_TYPE_SELECT, &prepared);
    if (status == KDB_OK)
        engine_prepared_release(&run, prepared, false);
    engine_watch_end(connection);
    return status;
}

kdb_status kdb_engine_execute(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                              const struct kdb_engine_statement *statement,
                              const struct kdb_engine_sink *sink)
{
    return engine_execute(connection, ctx, statement, DUCKDB_STATEMENT_TYPE_SELECT, sink);
}
