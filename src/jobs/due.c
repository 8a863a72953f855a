// SPDX-License-Identifier: Apache-2.0
// What becomes due at some time, the earliest first: a heap. A partition that is flushed again and
// again is noted each time that it has rows anew, and is in the heap once all the same.
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

// What an item is about.
static void write_key(struct kdb_buf *out, const struct due *due)
{
    kdb_buf_append(out, &due->table_id, sizeof(due->table_id));
    kdb_buf_put(out, due->is_hold ? 'h' : ' ');
    kdb_buf_slice(out, due->user);
}

// False when one of the same is due by then.
static bool note(struct due_heap *heap, const struct due *due)
{
    struct kdb_buf key = {0};
    write_key(&key, due);
    int64_t *first_ms = kdb_map_get(&heap->first, kdb_buf_view(&key));
    bool is_earlier = !first_ms || due->at_ms < *first_ms;
    if (!first_ms) {
        first_ms = kdb_alloc(sizeof(*first_ms));
        if (heap->first.count == 0)
            heap->first.copies_keys = true;
        (void)kdb_map_set(&heap->first, kdb_buf_view(&key), first_ms);
    }
    if (is_earlier)
        *first_ms = due->at_ms;
    kdb_buf_deinit(&key);
    return is_earlier;
}

// It leaves; a later one of the same, from a clock that was set back, may stay behind.
static void forget(struct due_heap *heap, const struct due *due)
{
    struct kdb_buf key = {0};
    write_key(&key, due);
    const int64_t *first_ms = kdb_map_get(&heap->first, kdb_buf_view(&key));
    if (first_ms && *first_ms == due->at_ms)
        kdb_free(kdb_map_remove(&heap->first, kdb_buf_view(&key)));
    kdb_buf_deinit(&key);
}

void due_push(struct due_heap *heap, struct due item)
{
    if (!note(heap, &item)) {
        due_free(&item);
        return;
    }
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
    forget(heap, ret);
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
    size_t cursor = 0;
    void *first_ms;
    while (kdb_map_next(&heap->first, &cursor, NULL, &first_ms))
        kdb_free(first_ms);
    kdb_map_deinit(&heap->first);
}
