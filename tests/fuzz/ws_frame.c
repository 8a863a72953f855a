// SPDX-License-Identifier: Apache-2.0
// links: net base
// WebSocket frames from arbitrary bytes: no crash, nothing beyond the bounds, and the same events
// however the bytes are cut. The first byte says how; with its high bit the rest is the payload of
// frames that are masked here, so that the fuzzer need not find masks.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "net/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kdb_ws_limits limits = {.message_bytes_max = 300, .skipped_bytes_max = 2000};

static void note(struct kdb_buf *seen, enum kdb_ws_event event, const struct kdb_ws_item *item)
{
    KDB_ASSERT(item->bytes.len <= limits.message_bytes_max);
    if (event == KDB_WS_TEXT || event == KDB_WS_CLOSE)
        KDB_ASSERT(kdb_utf8_is_valid(item->bytes));
    if (event == KDB_WS_CLOSE)
        KDB_ASSERT(item->code == KDB_WS_NO_CODE || kdb_ws_is_close_code(item->code));
    kdb_buf_printf(seen, "%d %u ", (int)event, item->code);
    if (event != KDB_WS_BAD)
        kdb_buf_slice(seen, item->bytes);
}

static void run_once(const struct kdb_buf *input, size_t step, struct kdb_buf *seen)
{
    struct kdb_ws_reader reader;
    kdb_ws_reader_init(&reader, &limits);
    for (size_t at = 0; at < input->len;) {
        size_t len = step < input->len - at ? step : input->len - at;
        char *piece = malloc(len);
        KDB_ASSERT(piece != NULL);
        memcpy(piece, input->data + at, len);
        at += len;
        for (size_t used = 0; used < len && !reader.is_over;) {
            size_t part;
            struct kdb_ws_item item;
            enum kdb_ws_event event =
                kdb_ws_reader_next(&reader, piece + used, len - used, &part, &item);
            used += part;
            KDB_ASSERT(event != KDB_WS_MORE || used == len);
            if (event != KDB_WS_MORE)
                note(seen, event, &item);
        }
        free(piece);
        if (reader.is_over)
            break;
    }
    kdb_ws_reader_deinit(&reader);
}

// Makes frames of bytes: first byte of the frame, length, payload.
static void mask_frames(const uint8_t *data, size_t size, struct kdb_buf *out)
{
    while (size >= 2) {
        size_t len = data[1] % 126U;
        if (len > size - 2)
            len = size - 2;
        kdb_buf_put(out, (char)data[0]);
        kdb_buf_put(out, (char)(0x80U | len));
        KDB_BUF_LIT(out, "\x11\x22\x44\x88");
        for (size_t i = 0; i < len; i++)
            kdb_buf_put(out, (char)(data[2 + i] ^ 0x11U << (i % 4)));
        data += 2 + len;
        size -= 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct kdb_buf input = {0};
    if (data[0] & 0x80)
        mask_frames(data + 1, size - 1, &input);
    else
        kdb_buf_append(&input, data + 1, size - 1);
    struct kdb_buf whole = {0};
    struct kdb_buf cut = {0};
    run_once(&input, size * 8, &whole);
    run_once(&input, (size_t)(data[0] & 0x7F) + 1, &cut);
    KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&whole), kdb_buf_view(&cut)));
    kdb_buf_deinit(&input);
    kdb_buf_deinit(&whole);
    kdb_buf_deinit(&cut);
    return 0;
}
