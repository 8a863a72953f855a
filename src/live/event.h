// SPDX-License-Identifier: Apache-2.0
// What a subscription is told: one or more changes of one kind, encoded once for everyone who asks
// the same.
//
// Belongs to one event loop, counted there without atomics. The body is the end of the message: all
// that does not name the subscription, so that it is the same for everyone.
#ifndef KDB_LIVE_EVENT_H
#define KDB_LIVE_EVENT_H

#include "base/shared_bytes.h"

#include <stdint.h>

typedef enum { KDB_LIVE_INSERT, KDB_LIVE_UPDATE, KDB_LIVE_DELETE } kdb_live_kind;

struct kdb_live_event {
    uint32_t references;
    kdb_live_kind kind;
    uint32_t row_count;              // changes in it; one unless they are inserts
    int64_t seq;                     // of the newest change in it
    struct kdb_shared_bytes *body;   // JSON: "rows":[…] and/or "old_values":[…], and a brace
    struct kdb_shared_bytes *packed; // those members as MessagePack, made by whoever needs them
                                     // first; may be NULL
    uint32_t packed_count;           // how many members those are
};

// "insert", "update", "delete". Static.
const char *kdb_live_kind_name(kdb_live_kind kind);

// With one reference; the body is copied.
struct kdb_live_event *kdb_live_event_create(kdb_live_kind kind, uint32_t row_count, int64_t seq,
                                             kdb_slice body);
struct kdb_live_event *kdb_live_event_ref(struct kdb_live_event *event); // accepts NULL
void kdb_live_event_unref(struct kdb_live_event *event);                 // accepts NULL

#endif
