// SPDX-License-Identifier: Apache-2.0
// What becomes due at some time, the earliest first: a heap.
#include "base/alloc.h"
#include "jobs/jobs_priv.h"

static bool is_before(const struct due_heap *heap, size_t a, size_t b)
{
    return heap->items[a].at_ms < heap->items[b].at_ms;
}

static void swap(struct due_heap *heap, size_t a, size_t b)
{
    struct due item = heap->items[a];
    heap->items[a] = heap->items[b];
    heap->items[b] = item;
}

void due_push(struct due_heap *heap, struct due item)
{
    if (heap->count == heap->capacity) {
        heap->capacity = kdb_grow_capacity(heap->capacity, heap->count + 1);
        heap->items = kdb_realloc(heap->items, heap->capacity * sizeof(*heap->items));
    }
    heap->items[heap->count++] = item;
    for (size_t at = heap->count - 1; at > 0 && is_before(heap, at, (at - 1) / 2);
         at = (at - 1) / 2)
        swap(heap, at, (at - 1) / 2);
}

bool due_take(struct due_heap *heap, int64_t now_ms, struct due *ret)
{
    if (due_next_ms(heap) > now_ms || heap->count == 0)
        return false;
    *ret = heap->items[0];
    heap->items[0] = heap->items[--heap->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++) {
            if (is_before(heap, child, least))
                least = child;
        }
        if (least == at)
            return true;
        swap(heap, at, least);
        at = least;
    }
}

int64_t due_next_ms(const struct due_heap *heap)
{
    return heap->count > 0 ? heap->items[0].at_ms : INT64_MAX;
}

void due_free(struct due *due)
{
    kdb_partition_unref(due->partition);
    kdb_free((void *)(uintptr_t)due->user.data);
}

void due_heap_deinit(struct due_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++)
        due_free(&heap->items[i]);
    kdb_free(heap->items);
}
