// SPDX-License-Identifier: Apache-2.0
// Lines first, then the body in one of its three forms.
#include "client/response_priv.h"

#include "base/assert.h"
#include "base/hex.h"

// Hexadecimal digits of a chunk's size: 60 bits, far beyond any limit.
#define CHUNK_DIGITS_MAX 15

// What a body of known size gets reserved at once; a longer one grows as its bytes really come.
#define RESERVE_BYTES_MAX ((size_t)1024 * 1024)

void client_response_reset(struct client_response *response)
{
    kdb_buf_clear(&response->line);
    kdb_buf_clear(&response->body);
    kdb_buf_clear(&response->accept);
    response->part = CLIENT_PART_STATUS_LINE;
    response->status = 0;
    response->keeps_alive = false;
    response->is_chunked = false;
    response->has_length = false;
    response->left = 0;
    response->head_bytes = 0;
}

void client_response_deinit(struct client_response *response)
{
    kdb_buf_deinit(&response->line);
    kdb_buf_deinit(&response->body);
    kdb_buf_deinit(&response->accept);
}

static kdb_status malformed(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "this is no answer of a KalamDB server: %s", what);
}

static kdb_status too_large(const struct client_response *response, struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "the answer is larger than %zu bytes",
                    response->body.limit);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// "HTTP/1.1 200 OK"; the reason may be missing.
static kdb_status read_status_line(struct client_response *response, struct kdb_ctx *ctx,
                                   kdb_slice line)
{
    const char *at = line.data;
    bool is_http1 = line.len >= 12 && kdb_slice_has_prefix(line, KDB_LIT("HTTP/1.")) &&
                    (at[7] == '0' || at[7] == '1') && at[8] == ' ';
    if (!is_http1 || !is_digit(at[9]) || !is_digit(at[10]) || !is_digit(at[11]) ||
        (line.len > 12 && at[12] != ' '))
        return malformed(ctx, "it does not begin with an HTTP/1.1 status line");
    response->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    response->keeps_alive = at[7] == '1';
    response->part = CLIENT_PART_FIELDS;
    bool is_switched = response->status == CLIENT_STATUS_SWITCHED;
    if (response->status < 100 || (is_switched && !response->may_switch))
        return malformed(ctx, "its status is none that was asked for");
    return KDB_OK;
}

static kdb_status read_length(struct client_response *response, struct kdb_ctx *ctx,
                              kdb_slice value)
{
    int64_t length = 0;
    if (value.len == 0 || !is_digit(value.data[0]) || !kdb_slice_to_i64(value, &length))
        return malformed(ctx, "its Content-Length is no number");
    if (response->has_length && response->left != (uint64_t)length)
        return malformed(ctx, "it has two values of Content-Length");
    response->has_length = true;
    response->left = (uint64_t)length;
    return KDB_OK;
}

// Close or keep-alive among the comma separated words of Connection.
static void read_connection(struct client_response *response, kdb_slice value)
{
    while (value.len > 0) {
        size_t comma = kdb_slice_find(value, KDB_LIT(","), 0);
        size_t end = comma == SIZE_MAX ? value.len : comma;
        kdb_slice word = kdb_slice_trim(kdb_slice_of(value.data, end));
        if (kdb_slice_equal_nocase(word, KDB_LIT("close")))
            response->keeps_alive = false;
        else if (kdb_slice_equal_nocase(word, KDB_LIT("keep-alive")))
            response->keeps_alive = true;
        value = kdb_slice_skip(value, end + 1);
    }
}

