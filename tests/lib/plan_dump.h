// SPDX-License-Identifier: Apache-2.0
// Plans and bound expressions as short text, so that a test can say in one line what a statement
// must become. Link with plan.
//
// Columns are relation.column, a lifted literal n is #n (with a minus #-n), a parameter $n, a
// constant its text; calls, casts and the other kinds are (what args…); behind each stands :TYPE.
#ifndef KDB_TESTS_LIB_PLAN_DUMP_H
#define KDB_TESTS_LIB_PLAN_DUMP_H

#include "base/buf.h"
#include "plan/plan.h"

// Appends an expression; NULL is "()".
void test_dump_bound(const struct kdb_plan *plan, const struct kdb_expr *expr, struct kdb_buf *out);

// Appends "name TYPE, name TYPE": the columns a client sees, with ! behind those that are never
// null and * behind keys.
void test_dump_outputs(const struct kdb_plan *plan, struct kdb_buf *out);

// Appends the key conditions: "id = #0:BIGINT; id < $1:INT".
void test_dump_keys(const struct kdb_plan *plan, const struct kdb_key_condition *keys, size_t count,
                    struct kdb_buf *out);

#endif
