// SPDX-License-Identifier: Apache-2.0
// Finding the rows of one table that match: points, or a walk over a key range, with the filter on
// top.
#include "exec/exec_priv.h"
#include "types/row.h"

// Between checks of deadline and memory.
#define CHECK_EVERY 256

struct run {
    const struct search *search;
    const struct kdb_table *table;
    bool shows_deleted;
    size_t visited;
};

static kdb_status offer(struct run *run, kdb_slice key, kdb_slice row, bool *ret_goes_on)
{
    const struct search *search = run->search;
    struct kdb_exec *exec = search->exec;
    run->visited++;
    if (run->visited % CHECK_EVERY == 0) {
        KDB_TRY(kdb_ctx_check(exec->ctx));
        if (run->visited > EXEC_LOOP_ROWS_MAX)
            KDB_TRY(exec_require_worker(exec));
    }
    if (kdb_row_is_deleted(row) && !run->shows_deleted)
        return KDB_OK;
    search->eval->row = row;
    search->eval->row_schema = kdb_table_schema(run->table, kdb_row_schema_version(row));
    if (!search->eval->row_schema)
        return kdb_fail(exec->ctx, KDB_ERR_CORRUPT, "a row has an unknown schema version");
    if (search->select->filter) {
        bool is_match;
        KDB_TRY(kdb_eval_filter(search->select->filter, search->eval, &is_match));
        if (!is_match)
            return KDB_OK;
    }
    return search->visit(search->self, key, row, ret_goes_on);
}

static kdb_status visit_points(struct run *run, struct kdb_partition *partition,
                               const struct key_bounds *bounds)
{
    bool goes_on = true;
    bool is_descending = run->search->select->is_key_descending;
    struct kdb_exec *exec = run->search->exec;
    struct kdb_partition_view *view = NULL; // one key needs none: its newest version is one moment
    if (bounds->point_count > EXEC_LOOP_ROWS_MAX)
        KDB_TRY(exec_require_worker(exec));
    if (bounds->point_count > 1)
        KDB_TRY(row_view_open(exec, run->table, partition, &view));
    for (size_t i = 0; i < bounds->point_count && goes_on; i++) {
        kdb_slice key = bounds->points[is_descending ? bounds->point_count - 1 - i : i];
        kdb_slice row;
        if (i % CHECK_EVERY == CHECK_EVERY - 1)
            KDB_TRY(kdb_ctx_check(exec->ctx));
        if (view)
            KDB_TRY(row_get_in(exec, run->table, partition, view, key, &row));
        else
            KDB_TRY(row_get(exec, run->table, partition, key, &row));
        if (row.data)
            KDB_TRY(offer(run, key, row, &goes_on));
        kdb_arena_reset(run->search->eval->scratch);
    }
    if (view)
        kdb_partition_view_close(view);
    return KDB_OK;
}

static kdb_status visit_range(struct run *run, struct kdb_partition *partition,
                              const struct key_bounds *bounds)
{
    const struct kdb_row_select *select = run->search->select;
    struct segment_pruner pruner;
    prune_init(&pruner, select->relation, select->filter, run->search->eval);
    const struct row_scan_range range = {.table = run->table,
                                         .partition = partition,
                                         .bounds = bounds,
                                         .is_reverse = select->is_key_descending,
                                         .skip = &pruner.skip};
    struct row_scan *scan;
    KDB_TRY(row_scan_open(run->search->exec, &range, &scan));
    bool goes_on = true;
    while (goes_on) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        KDB_TRY(row_scan_next(scan, &key, &row, &has_more));
        if (!has_more)
            break;
        KDB_TRY(offer(run, key, row, &goes_on));
        kdb_arena_reset(run->search->eval->scratch);
    }
    row_scan_close(scan);
    return KDB_OK;
}

kdb_status search_rows(const struct search *search)
{
    const struct kdb_row_select *select = search->select;
    struct run run = {.search = search,
                      .table = select->relation->table,
                      .shows_deleted = select->relation->shows_deleted};
    struct kdb_exec *exec = search->exec;
    struct key_bounds bounds;
    KDB_TRY(key_bounds_make(exec, run.table, select->keys, select->key_count, &bounds));
    if (bounds.is_empty)
        return KDB_OK;
    struct kdb_partition *partition;
    KDB_TRY(exec_partition(exec, run.table, &partition));
    if (exec_is_unheard(partition))
        return KDB_OK;
    if (bounds.has_points)
        return visit_points(&run, partition, &bounds);
    return visit_range(&run, partition, &bounds);
}
