// SPDX-License-Identifier: Apache-2.0
// Frame headers byte by byte, payloads in runs.
#include "net/ws_frame.h"

#include <string.h>

#include "base/assert.h"

enum {
    bit_final = 0x80,
    bits_reserved = 0x70,
    bits_opcode = 0x0F,
    bit_masked = 0x80,
    bits_length = 0x7F,
    length_16 = 126, // the length stands in the next two bytes
    length_64 = 127, // or in the next eight
};

bool kdb_ws_is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

size_t kdb_ws_write_header(char out[KDB_WS_HEADER_BYTES_MAX], enum kdb_ws_opcode opcode,
                           uint64_t len)
{
    out[0] = (char)(bit_final | (unsigned)opcode);
    if (len < length_16) {
        out[1] = (char)len;
        return 2;
    }
    size_t size = len <= UINT16_MAX ? 2 : 8;
    out[1] = (char)(size == 2 ? length_16 : length_64);
    for (size_t i = 0; i < size; i++)
        out[2 + i] = (char)(len >> (8 * (size - 1 - i)));
    return 2 + size;
}

void kdb_ws_reader_init(struct kdb_ws_reader *reader, const struct kdb_ws_limits *limits)
{
    *reader = (struct kdb_ws_reader){.limits = limits};
}

void kdb_ws_reader_deinit(struct kdb_ws_reader *reader)
{
    kdb_buf_deinit(&reader->message);
    kdb_buf_deinit(&reader->control);
}

static bool is_control(unsigned opcode)
{
    return opcode >= KDB_WS_OP_CLOSE;
}

static enum kdb_ws_event fail(struct kdb_ws_reader *reader, unsigned code, const char *problem,
                              struct kdb_ws_item *item)
{
    reader->is_over = true;
    item->code = code;
    item->problem = problem;
    return KDB_WS_BAD;
}

static void unmask(struct kdb_ws_reader *reader, char *data, size_t len)
{
    char mask[8];
    for (size_t i = 0; i < sizeof(mask); i++)
        mask[i] = (char)reader->mask[(reader->mask_at + i) % 4];
    uint64_t wide_mask;
    memcpy(&wide_mask, mask, sizeof(wide_mask));
    size_t at = 0;
    for (; at + sizeof(wide_mask) <= len; at += sizeof(wide_mask)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof(word));
        word ^= wide_mask;
        memcpy(data + at, &word, sizeof(word));
    }
    for (size_t i = 0; at < len; at++, i++)
        data[at] = (char)(data[at] ^ mask[i]);
    reader->mask_at = (uint8_t)((reader->mask_at + len) % 4);
}

// ---- The header.

// How long the header is, as far as can be said from what is there.
static size_t header_size(const struct kdb_ws_reader *reader)
{
    if (reader->header_len < 2)
        return 2;
    unsigned length = reader->header[1] & bits_length;
    size_t mask = reader->header[1] & bit_masked ? 4 : 0;
    return 2 + (length == length_16 ? 2U : length == length_64 ? 8U : 0U) + mask;
}

// Takes what of the input belongs to the header; true when it is complete.
static bool gather_header(struct kdb_ws_reader *reader, const char *data, size_t len, size_t *at)
{
    while (reader->header_len < header_size(reader)) {
        size_t wanted = header_size(reader) - reader->header_len;
        size_t taken = len - *at < wanted ? len - *at : wanted;
        if (taken == 0)
            return false;
        memcpy(reader->header + reader->header_len, data + *at, taken);
        reader->header_len = (uint8_t)(reader->header_len + taken);
        *at += taken;
    }
    return true;
}

