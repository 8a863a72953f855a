// SPDX-License-Identifier: Apache-2.0
// What a server sends over a WebSocket, read just as far as counting needs: frames, which
// subscription a message is for, and the `id` and `_seq` of its rows.
#ifndef KDB_BENCH_LIVE_MESSAGE_H
#define KDB_BENCH_LIVE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

// A whole frame at the beginning of some bytes.
struct message_frame {
    unsigned opcode;
    kdb_slice payload; // inside the bytes given
    size_t size;       // of header and payload
};

// True when `bytes` begin with a whole frame.
bool message_frame_read(kdb_slice bytes, struct message_frame *ret_frame);

enum message_kind {
    MESSAGE_ACK,   // subscription_ack
    MESSAGE_BATCH, // initial_data_batch
    MESSAGE_CHANGE,
    MESSAGE_OTHER // errors, and what nobody expects
};

struct message_head {
    enum message_kind kind;
    uint64_t subscription; // its id without the letter in front
    bool is_ready;         // batch_control says that the initial rows are complete
    kdb_slice rows;        // what follows the head
};

// Reads the head of a message; false when it names no subscription "s<number>".
bool message_head_read(kdb_slice json, struct message_head *ret_head);

// The next row of `rows`, which begins behind it afterwards; false when there is none. Rows have a
// numeric `id`, and `_seq` behind it.
bool message_next_row(kdb_slice *rows, int64_t *ret_id, int64_t *ret_seq);

#endif
