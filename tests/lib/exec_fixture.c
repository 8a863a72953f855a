// SPDX-License-Identifier: Apache-2.0
// Everything below the network, opened for a test.
#include "lib/exec_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "exec/bootstrap.h"
#include "exec/partition_cache.h"
#include "jobs/jobs.h"
#include "lib/store_fixture.h"
#include "lib/temp_folder.h"
#include "lib/test.h"
#include "segments/service.h"
#include "types/cast.h"

// 2026-05-04T10:00:00Z
#define START_US INT64_C(1777888800000000)

#define STREAM_BYTES (1U << 20)

static int64_t fixture_now(void *self)
{
    struct exec_fixture *fixture = self;
    return atomic_load(&fixture->now_us);
}

static void must(struct exec_fixture *fixture, kdb_status status)
{
    if (status != KDB_OK)
        fail_msg("%s: %s", kdb_status_info(status)->name, fixture->ctx.error.message);
}

// ---- opening ----

static void open_store(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    if (!fixture->options.has_rocksdb) {
        must(fixture, kdb_store_mem_open(&fixture->ctx, &services->store));
        return;
    }
    kdb_slice path = kdb_arena_printf(&fixture->results, "%s/rocksdb", fixture->folder);
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(path.data);
    must(fixture, kdb_store_rocksdb_open(&options, &fixture->ctx, &services->store));
}

static void open_committer(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    const struct kdb_partition_hooks hooks = {.manifest_unref = kdb_manifest_unref};
    services->partitions = kdb_partition_registry_create(services->store, &hooks);
    must(fixture, kdb_streams_create(&fixture->ctx, STREAM_BYTES, &services->streams));
    const struct kdb_committer_options options = {.store = services->store,
                                                  .streams = services->streams,
                                                  .clock = services->clock,
                                                  .mode = KDB_COMMIT_ASYNC,
                                                  .worker_id = 1};
    must(fixture, kdb_committer_open(&options, &fixture->ctx, &services->committer));
}

static void open_engine(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    fixture->roots[0] = fixture->folder;
    const struct kdb_engine_options engine = {
        .threads = 1, .read_dirs = fixture->roots, .read_dir_count = 1};
    services->engine = kdb_engine_create(&engine);
    const struct kdb_segment_options segments = {.store = services->store,
                                                 .engine = services->engine,
                                                 .clock = services->clock,
                                                 .data_path = fixture->folder,
                                                 .allowed_roots = fixture->roots,
                                                 .allowed_root_count = 1,
                                                 .cache_bytes = 8U << 20,
                                                 .row_group_rows = 1000};
    services->segments = kdb_segment_service_create(&segments);
    services->cache = kdb_partition_cache_create(8U << 20);
}

static void open_jobs(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    if (!fixture->options.has_jobs)
        return;
    const struct kdb_jobs_options options = {.store = services->store,
                                             .engine = services->engine,
                                             .catalog = services->catalog,
                                             .partitions = services->partitions,
                                             .committer = services->committer,
                                             .segments = services->segments,
                                             .clock = services->clock,
                                             .ids = &fixture->id_source,
                                             .threads = 1,
                                             .retry_backoff_ms = 1,
                                             .removal_batch = 100};
    must(fixture, kdb_jobs_open(&options, &fixture->ctx, &services->jobs));
}

static void fill_services(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    services->clock = fixture->options.has_clock ? kdb_clock_system() : &fixture->clock;
    kdb_snowflake_init(&fixture->ids, services->clock, 0);
    kdb_id_source_init(&fixture->id_source, services->clock);
    services->ids = &fixture->ids;
    services->id_source = &fixture->id_source;
    // The cheapest hash there is: tests make many users.
    fixture->passwords = (struct kdb_password_policy){
        .length_min = 8, .length_max = 256, .hash_memory_bytes = 8192, .hash_operations = 1};
    services->passwords = &fixture->passwords;
    fixture->system = (struct kdb_system_tables){
        .version = KDB_LIT("0.0.0-test"), .data_path = fixture->folder, .started_at_us = START_US};
    services->system = &fixture->system;
    services->terms_max = 20000;
    services->engine_terms_max = 1000;
    services->engine_tables_max = 64;
    services->depth_max = 500;
    services->write_retries = 32;
    services->changes_window_bytes = (size_t)8 << 20;
}