// What the first two bytes must not say; NULL when they are fine.
static const char *header_problem(const struct kdb_ws_reader *reader)
{
    unsigned opcode = reader->header[0] & bits_opcode;
    bool is_final = (reader->header[0] & bit_final) != 0;
    if (reader->header[0] & bits_reserved)
        return "a reserved bit is set";
    if ((opcode > KDB_WS_OP_BINARY && opcode < KDB_WS_OP_CLOSE) || opcode > KDB_WS_OP_PONG)
        return "a reserved opcode";
    if (!(reader->header[1] & bit_masked))
        return "a frame that is not masked";
    if (is_control(opcode)) {
        if (!is_final)
            return "a control frame in fragments";
        if ((reader->header[1] & bits_length) > KDB_WS_CONTROL_BYTES_MAX)
            return "a control frame of more than 125 bytes";
        return NULL;
    }
    if (opcode == KDB_WS_OP_CONTINUATION && reader->kind == 0)
        return "a continuation of nothing";
    if (opcode != KDB_WS_OP_CONTINUATION && reader->kind != 0)
        return "a new message inside of another";
    return NULL;
}

// The length, which must be written in the shortest form. False when it is not.
static bool read_length(const struct kdb_ws_reader *reader, uint64_t *ret_len)
{
    unsigned length = reader->header[1] & bits_length;
    size_t size = length == length_16 ? 2 : length == length_64 ? 8 : 0;
    uint64_t value = size == 0 ? length : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | reader->header[2 + i];
    *ret_len = value;
    return size == 0 || (size == 2 && value >= length_16) ||
           (size == 8 && value > UINT16_MAX && value <= INT64_MAX);
}

// Counts a frame of a message against the bounds.
static enum kdb_ws_event begin_data(struct kdb_ws_reader *reader, struct kdb_ws_item *item)
{
    const struct kdb_ws_limits *limits = reader->limits;
    if (reader->opcode != KDB_WS_OP_CONTINUATION)
        reader->kind = reader->opcode;
    reader->message_bytes += reader->frame_left;
    if (reader->message_bytes <= limits->message_bytes_max)
        return KDB_WS_MORE;
    if (reader->message_bytes > limits->skipped_bytes_max || reader->message_bytes > INT64_MAX)
        return fail(reader, KDB_WS_TOO_BIG, "a message larger than the server accepts", item);
    if (reader->is_skipping)
        return KDB_WS_MORE;
    reader->is_skipping = true;
    kdb_buf_deinit(&reader->message);
    return KDB_WS_TOO_LARGE;
}

// The header is complete.
static enum kdb_ws_event begin_frame(struct kdb_ws_reader *reader, struct kdb_ws_item *item)
{
    uint64_t len;
    if (!read_length(reader, &len))
        return fail(reader, KDB_WS_PROTOCOL_ERROR,
                    "a frame length that is not in its shortest form", item);
    reader->frame_left = len;
    reader->opcode = reader->header[0] & bits_opcode;
    reader->is_final = (reader->header[0] & bit_final) != 0;
    memcpy(reader->mask, reader->header + reader->header_len - 4, 4);
    reader->mask_at = 0;
    reader->header_len = 0;
    reader->is_in_frame = true;
    return is_control(reader->opcode) ? KDB_WS_MORE : begin_data(reader, item);
}

// ---- The payload.

static enum kdb_ws_event end_control(struct kdb_ws_reader *reader, kdb_slice bytes,
                                     struct kdb_ws_item *item)
{
    item->bytes = bytes;
    if (reader->opcode == KDB_WS_OP_PING)
        return KDB_WS_PING;
    if (reader->opcode == KDB_WS_OP_PONG)
        return KDB_WS_PONG;
    if (bytes.len == 1)
        return fail(reader, KDB_WS_PROTOCOL_ERROR, "a close frame with half a code", item);
    item->code = KDB_WS_NO_CODE;
    if (bytes.len > 0) {
        item->code = (unsigned)(uint8_t)bytes.data[0] << 8 | (uint8_t)bytes.data[1];
        item->bytes = kdb_slice_skip(bytes, 2);
        if (!kdb_ws_is_close_code(item->code))
            return fail(reader, KDB_WS_PROTOCOL_ERROR, "a close code that must not be sent", item);
        if (!kdb_utf8_is_valid(item->bytes))
            return fail(reader, KDB_WS_BAD_DATA, "a close reason that is not UTF-8", item);
    }
    reader->is_over = true;
    return KDB_WS_CLOSE;
}

