// SPDX-License-Identifier: Apache-2.0
// Rings of entries by the tick in which they are due.
#include "net/wheel_priv.h"

#include <stddef.h>

#include "base/assert.h"

void net_wheel_init(struct net_wheel *wheel, int64_t now_ms)
{
    *wheel = (struct net_wheel){.tick = now_ms / NET_WHEEL_TICK_MS};
    for (int i = 0; i < NET_WHEEL_SLOTS; i++)
        wheel->slots[i].next = wheel->slots[i].previous = &wheel->slots[i];
}

// The first tick that begins at or after a time.
static int64_t tick_of(int64_t ms)
{
    return (ms + NET_WHEEL_TICK_MS - 1) / NET_WHEEL_TICK_MS;
}

void net_wheel_put(struct net_wheel *wheel, struct net_wheel_entry *entry, int64_t due_ms)
{
    net_wheel_remove(wheel, entry);
    int64_t tick = tick_of(due_ms);
    if (tick < wheel->tick)
        tick = wheel->tick;
    if (tick > wheel->tick + NET_WHEEL_SLOTS - 1)
        tick = wheel->tick + NET_WHEEL_SLOTS - 1;
    struct net_wheel_entry *head = &wheel->slots[tick % NET_WHEEL_SLOTS];
    entry->due_ms = due_ms;
    entry->next = head;
    entry->previous = head->previous;
    head->previous->next = entry;
    head->previous = entry;
    wheel->count++;
}

void net_wheel_remove(struct net_wheel *wheel, struct net_wheel_entry *entry)
{
    if (!entry->next)
        return;
    entry->next->previous = entry->previous;
    entry->previous->next = entry->next;
    entry->next = entry->previous = NULL;
    KDB_ASSERT(wheel->count > 0);
    wheel->count--;
}

struct net_wheel_entry *net_wheel_take_due(struct net_wheel *wheel, int64_t now_ms)
{
    int64_t now_tick = now_ms / NET_WHEEL_TICK_MS;
    while (wheel->count > 0) {
        struct net_wheel_entry *head = &wheel->slots[wheel->tick % NET_WHEEL_SLOTS];
        struct net_wheel_entry *entry = head->next;
        if (entry != head && entry->due_ms <= now_ms) {
            net_wheel_remove(wheel, entry);
            return entry;
        }
        if (entry != head) // it was too far away for the wheel; now it lands further on
            net_wheel_put(wheel, entry, entry->due_ms);
        else if (wheel->tick < now_tick)
            wheel->tick++;
        else
            return NULL;
    }
    if (wheel->tick < now_tick)
        wheel->tick = now_tick;
    return NULL;
}

int64_t net_wheel_wait_ms(const struct net_wheel *wheel, int64_t now_ms)
{
    if (wheel->count == 0)
        return -1;
    for (int64_t tick = wheel->tick; tick < wheel->tick + NET_WHEEL_SLOTS; tick++) {
        const struct net_wheel_entry *head = &wheel->slots[tick % NET_WHEEL_SLOTS];
        if (head->next != head) {
            int64_t wait_ms = tick * NET_WHEEL_TICK_MS - now_ms;
            return wait_ms > 0 ? wait_ms : 0;
        }
    }
    KDB_UNREACHABLE();
}
