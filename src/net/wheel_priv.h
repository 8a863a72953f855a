// SPDX-License-Identifier: Apache-2.0
// A timer wheel: when thousands of connections must be looked at again, cheap to move.
//
// Entries are intrusive. One is found in the slot of its time, or, when that is further away than
// the wheel is long, in the last slot, from where it is put on again. Due times are coarse: an
// entry is due up to a tick late. Not safe for threads; time comes in as an argument.
#ifndef KDB_NET_WHEEL_PRIV_H
#define KDB_NET_WHEEL_PRIV_H

#include <stdint.h>

enum {
    NET_WHEEL_SLOTS = 256,
    NET_WHEEL_TICK_MS = 64,
};

// Embedded in its owner; zeroed when not on a wheel.
struct net_wheel_entry {
    struct net_wheel_entry *next;
    struct net_wheel_entry *previous;
    int64_t due_ms; // what was asked for
};

struct net_wheel {
    struct net_wheel_entry slots[NET_WHEEL_SLOTS]; // heads of rings
    int64_t tick;                                  // everything before it was taken
    uint64_t count;                                // entries
};

// Nothing is on it; `now_ms` is the earliest time that will be asked about.
void net_wheel_init(struct net_wheel *wheel, int64_t now_ms);

// Puts an entry on, or moves it.
void net_wheel_put(struct net_wheel *wheel, struct net_wheel_entry *entry, int64_t due_ms);

// Takes it off if it is on.
void net_wheel_remove(struct net_wheel *wheel, struct net_wheel_entry *entry);

// Takes off and returns an entry whose time has come; NULL when there is none (any more).
struct net_wheel_entry *net_wheel_take_due(struct net_wheel *wheel, int64_t now_ms);

// Milliseconds from `now_ms` until net_wheel_take_due may have something; -1 when the wheel is
// empty.
int64_t net_wheel_wait_ms(const struct net_wheel *wheel, int64_t now_ms);

#endif
