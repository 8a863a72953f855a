// SPDX-License-Identifier: Apache-2.0
// What the rest of net needs of a loop.
#ifndef KDB_NET_LOOP_PRIV_H
#define KDB_NET_LOOP_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "net/loop.h"

// Bytes read from a socket at once: one buffer for all connections of the loop.
enum { NET_READ_BYTES = 64 * 1024 };

// Writes what was answered in a turn. Flushers run before the hooks of the layers above, because
// going on with a connection may call its handler, and again when a hook answered something.
struct net_flusher {
    struct net_flusher *next; // the loop's
    bool (*has_work)(const struct net_flusher *flusher);
    void (*flush)(struct net_flusher *flusher);
};

uv_loop_t *net_loop_uv(struct kdb_loop *loop);

// Whether another thread runs the loop, so that the caller must leave it alone; for asserts.
bool net_loop_runs_elsewhere(const struct kdb_loop *loop);

// NET_READ_BYTES bytes; their content lasts until the next read on the loop.
char *net_loop_read_buffer(struct kdb_loop *loop);

// NET_READ_BYTES bytes for what comes out of the read buffer decrypted. Made on first use.
char *net_loop_plain_buffer(struct kdb_loop *loop);

// NET_READ_BYTES bytes in which short things are gathered to be sent at once. Made on first use.
char *net_loop_write_buffer(struct kdb_loop *loop);

// Which turn this is: another number each time the loop is about to sleep. Loop thread.
uint64_t net_loop_turn(const struct kdb_loop *loop);

// Loop thread.
void net_loop_add_flusher(struct kdb_loop *loop, struct net_flusher *flusher);
void net_loop_remove_flusher(struct kdb_loop *loop, struct net_flusher *flusher);

#endif
