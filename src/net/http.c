// SPDX-License-Identifier: Apache-2.0
// Reading a request's parts: headers by name, query parameters, percent escapes, names of methods
// and statuses.
#include "net/http.h"

#include <string.h>

#include "base/arena.h"
#include "base/hex.h"

kdb_slice kdb_http_header(const struct kdb_http_request *request, kdb_slice name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (kdb_slice_equal_nocase(request->fields[i].name, name))
            return request->fields[i].value;
    }
    return (kdb_slice){0};
}

// Decodes %XX, and '+' as a blank when `is_form`, into `out`, which has room for `text`.
static bool decode(kdb_slice text, bool is_form, char *out, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.len - i < 3)
                return false;
            int high = kdb_hex_digit(text.data[i + 1]);
            int low = kdb_hex_digit(text.data[i + 2]);
            if (high < 0 || low < 0 || (high | low) == 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        out[len++] = c;
    }
    *ret_len = len;
    return true;
}

bool kdb_http_percent_decode(struct kdb_arena *arena, kdb_slice text, kdb_slice *ret_text)
{
    if (text.len == 0 || !memchr(text.data, '%', text.len)) {
        *ret_text = text;
        return true;
    }
    char *out = kdb_arena_alloc(arena, text.len);
    size_t len;
    if (!decode(text, false, out, &len))
        return false;
    *ret_text = (kdb_slice){out, len};
    return true;
}

// Splits `text` at the first `separator`: returns what is before it, leaves what is behind in
// `text`.
static kdb_slice take_until(kdb_slice *text, char separator)
{
    const char *at = text->len > 0 ? memchr(text->data, separator, text->len) : NULL;
    if (!at) {
        kdb_slice all = *text;
        *text = kdb_slice_skip(*text, text->len);
        return all;
    }
    kdb_slice before = {text->data, (size_t)(at - text->data)};
    *text = kdb_slice_skip(*text, before.len + 1);
    return before;
}

bool kdb_http_query_value(struct kdb_http_request *request, kdb_slice name, kdb_slice *ret_value)
{
    struct kdb_arena *arena = &request->ctx.arena;
    kdb_slice rest = request->query;
    while (rest.len > 0) {
        kdb_slice value = take_until(&rest, '&');
        kdb_slice raw_name = take_until(&value, '=');
        char *text = kdb_arena_alloc(arena, raw_name.len + value.len);
        size_t name_len;
        size_t value_len;
        if (!decode(raw_name, true, text, &name_len))
            return false;
        if (!kdb_slice_equal((kdb_slice){text, name_len}, name))
            continue;
        if (!decode(value, true, text, &value_len))
            return false;
        *ret_value = (kdb_slice){text, value_len};
        return true;
    }
    *ret_value = (kdb_slice){0};
    return true;
}

kdb_slice kdb_http_media_type(kdb_slice content_type)
{
    return kdb_slice_trim(take_until(&content_type, ';'));
}

const char *kdb_http_method_name(enum kdb_http_method method)
{
    switch (method) {
    case KDB_HTTP_GET:
        return "GET";
    case KDB_HTTP_HEAD:
        return "HEAD";
    case KDB_HTTP_POST:
        return "POST";
    case KDB_HTTP_PUT:
        return "PUT";
    case KDB_HTTP_DELETE:
        return "DELETE";
    case KDB_HTTP_PATCH:
        return "PATCH";
    case KDB_HTTP_OPTIONS:
        return "OPTIONS";
    }
    return "?";
}

const char *kdb_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}
