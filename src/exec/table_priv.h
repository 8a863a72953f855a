// SPDX-License-Identifier: Apache-2.0
// From the tree of a CREATE TABLE to a table definition: what its three files share.
#ifndef KDB_EXEC_TABLE_PRIV_H
#define KDB_EXEC_TABLE_PRIV_H

#include "exec/exec_priv.h"

// What WITH (…) and the older clauses said; texts borrowed from the statement.
struct table_options {
    kdb_table_kind kind;
    kdb_slice storage_id; // null: not said
    kdb_slice location;   // null: not said
    struct kdb_flush_policy flush;
    bool has_flush;
    int64_t retention_ms;
    bool has_retention;
    kdb_access_level access;
    bool has_access;
    struct kdb_stream_rules stream;
};

// ---- table_option.c ----
// The kind the statement asks for, and all its options; `space` is the table's namespace.
KDB_NODISCARD kdb_status table_option_read(struct kdb_exec *exec,
                                           const struct kdb_ast_create_table *ast, kdb_slice space,
                                           struct table_options *ret);

// ---- table_default.c ----
// Sets the column's default from its DEFAULT expression, checked against the column's type; values
// are copied to `arena`.
KDB_NODISCARD kdb_status table_default_read(struct kdb_exec *exec, const struct kdb_ast *expr,
                                            struct kdb_arena *arena, struct kdb_column *column);

// ---- table_definition.c ----
// The whole definition but for its id: one reference, not in any catalog. Every check that needs no
// other table or storage is made.
KDB_NODISCARD kdb_status table_definition_make(struct kdb_exec *exec,
                                               const struct kdb_ast_create_table *ast,
                                               kdb_slice space, struct kdb_table **ret_table);

// ---- table_text.c: definitions as people read them ----
// A default as SQL ("SNOWFLAKE_ID()", "'x'", "5"), the null slice when there is none.
kdb_slice table_text_default(struct kdb_arena *arena, const struct kdb_column *column);
// A constant as SQL.
kdb_slice table_text_value(struct kdb_arena *arena, const kdb_value *value);
// "rows:500,interval:60", "off"; the null slice without a policy.
kdb_slice table_text_flush(struct kdb_arena *arena, const struct kdb_table *table);
// "private", "public", …; the null slice for tables that are not SHARED.
kdb_slice table_text_access(const struct kdb_table *table);
// "user_table:ns:table".
kdb_slice table_text_family(struct kdb_arena *arena, const struct kdb_table *table);
// Options as the JSON object of system.schemas.
kdb_slice table_text_options(struct kdb_arena *arena, const struct kdb_table *table);
// The columns of one schema version, system columns included, as the JSON array of system.schemas.
kdb_slice table_text_columns(struct kdb_arena *arena, const struct kdb_table *table,
                             const struct kdb_schema *schema);
// An Arrow schema as JSON.
kdb_slice table_text_arrow(struct kdb_arena *arena, const struct kdb_table *table,
                           const struct kdb_schema *schema);
// The name of a type in Arrow.
const char *table_text_arrow_type(kdb_kind kind);
// The system columns of a table, in order; *ret_count 0 for tables that have none.
const struct kdb_column *table_text_system_columns(const struct kdb_table *table,
                                                   uint32_t *ret_count);

#endif
