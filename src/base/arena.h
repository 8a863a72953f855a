// SPDX-License-Identifier: Apache-2.0
// Request memory: allocate by bumping a pointer, free everything at once.
//
// An arena belongs to one object (a request, a catalog snapshot, a prepared plan) and is used by
// one thread at a time. Allocation never returns NULL; a byte limit is kept as a flag instead of a
// failure: code that allocates in proportion to input calls kdb_ctx_check (ctx.h) once per row or
// per node, which turns the flag into an error reply. Memory is not zeroed unless the function says
// so.
#ifndef KDB_BASE_ARENA_H
#define KDB_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/slice.h"

struct kdb_arena_chunk;
struct kdb_arena_cleanup;

struct kdb_arena {
    char *at;                           // next free byte of the current chunk
    char *end;                          // end of the current chunk
    struct kdb_arena_chunk *chunks;     // newest first
    struct kdb_arena_cleanup *cleanups; // newest first
    size_t used_bytes;                  // sum of chunk sizes
    size_t limit_bytes;                 // 0: none
    bool is_reused;                     // was reset: what it needs once, it needs again
};

// Prepares a zeroed or fresh struct; `limit_bytes` 0 means no limit. Allocates nothing yet. The
// first chunks are small, for what is built once and kept, such as a plan; after a reset they are
// not.
void kdb_arena_init(struct kdb_arena *arena, size_t limit_bytes);

// Runs the cleanups (newest first) and frees everything. Works on a zeroed struct.
void kdb_arena_deinit(struct kdb_arena *arena);

// Runs the cleanups and forgets all memory, but keeps one ordinary chunk for the next request.
void kdb_arena_reset(struct kdb_arena *arena);

// What had been allocated at one moment: a plain value, of use until the arena is reset or released
// to an older mark.
struct kdb_arena_mark {
    char *at, *end;
    struct kdb_arena_chunk *chunks;
    struct kdb_arena_chunk *older; // behind the newest chunk
    struct kdb_arena_cleanup *cleanups;
    size_t used_bytes;
};

// The mark of this moment.
struct kdb_arena_mark kdb_arena_mark(const struct kdb_arena *arena);

// Runs the cleanups and frees the memory that came after the mark: an attempt is given up and made
// again. The mark can be released to again.
void kdb_arena_release(struct kdb_arena *arena, const struct kdb_arena_mark *mark);

// True once the arena holds more than its limit; the memory already handed out stays valid.
static inline bool kdb_arena_is_exceeded(const struct kdb_arena *arena)
{
    return arena->limit_bytes != 0 && arena->used_bytes > arena->limit_bytes;
}

// The slow path of kdb_arena_alloc: opens a new chunk.
void *kdb_arena_alloc_chunk(struct kdb_arena *arena, size_t size);

// `size` bytes aligned to 16; size 0 gives a place of its own too.
static inline void *kdb_arena_alloc(struct kdb_arena *arena, size_t size)
{
    size_t rounded = (size + (size == 0) + 15U) & ~(size_t)15U;
    if (KDB_UNLIKELY((size_t)(arena->end - arena->at) < rounded || rounded < size))
        return kdb_arena_alloc_chunk(arena, size);
    void *memory = arena->at;
    arena->at += rounded;
    return memory;
}

// As kdb_arena_alloc, zeroed.
void *kdb_arena_zalloc(struct kdb_arena *arena, size_t size);

// Zeroed array; an overflowing product is an assert.
void *kdb_arena_array(struct kdb_arena *arena, size_t count, size_t size);

// One zeroed object of a type.
#define KDB_ARENA_NEW(arena, type) ((type *)kdb_arena_zalloc((arena), sizeof(type)))

// Makes room for one more element in a growing array: returns `items` or a larger copy (the old one
// is left behind) and updates `*capacity`. `items` may be NULL with capacity 0.
void *kdb_arena_grow(struct kdb_arena *arena, void *items, size_t count, size_t *capacity,
                     size_t size);

// Appends to a struct's {items, count, capacity} array: KDB_PUSH(arena, list.items, list.count,
// list.capacity, x).
#define KDB_PUSH(arena, items, count, capacity, value)                                             \
    do {                                                                                           \
        (items) = kdb_arena_grow((arena), (items), (count), &(capacity), sizeof(*(items)));        \
        (items)[(count)++] = (value);                                                              \
    } while (0)

// A copy of the bytes, with a NUL behind them that is not counted.
kdb_slice kdb_arena_copy(struct kdb_arena *arena, kdb_slice bytes);

// printf into the arena.
kdb_slice kdb_arena_printf(struct kdb_arena *arena, const char *format, ...) KDB_PRINTF(2, 3);

// Calls `fn(arg)` when the arena is reset, released to an older mark or deinitialised, newest
// first: releases handles of foreign libraries.
void kdb_arena_on_reset(struct kdb_arena *arena, void (*fn)(void *arg), void *arg);

#endif