static kdb_status read_field(struct client_response *response, struct kdb_ctx *ctx, kdb_slice line)
{
    size_t colon = kdb_slice_find(line, KDB_LIT(":"), 0);
    if (colon == SIZE_MAX || colon == 0 || line.data[0] == ' ' || line.data[0] == '\t' ||
        line.data[colon - 1] == ' ' || line.data[colon - 1] == '\t')
        return malformed(ctx, "a header field is malformed");
    kdb_slice name = kdb_slice_of(line.data, colon);
    kdb_slice value = kdb_slice_trim(kdb_slice_skip(line, colon + 1));
    if (kdb_slice_equal_nocase(name, KDB_LIT("content-length")))
        return read_length(response, ctx, value);
    if (kdb_slice_equal_nocase(name, KDB_LIT("connection"))) {
        read_connection(response, value);
        return KDB_OK;
    }
    if (kdb_slice_equal_nocase(name, KDB_LIT("sec-websocket-accept"))) {
        kdb_buf_clear(&response->accept);
        kdb_buf_slice(&response->accept, value);
        return KDB_OK;
    }
    if (!kdb_slice_equal_nocase(name, KDB_LIT("transfer-encoding")))
        return KDB_OK;
    if (response->is_chunked || !kdb_slice_equal_nocase(value, KDB_LIT("chunked")))
        return malformed(ctx, "its Transfer-Encoding is not understood");
    response->is_chunked = true;
    return KDB_OK;
}

static kdb_status begin_body(struct client_response *response, struct kdb_ctx *ctx)
{
    if (response->is_chunked && response->has_length)
        return malformed(ctx, "it has both a Content-Length and chunks");
    if (response->status == CLIENT_STATUS_SWITCHED) {
        response->part = CLIENT_PART_COMPLETE;
        return KDB_OK;
    }
    if (response->status < 200) { // an interim answer; the real one follows
        size_t head_bytes = response->head_bytes;
        client_response_reset(response);
        response->head_bytes = head_bytes;
        return KDB_OK;
    }
    bool is_bodiless = response->status == 204 || response->status == 304;
    bool is_empty = !response->is_chunked && response->has_length && response->left == 0;
    if (is_bodiless || is_empty) {
        response->part = CLIENT_PART_COMPLETE;
    } else if (response->is_chunked) {
        response->part = CLIENT_PART_CHUNK_SIZE;
    } else if (!response->has_length) {
        response->part = CLIENT_PART_OPEN_BODY;
        response->keeps_alive = false;
    } else {
        response->part = CLIENT_PART_BODY;
        size_t limit = response->body.limit;
        if (limit != 0 && response->left > limit)
            return too_large(response, ctx);
        (void)kdb_buf_reserve(&response->body, response->left < RESERVE_BYTES_MAX
                                                   ? (size_t)response->left
                                                   : RESERVE_BYTES_MAX);
    }
    return KDB_OK;
}

// "1a3f" or "1a3f;extension".
static kdb_status read_chunk_size(struct client_response *response, struct kdb_ctx *ctx,
                                  kdb_slice line)
{
    uint64_t size = 0;
    size_t count = 0;
    while (count < line.len && kdb_hex_digit(line.data[count]) >= 0 && count <= CHUNK_DIGITS_MAX)
        size = size * 16 + (uint64_t)kdb_hex_digit(line.data[count++]);
    char behind = count < line.len ? line.data[count] : ';';
    if (count == 0 || count > CHUNK_DIGITS_MAX || (behind != ';' && behind != ' '))
        return malformed(ctx, "the size of a chunk is malformed");
    response->left = size;
    response->part = size == 0 ? CLIENT_PART_TRAILERS : CLIENT_PART_CHUNK;
    // The lines between chunks bound nothing but themselves.
    response->head_bytes = 0;
    size_t limit = response->body.limit;
    if (limit != 0 && size > limit - response->body.len)
        return too_large(response, ctx);
    return KDB_OK;
}

