// SPDX-License-Identifier: Apache-2.0
// Tests of what the figures of live queries rest on: which frames, messages and rows are counted.
#include "lib/test.h"

#include "live/message.h"
#include "net/ws_frame.h"

static void test_frames_are_whole_or_none(void **state)
{
    (void)state;
    static char bytes[70000 + KDB_WS_HEADER_BYTES_MAX];
    const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 70000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t size = kdb_ws_write_header(bytes, KDB_WS_OP_TEXT, sizes[i]) + sizes[i];
        struct message_frame frame;
        for (size_t len = 0; len < size; len += len < 12 ? 1 : 997)
            assert_false(message_frame_read(kdb_slice_of(bytes, len), &frame));
        assert_true(message_frame_read(kdb_slice_of(bytes, sizeof(bytes)), &frame));
        assert_int_equal(frame.opcode, KDB_WS_OP_TEXT);
        assert_int_equal(frame.payload.len, sizes[i]);
        assert_int_equal(frame.size, size);
    }
}

static void test_heads(void **state)
{
    (void)state;
    struct message_head head;
    assert_true(message_head_read(KDB_LIT("{\"type\":\"change\",\"subscription_id\":\"s41\","
                                          "\"change_type\":\"insert\",\"rows\":[]}"),
                                  &head));
    assert_int_equal(head.kind, MESSAGE_CHANGE);
    assert_int_equal(head.subscription, 41);
    assert_false(head.is_ready);
    assert_true(
        message_head_read(KDB_LIT("{\"type\":\"initial_data_batch\",\"subscription_id\":\"s0\","
                                  "\"rows\":[],\"batch_control\":{\"status\":\"ready\"}}"),
                          &head));
    assert_int_equal(head.kind, MESSAGE_BATCH);
    assert_true(head.is_ready);
    assert_true(message_head_read(KDB_LIT("{\"type\":\"subscription_ack\",\"subscription_id\":"
                                          "\"s7\",\"batch_control\":{\"status\":\"loading\"}}"),
                                  &head));
    assert_int_equal(head.kind, MESSAGE_ACK);
    assert_false(head.is_ready);
    assert_true(
        message_head_read(KDB_LIT("{\"type\":\"error\",\"subscription_id\":\"s7\"}"), &head));
    assert_int_equal(head.kind, MESSAGE_OTHER);
    assert_false(message_head_read(KDB_LIT("{\"type\":\"error\",\"message\":\"no\"}"), &head));
}

static void test_every_row_is_found_once(void **state)
{
    (void)state;
    kdb_slice rows = KDB_LIT("\"change_type\":\"insert\",\"rows\":[{\"id\":\"7\",\"body\":\"a\","
                             "\"_seq\":\"100\"},{\"id\":\"8\",\"body\":null,\"_seq\":\"101\"}]}");
    int64_t id;
    int64_t seq;
    assert_true(message_next_row(&rows, &id, &seq));
    assert_int_equal(id, 7);
    assert_int_equal(seq, 100);
    assert_true(message_next_row(&rows, &id, &seq));
    assert_int_equal(id, 8);
    assert_int_equal(seq, 101);
    assert_false(message_next_row(&rows, &id, &seq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_are_whole_or_none),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_every_row_is_found_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
