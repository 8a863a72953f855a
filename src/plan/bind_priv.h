// SPDX-License-Identifier: Apache-2.0
// The binder's state and the functions its files share.
//
// One bind per plan being made, on the stack of kdb_plan_make; everything it allocates belongs to
// the plan's arena.
#ifndef KDB_PLAN_BIND_PRIV_H
#define KDB_PLAN_BIND_PRIV_H

#include "plan/function.h"
#include "plan/plan.h"
#include "types/cast.h"

// One column visible without a qualifier.
struct bind_entry {
    kdb_slice name;
    struct kdb_expr *expr;
    const struct kdb_relation *relation; // NULL: a merged column of USING
    bool is_system;
};

// What a FROM item makes visible.
struct bind_names {
    struct bind_entry *entries;
    size_t entry_count, entry_capacity;
    struct kdb_relation **relations;
    size_t relation_count, relation_capacity;
};

// Where an expression stands: which kinds of calls are allowed there.
typedef enum {
    BIND_WHERE,
    BIND_ON,
    BIND_TARGET,
    BIND_GROUP,
    BIND_HAVING,
    BIND_ORDER,
    BIND_LIMIT,
    BIND_VALUES,
    BIND_SET,
    BIND_ARGUMENT // inside an aggregate
} bind_clause;

// The names of one query level.
struct bind_scope {
    struct bind_scope *outer;
    struct bind_names names;
    struct kdb_query *query; // being bound, may be NULL (UPDATE)
    bind_clause clause;
    uint32_t level;
    bool has_aggregate; // an aggregate was bound at this level
    bool has_window;
    struct kdb_ast_window *windows; // WINDOW clause
    size_t window_count;
    bool is_correlated; // a name was found in an outer scope
};

struct bind_cte {
    struct bind_cte *next; // outer ones behind
    kdb_slice name;
    struct kdb_common_table *table; // NULL: reading it is an error
    const char *why;                // then: what the message says behind its name
};

struct bind {
    struct kdb_plan *plan;
    struct kdb_ctx *ctx;     // the plan's own
    struct kdb_arena *arena; // its arena
    const struct kdb_plan_request *request;
    struct bind_scope *scope;
    struct bind_cte *ctes;
    uint32_t relation_number;
    uint32_t cte_number;
    int depth;    // nesting of expressions and queries
    size_t terms; // of AND, OR and IN so far
};

// bind_plan.c
void bind_fix_literal(struct bind *bind, int literal);  // the plan depends on this literal's value
kdb_status bind_enter(struct bind *bind, int position); // nesting limit; pair with bind->depth--
kdb_status bind_count_terms(struct bind *bind, size_t count); // limits.row_terms
// The table of a name, which the caller's role may read, or write; noted among the plan's tables.
kdb_status bind_table(struct bind *bind, const struct kdb_ast_name *name, struct kdb_table **ret);
kdb_status bind_target_table(struct bind *bind, const struct kdb_ast_name *name,
                             struct kdb_table **ret);
struct kdb_relation *bind_relation_of_table(struct bind *bind, struct kdb_table *table,
                                            kdb_slice alias);
kdb_status bind_unsupported(struct bind *bind, const char *what, int position);

// bind_coerce.c
struct kdb_expr *bind_new(struct bind *bind, kdb_expr_kind kind, kdb_type type, int position);
struct kdb_expr *bind_const(struct bind *bind, kdb_value value, kdb_type type);
struct kdb_expr *bind_null(struct bind *bind, kdb_type type);
// Converts for an operand or argument (implicit), an assignment or an explicit cast; error when not
// allowed.
kdb_status bind_coerce(struct bind *bind, struct kdb_expr *expr, kdb_type type,
                       kdb_cast_strength strength, struct kdb_expr **ret);
kdb_status bind_coerce_implicit(void *self, struct kdb_expr *expr, kdb_type type,
                                struct kdb_expr **ret);
// Converts for storing into a column, with an error that names it.
kdb_status bind_assign(struct bind *bind, struct kdb_expr *expr, const struct kdb_column *column,
                       struct kdb_expr **ret);
// The type the expressions agree on (PostgreSQL's UNION/CASE rule); `what` names the construct in
// the error.
kdb_status bind_common_type(struct bind *bind, struct kdb_expr **exprs, size_t count,
                            const char *what, kdb_type *ret);
kdb_status bind_common(struct bind *bind, struct kdb_expr **exprs, size_t count, const char *what,
                       kdb_type *ret); // and converts all of them in place

// bind_expr.c
kdb_status bind_expr(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret);
kdb_status bind_boolean(struct bind *bind, const struct kdb_ast *ast, const char *clause,
                        struct kdb_expr **ret);
kdb_status bind_call(struct bind *bind, kdb_slice name, struct kdb_expr **args, size_t count,
                     int position, struct kdb_expr **ret);
