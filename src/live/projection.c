// SPDX-License-Identifier: Apache-2.0
// What groups with different filters and the same columns tell of one change: encoded once, and the
// same bytes for all.
#include "base/alloc.h"
#include "base/assert.h"
#include "live/live_priv.h"

struct live_projection *live_projection_join(struct live_node *node, kdb_slice key)
{
    if (!key.data)
        return NULL;
    struct live_projection *projection = kdb_map_get(&node->projections, key);
    if (!projection) {
        projection = kdb_alloc(sizeof(*projection));
        projection->live = node->live;
        projection->key = kdb_slice_of(kdb_alloc_text(key.data, key.len), key.len);
        KDB_ASSERT(!kdb_map_set(&node->projections, projection->key, projection));
    }
    projection->groups++;
    return projection;
}

void live_projection_leave(struct live_node *node, struct live_projection *projection)
{
    if (!projection || --projection->groups > 0)
        return;
    KDB_ASSERT(!projection->has_changed && !projection->has_run);
    KDB_ASSERT(kdb_map_remove(&node->projections, projection->key) == projection);
    kdb_buf_deinit(&projection->row);
    kdb_free((void *)(uintptr_t)projection->key.data);
    kdb_free(projection);
}

// Something is remembered of the change.
static void note_change(struct live_projection *projection)
{
    if (projection->has_changed)
        return;
    projection->has_changed = true;
    projection->next_changed = projection->live->changed;
    projection->live->changed = projection;
}

// Something is remembered of the batch.
static void note_run(struct live_projection *projection)
{
    if (projection->has_run)
        return;
    projection->has_run = true;
    projection->next_run = projection->live->runs;
    projection->live->runs = projection;
}

kdb_status live_projection_add_row(struct live_group *group, struct kdb_eval *eval,
                                   const struct kdb_live_change *change, struct kdb_buf *out)
{
    struct live_projection *projection = group->projection;
    if (!projection)
        return kdb_live_write_row(group->query, eval, change->row, change->seq, false, out);
    if (projection->row.len == 0) {
        note_change(projection);
        kdb_status status = kdb_live_write_row(group->query, eval, change->row, change->seq, false,
                                               &projection->row);
        if (status != KDB_OK) {
            kdb_buf_clear(&projection->row);
            return status;
        }
    }
    kdb_buf_slice(out, kdb_buf_view(&projection->row));
    return KDB_OK;
}

struct kdb_live_event *live_projection_told(struct live_group *group, live_form form)
{
    return group->projection ? kdb_live_event_ref(group->projection->told[form]) : NULL;
}

void live_projection_keep(struct live_group *group, live_form form, struct kdb_live_event *event)
{
    struct live_projection *projection = group->projection;
    if (!projection)
        return;
    note_change(projection);
    KDB_ASSERT(!projection->told[form]);
    projection->told[form] = kdb_live_event_ref(event);
}

struct kdb_live_event *live_projection_run(struct live_group *group)
{
    struct live_projection *projection = group->projection;
    kdb_slice body = kdb_buf_view(&group->rows);
    if (projection && projection->run &&
        kdb_slice_equal(kdb_shared_bytes_view(projection->run->body), body))
        return kdb_live_event_ref(projection->run);
    struct kdb_live_event *event =
        kdb_live_event_create(KDB_LIVE_INSERT, group->row_count, group->row_seq, body);
    if (projection) {
        note_run(projection);
        kdb_live_event_unref(projection->run);
        projection->run = kdb_live_event_ref(event);
    }
    return event;
}

void live_projections_end_change(struct kdb_live_loop *live)
{
    while (live->changed) {
        struct live_projection *projection = live->changed;
        live->changed = projection->next_changed;
        projection->has_changed = false;
        live_forget(&projection->row);
        for (int form = 0; form < LIVE_FORM_COUNT; form++) {
            kdb_live_event_unref(projection->told[form]);
            projection->told[form] = NULL;
        }
    }
}

void live_projections_end_batch(struct kdb_live_loop *live)
{
    while (live->runs) {
        struct live_projection *projection = live->runs;
        live->runs = projection->next_run;
        projection->has_run = false;
        kdb_live_event_unref(projection->run);
        projection->run = NULL;
    }
}
