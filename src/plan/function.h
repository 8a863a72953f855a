// SPDX-License-Identifier: Apache-2.0
// The registry of functions and operators: what exists, how a call is resolved, how it runs on each
// path.
//
// One row per signature (functions.def). A row without an evaluator is engine-only, a row without
// an engine template is row-path-only; the allow-list of what user SQL may call is this table and
// nothing else. docs/SQL.md lists it and a test compares. Static, immutable; any thread.
#ifndef KDB_PLAN_FUNCTION_H
#define KDB_PLAN_FUNCTION_H

#include "base/ctx.h"
#include "plan/eval.h"
#include "plan/expr.h"

#define KDB_FUNCTION_ARGS_MAX 8

// Arguments one call may have, the variadic tail included.
#define KDB_FUNCTION_ARGS_TOTAL 64

// A pseudo-kind in a signature: any kind, the same for all ANY arguments of the call.
#define KDB_ANY KDB_KIND_COUNT

typedef enum {
    KDB_FUNCTION_SCALAR, // functions and operators
    KDB_FUNCTION_AGGREGATE,
    KDB_FUNCTION_WINDOW // only with OVER (aggregates may also be windows)
} kdb_function_kind;

// Evaluates a call whose arguments are already evaluated. For strict functions no argument is NULL.
typedef kdb_status (*kdb_function_eval)(struct kdb_eval *eval, const struct kdb_expr *call,
                                        const kdb_value *args, kdb_value *ret_value);

struct kdb_function {
    const char *name; // PostgreSQL's, or an operator's spelling ("+", "||", "->>", "~~" for LIKE)
    kdb_function_kind kind;
    uint8_t arg_count; // without the variadic tail
    uint8_t arg_kinds[KDB_FUNCTION_ARGS_MAX];
    bool is_variadic;    // the last kind may repeat, zero or more times
    uint8_t result_kind; // KDB_ANY: the kind the ANY arguments agreed on
    kdb_type (*result_type)(const kdb_type *args,
                            size_t count); // for DECIMAL results; NULL: KDB_TYPE(result_kind)
    bool is_strict;                        // NULL in, NULL out
    bool is_volatile;
    kdb_function_eval eval; // NULL: engine only
    const char *engine;     // DuckDB template: $1…$8 are the printed arguments, $* all of them
                            // separated by ", "; NULL: row path only
};

// Resolves a call by PostgreSQL's rules (exact match, then the candidate that needs fewest implicit
// conversions, UNKNOWN arguments take what the others suggest, preferring text). On success `args`
// have been wrapped in the casts the signature needs. INVALID_OPERATION "function lower(integer)
// does not exist" / "operator does not exist: text + integer" with the argument types named, when
// nothing fits or the choice is ambiguous. Casts of inputs are done by asking `coerce` (the
// binder's), which may retype an UNKNOWN input instead of wrapping it.
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

#endif
