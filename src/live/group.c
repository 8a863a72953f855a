// SPDX-License-Identifier: Apache-2.0
// Who asks what about a partition: groups of equal queries, listed or indexed by a demanded value.
#include "base/alloc.h"
#include "base/assert.h"
#include "live/live_priv.h"

// ---- nodes ----

static kdb_slice node_key(struct kdb_partition *const *partition)
{
    return kdb_slice_of(partition, sizeof(*partition));
}

struct live_node *live_node_find(struct kdb_live_loop *live, const struct kdb_partition *partition)
{
    return kdb_map_get(&live->nodes, kdb_slice_of(&partition, sizeof(struct kdb_partition *)));
}

static struct live_node *node_open(struct kdb_live_loop *live, struct kdb_partition *partition,
                                   struct kdb_table *table)
{
    struct live_node *node = live_node_find(live, partition);
    if (node)
        return node;
    node = kdb_alloc(sizeof(*node));
    node->live = live;
    node->partition = kdb_partition_ref(partition);
    node->table = kdb_table_ref(table);
    KDB_ASSERT(!kdb_map_set(&live->nodes, node_key(&node->partition), node));
    kdb_live_feed_listen(partition, live->number);
    return node;
}

static void node_close(struct live_node *node)
{
    struct kdb_live_loop *live = node->live;
    kdb_live_feed_ignore(node->partition, live->number);
    KDB_ASSERT(kdb_map_remove(&live->nodes, node_key(&node->partition)) == node);
    kdb_map_deinit(&node->slots);
    kdb_map_deinit(&node->projections);
    kdb_free(node->columns);
    kdb_table_unref(node->table);
    kdb_partition_unref(node->partition);
    kdb_free(node);
}

// ---- slots ----

// The bytes a value is found by: equal values have equal ones.
static void slot_key(struct kdb_buf *out, uint32_t column, const kdb_value *value)
{
    kdb_buf_clear(out);
    kdb_buf_append(out, &column, sizeof(column));
    uint64_t hash = kdb_value_hash(value);
    kdb_buf_append(out, &hash, sizeof(hash));
}

struct live_slot *live_slot_find(struct live_node *node, uint32_t column, const kdb_value *value)
{
    slot_key(&node->live->key, column, value);
    return kdb_map_get(&node->slots, kdb_buf_view(&node->live->key));
}

static struct live_indexed_column *find_column(struct live_node *node, uint32_t column)
{
    for (size_t i = 0; i < node->column_count; i++) {
        if (node->columns[i].column == column)
            return &node->columns[i];
    }
    return NULL;
}

static void use_column(struct live_node *node, uint32_t column)
{
    struct live_indexed_column *found = find_column(node, column);
    if (found) {
        found->groups++;
        return;
    }
    if (node->column_count == node->column_capacity) {
        node->column_capacity = kdb_grow_capacity(node->column_capacity, node->column_count + 1);
        node->columns =
            kdb_realloc(node->columns, node->column_capacity * sizeof(struct live_indexed_column));
    }
    node->columns[node->column_count++] = (struct live_indexed_column){column, 1};
}

static void release_column(struct live_node *node, uint32_t column)
{
    struct live_indexed_column *found = find_column(node, column);
    KDB_ASSERT(found);
    if (--found->groups == 0)
        *found = node->columns[--node->column_count];
}

static struct live_slot *slot_open(struct live_node *node, uint32_t column, const kdb_value *value)
{
    struct live_slot *slot = live_slot_find(node, column, value);
    if (slot)
        return slot;
    slot = kdb_alloc(sizeof(*slot));
    kdb_slice key = kdb_buf_view(&node->live->key);
    slot->key = kdb_slice_of(kdb_alloc_text(key.data, key.len), key.len);
    KDB_ASSERT(!kdb_map_set(&node->slots, slot->key, slot));
    return slot;
}

static void slot_close(struct live_node *node, struct live_slot *slot)
{
    KDB_ASSERT(kdb_map_remove(&node->slots, slot->key) == slot);
    kdb_free((void *)(uintptr_t)slot->key.data);
    kdb_free(slot);
}

// ---- groups ----

static struct live_group **list_of(struct live_group *group)
{
    return group->slot ? &group->slot->groups : &group->node->groups;
}

static void list_add(struct live_group *group)
{
    struct live_group **list = list_of(group);
    group->next = *list;
    if (*list)
        (*list)->previous = group;
    *list = group;
}

static void list_remove(struct live_group *group)
{
    if (group->next)
        group->next->previous = group->previous;
    if (group->previous)
        group->previous->next = group->next;
    else
        *list_of(group) = group->next;
}

static struct live_group *find_equal(struct live_group *list, const struct kdb_live_query *query)
{
    while (list && !(kdb_live_query_equal(list->query, query) && !list->has_failed))
        list = list->next;
    return list;
}

struct live_group *live_group_join(struct kdb_live_loop *live, struct kdb_live_query *query,
                                   struct kdb_partition *partition)
{
    struct live_node *node = node_open(live, partition, query->table);
    struct live_slot *slot = NULL;
    if (query->equal_column >= 0)
        slot = slot_open(node, (uint32_t)query->equal_column, &query->equal_value);
    struct live_group *group = find_equal(slot ? slot->groups : node->groups, query);
    if (group)
        return group;
    group = kdb_alloc(sizeof(*group));
    group->node = node;
    group->query = kdb_live_query_ref(query);
    group->slot = slot;
    group->projection = live_projection_join(node, query->projection);
    list_add(group);
    if (slot)
        use_column(node, (uint32_t)query->equal_column);
    return group;
}

void live_group_leave(struct live_group *group)
{
    struct live_node *node = group->node;
    if (group->count == 0) {
        KDB_ASSERT(!group->is_dirty);
        list_remove(group);
        if (group->slot)
            release_column(node, (uint32_t)group->query->equal_column);
        if (group->slot && !group->slot->groups)
            slot_close(node, group->slot);
        live_projection_leave(node, group->projection);
        kdb_live_query_unref(group->query);
        kdb_buf_deinit(&group->rows);
        kdb_free(group->members);
        kdb_free(group);
    }
    if (node->subscription_count == 0)
        node_close(node);
}
