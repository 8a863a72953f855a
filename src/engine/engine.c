// SPDX-License-Identifier: Apache-2.0
// The database and its connections: opening, settings, the locks that keep statements away from
// files and settings.
#include "engine/engine.h"

#include <signal.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "engine/engine_priv.h"
#include "engine/quote.h"

// DuckDB keeps half a kilobyte for the path of every file it has ever opened, whether or not it
// caches files, until the database is closed. Each file of ours is written once, so counting what
// is written bounds the paths; what was there at the start is not counted again.
#define FILES_KEPT_DEFAULT 10000

static char *copy_path(const char *path)
{
    return path ? kdb_alloc_text(path, strlen(path)) : NULL;
}

static void copy_options(struct kdb_engine_options *to, const struct kdb_engine_options *from)
{
    *to = *from;
    to->temp_dir = copy_path(from->temp_dir);
    const char **read_dirs = kdb_alloc_array(from->read_dir_count, sizeof(*read_dirs));
    for (uint32_t i = 0; i < from->read_dir_count; i++)
        read_dirs[i] = copy_path(from->read_dirs[i]);
    to->read_dirs = read_dirs;
    if (to->threads == 0)
        to->threads = 1;
    if (to->files_kept == 0)
        to->files_kept = FILES_KEPT_DEFAULT;
}

static void free_options(struct kdb_engine_options *options)
{
    kdb_free((void *)(uintptr_t)options->temp_dir);
    for (uint32_t i = 0; i < options->read_dir_count; i++)
        kdb_free((void *)(uintptr_t)options->read_dirs[i]);
    kdb_free((void *)(uintptr_t)options->read_dirs);
}

