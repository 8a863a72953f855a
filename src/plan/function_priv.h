// SPDX-License-Identifier: Apache-2.0
// What the files of the function registry share: the evaluators named in the tables, result types,
// and the pieces evaluators are made of.
#ifndef KDB_PLAN_FUNCTION_PRIV_H
#define KDB_PLAN_FUNCTION_PRIV_H

#include <stdbool.h>

#include "base/ctx.h"
#include "plan/eval.h"
#include "plan/function.h"
#include "types/value.h"

// Every evaluator of the tables: a kdb_function_eval.
typedef kdb_status plan_call(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value);
#define KDB_FUNCTION(family, name, args, result, type, eval, engine) plan_call eval;
#define KDB_NULLABLE(family, name, args, result, type, eval, engine) plan_call eval;
#define KDB_VOLATILE(family, name, args, result, eval, engine)       plan_call eval;
#define KDB_ENGINE(family, name, args, result, engine)
#include "plan/functions.def"
#include "plan/operators.def"
#undef KDB_FUNCTION
#undef KDB_NULLABLE
#undef KDB_VOLATILE
#undef KDB_ENGINE

// Result types (result_type of struct kdb_function).
typedef kdb_type plan_result_type(struct kdb_expr *const *args, size_t count);
plan_result_type plan_type_wider;           // the wider of two integer kinds
plan_result_type plan_type_first;           // that of the first argument
plan_result_type plan_type_decimal_sum;     // of + and -
plan_result_type plan_type_decimal_product; // of *
plan_result_type plan_type_decimal_modulo;  // of %
plan_result_type plan_type_decimal_whole;   // no fraction digits: ceil, floor, round(x)
plan_result_type plan_type_decimal_sign;    // one digit
plan_result_type plan_type_decimal_round;   // round(x, n), trunc(x, n)
plan_result_type plan_type_decimal_total;   // sum(x)

// One table of rows in order of their names.
struct plan_function_table {
    const struct kdb_function *rows;
    size_t count;
};
extern const struct plan_function_table plan_operators;
extern const struct plan_function_table plan_functions;
extern const struct plan_function_table plan_aggregates; // and window functions

// Orders two non-null values that "=" accepts without a cast: same kind, integers of any width,
// FLOAT and DOUBLE, DATE and TIMESTAMP or DATETIME, TIMESTAMP and DATETIME.
int plan_compare(const kdb_value *a, const kdb_value *b);

// "smallint out of range", by the integer kind.
kdb_status plan_fail_range(struct kdb_eval *eval, kdb_kind kind);
kdb_status plan_fail_zero(struct kdb_eval *eval); // division by zero

// Ends a DOUBLE or FLOAT operation: overflow unless an operand was infinite, underflow when
// `is_exact_zero` does not explain a zero. The value is rounded to `kind`.
kdb_status plan_real_result(struct kdb_eval *eval, kdb_kind kind, double number,
                            bool has_infinite_operand, bool is_zero_expected, kdb_value *ret_value);

// Text of `size` bytes for a result, in scratch. Fails with LIMIT_EXCEEDED above
// PLAN_TEXT_BYTES_MAX.
#define PLAN_TEXT_BYTES_MAX ((size_t)64 * 1024 * 1024)
KDB_NODISCARD kdb_status plan_text(struct kdb_eval *eval, size_t size, char **ret_text);

// Counts `steps` that an evaluator does over a text, of about a nanosecond each: those of arguments
// are counted before it is called, those of a search that goes back and forth it counts itself.
// Looks at the deadline now and then; BLOCKED when an event loop has done enough.
kdb_status plan_work_look(struct kdb_eval *eval);
KDB_NODISCARD static inline kdb_status plan_work(struct kdb_eval *eval, uint64_t steps)
{
    eval->work += steps;
    return KDB_LIKELY(eval->work < eval->work_next) ? KDB_OK : plan_work_look(eval);
}

static inline kdb_status plan_return_text(const char *text, size_t len, kdb_value *ret_value)
{
    *ret_value = kdb_value_bytes(KDB_TEXT, (kdb_slice){text, len});
    return KDB_OK;
}

static inline kdb_status plan_return_slice(kdb_slice text, kdb_value *ret_value)
{
    *ret_value = kdb_value_bytes(KDB_TEXT, text);
    return KDB_OK;
}

static inline kdb_status plan_return_bool(bool value, kdb_value *ret_value)
{
    *ret_value = kdb_value_bool(value);
    return KDB_OK;
}

// Text in lower or upper case: Unicode's simple mappings, as PostgreSQL has them under
// LC_CTYPE=C.UTF-8.
KDB_NODISCARD kdb_status plan_text_lower(struct kdb_eval *eval, kdb_slice text, kdb_slice *ret);
KDB_NODISCARD kdb_status plan_text_upper(struct kdb_eval *eval, kdb_slice text, kdb_slice *ret);
uint32_t plan_char_lower(uint32_t character);
uint32_t plan_char_upper(uint32_t character);

#endif
