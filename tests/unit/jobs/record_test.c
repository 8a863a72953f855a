// SPDX-License-Identifier: Apache-2.0
// Jobs as stored rows: what was written is read, what a stop interrupted is failed, what is old
// goes.
#include <stdio.h>

#include "base/alloc.h"
#include "jobs/jobs_priv.h"
#include "lib/test.h"

// 2026-05-04T10:00:00Z
#define START_US INT64_C(1777888800000000)

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_clock clock;
    int64_t now_us;
    struct kdb_jobs jobs;
    struct kdb_table *table;
};

static int64_t fixture_now(void *self)
{
    return ((struct fixture *)self)->now_us;
}

static int setup(void **state)
{
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    f->now_us = START_US;
    f->clock = (struct kdb_clock){fixture_now, f};
    struct kdb_jobs_options *options = &f->jobs.options;
    *options = (struct kdb_jobs_options){.clock = &f->clock, .max_retries = 3, .history_ms = 60000};
    assert_int_equal(kdb_store_mem_open(&f->ctx, &options->store), KDB_OK);
    const struct kdb_committer_options committer = {.store = options->store,
                                                    .clock = kdb_clock_system()};
    assert_int_equal(kdb_committer_open(&committer, &f->ctx, &options->committer), KDB_OK);
    f->table = kdb_table_create();
    f->table->id = 7;
    f->table->space = KDB_LIT("app");
    f->table->name = KDB_LIT("notes");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_committer_close(f->jobs.options.committer);
    kdb_store_close(f->jobs.options.store);
    kdb_table_unref(f->table);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

// Stores the row of a job in this state.
static void store(struct fixture *f, const char *id, kdb_job_state state, int64_t finished_at_us)
{
    struct job job = {.jobs = &f->jobs,
                      .kind = KDB_JOB_FLUSH,
                      .table = f->table,
                      .user = KDB_LIT("o\"neil"),
                      .has_user = true,
                      .reason = "rows",
                      .state = state,
                      .retry_count = 1,
                      .created_at_us = START_US - 5000000,
                      .updated_at_us = START_US,
                      .started_at_us = START_US - 2000000,
                      .finished_at_us = finished_at_us,
                      .rows = 10,
                      .bytes = 2000,
                      .files = 1,
                      .partitions = 1,
                      .removed = 9,
                      .cpu_ms = 3,
                      .memory_bytes = 4096,
                      .message = KDB_LIT("flushed \"10\" row(s)")};
    (void)snprintf(job.id, sizeof(job.id), "%s", id);
    kdb_ctx_init(&job.ctx, 0);
    if (state == KDB_JOB_FAILED) {
        kdb_status status = kdb_fail(&job.ctx, KDB_ERR_IO, "the \"disk\" is gone");
        assert_int_equal(status, KDB_ERR_IO);
    }
    record_store(&job);
    kdb_ctx_deinit(&job.ctx);
}

// The stored row, or NULL. Waits for what was stored before.
static const struct kdb_job_record *find(struct fixture *f, const char *id)
{
    struct kdb_store_batch *batch = kdb_store_batch_open(f->jobs.options.store);
    kdb_store_batch_put(batch, KDB_SPACE_META, KDB_LIT("Xtest"), KDB_LIT(""));
    assert_int_equal(kdb_commit_batch(f->jobs.options.committer, &f->ctx, batch), KDB_OK);
    kdb_store_batch_close(batch);
    struct kdb_job_record *records;
    size_t count;
    assert_int_equal(kdb_jobs_list(&f->jobs, &f->ctx, &records, &count), KDB_OK);
    for (size_t i = 0; i < count; i++) {
        if (kdb_slice_equal(records[i].id, kdb_slice_cstr(id)))
            return &records[i];
    }
    return NULL;
}

static void test_what_was_written_is_read(void **state)
{
    struct fixture *f = *state;
    store(f, "FL-1", KDB_JOB_COMPLETED, START_US);
    const struct kdb_job_record *record = find(f, "FL-1");
    assert_non_null(record);
    assert_int_equal(record->kind, KDB_JOB_FLUSH);
    assert_int_equal(record->state, KDB_JOB_COMPLETED);
    assert_slice_equal(
        record->parameters,
        "{\"namespace\":\"app\",\"table\":\"notes\",\"user\":\"o\\\"neil\",\"reason\":\"rows\"}");
    assert_slice_equal(record->message, "flushed \"10\" row(s)");
    assert_slice_equal(record->result,
                       "{\"rows\":10,\"files\":1,\"bytes\":2000,\"partitions\":1,\"removed\":9}");
    assert_slice_equal(record->metrics,
                       "{\"rows\":10,\"bytes\":2000,\"files\":1,\"duration_ms\":2000,"
                       "\"memory_bytes\":4096,\"cpu_ms\":3}");
    assert_null(record->trace.data);
    assert_int_equal(record->memory_bytes, 4096);
    assert_int_equal(record->cpu_ms, 3);
    assert_int_equal(record->retry_count, 1);
    assert_int_equal(record->max_retries, 3);
    assert_int_equal(record->created_at_us, START_US - 5000000);
    assert_int_equal(record->started_at_us, START_US - 2000000);
    assert_int_equal(record->finished_at_us, START_US);
}

static void test_a_failure_says_what_and_where(void **state)
{
    struct fixture *f = *state;
    store(f, "FL-1", KDB_JOB_FAILED, START_US);
    const struct kdb_job_record *record = find(f, "FL-1");
    assert_slice_equal(record->message, "the \"disk\" is gone");
    const char *expected = "IO at tests/unit/jobs/record_test.c:";
    assert_true(kdb_slice_has_prefix(record->trace, kdb_slice_cstr(expected)));
}

static void test_a_running_job_has_no_result_yet(void **state)
{
    struct fixture *f = *state;
    store(f, "FL-1", KDB_JOB_RUNNING, 0);
    const struct kdb_job_record *record = find(f, "FL-1");
    assert_null(record->result.data);
    assert_int_equal(record->finished_at_us, 0);
    assert_non_null(record->metrics.data);
}

static void test_what_a_stop_interrupted_has_failed(void **state)
{
    struct fixture *f = *state;
    static const kdb_job_state unfinished[] = {KDB_JOB_NEW, KDB_JOB_QUEUED, KDB_JOB_RUNNING,
                                               KDB_JOB_RETRYING};
    char id[16];
    for (int i = 0; i < 4; i++) {
        (void)snprintf(id, sizeof(id), "FL-%d", i);
        store(f, id, unfinished[i], 0);
    }
    store(f, "FL-done", KDB_JOB_COMPLETED, START_US);
    f->now_us += 1000000;
    (void)find(f, "");
    assert_int_equal(record_fail_unfinished(&f->jobs, &f->ctx), KDB_OK);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(id, sizeof(id), "FL-%d", i);
        const struct kdb_job_record *record = find(f, id);
        assert_int_equal(record->state, KDB_JOB_FAILED);
        assert_slice_equal(record->message, "the server stopped before the job ended");
        assert_int_equal(record->finished_at_us, START_US + 1000000);
        assert_non_null(record->parameters.data);
        assert_non_null(record->metrics.data);
    }
    assert_int_equal(find(f, "FL-done")->state, KDB_JOB_COMPLETED);
}

