// SPDX-License-Identifier: Apache-2.0
// TLS without sockets: handshake in any pieces, data both ways, the ends, resumption, bad input and
// bad files.
#include "net/tls_priv.h"

#include <openssl/ssl.h>
#include <string.h>

#include "lib/identity.h"
#include "lib/test.h"

// A server session and a client of OpenSSL's own, joined by memory.
struct pair {
    struct net_tls_session *server;
    SSL *client;
    struct kdb_buf received;         // plain bytes the server got
    enum net_tls_result last_result; // of net_tls_read
};

static void open_pair(struct pair *pair, struct kdb_tls *tls, SSL_CTX *context)
{
    *pair = (struct pair){.server = net_tls_session_open(tls), .client = SSL_new(context)};
    assert_non_null(pair->client);
    SSL_set_bio(pair->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(pair->client);
}

static void close_pair(struct pair *pair)
{
    net_tls_session_close(pair->server);
    SSL_free(pair->client);
    kdb_buf_deinit(&pair->received);
}

// Gives the server some bytes, from a copy that is gone afterwards.
static void give_server(struct pair *pair, const char *data, size_t len)
{
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, data, len);
    net_tls_input(pair->server, copy, len);
    while (true) {
        char plain[100];
        size_t plain_len = 0;
        pair->last_result = net_tls_read(pair->server, plain, sizeof(plain), &plain_len);
        if (pair->last_result != NET_TLS_DATA)
            break;
        kdb_buf_append(&pair->received, plain, plain_len);
    }
    free(copy);
}

// Carries what waits on both sides over, in pieces of `step` bytes.
static void carry(struct pair *pair, size_t step)
{
    char bytes[4096];
    assert_true(step <= sizeof(bytes));
    int len;
    while ((len = BIO_read(SSL_get_wbio(pair->client), bytes, (int)step)) > 0)
        give_server(pair, bytes, (size_t)len);
    struct kdb_buf *out = net_tls_output(pair->server);
    assert_int_equal(BIO_write(SSL_get_rbio(pair->client), out->data, (int)out->len), out->len);
    kdb_buf_clear(out);
}

static void shake_hands(struct pair *pair, size_t step)
{
    for (int i = 0; i < 10 && SSL_do_handshake(pair->client) != 1; i++)
        carry(pair, step);
    carry(pair, step);
    assert_true(net_tls_is_ready(pair->server));
}

static void test_both_ways(void **state)
{
    struct kdb_tls *tls = *state;
    static const size_t steps[] = {1, 7, 4096};
    for (size_t i = 0; i < 3; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        struct pair pair;
        open_pair(&pair, tls, context);
        assert_false(net_tls_is_ready(pair.server));
        shake_hands(&pair, steps[i]);
        char sent[1000];
        memset(sent, 's', sizeof(sent));
        size_t len;
        assert_int_equal(SSL_write_ex(pair.client, sent, sizeof(sent), &len), 1);
        carry(&pair, steps[i]);
        assert_int_equal(pair.received.len, sizeof(sent));
        assert_memory_equal(pair.received.data, sent, sizeof(sent));
        assert_true(net_tls_write(pair.server, KDB_LIT("answer")));
        carry(&pair, steps[i]);
        char got[100];
        assert_int_equal(SSL_read_ex(pair.client, got, sizeof(got), &len), 1);
        assert_slice_equal(kdb_slice_of(got, len), "answer");
        // Each side ends its own.
        net_tls_end(pair.server);
        carry(&pair, steps[i]);
        assert_int_equal(SSL_read_ex(pair.client, got, sizeof(got), &len), 0);
        assert_int_equal(SSL_get_error(pair.client, 0), SSL_ERROR_ZERO_RETURN);
        (void)SSL_shutdown(pair.client);
        carry(&pair, steps[i]);
        assert_int_equal(pair.last_result, NET_TLS_END);
        close_pair(&pair);
        SSL_CTX_free(context);
    }
}

static void test_protocol_choice(void **state)
{
    struct kdb_tls *tls = *state;
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    static const unsigned char other[] = "\x02h2";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct pair pair;
    open_pair(&pair, tls, context);
    assert_int_equal(SSL_set_alpn_protos(pair.client, both, sizeof(both) - 1), 0);
    shake_hands(&pair, 4096);
    const unsigned char *chosen;
    unsigned len;
    SSL_get0_alpn_selected(pair.client, &chosen, &len);
    assert_slice_equal(kdb_slice_of(chosen, len), "http/1.1");
    close_pair(&pair);
    open_pair(&pair, tls, context);
    assert_int_equal(SSL_set_alpn_protos(pair.client, other, sizeof(other) - 1), 0);
    shake_hands(&pair, 4096); // nothing in common: the client decides
    SSL_get0_alpn_selected(pair.client, &chosen, &len);
    assert_int_equal(len, 0);
    close_pair(&pair);
    SSL_CTX_free(context);
}

