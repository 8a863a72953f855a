// SPDX-License-Identifier: Apache-2.0
// Bound expressions: every name resolved, every type known, every conversion explicit.
//
// The binder makes them with PostgreSQL's rules; then one tree serves two readers that must agree:
// the evaluator (eval.h) runs it over encoded rows, the engine printer (engine_text.h) writes it as
// DuckDB SQL. Immutable once bound, owned by the plan's arena; any thread.
#ifndef KDB_PLAN_EXPR_H
#define KDB_PLAN_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "sql/ast.h"
#include "types/schema.h"
#include "types/type.h"
#include "types/value.h"

struct kdb_function;
struct kdb_query;
struct kdb_relation;
struct kdb_window;
struct kdb_expr_order;

typedef enum {
    KDB_EXPR_CONST,  // `constant`
    KDB_EXPR_INPUT,  // inputs[input]: a lifted literal or a parameter, already of `type`
    KDB_EXPR_COLUMN, // `column` of `relation`
    KDB_EXPR_CALL,   // function(args); operators too
    KDB_EXPR_CAST,   // args[0] to `type`
    KDB_EXPR_AND,    // two or more args, three-valued, evaluated left to right
    KDB_EXPR_OR,     // same
    KDB_EXPR_NOT,
    KDB_EXPR_IS_NULL,     // is_negated: IS NOT NULL
    KDB_EXPR_IS_BOOLEAN,  // args[0] IS [NOT] TRUE/FALSE/UNKNOWN by `truth`
    KDB_EXPR_IS_DISTINCT, // args[0] IS [NOT] DISTINCT FROM args[1], same kinds
    KDB_EXPR_IN,          // args[0] [NOT] IN (args[1..]), all of comparable kinds
    KDB_EXPR_CASE, // args: when, then, …, then the ELSE value when arg_count is odd; whens are
                   // BOOLEAN
    KDB_EXPR_COALESCE,
    KDB_EXPR_GREATEST, // NULLs ignored
    KDB_EXPR_LEAST,
    KDB_EXPR_NULLIF,    // args[0], args[1] of comparable kinds; result is args[0]
    KDB_EXPR_AGGREGATE, // function(args) over a group; engine only
    KDB_EXPR_WINDOW,    // function(args) OVER window; engine only
    KDB_EXPR_SUBQUERY   // by `subquery_kind`; engine only
} kdb_expr_kind;

typedef enum {
    KDB_SUBQUERY_SCALAR,
    KDB_SUBQUERY_EXISTS,
    KDB_SUBQUERY_ANY, // args[0] function ANY (query)
    KDB_SUBQUERY_ALL
} kdb_subquery_kind;

struct kdb_expr {
    kdb_expr_kind kind;
    kdb_type type;
    bool is_negated;
    bool is_volatile; // gives a new value for each row (SNOWFLAKE_ID(), …), here or in an argument
    bool is_distinct; // AGGREGATE, WINDOW: DISTINCT arguments
    bool is_star;     // AGGREGATE, WINDOW: count(*)
    char truth;       // IS_BOOLEAN: 't', 'f', 'u'
    struct kdb_expr **args;
    size_t arg_count;
    int position; // 1-based byte in the statement, for errors; 0 unknown
    union {
        kdb_value constant;
        uint32_t input;
        struct {
            const struct kdb_relation *relation;
            uint32_t column; // index into relation->columns
        };
        const struct kdb_function *function;
    };
    // AGGREGATE, WINDOW
    struct kdb_expr *filter;
    struct kdb_expr_order *order; // ORDER BY inside the call
    size_t order_count;
    const struct kdb_window *window;
    // SUBQUERY
    kdb_subquery_kind subquery_kind;
    struct kdb_query *query;
};

struct kdb_expr_order {
    struct kdb_expr *expr;
    bool is_descending;
    bool nulls_first; // resolved: PostgreSQL's default is last for ascending, first for descending
};

struct kdb_window {
    struct kdb_expr **partition;
    size_t partition_count;
    struct kdb_expr_order *order;
    size_t order_count;
    char frame_mode, frame_start, frame_end, exclude; // as in kdb_ast_window
    struct kdb_expr *start_offset, *end_offset;
};

// True when no column, input-independent subquery or volatile call is inside: the value is fixed
// for one execution.
bool kdb_expr_is_fixed(const struct kdb_expr *expr);

// What a value depends on besides the row, the inputs and the definitions. No subqueries inside.
#define KDB_DEPENDS_TIME    1U // NOW() and its like
#define KDB_DEPENDS_SESSION 2U // CURRENT_USER(), CURRENT_ROLE()
#define KDB_DEPENDS_CALL    4U // new at every call: SNOWFLAKE_ID(), random(), …
unsigned kdb_expr_depends(const struct kdb_expr *expr);

// Structural equality (same columns and functions): what GROUP BY and ORDER BY match by. Constants
// and inputs are compared by `leaf_equal`.
typedef bool (*kdb_leaf_equal)(void *self, const struct kdb_expr *a, const struct kdb_expr *b);
bool kdb_expr_equal(const struct kdb_expr *a, const struct kdb_expr *b, kdb_leaf_equal leaf_equal,
                    void *self);

#endif
