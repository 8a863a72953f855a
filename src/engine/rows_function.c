// SPDX-License-Identifier: Apache-2.0
// kdb_rows(slot): the table function through which DuckDB reads row sources.
//
// Bind happens when a statement is prepared (and when DuckDB plans it again) and gives the layout
// of the slot; init happens in every execution and opens the source that this execution has in the
// slot.
#include "base/alloc.h"
#include "base/assert.h"
#include "engine/engine_priv.h"

#define BOUND_MAGIC 0x424F554EU
#define SCAN_MAGIC  0x5343414EU

// What a prepared statement keeps for one kdb_rows in it.
struct bound_rows {
    uint32_t magic;
    uint32_t slot;
    struct kdb_engine_connection *connection;
};

static struct kdb_engine_connection *bound_connection(duckdb_bind_info info)
{
    struct engine_database *database = duck.bind_get_extra_info(info);
    duckdb_client_context context = NULL;
    duck.table_function_get_client_context(info, &context);
    return engine_find_connection(database, context);
}

static void add_column(duckdb_bind_info info, const struct kdb_source_column *column)
{
    char *name = kdb_alloc_text(column->name.data, column->name.len);
    duckdb_logical_type type = engine_logical_type(column->type);
    duck.bind_add_result_column(info, name, type);
    duck.destroy_logical_type(&type);
    kdb_free(name);
}

static void bind_rows(duckdb_bind_info info)
{
    duckdb_value argument = duck.bind_get_parameter(info, 0);
    int64_t slot = duck.get_int64(argument);
    duck.destroy_value(&argument);
    struct kdb_engine_connection *connection = bound_connection(info);
    const struct engine_run *run = connection ? connection->run : NULL;
    if (!run || slot < 0 || slot >= run->statement->source_count) {
        duck.bind_set_error(info, "kdb_rows names a source that the statement does not have");
        return;
    }
    const struct kdb_row_source *source = &run->statement->sources[slot];
    for (uint32_t i = 0; i < source->column_count; i++)
        add_column(info, &source->columns[i]);
    if (source->row_estimate > 0)
        duck.bind_set_cardinality(info, source->row_estimate, false);
    struct bound_rows *bound = kdb_alloc(sizeof(*bound));
    *bound = (struct bound_rows){BOUND_MAGIC, (uint32_t)slot, connection};
    duck.bind_set_bind_data(info, bound, kdb_free);
}

static void link_scan(struct engine_scan *scan)
{
    struct kdb_engine_connection *connection = scan->connection;
    pthread_mutex_lock(&connection->lock);
    scan->next = connection->scans;
    if (scan->next)
        scan->next->previous = scan;
    connection->scans = scan;
    pthread_mutex_unlock(&connection->lock);
}

static void unlink_scan(struct engine_scan *scan)
{
    struct kdb_engine_connection *connection = scan->connection;
    pthread_mutex_lock(&connection->lock);
    if (scan->previous)
        scan->previous->next = scan->next;
    else
        connection->scans = scan->next;
    if (scan->next)
        scan->next->previous = scan->previous;
    pthread_mutex_unlock(&connection->lock);
}

static void close_source(struct engine_scan *scan)
{
    if (scan->is_open)
        scan->source.ops->close(scan->scan);
    scan->is_open = false;
}

// DuckDB's destructor of a scan: at the end of an execution, or when the connection begins its next
// one.
static void destroy_scan(void *opaque)
{
    struct engine_scan *scan = opaque;
    KDB_ASSERT(scan->magic == SCAN_MAGIC);
    unlink_scan(scan);
    close_source(scan);
    kdb_ctx_deinit(&scan->ctx);
    kdb_free(scan->wanted);
    kdb_free(scan->writers);
    scan->magic = 0;
    kdb_free(scan);
}

void engine_rows_close(struct kdb_engine_connection *connection)
{
    for (struct engine_scan *scan = connection->scans; scan; scan = scan->next)
        close_source(scan);
}

// Keeps the first failure of any scan for the statement's ctx.
static void record_failure(struct engine_scan *scan)
{
    struct kdb_engine_connection *connection = scan->connection;
    pthread_mutex_lock(&connection->lock);
    if (connection->run && connection->run->source_error.status == KDB_OK)
        connection->run->source_error = scan->ctx.error;
    pthread_mutex_unlock(&connection->lock);
}

