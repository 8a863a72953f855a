// SPDX-License-Identifier: Apache-2.0
// All subscriptions of the server: system.live, KILL LIVE QUERY, and how many each user has.
//
// Entries are added and removed by the loops that own the subscriptions and listed by any thread,
// under one lock that is held for no more than that.
#ifndef KDB_LIVE_DIRECTORY_H
#define KDB_LIVE_DIRECTORY_H

#include "live/live.h"

struct kdb_live_directory;
struct kdb_live_entry;

// An empty one.
struct kdb_live_directory *kdb_live_directory_create(void);
void kdb_live_directory_destroy(struct kdb_live_directory *directory); // accepts NULL

// One row of system.live. In a listing the slices are borrowed for the call.
struct kdb_live_info {
    kdb_slice live_id; // <user>-<connection>-<subscription>
    kdb_slice connection_id;
    kdb_slice subscription_id;
    kdb_slice space;
    kdb_slice table;
    kdb_slice user;
    kdb_slice query;
    kdb_slice options; // JSON or null
    int64_t created_at_us;
    int64_t last_ping_at_us; // when the connection began
    const char *status;      // "active", "loading", "lagging"
    uint64_t delivered, filtered, dropped, lags;
    int64_t last_change_us; // 0: none yet
    kdb_slice index_column; // null: every change of the partition is looked at
};

// Adds a subscription unless its user has `user_max` of them already: NULL then. `info` gives the
// names, which are copied (live_id is made here); `counters` stay readable until the entry is
// removed.
struct kdb_live_entry *kdb_live_directory_add(struct kdb_live_directory *directory,
                                              const struct kdb_live_info *info, size_t user_max);
void kdb_live_directory_remove(struct kdb_live_directory *directory,
                               struct kdb_live_entry *entry); // accepts NULL

// Shows what a subscription does: its counters (until it is removed), and a status.
void kdb_live_entry_watch(struct kdb_live_directory *directory, struct kdb_live_entry *entry,
                          const struct kdb_live_counters *counters, kdb_slice index_column);
void kdb_live_entry_set_status(struct kdb_live_entry *entry, const char *status); // static text

// Whether somebody asked for its end: the owner's loop looks now and then.
bool kdb_live_entry_is_killed(const struct kdb_live_entry *entry);

// Calls `visit` for every subscription, in the order they were added.
void kdb_live_directory_each(struct kdb_live_directory *directory,
                             void (*visit)(void *arg, const struct kdb_live_info *info), void *arg);

// Asks for the end of a subscription. False when there is none of that live_id, or `owner` is not
// null and it is another user's.
bool kdb_live_directory_kill(struct kdb_live_directory *directory, kdb_slice live_id,
                             kdb_slice owner);

// How many subscriptions there are now.
size_t kdb_live_directory_count(struct kdb_live_directory *directory);
// The most there were at one time.
size_t kdb_live_directory_peak(struct kdb_live_directory *directory);

#endif
