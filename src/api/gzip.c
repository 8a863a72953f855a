// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952) through zlib.
#define ZLIB_CONST // inputs are not written to
#include <string.h>
#include <zlib.h>

#include "api/encodings_priv.h"

// windowBits of zlib: 15, and 16 for a gzip header.
#define GZIP_WINDOW (15 + 16)

// Speed counts more than the last byte: the loop waits for it.
#define LEVEL 1

bool gzip_compress(kdb_slice bytes, struct kdb_buf *out)
{
    z_stream stream = {0};
    if (bytes.len > UINT32_MAX / 2 ||
        deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&stream, bytes.len);
    char *at = kdb_buf_reserve(out, room);
    bool is_done = false;
    if (at) {
        stream.next_in = (const Bytef *)bytes.data;
        stream.avail_in = (uInt)bytes.len;
        stream.next_out = (Bytef *)at;
        stream.avail_out = (uInt)room;
        is_done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
        if (is_done)
            kdb_buf_advance(out, room - stream.avail_out);
    }
    (void)deflateEnd(&stream);
    return is_done;
}

bool gzip_is(kdb_slice bytes)
{
    return bytes.len >= 2 && memcmp(bytes.data, "\x1f\x8b", 2) == 0;
}

static kdb_status expand(struct kdb_ctx *ctx, z_stream *stream, size_t size_max,
                         struct kdb_buf *out)
{
    int result = Z_OK;
    while (result == Z_OK) {
        char chunk[16 * 1024];
        stream->next_out = (Bytef *)chunk;
        stream->avail_out = sizeof(chunk);
        result = inflate(stream, Z_NO_FLUSH);
        size_t made = sizeof(chunk) - stream->avail_out;
        if (out->len + made > size_max)
            return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                            "a compressed message is larger than %zu bytes", size_max);
        kdb_buf_append(out, chunk, made);
        if (made == 0 && result == Z_OK)
            break;
    }
    if (result != Z_STREAM_END || stream->avail_in > 0)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the gzip data of a message is damaged");
    return KDB_OK;
}

kdb_status gzip_expand(struct kdb_ctx *ctx, kdb_slice bytes, size_t size_max, struct kdb_buf *out)
{
    z_stream stream = {0};
    if (bytes.len > UINT32_MAX || inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the gzip data of a message is damaged");
    stream.next_in = (const Bytef *)bytes.data;
    stream.avail_in = (uInt)bytes.len;
    kdb_status status = expand(ctx, &stream, size_max, out);
    (void)inflateEnd(&stream);
    return status;
}
