// SPDX-License-Identifier: Apache-2.0
// Tables of ours as row sources of the engine: hot rows of one partition, or computed rows of a
// system table.
//
// Made per execution, used by the engine's threads while it runs; what scans share is read-only.
#ifndef KDB_EXEC_TABLE_SOURCE_H
#define KDB_EXEC_TABLE_SOURCE_H

#include "exec/exec_priv.h"
#include "exec/system_rows.h"

struct table_source {
    struct kdb_store *store;
    struct kdb_store_view *view;
    const struct kdb_table *table;
    const struct kdb_relation *relation;
    kdb_slice prefix; // of the partition
    kdb_slice first;  // bounds on the encoded key, as in struct key_bounds
    kdb_slice end;
    const struct kdb_system_rows *system; // rows of a system table, else NULL
    bool hides_deleted;
    struct kdb_source_column *columns; // c0, c1, … of the relation
};

// Prepares `source` as an engine source; memory from the ctx arena.
void table_source_init(struct table_source *source, struct kdb_ctx *ctx,
                       struct kdb_row_source *ret_source);

// Whether the hot tier holds any key in the bounds, and the smallest and largest (encoded, copied
// to the ctx arena).
KDB_NODISCARD kdb_status table_source_hot_range(const struct table_source *source,
                                                struct kdb_ctx *ctx, bool *ret_has_rows,
                                                kdb_slice *ret_min, kdb_slice *ret_max);

#endif
