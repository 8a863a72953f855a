// SPDX-License-Identifier: Apache-2.0
// OpenSSL's client side over the connection's socket, and why a server was refused.
#include "client/tls_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/os_error.h"

// How many names of a certificate that is for others a message shows.
#define NAMES_SHOWN 5

struct client_tls {
    SSL_CTX *context;
    bool has_ca_file;
};

struct client_tls_session {
    SSL *ssl;
    BIO_METHOD *socket;  // its reads and writes
    int fd;              // borrowed
    int64_t deadline_ns; // of the handshake, 0: it is over
    int error;           // errno of the socket's last refusal, 0: the server has closed it
    bool is_broken;      // nothing more can be said
    int refusal;         // X509_V_ERR_... of the certificate that was refused
    X509 *refused;       // that certificate, NULL: none was
};

// The reason of an entry in OpenSSL's queue, for people.
static const char *reason(unsigned long code)
{
    if (ERR_SYSTEM_ERROR(code))
        return kdb_os_error_text(ERR_GET_REASON(code));
    const char *text = ERR_reason_error_string(code);
    return text ? text : "unknown reason";
}

// ---- the socket ----

// Not OpenSSL's own: that writes without MSG_NOSIGNAL, and a lost connection would end the process.

static int read_socket(BIO *bio, char *out, int size)
{
    struct client_tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    // OpenSSL reads on until it has a whole record: one that trickles in must not outlive this.
    bool is_late = session->deadline_ns != 0 && kdb_monotonic_ns() >= session->deadline_ns;
    ssize_t count = is_late ? -1 : recv(session->fd, out, (size_t)size, 0);
    session->error = is_late ? EAGAIN : count < 0 ? errno : 0;
    if (session->error == EAGAIN || session->error == EWOULDBLOCK || session->error == EINTR)
        BIO_set_retry_read(bio);
    return (int)count;
}

static int write_socket(BIO *bio, const char *data, int len)
{
    struct client_tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t count = send(session->fd, data, (size_t)len, MSG_NOSIGNAL);
    session->error = count < 0 ? errno : 0;
    if (session->error == EAGAIN || session->error == EWOULDBLOCK || session->error == EINTR)
        BIO_set_retry_write(bio);
    return (int)count;
}

static long control_socket(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *make_socket(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "kdb socket");
    KDB_ASSERT(method != NULL && BIO_meth_set_read(method, read_socket) == 1 &&
               BIO_meth_set_write(method, write_socket) == 1 &&
               BIO_meth_set_ctrl(method, control_socket) == 1);
    return method;
}

// ---- whom to trust ----

// Keeps what is wrong with a certificate for the message.
static int note_refusal(int is_good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct client_tls_session *session = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (!is_good && certificate && !session->refused && X509_up_ref(certificate) == 1) {
        session->refusal = X509_STORE_CTX_get_error(store);
        session->refused = certificate;
    }
    return is_good;
}

static SSL_CTX *make_context(void)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    KDB_ASSERT(context != NULL);
    KDB_ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    KDB_ASSERT(SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) == 0);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_refusal);
    return context;
}

static kdb_status trust(SSL_CTX *context, struct kdb_ctx *ctx, kdb_slice ca_file)
{
    ERR_clear_error();
    if (!ca_file.data) {
        // Without any no server is trusted, which the first connection says.
        (void)SSL_CTX_set_default_verify_paths(context);
        return KDB_OK;
    }
    if (SSL_CTX_load_verify_file(context, kdb_arena_copy(&ctx->arena, ca_file).data) != 1)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "cannot use the CA certificates of \"%.*s\": %s", KDB_ARG(ca_file),
                        reason(ERR_peek_error()));
    // Whoever names a certificate that is not its own issuer's trusts it, not only what it signs.
    (void)X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    return KDB_OK;
}

kdb_status client_tls_open(struct kdb_ctx *ctx, kdb_slice ca_file, struct client_tls **ret_tls)
{
    SSL_CTX *context = make_context();
    kdb_status status = trust(context, ctx, ca_file);
    ERR_clear_error();
    if (status != KDB_OK) {
        SSL_CTX_free(context);
        return status;
    }
    struct client_tls *tls = kdb_alloc(sizeof(*tls));
    *tls = (struct client_tls){.context = context, .has_ca_file = ca_file.data != NULL};
    *ret_tls = tls;
    return KDB_OK;
}

void client_tls_close(struct client_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    kdb_free(tls);
}

// ---- why a server was refused ----

// A name out of the certificate, with nothing in it that could drive a terminal.
static void write_name(struct kdb_buf *out, const char *data, int len)
{
    for (int i = 0; i < len; i++)
        kdb_buf_put(out, data[i] >= ' ' && data[i] <= '~' ? data[i] : '?');
}

