// SPDX-License-Identifier: Apache-2.0
// A bound query: relations, joins, grouping, windows, set operations, with every expression bound.
//
// Made by bind_select.c, printed for the engine by engine_text.c. Owned by the plan's arena;
// immutable; any thread.
#ifndef KDB_PLAN_QUERY_H
#define KDB_PLAN_QUERY_H

#include "catalog/table.h"
#include "plan/expr.h"

struct kdb_query;

typedef enum {
    KDB_RELATION_TABLE,
    KDB_RELATION_QUERY,   // subquery in FROM, or a reference to a common table expression (`cte`)
    KDB_RELATION_FUNCTION // generate_series(…)
} kdb_relation_kind;

struct kdb_relation_column {
    kdb_slice name;
    kdb_type type;
    int32_t id;     // stable column id of a table's column, 0 otherwise
    bool is_system; // _seq, _updated, _deleted: not part of * inside, nor of NATURAL
    bool is_not_null;
    bool is_key;
};

// One item of FROM. `number` is unique in the statement: the engine text calls it r<number> and its
// columns c<index>.
struct kdb_relation {
    kdb_relation_kind kind;
    uint32_t number;
    uint32_t level;  // nesting depth of the query it belongs to (outer queries have lower levels)
    kdb_slice name;  // alias or table name, what qualified references use
    kdb_slice space; // namespace of a table reference without alias, else null
    struct kdb_relation_column *columns;
    uint32_t column_count;
    struct kdb_table *table;      // TABLE
    bool *is_column_used;         // TABLE: columns some expression reads
    bool shows_deleted;           // TABLE: a filter mentions its _deleted: tombstones are rows
    bool is_nullable;             // TABLE: an outer join may put nulls in place of its rows
    struct kdb_query *query;      // QUERY
    struct kdb_common_table *cte; // QUERY: a reference to a common table expression
    struct kdb_expr *function;    // FUNCTION
    bool is_lateral;
};

struct kdb_common_table {
    kdb_slice name;
    uint32_t number; // the engine text calls it t<number>
    struct kdb_query *query;
    bool is_recursive;
    bool is_read; // the binder's: some FROM names it
    struct kdb_relation_column *columns;
    uint32_t column_count;
};

// FROM as a tree: a relation, or a join of two trees.
struct kdb_source {
    struct kdb_relation *relation; // leaf when not NULL
    kdb_join_kind join;
    struct kdb_source *left, *right;
    struct kdb_expr *on; // NULL for CROSS
};

struct kdb_target {
    struct kdb_expr *expr;
    kdb_slice name; // the output column's name, PostgreSQL's rules
};

struct kdb_query {
    struct kdb_common_table **ctes;
    size_t cte_count;
    // A set operation, VALUES rows, or a plain select.
    kdb_set_kind set;
    bool is_set_all;
    struct kdb_query *left, *right;
    struct kdb_expr ***value_rows;
    size_t value_row_count;
    struct kdb_source *source; // NULL: no FROM
    struct kdb_expr *where;
    struct kdb_expr **group_by;
    size_t group_count;
    bool is_grouped;  // GROUP BY, HAVING or an aggregate
    bool has_windows; // some target or sort key has OVER
    struct kdb_expr *having;
    bool is_distinct;
    struct kdb_expr **distinct_on;
    size_t distinct_on_count;
    struct kdb_target *targets; // the output columns of every form of query
    size_t target_count;
    struct kdb_expr_order *order; // for set operations and DISTINCT: `expr` is a COLUMN of `output`
    size_t order_count;
    struct kdb_relation
        *output; // the query's own columns as a relation (ORDER BY of set operations)
    uint32_t level;
    struct kdb_expr *limit, *offset;
    bool has_outer_reference; // correlated
};

#endif
