// SPDX-License-Identifier: Apache-2.0
// Events: counted on their loop, bytes shared beyond it.
#include "live/event.h"

#include "base/alloc.h"

const char *kdb_live_kind_name(kdb_live_kind kind)
{
    static const char *const names[] = {
        [KDB_LIVE_INSERT] = "insert", [KDB_LIVE_UPDATE] = "update", [KDB_LIVE_DELETE] = "delete"};
    return names[kind];
}

struct kdb_live_event *kdb_live_event_create(kdb_live_kind kind, uint32_t row_count, int64_t seq,
                                             kdb_slice body)
{
    struct kdb_live_event *event = kdb_alloc(sizeof(*event));
    *event = (struct kdb_live_event){.references = 1,
                                     .kind = kind,
                                     .row_count = row_count,
                                     .seq = seq,
                                     .body = kdb_shared_bytes_create(body)};
    return event;
}

struct kdb_live_event *kdb_live_event_ref(struct kdb_live_event *event)
{
    if (event)
        event->references++;
    return event;
}

void kdb_live_event_unref(struct kdb_live_event *event)
{
    if (!event || --event->references > 0)
        return;
    kdb_shared_bytes_unref(event->body);
    kdb_shared_bytes_unref(event->packed);
    kdb_free(event);
}
