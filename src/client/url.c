// SPDX-License-Identifier: Apache-2.0
// Taking a server's address apart, with a reason for each address that is refused.
#include "client/url_priv.h"

#define PORT_MAX 65535

static kdb_status refuse(struct kdb_ctx *ctx, kdb_slice text, const char *why)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the URL \"%.*s\" is refused: %s", KDB_ARG(text),
                    why);
}

// Only visible ASCII: what is in the URL goes into the request's first line and its Host field.
static bool has_only_plain_bytes(kdb_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= 0x20 || c >= 0x7F || c == '"' || c == '<' || c == '>' || c == '\\')
            return false;
    }
    return true;
}

static bool is_host(kdb_slice host, bool is_bracketed)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
        if (!is_plain && !(is_bracketed && (c == ':' || c == '%')))
            return false;
    }
    return host.len > 0;
}

static bool is_loopback(kdb_slice host)
{
    return kdb_slice_equal_nocase(host, KDB_LIT("localhost")) ||
           kdb_slice_has_prefix(host, KDB_LIT("127.")) || kdb_slice_equal(host, KDB_LIT("::1"));
}

// How the URL begins.
enum scheme {
    SCHEME_NONE,
    SCHEME_HTTP,
    SCHEME_HTTPS,
};

// Takes the scheme off the front of `rest`.
static kdb_status read_scheme(kdb_slice text, struct kdb_ctx *ctx, kdb_slice *rest,
                              enum scheme *ret_scheme)
{
    size_t end = kdb_slice_find(text, KDB_LIT("://"), 0);
    *ret_scheme = SCHEME_NONE;
    if (end == SIZE_MAX)
        return KDB_OK;
    kdb_slice scheme = kdb_slice_of(text.data, end);
    *rest = kdb_slice_skip(text, end + 3);
    *ret_scheme = kdb_slice_equal_nocase(scheme, KDB_LIT("https")) ? SCHEME_HTTPS : SCHEME_HTTP;
    if (*ret_scheme == SCHEME_HTTPS || kdb_slice_equal_nocase(scheme, KDB_LIT("http")))
        return KDB_OK;
    return refuse(ctx, text, "only https:// and http:// are supported");
}

// "host", "host:port", "[v6]", "[v6]:port". `ret_port` is left alone when there is none.
static kdb_status read_authority(kdb_slice text, struct kdb_ctx *ctx, kdb_slice authority,
                                 kdb_slice *ret_host, kdb_slice *ret_port)
{
    bool is_bracketed = authority.len > 0 && authority.data[0] == '[';
    size_t host_end =
        kdb_slice_find(authority, is_bracketed ? KDB_LIT("]") : KDB_LIT(":"), is_bracketed);
    if (is_bracketed && host_end == SIZE_MAX)
        return refuse(ctx, text, "the bracket of its address is not closed");
    host_end = host_end == SIZE_MAX ? authority.len : host_end;
    kdb_slice host = kdb_slice_of(authority.data + is_bracketed, host_end - is_bracketed);
    kdb_slice rest = kdb_slice_skip(authority, host_end + is_bracketed);
    if (!is_host(host, is_bracketed))
        return refuse(ctx, text, host.len == 0 ? "it has no host" : "its host is no host name");
    *ret_host = host;
    if (rest.len == 0)
        return KDB_OK;
    int64_t port = 0;
    kdb_slice digits = kdb_slice_skip(rest, 1);
    bool is_number = digits.len > 0 && digits.data[0] >= '0' && digits.data[0] <= '9' &&
                     kdb_slice_to_i64(digits, &port);
    if (rest.data[0] != ':' || !is_number || port < 1 || port > PORT_MAX)
        return refuse(ctx, text, "its port is not a number from 1 to 65535");
    *ret_port = digits;
    return KDB_OK;
}

static size_t find_or_end(kdb_slice text, kdb_slice sign)
{
    size_t at = kdb_slice_find(text, sign, 0);
    return at == SIZE_MAX ? text.len : at;
}

kdb_status client_url_parse(kdb_slice text, struct kdb_ctx *ctx, struct kdb_arena *arena,
                            struct client_url *ret_url)
{
    // Said without the URL, whose credentials would be shown.
    if (kdb_slice_find(text, KDB_LIT("@"), 0) != SIZE_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "a URL with a user or a password in it is refused");
    if (!has_only_plain_bytes(text))
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "the URL has a character that does not belong into a URL");
    if (find_or_end(text, KDB_LIT("?")) < text.len || find_or_end(text, KDB_LIT("#")) < text.len)
        return refuse(ctx, text, "a query or a fragment has no meaning here");
    kdb_slice rest = text;
    enum scheme scheme = SCHEME_NONE;
    KDB_TRY(read_scheme(text, ctx, &rest, &scheme));
    size_t path_at = find_or_end(rest, KDB_LIT("/"));
    kdb_slice authority = kdb_slice_of(rest.data, path_at);
    kdb_slice prefix = kdb_slice_skip(rest, path_at);
    kdb_slice host;
    kdb_slice port = scheme == SCHEME_HTTPS ? KDB_LIT("443") : KDB_LIT("80");
    KDB_TRY(read_authority(text, ctx, authority, &host, &port));
    if (scheme == SCHEME_NONE && !is_loopback(host))
        return refuse(ctx, text,
                      "it has no scheme; write https://, or http:// to say that the connection is "
                      "not encrypted");
    while (prefix.len > 0 && prefix.data[prefix.len - 1] == '/')
        prefix.len--;
    *ret_url = (struct client_url){
        .host = kdb_arena_copy(arena, host),
        .port = kdb_arena_copy(arena, port),
        .authority = kdb_arena_copy(arena, authority),
        .prefix = kdb_arena_copy(arena, prefix),
        .is_tls = scheme == SCHEME_HTTPS,
    };
    return KDB_OK;
}