static enum kdb_ws_event take_control(struct kdb_ws_reader *reader, kdb_slice piece,
                                      struct kdb_ws_item *item)
{
    bool is_whole = reader->frame_left == 0;
    if (is_whole && reader->control.len == 0)
        return end_control(reader, piece, item);
    kdb_buf_slice(&reader->control, piece);
    return is_whole ? end_control(reader, kdb_buf_view(&reader->control), item) : KDB_WS_MORE;
}

// The message is whole: the next frame begins another.
static enum kdb_ws_event end_message(struct kdb_ws_reader *reader, kdb_slice bytes,
                                     struct kdb_ws_item *item)
{
    enum kdb_ws_event event = reader->kind == KDB_WS_OP_TEXT ? KDB_WS_TEXT : KDB_WS_BINARY;
    reader->kind = 0;
    reader->message_bytes = 0;
    reader->check = (struct kdb_utf8_check){0};
    item->bytes = bytes;
    return event;
}

static enum kdb_ws_event take_data(struct kdb_ws_reader *reader, kdb_slice piece,
                                   struct kdb_ws_item *item)
{
    bool is_whole = reader->frame_left == 0 && reader->is_final;
    if (reader->is_skipping) {
        if (is_whole) {
            (void)end_message(reader, (kdb_slice){0}, item);
            reader->is_skipping = false;
        }
        return KDB_WS_MORE;
    }
    if (reader->kind == KDB_WS_OP_TEXT) {
        bool is_good = kdb_utf8_check_piece(&reader->check, piece);
        if (!is_good || (is_whole && !kdb_utf8_check_is_whole(&reader->check)))
            return fail(reader, KDB_WS_BAD_DATA, "text that is not UTF-8", item);
    }
    if (is_whole && reader->message.len == 0)
        return end_message(reader, piece, item);
    kdb_buf_slice(&reader->message, piece);
    return is_whole ? end_message(reader, kdb_buf_view(&reader->message), item) : KDB_WS_MORE;
}

// Takes what of the input belongs to the frame.
static enum kdb_ws_event take_payload(struct kdb_ws_reader *reader, char *data, size_t len,
                                      size_t *at, struct kdb_ws_item *item)
{
    size_t taken = len - *at < reader->frame_left ? len - *at : (size_t)reader->frame_left;
    char *begin = data + *at;
    *at += taken;
    reader->frame_left -= taken;
    reader->is_in_frame = reader->frame_left > 0;
    kdb_slice piece = {begin, taken};
    if (is_control(reader->opcode)) {
        unmask(reader, begin, taken);
        return take_control(reader, piece, item);
    }
    if (!reader->is_skipping)
        unmask(reader, begin, taken);
    return take_data(reader, piece, item);
}

// What the event before lent is given back.
static void take_back(struct kdb_ws_reader *reader)
{
    if (reader->kind == 0 && reader->message.capacity > 0)
        kdb_buf_deinit(&reader->message);
    if (!reader->is_in_frame && reader->control.capacity > 0)
        kdb_buf_deinit(&reader->control);
}

enum kdb_ws_event kdb_ws_reader_next(struct kdb_ws_reader *reader, char *data, size_t len,
                                     size_t *ret_used, struct kdb_ws_item *ret_item)
{
    KDB_ASSERT(!reader->is_over);
    size_t at = 0;
    enum kdb_ws_event event = KDB_WS_MORE;
    *ret_item = (struct kdb_ws_item){0};
    take_back(reader);
    while (event == KDB_WS_MORE) {
        if (!reader->is_in_frame) {
            bool is_complete = gather_header(reader, data, len, &at);
            const char *problem = reader->header_len >= 2 ? header_problem(reader) : NULL;
            if (problem)
                event = fail(reader, KDB_WS_PROTOCOL_ERROR, problem, ret_item);
            else if (is_complete)
                event = begin_frame(reader, ret_item);
            if (!is_complete || event != KDB_WS_MORE)
                break;
        }
        if (at == len && reader->frame_left > 0)
            break;
        event = take_payload(reader, data, len, &at, ret_item);
    }
    *ret_used = at;
    return event;
}
