// SPDX-License-Identifier: Apache-2.0
// The registry of partitions: one object per key, counters, who is forgotten and what a drop
// leaves.
#include "txn/partition.h"

#include <pthread.h>
#include <stdio.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "txn/layout.h"

// What the registry keeps in memory before it forgets idle partitions.
#define KEPT 65536

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    struct kdb_partition_registry *registry;
};

static int unreferenced_manifests;

static void manifest_unref(struct kdb_manifest *manifest)
{
    (void)manifest;
    unreferenced_manifests++;
}

static int setup(void **state)
{
    static const struct kdb_partition_hooks hooks = {manifest_unref};
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    assert_int_equal(kdb_store_mem_open(&f->ctx, &f->store), KDB_OK);
    f->registry = kdb_partition_registry_create(f->store, &hooks);
    unreferenced_manifests = 0;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_partition_registry_destroy(f->registry);
    kdb_store_close(f->store);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static struct kdb_partition *open_of(struct fixture *f, uint32_t table_id, kdb_slice user)
{
    struct kdb_partition *partition = NULL;
    assert_int_equal(
        kdb_partition_open(f->registry, &f->ctx, table_id, user, KDB_READ_ANY, &partition), KDB_OK);
    assert_non_null(partition);
    return partition;
}

static void store_counters(struct fixture *f, uint32_t table_id, kdb_slice user, int64_t hot_rows)
{
    const struct kdb_partition_counters counters = {hot_rows, hot_rows + 5, 111, 222};
    struct kdb_buf key = {0};
    struct kdb_buf value = {0};
    kdb_buf_put(&key, KDB_META_COUNTERS);
    kdb_layout_prefix(&key, table_id, user);
    kdb_partition_counters_write(&counters, &value);
    struct kdb_store_batch *batch = kdb_store_batch_open(f->store);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&value));
    assert_int_equal(kdb_store_commit(f->store, &f->ctx, batch, KDB_COMMIT_SYNC), KDB_OK);
    kdb_store_batch_close(batch);
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&value);
}

static void test_the_same_key_is_the_same_object(void **state)
{
    struct fixture *f = *state;
    struct kdb_partition *ann = open_of(f, 7, KDB_LIT("ann"));
    struct kdb_partition *again = open_of(f, 7, KDB_LIT("ann"));
    struct kdb_partition *other_user = open_of(f, 7, KDB_LIT("bob"));
    struct kdb_partition *other_table = open_of(f, 8, KDB_LIT("ann"));
    struct kdb_partition *shared = open_of(f, 7, KDB_LIT(""));
    assert_ptr_equal(ann, again);
    assert_ptr_not_equal(ann, other_user);
    assert_ptr_not_equal(ann, other_table);
    assert_ptr_not_equal(ann, shared);
    assert_int_equal(kdb_partition_count(f->registry), 4);
    assert_slice_equal(ann->user, "ann");
    assert_int_equal(ann->table_id, 7);
    struct kdb_partition *all[] = {ann, again, other_user, other_table, shared};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        kdb_partition_unref(all[i]);
    // Nobody holds it, but it is remembered.
    again = open_of(f, 7, KDB_LIT("ann"));
    assert_ptr_equal(ann, again);
    kdb_partition_unref(again);
}

// The rows of one partition are exactly the keys that begin with its prefix.
static void test_no_prefix_begins_another(void **state)
{
    struct fixture *f = *state;
    static const kdb_slice users[] = {
        KDB_LIT_INIT("a"),      KDB_LIT_INIT("a:b"), KDB_LIT_INIT("ab"),    KDB_LIT_INIT(""),
        KDB_LIT_INIT("a\0b"),   KDB_LIT_INIT("a\0"), KDB_LIT_INIT("a\xff"), KDB_LIT_INIT("a/b"),
        KDB_LIT_INIT("shared"), KDB_LIT_INIT("A")};
    enum { COUNT = sizeof(users) / sizeof(users[0]) };
    struct kdb_partition *partitions[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        partitions[i] = open_of(f, 7, users[i]);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            if (i != j)
                assert_false(kdb_slice_has_prefix(partitions[i]->prefix, partitions[j]->prefix));
        }
    }
    for (size_t i = 0; i < COUNT; i++)
        kdb_partition_unref(partitions[i]);
}

