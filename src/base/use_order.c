// SPDX-License-Identifier: Apache-2.0
// A doubly linked list with both ends known.
#include "base/use_order.h"

void kdb_use_order_add(struct kdb_use_order *order, struct kdb_use_link *link)
{
    link->newer = NULL;
    link->older = order->newest;
    *(link->older ? &link->older->newer : &order->oldest) = link;
    order->newest = link;
}

void kdb_use_order_remove(struct kdb_use_order *order, struct kdb_use_link *link)
{
    *(link->newer ? &link->newer->older : &order->newest) = link->older;
    *(link->older ? &link->older->newer : &order->oldest) = link->newer;
    link->newer = NULL;
    link->older = NULL;
}

void kdb_use_order_touch(struct kdb_use_order *order, struct kdb_use_link *link)
{
    if (order->newest == link)
        return;
    kdb_use_order_remove(order, link);
    kdb_use_order_add(order, link);
}
