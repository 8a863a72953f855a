// SPDX-License-Identifier: Apache-2.0
// Prepared statements of a connection: preparing costs 0.3 to 1 ms, finding one again well under a
// microsecond.
#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "engine/engine_priv.h"

#define CAPACITY_DEFAULT 128

// DuckDB makes the collector of a streamed result in the memory of the plan, anew for each
// execution, and keeps all of them until the statement is destroyed: 2.3 KB each. So a connection
// keeps statements of so many executions in all; one that runs all the time is prepared again now
// and then.
#define EXECUTIONS_KEPT 2048

// Bytes of text of the statements a connection keeps; one that has more than a quarter of them is
// not kept. DuckDB's plan of a statement takes some 100 times its text.
#define TEXT_BYTES_KEPT ((size_t)512 * 1024)

// What takes so long to prepare has a plan of megabytes: 100 common tables take 50 MB. It is not
// kept.
#define LARGE_NS (30 * INT64_C(1000000))

// Estimates within a factor of 16 share a statement.
static uint32_t size_class(uint64_t row_estimate)
{
    uint32_t bits = 0;
    for (; row_estimate > 0; row_estimate >>= 4)
        bits++;
    return bits;
}

static void copy_layout(struct engine_layout *layout, const struct kdb_row_source *source)
{
    layout->columns = kdb_alloc_array(source->column_count, sizeof(*layout->columns));
    layout->column_count = source->column_count;
    layout->size_class = size_class(source->row_estimate);
    for (uint32_t i = 0; i < source->column_count; i++) {
        kdb_slice name = source->columns[i].name;
        layout->columns[i].name = (kdb_slice){kdb_alloc_text(name.data, name.len), name.len};
        layout->columns[i].type = source->columns[i].type;
    }
}

static void free_layout(struct engine_layout *layout)
{
    for (uint32_t i = 0; i < layout->column_count; i++)
        kdb_free((void *)(uintptr_t)layout->columns[i].name.data);
    kdb_free(layout->columns);
}

static bool is_layout_of(const struct engine_layout *layout, const struct kdb_row_source *source)
{
    if (layout->column_count != source->column_count ||
        layout->size_class != size_class(source->row_estimate))
        return false;
    for (uint32_t i = 0; i < source->column_count; i++) {
        if (!kdb_type_equal(layout->columns[i].type, source->columns[i].type) ||
            !kdb_slice_equal(layout->columns[i].name, source->columns[i].name))
            return false;
    }
    return true;
}

static bool is_usable(const struct engine_prepared *prepared,
                      const struct kdb_engine_statement *statement)
{
    if (prepared->layout_count != statement->source_count)
        return false;
    for (uint32_t i = 0; i < prepared->layout_count; i++) {
        if (!is_layout_of(&prepared->layouts[i], &statement->sources[i]))
            return false;
    }
    return true;
}

static void free_prepared(struct engine_prepared *prepared)
{
    duck.destroy_prepare(&prepared->statement);
    for (uint32_t i = 0; i < prepared->layout_count; i++)
        free_layout(&prepared->layouts[i]);
    kdb_free(prepared->layouts);
    kdb_free(prepared->sql);
    kdb_free(prepared);
}

static void remove_cached(struct engine_statements *statements, struct engine_prepared *prepared)
{
    KDB_ASSERT(kdb_map_remove(&statements->by_sql, (kdb_slice){prepared->sql, prepared->sql_len}));
    kdb_use_order_remove(&statements->order, &prepared->use);
    statements->executions -= prepared->executions;
    statements->text_bytes -= prepared->sql_len;
    free_prepared(prepared);
}

static void remove_oldest(struct engine_statements *statements)
{
    remove_cached(statements, KDB_USE_OF(statements->order.oldest, struct engine_prepared, use));
}

void engine_statements_deinit(struct engine_statements *statements)
{
    while (statements->order.oldest)
        remove_oldest(statements);
    kdb_map_deinit(&statements->by_sql);
}