static void test_counters_are_read_at_first_use(void **state)
{
    struct fixture *f = *state;
    store_counters(f, 7, KDB_LIT("ann"), 3);
    struct kdb_partition *ann = open_of(f, 7, KDB_LIT("ann"));
    assert_int_equal(atomic_load(&ann->hot_rows), 3);
    assert_int_equal(atomic_load(&ann->live_rows), 8);
    assert_int_equal(atomic_load(&ann->oldest_hot_ms), 111);
    assert_int_equal(atomic_load(&ann->last_flush_ms), 222);
    struct kdb_partition *bob = open_of(f, 7, KDB_LIT("bob"));
    assert_int_equal(atomic_load(&bob->hot_rows), 0);
    kdb_partition_unref(ann);
    kdb_partition_unref(bob);
}

static void test_damaged_counters_are_refused(void **state)
{
    struct fixture *f = *state;
    struct kdb_partition_counters counters;
    assert_int_equal(kdb_partition_counters_read(KDB_LIT(""), &f->ctx, &counters), KDB_ERR_CORRUPT);
    kdb_ctx_clear_error(&f->ctx);
    char bytes[33] = {2}; // a format of the future
    assert_int_equal(
        kdb_partition_counters_read(kdb_slice_of(bytes, sizeof(bytes)), &f->ctx, &counters),
        KDB_ERR_CORRUPT);
    kdb_ctx_clear_error(&f->ctx);
    bytes[0] = 1;
    assert_int_equal(
        kdb_partition_counters_read(kdb_slice_of(bytes, sizeof(bytes)), &f->ctx, &counters),
        KDB_OK);
    assert_int_equal(
        kdb_partition_counters_read(kdb_slice_of(bytes, sizeof(bytes) - 1), &f->ctx, &counters),
        KDB_ERR_CORRUPT);
}

static void open_many(struct fixture *f, uint32_t table_id, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char user[16];
        int len = snprintf(user, sizeof(user), "u%u", i);
        kdb_partition_unref(open_of(f, table_id, kdb_slice_of(user, (size_t)len)));
        if (i % 1024 == 0)
            kdb_ctx_reset(&f->ctx);
    }
}

static void test_idle_partitions_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct kdb_partition *held = open_of(f, 7, KDB_LIT("held"));
    store_counters(f, 7, KDB_LIT("waiting"), 1);
    struct kdb_partition *waiting = open_of(f, 7, KDB_LIT("waiting"));
    atomic_store(&waiting->flush_interval_seconds, 60);
    kdb_partition_unref(waiting);
    uint64_t before = atomic_load(&held->version);
    open_many(f, 8, KEPT + 2000);
    assert_true(kdb_partition_count(f->registry) <= KEPT + 1);
    // Whoever is in use or waits for its flush stays.
    struct kdb_partition *again = open_of(f, 7, KDB_LIT("held"));
    assert_ptr_equal(again, held);
    kdb_partition_unref(again);
    again = open_of(f, 7, KDB_LIT("waiting"));
    assert_int_equal(atomic_load(&again->flush_interval_seconds), 60);
    kdb_partition_unref(again);
    kdb_partition_unref(held);
    // An object made again does not begin with a version that one before it had. The sweep has gone
    // once round the table after (e - 1) x KEPT opens: it also meets objects made ahead of it.
    open_many(f, 9, 2 * KEPT);
    again = open_of(f, 7, KDB_LIT("held"));
    assert_true(atomic_load(&again->version) > before);
    kdb_partition_unref(again);
}

struct seen {
    size_t count;
    uint32_t table_id;
    char users[256];
};

static bool note_stored(void *arg, uint32_t table_id, kdb_slice user,
                        const struct kdb_partition_counters *counters)
{
    struct seen *seen = arg;
    assert_true(seen->table_id == 0 || seen->table_id == table_id);
    assert_int_equal(counters->live_rows, counters->hot_rows + 5);
    size_t at = strlen(seen->users);
    (void)snprintf(seen->users + at, sizeof(seen->users) - at, "%u:%.*s=%lld ", table_id,
                   KDB_ARG(user), (long long)counters->hot_rows);
    seen->count++;
    return seen->count < 4;
}