struct exec_fixture *exec_fixture_open(const struct exec_fixture_options *options)
{
    struct exec_fixture *fixture = kdb_alloc(sizeof(*fixture));
    if (options)
        fixture->options = *options;
    kdb_ctx_init(&fixture->ctx, 0);
    kdb_arena_init(&fixture->results, 0);
    fixture->owns_folder = !fixture->options.folder;
    char *folder = fixture->owns_folder ? kdb_test_folder_create() : NULL;
    // Resolved as the server does: a temporary folder may lie behind a link.
    char *resolved = realpath(folder ? folder : fixture->options.folder, NULL);
    assert_non_null(resolved);
    fixture->folder = kdb_alloc_text(resolved, strlen(resolved));
    free(resolved);
    kdb_free(folder);
    fixture->space = "default";
    fixture->clock = (struct kdb_clock){fixture_now, fixture};
    atomic_init(&fixture->now_us, START_US);
    fixture->plans = kdb_plan_cache_create(100, (size_t)8 << 20);
    fill_services(fixture);
    open_store(fixture);
    open_committer(fixture);
    open_engine(fixture);
    must(fixture,
         kdb_catalog_open(fixture->services.store, &fixture->ctx, &fixture->services.catalog));
    must(fixture,
         kdb_exec_bootstrap(&fixture->services, &fixture->ctx, fixture->options.root_password));
    open_jobs(fixture);
    return fixture;
}

char *exec_fixture_close_keeping(struct exec_fixture *fixture)
{
    struct kdb_exec_services *services = &fixture->services;
    kdb_ctx_deinit(&fixture->ctx);
    kdb_plan_cache_destroy(fixture->plans);
    kdb_engine_disconnect(fixture->connection);
    if (services->jobs)
        kdb_jobs_close(services->jobs, 10000);
    kdb_committer_close(services->committer);
    kdb_partition_cache_destroy(services->cache);
    kdb_streams_destroy(services->streams);
    kdb_partition_registry_destroy(services->partitions);
    kdb_segment_service_destroy(services->segments);
    kdb_engine_destroy(services->engine);
    kdb_catalog_close(services->catalog);
    kdb_store_close(services->store);
    kdb_id_source_deinit(&fixture->id_source);
    kdb_arena_deinit(&fixture->results);
    char *folder = fixture->folder;
    kdb_free(fixture);
    return folder;
}

void exec_fixture_close(struct exec_fixture *fixture)
{
    if (!fixture)
        return;
    bool owns_folder = fixture->owns_folder;
    char *folder = exec_fixture_close_keeping(fixture);
    if (owns_folder)
        kdb_test_folder_destroy(folder);
    else
        kdb_free(folder);
}

// ---- the sink ----

struct collector {
    struct exec_fixture *fixture;
    struct exec_result *result;
    struct kdb_buf text;
    size_t cell_count, cell_capacity;
};

static kdb_status collect_begin(void *self, struct kdb_ctx *ctx,
                                const struct kdb_output_column *columns, size_t count)
{
    (void)ctx;
    struct collector *collector = self;
    struct exec_result *result = collector->result;
    struct kdb_arena *arena = &collector->fixture->results;
    result->column_count = count;
    result->columns = kdb_arena_array(arena, count, sizeof(char *));
    result->types = kdb_arena_array(arena, count, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        result->columns[i] = kdb_arena_copy(arena, columns[i].name).data;
        result->types[i] = kdb_arena_copy(arena, kdb_type_sql(arena, columns[i].type)).data;
    }
    // A second run of the same statement starts over.
    result->row_count = 0;
    collector->cell_count = 0;
    kdb_buf_clear(&collector->text);
    return KDB_OK;
}

static kdb_status collect_row(void *self, struct kdb_ctx *ctx, const kdb_value *values)
{
    (void)ctx;
    struct collector *collector = self;
    struct exec_result *result = collector->result;
    struct kdb_arena *arena = &collector->fixture->results;
    for (size_t i = 0; i < result->column_count; i++) {
        struct kdb_buf cell = {0};
        if (values[i].is_null)
            KDB_BUF_LIT(&cell, "NULL");
        else
            kdb_value_print(&values[i], &cell);
        if (i > 0)
            kdb_buf_put(&collector->text, '|');
        kdb_buf_slice(&collector->text, kdb_buf_view(&cell));
        KDB_PUSH(arena, result->cells, collector->cell_count, collector->cell_capacity,
                 kdb_arena_copy(arena, kdb_buf_view(&cell)).data);
        kdb_buf_deinit(&cell);
    }
    kdb_buf_put(&collector->text, '\n');
    result->row_count++;
    return KDB_OK;
}

