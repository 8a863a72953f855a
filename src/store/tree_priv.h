// SPDX-License-Identifier: Apache-2.0
// An ordered map of byte strings whose old states stay readable: the heart of the in-memory store.
//
// It is a treap of reference-counted nodes. Keeping a state costs one reference to its root
// (store_tree_ref); a change then copies the nodes on its path that someone else still holds and
// changes in place those that nobody does, so without kept states nothing is copied. Every
// operation takes O(log n) expected time. A change excludes every other use of the tree itself;
// states that are kept may be read and released on any thread meanwhile.
#ifndef KDB_STORE_TREE_PRIV_H
#define KDB_STORE_TREE_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct store_node;

// A map; zeroed except for `bytes` is the empty one.
struct store_tree {
    struct store_node *root; // NULL: empty
    uint64_t random;         // state of the generator of node priorities
    _Atomic size_t *bytes;   // heap bytes of all nodes and records are added here
};

// Another reference to the current state of `tree`; store_tree_unref gives it back. May be NULL.
struct store_node *store_tree_ref(const struct store_tree *tree);
// Any thread. Accepts NULL.
void store_tree_unref(struct store_node *root, _Atomic size_t *bytes);

// Sets the value of `key`, which is added when absent.
void store_tree_put(struct store_tree *tree, kdb_slice key, kdb_slice value);
// Removes `key` if it is there.
void store_tree_remove(struct store_tree *tree, kdb_slice key);
// Removes every key in [first, end).
void store_tree_remove_range(struct store_tree *tree, kdb_slice first, kdb_slice end);

// The value of `key` in the state `root`, or the null slice. Lives as long as that state is kept.
kdb_slice store_tree_get(const struct store_node *root, kdb_slice key);

// A position in a state that the caller keeps. Zeroed is before the first call of a seek.
struct store_cursor {
    const struct store_node **path; // nodes still to be given, the next one last
    size_t count;
    size_t capacity;
};

// The next key will be the first one >= `key`.
void store_cursor_seek(struct store_cursor *cursor, const struct store_node *root, kdb_slice key);
// The next key of a backward walk will be the last one < `end`; the null slice means the last one.
void store_cursor_seek_before(struct store_cursor *cursor, const struct store_node *root,
                              kdb_slice end);
// Gives one key and value, towards greater or (is_reverse) smaller keys; false at the end.
bool store_cursor_next(struct store_cursor *cursor, bool is_reverse, kdb_slice *ret_key,
                       kdb_slice *ret_value);
// The key that store_cursor_next would give; false at the end.
bool store_cursor_peek(const struct store_cursor *cursor, kdb_slice *ret_key);
void store_cursor_deinit(struct store_cursor *cursor);

#endif
