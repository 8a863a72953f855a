// SPDX-License-Identifier: Apache-2.0
// One key in the cold tier: manifest ranges and key filters first, then at most a block per segment
// that may have it.
#include "segments/cold_priv.h"
#include "segments/filter.h"
#include "segments/segment_priv.h"
#include "types/row.h"

// A key and, once it was needed, its hash.
struct wanted {
    kdb_slice key;
    uint64_t hash;
    bool has_hash;
};

static bool may_hold(const struct kdb_segment *segment, struct wanted *wanted)
{
    if (kdb_slice_compare(wanted->key, segment->max_key) > 0 ||
        kdb_slice_compare(wanted->key, segment->min_key) < 0)
        return false;
    if (!wanted->has_hash) {
        wanted->hash = kdb_filter_hash(wanted->key);
        wanted->has_hash = true;
    }
    return kdb_filter_may_hold(segment->filter, wanted->hash);
}

bool kdb_cold_excludes(const struct kdb_manifest *manifest, kdb_slice key)
{
    struct wanted wanted = {.key = key};
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (may_hold(manifest->segments[i], &wanted))
            return false;
    }
    return true;
}

static void release_block(void *arg)
{
    cache_block_unref(arg);
}

// *ret_row stays as it is when the segment has not got the key.
static kdb_status look_into(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx,
                            const struct kdb_segment *segment, kdb_slice key, kdb_slice *ret_row)
{
    struct block *block;
    KDB_TRY(cold_block(reader, ctx, segment, cold_group_of(segment, key), &block));
    uint32_t index = cache_block_lower_bound(block, key);
    if (index == block->row_count || !kdb_slice_equal(block_key(block, index), key)) {
        cache_block_unref(block);
        return KDB_OK;
    }
    kdb_slice row = block_row(block, index);
    if (ret_row->data && kdb_row_seq(*ret_row) >= kdb_row_seq(row)) {
        cache_block_unref(block);
        return KDB_OK;
    }
    kdb_arena_on_reset(&ctx->arena, release_block, block);
    *ret_row = row;
    return KDB_OK;
}

kdb_status kdb_cold_get(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx, kdb_slice key,
                        kdb_slice *ret_row)
{
    struct wanted wanted = {.key = key};
    kdb_slice row = {0};
    const struct kdb_manifest *manifest = reader->manifest;
    for (uint32_t i = manifest->segment_count; i > 0; i--) {
        const struct kdb_segment *segment = manifest->segments[i - 1];
        if (row.data && kdb_row_seq(row) >= segment->max_seq)
            break; // what is left is older
        if (may_hold(segment, &wanted))
            KDB_TRY(look_into(reader, ctx, segment, key, &row));
    }
    *ret_row = row;
    return KDB_OK;
}