static const struct kdb_sink_ops collect_ops = {collect_begin, collect_row};

// ---- running ----

struct run {
    struct exec_fixture *fixture;
    const char *user;
    kdb_role role;
    const struct kdb_param *params;
    size_t param_count;
    struct kdb_catalog_snapshot *snapshot;
    struct kdb_plan *plan;
    struct kdb_exec exec;
    struct collector collector;
    struct kdb_sink sink;
};

static void prepare(struct run *run, kdb_read_tier tier)
{
    struct exec_fixture *fixture = run->fixture;
    const struct kdb_statement *statement = &run->plan->statement;
    const kdb_value *inputs = run->exec.inputs;
    bool acts_as = statement->kind == KDB_STATEMENT_EXECUTE_AS;
    run->sink = (struct kdb_sink){&collect_ops, &run->collector};
    run->exec =
        (struct kdb_exec){.services = &fixture->services,
                          .ctx = &fixture->ctx,
                          .snapshot = run->snapshot,
                          .plan = run->plan,
                          .inputs = inputs,
                          .user = acts_as ? statement->execute_as.user : kdb_slice_cstr(run->user),
                          .role = acts_as ? KDB_ROLE_USER : run->role,
                          .actor = kdb_slice_cstr(run->user),
                          .actor_role = run->role,
                          .space = kdb_slice_cstr(fixture->space),
                          .tier = tier,
                          .connection = fixture->connection,
                          .sink = &run->sink,
                          .now_us = kdb_clock_now_us(fixture->services.clock)};
}

// Whether a worker may need the engine: for the statement itself, or to read flushed rows.
static bool needs_engine(const struct kdb_plan *plan)
{
    bool has_tables = false;
    for (size_t i = 0; i < plan->table_count; i++)
        has_tables = has_tables || plan->tables[i]->kind != KDB_TABLE_SYSTEM;
    return plan->path == KDB_PATH_ENGINE || has_tables;
}

static kdb_status run_on_loop(struct run *run)
{
    kdb_exec_step step;
    KDB_TRY(kdb_exec_run(&run->exec, &step));
    while (step == KDB_EXEC_COMMIT) {
        kdb_commit_wait(run->fixture->services.committer, &run->exec.commit);
        KDB_TRY(kdb_exec_committed(&run->exec, &step));
    }
    return KDB_OK;
}

static kdb_status execute(struct run *run)
{
    struct exec_fixture *fixture = run->fixture;
    prepare(run, KDB_READ_MEMORY);
    run->exec.connection = NULL;
    kdb_status status = run_on_loop(run);
    kdb_exec_finish(&run->exec);
    if (status != KDB_ERR_BLOCKED)
        return status;
    kdb_ctx_clear_error(&fixture->ctx);
    if (!fixture->connection && needs_engine(run->plan))
        KDB_TRY(kdb_engine_connect(fixture->services.engine, &fixture->ctx, &fixture->connection));
    prepare(run, KDB_READ_ANY);
    status = kdb_exec_wait(&run->exec);
    kdb_exec_finish(&run->exec);
    return status;
}

static kdb_status plan_and_execute(struct run *run, const struct kdb_scanned *scanned)
{
    struct exec_fixture *fixture = run->fixture;
    bool acts_as = kdb_slice_equal(scanned->first_word, KDB_LIT("execute"));
    const struct kdb_plan_request request = {.scanned = scanned,
                                             .catalog = run->snapshot,
                                             .space = kdb_slice_cstr(fixture->space),
                                             .role = acts_as ? KDB_ROLE_USER : run->role,
                                             .params = run->params,
                                             .param_count = run->param_count,
                                             .terms_max = fixture->services.terms_max,
                                             .depth_max = fixture->services.depth_max,
                                             .forces_engine = fixture->forces_engine};
    KDB_TRY(kdb_plan_cache_get(fixture->plans, &fixture->ctx, &request, &run->plan));
    KDB_TRY(kdb_plan_inputs(run->plan, &fixture->ctx, scanned, run->params, run->param_count,
                            &run->exec.inputs));
    return execute(run);
}