static void keep(struct engine_statements *statements, struct engine_prepared *prepared)
{
    uint32_t capacity = statements->capacity ? statements->capacity : CAPACITY_DEFAULT;
    while (
        statements->by_sql.count >= capacity ||
        (statements->order.oldest && statements->text_bytes + prepared->sql_len > TEXT_BYTES_KEPT))
        remove_oldest(statements);
    prepared->is_cached = true;
    statements->text_bytes += prepared->sql_len;
    (void)kdb_map_set(&statements->by_sql, (kdb_slice){prepared->sql, prepared->sql_len}, prepared);
    kdb_use_order_add(&statements->order, &prepared->use);
}

static kdb_status check_prepared(const struct engine_run *run, struct engine_prepared *prepared,
                                 duckdb_statement_type type)
{
    duckdb_statement_type is = duck.prepared_statement_type(prepared->statement);
    if (is != type)
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL,
                        "engine: a statement of kind %d where only kind %d may run", (int)is,
                        (int)type);
    prepared->param_count = (uint32_t)duck.nparams(prepared->statement);
    if (prepared->param_count > run->statement->param_count)
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL,
                        "engine: the statement has %u parameters, %u values were given",
                        prepared->param_count, run->statement->param_count);
    return KDB_OK;
}

static kdb_status prepare_new(const struct engine_run *run, duckdb_statement_type type,
                              struct engine_prepared **ret_prepared)
{
    const struct kdb_engine_statement *statement = run->statement;
    if (memchr(statement->sql.data, '\0', statement->sql.len))
        return kdb_fail(run->ctx, KDB_ERR_INTERNAL, "engine: the statement holds a NUL byte");
    struct engine_prepared *prepared = kdb_alloc(sizeof(*prepared));
    prepared->sql = kdb_alloc_text(statement->sql.data, statement->sql.len);
    prepared->sql_len = statement->sql.len;
    prepared->layouts = kdb_alloc_array(statement->source_count, sizeof(*prepared->layouts));
    prepared->layout_count = statement->source_count;
    for (uint32_t i = 0; i < statement->source_count; i++)
        copy_layout(&prepared->layouts[i], &statement->sources[i]);
    kdb_status status = KDB_OK;
    if (duck.prepare(run->connection->connection, prepared->sql, &prepared->statement) !=
        DuckDBSuccess) {
        const char *message = duck.prepare_error(prepared->statement);
        status = engine_fail(run->ctx, message);
        if (message && engine_is_fatal(message))
            engine_abandon(run->connection);
    } else {
        status = check_prepared(run, prepared, type);
    }
    if (status != KDB_OK) {
        free_prepared(prepared);
        return status;
    }
    *ret_prepared = prepared;
    return KDB_OK;
}

kdb_status engine_prepare(struct engine_run *run, duckdb_statement_type type,
                          struct engine_prepared **ret_prepared)
{
    struct engine_statements *statements = &run->connection->statements;
    struct engine_prepared *found = kdb_map_get(&statements->by_sql, run->statement->sql);
    if (found && !is_usable(found, run->statement)) {
        remove_cached(statements, found);
        found = NULL;
    }
    if (found) {
        KDB_TRY(check_prepared(run, found, type));
        kdb_use_order_touch(&statements->order, &found->use);
        *ret_prepared = found;
        return KDB_OK;
    }
    int64_t began_ns = kdb_monotonic_ns();
    KDB_TRY(prepare_new(run, type, ret_prepared));
    if (!run->statement->is_one_shot && (*ret_prepared)->sql_len <= TEXT_BYTES_KEPT / 4 &&
        kdb_monotonic_ns() - began_ns < LARGE_NS)
        keep(statements, *ret_prepared);
    return KDB_OK;
}

void engine_prepared_release(struct engine_run *run, struct engine_prepared *prepared,
                             bool is_heavy)
{
    struct engine_statements *statements = &run->connection->statements;
    if (!prepared->is_cached) {
        free_prepared(prepared);
        return;
    }
    if (is_heavy) {
        remove_cached(statements, prepared);
        return;
    }
    if (prepared->param_count > 0)
        (void)duck.clear_bindings(prepared->statement);
    prepared->executions++;
    statements->executions++;
    while (statements->executions > EXECUTIONS_KEPT)
        remove_oldest(statements);
}

void kdb_engine_forget_statements(struct kdb_engine_connection *connection)
{
    while (connection->statements.order.oldest)
        remove_oldest(&connection->statements);
}
