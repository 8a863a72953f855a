// SPDX-License-Identifier: Apache-2.0
// The syntax tree of a query or a data change: what PostgreSQL's grammar says, in our own small
// structs.
//
// Built by the parser (parse.h) in the arena of its ctx, immutable after, owned by whoever owns
// that arena. Names are folded as PostgreSQL folds them (unquoted to lower case). Nothing is
// resolved here: that is plan/bind.
#ifndef KDB_SQL_AST_H
#define KDB_SQL_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct kdb_ast_select;

// A type name with its numbers: VARCHAR(10), DECIMAL(10,2).
struct kdb_ast_type {
    // Folded, one blank between words. In queries PostgreSQL's grammar has replaced the standard
    // spellings by its catalog's (int4, float8, numeric, timestamptz); CHAR is "char", an interval
    // with fields "interval day to second".
    kdb_slice name;
    int64_t args[2];
    int arg_count;
    bool is_array;
};

typedef enum {
    KDB_AST_LITERAL,     // number, string, TRUE/FALSE, NULL
    KDB_AST_PARAM,       // $n
    KDB_AST_COLUMN,      // [[namespace.]table.]column
    KDB_AST_STAR,        // * or table.* (select list, COUNT(*))
    KDB_AST_OPERATOR,    // unary or binary operator by its spelling
    KDB_AST_AND,         // args: two or more
    KDB_AST_OR,          // args: two or more
    KDB_AST_NOT,         // args[0]
    KDB_AST_IS_NULL,     // args[0] IS NULL, is_negated: IS NOT NULL
    KDB_AST_IS_BOOLEAN,  // args[0] IS [NOT] `name`: "true", "false" or "unknown"
    KDB_AST_IS_DISTINCT, // args[0] IS [NOT] DISTINCT FROM args[1]
    KDB_AST_IN,          // args[0] [NOT] IN (args[1..])
    KDB_AST_BETWEEN,     // args[0] [NOT] BETWEEN [SYMMETRIC] args[1] AND args[2]
    KDB_AST_LIKE,        // args[0] [NOT] `name` args[1] [ESCAPE args[2]]: "like" or "ilike"
    KDB_AST_FUNCTION,    // name(args), aggregates and windows included
    KDB_AST_SPECIAL,     // `name` without parentheses: current_user, current_timestamp, …
    KDB_AST_CASE,        // [operand] when args[0] then args[1] … [else otherwise]
    KDB_AST_CAST,        // args[0] :: type
    KDB_AST_COALESCE,
    KDB_AST_GREATEST,
    KDB_AST_LEAST,
    KDB_AST_NULLIF,
    KDB_AST_ROW,       // ROW(…) or (a, b)
    KDB_AST_ARRAY,     // ARRAY[…]
    KDB_AST_DEFAULT,   // DEFAULT in VALUES or SET
    KDB_AST_EXISTS,    // EXISTS (subquery)
    KDB_AST_SCALAR,    // (subquery) as a value
    KDB_AST_QUANTIFIED // args[0] op ANY/ALL (subquery); IN (subquery) is op "=" with ANY
} kdb_ast_kind;

typedef enum {
    KDB_AST_NULL,
    KDB_AST_BOOLEAN,
    KDB_AST_INTEGER, // digits that fit 64 bits
    KDB_AST_DECIMAL, // a number with point or exponent, or too long for 64 bits
    KDB_AST_STRING,
    KDB_AST_BITS // X'…' or B'…': `text` is the digits with the leading x or b
} kdb_ast_literal_kind;

// OVER (…), or FILTER and the like on a function call.
struct kdb_ast_window {
    kdb_slice name; // WINDOW definition's name; for OVER: the referenced window, may be null
    struct kdb_ast **partition;
    size_t partition_count;
    struct kdb_ast_order *order;
    size_t order_count;
    char frame_mode; // 0: no frame was written; 'r'ange, 'R'ows, 'g'roups
    // 'u' unbounded preceding, 'p' n preceding, 'c' current row, 'f' n following, 'U' unbounded
    // following
    char frame_start, frame_end;
    struct kdb_ast *start_offset, *end_offset; // for 'p' and 'f'
    char exclude;                              // 0 none, 'c' current row, 'g' group, 't' ties
};

struct kdb_ast_order {
    struct kdb_ast *expr;
    bool is_descending;
    char nulls; // 0 default, 'f'irst, 'l'ast
};

