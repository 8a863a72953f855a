// SPDX-License-Identifier: Apache-2.0
// Running a bound expression over one encoded row: the row path's arithmetic, PostgreSQL's
// semantics.
//
// Live filters use the same evaluator. No allocation outside `scratch`, which the caller resets
// between rows; the result may borrow from the row, the inputs, the plan or scratch. One thread per
// kdb_eval.
#ifndef KDB_PLAN_EVAL_H
#define KDB_PLAN_EVAL_H

#include "base/ctx.h"
#include "base/id.h"
#include "plan/expr.h"
#include "types/row.h"

// What an expression can see while it runs.
struct kdb_eval {
    struct kdb_ctx *ctx;                 // errors, cancellation
    struct kdb_arena *scratch;           // results of this row
    const kdb_value *inputs;             // one per input of the plan, of the input's type
    kdb_slice row;                       // current row, or null when the expression has no columns
    const struct kdb_schema *row_schema; // the schema version `row` was written under
    const struct kdb_schema *schema;     // the table's newest: relation columns index it
    kdb_slice user;                      // CURRENT_USER(): the effective user
    kdb_slice role;                      // CURRENT_ROLE()
    int64_t now_us;                      // NOW(): one instant per statement
    struct kdb_snowflake *ids;           // SNOWFLAKE_ID()
    struct kdb_id_source *id_source;     // UUID_V7(), ULID()
    struct kdb_eval_cache *cache;        // lookups of long lists, NULL at first; in the ctx arena
    // Long texts: how many bytes were gone over, and when to look at the deadline again.
    bool must_not_wait; // on an event loop: much of that ends with BLOCKED, for a worker
    uint64_t work;
    uint64_t work_next;
};

// Evaluates `expr`; *ret_value has the kind of expr->type (null included). Fails with the errors of
// the operations (DIVISION_BY_ZERO, OUT_OF_RANGE, INVALID_VALUE, …). `expr` holds no aggregate,
// window or subquery. LIMIT_EXCEEDED when scratch is beyond its limit, BLOCKED (must_not_wait) when
// there is too much to do.
KDB_NODISCARD kdb_status kdb_eval(const struct kdb_expr *expr, struct kdb_eval *eval,
                                  kdb_value *ret_value);

// Evaluates a BOOLEAN expression as a filter: true only for TRUE.
KDB_NODISCARD kdb_status kdb_eval_filter(const struct kdb_expr *expr, struct kdb_eval *eval,
                                         bool *ret_is_match);

#endif
