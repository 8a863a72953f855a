// SPDX-License-Identifier: Apache-2.0
// A committed batch against the subscriptions of a loop: which groups a change concerns, what it is
// to them, and the events that follow.
#include "live/live_priv.h"
#include "types/row.h"

// Inserts told in one message: so many rows or bytes, whichever is reached first. A client that
// takes rows one by one takes them as a list too; a burst then costs a frame, not a frame per row.
#define RUN_ROWS_MAX  256
#define RUN_BYTES_MAX ((size_t)64 * 1024)

// ---- telling ----

// Gives the event to everyone in the group, and the caller's reference back.
static void tell_members(struct live_group *group, struct kdb_live_event *event)
{
    for (size_t i = 0; i < group->count; i++)
        live_tell(group->members[i], event);
    kdb_live_event_unref(event);
}

static void end_run(struct live_group *group)
{
    if (group->row_count == 0)
        return;
    KDB_BUF_LIT(&group->rows, "]}");
    tell_members(group, live_projection_run(group));
    kdb_buf_clear(&group->rows);
    group->row_count = 0;
}

static void end_runs(struct kdb_live_loop *live)
{
    while (live->dirty) {
        struct live_group *group = live->dirty;
        live->dirty = group->next_dirty;
        group->is_dirty = false;
        end_run(group);
        live_forget(&group->rows);
    }
}

// The query cannot be evaluated: its members hear why and get nothing more. Never silence.
static void fail(struct live_group *group, struct kdb_ctx *ctx)
{
    kdb_status status = ctx->error.status;
    if (status == KDB_ERR_BLOCKED) { // no worker would be quick enough for every change
        kdb_ctx_clear_error(ctx);
        status = kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                          "a subscription may not go through so much text for one row");
    }
    (void)status;
    end_run(group);
    group->has_failed = true;
    for (size_t i = 0; i < group->count; i++) {
        struct kdb_live_subscription *member = group->members[i];
        if (member->has_failed)
            continue;
        member->has_failed = true;
        member->ops->failed(member->self, &ctx->error);
    }
    kdb_ctx_clear_error(ctx);
}

// ---- one change and one group ----

static kdb_status add_insert(struct live_group *group, struct kdb_eval *eval,
                             const struct kdb_live_change *change)
{
    struct kdb_live_loop *live = group->node->live;
    if (group->row_count == RUN_ROWS_MAX || group->rows.len > RUN_BYTES_MAX)
        end_run(group);
    size_t before = group->rows.len;
    kdb_buf_slice(&group->rows, group->row_count == 0 ? KDB_LIT("\"rows\":[") : KDB_LIT(","));
    kdb_status status = live_projection_add_row(group, eval, change, &group->rows);
    if (status != KDB_OK) {
        group->rows.len = before;
        return status;
    }
    group->row_count++;
    group->row_seq = change->seq;
    if (!group->is_dirty) {
        group->is_dirty = true;
        group->next_dirty = live->dirty;
        live->dirty = group;
    }
    return KDB_OK;
}

// The row was there and is gone: deleted, removed, or no longer one of the query's.
static kdb_status write_gone(struct live_group *group, struct kdb_eval *eval,
                             const struct kdb_live_change *change, struct kdb_buf *body)
{
    KDB_BUF_LIT(body, "\"old_values\":[");
    KDB_TRY(kdb_live_write_row(group->query, eval, change->old_row, change->seq, true, body));
    kdb_buf_put(body, ']');
    return KDB_OK;
}

// The row is one of the query's that was none before, though it existed: all it has.
static kdb_status write_entered(struct live_group *group, struct kdb_eval *eval,
                                const struct kdb_live_change *change, struct kdb_buf *body)
{
    KDB_BUF_LIT(body, "\"rows\":[");
    KDB_TRY(live_projection_add_row(group, eval, change, body));
    kdb_buf_put(body, ']');
    return KDB_OK;
}

