// SPDX-License-Identifier: Apache-2.0
// links: client types base
// A server's frames from arbitrary bytes: no crash, nothing beyond the bounds, and the same
// messages however the bytes are cut. The first byte says how.
#include "base/assert.h"
#include "client/frame_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX ((size_t)300)

static void read_all(kdb_slice bytes, size_t step, struct kdb_buf *seen)
{
    struct client_frame_reader reader = {.bytes_max = BYTES_MAX};
    struct kdb_ctx ctx;
    kdb_status status = KDB_OK;
    kdb_ctx_init(&ctx, 0);
    while (bytes.len > 0 && status == KDB_OK) {
        size_t count = step < bytes.len ? step : bytes.len;
        client_frame_feed(&reader, kdb_slice_of(bytes.data, count));
        bytes = kdb_slice_skip(bytes, count);
        struct client_frame frame = {.is_there = true};
        while (frame.is_there && (status = client_frame_next(&reader, &ctx, &frame)) == KDB_OK) {
            if (!frame.is_there)
                break;
            KDB_ASSERT(frame.payload.len <= BYTES_MAX);
            kdb_buf_printf(seen, "%d %zu ", (int)frame.opcode, frame.payload.len);
            kdb_buf_slice(seen, frame.payload);
        }
    }
    kdb_buf_printf(seen, "%d", (int)status);
    client_frame_reader_deinit(&reader);
    kdb_ctx_deinit(&ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct kdb_buf whole = {0};
    struct kdb_buf cut = {0};
    kdb_slice bytes = kdb_slice_of(data + 1, size - 1);
    read_all(bytes, bytes.len, &whole);
    read_all(bytes, 1 + data[0] % 16U, &cut);
    KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&whole), kdb_buf_view(&cut)));
    kdb_buf_deinit(&whole);
    kdb_buf_deinit(&cut);
    return 0;
}