static void test_stored_counters_are_walked_by_table(void **state)
{
    struct fixture *f = *state;
    store_counters(f, 7, KDB_LIT("a:b"), 2);
    store_counters(f, 7, KDB_LIT("a"), 1);
    store_counters(f, 8, KDB_LIT("a"), 3);
    store_counters(f, 6, KDB_LIT(""), 4);
    store_counters(f, 0x1000, KDB_LIT("z"), 9);
    struct seen seen = {.table_id = 7};
    assert_int_equal(kdb_partition_scan_stored(f->store, &f->ctx, 7, note_stored, &seen), KDB_OK);
    assert_string_equal(seen.users, "7:a=1 7:a:b=2 ");
    seen = (struct seen){.table_id = 5};
    assert_int_equal(kdb_partition_scan_stored(f->store, &f->ctx, 5, note_stored, &seen), KDB_OK);
    assert_int_equal(seen.count, 0);
    // Every table, until the visitor has enough.
    seen = (struct seen){0};
    assert_int_equal(kdb_partition_scan_stored(f->store, &f->ctx, 0, note_stored, &seen), KDB_OK);
    assert_string_equal(seen.users, "6:=4 7:a=1 7:a:b=2 8:a=3 ");
}

static bool count_visit(void *arg, struct kdb_partition *partition)
{
    size_t *left = arg;
    assert_int_equal(partition->table_id, 7);
    return --*left > 0;
}

static void test_each_visits_until_it_is_told_to_stop(void **state)
{
    struct fixture *f = *state;
    size_t left = 10;
    kdb_partition_each(f->registry, count_visit, &left);
    assert_int_equal(left, 10);
    open_many(f, 7, 5);
    kdb_partition_each(f->registry, count_visit, &left);
    assert_int_equal(left, 5);
    left = 2;
    kdb_partition_each(f->registry, count_visit, &left);
    assert_int_equal(left, 0);
}

static void test_a_drop_takes_one_table(void **state)
{
    struct fixture *f = *state;
    struct kdb_partition *held = open_of(f, 7, KDB_LIT("ann"));
    // A manifest of its own, to see it released.
    held->manifest = (struct kdb_manifest *)(void *)f;
    kdb_partition_unref(open_of(f, 7, KDB_LIT("bob")));
    struct kdb_partition *other = open_of(f, 8, KDB_LIT("ann"));
    kdb_partition_drop_table(f->registry, 7);
    assert_true(atomic_load(&held->is_dropped));
    assert_false(atomic_load(&other->is_dropped));
    assert_int_equal(kdb_partition_count(f->registry), 1);
    assert_int_equal(unreferenced_manifests, 0);
    kdb_partition_unref(held);
    assert_int_equal(unreferenced_manifests, 1);
    // One that is opened late is dropped from the start and not kept.
    struct kdb_partition *late = open_of(f, 7, KDB_LIT("ann"));
    assert_true(atomic_load(&late->is_dropped));
    assert_int_equal(kdb_partition_count(f->registry), 1);
    kdb_partition_unref(late);
    kdb_partition_unref(other);
    kdb_partition_drop_table(f->registry, 1000000); // nobody knows it
}

// ---- many threads, one key ----

struct opener {
    struct fixture *f;
    struct kdb_partition *opened;
};

static void *open_often(void *arg)
{
    struct opener *opener = arg;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (int i = 0; i < 200; i++) {
        struct kdb_partition *partition = NULL;
        if (kdb_partition_open(opener->f->registry, &ctx, 7, KDB_LIT("ann"), KDB_READ_ANY,
                               &partition) != KDB_OK)
            break;
        kdb_partition_unref(opener->opened);
        opener->opened = partition;
    }
    kdb_ctx_deinit(&ctx);
    return NULL;
}

static void test_threads_get_one_object(void **state)
{
    enum { THREADS = 4 };
    struct fixture *f = *state;
    store_counters(f, 7, KDB_LIT("ann"), 3);
    struct opener openers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        openers[i] = (struct opener){.f = f};
        assert_int_equal(pthread_create(&threads[i], NULL, open_often, &openers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_ptr_equal(openers[i].opened, openers[0].opened);
        assert_int_equal(atomic_load(&openers[i].opened->hot_rows), 3);
    }
    for (int i = 0; i < THREADS; i++)
        kdb_partition_unref(openers[i].opened);
    assert_int_equal(kdb_partition_count(f->registry), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_key_is_the_same_object, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_prefix_begins_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters_are_read_at_first_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_counters_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_idle_partitions_are_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stored_counters_are_walked_by_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_visits_until_it_is_told_to_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_drop_takes_one_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads_get_one_object, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