static kdb_status make_event(struct live_group *group, live_form form, struct kdb_eval *eval,
                             const struct kdb_live_change *change, struct kdb_live_event **ret)
{
    struct kdb_buf *body = &group->node->live->body;
    kdb_buf_clear(body);
    switch (form) {
    case LIVE_FORM_GONE:
        KDB_TRY(write_gone(group, eval, change, body));
        break;
    case LIVE_FORM_ENTERED:
        KDB_TRY(write_entered(group, eval, change, body));
        break;
    case LIVE_FORM_CHANGED:
    case LIVE_FORM_COUNT:
        KDB_TRY(kdb_live_write_update(group->query, eval, change->old_row, change->row, body));
        break;
    }
    kdb_buf_put(body, '}');
    kdb_live_kind kind = form == LIVE_FORM_GONE ? KDB_LIVE_DELETE : KDB_LIVE_UPDATE;
    *ret = kdb_live_event_create(kind, 1, change->seq, kdb_buf_view(body));
    live_projection_keep(group, form, *ret);
    return KDB_OK;
}

static bool existed(const struct kdb_live_change *change)
{
    return change->old_row.len >= KDB_ROW_HEADER_BYTES && !kdb_row_is_deleted(change->old_row);
}

static kdb_status match(struct live_group *group, const struct kdb_live_change *change)
{
    struct kdb_live_loop *live = group->node->live;
    const struct kdb_live_query *query = group->query;
    struct kdb_eval eval;
    bool was_match;
    bool is_match;
    kdb_live_eval_init(query, &live->ctx, &live->scratch, &eval);
    eval.must_not_wait = true;
    KDB_TRY(kdb_live_matches(query, &eval, change->old_row, &was_match));
    KDB_TRY(kdb_live_matches(query, &eval, change->row, &is_match));
    if (!was_match && !is_match) {
        atomic_fetch_add_explicit(&group->filtered, 1, memory_order_relaxed);
        return KDB_OK;
    }
    if (is_match && !existed(change))
        return add_insert(group, &eval, change);
    end_run(group);
    live_form form = !is_match    ? LIVE_FORM_GONE
                     : !was_match ? LIVE_FORM_ENTERED
                                  : LIVE_FORM_CHANGED;
    struct kdb_live_event *event = live_projection_told(group, form);
    if (!event)
        KDB_TRY(make_event(group, form, &eval, change, &event));
    tell_members(group, event);
    return KDB_OK;
}

static void match_list(struct live_group *list, const struct kdb_live_change *change)
{
    for (struct live_group *group = list; group; group = group->next) {
        struct kdb_live_loop *live = group->node->live;
        if (group->has_failed)
            continue;
        if (match(group, change) != KDB_OK)
            fail(group, &live->ctx);
        kdb_arena_reset(&live->scratch);
        kdb_arena_reset(&live->ctx.arena); // what the evaluation remembered of long lists
    }
}

// ---- one change ----

// The groups that demand a value which the row has; `other` are those found already.
static struct live_slot *slot_of_row(struct live_node *node, uint32_t column, kdb_slice row)
{
    if (row.len < KDB_ROW_HEADER_BYTES)
        return NULL;
    const struct kdb_schema *schema = kdb_table_schema(node->table, kdb_row_schema_version(row));
    kdb_value value;
    if (!schema)
        return NULL;
    kdb_row_get_column(schema, row, &node->table->schema->columns[column], &value);
    return value.is_null ? NULL : live_slot_find(node, column, &value);
}

static void match_indexed(struct live_node *node, const struct kdb_live_change *change)
{
    for (size_t i = 0; i < node->column_count; i++) {
        struct live_slot *now = slot_of_row(node, node->columns[i].column, change->row);
        struct live_slot *before = slot_of_row(node, node->columns[i].column, change->old_row);
        if (now)
            match_list(now->groups, change);
        if (before && before != now)
            match_list(before->groups, change);
    }
}

void live_match_batch(struct kdb_live_loop *live, struct kdb_live_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct kdb_live_change *change = &batch->changes[i];
        struct live_node *node = live_node_find(live, change->partition);
        if (!node)
            continue;
        match_list(node->groups, change);
        match_indexed(node, change);
        live_projections_end_change(live);
    }
    end_runs(live);
    live_projections_end_batch(live);
}
