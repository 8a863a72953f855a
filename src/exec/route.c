// SPDX-License-Identifier: Apache-2.0
// The path of one run: the row path walks flushed rows one by one, the engine reads whole columns.
#include "exec/exec_priv.h"
#include "segments/manifest.h"

// Fewer flushed rows than this the row path has read before the engine is ready.
#define ENGINE_ROWS_MIN 50000

// Flushed rows of the segments that the filter does not rule out.
static int64_t rows_to_read(struct kdb_exec *exec, const struct kdb_manifest *manifest)
{
    const struct kdb_row_select *select = exec->plan->row_select;
    struct kdb_eval eval;
    exec_eval_init(exec, select->relation->table, &exec->ctx->arena, &eval);
    struct segment_pruner pruner;
    prune_init(&pruner, select->relation, select->filter, &eval);
    int64_t count = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        const struct kdb_segment *segment = manifest->segments[i];
        if (manifest->overlaps[i] || !pruner.skip.skips(pruner.skip.self, segment))
            count += segment->row_count;
    }
    return count;
}

kdb_status exec_route(struct kdb_exec *exec, struct exec_route *ret)
{
    const struct kdb_plan *plan = exec->plan;
    *ret = (struct exec_route){plan->path, kdb_slice_cstr(plan->reason)};
    bool may_change = plan->path == KDB_PATH_ROW && plan->row_select &&
                      plan->row_select->fits_engine &&
                      plan->term_count <= exec->services->engine_terms_max;
    // A loop hands what is long over to a worker.
    if (!may_change || exec->tier != KDB_READ_ANY)
        return KDB_OK;
    struct kdb_partition *partition;
    struct kdb_manifest *manifest;
    KDB_TRY(exec_partition(exec, plan->row_select->relation->table, &partition));
    KDB_TRY(kdb_manifest_acquire(exec->services->segments, partition, exec->ctx, exec->tier,
                                 &manifest));
    int64_t count = manifest ? rows_to_read(exec, manifest) : 0;
    kdb_manifest_unref(manifest);
    if (count < ENGINE_ROWS_MIN)
        return KDB_OK;
    ret->path = KDB_PATH_ENGINE;
    ret->reason = kdb_arena_printf(&exec->ctx->arena, "no key bounds and %lld flushed rows to read",
                                   (long long)count);
    return KDB_OK;
}
