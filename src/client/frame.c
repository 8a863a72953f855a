// SPDX-License-Identifier: Apache-2.0
// Frames there and back.
#include "client/frame_priv.h"

enum {
    bit_final = 0x80,
    bits_reserved = 0x70,
    bits_opcode = 0x0F,
    bit_masked = 0x80,
    length_16 = 126, // the length stands in the next two bytes
    length_64 = 127, // or in the next eight
    control_bytes_max = 125,
};

void client_frame_write(struct kdb_buf *out, enum client_opcode opcode, kdb_slice payload,
                        const uint8_t mask[CLIENT_MASK_BYTES])
{
    size_t size = payload.len < length_16 ? 0 : payload.len <= UINT16_MAX ? 2 : 8;
    size_t length = size == 0 ? payload.len : size == 2 ? length_16 : length_64;
    kdb_buf_put(out, (char)(bit_final | (unsigned)opcode));
    kdb_buf_put(out, (char)(bit_masked | length));
    for (size_t i = size; i-- > 0;)
        kdb_buf_put(out, (char)(payload.len >> (8 * i)));
    kdb_buf_append(out, mask, CLIENT_MASK_BYTES);
    for (size_t i = 0; i < payload.len; i++)
        kdb_buf_put(out, (char)((uint8_t)payload.data[i] ^ mask[i % CLIENT_MASK_BYTES]));
}

void client_frame_reader_deinit(struct client_frame_reader *reader)
{
    kdb_buf_deinit(&reader->in);
    kdb_buf_deinit(&reader->message);
}

void client_frame_feed(struct client_frame_reader *reader, kdb_slice bytes)
{
    if (reader->at > 0) {
        reader->in.len -= reader->at;
        memmove(reader->in.data, reader->in.data + reader->at, reader->in.len);
        reader->at = 0;
    }
    kdb_buf_slice(&reader->in, bytes);
}

static kdb_status malformed(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "the server breaks the WebSocket protocol: %s", what);
}

// A frame's header, and what follows it.
struct header {
    bool is_final;
    uint8_t opcode;
    size_t size; // of the header
    uint64_t payload_size;
};

static bool is_control(uint8_t opcode)
{
    return opcode >= CLIENT_OP_CLOSE;
}

static kdb_status check_header(const struct client_frame_reader *reader, struct kdb_ctx *ctx,
                               const struct header *header)
{
    if (is_control(header->opcode)) {
        if (header->opcode > CLIENT_OP_PONG)
            return malformed(ctx, "a frame of an unknown kind");
        if (!header->is_final || header->payload_size > control_bytes_max)
            return malformed(ctx, "a control frame in pieces, or too long");
        return KDB_OK;
    }
    if (header->opcode > CLIENT_OP_BINARY)
        return malformed(ctx, "a frame of an unknown kind");
    if ((header->opcode == CLIENT_OP_CONTINUATION) != (reader->kind != 0))
        return malformed(ctx, "the pieces of a message are out of order");
    if (header->payload_size > reader->bytes_max - reader->message.len)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "a message is larger than %zu bytes",
                        reader->bytes_max);
    return KDB_OK;
}

// Reads the header at the front of `rest`; its size is 0 when not all of it is there.
static kdb_status read_header(const struct client_frame_reader *reader, struct kdb_ctx *ctx,
                              kdb_slice rest, struct header *ret_header)
{
    const uint8_t *bytes = (const uint8_t *)rest.data;
    *ret_header = (struct header){0};
    if (rest.len < 2)
        return KDB_OK;
    if (bytes[0] & bits_reserved)
        return malformed(ctx, "an extension that was not asked for");
    if (bytes[1] & bit_masked)
        return malformed(ctx, "a masked frame");
    size_t extra = bytes[1] == length_16 ? 2 : bytes[1] == length_64 ? 8 : 0;
    if (rest.len < 2 + extra)
        return KDB_OK;
    ret_header->is_final = (bytes[0] & bit_final) != 0;
    ret_header->opcode = bytes[0] & bits_opcode;
    ret_header->payload_size = extra == 0 ? bytes[1] : 0;
    for (size_t i = 0; i < extra; i++)
        ret_header->payload_size = ret_header->payload_size << 8 | bytes[2 + i];
    ret_header->size = 2 + extra;
    return check_header(reader, ctx, ret_header);
}

// Takes one whole frame; a message that it completes, or a control frame, is the result.
static void take(struct client_frame_reader *reader, const struct header *header, kdb_slice payload,
                 struct client_frame *ret_frame)
{
    if (is_control(header->opcode)) {
        *ret_frame = (struct client_frame){true, (enum client_opcode)header->opcode, payload};
        return;
    }
    if (header->opcode != CLIENT_OP_CONTINUATION) {
        reader->kind = header->opcode;
        kdb_buf_clear(&reader->message);
    }
    if (!header->is_final) {
        kdb_buf_slice(&reader->message, payload);
        return;
    }
    // A message in one piece, nearly every one, is lent from where it lies.
    if (header->opcode == CLIENT_OP_CONTINUATION) {
        kdb_buf_slice(&reader->message, payload);
        payload = kdb_buf_view(&reader->message);
    }
    *ret_frame = (struct client_frame){true, (enum client_opcode)reader->kind, payload};
    reader->kind = 0;
}

kdb_status client_frame_next(struct client_frame_reader *reader, struct kdb_ctx *ctx,
                             struct client_frame *ret_frame)
{
    struct client_frame frame = {0};
    if (reader->kind == 0)
        kdb_buf_clear(&reader->message);
    while (!frame.is_there) {
        struct header header;
        kdb_slice rest = kdb_slice_skip(kdb_buf_view(&reader->in), reader->at);
        KDB_TRY(read_header(reader, ctx, rest, &header));
        if (header.size == 0 || rest.len - header.size < header.payload_size)
            break;
        size_t size = (size_t)header.payload_size;
        take(reader, &header, kdb_slice_of(rest.data + header.size, size), &frame);
        reader->at += header.size + size;
    }
    *ret_frame = frame;
    return KDB_OK;
}
