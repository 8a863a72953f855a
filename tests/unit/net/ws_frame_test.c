// SPDX-License-Identifier: Apache-2.0
// WebSocket frames after the public Autobahn case list (the numbers in the comments), each case
// whole and cut into pieces.
#include "net/ws_frame.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/test.h"
#include "lib/ws_bytes.h"

static const struct kdb_ws_limits limits = {.message_bytes_max = 70000,
                                            .skipped_bytes_max = 200000};

static const char *const event_names[] = {
    [KDB_WS_MORE] = "more",           [KDB_WS_TEXT] = "text", [KDB_WS_BINARY] = "binary",
    [KDB_WS_PING] = "ping",           [KDB_WS_PONG] = "pong", [KDB_WS_CLOSE] = "close",
    [KDB_WS_TOO_LARGE] = "too large", [KDB_WS_BAD] = "bad",
};

// Writes an event down: `text(hello) `, `close 1000(bye) `, `bad 1002 `; long payloads as their
// length.
static void note(struct kdb_buf *out, enum kdb_ws_event event, const struct kdb_ws_item *item)
{
    kdb_buf_slice(out, kdb_slice_cstr(event_names[event]));
    if (item->code != 0)
        kdb_buf_printf(out, " %u", item->code);
    if (event == KDB_WS_BAD)
        assert_non_null(item->problem);
    else if (item->bytes.len > 200)
        kdb_buf_printf(out, "(%zu bytes)", item->bytes.len);
    else if (event != KDB_WS_TOO_LARGE)
        kdb_buf_printf(out, "(%.*s)", KDB_ARG(item->bytes));
    kdb_buf_put(out, ' ');
}

// Reads one piece, copied to memory of exactly its size; false when no more must be read.
static bool read_piece(struct kdb_ws_reader *reader, kdb_slice piece, struct kdb_buf *out)
{
    char *copy = malloc(piece.len);
    assert_non_null(copy);
    memcpy(copy, piece.data, piece.len);
    size_t at = 0;
    enum kdb_ws_event event = KDB_WS_MORE;
    while (at < piece.len && event != KDB_WS_BAD && event != KDB_WS_CLOSE) {
        size_t used;
        struct kdb_ws_item item;
        event = kdb_ws_reader_next(reader, copy + at, piece.len - at, &used, &item);
        at += used;
        assert_true(at <= piece.len);
        if (event == KDB_WS_MORE)
            assert_int_equal(at, piece.len);
        else
            note(out, event, &item);
    }
    free(copy);
    return event != KDB_WS_BAD && event != KDB_WS_CLOSE;
}

// Reads everything in pieces of `step`, the first of `first`.
static void read_all(kdb_slice bytes, size_t first, size_t step, struct kdb_buf *out)
{
    struct kdb_ws_reader reader;
    kdb_ws_reader_init(&reader, &limits);
    size_t len = first;
    bool goes_on = true;
    while (bytes.len > 0 && goes_on) {
        if (len > bytes.len)
            len = bytes.len;
        goes_on = read_piece(&reader, kdb_slice_of(bytes.data, len), out);
        bytes = kdb_slice_skip(bytes, len);
        len = step;
    }
    kdb_ws_reader_deinit(&reader);
}

// The events must be the expected ones however the bytes are cut. Empties `bytes`.
static void expect(struct kdb_buf *bytes, const char *events)
{
    struct kdb_buf out = {0};
    size_t step = bytes->len > 1000 ? bytes->len / 7 : 1;
    for (size_t first = 1; first < bytes->len + step; first += step) {
        size_t steps[] = {bytes->len, step};
        for (size_t i = 0; i < 2; i++) {
            kdb_buf_clear(&out);
            read_all(kdb_buf_view(bytes), first, steps[i], &out);
            assert_slice_equal(kdb_buf_view(&out), events);
        }
    }
    kdb_buf_deinit(&out);
    kdb_buf_clear(bytes);
}