static void run_history(struct fixture *f, int64_t expected_removed)
{
    struct job job = {.jobs = &f->jobs, .kind = KDB_JOB_HISTORY};
    kdb_ctx_init(&job.ctx, 0);
    assert_int_equal(record_history_run(&job), KDB_OK);
    assert_int_equal(job.removed, expected_removed);
    kdb_ctx_deinit(&job.ctx);
}

static void test_old_jobs_go_and_no_others(void **state)
{
    struct fixture *f = *state;
    store(f, "FL-old", KDB_JOB_COMPLETED, START_US);
    store(f, "FL-bad", KDB_JOB_FAILED, START_US);
    store(f, "FL-new", KDB_JOB_COMPLETED, START_US + 1000);
    store(f, "FL-run", KDB_JOB_RUNNING, 0);
    (void)find(f, "");
    bool has_history = true;
    f->now_us = START_US + 60000000 - 1;
    assert_int_equal(record_has_history(&f->jobs, &f->ctx, &has_history), KDB_OK);
    assert_false(has_history);
    f->now_us = START_US + 60000000;
    assert_int_equal(record_has_history(&f->jobs, &f->ctx, &has_history), KDB_OK);
    assert_true(has_history);
    run_history(f, 2);
    assert_null(find(f, "FL-old"));
    assert_null(find(f, "FL-bad"));
    assert_non_null(find(f, "FL-new"));
    assert_non_null(find(f, "FL-run"));
    run_history(f, 0);
}

