// SPDX-License-Identifier: Apache-2.0
// OpenSSL's server side over two memory ends of our own: it reads from a borrowed slice and writes
// to a buffer, so an idle connection holds neither.
#include "net/tls_priv.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/os_error.h"

struct kdb_tls {
    SSL_CTX *context;
    BIO_METHOD *memory; // our two ends
};

struct net_tls_session {
    SSL *ssl;
    kdb_slice input; // borrowed, not yet read
    struct kdb_buf output;
};

static int read_memory(BIO *bio, char *out, int size)
{
    struct net_tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session->input.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = (size_t)size < session->input.len ? (size_t)size : session->input.len;
    memcpy(out, session->input.data, len);
    session->input = kdb_slice_skip(session->input, len);
    return (int)len;
}

static int write_memory(BIO *bio, const char *data, int len)
{
    struct net_tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    kdb_buf_append(&session->output, data, (size_t)len);
    return len;
}

static long control_memory(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *make_memory(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kdb memory");
    KDB_ASSERT(method != NULL && BIO_meth_set_read(method, read_memory) == 1 &&
               BIO_meth_set_write(method, write_memory) == 1 &&
               BIO_meth_set_ctrl(method, control_memory) == 1);
    return method;
}

// Takes HTTP/1.1 where the client offers a choice.
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned int offered_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    KDB_ASSERT(context != NULL);
    KDB_ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    KDB_ASSERT(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Sessions are kept by the client, in tickets.
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

// No pass phrase: OpenSSL would ask at the terminal.
static int no_pass_phrase(char *buf, int size, int is_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

// What went wrong, for people: what the system said about the file, else OpenSSL's newest reason.
static const char *reason(void)
{
    unsigned long first = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(first))
        return kdb_os_error_text(ERR_GET_REASON(first));
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "unknown reason";
}

static kdb_status load(struct kdb_ctx *ctx, SSL_CTX *context, const char *certificate_path,
                       const char *key_path)
{
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot use the TLS certificate %s: %s",
                        certificate_path, reason());
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot use the TLS key %s: %s", key_path, reason());
    if (SSL_CTX_check_private_key(context) != 1)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "the TLS key %s does not belong to the certificate %s",
                        key_path, certificate_path);
    return KDB_OK;
}

kdb_status kdb_tls_open(struct kdb_ctx *ctx, const char *certificate_path, const char *key_path,
                        struct kdb_tls **ret_tls)
{
    struct kdb_tls *tls = kdb_alloc(sizeof(*tls));
    tls->context = make_context();
    tls->memory = make_memory();
    kdb_status status = load(ctx, tls->context, certificate_path, key_path);
    ERR_clear_error();
    if (status != KDB_OK) {
        kdb_tls_close(tls);
        return status;
    }
    *ret_tls = tls;
    return KDB_OK;
}

void kdb_tls_close(struct kdb_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->memory);
    kdb_free(tls);
}

struct net_tls_session *net_tls_session_open(struct kdb_tls *tls)
{
    struct net_tls_session *session = kdb_alloc(sizeof(*session));
    session->ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->memory);
    KDB_ASSERT(session->ssl != NULL && bio != NULL);
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_accept_state(session->ssl);
    return session;
}

void net_tls_session_close(struct net_tls_session *session)
{
    if (!session)
        return;
    SSL_free(session->ssl);
    kdb_buf_deinit(&session->output);
    kdb_free(session);
}

void net_tls_input(struct net_tls_session *session, const char *data, size_t len)
{
    session->input = (kdb_slice){data, len};
}

// Whoever forgot the "s" of https:// is told, as far as that goes: the answer is plain HTTP too.
static void answer_plain_http(struct net_tls_session *session)
{
    KDB_BUF_LIT(&session->output, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                                  "Content-Length: 54\r\nConnection: close\r\n\r\n"
                                  "This port speaks TLS: its address begins with https://");
}

enum net_tls_result net_tls_read(struct net_tls_session *session, char *plain, size_t size,
                                 size_t *ret_len)
{
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, plain, size, ret_len);
    if (result == 1)
        return NET_TLS_DATA;
    int error = SSL_get_error(session->ssl, result);
    session->input = (kdb_slice){0};
    if (error == SSL_ERROR_WANT_READ)
        return NET_TLS_MORE;
    if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        answer_plain_http(session);
    ERR_clear_error();
    return error == SSL_ERROR_ZERO_RETURN ? NET_TLS_END : NET_TLS_FAIL;
}

bool net_tls_is_ready(const struct net_tls_session *session)
{
    return SSL_is_init_finished(session->ssl) == 1;
}

bool net_tls_write(struct net_tls_session *session, kdb_slice plain)
{
    ERR_clear_error();
    while (plain.len > 0) {
        size_t written;
        if (SSL_write_ex(session->ssl, plain.data, plain.len, &written) != 1) {
            ERR_clear_error();
            return false;
        }
        plain = kdb_slice_skip(plain, written);
    }
    return true;
}

void net_tls_end(struct net_tls_session *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished(session->ssl))
        (void)SSL_shutdown(session->ssl);
    ERR_clear_error();
}

struct kdb_buf *net_tls_output(struct net_tls_session *session)
{
    return &session->output;
}