static const char *keep(struct exec_fixture *fixture, kdb_slice text)
{
    return text.data ? kdb_arena_copy(&fixture->results, text).data : "";
}

static struct exec_result *run_one(struct run *run, const struct kdb_scanned *scanned)
{
    struct exec_fixture *fixture = run->fixture;
    struct exec_result *result = KDB_ARENA_NEW(&fixture->results, struct exec_result);
    run->collector = (struct collector){.fixture = fixture, .result = result};
    run->plan = NULL;
    run->exec = (struct kdb_exec){0};
    run->snapshot = kdb_catalog_acquire(fixture->services.catalog);
    result->status = plan_and_execute(run, scanned);
    result->has_rows = result->status == KDB_OK && run->exec.has_rows;
    result->message = result->status == KDB_OK ? keep(fixture, run->exec.message) : "";
    result->affected = run->exec.affected;
    result->error =
        result->status == KDB_OK ? "" : keep(fixture, kdb_slice_cstr(fixture->ctx.error.message));
    result->position = fixture->ctx.error.position;
    result->text = keep(fixture, kdb_buf_view(&run->collector.text));
    if (result->status == KDB_OK && run->exec.new_space.data)
        fixture->space = keep(fixture, run->exec.new_space);
    kdb_buf_deinit(&run->collector.text);
    kdb_plan_unref(run->plan);
    kdb_catalog_release(run->snapshot);
    return result;
}

const struct exec_result *exec_fixture_run_params(struct exec_fixture *fixture, const char *user,
                                                  kdb_role role, const char *sql,
                                                  const struct kdb_param *params, size_t count)
{
    struct run run = {
        .fixture = fixture, .user = user, .role = role, .params = params, .param_count = count};
    struct kdb_scan scan = {0};
    kdb_ctx_reset(&fixture->ctx);
    kdb_status status = kdb_sql_scan(kdb_slice_cstr(sql), &fixture->ctx, &scan);
    struct exec_result *result = KDB_ARENA_NEW(&fixture->results, struct exec_result);
    *result = (struct exec_result){
        .status = status, .error = fixture->ctx.error.message, .message = "", .text = ""};
    result->error = keep(fixture, kdb_slice_cstr(fixture->ctx.error.message));
    result->position = fixture->ctx.error.position;
    for (size_t i = 0; i < scan.count && result->status == KDB_OK; i++)
        result = run_one(&run, &scan.statements[i]);
    return result;
}

const struct exec_result *exec_fixture_run(struct exec_fixture *fixture, const char *user,
                                           kdb_role role, const char *sql)
{
    return exec_fixture_run_params(fixture, user, role, sql, NULL, 0);
}

// ---- expectations ----

const struct exec_result *exec_fixture_ok(struct exec_fixture *fixture, const char *user,
                                          kdb_role role, const char *sql)
{
    const struct exec_result *result = exec_fixture_run(fixture, user, role, sql);
    if (result->status != KDB_OK)
        fail_msg("%s\n fails with %s: %s (at %d)", sql, kdb_status_info(result->status)->name,
                 result->error, result->position);
    return result;
}

void exec_fixture_setup(struct exec_fixture *fixture, const char *sql)
{
    (void)exec_fixture_ok(fixture, "root", KDB_ROLE_SYSTEM, sql);
}

void exec_fixture_expect_message(struct exec_fixture *fixture, const char *user, kdb_role role,
                                 const char *sql, const char *message)
{
    const struct exec_result *result = exec_fixture_ok(fixture, user, role, sql);
    if (strcmp(result->message, message) != 0)
        fail_msg("%s\n answers  \"%s\"\n and not  \"%s\"", sql, result->message, message);
}

void exec_fixture_expect_rows(struct exec_fixture *fixture, const char *user, kdb_role role,
                              const char *sql, const char *text)
{
    const struct exec_result *result = exec_fixture_ok(fixture, user, role, sql);
    if (!result->has_rows || strcmp(result->text, text) != 0)
        fail_msg("%s\n gives\n%s and not\n%s", sql, result->text, text);
}