static kdb_status read_line(struct client_response *response, struct kdb_ctx *ctx, kdb_slice line)
{
    switch (response->part) {
    case CLIENT_PART_STATUS_LINE:
        return read_status_line(response, ctx, line);
    case CLIENT_PART_FIELDS:
        return line.len == 0 ? begin_body(response, ctx) : read_field(response, ctx, line);
    case CLIENT_PART_CHUNK_SIZE:
        return read_chunk_size(response, ctx, line);
    case CLIENT_PART_CHUNK_END:
        if (line.len > 0)
            return malformed(ctx, "a chunk is longer than it says");
        response->part = CLIENT_PART_CHUNK_SIZE;
        return KDB_OK;
    case CLIENT_PART_TRAILERS:
        if (line.len == 0)
            response->part = CLIENT_PART_COMPLETE;
        return KDB_OK;
    case CLIENT_PART_BODY:
    case CLIENT_PART_OPEN_BODY:
    case CLIENT_PART_CHUNK:
    case CLIENT_PART_COMPLETE:
        break;
    }
    KDB_UNREACHABLE();
}

// Takes a line, or the piece of one that has come, off the front of `bytes`.
static kdb_status take_line(struct client_response *response, struct kdb_ctx *ctx, kdb_slice bytes,
                            size_t *ret_used)
{
    const char *end = memchr(bytes.data, '\n', bytes.len);
    size_t used = end ? (size_t)(end + 1 - bytes.data) : bytes.len;
    response->head_bytes += used;
    if (response->head_bytes > CLIENT_HEAD_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "the head of the answer is larger than %zu "
                        "bytes",
                        CLIENT_HEAD_BYTES_MAX);
    *ret_used = used;
    kdb_slice line = kdb_slice_of(bytes.data, used);
    if (!end || response->line.len > 0) {
        kdb_buf_slice(&response->line, line);
        line = kdb_buf_view(&response->line);
    }
    if (!end)
        return KDB_OK;
    if (line.len < 2 || line.data[line.len - 2] != '\r')
        return malformed(ctx, "a line does not end with CR LF");
    line.len -= 2;
    if (memchr(line.data, '\r', line.len) || memchr(line.data, '\0', line.len))
        return malformed(ctx, "a line has a CR or NUL inside");
    kdb_status status = read_line(response, ctx, line);
    kdb_buf_clear(&response->line);
    return status;
}

static kdb_status take_body(struct client_response *response, struct kdb_ctx *ctx, kdb_slice bytes,
                            size_t *ret_used)
{
    size_t used = bytes.len;
    if (response->part != CLIENT_PART_OPEN_BODY) {
        used = response->left < used ? (size_t)response->left : used;
        response->left -= used;
    }
    size_t limit = response->body.limit;
    if (limit != 0 && used > limit - response->body.len)
        return too_large(response, ctx);
    kdb_buf_append(&response->body, bytes.data, used);
    if (response->part == CLIENT_PART_BODY && response->left == 0)
        response->part = CLIENT_PART_COMPLETE;
    else if (response->part == CLIENT_PART_CHUNK && response->left == 0)
        response->part = CLIENT_PART_CHUNK_END;
    *ret_used = used;
    return KDB_OK;
}

static bool is_in_body(const struct client_response *response)
{
    return response->part == CLIENT_PART_BODY || response->part == CLIENT_PART_OPEN_BODY ||
           response->part == CLIENT_PART_CHUNK;
}

kdb_status client_response_feed(struct client_response *response, struct kdb_ctx *ctx,
                                kdb_slice bytes, size_t *ret_used)
{
    size_t used = 0;
    while (used < bytes.len && response->part != CLIENT_PART_COMPLETE) {
        kdb_slice rest = kdb_slice_skip(bytes, used);
        size_t step = 0;
        if (is_in_body(response))
            KDB_TRY(take_body(response, ctx, rest, &step));
        else
            KDB_TRY(take_line(response, ctx, rest, &step));
        used += step;
    }
    *ret_used = used;
    return KDB_OK;
}

kdb_status client_response_end(struct client_response *response, struct kdb_ctx *ctx)
{
    if (response->part == CLIENT_PART_OPEN_BODY)
        response->part = CLIENT_PART_COMPLETE;
    if (response->part == CLIENT_PART_COMPLETE)
        return KDB_OK;
    return malformed(ctx, "the connection was closed in the middle of it");
}
