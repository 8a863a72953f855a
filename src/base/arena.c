// SPDX-License-Identifier: Apache-2.0
// Bump allocation in chunks.
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

// An ordinary chunk; larger requests get a chunk of their own size.
#define CHUNK_BYTES ((size_t)16 * 1024)

// The first chunk of an arena that was never reset; the next ones double what there is.
#define FIRST_CHUNK_BYTES ((size_t)1024)

struct kdb_arena_chunk {
    struct kdb_arena_chunk *older;
    size_t size; // bytes of `bytes`
    _Alignas(16) char bytes[];
};

struct kdb_arena_cleanup {
    struct kdb_arena_cleanup *older;
    void (*fn)(void *arg);
    void *arg;
};

void kdb_arena_init(struct kdb_arena *arena, size_t limit_bytes)
{
    *arena = (struct kdb_arena){.limit_bytes = limit_bytes};
}

// Down to `kept` (NULL: all).
static void run_cleanups(struct kdb_arena *arena, const struct kdb_arena_cleanup *kept)
{
    while (arena->cleanups != kept) {
        struct kdb_arena_cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->older;
        cleanup->fn(cleanup->arg);
    }
}

// Frees the chunks from `newest` down to `kept`, which is returned.
static struct kdb_arena_chunk *free_chunks(struct kdb_arena_chunk *newest,
                                           struct kdb_arena_chunk *kept)
{
    while (newest != kept) {
        struct kdb_arena_chunk *older = newest->older;
        kdb_free(newest);
        newest = older;
    }
    return kept;
}

void kdb_arena_deinit(struct kdb_arena *arena)
{
    run_cleanups(arena, NULL);
    (void)free_chunks(arena->chunks, NULL);
    *arena = (struct kdb_arena){.limit_bytes = arena->limit_bytes};
}

void kdb_arena_reset(struct kdb_arena *arena)
{
    run_cleanups(arena, NULL);
    struct kdb_arena_chunk *kept = NULL;
    struct kdb_arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct kdb_arena_chunk *older = chunk->older;
        if (!kept && chunk->size == CHUNK_BYTES)
            kept = chunk;
        else
            kdb_free(chunk);
        chunk = older;
    }
    size_t limit = arena->limit_bytes;
    *arena = (struct kdb_arena){.limit_bytes = limit, .is_reused = true};
    if (kept) {
        kept->older = NULL;
        arena->chunks = kept;
        arena->at = kept->bytes;
        arena->end = kept->bytes + kept->size;
        arena->used_bytes = kept->size;
    }
}

struct kdb_arena_mark kdb_arena_mark(const struct kdb_arena *arena)
{
    return (struct kdb_arena_mark){.at = arena->at,
                                   .end = arena->end,
                                   .chunks = arena->chunks,
                                   .older = arena->chunks ? arena->chunks->older : NULL,
                                   .cleanups = arena->cleanups,
                                   .used_bytes = arena->used_bytes};
}

void kdb_arena_release(struct kdb_arena *arena, const struct kdb_arena_mark *mark)
{
    run_cleanups(arena, mark->cleanups);
    arena->chunks = free_chunks(arena->chunks, mark->chunks);
    if (arena->chunks) // large ones were put behind it
        arena->chunks->older = free_chunks(arena->chunks->older, mark->older);
    arena->at = mark->at;
    arena->end = mark->end;
    arena->used_bytes = mark->used_bytes;
}

// Of the next ordinary chunk, in which `needed` bytes have room.
static size_t next_chunk_bytes(const struct kdb_arena *arena, size_t needed)
{
    if (arena->is_reused || arena->used_bytes > CHUNK_BYTES / 2)
        return CHUNK_BYTES;
    size_t bytes = FIRST_CHUNK_BYTES;
    while (bytes < arena->used_bytes || bytes < needed)
        bytes *= 2;
    return bytes;
}

void *kdb_arena_alloc_chunk(struct kdb_arena *arena, size_t size)
{
    KDB_ASSERT(size <= SIZE_MAX / 2);
    size_t rounded = (size + (size == 0) + 15U) & ~(size_t)15U;
    bool is_large = rounded > CHUNK_BYTES / 4;
    size_t bytes = is_large ? rounded : next_chunk_bytes(arena, rounded);
    struct kdb_arena_chunk *chunk = kdb_realloc(NULL, sizeof(*chunk) + bytes);
    chunk->size = bytes;
    arena->used_bytes += bytes;
    if (is_large && arena->chunks) {
        // The current chunk keeps serving small requests.
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
        return chunk->bytes;
    }
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->at = chunk->bytes + rounded;
    arena->end = chunk->bytes + bytes;
    return chunk->bytes;
}

void *kdb_arena_zalloc(struct kdb_arena *arena, size_t size)
{
    void *memory = kdb_arena_alloc(arena, size);
    memset(memory, 0, size);
    return memory;
}

void *kdb_arena_array(struct kdb_arena *arena, size_t count, size_t size)
{
    KDB_ASSERT(size == 0 || count <= SIZE_MAX / size);
    return kdb_arena_zalloc(arena, count * size);
}

void *kdb_arena_grow(struct kdb_arena *arena, void *items, size_t count, size_t *capacity,
                     size_t size)
{
    if (count < *capacity)
        return items;
    size_t next = kdb_grow_capacity(*capacity, count + 1);
    KDB_ASSERT(next <= SIZE_MAX / size);
    char *grown = kdb_arena_alloc(arena, next * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    *capacity = next;
    return grown;
}

kdb_slice kdb_arena_copy(struct kdb_arena *arena, kdb_slice bytes)
{
    char *copy = kdb_arena_alloc(arena, bytes.len + 1);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = '\0';
    return (kdb_slice){copy, bytes.len};
}

kdb_slice kdb_arena_printf(struct kdb_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    KDB_ASSERT(len >= 0);
    char *text = kdb_arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (kdb_slice){text, (size_t)len};
}

void kdb_arena_on_reset(struct kdb_arena *arena, void (*fn)(void *arg), void *arg)
{
    struct kdb_arena_cleanup *cleanup = kdb_arena_alloc(arena, sizeof(*cleanup));
    *cleanup = (struct kdb_arena_cleanup){arena->cleanups, fn, arg};
    arena->cleanups = cleanup;
}