static struct engine_scan *make_scan(struct kdb_engine_connection *connection,
                                     const struct kdb_row_source *source, uint32_t wanted_count)
{
    struct engine_scan *scan = kdb_alloc(sizeof(*scan));
    const struct kdb_ctx *request = connection->run->ctx;
    scan->magic = SCAN_MAGIC;
    scan->connection = connection;
    scan->source = *source;
    kdb_ctx_init(&scan->ctx, request->arena.limit_bytes);
    scan->ctx.deadline_ns = request->deadline_ns;
    scan->wanted_count = wanted_count;
    scan->wanted = kdb_alloc_array(wanted_count, sizeof(*scan->wanted));
    scan->writers = kdb_alloc_array(wanted_count, sizeof(*scan->writers));
    link_scan(scan);
    return scan;
}

static void init_rows(duckdb_init_info info)
{
    const struct bound_rows *bound = duck.init_get_bind_data(info);
    KDB_ASSERT(bound->magic == BOUND_MAGIC);
    struct kdb_engine_connection *connection = bound->connection;
    if (!connection->run || bound->slot >= connection->run->statement->source_count) {
        duck.init_set_error(info, "kdb_rows names a source that the execution does not have");
        return;
    }
    const struct kdb_row_source *source = &connection->run->statement->sources[bound->slot];
    struct engine_scan *scan =
        make_scan(connection, source, (uint32_t)duck.init_get_column_count(info));
    duck.init_set_init_data(info, scan, destroy_scan);
    duck.init_set_max_threads(info, 1);
    for (uint32_t i = 0; i < scan->wanted_count; i++) {
        idx_t column = duck.init_get_column_index(info, i);
        if (column >= source->column_count) {
            duck.init_set_error(info, "kdb_rows was asked for a column that it does not have");
            return;
        }
        scan->wanted[i] = (uint32_t)column;
        scan->writers[i].type = source->columns[column].type;
        scan->writers[i].cell_bytes = engine_cell_bytes(source->columns[column].type);
    }
    if (source->ops->open(source->self, &scan->ctx, scan->wanted, scan->wanted_count,
                          &scan->scan) != KDB_OK) {
        record_failure(scan);
        duck.init_set_error(info, "a row source could not be opened");
        return;
    }
    scan->is_open = true;
}

static void aim_writers(struct engine_scan *scan, duckdb_data_chunk chunk)
{
    for (uint32_t i = 0; i < scan->wanted_count; i++) {
        struct kdb_column_writer *writer = &scan->writers[i];
        duckdb_vector vector = duck.data_chunk_get_vector(chunk, i);
        writer->vector = vector;
        writer->validity = NULL;
        if (writer->type.kind == KDB_EMBEDDING)
            vector = duck.array_vector_get_child(vector);
        writer->cells = duck.vector_get_data(vector);
    }
}

static void read_rows(duckdb_function_info info, duckdb_data_chunk output)
{
    struct engine_scan *scan = duck.function_get_init_data(info);
    KDB_ASSERT(scan->magic == SCAN_MAGIC);
    const struct engine_run *run = scan->connection->run;
    if (!scan->is_open || !run) {
        duck.function_set_error(info, "the execution is over");
        return;
    }
    if (atomic_load_explicit(&run->ctx->is_cancelled, memory_order_relaxed))
        atomic_store_explicit(&scan->ctx.is_cancelled, true, memory_order_relaxed);
    aim_writers(scan, output);
    struct kdb_row_batch batch = {.columns = scan->writers,
                                  .column_count = scan->wanted_count,
                                  .capacity = (uint32_t)duck.vector_size()};
    kdb_status status = kdb_ctx_check(&scan->ctx);
    if (status == KDB_OK)
        status = scan->source.ops->next(scan->scan, &scan->ctx, &batch);
    if (status != KDB_OK) {
        record_failure(scan);
        duck.function_set_error(info, "a row source failed");
        return;
    }
    KDB_ASSERT(batch.row_count <= batch.capacity);
    duck.data_chunk_set_size(output, batch.row_count);
}

kdb_status engine_rows_register(struct engine_database *database, struct kdb_ctx *ctx,
                                duckdb_connection connection)
{
    duckdb_table_function function = duck.create_table_function();
    duckdb_logical_type integer = duck.create_logical_type(DUCKDB_TYPE_INTEGER);
    duck.table_function_set_name(function, "kdb_rows");
    duck.table_function_add_parameter(function, integer);
    duck.table_function_set_extra_info(function, database, NULL);
    duck.table_function_set_bind(function, bind_rows);
    duck.table_function_set_init(function, init_rows);
    duck.table_function_set_function(function, read_rows);
    duck.table_function_supports_projection_pushdown(function, true);
    duckdb_state state = duck.register_table_function(connection, function);
    duck.destroy_logical_type(&integer);
    duck.destroy_table_function(&function);
    if (state != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: kdb_rows could not be registered");
    return KDB_OK;
}
