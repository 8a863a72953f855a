// SPDX-License-Identifier: Apache-2.0
// The order in which things were last used, for caches that let go of the longest unused.
//
// A list through the things themselves: each embeds a link. Zeroed memory is an empty order. The
// owner's lock is the order's.
#ifndef KDB_BASE_USE_ORDER_H
#define KDB_BASE_USE_ORDER_H

#include <stddef.h>

struct kdb_use_link {
    struct kdb_use_link *newer; // NULL: the newest
    struct kdb_use_link *older;
};

struct kdb_use_order {
    struct kdb_use_link *newest; // NULL: empty
    struct kdb_use_link *oldest;
};

// The object of `type` whose member `member` is the link `at`.
#define KDB_USE_OF(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

// Puts in what is in no order, as the newest.
void kdb_use_order_add(struct kdb_use_order *order, struct kdb_use_link *link);

// Takes out what is in this order.
void kdb_use_order_remove(struct kdb_use_order *order, struct kdb_use_link *link);

// What is in this order was used: it is the newest now.
void kdb_use_order_touch(struct kdb_use_order *order, struct kdb_use_link *link);

#endif