// The second connection of a client is resumed by its ticket.
static void test_tickets(void **state)
{
    struct kdb_tls *tls = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct pair pair;
    open_pair(&pair, tls, context);
    shake_hands(&pair, 4096);
    char byte;
    size_t len;
    assert_int_equal(SSL_read_ex(pair.client, &byte, 1, &len), 0); // takes the ticket in
    SSL_SESSION *session = SSL_get1_session(pair.client);
    assert_int_equal(SSL_SESSION_is_resumable(session), 1);
    assert_int_equal(SSL_session_reused(pair.client), 0);
    SSL_set_shutdown(pair.client,
                     SSL_SENT_SHUTDOWN); // ended in order, so that it may be used again
    close_pair(&pair);
    open_pair(&pair, tls, context);
    assert_int_equal(SSL_set_session(pair.client, session), 1);
    shake_hands(&pair, 4096);
    assert_int_equal(SSL_session_reused(pair.client), 1);
    close_pair(&pair);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
}

static void test_bad_bytes(void **state)
{
    struct kdb_tls *tls = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct pair pair;
    open_pair(&pair, tls, context);
    give_server(&pair, "GET / HTTP/1.1\r\n\r\n", 18);
    assert_int_equal(pair.last_result, NET_TLS_FAIL);
    net_tls_end(pair.server);
    close_pair(&pair);
    // A record that was changed on its way.
    open_pair(&pair, tls, context);
    shake_hands(&pair, 4096);
    size_t len;
    assert_int_equal(SSL_write_ex(pair.client, "hello", 5, &len), 1);
    char record[200];
    int size = BIO_read(SSL_get_wbio(pair.client), record, sizeof(record));
    assert_true(size > 10);
    record[size - 1] ^= 1;
    give_server(&pair, record, (size_t)size);
    assert_int_equal(pair.last_result, NET_TLS_FAIL);
    assert_int_equal(pair.received.len, 0);
    assert_false(net_tls_write(pair.server, KDB_LIT("no more")));
    close_pair(&pair);
    SSL_CTX_free(context);
}

static void test_tls_files(void **state)
{
    (void)state;
    struct identity one;
    struct identity two;
    make_identity(&one);
    make_identity(&two);
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct kdb_tls *tls = NULL;
    assert_int_equal(kdb_tls_open(&ctx, "/nowhere/cert.pem", one.key, &tls), KDB_ERR_CONFIG);
    assert_string_equal(ctx.error.message, "cannot use the TLS certificate /nowhere/cert.pem: "
                                           "No such file or directory");
    kdb_ctx_clear_error(&ctx);
    assert_int_equal(kdb_tls_open(&ctx, one.certificate, "/nowhere/key.pem", &tls), KDB_ERR_CONFIG);
    assert_string_equal(ctx.error.message, "cannot use the TLS key /nowhere/key.pem: "
                                           "No such file or directory");
    kdb_ctx_clear_error(&ctx);
    assert_int_equal(kdb_tls_open(&ctx, one.certificate, one.certificate, &tls), KDB_ERR_CONFIG);
    assert_non_null(strstr(ctx.error.message, one.certificate));
    kdb_ctx_clear_error(&ctx);
    assert_int_equal(kdb_tls_open(&ctx, one.certificate, two.key, &tls), KDB_ERR_CONFIG);
    assert_null(tls);
    kdb_tls_close(NULL);
    kdb_ctx_deinit(&ctx);
    remove_identity(&one);
    remove_identity(&two);
}

static int open_tls(void **state)
{
    struct identity identity;
    make_identity(&identity);
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct kdb_tls *tls = NULL;
    assert_int_equal(kdb_tls_open(&ctx, identity.certificate, identity.key, &tls), KDB_OK);
    kdb_ctx_deinit(&ctx);
    remove_identity(&identity);
    *state = tls;
    return 0;
}

static int close_tls(void **state)
{
    kdb_tls_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_protocol_choice),
        cmocka_unit_test(test_tickets),   cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_tls_files),
    };
    return cmocka_run_group_tests(tests, open_tls, close_tls);
}
