// SPDX-License-Identifier: Apache-2.0
// Frames: what is sent, what is read however it is cut, and what no server may send.
#include "client/frame_priv.h"

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

#define BYTES_MAX ((size_t)100000)

struct fixture {
    struct kdb_ctx ctx;
    struct client_frame_reader reader;
};

static int set_up(void **state)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    fixture->reader.bytes_max = BYTES_MAX;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    client_frame_reader_deinit(&fixture->reader);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

// A frame as a server sends it; `first` is its first byte.
static void put_frame(struct kdb_buf *out, unsigned first, kdb_slice payload)
{
    size_t size = payload.len < 126 ? 0 : payload.len <= UINT16_MAX ? 2 : 8;
    kdb_buf_put(out, (char)first);
    kdb_buf_put(out, (char)(size == 0 ? payload.len : size == 2 ? 126 : 127));
    for (size_t i = size; i-- > 0;)
        kdb_buf_put(out, (char)(payload.len >> (8 * i)));
    kdb_buf_slice(out, payload);
}

static void test_what_is_sent_is_masked(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {0x37, 0xFA, 0x21, 0x3D};
    struct kdb_buf out = {0};
    client_frame_write(&out, CLIENT_OP_TEXT, KDB_LIT("Hello"), mask);
    // The example of RFC 6455, section 5.7.
    assert_slice_equal(kdb_buf_view(&out), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    static const struct {
        size_t size;
        size_t header;
        uint8_t length;
    } cases[] = {{0, 2, 0x80}, {125, 2, 0xFD}, {126, 4, 0xFE}, {65535, 4, 0xFE}, {65536, 10, 0xFF}};
    char *payload = kdb_alloc(65536);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kdb_buf_clear(&out);
        client_frame_write(&out, CLIENT_OP_BINARY, kdb_slice_of(payload, cases[i].size), mask);
        assert_int_equal(out.len, cases[i].header + 4 + cases[i].size);
        assert_int_equal((uint8_t)out.data[0], 0x82);
        assert_int_equal((uint8_t)out.data[1], cases[i].length);
    }
    kdb_free(payload);
    kdb_buf_deinit(&out);
}

// Feeds pieces of random sizes and notes what comes as "<opcode> <payload size> <last byte>;".
static void read_in_pieces(struct fixture *fixture, kdb_slice bytes, uint64_t *seed,
                           struct kdb_buf *seen)
{
    while (bytes.len > 0) {
        size_t count = 1 + (size_t)(kdb_random_next(seed) % 3000);
        count = count < bytes.len ? count : bytes.len;
        client_frame_feed(&fixture->reader, kdb_slice_of(bytes.data, count));
        bytes = kdb_slice_skip(bytes, count);
        for (;;) {
            struct client_frame frame;
            assert_int_equal(client_frame_next(&fixture->reader, &fixture->ctx, &frame), KDB_OK);
            if (!frame.is_there)
                break;
            kdb_slice payload = frame.payload;
            kdb_buf_printf(seen, "%d %zu %c;", (int)frame.opcode, payload.len,
                           payload.len > 0 ? payload.data[payload.len - 1] : '-');
        }
    }
}

static void test_messages_come_whole_however_they_are_cut(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_buf bytes = {0};
    struct kdb_buf seen = {0};
    char *long_text = kdb_alloc(70000);
    memset(long_text, 'x', 70000);
    put_frame(&bytes, 0x81, KDB_LIT("a"));
    put_frame(&bytes, 0x81, kdb_slice_of(long_text, 300));
    put_frame(&bytes, 0x81, kdb_slice_of(long_text, 70000));
    put_frame(&bytes, 0x01, KDB_LIT("one"));
    put_frame(&bytes, 0x89, KDB_LIT("ping"));
    put_frame(&bytes, 0x00, KDB_LIT("two"));
    put_frame(&bytes, 0x80, KDB_LIT("end"));
    put_frame(&bytes, 0x82, KDB_LIT(""));
    put_frame(&bytes, 0x8A, KDB_LIT(""));
    put_frame(&bytes, 0x88, KDB_LIT("\x03\xe8q"));
    uint64_t seed = 7;
    for (int round = 0; round < 50; round++) {
        kdb_buf_clear(&seen);
        read_in_pieces(fixture, kdb_buf_view(&bytes), &seed, &seen);
        assert_slice_equal(kdb_buf_view(&seen),
                           "1 1 a;1 300 x;1 70000 x;9 4 g;1 9 d;2 0 -;10 0 -;8 3 q;");
    }
    kdb_free(long_text);
    kdb_buf_deinit(&bytes);
    kdb_buf_deinit(&seen);
}

static void test_what_no_server_may_send(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        kdb_slice bytes;
        kdb_status status;
    } cases[] = {
        {KDB_LIT_INIT("\x81\x81\x01\x02\x03\x04y"), KDB_ERR_CORRUPT}, // masked
        {KDB_LIT_INIT("\xC1\x01y"), KDB_ERR_CORRUPT},                 // compressed
        {KDB_LIT_INIT("\x83\x01y"), KDB_ERR_CORRUPT},                 // unknown kinds
        {KDB_LIT_INIT("\x8B\x01y"), KDB_ERR_CORRUPT},
        {KDB_LIT_INIT("\x80\x01y"), KDB_ERR_CORRUPT},          // the end of nothing
        {KDB_LIT_INIT("\x01\x01y\x81\x01y"), KDB_ERR_CORRUPT}, // a message inside another
        {KDB_LIT_INIT("\x09\x01y"), KDB_ERR_CORRUPT},          // a ping in pieces
        {KDB_LIT_INIT("\x89\x7E\x01\x00"), KDB_ERR_CORRUPT},   // and a long one
        {KDB_LIT_INIT("\x81\x7F\0\0\0\0\0\x01\x86\xA1"), KDB_ERR_LIMIT_EXCEEDED},
        {KDB_LIT_INIT("\x81\x7F\xff\xff\xff\xff\xff\xff\xff\xff"), KDB_ERR_LIMIT_EXCEEDED},
        {KDB_LIT_INIT("\x01\x01y\x80\x7F\0\0\0\0\0\x01\x86\xA0"), KDB_ERR_LIMIT_EXCEEDED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client_frame_reader reader = {.bytes_max = BYTES_MAX};
        struct client_frame frame;
        client_frame_feed(&reader, cases[i].bytes);
        kdb_ctx_clear_error(&fixture->ctx);
        if (client_frame_next(&reader, &fixture->ctx, &frame) != cases[i].status)
            fail_msg("case %zu", i);
        client_frame_reader_deinit(&reader);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent_is_masked),
        TEST(test_messages_come_whole_however_they_are_cut),
        TEST(test_what_no_server_may_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
