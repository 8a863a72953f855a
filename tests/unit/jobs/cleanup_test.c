// SPDX-License-Identifier: Apache-2.0
// A table that is dropped while one of its jobs runs leaves nothing behind, nor does a start.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/temp_folder.h"
#include "types/key.h"
#include "types/row.h"
#include "unit/jobs/jobs_case.h"

static struct jobs_case *running;
static char *folder;                 // data folder
static struct job_thread threads[2]; // who runs the job, and who would run another one meanwhile
static kdb_status (*run_kind)(struct job *job, struct job_thread *thread);
static bool drops; // at the next look at the clock

// ---- in the middle of a flush ----

static void drop_table(void)
{
    struct jobs_case *c = running;
    case_drop_table(c, c->tables[0]);
    const struct kdb_job_request request = {
        .kind = KDB_JOB_CLEANUP, .table = c->tables[0], .reason = "drop"};
    kdb_submit_outcome outcome;
    kdb_slice id;
    assert_int_equal(kdb_jobs_submit(c->jobs, &c->ctx, &request, &outcome, &id), KDB_OK);
    assert_int_equal(outcome, KDB_SUBMIT_QUEUED);
    struct job *job = case_take(c);
    if (job)
        jobs_run(job, &threads[1]);
}

static int64_t now_or_drop(void *self)
{
    if (drops) {
        drops = false;
        drop_table();
    }
    return case_now(self);
}

static kdb_status run_and_drop(struct job *job, struct job_thread *thread)
{
    drops = job->kind != KDB_JOB_CLEANUP;
    kdb_status status = run_kind(job, thread);
    assert_false(drops);
    return status;
}

// ---- the database ----

static int open_with_files(void **state)
{
    (void)case_open(state);
    struct jobs_case *c = *state;
    jobs_destroy(c->jobs);
    char *created = kdb_test_folder_create();
    folder = realpath(created, NULL);
    kdb_free(created);
    assert_non_null(folder);
    const char *root = folder;
    const struct kdb_engine_options engine = {
        .threads = 1, .read_dirs = &root, .read_dir_count = 1};
    c->options.engine = kdb_engine_create(&engine);
    const struct kdb_segment_options segments = {.store = c->options.store,
                                                 .engine = c->options.engine,
                                                 .clock = kdb_clock_system(),
                                                 .data_path = root,
                                                 .allowed_roots = &root,
                                                 .allowed_root_count = 1,
                                                 .cache_bytes = 1U << 20,
                                                 .row_group_rows = 1000};
    c->options.segments = kdb_segment_service_create(&segments);
    c->options.removal_batch = 100;
    c->jobs = jobs_create(&c->options);
    c->clock.now_us = now_or_drop;
    run_kind = c->jobs->run;
    c->jobs->run = run_and_drop;
    running = c;
    drops = false;
    for (int i = 0; i < 2; i++)
        threads[i] = (struct job_thread){.jobs = c->jobs};
    return 0;
}

static int close_with_files(void **state)
{
    struct jobs_case *c = *state;
    for (int i = 0; i < 2; i++) {
        kdb_engine_disconnect(threads[i].writer);
        kdb_engine_disconnect(threads[i].reader);
    }
    struct kdb_engine *engine = c->options.engine;
    struct kdb_segment_service *segments = c->options.segments;
    int result = case_close(state); // manifests go before what they belong to
    kdb_segment_service_destroy(segments);
    kdb_engine_destroy(engine);
    kdb_test_folder_destroy(folder);
    return result;
}

static void insert(struct jobs_case *c, const char *user, int64_t id)
{
    const struct kdb_schema *schema = c->tables[0]->schema;
    const kdb_value value = kdb_value_int(KDB_BIGINT, id);
    struct kdb_buf key = {0};
    struct kdb_buf row = {0};
    assert_int_equal(kdb_key_value(&key, &c->ctx, &value), KDB_OK);
    assert_int_equal(kdb_row_encode(schema, &c->ctx, &value, 0, false, &row), KDB_OK);
    struct kdb_partition *partition = case_partition(c, 0, user);
    struct kdb_row_op op = {
        .key = kdb_buf_view(&key), .row = row.data, .row_len = row.len, .live_delta = 1};
    struct kdb_commit_request request = {.partition = partition,
                                         .removal_epoch = partition->removal_epoch,
                                         .seen_seq = kdb_committer_last_seq(c->options.committer),
                                         .ops = &op,
                                         .op_count = 1};
    kdb_commit_wait(c->options.committer, &request);
    assert_int_equal(request.outcome, KDB_COMMIT_DONE);
    kdb_partition_unref(partition);
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&row);
}

