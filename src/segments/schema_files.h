// SPDX-License-Identifier: Apache-2.0
// Files that describe a table beside its data, so that the cold tier can be read, and the catalog
// rebuilt, without this server: <data>/schemas/<namespace>/<table>/ with schema_v<N>.json (Arrow
// schema and options, pretty printed), manifest.json (the list of versions) and current.json (a
// copy of the newest).
//
// The store has the truth; the files mirror it. Each is replaced as a whole. Blocking: workers and
// start-up only; one change of a table at a time.
#ifndef KDB_SEGMENTS_SCHEMA_FILES_H
#define KDB_SEGMENTS_SCHEMA_FILES_H

#include "base/ctx.h"
#include "catalog/catalog.h"
#include "segments/service.h"

// Writes the files of a new or altered table. IO, DISK_FULL; what was written is then the caller's
// to remove or to write again.
KDB_NODISCARD kdb_status kdb_schema_files_write(struct kdb_segment_service *service,
                                                struct kdb_ctx *ctx, const struct kdb_table *table);

// Removes the files of a dropped table; what cannot be removed stays until the next start.
void kdb_schema_files_remove(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                             const struct kdb_table *table);

// At start: writes what is missing or has another size than it should, removes the files of tables
// that the catalog does not know. *ret_changed: how many tables.
KDB_NODISCARD kdb_status kdb_schema_files_repair(struct kdb_segment_service *service,
                                                 struct kdb_ctx *ctx,
                                                 const struct kdb_catalog_snapshot *catalog,
                                                 uint32_t *ret_changed);

#endif
