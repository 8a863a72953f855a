// SPDX-License-Identifier: Apache-2.0
// HTTP answers: every form of body, cut at every place, and everything that is no answer.
#include "client/response_priv.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/random.h"
#include "lib/test.h"

#define BODY_LIMIT ((size_t)1000)

struct fixture {
    struct kdb_ctx ctx;
    struct client_response response;
};

static int set_up(void **state)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    fixture->response.body.limit = BODY_LIMIT;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    client_response_deinit(&fixture->response);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

// Feeds a copy of exactly these bytes, so that a read behind them is seen.
static kdb_status feed(struct fixture *fixture, const char *bytes, size_t len, size_t *ret_used)
{
    char *copy = kdb_alloc(len);
    memcpy(copy, bytes, len);
    kdb_status status =
        client_response_feed(&fixture->response, &fixture->ctx, kdb_slice_of(copy, len), ret_used);
    kdb_free(copy);
    return status;
}

static void start(struct fixture *fixture)
{
    kdb_ctx_clear_error(&fixture->ctx);
    client_response_reset(&fixture->response);
}

// The answer in pieces of `piece` bytes; returns how many bytes were taken.
static size_t feed_in_pieces(struct fixture *fixture, const char *text, size_t piece)
{
    size_t len = strlen(text);
    size_t taken = 0;
    start(fixture);
    while (taken < len && fixture->response.part != CLIENT_PART_COMPLETE) {
        size_t count = len - taken < piece ? len - taken : piece;
        size_t used = 0;
        if (feed(fixture, text + taken, count, &used) != KDB_OK)
            fail_msg("%s at %zu: %s", text, taken, fixture->ctx.error.message);
        taken += used;
        if (fixture->response.part != CLIENT_PART_COMPLETE)
            assert_int_equal(used, count);
    }
    return taken;
}

// Reads the answer whole, in pieces of every size, and cut once at every place.
static void expect(struct fixture *fixture, const char *text, int status, const char *body)
{
    size_t len = strlen(text);
    for (size_t piece = 1; piece <= len; piece++) {
        assert_int_equal(feed_in_pieces(fixture, text, piece), len);
        assert_int_equal(client_response_end(&fixture->response, &fixture->ctx), KDB_OK);
        assert_int_equal(fixture->response.status, status);
        assert_slice_equal(kdb_buf_view(&fixture->response.body), body);
    }
    for (size_t cut = 0; cut <= len; cut++) {
        size_t used = 0;
        start(fixture);
        assert_int_equal(feed(fixture, text, cut, &used), KDB_OK);
        assert_int_equal(used, cut);
        assert_int_equal(feed(fixture, text + cut, len - cut, &used), KDB_OK);
        assert_int_equal(client_response_end(&fixture->response, &fixture->ctx), KDB_OK);
        assert_slice_equal(kdb_buf_view(&fixture->response.body), body);
    }
}