static void test_a_damaged_row_is_passed_over(void **state)
{
    struct fixture *f = *state;
    static const char *const damaged[] = {"", "{", "[]",
                                          "{\"id\":\"FL-1\",\"kind\":99,\"state\":0}",
                                          "{\"id\":\"FL-1\",\"kind\":0,\"state\":-1}"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct kdb_job_record record;
        assert_int_equal(record_read(kdb_slice_cstr(damaged[i]), &f->ctx, &record),
                         KDB_ERR_CORRUPT);
        kdb_ctx_clear_error(&f->ctx);
    }
    struct kdb_store_batch *batch = kdb_store_batch_open(f->jobs.options.store);
    kdb_store_batch_put(batch, KDB_SPACE_META, KDB_LIT("JFL-0"), KDB_LIT("rubbish"));
    assert_int_equal(kdb_commit_batch(f->jobs.options.committer, &f->ctx, batch), KDB_OK);
    kdb_store_batch_close(batch);
    store(f, "FL-1", KDB_JOB_RUNNING, 0);
    assert_non_null(find(f, "FL-1"));
    assert_int_equal(record_fail_unfinished(&f->jobs, &f->ctx), KDB_OK);
    assert_int_equal(find(f, "FL-1")->state, KDB_JOB_FAILED);
}

// There may be hundreds of thousands of rows: looking through them takes the memory of one.
static void test_a_long_history_takes_no_memory(void **state)
{
    struct fixture *f = *state;
    char id[16];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(id, sizeof(id), "FL-%d", i);
        store(f, id, i % 2 ? KDB_JOB_COMPLETED : KDB_JOB_RUNNING, START_US);
    }
    (void)find(f, "");
    kdb_ctx_reset(&f->ctx);
    bool has_history;
    assert_int_equal(record_has_history(&f->jobs, &f->ctx, &has_history), KDB_OK);
    assert_int_equal(record_fail_unfinished(&f->jobs, &f->ctx), KDB_OK);
    assert_in_range(f->ctx.arena.used_bytes, 0, 100000);
}

// A list that is too long for a request fails; it is not cut.
static void test_a_long_list_is_whole_or_fails(void **state)
{
    struct fixture *f = *state;
    enum { count = 300 };
    char id[16];
    for (int i = 0; i < count; i++) {
        (void)snprintf(id, sizeof(id), "FL-%d", i);
        store(f, id, KDB_JOB_COMPLETED, START_US);
    }
    (void)find(f, "");
    struct kdb_job_record *records;
    size_t found;
    kdb_ctx_reset(&f->ctx);
    f->ctx.arena.limit_bytes = 1000000;
    assert_int_equal(kdb_jobs_list(&f->jobs, &f->ctx, &records, &found), KDB_OK);
    assert_int_equal(found, count);
    kdb_ctx_reset(&f->ctx);
    f->ctx.arena.limit_bytes = 100000;
    assert_int_equal(kdb_jobs_list(&f->jobs, &f->ctx, &records, &found), KDB_ERR_LIMIT_EXCEEDED);
    kdb_ctx_reset(&f->ctx);
    f->ctx.arena.limit_bytes = 0;
}

// By id, whatever else there is; counted without holding any.
static void test_some_are_found_and_all_are_counted(void **state)
{
    struct fixture *f = *state;
    char id[16];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(id, sizeof(id), "FL-%d", i);
        store(f, id, i % 3 == 0 ? KDB_JOB_FAILED : KDB_JOB_COMPLETED, START_US);
    }
    (void)find(f, "");
    kdb_ctx_reset(&f->ctx);
    f->ctx.arena.limit_bytes = 100000; // too little for all
    const kdb_slice ids[] = {KDB_LIT("FL-7"), KDB_LIT("FL-9"), KDB_LIT("FL-9999"), KDB_LIT("")};
    struct kdb_job_record *records;
    size_t found;
    assert_int_equal(kdb_jobs_find(&f->jobs, &f->ctx, ids, 4, &records, &found), KDB_OK);
    assert_int_equal(found, 2);
    assert_int_equal(records[0].state + records[1].state, KDB_JOB_COMPLETED + KDB_JOB_FAILED);
    assert_int_equal(kdb_jobs_find(&f->jobs, &f->ctx, NULL, 0, &records, &found), KDB_OK);
    assert_int_equal(found, 0);
    uint64_t counts[KDB_JOB_STATE_COUNT];
    assert_int_equal(kdb_jobs_count(&f->jobs, &f->ctx, counts), KDB_OK);
    assert_int_equal(counts[KDB_JOB_FAILED], 100);
    assert_int_equal(counts[KDB_JOB_COMPLETED], 200);
    assert_int_equal(counts[KDB_JOB_RUNNING], 0);
    kdb_ctx_reset(&f->ctx);
    f->ctx.arena.limit_bytes = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failure_says_what_and_where, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_running_job_has_no_result_yet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_stop_interrupted_has_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_jobs_go_and_no_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_row_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_history_takes_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_list_is_whole_or_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_some_are_found_and_all_are_counted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