kdb_status bind_operation(struct bind *bind, kdb_slice name, struct kdb_expr **args, size_t count,
                          int position, struct kdb_expr **ret);
struct kdb_expr *bind_combine(struct bind *bind, kdb_expr_kind kind, struct kdb_expr *a,
                              struct kdb_expr *b); // a AND b, a OR b
struct kdb_expr *bind_not(struct bind *bind, struct kdb_expr *expr);
kdb_status bind_column(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret);
struct kdb_expr *bind_column_of(struct bind *bind, const struct kdb_relation *relation,
                                uint32_t column);
// Whether the qualifier of a column or star names this relation.
bool bind_is_named(const struct kdb_relation *relation, const struct kdb_ast *ast);
kdb_slice bind_output_name(const struct kdb_ast *ast);

// bind_row.c
struct row_pair {
    const struct kdb_ast *left, *right;
    int position; // of the comparison
};
// Two rows compared by the operator of this name.
kdb_status bind_row_comparison(struct bind *bind, const struct row_pair *rows, kdb_slice name,
                               struct kdb_expr **ret);
// A row [NOT] IN a list of rows.
kdb_status bind_row_in(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret);

// bind_call.c
kdb_status bind_function(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret);

// bind_from.c
kdb_status bind_from(struct bind *bind, struct kdb_ast_from **items, size_t count,
                     struct kdb_source **ret_source, struct bind_names *names);
void bind_add_relation(struct bind *bind, struct kdb_relation *relation, struct bind_names *names);

// bind_select.c
// What the place of a query asks of it.
struct bind_place {
    bool is_outermost;  // `*` shows the system columns
    bool keeps_unknown; // undecorated literals as outputs wait for what surrounds them
};
kdb_status bind_query(struct bind *bind, const struct kdb_ast_select *ast, struct bind_place place,
                      struct kdb_query **ret);
// A subquery anywhere inside.
kdb_status bind_select(struct bind *bind, const struct kdb_ast_select *ast, struct kdb_query **ret);
// Converts output column `index` of the query, in every branch of a set operation.
kdb_status bind_coerce_output(struct bind *bind, struct kdb_query *query, size_t index,
                              kdb_type type, kdb_cast_strength strength);
kdb_status bind_limit(struct bind *bind, const struct kdb_ast *ast, const char *what,
                      struct kdb_expr **ret);
bool bind_targets_push(struct bind *bind, struct kdb_query *query, struct kdb_expr *expr,
                       kdb_slice name);

// bind_order.c: ORDER BY, GROUP BY and DISTINCT ON items, which may be names or numbers of output
// columns
kdb_status bind_order_by(struct bind *bind, struct kdb_query *query,
                         const struct kdb_ast_order *items, size_t count);
kdb_status bind_group_by(struct bind *bind, struct kdb_query *query,
                         const struct kdb_ast_select *ast);
kdb_status bind_distinct_on(struct bind *bind, struct kdb_query *query,
                            const struct kdb_ast_select *ast);

// bind_group.c
// Checks that a grouped query reads ungrouped columns only inside aggregates; parts equal to a
// grouping expression are replaced by it.
kdb_status bind_check_grouping(struct bind *bind, struct kdb_query *query);
// Whether two expressions are the same; constants by value, in which case the plan comes to depend
// on them.
bool bind_matches(struct bind *bind, const struct kdb_expr *a, const struct kdb_expr *b);
// Turns lifted literals inside into constants of the plan.
kdb_status bind_freeze(struct bind *bind, struct kdb_expr *expr);

// bind_dml.c
kdb_status bind_insert(struct bind *bind, const struct kdb_ast_insert *ast);
kdb_status bind_update(struct bind *bind, const struct kdb_ast_update *ast);
kdb_status bind_delete(struct bind *bind, const struct kdb_ast_delete *ast);

// row_path.c
// Why the row path cannot run this query, or NULL when it can.
const char *row_path_obstacle(const struct kdb_query *query);
kdb_status row_path_plan(struct bind *bind, struct kdb_query *query, struct kdb_row_select *ret);
bool row_path_can_eval(const struct kdb_expr *expr);
void row_path_keys(struct bind *bind, const struct kdb_relation *relation, struct kdb_expr *filter,
                   struct kdb_key_condition **ret_keys, size_t *ret_count);

// query_walk.c: stops at the first failure of `visit`
typedef kdb_status (*query_visit)(void *self, const struct kdb_expr *expr);
// What an expression is made of, one level down; of a subquery, every expression of its query.
kdb_status query_each_child(const struct kdb_expr *expr, query_visit visit, void *self);
// The expressions of a query and of the queries in its WITH and FROM.
kdb_status query_each_expr(const struct kdb_query *query, query_visit visit, void *self);

// engine_sources.c: the tables of the query in print order, with pruning conditions
void engine_collect_sources(struct bind *bind, struct kdb_query *query);

#endif