static void put(struct kdb_buf *out, unsigned first, const char *payload)
{
    ws_put_frame(out, first, kdb_slice_cstr(payload));
}

static void put_run(struct kdb_buf *out, unsigned first, size_t len)
{
    struct kdb_buf payload = {0};
    for (size_t i = 0; i < len; i++)
        kdb_buf_put(&payload, '*');
    ws_put_frame(out, first, kdb_buf_view(&payload));
    kdb_buf_deinit(&payload);
}

// 1.1.*, 1.2.*: lengths at every border of the header's forms.
static void test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {201, 65535, 65536, 70000};
    struct kdb_buf bytes = {0};
    put(&bytes, 0x81, "");
    expect(&bytes, "text() ");
    for (size_t len = 125; len <= 128; len++) {
        char events[200];
        put_run(&bytes, 0x82, len);
        int size = snprintf(events, sizeof(events), "binary(%.*s) ", (int)len,
                            "********************************************************************"
                            "********************************************************************");
        assert_true(size > 0);
        expect(&bytes, events);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char events[64];
        (void)snprintf(events, sizeof(events), "text(%zu bytes) binary(%zu bytes) ", lengths[i],
                       lengths[i]);
        put_run(&bytes, 0x81, lengths[i]);
        put_run(&bytes, 0x82, lengths[i]);
        expect(&bytes, events);
    }
    kdb_buf_deinit(&bytes);
}

// 2.*: pings and pongs of all kinds.
static void test_pings(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    put(&bytes, 0x89, "");
    put(&bytes, 0x89, "Hello");
    ws_put_frame(&bytes, 0x89, KDB_LIT("\xfe\xff"));
    put_run(&bytes, 0x89, 125);
    put(&bytes, 0x8A, "unasked");
    expect(&bytes, "ping() ping(Hello) ping(\xfe\xff) "
                   "ping(**********************************************************************"
                   "*******************************************************) pong(unasked) ");
    put_run(&bytes, 0x89, 126);
    expect(&bytes, "bad 1002 ");
    for (int i = 0; i < 10; i++)
        put(&bytes, 0x89, "p");
    expect(&bytes,
           "ping(p) ping(p) ping(p) ping(p) ping(p) ping(p) ping(p) ping(p) ping(p) ping(p) ");
    kdb_buf_deinit(&bytes);
}

// 3.*, 4.*: reserved bits and opcodes, after good messages.
static void test_reserved(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    for (unsigned bits = 1; bits <= 7; bits++) {
        put(&bytes, 0x81, "good");
        put(&bytes, 0x81 | bits << 4, "bad");
        put(&bytes, 0x89, "not read");
        expect(&bytes, "text(good) bad 1002 ");
    }
    static const unsigned opcodes[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        put(&bytes, 0x81, "good");
        put(&bytes, 0x80 | opcodes[i], i % 2 == 0 ? "" : "with payload");
        expect(&bytes, "text(good) bad 1002 ");
    }
    kdb_buf_deinit(&bytes);
}

// 5.*: fragments, with control frames between them and in the wrong order.
static void test_fragments(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    put(&bytes, 0x09, "fragment"); // 5.1, 5.2
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x0A, "fragment");
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x08, "");
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x01, "frag"); // 5.3
    put(&bytes, 0x80, "ment");
    expect(&bytes, "text(fragment) ");
    put(&bytes, 0x02, "frag"); // 5.6
    put(&bytes, 0x89, "ping");
    put(&bytes, 0x00, "men");
    put(&bytes, 0x8A, "pong");
    put(&bytes, 0x80, "t");
    put(&bytes, 0x81, "next");
    expect(&bytes, "ping(ping) pong(pong) binary(fragment) text(next) ");
    put(&bytes, 0x80, "nothing"); // 5.9 to 5.14
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x00, "");
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x01, "a"); // 5.15
    put(&bytes, 0x80, "b");
    put(&bytes, 0x00, "c");
    expect(&bytes, "text(ab) bad 1002 ");
    put(&bytes, 0x01, "a"); // 5.18
    put(&bytes, 0x81, "b");
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x01, ""); // 6.1.2, 6.1.3
    put(&bytes, 0x00, "");
    put(&bytes, 0x00, "middle");
    put(&bytes, 0x80, "");
    put(&bytes, 0x02, "");
    put(&bytes, 0x80, "");
    expect(&bytes, "text(middle) binary() ");
    kdb_buf_deinit(&bytes);
}

