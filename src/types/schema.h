// SPDX-License-Identifier: Apache-2.0
// The columns of a table at one schema version, and the row layout that follows from them.
//
// Immutable once built and owned by a catalog snapshot (or a test's arena); any thread. Columns carry a stable id that
// survives renames and is never reused: rows, Parquet files and statistics refer to columns by id, never by name.
#ifndef KDB_TYPES_SCHEMA_H
#define KDB_TYPES_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "types/type.h"
#include "types/value.h"

// System columns: present in every USER and SHARED table behind the declared ones, stored in the row header.
#define KDB_COLUMN_SEQ (-1)     // _seq BIGINT
#define KDB_COLUMN_UPDATED (-2) // _updated TIMESTAMP(ms), the millisecond in _seq
#define KDB_COLUMN_DELETED (-3) // _deleted BOOLEAN

typedef enum {
    KDB_DEFAULT_NONE,         // omitted: NULL, or an error when NOT NULL
    KDB_DEFAULT_VALUE,        // a constant (may be NULL)
    KDB_DEFAULT_NOW,          // NOW(), CURRENT_TIMESTAMP
    KDB_DEFAULT_SNOWFLAKE_ID, // SNOWFLAKE_ID(), serial and identity spellings
    KDB_DEFAULT_UUID_V7,
    KDB_DEFAULT_ULID,
    KDB_DEFAULT_CURRENT_USER
} kdb_default_kind;

struct kdb_column {
    int32_t id;                    // stable, from 1; the Parquet field id
    kdb_slice name;                // as declared (folded unless quoted)
    kdb_type type;
    bool is_not_null;              // the primary key always is
    kdb_default_kind default_kind; // what an omitted value becomes
    kdb_value default_value;       // for KDB_DEFAULT_VALUE, already of the column's type
    kdb_slice comment;             // may be null
};

struct kdb_schema {
    uint32_t version;             // from 1, one more for each ALTER
    uint32_t column_count;        // declared columns
    struct kdb_column *columns;   // in ordinal order
    uint32_t key_index;           // index of the primary key in `columns`
    // The row layout (row.h), derived by kdb_schema_finish:
    uint32_t *slot_offset;        // per column: where its fixed slot begins, from the row's first byte
    uint32_t heap_offset;         // where variable-length bytes begin
};

// Computes the layout fields; call once when columns are complete. Memory comes from the arena.
void kdb_schema_finish(struct kdb_schema *schema, struct kdb_arena *arena);

// Index of the declared column with this exact name, or -1.
int kdb_schema_find(const struct kdb_schema *schema, kdb_slice name);

// Index of the declared column with this id, or -1.
int kdb_schema_find_id(const struct kdb_schema *schema, int32_t id);

#endif
