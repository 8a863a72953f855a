// SPDX-License-Identifier: Apache-2.0
// What waits to be sent to one WebSocket: runs of private bytes, each with a shared body behind it.
//
// Records lie in small blocks that come from a pool of the loop and go back as soon as they are
// sent: an empty queue holds no memory. What is in the queue does not move, so that the system may
// be given pointers to it. Loop thread only.
#ifndef KDB_NET_WS_QUEUE_PRIV_H
#define KDB_NET_WS_QUEUE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/shared_bytes.h"
#include "base/slice.h"

struct net_ws_block;

// Private bytes of one record: longer ones become a body of their own.
enum { NET_WS_OWN_BYTES_MAX = 1024 };

// Free blocks of one loop. Zeroed memory is an empty pool.
struct net_ws_pool {
    struct net_ws_block *free;
    size_t count;
};

void net_ws_pool_deinit(struct net_ws_pool *pool);

// Zeroed memory is an empty queue.
struct net_ws_queue {
    struct net_ws_block *first;
    struct net_ws_block *last;
    size_t bytes; // that were not sent
    size_t sent;  // of the first record
};

// Drops everything.
void net_ws_queue_deinit(struct net_ws_queue *queue, struct net_ws_pool *pool);

// Appends `head` and `own`, together at most NET_WS_OWN_BYTES_MAX, which are copied, and a body
// (NULL: none), of which the queue takes a reference.
void net_ws_queue_push(struct net_ws_queue *queue, struct net_ws_pool *pool, kdb_slice head,
                       kdb_slice own, struct kdb_shared_bytes *body);

// The oldest bytes in at most `max` (at least 2) pieces: short records are gathered in `scratch`,
// long bodies stand for themselves. Valid until something of it is reported as sent.
size_t net_ws_queue_gather(const struct net_ws_queue *queue, char *scratch, size_t scratch_size,
                           kdb_slice *pieces, size_t max);

// The first record in up to two pieces that stay where they are until they are reported as sent.
size_t net_ws_queue_first(const struct net_ws_queue *queue, kdb_slice pieces[2]);

// The first `len` bytes were sent.
void net_ws_queue_sent(struct net_ws_queue *queue, struct net_ws_pool *pool, size_t len);

#endif
