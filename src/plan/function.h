// SPDX-License-Identifier: Apache-2.0
// The registry of functions and operators: what exists, how a call is resolved, how it runs on each
// path.
//
// One row per signature (operators.def, functions.def, aggregates.def). A row without an evaluator
// is engine-only, a row without an engine template is row-path-only; the allow-list of what user
// SQL may call is this table and nothing else. docs/SQL-FUNCTIONS.md lists it and a test compares.
// Static, immutable; any thread.
#ifndef KDB_PLAN_FUNCTION_H
#define KDB_PLAN_FUNCTION_H

#include "base/buf.h"
#include "base/ctx.h"
#include "plan/eval.h"
#include "plan/expr.h"

#define KDB_FUNCTION_ARGS_MAX 8

// Arguments one call may have, the variadic tail included.
#define KDB_FUNCTION_ARGS_TOTAL 64

// Pseudo-kinds of signatures. All but ANY take their argument as it is; ANY and PRINTED convert.
typedef enum {
    KDB_ANY = KDB_KIND_COUNT, // any kind, the same for all ANY arguments of the call
    KDB_ANY_INTEGER,          // SMALLINT, INT or BIGINT: all of them live in 64 bits
    KDB_ANY_REAL,             // FLOAT or DOUBLE
    KDB_ANY_DOCUMENT,         // JSON, TEXT or FILE: text that should be JSON
    KDB_ANY_STEP,             // TEXT or an integer: one step of a path into a document
    KDB_ANY_AS_TEXT,          // any kind but TEXT, turned into TEXT by a cast
    KDB_ANY_PRINTED           // any kind, turned into TEXT by its output function (booleans: t, f)
} kdb_pseudo_kind;

typedef enum {
    KDB_FUNCTION_SCALAR, // functions and operators
    KDB_FUNCTION_AGGREGATE,
    KDB_FUNCTION_WINDOW // only with OVER (aggregates may also be windows)
} kdb_function_kind;

// Chapters of the documentation.
typedef enum {
    KDB_FAMILY_COMPARISON,
    KDB_FAMILY_MATH,
    KDB_FAMILY_TEXT,
    KDB_FAMILY_PATTERN,
    KDB_FAMILY_BYTES,
    KDB_FAMILY_TIME,
    KDB_FAMILY_JSON,
    KDB_FAMILY_ID,
    KDB_FAMILY_SESSION,
    KDB_FAMILY_AGGREGATE,
    KDB_FAMILY_WINDOW,
    KDB_FAMILY_INTERNAL // made by the binder, no name SQL can spell
} kdb_function_family;

// Evaluates a call whose arguments are already evaluated. For strict functions no argument is NULL.
// Results live in the call's arguments or in eval->scratch.
typedef kdb_status (*kdb_function_eval)(struct kdb_eval *eval, const struct kdb_expr *call,
                                        const kdb_value *args, kdb_value *ret_value);

struct kdb_function {
    const char *name; // PostgreSQL's, or an operator's spelling ("+", "||", "->>", "~~" for LIKE)
    kdb_function_kind kind;
    kdb_function_family family;
    uint8_t arg_count;                            // without the variadic tail
    uint8_t arg_kinds[KDB_FUNCTION_ARGS_MAX + 1]; // kdb_kind or kdb_pseudo_kind
    bool is_variadic;    // arguments behind the others, zero or more, of arg_kinds[arg_count]
    uint8_t result_kind; // KDB_ANY: the kind the ANY arguments agreed on
    // The result's type from the arguments, for what result_kind cannot say (the wider integer, the
    // scale of a DECIMAL); NULL: KDB_TYPE(result_kind).
    kdb_type (*result_type)(struct kdb_expr *const *args, size_t count);
    bool is_strict; // NULL in, NULL out
    bool is_volatile;
    kdb_function_eval eval; // NULL: engine only
    // DuckDB template: $1…$9 are the printed arguments (each may stand there several times), $* all
    // of them separated by ", "; $D "DISTINCT " when asked, $O the call's ORDER BY, $F FILTER and
    // OVER; $V alone: the value, computed once per statement by the evaluator. NULL: row path only.
    const char *engine;
};

// Resolves a call by PostgreSQL's rules (exact match, then the candidate that needs fewest implicit
// conversions, UNKNOWN arguments take what the others suggest, preferring text). On success `args`
// have been wrapped in the casts the signature needs. INVALID_OPERATION "function lower(integer)
// does not exist" / "operator does not exist: text + integer" with the argument types named, when
// nothing fits or the choice is ambiguous. Casts of inputs are done by asking `coerce` (the
// binder's), which may retype an UNKNOWN input instead of wrapping it. New nodes live in the ctx
// arena.
typedef kdb_status (*kdb_coerce)(void *self, struct kdb_expr *expr, kdb_type type,
                                 struct kdb_expr **ret_expr);
struct kdb_function_call {
    kdb_slice name;
    bool is_operator;
    kdb_function_kind kind; // SCALAR, AGGREGATE (finds both for plain calls: see `is_over`)
    bool is_over;           // an OVER clause follows: aggregates and window functions
    struct kdb_expr **args;
    size_t arg_count;
    kdb_coerce coerce;
    // Makes a constant of a lifted literal (the plan then depends on its value): asked for where a
    // literal decides the type, as in round(x, 2). NULL: never.
    kdb_status (*freeze)(void *self, struct kdb_expr *expr);
    void *self;
};
KDB_NODISCARD kdb_status kdb_function_resolve(struct kdb_ctx *ctx,
                                              const struct kdb_function_call *call,
                                              const struct kdb_function **ret_function,
                                              kdb_type *ret_type);

// True when some signature of this name is an aggregate.
bool kdb_function_is_aggregate(kdb_slice name);

// Every row, for documentation and tests. NULL after the last.
const struct kdb_function *kdb_function_at(size_t index);

// Appends docs/SQL-FUNCTIONS.md.
void kdb_function_markdown(struct kdb_buf *out);

#endif
