// SPDX-License-Identifier: Apache-2.0
// One subscription: held, flowing or lagging.
#include "base/alloc.h"
#include "base/assert.h"
#include "live/live_priv.h"

struct kdb_live_subscription *kdb_live_subscribe(struct kdb_live_loop *live,
                                                 struct kdb_live_query *query,
                                                 struct kdb_partition *partition,
                                                 const struct kdb_live_sink_ops *ops, void *self)
{
    struct live_group *group = live_group_join(live, query, partition);
    struct kdb_live_subscription *subscription = kdb_alloc(sizeof(*subscription));
    subscription->group = group;
    subscription->ops = ops;
    subscription->self = self;
    subscription->state = LIVE_HELD;
    subscription->counters.filtered = &group->filtered;
    subscription->counters.filtered_before = atomic_load(&group->filtered);
    if (group->count == group->capacity) {
        group->capacity = kdb_grow_capacity(group->capacity, group->count + 1);
        group->members = kdb_realloc(group->members, group->capacity * sizeof(*group->members));
    }
    subscription->index = group->count;
    group->members[group->count++] = subscription;
    group->node->subscription_count++;
    atomic_fetch_add(&partition->subscriptions, 1);
    return subscription;
}

static void forget_held(struct kdb_live_subscription *subscription)
{
    for (size_t i = 0; i < subscription->held_count; i++)
        kdb_live_event_unref(subscription->held[i]);
    kdb_free(subscription->held);
    subscription->held = NULL;
    subscription->held_count = 0;
    subscription->held_capacity = 0;
    subscription->held_bytes = 0;
}

void kdb_live_unsubscribe(struct kdb_live_subscription *subscription)
{
    if (!subscription)
        return;
    struct live_group *group = subscription->group;
    struct kdb_live_subscription *last = group->members[--group->count];
    group->members[subscription->index] = last;
    last->index = subscription->index;
    group->node->subscription_count--;
    atomic_fetch_sub(&group->node->partition->subscriptions, 1);
    forget_held(subscription);
    kdb_free(subscription);
    live_group_leave(group);
}

static void begin_to_lag(struct kdb_live_subscription *subscription)
{
    atomic_fetch_add_explicit(&subscription->counters.lags, 1, memory_order_relaxed);
    // A held one stays held: its initial rows are on their way, and then it has to catch up.
    if (subscription->state != LIVE_FLOWS)
        return;
    subscription->state = LIVE_LAGGING;
    subscription->ops->lags(subscription->self);
}

// Not always the newest: a loop is told what it lost before older changes that were queued later.
static void note_lost_seq(struct kdb_live_subscription *subscription, int64_t seq)
{
    if (seq > subscription->lost_seq)
        subscription->lost_seq = seq;
}

static void drop(struct kdb_live_subscription *subscription, uint64_t changes, int64_t seq)
{
    atomic_fetch_add_explicit(&subscription->counters.dropped, changes, memory_order_relaxed);
    note_lost_seq(subscription, seq);
}

static void hold(struct kdb_live_subscription *subscription, struct kdb_live_event *event)
{
    size_t bytes = kdb_shared_bytes_view(event->body).len + sizeof(*event);
    size_t bytes_max = subscription->group->node->live->options.held_bytes_max;
    if (subscription->lost_seq == 0 && subscription->held_bytes + bytes <= bytes_max) {
        if (subscription->held_count == subscription->held_capacity) {
            subscription->held_capacity =
                kdb_grow_capacity(subscription->held_capacity, subscription->held_count + 1);
            subscription->held = kdb_realloc(
                subscription->held, subscription->held_capacity * sizeof(struct kdb_live_event *));
        }
        subscription->held[subscription->held_count++] = kdb_live_event_ref(event);
        subscription->held_bytes += bytes;
        return;
    }
    if (subscription->lost_seq == 0) {
        begin_to_lag(subscription);
        for (size_t i = 0; i < subscription->held_count; i++)
            drop(subscription, subscription->held[i]->row_count, subscription->held[i]->seq);
        forget_held(subscription);
    }
    drop(subscription, event->row_count, event->seq);
}

static bool give(struct kdb_live_subscription *subscription, struct kdb_live_event *event)
{
    if (!subscription->ops->event(subscription->self, event))
        return false;
    subscription->position = event->seq;
    atomic_fetch_add_explicit(&subscription->counters.delivered, event->row_count,
                              memory_order_relaxed);
    atomic_store_explicit(&subscription->counters.last_ms, subscription->group->node->live->now_ms,
                          memory_order_relaxed);
    return true;
}

void live_tell(struct kdb_live_subscription *subscription, struct kdb_live_event *event)
{
    if (subscription->has_failed || event->seq <= subscription->position)
        return; // it was in what the caller read
    switch (subscription->state) {
    case LIVE_HELD:
        hold(subscription, event);
        return;
    case LIVE_FLOWS:
        if (give(subscription, event))
            return;
        begin_to_lag(subscription);
        drop(subscription, event->row_count, event->seq);
        return;
    case LIVE_LAGGING:
        drop(subscription, event->row_count, event->seq);
        return;
    }
    KDB_UNREACHABLE();
}

void live_note_loss(struct kdb_live_subscription *subscription, int64_t seq)
{
    if (subscription->has_failed || seq <= subscription->position)
        return;
    if (subscription->lost_seq == 0)
        begin_to_lag(subscription);
    note_lost_seq(subscription, seq);
    forget_held(subscription);
}

bool kdb_live_release(struct kdb_live_subscription *subscription, int64_t seq)
{
    subscription->position = seq;
    bool is_complete = subscription->lost_seq <= seq;
    if (is_complete) {
        subscription->lost_seq = 0;
        subscription->state = LIVE_FLOWS;
    } else {
        subscription->state = LIVE_LAGGING;
    }
    struct kdb_live_event **held = subscription->held;
    size_t count = subscription->held_count;
    subscription->held = NULL;
    subscription->held_count = 0;
    subscription->held_capacity = 0;
    subscription->held_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        live_tell(subscription, held[i]);
        kdb_live_event_unref(held[i]);
    }
    kdb_free(held);
    return is_complete;
}

bool kdb_live_is_lagging(const struct kdb_live_subscription *subscription)
{
    return subscription->state == LIVE_LAGGING;
}

int64_t kdb_live_position(const struct kdb_live_subscription *subscription)
{
    return subscription->position;
}

struct kdb_partition *kdb_live_partition_of(const struct kdb_live_subscription *subscription)
{
    return subscription->group->node->partition;
}

const struct kdb_live_counters *
kdb_live_counters_of(const struct kdb_live_subscription *subscription)
{
    return &subscription->counters;
}

kdb_slice kdb_live_index_column(const struct kdb_live_query *query)
{
    if (query->equal_column < 0)
        return (kdb_slice){0};
    return query->table->schema->columns[query->equal_column].name;
}
