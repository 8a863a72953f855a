// SPDX-License-Identifier: Apache-2.0
// Frames as WebSocket clients send them, good and bad, for tests.
#ifndef KDB_TESTS_LIB_WS_BYTES_H
#define KDB_TESTS_LIB_WS_BYTES_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"

// Appends a masked frame whose first byte is given as it is (0x81: a whole text).
static inline void ws_put_frame(struct kdb_buf *out, unsigned first, kdb_slice payload)
{
    static const char mask[4] = {'\x37', '\xfa', '\x21', '\x3d'};
    kdb_buf_put(out, (char)first);
    if (payload.len < 126) {
        kdb_buf_put(out, (char)(0x80U | payload.len));
    } else {
        size_t size = payload.len <= UINT16_MAX ? 2 : 8;
        kdb_buf_put(out, (char)(size == 2 ? 0xFE : 0xFF));
        for (size_t i = size; i-- > 0;)
            kdb_buf_put(out, (char)(payload.len >> (8 * i)));
    }
    kdb_buf_append(out, mask, sizeof(mask));
    for (size_t i = 0; i < payload.len; i++)
        kdb_buf_put(out, (char)(payload.data[i] ^ mask[i % 4]));
}

// Appends a close frame.
static inline void ws_put_close(struct kdb_buf *out, unsigned code, const char *reason)
{
    struct kdb_buf payload = {0};
    kdb_buf_put(&payload, (char)(code >> 8));
    kdb_buf_put(&payload, (char)code);
    kdb_buf_slice(&payload, kdb_slice_cstr(reason));
    ws_put_frame(out, 0x88, kdb_buf_view(&payload));
    kdb_buf_deinit(&payload);
}

#endif
