// SPDX-License-Identifier: Apache-2.0
// Opens stores for tests.
#include "lib/store_fixture.h"

#include "base/alloc.h"
#include "lib/temp_folder.h"
#include "lib/test.h"

int kdb_test_store_mem_setup(void **state)
{
    struct kdb_test_store *test = kdb_alloc(sizeof(*test));
    kdb_ctx_init(&test->ctx, 0);
    assert_int_equal(kdb_store_mem_open(&test->ctx, &test->store), KDB_OK);
    *state = test;
    return 0;
}

struct kdb_rocksdb_options kdb_test_rocksdb_options(const char *folder)
{
    return (struct kdb_rocksdb_options){
        .path = folder,
        .block_cache_bytes = 1U << 20,
        .write_buffer_bytes = 1U << 20,
        .max_background_jobs = 2,
        .max_open_files = 64,
    };
}

static void open_rocksdb(struct kdb_test_store *test)
{
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(test->folder);
    kdb_status status = kdb_store_rocksdb_open(&options, &test->ctx, &test->store);
    if (status != KDB_OK)
        fail_msg("cannot open: %s", test->ctx.error.message);
}

int kdb_test_store_rocksdb_setup(void **state)
{
    struct kdb_test_store *test = kdb_alloc(sizeof(*test));
    kdb_ctx_init(&test->ctx, 0);
    test->folder = kdb_test_folder_create();
    open_rocksdb(test);
    *state = test;
    return 0;
}

int kdb_test_store_teardown(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_store_close(test->store);
    kdb_ctx_deinit(&test->ctx);
    kdb_test_folder_destroy(test->folder);
    kdb_free(test);
    return 0;
}

void kdb_test_store_reopen(struct kdb_test_store *test)
{
    if (!test->folder)
        return;
    kdb_store_close(test->store);
    test->store = NULL;
    open_rocksdb(test);
}

void kdb_test_put(struct kdb_test_store *test, kdb_slice key, kdb_slice value)
{
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, key, value);
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC), KDB_OK);
}

kdb_slice kdb_test_get(struct kdb_test_store *test, struct kdb_store_view *view, kdb_slice key)
{
    struct kdb_read_at at = {.view = view};
    kdb_slice value = {"unset", 5};
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, key, &value, NULL), KDB_OK);
    return value;
}