// 6.*: text that is and is not UTF-8, also cut inside of characters.
static void test_text(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80 edited", // 6.3.1
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xf7\xbf\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\x80",
        "\xbf",
        "\x80\xbf",
        "\xc0 \xc1 ",
        "\xe0 \xef ",
        "\xce",
        "\xe1\xbd",
        "\xf0\x90\x80",
        "\xfe",
        "\xff",
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xf0\x80\x80\xaf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80",
    };
    static const char good[] =
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"
        "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xef\xbf\xbe\xed\x9f\xbf";
    char events[128];
    (void)snprintf(events, sizeof(events), "text(%s) text(%s) ", good, good);
    struct kdb_buf bytes = {0};
    put(&bytes, 0x81, good);
    for (size_t i = 0; i < sizeof(good) - 1; i++) // a frame for each byte: 6.2.3
        ws_put_frame(&bytes, i == 0 ? 0x01 : 0x00, kdb_slice_of(good + i, 1));
    put(&bytes, 0x80, "");
    expect(&bytes, events);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put(&bytes, 0x81, bad[i]);
        expect(&bytes, "bad 1007 ");
        put(&bytes, 0x01, bad[i]);
        put(&bytes, 0x80, "");
        expect(&bytes, "bad 1007 ");
        put(&bytes, 0x82, bad[i]); // binary may hold anything
        put(&bytes, 0x88, "");
        (void)snprintf(events, sizeof(events), "binary(%s) close 1005() ", bad[i]);
        expect(&bytes, events);
    }
    // 6.4.*: noticed before the message is whole.
    put(&bytes, 0x01, "\xce\xba\xf4\x90");
    expect(&bytes, "bad 1007 ");
    // The state of one text does not reach into the next.
    put(&bytes, 0x01, "\xce");
    put(&bytes, 0x80, "\xba");
    put(&bytes, 0x81, "next");
    expect(&bytes, "text(\xce\xba) text(next) ");
    kdb_buf_deinit(&bytes);
}

// 7.*: close frames.
static void test_close(void **state)
{
    (void)state;
    static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                    1011, 1012, 1014, 3000, 3999, 4000, 4999};
    static const unsigned bad[] = {0,    999,  1004, 1005, 1006, 1015,
                                   1016, 1100, 2000, 2999, 5000, 65535};
    struct kdb_buf bytes = {0};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char events[64];
        (void)snprintf(events, sizeof(events), "text(last) close %u(bye) ", good[i]);
        put(&bytes, 0x81, "last");
        ws_put_close(&bytes, good[i], "bye");
        put(&bytes, 0x81, "not read"); // 7.1.3
        expect(&bytes, events);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ws_put_close(&bytes, bad[i], "");
        expect(&bytes, "bad 1002 ");
    }
    put(&bytes, 0x88, ""); // 7.3.1
    expect(&bytes, "close 1005() ");
    put(&bytes, 0x88, "x"); // 7.3.2
    expect(&bytes, "bad 1002 ");
    ws_put_close(&bytes, 1000, "\xce\xba\xed\xa0\x80"); // 7.5.1
    expect(&bytes, "bad 1007 ");
    put_run(&bytes, 0x88, 126); // 7.3.6
    expect(&bytes, "bad 1002 ");
    put(&bytes, 0x01, "in the middle of a message"); // 7.1.5
    ws_put_close(&bytes, 1000, "");
    expect(&bytes, "close 1000() ");
    kdb_buf_deinit(&bytes);
}

