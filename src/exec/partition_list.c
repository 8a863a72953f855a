// SPDX-License-Identifier: Apache-2.0
// A walk over the partitions that have cold rows: every partition that was ever written to has
// stored counters, and those lead to its manifest.
#include "exec/system_rows_priv.h"
#include "segments/manifest.h"

struct walk {
    struct kdb_exec *exec;
    partition_visit visit;
    void *self;
    kdb_status status;
};

static kdb_status visit_one(const struct walk *walk, struct partition_entry *entry)
{
    struct kdb_exec *exec = walk->exec;
    struct kdb_partition *partition;
    KDB_TRY(kdb_partition_open(exec->services->partitions, exec->ctx, entry->table->id, entry->user,
                               KDB_READ_ANY, &partition));
    (void)pthread_mutex_lock(&partition->lock);
    entry->is_loaded = partition->is_manifest_loaded;
    (void)pthread_mutex_unlock(&partition->lock);
    kdb_status status = kdb_manifest_acquire(exec->services->segments, partition, exec->ctx,
                                             KDB_READ_ANY, &entry->manifest);
    if (status == KDB_OK && entry->manifest)
        status = walk->visit(walk->self, entry);
    kdb_manifest_unref(entry->manifest);
    kdb_partition_unref(partition);
    return status;
}

// A table that was dropped, or created after the statement began, is left out.
static bool visit_counters(void *arg, uint32_t table_id, kdb_slice user,
                           const struct kdb_partition_counters *counters)
{
    struct walk *walk = arg;
    struct partition_entry entry = {.table =
                                        kdb_catalog_table_by_id(walk->exec->snapshot, table_id),
                                    .user = user,
                                    .counters = counters};
    if (entry.table)
        walk->status = visit_one(walk, &entry);
    return walk->status == KDB_OK;
}

kdb_status partition_list_manifests(struct kdb_exec *exec, const struct kdb_table *table,
                                    partition_visit visit, void *self)
{
    struct walk walk = {exec, visit, self, KDB_OK};
    KDB_TRY(kdb_partition_scan_stored(exec->services->store, exec->ctx, table ? table->id : 0,
                                      visit_counters, &walk));
    return walk.status;
}
