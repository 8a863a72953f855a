// SPDX-License-Identifier: Apache-2.0
// Pieces of stored definitions, shared by definition.c and table.c.
#ifndef KDB_CATALOG_DEFINITION_PRIV_H
#define KDB_CATALOG_DEFINITION_PRIV_H

#include "catalog/definition.h"

// The stored form this server writes; it reads this and older ones.
#define DEFINITION_FORMAT 1

void definition_open(struct kdb_buf *out);
void definition_text(struct kdb_buf *out, const char *name, kdb_slice text); // nothing for null
void definition_int(struct kdb_buf *out, const char *name, int64_t value);
KDB_NODISCARD kdb_status definition_parse(kdb_slice json, struct kdb_ctx *ctx, const char *what,
                                          const struct kdb_json **ret);
kdb_slice definition_get_text(const struct kdb_json *object, const char *name); // null when absent
int64_t definition_get_int(const struct kdb_json *object, const char *name, int64_t otherwise);

#endif