static void write_alternative(struct kdb_buf *out, const GENERAL_NAME *name)
{
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    char text[INET6_ADDRSTRLEN] = "?";
    if (type == GEN_DNS) {
        write_name(out, (const char *)ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    } else if (type == GEN_IPADD) {
        int family = ASN1_STRING_length(value) == sizeof(struct in_addr)    ? AF_INET
                     : ASN1_STRING_length(value) == sizeof(struct in6_addr) ? AF_INET6
                                                                            : AF_UNSPEC;
        (void)inet_ntop(family, ASN1_STRING_get0_data(value), text, sizeof(text));
        kdb_buf_slice(out, kdb_slice_cstr(text));
    }
}

static void write_common_name(struct kdb_buf *out, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *value =
        at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    if (value)
        write_name(out, (const char *)ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
}

// The hosts a certificate is for: what it says in the place for it, or its subject.
static void write_hosts(struct kdb_buf *out, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < count && i < NAMES_SHOWN; i++) {
        if (out->len > 0)
            KDB_BUF_LIT(out, ", ");
        write_alternative(out, sk_GENERAL_NAME_value(names, i));
    }
    if (count > NAMES_SHOWN)
        KDB_BUF_LIT(out, ", ...");
    if (out->len == 0)
        write_common_name(out, X509_get_subject_name(certificate));
    GENERAL_NAMES_free(names);
}

static void write_day(struct kdb_buf *out, const ASN1_TIME *time)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(time, &tm) == 1)
        kdb_buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static kdb_status refuse_issuer(const struct client_tls *tls, struct kdb_ctx *ctx, kdb_slice server,
                                kdb_slice issuer)
{
    if (tls->has_ca_file)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the certificate of %.*s, issued by \"%.*s\", does not come from the "
                        "file of --cacert: give this server's CA there",
                        KDB_ARG(server), KDB_ARG(issuer));
    return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                    "the certificate of %.*s is issued by \"%.*s\", which is not trusted here: if "
                    "it should be, give its CA with --cacert FILE",
                    KDB_ARG(server), KDB_ARG(issuer));
}

// Fails with what is wrong with the certificate. `text` is scratch.
static kdb_status refuse_certificate(const struct client_tls *tls, struct kdb_ctx *ctx,
                                     const struct client_tls_session *session,
                                     const struct client_url *url, struct kdb_buf *text)
{
    switch (session->refusal) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        write_day(text, X509_get0_notAfter(session->refused));
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the certificate of %.*s expired on %.*s: the server needs a new one",
                        KDB_ARG(url->authority), KDB_ARG(kdb_buf_view(text)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
        write_day(text, X509_get0_notBefore(session->refused));
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the certificate of %.*s is not valid before %.*s: is this machine's clock "
                        "right?",
                        KDB_ARG(url->authority), KDB_ARG(kdb_buf_view(text)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        write_hosts(text, session->refused);
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the certificate of %.*s is for %.*s, not for %.*s: connect by a name that "
                        "it has",
                        KDB_ARG(url->authority), KDB_ARG(kdb_buf_view(text)), KDB_ARG(url->host));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        write_common_name(text, X509_get_issuer_name(session->refused));
        return refuse_issuer(tls, ctx, url->authority, kdb_buf_view(text));
    default:
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the certificate of %.*s is refused: %s",
                        KDB_ARG(url->authority), X509_verify_cert_error_string(session->refusal));
    }
}

// Fails with why the handshake did.
static kdb_status refuse(const struct client_tls *tls, struct kdb_ctx *ctx,
                         const struct client_tls_session *session, const struct client_url *url,
                         int error)
{
    if (session->refused) {
        struct kdb_buf text = {0};
        kdb_status status = refuse_certificate(tls, ctx, session, url, &text);
        kdb_buf_deinit(&text);
        return status;
    }
    if (error == SSL_ERROR_SYSCALL && session->error != 0)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the connection to %.*s was lost in the TLS handshake: %s",
                        KDB_ARG(url->authority), kdb_os_error_text(session->error));
    if (error == SSL_ERROR_SYSCALL)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "%.*s closed the connection in the TLS handshake: does it speak TLS? "
                        "Without, its address begins with http://",
                        KDB_ARG(url->authority));
    unsigned long code = ERR_peek_error();
    switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER: // of the first bytes that came
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "%.*s does not speak TLS: if it is the right server, its address begins "
                        "with http://",
                        KDB_ARG(url->authority));
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "%.*s has no TLS of version 1.2 or later, and older ones are not safe",
                        KDB_ARG(url->authority));
    default:
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the TLS handshake with %.*s failed: %s",
                        KDB_ARG(url->authority), reason(code));
    }
}

