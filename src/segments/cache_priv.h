// SPDX-License-Identifier: Apache-2.0
// The cache of decoded row groups ("blocks"): our row encoding and the encoded keys, in key order.
//
// A block is one allocation, immutable and reference-counted: whoever got it reads it without a
// lock and keeps it as long as it holds its reference, also when the cache has let it go. The cache
// keeps blocks within a budget of bytes, the least recently used go first. However many ask for a
// block that is not there, one loads it and the others wait. Any thread.
#ifndef KDB_SEGMENTS_CACHE_PRIV_H
#define KDB_SEGMENTS_CACHE_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "segments/service.h"

struct block {
    atomic_uint references;
    uint32_t row_count;
    size_t bytes; // of the allocation
    const uint32_t *key_ends;
    const uint32_t *row_ends;
    const char *keys;
    const char *rows;
};

// What a block is made from; the buffers stay the caller's.
struct block_parts {
    uint32_t row_count;
    const uint32_t *key_ends; // where each key ends in `keys`
    const uint32_t *row_ends;
    kdb_slice keys;
    kdb_slice rows;
};

// A block with one reference, holding copies.
struct block *cache_block_create(const struct block_parts *parts);
void cache_block_unref(struct block *block); // accepts NULL

static inline kdb_slice block_key(const struct block *block, uint32_t index)
{
    uint32_t start = index == 0 ? 0 : block->key_ends[index - 1];
    return kdb_slice_of(block->keys + start, block->key_ends[index] - start);
}

static inline kdb_slice block_row(const struct block *block, uint32_t index)
{
    uint32_t start = index == 0 ? 0 : block->row_ends[index - 1];
    return kdb_slice_of(block->rows + start, block->row_ends[index] - start);
}

// The first row whose key is not below `key`; row_count when there is none.
uint32_t cache_block_lower_bound(const struct block *block, kdb_slice key);

// Which block.
struct cache_key {
    uint64_t segment; // number
    uint64_t group;
};

// How a block that is not there is made; called without a lock, at most once at a time per block.
struct cache_loader {
    kdb_status (*load)(void *self, struct kdb_ctx *ctx, struct block **ret_block);
    void *self;
};

// `bytes_max` 0 keeps nothing that is not in use.
struct cache *cache_create(uint64_t bytes_max);
void cache_destroy(struct cache *cache); // accepts NULL; nobody may be loading

// The block, referenced for the caller. With KDB_READ_MEMORY, BLOCKED when it is not there; else it
// is loaded, or waited for while another thread loads it (until this request's deadline).
KDB_NODISCARD kdb_status cache_get(struct cache *cache, struct kdb_ctx *ctx, struct cache_key key,
                                   kdb_read_tier tier, const struct cache_loader *loader,
                                   struct block **ret_block);

// Lets go of the blocks of a segment whose file is being deleted.
void cache_forget(struct cache *cache, uint64_t segment, uint32_t group_count);

void cache_read_stats(struct cache *cache, struct kdb_segment_cache_stats *ret_stats);

#endif
