// SPDX-License-Identifier: Apache-2.0
// Events: their bytes are their own, and last as long as somebody holds them.
#include "live/event.h"

#include "lib/test.h"

static void test_bytes_are_copied_and_counted(void **state)
{
    (void)state;
    char body[] = "\"rows\":[]}";
    struct kdb_live_event *event =
        kdb_live_event_create(KDB_LIVE_UPDATE, 3, 42, kdb_slice_cstr(body));
    body[1] = 'X';
    assert_ptr_equal(kdb_live_event_ref(event), event);
    struct kdb_shared_bytes *bytes = kdb_shared_bytes_ref(event->body);
    kdb_live_event_unref(event);
    assert_int_equal(event->kind, KDB_LIVE_UPDATE);
    assert_int_equal(event->row_count, 3);
    assert_int_equal(event->seq, 42);
    assert_null(event->packed);
    event->packed = kdb_shared_bytes_create(KDB_LIT("packed"));
    kdb_live_event_unref(event);
    assert_slice_equal(kdb_shared_bytes_view(bytes), "\"rows\":[]}"); // a frame still has them
    kdb_shared_bytes_unref(bytes);
    kdb_live_event_unref(NULL);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(kdb_live_kind_name(KDB_LIVE_INSERT), "insert");
    assert_string_equal(kdb_live_kind_name(KDB_LIVE_UPDATE), "update");
    assert_string_equal(kdb_live_kind_name(KDB_LIVE_DELETE), "delete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_copied_and_counted),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
