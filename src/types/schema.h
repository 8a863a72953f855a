// SPDX-License-Identifier: Apache-2.0
// The columns of a table at one schema version, and the row layout that follows from them.
//
// Immutable once built and owned by a catalog snapshot (or a test's arena); any thread. Columns
// carry a stable id that survives renames and is never reused: rows, Parquet files and statistics
// refer to columns by id, never by name.
#ifndef KDB_TYPES_SCHEMA_H
#define KDB_TYPES_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "types/type.h"
#include "types/value.h"

// System columns: present in every USER and SHARED table behind the declared ones, stored in the
// row header.
#define KDB_COLUMN_SEQ     (-1) // _seq BIGINT
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
    int32_t id;     // stable, from 1; the Parquet field id
    kdb_slice name; // as declared (folded unless quoted)
    kdb_type type;
    bool is_not_null;              // the primary key always is
    kdb_default_kind default_kind; // what an omitted value becomes
    kdb_value default_value;       // for KDB_DEFAULT_VALUE, already of the column's type
    kdb_slice comment;             // may be null
};

// Where a row (row.h) keeps one column.
struct kdb_slot {
    uint32_t offset;    // of the fixed slot, from the row's first byte
    uint32_t before;    // variable-length kinds: offset of the previous such column's slot, 0 when
                        // there is none
    uint16_t dimension; // EMBEDDING
    uint8_t kind;       // kdb_kind
    uint8_t scale;      // DECIMAL
    uint8_t precision;  // DECIMAL
};

// A row's header counts columns in 16 bits; a table has far fewer.
#define KDB_COLUMNS_MAX 4096

// Ids are given out one by one and never reused: a table has as many as columns it ever had.
#define KDB_COLUMN_ID_MAX 1000000

// key_index of a STREAM table without a primary key.
#define KDB_NO_KEY UINT32_MAX

struct kdb_schema {
    uint32_t version;           // from 1, one more for each ALTER
    uint32_t column_count;      // declared columns, at most KDB_COLUMNS_MAX
    struct kdb_column *columns; // in ordinal order
    uint32_t key_index;         // index of the primary key in `columns`, or KDB_NO_KEY
    // Derived by kdb_schema_finish:
    struct kdb_slot *slots; // the row layout, one per column
    uint32_t heap_offset;   // where a row's variable-length bytes begin
    uint32_t
        heap_end_slot; // offset of the last variable-length column's slot, 0 when there is none
    uint16_t *variable_columns; // indexes of the variable-length columns, ascending
    uint32_t variable_count;    // of them
    uint16_t *by_id;            // column index + 1 by column id, 0: no such column
    int32_t id_max;             // last id in `by_id`
};

// Computes the derived fields; call once when columns are complete: of column kinds, with ids from
// 1 to KDB_COLUMN_ID_MAX that differ. Memory comes from the arena.
void kdb_schema_finish(struct kdb_schema *schema, struct kdb_arena *arena);

// Index of the declared column with this exact name, or -1.
int kdb_schema_find(const struct kdb_schema *schema, kdb_slice name);

// Index of the declared column with this id, or -1.
int kdb_schema_find_id(const struct kdb_schema *schema, int32_t id);

#endif