static void test_headers_that_lie(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    KDB_BUF_LIT(&bytes, "\x81\x05hello"); // not masked
    expect(&bytes, "bad 1002 ");
    KDB_BUF_LIT(&bytes, "\x82\xfe\x00\x7d"
                        "mask"); // 125 in two bytes
    expect(&bytes, "bad 1002 ");
    KDB_BUF_LIT(&bytes, "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff"
                        "mask"); // 65535 in eight
    expect(&bytes, "bad 1002 ");
    KDB_BUF_LIT(&bytes, "\x82\xff\x80\x00\x00\x00\x00\x01\x00\x00"
                        "mask"); // negative
    expect(&bytes, "bad 1002 ");
    KDB_BUF_LIT(&bytes, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                        "mask"); // announced only
    expect(&bytes, "bad 1009 ");
    kdb_buf_deinit(&bytes);
}

// 9.* in small: messages around the bounds, in one frame and in many.
static void test_sizes(void **state)
{
    (void)state;
    struct kdb_buf bytes = {0};
    put_run(&bytes, 0x82, 70001);
    put(&bytes, 0x81, "next");
    expect(&bytes, "too large text(next) ");
    put_run(&bytes, 0x01, 40000);
    put(&bytes, 0x89, "between");
    put_run(&bytes, 0x00, 40000);
    put(&bytes, 0x89, "between");
    put_run(&bytes, 0x80, 40000);
    put(&bytes, 0x81, "next");
    expect(&bytes, "ping(between) too large ping(between) text(next) ");
    put_run(&bytes, 0x02, 150000);
    put_run(&bytes, 0x00, 50001);
    expect(&bytes, "too large bad 1009 ");
    for (int i = 0; i < 700; i++)
        put_run(&bytes, i == 0 ? 0x01 : i < 699 ? 0x00 : 0x80, 100);
    expect(&bytes, "text(70000 bytes) ");
    kdb_buf_deinit(&bytes);
}

// Between two messages a reader holds nothing.
static void test_memory(void **state)
{
    (void)state;
    struct kdb_ws_reader reader;
    struct kdb_buf bytes = {0};
    struct kdb_buf out = {0};
    kdb_ws_reader_init(&reader, &limits);
    put_run(&bytes, 0x01, 1000);
    put_run(&bytes, 0x80, 1000);
    assert_true(read_piece(&reader, kdb_buf_view(&bytes), &out));
    kdb_buf_clear(&bytes);
    put(&bytes, 0x89, "x");
    assert_true(read_piece(&reader, kdb_slice_of(bytes.data, 3), &out));
    assert_int_equal(reader.message.capacity, 0);
    assert_true(read_piece(&reader, kdb_slice_skip(kdb_buf_view(&bytes), 3), &out));
    assert_int_equal(reader.control.capacity, 0);
    assert_slice_equal(kdb_buf_view(&out), "text(2000 bytes) ping(x) ");
    kdb_ws_reader_deinit(&reader);
    kdb_buf_deinit(&bytes);
    kdb_buf_deinit(&out);
}

static void test_written_headers(void **state)
{
    (void)state;
    static const struct {
        uint64_t len;
        kdb_slice header;
    } cases[] = {
        {0, KDB_LIT_INIT("\x81\x00")},
        {125, KDB_LIT_INIT("\x81\x7d")},
        {126, KDB_LIT_INIT("\x81\x7e\x00\x7e")},
        {65535, KDB_LIT_INIT("\x81\x7e\xff\xff")},
        {65536, KDB_LIT_INIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char header[KDB_WS_HEADER_BYTES_MAX];
        size_t size = kdb_ws_write_header(header, KDB_WS_OP_TEXT, cases[i].len);
        assert_true(kdb_slice_equal(kdb_slice_of(header, size), cases[i].header));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_pings),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_headers_that_lie),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_written_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
