// SPDX-License-Identifier: Apache-2.0
// Which job is next, and which one does what is asked for already.
#include <stdio.h>

#include "jobs/jobs_priv.h"
#include "lib/test.h"

#define JOBS 5

struct fixture {
    struct job_queue queue;
    struct kdb_table tables[2];
    struct job jobs[JOBS];
};

// Flushes of every partition of the first table, named by their index; none is queued.
static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.tables = {{.id = 7}, {.id = 8}}};
    for (int i = 0; i < JOBS; i++) {
        fixture.jobs[i] = (struct job){.kind = KDB_JOB_FLUSH, .table = &fixture.tables[0]};
        (void)snprintf(fixture.jobs[i].id, sizeof(fixture.jobs[i].id), "FL-%d", i);
    }
    *state = &fixture;
    return 0;
}

static void add_all(struct fixture *f)
{
    for (int i = 0; i < JOBS; i++)
        queue_add(&f->queue, &f->jobs[i]);
}

static void test_first_come_first_served(void **state)
{
    struct fixture *f = *state;
    assert_null(queue_take(&f->queue, 1000));
    add_all(f);
    for (int i = 0; i < JOBS; i++)
        assert_ptr_equal(queue_take(&f->queue, 1000), &f->jobs[i]);
    assert_null(queue_take(&f->queue, 1000));
    queue_add(&f->queue, &f->jobs[0]); // an emptied queue takes more
    assert_ptr_equal(queue_take(&f->queue, 1000), &f->jobs[0]);
}

static void test_one_that_waits_for_its_time_is_passed(void **state)
{
    struct fixture *f = *state;
    f->jobs[0].not_before_ms = 300;
    f->jobs[2].not_before_ms = 200;
    f->jobs[4].not_before_ms = 100;
    add_all(f);
    assert_int_equal(queue_next_ms(&f->queue), 0);
    assert_ptr_equal(queue_take(&f->queue, 99), &f->jobs[1]);
    assert_ptr_equal(queue_take(&f->queue, 99), &f->jobs[3]);
    assert_null(queue_take(&f->queue, 99));
    assert_int_equal(queue_next_ms(&f->queue), 100);
    assert_ptr_equal(queue_take(&f->queue, 100), &f->jobs[4]);
    queue_end(&f->queue, &f->jobs[1]);
    f->jobs[1].not_before_ms = 0;
    queue_add(&f->queue, &f->jobs[1]); // behind those that wait, also when the last one was taken
    assert_ptr_equal(queue_take(&f->queue, 250), &f->jobs[2]);
    assert_ptr_equal(queue_take(&f->queue, 250), &f->jobs[1]);
    assert_int_equal(queue_next_ms(&f->queue), 300);
    assert_ptr_equal(queue_take(&f->queue, 300), &f->jobs[0]);
    assert_int_equal(queue_next_ms(&f->queue), INT64_MAX);
}

// A dropped table is cleaned up behind the jobs that found it still there, of all its partitions.
static void test_a_clean_up_waits_for_the_jobs_of_its_table(void **state)
{
    struct fixture *f = *state;
    struct job history = {.kind = KDB_JOB_HISTORY};
    f->jobs[1].table = &f->tables[1];
    f->jobs[2].kind = KDB_JOB_COMPACT;
    f->jobs[3].kind = KDB_JOB_CLEANUP;
    queue_add(&f->queue, &history);
    add_all(f);
    for (int i = 0; i < 4; i++)
        (void)queue_take(&f->queue, 0);
    assert_ptr_equal(queue_take(&f->queue, 0), &f->jobs[4]); // the clean-up is passed
    assert_null(queue_take(&f->queue, 0));
    assert_int_equal(queue_next_ms(&f->queue), INT64_MAX); // it waits for no time
    queue_end(&f->queue, &f->jobs[0]);
    queue_end(&f->queue, &f->jobs[4]);
    assert_null(queue_take(&f->queue, 0));
    queue_end(&f->queue, &f->jobs[2]);
    assert_int_equal(queue_next_ms(&f->queue), 0);
    assert_ptr_equal(queue_take(&f->queue, 0), &f->jobs[3]); // beside those of others
    queue_add(&f->queue, &f->jobs[0]);
    assert_ptr_equal(queue_take(&f->queue, 0), &f->jobs[0]); // who comes later waits for nobody
}

