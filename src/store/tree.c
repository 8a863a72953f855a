// SPDX-License-Identifier: Apache-2.0
// The persistent treap: split, merge and path copying, without recursion.
#include "store/tree_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/random.h"

// A key with its value; never changed, shared by all copies of a node.
struct record {
    atomic_uint holders;
    size_t key_len;
    size_t value_len;
    char bytes[]; // key, then value
};

// In key order from left to right; no child has a greater priority than its parent.
struct store_node {
    atomic_uint holders; // parents and kept states
    uint32_t priority;
    struct store_node *left;
    struct store_node *right;
    union {
        struct record *record;
        struct store_node *next_dead; // while a released tree is being freed
    } u;
};

static void account(_Atomic size_t *bytes, size_t added, size_t freed)
{
    (void)atomic_fetch_add_explicit(bytes, added - freed, memory_order_relaxed);
}

static void hold(atomic_uint *holders)
{
    (void)atomic_fetch_add_explicit(holders, 1, memory_order_relaxed);
}

// True when the last holder let go.
static bool release(atomic_uint *holders)
{
    return atomic_fetch_sub_explicit(holders, 1, memory_order_acq_rel) == 1;
}

static kdb_slice key_of(const struct store_node *node)
{
    return (kdb_slice){node->u.record->bytes, node->u.record->key_len};
}

static kdb_slice value_of(const struct store_node *node)
{
    const struct record *record = node->u.record;
    return (kdb_slice){record->bytes + record->key_len, record->value_len};
}

static struct record *make_record(kdb_slice key, kdb_slice value, _Atomic size_t *bytes)
{
    size_t size = sizeof(struct record) + key.len + value.len;
    KDB_ASSERT(size > key.len && size > value.len);
    struct record *record = kdb_realloc(NULL, size);
    atomic_init(&record->holders, 1);
    record->key_len = key.len;
    record->value_len = value.len;
    if (key.len > 0)
        memcpy(record->bytes, key.data, key.len);
    if (value.len > 0)
        memcpy(record->bytes + key.len, value.data, value.len);
    account(bytes, size, 0);
    return record;
}

static void release_record(struct record *record, _Atomic size_t *bytes)
{
    if (!release(&record->holders))
        return;
    account(bytes, 0, sizeof(*record) + record->key_len + record->value_len);
    kdb_free(record);
}

struct store_node *store_tree_ref(const struct store_tree *tree)
{
    if (tree->root)
        hold(&tree->root->holders);
    return tree->root;
}

// Lets go of `node`; when nobody holds it any more, it is put before `dead`.
static struct store_node *release_node(struct store_node *node, struct store_node *dead,
                                       _Atomic size_t *bytes)
{
    if (!node || !release(&node->holders))
        return dead;
    release_record(node->u.record, bytes);
    node->u.next_dead = dead;
    return node;
}

void store_tree_unref(struct store_node *root, _Atomic size_t *bytes)
{
    struct store_node *dead = release_node(root, NULL, bytes);
    while (dead) {
        struct store_node *node = dead;
        dead = release_node(node->left, node->u.next_dead, bytes);
        dead = release_node(node->right, dead, bytes);
        account(bytes, 0, sizeof(*node));
        kdb_free(node);
    }
}

// A node that only the caller's link holds: `node` itself or, when others hold it too, a copy. The
// caller's reference moves to the result.
static struct store_node *make_own(struct store_node *node, _Atomic size_t *bytes)
{
    // Acquire: a reader that let go of it has finished reading before we write.
    if (atomic_load_explicit(&node->holders, memory_order_acquire) == 1)
        return node;
    struct store_node *copy = kdb_realloc(NULL, sizeof(*copy));
    atomic_init(&copy->holders, 1);
    copy->priority = node->priority;
    copy->left = node->left;
    copy->right = node->right;
    copy->u.record = node->u.record;
    if (copy->left)
        hold(&copy->left->holders);
    if (copy->right)
        hold(&copy->right->holders);
    hold(&copy->u.record->holders);
    account(bytes, sizeof(*copy), 0);
    store_tree_unref(node, bytes);
    return copy;
}

// Takes `node` apart into the keys below `key` and the rest.
static void split(struct store_node *node, kdb_slice key, _Atomic size_t *bytes,
                  struct store_node **ret_below, struct store_node **ret_rest)
{
    struct store_node **below = ret_below;
    struct store_node **rest = ret_rest;
    while (node) {
        node = make_own(node, bytes);
        if (kdb_slice_compare(key_of(node), key) < 0) {
            *below = node;
            below = &node->right;
            node = node->right;
        } else {
            *rest = node;
            rest = &node->left;
            node = node->left;
        }
    }
    *below = NULL;
    *rest = NULL;
}

// One tree of two, every key of `low` being below every key of `high`.
static struct store_node *merge(struct store_node *low, struct store_node *high,
                                _Atomic size_t *bytes)
{
    struct store_node *merged = NULL;
    struct store_node **link = &merged;
    while (low && high) {
        if (low->priority >= high->priority) {
            low = make_own(low, bytes);
            *link = low;
            link = &low->right;
            low = low->right;
        } else {
            high = make_own(high, bytes);
            *link = high;
            link = &high->left;
            high = high->left;
        }
    }
    *link = low ? low : high;
    return merged;
}

