// SPDX-License-Identifier: Apache-2.0
// The stored form of definitions: one JSON object each, with a format number (docs/FORMATS.md).
//
// Written and read by the catalog alone; any thread.
#ifndef KDB_CATALOG_DEFINITION_H
#define KDB_CATALOG_DEFINITION_H

#include "base/json_read.h"
#include "catalog/catalog.h"

// Appends the stored form.
void kdb_namespace_write(const struct kdb_namespace *space, struct kdb_buf *out);
void kdb_storage_write(const struct kdb_storage *storage, struct kdb_buf *out);
void kdb_user_write(const struct kdb_user *user, struct kdb_buf *out);

// Reads it back; *ret has one reference. CORRUPT for anything else, UNAVAILABLE when a newer server
// wrote it.
KDB_NODISCARD kdb_status kdb_namespace_read(kdb_slice json, struct kdb_ctx *ctx,
                                            struct kdb_namespace **ret);
KDB_NODISCARD kdb_status kdb_storage_read(kdb_slice json, struct kdb_ctx *ctx,
                                          struct kdb_storage **ret);
KDB_NODISCARD kdb_status kdb_user_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_user **ret);

#endif