static void test_a_job_is_found_until_it_has_ended(void **state)
{
    struct fixture *f = *state;
    add_all(f);
    (void)queue_take(&f->queue, 0);
    (void)queue_take(&f->queue, 0);
    (void)queue_take(&f->queue, 0);
    for (int i = 0; i < JOBS; i++)
        assert_ptr_equal(queue_find(&f->queue, kdb_slice_cstr(f->jobs[i].id)), &f->jobs[i]);
    queue_end(&f->queue, &f->jobs[1]); // in the middle of those that run
    assert_null(queue_find(&f->queue, KDB_LIT("FL-1")));
    assert_ptr_equal(queue_find(&f->queue, KDB_LIT("FL-0")), &f->jobs[0]);
    assert_ptr_equal(queue_find(&f->queue, KDB_LIT("FL-2")), &f->jobs[2]);
    assert_null(queue_find(&f->queue, KDB_LIT("FL")));
    queue_end(&f->queue, &f->jobs[0]);
    queue_end(&f->queue, &f->jobs[2]);
    assert_null(f->queue.running);
}

// The same work is the same kind, table and user; all partitions are another matter than one.
static void test_the_same_work(void **state)
{
    struct fixture *f = *state;
    f->jobs[0].has_user = true;
    f->jobs[0].user = KDB_LIT("alice");
    queue_add(&f->queue, &f->jobs[0]);
    const struct {
        struct kdb_job_request request;
        bool is_same;
    } cases[] = {
        {{KDB_JOB_FLUSH, &f->tables[0], KDB_LIT("alice"), ""}, true},
        {{KDB_JOB_FLUSH, &f->tables[0], KDB_LIT("bob"), ""}, false},
        {{KDB_JOB_FLUSH, &f->tables[0], KDB_LIT(""), ""}, false},
        {{KDB_JOB_FLUSH, &f->tables[0], {0}, ""}, false},
        {{KDB_JOB_FLUSH, &f->tables[1], KDB_LIT("alice"), ""}, false},
        {{KDB_JOB_COMPACT, &f->tables[0], KDB_LIT("alice"), ""}, false},
        {{KDB_JOB_HISTORY, NULL, {0}, ""}, false},
    };
    for (int is_running = 0; is_running < 2; is_running++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            assert_int_equal(queue_has(&f->queue, &cases[i].request), cases[i].is_same);
            assert_int_equal(queue_has_waiting(&f->queue, &cases[i].request),
                             cases[i].is_same && !is_running);
        }
        (void)queue_take(&f->queue, 0);
    }
    queue_end(&f->queue, &f->jobs[0]);
    assert_false(queue_has(&f->queue, &cases[0].request));
}

// The history is nobody's table.
static void test_the_same_work_without_a_table(void **state)
{
    struct fixture *f = *state;
    const struct kdb_job_request history = {.kind = KDB_JOB_HISTORY};
    f->jobs[0] = (struct job){.kind = KDB_JOB_HISTORY};
    queue_add(&f->queue, &f->jobs[1]);
    assert_false(queue_has(&f->queue, &history));
    queue_add(&f->queue, &f->jobs[0]);
    assert_true(queue_has(&f->queue, &history));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_first_come_first_served, setup),
        cmocka_unit_test_setup(test_one_that_waits_for_its_time_is_passed, setup),
        cmocka_unit_test_setup(test_a_clean_up_waits_for_the_jobs_of_its_table, setup),
        cmocka_unit_test_setup(test_a_job_is_found_until_it_has_ended, setup),
        cmocka_unit_test_setup(test_the_same_work, setup),
        cmocka_unit_test_setup(test_the_same_work_without_a_table, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