// A flush of the table from its submission to its end, whatever that is; its id.
static const char *flush(struct jobs_case *c)
{
    const struct kdb_job_request request = {
        .kind = KDB_JOB_FLUSH, .table = c->tables[0], .reason = "manual"};
    kdb_submit_outcome outcome;
    kdb_slice id;
    assert_int_equal(kdb_jobs_submit(c->jobs, &c->ctx, &request, &outcome, &id), KDB_OK);
    assert_int_equal(outcome, KDB_SUBMIT_QUEUED);
    jobs_run(case_take(c), &threads[0]);
    return id.data;
}

static void expect_completed(struct jobs_case *c, const char *id)
{
    const struct kdb_job_record *record = case_record(c, id);
    if (record->state != KDB_JOB_COMPLETED)
        fail_msg("the job is %s: %.*s", kdb_job_state_name(record->state),
                 KDB_ARG(record->message));
}

// ---- what is left ----

static size_t manifest_records(struct jobs_case *c)
{
    const char first = KDB_META_MANIFEST;
    const char end = KDB_META_MANIFEST + 1;
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_slice_of(&first, 1),
                                         .end = kdb_slice_of(&end, 1),
                                         .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(c->options.store, &c->ctx, NULL, &range, &scan), KDB_OK);
    size_t count = 0;
    kdb_slice key;
    kdb_slice value;
    bool has_more = true;
    while (has_more) {
        assert_int_equal(kdb_store_scan_next(scan, &c->ctx, &key, &value, &has_more), KDB_OK);
        count += has_more;
    }
    kdb_store_scan_close(scan);
    return count;
}

// Files and folders in the folder that the default storage has for a user's rows of the table.
static size_t files_of(struct jobs_case *c, const char *user)
{
    kdb_slice path;
    assert_int_equal(kdb_segment_folder(c->options.segments, &c->ctx, c->tables[0], NULL,
                                        kdb_slice_cstr(user), &path),
                     KDB_OK);
    DIR *entries = opendir(kdb_arena_printf(&c->ctx.arena, "%.*s", KDB_ARG(path)).data);
    if (!entries)
        return 0;
    size_t count = 0;
    while (readdir(entries))
        count++;
    (void)closedir(entries);
    return count - 2; // . and ..
}

static void expect_nothing_left(struct jobs_case *c)
{
    struct job *job = case_take(c);
    if (job)
        jobs_run(job, &threads[0]);
    assert_null(case_take(c));
    assert_int_equal(manifest_records(c), 0);
    assert_int_equal(files_of(c, "alice"), 0);
    assert_int_equal(files_of(c, "bob"), 0);
}

static void test_dropped_while_it_is_flushed(void **state)
{
    struct jobs_case *c = *state;
    insert(c, "alice", 1);
    insert(c, "bob", 1);
    const char *id = flush(c);
    expect_nothing_left(c);
    expect_completed(c, id);
}

static void test_dropped_while_it_is_flushed_again(void **state)
{
    struct jobs_case *c = *state;
    insert(c, "alice", 1);
    c->jobs->run = run_kind;
    expect_completed(c, flush(c));
    assert_true(files_of(c, "alice") > 0);
    insert(c, "alice", 2);
    c->jobs->run = run_and_drop;
    const char *id = flush(c);
    expect_nothing_left(c);
    expect_completed(c, id);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_with_files, close_with_files)

// What a start went through, the server does not keep: its ctx lives as long as it.
static void test_a_start_keeps_no_memory(void **state)
{
    struct jobs_case *c = *state;
    for (int i = 0; i < 200; i++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "user%d", i);
        case_store_hot_rows(c, 0, user, 1);
    }
    size_t before = c->ctx.arena.used_bytes;
    struct kdb_jobs *jobs;
    assert_int_equal(kdb_jobs_open(&c->options, &c->ctx, &jobs), KDB_OK);
    assert_int_equal(c->ctx.arena.used_bytes, before);
    kdb_jobs_close(jobs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_dropped_while_it_is_flushed),
        CASE(test_dropped_while_it_is_flushed_again),
        CASE(test_a_start_keeps_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