// Refused whole and byte by byte, with the same words.
static void expect_refused(struct fixture *fixture, const char *text, kdb_status wanted,
                           const char *why)
{
    size_t used = 0;
    start(fixture);
    kdb_status status = feed(fixture, text, strlen(text), &used);
    if (status != wanted || !strstr(fixture->ctx.error.message, why))
        fail_msg("%s: %d \"%s\" is not \"%s\"", text, (int)status, fixture->ctx.error.message, why);
    start(fixture);
    status = KDB_OK;
    for (size_t i = 0; status == KDB_OK && text[i]; i++)
        status = feed(fixture, text + i, 1, &used);
    assert_int_equal(status, wanted);
    assert_non_null(strstr(fixture->ctx.error.message, why));
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"

static void test_counted_body(void **state)
{
    expect(*state, OK_LINE "Content-Length: 5\r\n\r\nhello", 200, "hello");
    expect(*state, OK_LINE "CONTENT-LENGTH:\t5  \r\nX: y\r\n\r\nhello", 200, "hello");
    expect(*state, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "");
    expect(*state, "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x");
    expect(*state, OK_LINE "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 200, "ab");
}

static void test_chunked_body(void **state)
{
    expect(*state, OK_LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200,
           "hello");
    expect(*state,
           OK_LINE "Transfer-Encoding: Chunked\r\n\r\n1\r\nh\r\n00A;x=y\r\nello world\r\n0\r\n"
                   "Trailer: z\r\n\r\n",
           200, "hello world");
    expect(*state, OK_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "");
    expect(*state, OK_LINE "Transfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", 200, "\r\n");
}

static void test_body_until_the_close(void **state)
{
    expect(*state, OK_LINE "\r\nhello", 200, "hello");
    expect(*state, "HTTP/1.0 200 OK\r\n\r\n", 200, "");
}

static void test_no_body(void **state)
{
    expect(*state, "HTTP/1.1 204 No Content\r\n\r\n", 204, "");
    expect(*state, "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, "");
}

static void test_interim_answers(void **state)
{
    expect(*state,
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_LINE
           "Content-Length: 2\r\n\r\nok",
           200, "ok");
}

static void test_keep_alive(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *text;
        bool keeps_alive;
    } cases[] = {
        {OK_LINE "Content-Length: 0\r\n\r\n", true},
        {OK_LINE "Connection: close\r\nContent-Length: 0\r\n\r\n", false},
        {OK_LINE "Connection: X-Foo , CLOSE\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", true},
        {OK_LINE "\r\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)feed_in_pieces(fixture, cases[i].text, 1000);
        assert_int_equal(fixture->response.keeps_alive, cases[i].keeps_alive);
    }
}

static void test_bytes_behind_the_answer_are_left(void **state)
{
    struct fixture *fixture = *state;
    const char *text = OK_LINE "Content-Length: 2\r\n\r\nokHTTP/1.1";
    size_t used = 0;
    start(fixture);
    assert_int_equal(feed(fixture, text, strlen(text), &used), KDB_OK);
    assert_int_equal(used, strlen(text) - 8);
    assert_int_equal(fixture->response.part, CLIENT_PART_COMPLETE);
}

static void test_the_next_answer_knows_nothing_of_the_last(void **state)
{
    struct fixture *fixture = *state;
    (void)feed_in_pieces(fixture, OK_LINE "Content-Length: 400\r\nConnection: close\r\n\r\nhalf",
                         9);
    expect(fixture, OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, "x");
    assert_true(fixture->response.keeps_alive);
}

static void test_status_lines(void **state)
{
    const char *lines[] = {
        "HTTP/2 200 OK\r\n",    "HTTP/1.2 200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1  200 OK\r\n", "http/1.1 200 OK\r\n", "<html>\r\n",         "\r\n",
        "HTTP/1.1 200-OK\r\n",  "HTTP/1.1 2x0 OK\r\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_refused(*state, lines[i], KDB_ERR_CORRUPT, "status line");
    expect_refused(*state, "HTTP/1.1 101 Switching\r\n", KDB_ERR_CORRUPT, "none that was asked");
    expect_refused(*state, "HTTP/1.1 000 X\r\n", KDB_ERR_CORRUPT, "none that was asked");
}

static void test_malformed_fields(void **state)
{
    const char *fields[] = {"no colon\r\n", ": x\r\n", "X : y\r\n", " folded: x\r\n", "\tx: y\r\n"};
    char text[200];
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        (void)snprintf(text, sizeof(text), OK_LINE "%s", fields[i]);
        expect_refused(*state, text, KDB_ERR_CORRUPT, "field is malformed");
    }
    expect_refused(*state, "HTTP/1.1 200 OK\n", KDB_ERR_CORRUPT, "CR LF");
    expect_refused(*state, OK_LINE "X: y\n", KDB_ERR_CORRUPT, "CR LF");
    expect_refused(*state, OK_LINE "X: y\rZ: 1\r\n", KDB_ERR_CORRUPT, "CR or NUL");
}

static void test_a_field_with_nul(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = OK_LINE "X: \0\r\n\r\n";
    size_t used = 0;
    start(fixture);
    assert_int_equal(feed(fixture, text, sizeof(text) - 1, &used), KDB_ERR_CORRUPT);
}

static void test_lengths_that_are_none(void **state)
{
    const char *values[] = {"", "x", "-1", "+1", "1 1", "1,1", "0x10", "99999999999999999999"};
    char text[200];
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void)snprintf(text, sizeof(text), OK_LINE "Content-Length: %s\r\n", values[i]);
        expect_refused(*state, text, KDB_ERR_CORRUPT, "Content-Length");
    }
    expect_refused(*state, OK_LINE "Content-Length: 1\r\nContent-Length: 2\r\n", KDB_ERR_CORRUPT,
                   "two values");
    expect_refused(*state, OK_LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                   KDB_ERR_CORRUPT, "both");
    expect_refused(*state, OK_LINE "Transfer-Encoding: gzip, chunked\r\n", KDB_ERR_CORRUPT,
                   "Transfer-Encoding");
    expect_refused(*state, OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                   KDB_ERR_CORRUPT, "Transfer-Encoding");
}

static void test_malformed_chunks(void **state)
{
    const char *sizes[] = {
        "\r\n", "x\r\n", "-1\r\n", " 1\r\n", "1x\r\n", "0x1\r\n", "10000000000000000\r\n"};
    char text[200];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        (void)snprintf(text, sizeof(text), OK_LINE "Transfer-Encoding: chunked\r\n\r\n%s",
                       sizes[i]);
        expect_refused(*state, text, KDB_ERR_CORRUPT, "size of a chunk");
    }
    expect_refused(*state, OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", KDB_ERR_CORRUPT,
                   "longer than it says");
}

