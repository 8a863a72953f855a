// SPDX-License-Identifier: Apache-2.0
// What the files of the evaluator share.
#ifndef KDB_PLAN_EVAL_PRIV_H
#define KDB_PLAN_EVAL_PRIV_H

#include "plan/eval.h"

// Lists shorter than this are compared one by one.
#define PLAN_LIST_MIN 16

// The answer of a long list of fixed values.
typedef enum {
    PLAN_LIST_UNUSED, // no lookup: compare one by one
    PLAN_LIST_NULL,   // the value is NULL, or it is not there and the list holds a NULL
    PLAN_LIST_FOUND,
    PLAN_LIST_MISSING
} plan_list_answer;

// Looks a value up in a list that was evaluated once for this execution and hashed: args[0] IN
// (args[1..]) with fixed elements, or an OR whose operands all compare one column with fixed
// values. UNUSED for any other expression, and for the first row: a single row is done sooner
// without.
KDB_NODISCARD kdb_status plan_list_probe(const struct kdb_expr *expr, struct kdb_eval *eval,
                                         plan_list_answer *ret_answer);

// kdb_cast with new bytes in scratch.
KDB_NODISCARD kdb_status plan_cast(const kdb_value *value, struct kdb_eval *eval, kdb_type type,
                                   kdb_value *ret_value);

#endif