// ---- the handshake ----

// Says which host the certificate must be for. False when the name is none: OpenSSL takes an empty
// one for any host, and one with a dot in front for all hosts of a domain.
static bool expect_host(SSL *ssl, struct kdb_ctx *ctx, kdb_slice host)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    // The zone of an IPv6 address means something on this machine only.
    size_t zone = kdb_slice_find(host, KDB_LIT("%"), 0);
    host.len = zone == SIZE_MAX ? host.len : zone;
    char *name = kdb_arena_alloc(&ctx->arena, host.len + 1);
    memcpy(name, host.data, host.len);
    name[host.len] = '\0';
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return host.len > 0 && name[0] != '.' &&
           X509_VERIFY_PARAM_set1_host(wanted, name, host.len) == 1 &&
           SSL_set_tlsext_host_name(ssl, name) == 1;
}

static kdb_status shake_hands(const struct client_tls *tls, struct kdb_ctx *ctx,
                              struct client_tls_session *session, const struct client_url *url,
                              int64_t timeout_ms)
{
    session->deadline_ns = kdb_monotonic_ns() + timeout_ms * 1000000;
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(session->ssl);
        if (result == 1) {
            session->deadline_ns = 0;
            return KDB_OK;
        }
        int error = SSL_get_error(session->ssl, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return refuse(tls, ctx, session, url, error);
        KDB_TRY(kdb_ctx_check(ctx));
        if (kdb_monotonic_ns() >= session->deadline_ns)
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                            "%.*s does not finish the TLS handshake within %lld ms",
                            KDB_ARG(url->authority), (long long)timeout_ms);
    }
}

kdb_status client_tls_connect(const struct client_tls *tls, struct kdb_ctx *ctx, int fd,
                              const struct client_url *url, int64_t timeout_ms,
                              struct client_tls_session **ret_session)
{
    struct client_tls_session *session = kdb_alloc(sizeof(*session));
    session->fd = fd;
    session->ssl = SSL_new(tls->context);
    session->socket = make_socket();
    BIO *bio = BIO_new(session->socket);
    KDB_ASSERT(session->ssl != NULL && bio != NULL);
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    KDB_ASSERT(SSL_set_app_data(session->ssl, session) == 1);
    ERR_clear_error();
    kdb_status status = KDB_OK;
    if (expect_host(session->ssl, ctx, url->host))
        status = shake_hands(tls, ctx, session, url, timeout_ms);
    else
        status = kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "no certificate can be for the host \"%.*s\"",
                          KDB_ARG(url->host));
    ERR_clear_error();
    if (status != KDB_OK) {
        session->is_broken = true;
        client_tls_session_close(session);
        return status;
    }
    *ret_session = session;
    return KDB_OK;
}

void client_tls_session_close(struct client_tls_session *session)
{
    if (!session)
        return;
    ERR_clear_error();
    if (!session->is_broken)
        (void)SSL_shutdown(session->ssl);
    ERR_clear_error();
    SSL_free(session->ssl);
    BIO_meth_free(session->socket);
    X509_free(session->refused);
    kdb_free(session);
}

// ---- bytes ----

// What a call that gave no bytes amounts to for a socket.
static ssize_t without_bytes(struct client_tls_session *session, int result)
{
    int error = SSL_get_error(session->ssl, result);
    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = session->error;
        return -1;
    case SSL_ERROR_SYSCALL:
        errno = session->error != 0 ? session->error : ECONNRESET;
        break;
    default:
        errno = EPROTO;
        break;
    }
    session->is_broken = true;
    return -1;
}

ssize_t client_tls_receive(struct client_tls_session *session, char *at, size_t size)
{
    size_t count = 0;
    ERR_clear_error();
    int result = SSL_read_ex(session->ssl, at, size, &count);
    return result == 1 ? (ssize_t)count : without_bytes(session, result);
}

ssize_t client_tls_send(struct client_tls_session *session, const void *data, size_t size)
{
    size_t count = 0;
    ERR_clear_error();
    int result = SSL_write_ex(session->ssl, data, size, &count);
    return result == 1 ? (ssize_t)count : without_bytes(session, result);
}

bool client_tls_has_news(struct client_tls_session *session, bool is_readable)
{
    if (!is_readable && SSL_has_pending(session->ssl) != 1)
        return false;
    char unused;
    size_t count = 0;
    ERR_clear_error();
    int result = SSL_peek_ex(session->ssl, &unused, sizeof(unused), &count);
    return result == 1 || without_bytes(session, result) == 0 || session->is_broken;
}