void exec_fixture_expect_error(struct exec_fixture *fixture, const char *user, kdb_role role,
                               const char *sql, kdb_status status, const char *part)
{
    const struct exec_result *result = exec_fixture_run(fixture, user, role, sql);
    if (result->status != status || !strstr(result->error, part))
        fail_msg("%s\n gives    %s: %s\n and not  %s: … %s …", sql,
                 kdb_status_info(result->status)->name,
                 result->status == KDB_OK ? result->message : result->error,
                 kdb_status_info(status)->name, part);
}

const char *exec_fixture_cell(const struct exec_result *result, size_t row, const char *column)
{
    for (size_t i = 0; i < result->column_count; i++) {
        if (strcmp(result->columns[i], column) == 0 && row < result->row_count)
            return result->cells[row * result->column_count + i];
    }
    fail_msg("no row %zu with column %s in\n%s", row, column, result->text);
    return "";
}

// Jobs store their rows without waiting: a batch sent behind them comes after them.
static void pass_committer(struct exec_fixture *fixture)
{
    struct kdb_store_batch *batch = kdb_store_batch_open(fixture->services.store);
    must(fixture, kdb_commit_batch(fixture->services.committer, &fixture->ctx, batch));
    kdb_store_batch_close(batch);
}

void exec_fixture_wait_jobs(struct exec_fixture *fixture)
{
    assert_non_null(fixture->services.jobs);
    for (;;) {
        struct kdb_job_record *records;
        size_t count;
        size_t open = 0;
        kdb_ctx_reset(&fixture->ctx);
        pass_committer(fixture);
        must(fixture, kdb_jobs_list(fixture->services.jobs, &fixture->ctx, &records, &count));
        for (size_t i = 0; i < count; i++)
            open += records[i].state < KDB_JOB_COMPLETED;
        if (open == 0)
            return;
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
    }
}

void exec_fixture_flush(struct exec_fixture *fixture, const char *table)
{
    kdb_slice sql = kdb_arena_printf(&fixture->results, "STORAGE FLUSH TABLE %s", table);
    const struct exec_result *result;
    do { // a flush that began by itself may have missed the newest rows
        exec_fixture_wait_jobs(fixture);
        result = exec_fixture_ok(fixture, "root", KDB_ROLE_SYSTEM, sql.data);
    } while (strstr(result->message, "already queued or running"));
    exec_fixture_wait_jobs(fixture);
}

// ---- by hand ----

void exec_fixture_begin(struct exec_fixture *fixture, const char *user, const char *sql,
                        struct exec_statement *ret)
{
    const struct kdb_exec_services *services = &fixture->services;
    struct kdb_scan scan;
    *ret = (struct exec_statement){.snapshot = kdb_catalog_acquire(services->catalog)};
    struct kdb_ctx *ctx = &ret->ctx;
    kdb_ctx_init(ctx, 0);
    assert_int_equal(kdb_sql_scan(kdb_slice_cstr(sql), ctx, &scan), KDB_OK);
    const struct kdb_plan_request request = {.scanned = &scan.statements[0],
                                             .catalog = ret->snapshot,
                                             .space = kdb_slice_cstr(fixture->space),
                                             .role = KDB_ROLE_USER,
                                             .terms_max = services->terms_max,
                                             .depth_max = services->depth_max};
    assert_int_equal(kdb_plan_cache_get(fixture->plans, ctx, &request, &ret->plan), KDB_OK);
    ret->exec = (struct kdb_exec){.services = services,
                                  .ctx = ctx,
                                  .snapshot = ret->snapshot,
                                  .plan = ret->plan,
                                  .user = kdb_slice_cstr(user),
                                  .role = KDB_ROLE_USER,
                                  .actor = kdb_slice_cstr(user),
                                  .actor_role = KDB_ROLE_USER,
                                  .space = kdb_slice_cstr(fixture->space),
                                  .tier = KDB_READ_ANY,
                                  .connection = fixture->connection,
                                  .now_us = kdb_clock_now_us(services->clock)};
    assert_int_equal(
        kdb_plan_inputs(ret->plan, ctx, &scan.statements[0], NULL, 0, &ret->exec.inputs), KDB_OK);
}

void exec_fixture_end(struct exec_statement *statement)
{
    kdb_exec_finish(&statement->exec);
    kdb_plan_unref(statement->plan);
    kdb_catalog_release(statement->snapshot);
    kdb_ctx_deinit(&statement->ctx);
}