static const struct store_node *find(const struct store_node *node, kdb_slice key)
{
    while (node) {
        int order = kdb_slice_compare(key, key_of(node));
        if (order == 0)
            return node;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

kdb_slice store_tree_get(const struct store_node *root, kdb_slice key)
{
    const struct store_node *node = find(root, key);
    return node ? value_of(node) : (kdb_slice){NULL, 0};
}

// The link that holds `key`, every node on the way to it made ours; the key is there.
static struct store_node **own_path_to(struct store_tree *tree, kdb_slice key)
{
    struct store_node **link = &tree->root;
    for (;;) {
        KDB_ASSERT(*link != NULL);
        *link = make_own(*link, tree->bytes);
        int order = kdb_slice_compare(key, key_of(*link));
        if (order == 0)
            return link;
        link = order < 0 ? &(*link)->left : &(*link)->right;
    }
}

static void insert(struct store_tree *tree, kdb_slice key, struct record *record)
{
    struct store_node *fresh = kdb_realloc(NULL, sizeof(*fresh));
    account(tree->bytes, sizeof(*fresh), 0);
    atomic_init(&fresh->holders, 1);
    fresh->priority = (uint32_t)(kdb_random_next(&tree->random) >> 32);
    fresh->u.record = record;
    struct store_node **link = &tree->root;
    while (*link && (*link)->priority >= fresh->priority) {
        *link = make_own(*link, tree->bytes);
        link = kdb_slice_compare(key, key_of(*link)) < 0 ? &(*link)->left : &(*link)->right;
    }
    struct store_node *displaced = *link;
    split(displaced, key, tree->bytes, &fresh->left, &fresh->right);
    *link = fresh;
}

void store_tree_put(struct store_tree *tree, kdb_slice key, kdb_slice value)
{
    struct record *record = make_record(key, value, tree->bytes);
    if (!find(tree->root, key)) {
        insert(tree, key, record);
        return;
    }
    struct store_node **link = own_path_to(tree, key);
    release_record((*link)->u.record, tree->bytes);
    (*link)->u.record = record;
}

void store_tree_remove(struct store_tree *tree, kdb_slice key)
{
    if (!find(tree->root, key))
        return;
    struct store_node **link = own_path_to(tree, key);
    struct store_node *node = *link;
    *link = merge(node->left, node->right, tree->bytes);
    node->left = NULL;
    node->right = NULL;
    store_tree_unref(node, tree->bytes);
}

void store_tree_remove_range(struct store_tree *tree, kdb_slice first, kdb_slice end)
{
    struct store_node *below;
    struct store_node *rest;
    struct store_node *doomed;
    struct store_node *above;
    split(tree->root, first, tree->bytes, &below, &rest);
    split(rest, end, tree->bytes, &doomed, &above);
    store_tree_unref(doomed, tree->bytes);
    tree->root = merge(below, above, tree->bytes);
}

static void push(struct store_cursor *cursor, const struct store_node *node)
{
    if (cursor->count == cursor->capacity) {
        cursor->capacity = kdb_grow_capacity(cursor->capacity, cursor->count + 1);
        cursor->path = kdb_realloc(cursor->path, cursor->capacity * sizeof(struct store_node *));
    }
    cursor->path[cursor->count++] = node;
}

void store_cursor_seek(struct store_cursor *cursor, const struct store_node *root, kdb_slice key)
{
    cursor->count = 0;
    while (root) {
        if (kdb_slice_compare(key_of(root), key) >= 0) {
            push(cursor, root);
            root = root->left;
        } else {
            root = root->right;
        }
    }
}

void store_cursor_seek_before(struct store_cursor *cursor, const struct store_node *root,
                              kdb_slice end)
{
    cursor->count = 0;
    while (root) {
        if (end.data == NULL || kdb_slice_compare(key_of(root), end) < 0) {
            push(cursor, root);
            root = root->right;
        } else {
            root = root->left;
        }
    }
}

bool store_cursor_next(struct store_cursor *cursor, bool is_reverse, kdb_slice *ret_key,
                       kdb_slice *ret_value)
{
    if (cursor->count == 0)
        return false;
    const struct store_node *node = cursor->path[--cursor->count];
    *ret_key = key_of(node);
    *ret_value = value_of(node);
    const struct store_node *child = is_reverse ? node->left : node->right;
    while (child) {
        push(cursor, child);
        child = is_reverse ? child->right : child->left;
    }
    return true;
}

bool store_cursor_peek(const struct store_cursor *cursor, kdb_slice *ret_key)
{
    if (cursor->count == 0)
        return false;
    *ret_key = key_of(cursor->path[cursor->count - 1]);
    return true;
}

void store_cursor_deinit(struct store_cursor *cursor)
{
    kdb_free(cursor->path);
    *cursor = (struct store_cursor){0};
}