struct kdb_engine *kdb_engine_create(const struct kdb_engine_options *options)
{
    struct kdb_engine *engine = kdb_alloc(sizeof(*engine));
    copy_options(&engine->options, options);
    pthread_mutex_init(&engine->lock, NULL);
    pthread_mutex_init(&engine->watch.lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->watch.wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return engine;
}

// Under the engine's lock.
static void release_database(struct engine_database *database)
{
    KDB_ASSERT(database->use_count > 0);
    if (--database->use_count > 0)
        return;
    duck.close(&database->database);
    kdb_free(database);
}

void kdb_engine_destroy(struct kdb_engine *engine)
{
    if (!engine)
        return;
    KDB_ASSERT(!engine->connections);
    engine_watch_stop(engine);
    if (engine->database)
        release_database(engine->database);
    pthread_cond_destroy(&engine->watch.wake);
    pthread_mutex_destroy(&engine->watch.lock);
    pthread_mutex_destroy(&engine->lock);
    free_options(&engine->options);
    kdb_free(engine);
}

bool kdb_engine_is_open(const struct kdb_engine *engine)
{
    struct kdb_engine *locked = (struct kdb_engine *)(uintptr_t)engine;
    pthread_mutex_lock(&locked->lock);
    bool is_open = engine->database != NULL;
    pthread_mutex_unlock(&locked->lock);
    return is_open;
}

static kdb_status run_text(duckdb_connection connection, struct kdb_ctx *ctx, const char *sql)
{
    duckdb_result result;
    kdb_status status = KDB_OK;
    if (duck.query(connection, sql, &result) != DuckDBSuccess) {
        (void)engine_fail(ctx, duck.result_error(&result));
        status = kdb_wrap(ctx, "engine setting");
    }
    duck.destroy_result(&result);
    return status;
}

// What makes DuckDB answer as PostgreSQL does, and what it must leave alone. For all connections,
// so GLOBAL. Measured: the file cache keeps every block and the metadata cache (off as it is) 240
// KB of every file ever read; the operating system's cache serves as well.
static const char *const fixed_settings[] = {
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL Calendar = 'gregorian'",
    "SET GLOBAL integer_division = true",
    "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'",
    "SET GLOBAL preserve_insertion_order = true",
    "SET GLOBAL enable_external_file_cache = false",
    "SET GLOBAL parquet_metadata_cache = false",
    "SET GLOBAL allow_persistent_secrets = false",
    "SET GLOBAL catalog_error_max_schemas = 0",
};

// Floating point numbers as text: DuckDB's digits are the shortest, as PostgreSQL's, but 100 is
// 100.0 and numbers from `plain_end` up to 1e16 are not in scientific notation.
static const char *const macros[] = {
    "CREATE MACRO kdb_plain_real(x) AS replace(replace(regexp_replace(CAST(x AS VARCHAR), "
    "'\\.0(e|$)', '\\1'), 'inf', 'Infinity'), 'nan', 'NaN')",
    "CREATE MACRO kdb_real_digits(t) AS rtrim(replace(ltrim(t, '-'), '.', ''), '0')",
    "CREATE MACRO kdb_scientific_real(t) AS t[1:position(kdb_real_digits(t)[1] IN t)] || "
    "regexp_replace('.' || kdb_real_digits(t)[2:], '^\\.$', '') || 'e+' || "
    "lpad(CAST(length(split_part(ltrim(t, '-'), '.', 1)) - 1 AS VARCHAR), 2, '0')",
    "CREATE MACRO kdb_real_text(x, plain_end) AS CASE WHEN abs(x) >= plain_end AND abs(x) < 1e16 "
    "THEN kdb_scientific_real(kdb_plain_real(x)) ELSE kdb_plain_real(x) END",
};

static void write_dirs(struct kdb_buf *out, const struct kdb_engine_options *options)
{
    KDB_BUF_LIT(out, "SET GLOBAL allowed_directories = [");
    for (uint32_t i = 0; i < options->read_dir_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        kdb_engine_quote_text(out, kdb_slice_cstr(options->read_dirs[i]));
    }
    KDB_BUF_LIT(out, "]");
}

static kdb_status run_buffer(duckdb_connection connection, struct kdb_ctx *ctx, struct kdb_buf *sql)
{
    kdb_buf_put(sql, '\0');
    kdb_status status = run_text(connection, ctx, sql->data);
    kdb_buf_clear(sql);
    return status;
}

static kdb_status apply_resources(duckdb_connection connection, struct kdb_ctx *ctx,
                                  const struct kdb_engine_options *options, struct kdb_buf *sql)
{
    if (options->memory_bytes > 0) {
        kdb_buf_printf(sql, "SET GLOBAL memory_limit = '%lluB'",
                       (unsigned long long)options->memory_bytes);
        KDB_TRY(run_buffer(connection, ctx, sql));
    }
    KDB_BUF_LIT(sql, "SET GLOBAL temp_directory = ");
    kdb_engine_quote_text(sql, kdb_slice_cstr(options->temp_dir ? options->temp_dir : ""));
    KDB_TRY(run_buffer(connection, ctx, sql));
    if (options->temp_bytes_max == 0)
        return KDB_OK;
    kdb_buf_printf(sql, "SET GLOBAL max_temp_directory_size = '%lluB'",
                   (unsigned long long)options->temp_bytes_max);
    return run_buffer(connection, ctx, sql);
}

// The order matters: given when the database is opened, the list of folders would be ignored.
static kdb_status apply_locks(duckdb_connection connection, struct kdb_ctx *ctx,
                              const struct kdb_engine_options *options, struct kdb_buf *sql)
{
    write_dirs(sql, options);
    KDB_TRY(run_buffer(connection, ctx, sql));
    KDB_TRY(run_text(connection, ctx, "SET GLOBAL enable_external_access = false"));
    return run_text(connection, ctx, "SET GLOBAL lock_configuration = true");
}

static kdb_status apply_settings(duckdb_connection connection, struct kdb_ctx *ctx,
                                 const struct kdb_engine_options *options)
{
    for (size_t i = 0; i < sizeof(fixed_settings) / sizeof(fixed_settings[0]); i++)
        KDB_TRY(run_text(connection, ctx, fixed_settings[i]));
    for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
        KDB_TRY(run_text(connection, ctx, macros[i]));
    struct kdb_buf sql = {0};
    kdb_status status = apply_resources(connection, ctx, options, &sql);
    kdb_buf_clear(&sql);
    if (status == KDB_OK)
        status = apply_locks(connection, ctx, options, &sql);
    kdb_buf_deinit(&sql);
    return status;
}

static kdb_status prepare_database(struct engine_database *database, struct kdb_ctx *ctx)
{
    duckdb_connection connection = NULL;
    if (duck.connect(database->database, &connection) != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the engine accepts no connection");
    kdb_status status = engine_rows_register(database, ctx, connection);
    if (status == KDB_OK)
        status = engine_text_register(database, ctx, connection);
    if (status == KDB_OK)
        status = apply_settings(connection, ctx, &database->engine->options);
    duck.disconnect(&connection);
    return status;
}

static kdb_status open_duckdb(struct engine_database *database, struct kdb_ctx *ctx)
{
    char threads[12];
    (void)snprintf(threads, sizeof(threads), "%u", database->engine->options.threads);
    duckdb_config config = NULL;
    if (duck.create_config(&config) != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: no configuration");
    (void)duck.set_config(config, "threads", threads);
    (void)duck.set_config(config, "autoinstall_known_extensions", "false");
    (void)duck.set_config(config, "autoload_known_extensions", "false");
    (void)duck.set_config(config, "allow_community_extensions", "false");
    char *message = NULL;
    duckdb_state state = duck.open_ext(NULL, &database->database, config, &message);
    duck.destroy_config(&config);
    if (state == DuckDBSuccess)
        return prepare_database(database, ctx);
    kdb_status status = kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the engine could not be opened: %s",
                                 message ? message : "no reason given");
    duck.free(message);
    return status;
}

// Under the engine's lock. DuckDB's threads inherit the signal mask: signals are the program's
// business.
static kdb_status open_database(struct kdb_engine *engine, struct kdb_ctx *ctx)
{
    if (engine->database)
        return KDB_OK;
    KDB_TRY(engine_duckdb_load(ctx));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct engine_database *database = kdb_alloc(sizeof(*database));
    *database = (struct engine_database){.engine = engine, .use_count = 1};
    kdb_status status = open_duckdb(database, ctx);
    if (status == KDB_OK)
        status = engine_watch_start(engine, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == KDB_OK)
        engine->database = database;
    else
        release_database(database);
    return status;
}

// The number under which DuckDB knows the connection of a context, which is destroyed.
static uint64_t take_id(duckdb_client_context context)
{
    uint64_t id = duck.client_context_get_connection_id(context);
    duck.destroy_client_context(&context);
    return id;
}

// Under the engine's lock.
static kdb_status attach(struct kdb_engine_connection *connection, struct kdb_ctx *ctx)
{
    struct kdb_engine *engine = connection->engine;
    KDB_TRY(open_database(engine, ctx));
    if (duck.connect(engine->database->database, &connection->connection) != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the engine accepts no connection");
    connection->database = engine->database;
    connection->database->use_count++;
    duckdb_client_context context = NULL;
    duck.connection_get_client_context(connection->connection, &context);
    connection->id = take_id(context);
    return KDB_OK;
}

// Under the engine's lock.
static void detach(struct kdb_engine_connection *connection)
{
    engine_statements_deinit(&connection->statements);
    if (connection->connection)
        duck.disconnect(&connection->connection);
    if (connection->database)
        release_database(connection->database);
    connection->database = NULL;
}

kdb_status engine_refresh(struct kdb_engine_connection *connection, struct kdb_ctx *ctx)
{
    struct kdb_engine *engine = connection->engine;
    kdb_status status = KDB_OK;
    pthread_mutex_lock(&engine->lock);
    if (KDB_UNLIKELY(!connection->database || connection->database != engine->database)) {
        detach(connection);
        status = attach(connection, ctx);
    }
    pthread_mutex_unlock(&engine->lock);
    return status;
}

void engine_abandon(struct kdb_engine_connection *connection)
{
    struct kdb_engine *engine = connection->engine;
    pthread_mutex_lock(&engine->lock);
    if (engine->database == connection->database) {
        engine->database = NULL;
        release_database(connection->database);
    }
    pthread_mutex_unlock(&engine->lock);
}

void engine_count_file(struct kdb_engine_connection *connection)
{
    struct kdb_engine *engine = connection->engine;
    pthread_mutex_lock(&engine->lock);
    bool is_full = ++connection->database->files >= engine->options.files_kept;
    pthread_mutex_unlock(&engine->lock);
    if (is_full)
        engine_abandon(connection);
}

struct kdb_engine_connection *engine_find_connection(struct engine_database *database,
                                                     duckdb_client_context context)
{
    struct kdb_engine *engine = database->engine;
    uint64_t id = take_id(context);
    pthread_mutex_lock(&engine->lock);
    struct kdb_engine_connection *found = engine->connections;
    while (found && (found->database != database || found->id != id))
        found = found->next;
    pthread_mutex_unlock(&engine->lock);
    return found;
}

kdb_status kdb_engine_connect(struct kdb_engine *engine, struct kdb_ctx *ctx,
                              struct kdb_engine_connection **ret_connection)
{
    struct kdb_engine_connection *connection = kdb_alloc(sizeof(*connection));
    connection->engine = engine;
    connection->statements.capacity = engine->options.statement_cache;
    pthread_mutex_init(&connection->lock, NULL);
    pthread_mutex_lock(&engine->lock);
    kdb_status status = attach(connection, ctx);
    connection->next = engine->connections;
    if (connection->next)
        connection->next->previous = connection;
    engine->connections = connection;
    pthread_mutex_unlock(&engine->lock);
    if (status != KDB_OK) {
        kdb_engine_disconnect(connection);
        return status;
    }
    *ret_connection = connection;
    return KDB_OK;
}

void kdb_engine_disconnect(struct kdb_engine_connection *connection)
{
    if (!connection)
        return;
    struct kdb_engine *engine = connection->engine;
    KDB_ASSERT(!connection->run);
    pthread_mutex_lock(&engine->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        engine->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    detach(connection);
    pthread_mutex_unlock(&engine->lock);
    KDB_ASSERT(!connection->scans);
    pthread_mutex_destroy(&connection->lock);
    kdb_free(connection->block);
    kdb_free(connection);
}

kdb_status kdb_engine_read_stats(struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                                 struct kdb_engine_stats *ret_stats)
{
    static const kdb_type types[] = {{.kind = KDB_BIGINT}, {.kind = KDB_BIGINT}};
    const struct kdb_engine_statement statement = {
        .sql = KDB_LIT("SELECT sum(memory_usage_bytes), sum(temporary_storage_bytes) "
                       "FROM duckdb_memory()"),
        .columns = types,
        .column_count = 2};
    struct kdb_engine_result result;
    KDB_TRY(kdb_engine_query(connection, ctx, &statement, &result));
    KDB_ASSERT(result.row_count == 1);
    ret_stats->memory_bytes = (uint64_t)result.values[0].integer;
    ret_stats->temp_bytes = (uint64_t)result.values[1].integer;
    return KDB_OK;
}
