// SPDX-License-Identifier: Apache-2.0
// Shared bytes: copied and taken over, freed by the last owner (the sanitizer sees a leak or a use
// after it).
#include "base/shared_bytes.h"

#include <pthread.h>

#include "lib/test.h"

static void test_copy_and_take(void **state)
{
    (void)state;
    char text[] = "copied";
    struct kdb_shared_bytes *copy = kdb_shared_bytes_create(kdb_slice_cstr(text));
    text[0] = '!';
    assert_slice_equal(kdb_shared_bytes_view(copy), "copied");
    struct kdb_buf buf = {.limit = 100};
    KDB_BUF_LIT(&buf, "taken");
    struct kdb_shared_bytes *taken = kdb_shared_bytes_take(&buf);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.limit, 100);
    KDB_BUF_LIT(&buf, "other");
    assert_slice_equal(kdb_shared_bytes_view(taken), "taken");
    struct kdb_shared_bytes *empty = kdb_shared_bytes_create((kdb_slice){0});
    assert_int_equal(kdb_shared_bytes_view(empty).len, 0);
    assert_ptr_equal(kdb_shared_bytes_ref(copy), copy);
    kdb_shared_bytes_unref(copy);
    assert_slice_equal(kdb_shared_bytes_view(copy), "copied");
    kdb_shared_bytes_unref(copy);
    kdb_shared_bytes_unref(taken);
    kdb_shared_bytes_unref(empty);
    kdb_shared_bytes_unref(NULL);
    kdb_buf_deinit(&buf);
}

static void *own_for_a_while(void *arg)
{
    struct kdb_shared_bytes *shared = arg;
    for (int i = 0; i < 10000; i++)
        kdb_shared_bytes_unref(kdb_shared_bytes_ref(shared));
    assert_slice_equal(kdb_shared_bytes_view(shared), "of all");
    kdb_shared_bytes_unref(shared);
    return NULL;
}

static void test_owners_on_many_threads(void **state)
{
    (void)state;
    struct kdb_shared_bytes *shared = kdb_shared_bytes_create(KDB_LIT("of all"));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, own_for_a_while, kdb_shared_bytes_ref(shared)), 0);
    kdb_shared_bytes_unref(shared);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_and_take),
        cmocka_unit_test(test_owners_on_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
