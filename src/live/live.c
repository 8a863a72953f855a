// SPDX-License-Identifier: Apache-2.0
// The live part of one event loop: its nodes, and taking from the feed.
#include "live/live.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "live/live_priv.h"

struct kdb_live_loop *kdb_live_loop_create(const struct kdb_live_loop_options *options)
{
    struct kdb_live_loop *live = kdb_alloc(sizeof(*live));
    live->options = *options;
    kdb_ctx_init(&live->ctx, 0);
    kdb_arena_init(&live->scratch, options->row_memory_max);
    live->number = kdb_live_feed_add_loop(options->feed, options->wake, options->wake_arg);
    return live;
}

void kdb_live_loop_destroy(struct kdb_live_loop *live)
{
    if (!live)
        return;
    KDB_ASSERT(live->nodes.count == 0);
    kdb_map_deinit(&live->nodes);
    kdb_buf_deinit(&live->body);
    kdb_buf_deinit(&live->key);
    kdb_arena_deinit(&live->scratch);
    kdb_ctx_deinit(&live->ctx);
    kdb_free(live);
}

static void take_batch(void *self, struct kdb_live_batch *batch)
{
    live_match_batch(self, batch);
}

static void lose_in(struct live_group *list, int64_t seq)
{
    for (struct live_group *group = list; group; group = group->next) {
        for (size_t i = 0; i < group->count; i++)
            live_note_loss(group->members[i], seq);
    }
}

// Whatever was dropped may have concerned anybody.
static void take_loss(void *self, int64_t seq)
{
    struct kdb_live_loop *live = self;
    size_t cursor = 0;
    void *found;
    while (kdb_map_next(&live->nodes, &cursor, NULL, &found)) {
        struct live_node *node = found;
        size_t slot_cursor = 0;
        void *slot;
        lose_in(node->groups, seq);
        while (kdb_map_next(&node->slots, &slot_cursor, NULL, &slot))
            lose_in(((struct live_slot *)slot)->groups, seq);
    }
}

void kdb_live_deliver(struct kdb_live_loop *live)
{
    const struct kdb_live_taker taker = {take_batch, take_loss, live};
    live->now_ms = kdb_clock_now_ms(kdb_clock_system());
    kdb_live_feed_take(live->options.feed, live->number, &taker);
}