static void test_limits(void **state)
{
    struct fixture *fixture = *state;
    expect_refused(fixture, OK_LINE "Content-Length: 1001\r\n\r\n", KDB_ERR_LIMIT_EXCEEDED,
                   "larger than 1000 bytes");
    expect_refused(fixture, OK_LINE "Transfer-Encoding: chunked\r\n\r\n3e9\r\n",
                   KDB_ERR_LIMIT_EXCEEDED, "larger than 1000 bytes");
    expect_refused(fixture,
                   OK_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nfffffffffffffff\r\n",
                   KDB_ERR_LIMIT_EXCEEDED, "larger than 1000 bytes");
    struct kdb_buf text = {0};
    KDB_BUF_LIT(&text, OK_LINE "\r\n");
    for (size_t i = 0; i < BODY_LIMIT; i++)
        kdb_buf_put(&text, 'x');
    kdb_buf_put(&text, '\0');
    (void)feed_in_pieces(fixture, text.data, 100);
    assert_int_equal(fixture->response.body.len, BODY_LIMIT);
    size_t used;
    assert_int_equal(feed(fixture, "x", 1, &used), KDB_ERR_LIMIT_EXCEEDED);
    kdb_buf_deinit(&text);
}

// Neither one endless line, nor endless fields, interim answers or trailers.
static void test_heads_without_end(void **state)
{
    const char *starts[] = {"", OK_LINE, OK_LINE, "",
                            OK_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n"};
    const char *repeated[] = {"x", "X: y", "X: y\r\n", "HTTP/1.1 100 X\r\n\r\n", "X: y\r\n"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t fed = strlen(starts[i]);
        size_t used;
        start(fixture);
        kdb_status status = fed > 0 ? feed(fixture, starts[i], fed, &used) : KDB_OK;
        while (status == KDB_OK && fed < 2 * CLIENT_HEAD_BYTES_MAX) {
            status = feed(fixture, repeated[i], strlen(repeated[i]), &used);
            fed += strlen(repeated[i]);
        }
        assert_int_equal(status, KDB_ERR_LIMIT_EXCEEDED);
        assert_true(fixture->response.line.len <= CLIENT_HEAD_BYTES_MAX);
    }
}

// Cut by a closed connection at every place but the end.
static void test_cut_answers(void **state)
{
    struct fixture *fixture = *state;
    const char *texts[] = {OK_LINE "Content-Length: 5\r\n\r\nhello",
                           OK_LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t cut = 0; cut < strlen(texts[i]); cut++) {
            size_t used;
            start(fixture);
            assert_int_equal(feed(fixture, texts[i], cut, &used), KDB_OK);
            assert_int_equal(client_response_end(&fixture->response, &fixture->ctx),
                             KDB_ERR_CORRUPT);
        }
    }
}

// Bytes changed at random are refused or read, but never read beyond, and cuts change nothing.
static void test_random_damage(void **state)
{
    struct fixture *fixture = *state;
    static const char seedling[] =
        OK_LINE "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nwiki\r\n5;a\r\npedia"
                "\r\n0\r\nT: x\r\n\r\n";
    uint64_t seed = 20240501;
    for (int round = 0; round < 3000; round++) {
        char text[sizeof(seedling)];
        memcpy(text, seedling, sizeof(seedling));
        for (int i = 0; i < 3; i++)
            text[kdb_random_next(&seed) % (sizeof(seedling) - 1)] =
                "\r\n:;0aF \t"[kdb_random_next(&seed) % 9];
        size_t len = sizeof(seedling) - 1;
        size_t used = 0;
        start(fixture);
        kdb_status whole = feed(fixture, text, len, &used);
        size_t whole_used = used;
        size_t whole_len = fixture->response.body.len;
        start(fixture);
        size_t at = 0;
        kdb_status pieces = KDB_OK;
        while (pieces == KDB_OK && at < len && fixture->response.part != CLIENT_PART_COMPLETE) {
            size_t count = 1 + kdb_random_next(&seed) % 7;
            count = len - at < count ? len - at : count;
            pieces = feed(fixture, text + at, count, &used);
            at += used;
        }
        assert_int_equal(pieces, whole);
        if (whole == KDB_OK) {
            assert_int_equal(at, whole_used);
            assert_int_equal(fixture->response.body.len, whole_len);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_counted_body),
        TEST(test_chunked_body),
        TEST(test_body_until_the_close),
        TEST(test_no_body),
        TEST(test_interim_answers),
        TEST(test_keep_alive),
        TEST(test_bytes_behind_the_answer_are_left),
        TEST(test_the_next_answer_knows_nothing_of_the_last),
        TEST(test_status_lines),
        TEST(test_malformed_fields),
        TEST(test_a_field_with_nul),
        TEST(test_lengths_that_are_none),
        TEST(test_malformed_chunks),
        TEST(test_limits),
        TEST(test_heads_without_end),
        TEST(test_cut_answers),
        TEST(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