// One expression node. `position` is the 1-based byte of the statement text that PostgreSQL would
// point at (an operator's own place, else where the node begins), 0 when unknown. Members that a
// kind does not use are zero, `literal` -1.
//
// Functions with a syntax of their own arrive as calls: extract('year', x), substring(x, from,
// for), btrim/ltrim/rtrim(x, chars), position(in, what), overlay, timezone(zone, x) for AT TIME
// ZONE. x = ANY (ARRAY[…]) arrives as IN, x <> ALL (ARRAY[…]) as NOT IN, NOT IN (subquery) as NOT
// over a QUANTIFIED. AND in AND and OR in OR are flat, but for nested ones of many arguments.
struct kdb_ast {
    kdb_ast_kind kind;
    int position;
    bool is_negated;   // NOT IN, NOT LIKE, IS NOT …
    bool is_symmetric; // BETWEEN SYMMETRIC
    bool is_all;       // QUANTIFIED: ALL instead of ANY
    bool is_distinct;  // FUNCTION: count(DISTINCT x)
    bool is_star;      // FUNCTION: count(*)
    bool has_over;     // FUNCTION: a window call
    kdb_slice name; // FUNCTION, OPERATOR, SPECIAL, LIKE, IS_BOOLEAN, QUANTIFIED; COLUMN: the column
    kdb_slice table; // COLUMN, STAR: qualifier, may be null
    kdb_slice space; // COLUMN, STAR: namespace, FUNCTION: schema; may be null
    struct kdb_ast **args;
    size_t arg_count;
    // LITERAL
    kdb_ast_literal_kind literal_kind;
    kdb_slice text; // the value's text: digits with sign, decoded string, "true"/"false"
    int literal;    // index of the lifted literal in the statement's scan, -1 when none
    bool is_minus;  // the lifted literal stands behind a minus sign that `text` includes
    int param;      // PARAM: n of $n, from 1
    // CAST
    struct kdb_ast_type type;
    // CASE
    struct kdb_ast *operand;
    struct kdb_ast *otherwise;
    // EXISTS, SCALAR, QUANTIFIED
    struct kdb_ast_select *select;
    // FUNCTION
    struct kdb_ast *filter;      // FILTER (WHERE …)
    struct kdb_ast_order *order; // ORDER BY inside an aggregate call
    size_t order_count;
    struct kdb_ast_window *window; // OVER (…), when has_over
};

struct kdb_ast_target {
    struct kdb_ast *expr;
    kdb_slice alias; // may be null
};

// A table name as written.
struct kdb_ast_name {
    kdb_slice space; // namespace, may be null
    kdb_slice name;
    int position;
};

typedef enum { KDB_FROM_TABLE, KDB_FROM_SUBQUERY, KDB_FROM_FUNCTION, KDB_FROM_JOIN } kdb_from_kind;

typedef enum {
    KDB_JOIN_INNER,
    KDB_JOIN_LEFT,
    KDB_JOIN_RIGHT,
    KDB_JOIN_FULL,
    KDB_JOIN_CROSS
} kdb_join_kind;

struct kdb_ast_from {
    kdb_from_kind kind;
    int position;
    struct kdb_ast_name table;
    struct kdb_ast_select *select;
    struct kdb_ast *function;
    bool is_lateral;
    bool has_ordinality;
    kdb_slice alias;           // may be null
    kdb_slice *column_aliases; // t(a, b)
    size_t column_alias_count;
    // JOIN
    kdb_join_kind join;
    bool is_natural;
    struct kdb_ast_from *left, *right;
    kdb_slice *using_columns;
    size_t using_count;
    struct kdb_ast *on;
};

struct kdb_ast_cte {
    kdb_slice name;
    kdb_slice *columns;
    size_t column_count;
    struct kdb_ast_select *select;
    int position;
};

typedef enum { KDB_SET_NONE, KDB_SET_UNION, KDB_SET_INTERSECT, KDB_SET_EXCEPT } kdb_set_kind;

struct kdb_ast_select {
    int position;
    struct kdb_ast_cte *ctes;
    size_t cte_count;
    bool is_recursive;
    // A set operation of two selects, or (KDB_SET_NONE) a plain select, or VALUES (value_rows !=
    // NULL).
    kdb_set_kind set;
    bool is_set_all;
    struct kdb_ast_select *left, *right;
    bool is_distinct;             // DISTINCT alone
    struct kdb_ast **distinct_on; // DISTINCT ON (…)
    size_t distinct_on_count;
    struct kdb_ast_target *targets;
    size_t target_count;
    struct kdb_ast_from **from; // comma list
    size_t from_count;
    struct kdb_ast *where;
    struct kdb_ast **group_by;
    size_t group_count;
    bool has_grouping_sets; // GROUPING SETS / ROLLUP / CUBE: then group_by is empty
    struct kdb_ast *having;
    struct kdb_ast_window *windows;
    size_t window_count;
    struct kdb_ast ***value_rows; // VALUES (…), (…)
    size_t *value_counts;
    size_t value_row_count;
    struct kdb_ast_order *order;
    size_t order_count;
    struct kdb_ast *limit;  // NULL: none (LIMIT ALL, LIMIT NULL too)
    struct kdb_ast *offset; // NULL: none
    bool has_ties;          // FETCH … WITH TIES
    bool has_locking;       // FOR UPDATE …
};

struct kdb_ast_insert {
    struct kdb_ast_name table;
    kdb_slice *columns; // empty: all declared columns in order
    size_t column_count;
    struct kdb_ast_select *source; // VALUES or a query; NULL: DEFAULT VALUES
    bool has_on_conflict;          // refused for now
    bool has_returning;            // refused for now
    bool has_with;
};

struct kdb_ast_assignment {
    kdb_slice column;
    struct kdb_ast *value;
    int position;
};

struct kdb_ast_update {
    struct kdb_ast_name table;
    kdb_slice alias;
    struct kdb_ast_assignment *assignments;
    size_t assignment_count;
    bool has_from; // UPDATE … FROM: refused for now
    bool has_returning;
    bool has_with;
    struct kdb_ast *where; // NULL: none
};

struct kdb_ast_delete {
    struct kdb_ast_name table;
    kdb_slice alias;
    bool has_using;
    bool has_returning;
    bool has_with;
    struct kdb_ast *where;
};

#endif
