// SPDX-License-Identifier: Apache-2.0
// What the files of live share: partitions, groups and subscriptions of one loop.
#ifndef KDB_LIVE_LIVE_PRIV_H
#define KDB_LIVE_LIVE_PRIV_H

#include "base/map.h"
#include "live/live.h"

// What a group or a projection keeps of a buffer from one delivery to the next: there may be a
// hundred thousand of them, and most are idle.
#define LIVE_KEPT_BYTES ((size_t)512)

// Subscriptions with equal queries on one partition.
struct live_group {
    struct live_node *node;
    struct kdb_live_query *query;
    struct live_group *next, *previous; // of the node's list or of one index slot's
    struct live_slot *slot;             // where it is indexed; NULL: in the node's list
    struct live_projection *projection; // shared with others; NULL: its rows are its own
    struct kdb_live_subscription **members;
    size_t count, capacity;
    // Inserts of the batch that is being delivered, not told yet.
    struct kdb_buf rows;
    uint32_t row_count;
    int64_t row_seq; // of the newest
    struct live_group *next_dirty;
    bool is_dirty;
    _Atomic uint64_t filtered; // changes that did not concern it
    bool has_failed;           // the query could not be evaluated
};

// Groups whose filter demands the same value of the same column.
struct live_slot {
    kdb_slice key; // column id, then the value; owned
    struct live_group *groups;
};

// What a change of one row can be to a query, but for an insert.
typedef enum {
    LIVE_FORM_GONE,    // one of its rows is none any more
    LIVE_FORM_ENTERED, // a row that existed is one now
    LIVE_FORM_CHANGED, // one of its rows is another
    LIVE_FORM_COUNT
} live_form;

// Groups of one partition that send the same columns. What one of them encoded stays for the others
// until the next change, the newest run of inserts until the end of the batch.
struct live_projection {
    struct kdb_live_loop *live;
    kdb_slice key; // struct kdb_live_query's; owned
    size_t groups;
    struct kdb_buf row;                           // the new row as an object; empty: not encoded
    struct kdb_live_event *told[LIVE_FORM_COUNT]; // NULL: not told
    struct kdb_live_event *run;                   // NULL: none told
    struct live_projection *next_changed, *next_run;
    bool has_changed; // in the loop's list: `row` or `told` is set
    bool has_run;     // the same: `run` is
};

// A column that some group of the partition is indexed by.
struct live_indexed_column {
    uint32_t column; // index into the table's columns
    size_t groups;   // how many use it
};

// A partition somebody subscribes to.
struct live_node {
    struct kdb_live_loop *live;
    struct kdb_partition *partition; // referenced; its address is the key in the map
    struct kdb_table *table;         // referenced: what rows are read by
    size_t subscription_count;
    struct live_group *groups;  // not indexed
    struct kdb_map slots;       // live_slot by key
    struct kdb_map projections; // live_projection by key
    struct live_indexed_column *columns;
    size_t column_count, column_capacity;
};

typedef enum {
    LIVE_HELD,   // changes wait
    LIVE_FLOWS,  // changes go to the sink
    LIVE_LAGGING // changes are dropped
} live_state;

struct kdb_live_subscription {
    struct live_group *group;
    size_t index; // in group->members
    const struct kdb_live_sink_ops *ops;
    void *self;
    live_state state;
    bool has_failed;
    int64_t position; // everything up to this _seq was told
    int64_t lost_seq; // newest change dropped, 0: none
    struct kdb_live_event **held;
    size_t held_count, held_capacity;
    size_t held_bytes;
    struct kdb_live_counters counters;
};

struct kdb_live_loop {
    struct kdb_live_loop_options options;
    unsigned number;      // of the feed
    struct kdb_map nodes; // live_node by partition
    struct kdb_ctx ctx;   // errors of evaluations
    struct kdb_arena scratch;
    struct kdb_buf body;
    struct kdb_buf key; // scratch of index lookups
    struct live_group *dirty;
    struct live_projection *changed; // that remember something of the change
    struct live_projection *runs;    // that remember something of the batch
    int64_t now_ms;                  // when this delivery began
};

// Empties a buffer; what is large of it goes back.
static inline void live_forget(struct kdb_buf *buf)
{
    if (buf->capacity > LIVE_KEPT_BYTES)
        kdb_buf_deinit(buf);
    else
        kdb_buf_clear(buf);
}

// ---- subscription.c ----
// Gives an event to a subscription as its state demands.
void live_tell(struct kdb_live_subscription *subscription, struct kdb_live_event *event);
// Changes up to `seq` were dropped before anybody looked at them.
void live_note_loss(struct kdb_live_subscription *subscription, int64_t seq);

// ---- group.c ----
struct live_node *live_node_find(struct kdb_live_loop *live, const struct kdb_partition *partition);
// The group of equal queries, made when there is none.
struct live_group *live_group_join(struct kdb_live_loop *live, struct kdb_live_query *query,
                                   struct kdb_partition *partition);
// Removes the group when it has no members, and its node when that has no groups.
void live_group_leave(struct live_group *group);
// The slot of the groups that demand this value; NULL when there are none.
struct live_slot *live_slot_find(struct live_node *node, uint32_t column, const kdb_value *value);

// ---- projection.c ----
// The projection of this key on the partition, counted; NULL for the null slice.
struct live_projection *live_projection_join(struct live_node *node, kdb_slice key);
void live_projection_leave(struct live_node *node, struct live_projection *projection);
// Appends the new row of a change as an object, encoded by whoever of the projection comes first.
KDB_NODISCARD kdb_status live_projection_add_row(struct live_group *group, struct kdb_eval *eval,
                                                 const struct kdb_live_change *change,
                                                 struct kdb_buf *out);
// What another group told of the change in this form, referenced; NULL: nothing yet.
struct kdb_live_event *live_projection_told(struct live_group *group, live_form form);
// Keeps what the group tells, for the others.
void live_projection_keep(struct live_group *group, live_form form, struct kdb_live_event *event);
// The event of the group's run of inserts, referenced: another group's when that had the same rows.
struct kdb_live_event *live_projection_run(struct live_group *group);
// Forgets what was kept of the change, of the batch.
void live_projections_end_change(struct kdb_live_loop *live);
void live_projections_end_batch(struct kdb_live_loop *live);

// ---- match.c ----
void live_match_batch(struct kdb_live_loop *live, struct kdb_live_batch *batch);

#endif
