// SPDX-License-Identifier: Apache-2.0
// The text of schema files.
#ifndef KDB_SEGMENTS_SCHEMA_JSON_PRIV_H
#define KDB_SEGMENTS_SCHEMA_JSON_PRIV_H

#include "base/buf.h"
#include "catalog/table.h"

// Appends schema_v<version>.json.
void schema_json_write(const struct kdb_table *table, uint32_t version, struct kdb_buf *out);

// Appends manifest.json: the versions and which is current.
void schema_json_write_list(const struct kdb_table *table, struct kdb_buf *out);

#endif
