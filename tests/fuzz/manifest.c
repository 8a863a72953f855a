// SPDX-License-Identifier: Apache-2.0
// Fuzz target of stored segment records and manifest heads: no input may crash the readers, and a
// record that is accepted is written back byte for byte.
// links: segments
#include "base/alloc.h"
#include "base/assert.h"
#include "base/digest.h"
#include "segments/filter.h"
#include "segments/segment_priv.h"
#include "segments/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Uses everything a reader of the segment would.
static void walk(const struct kdb_segment *segment)
{
    KDB_ASSERT(segment->group_count > 0 && segment->row_count > 0);
    KDB_ASSERT(kdb_slice_equal(segment->min_key, segment->group_first_key[0]));
    KDB_ASSERT(kdb_slice_compare(segment->min_key, segment->max_key) <= 0);
    KDB_ASSERT(segment->path.data[0] == '/' && segment->path.data[segment->path.len] == '\0');
    KDB_ASSERT(strlen(segment->path.data) == segment->path.len);
    for (uint32_t i = 0; i < segment->stats_count; i++) {
        const struct kdb_column_stats *stats = &segment->stats[i];
        KDB_ASSERT(!stats->has_range || kdb_value_compare(&stats->min, &stats->max) <= 0);
    }
    (void)kdb_filter_may_hold(segment->filter, kdb_filter_hash(segment->min_key));
    KDB_ASSERT(segment_meets(segment, segment->min_key, (kdb_slice){0}));
}

static void try_record(struct kdb_ctx *ctx, kdb_slice record)
{
    struct kdb_segment *segment = NULL;
    kdb_status status = segment_record_read(NULL, KDB_LIT("/data"), record, ctx, &segment);
    KDB_ASSERT(status == KDB_OK || status == KDB_ERR_CORRUPT || status == KDB_ERR_UNAVAILABLE);
    KDB_ASSERT((status == KDB_OK) == (ctx->error.status == KDB_OK));
    kdb_ctx_clear_error(ctx);
    if (status != KDB_OK)
        return;
    walk(segment);
    struct kdb_buf again = {0};
    segment_record_write(segment, KDB_LIT("/data"), &again);
    struct kdb_segment *second = NULL;
    KDB_ASSERT(segment_record_read(NULL, KDB_LIT("/data"), kdb_buf_view(&again), ctx, &second) ==
               KDB_OK);
    KDB_ASSERT(again.len <= record.len);
    KDB_ASSERT(kdb_slice_equal(segment->path, second->path));
    kdb_buf_deinit(&again);
    kdb_free(second);
    kdb_free(segment);
}

static void try_head(struct kdb_ctx *ctx, kdb_slice record)
{
    struct manifest_head head;
    if (manifest_head_read(record, ctx, &head) == KDB_OK) {
        struct kdb_buf again = {0};
        manifest_head_write(&head, &again);
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&again), record));
        kdb_buf_deinit(&again);
    }
    kdb_ctx_clear_error(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_slice record = kdb_slice_of(data, size);
    try_record(&ctx, record);
    try_head(&ctx, record);
    // Again with a checksum that holds: most of the reader lies behind it.
    if (size >= 4) {
        kdb_slice sealed = kdb_arena_copy(&ctx.arena, record);
        uint32_t crc = kdb_crc32c(0, kdb_slice_of(sealed.data, size - 4));
        memcpy((char *)(uintptr_t)sealed.data + size - 4, &crc, sizeof(crc));
        try_record(&ctx, sealed);
        try_head(&ctx, sealed);
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
