// SPDX-License-Identifier: Apache-2.0
// The evaluator: one switch over the kinds of expressions. It recurses as deep as the binder lets
// expressions nest (NESTING_MAX of plan.c).
#include "plan/eval.h"

#include "base/assert.h"
#include "plan/eval_priv.h"
#include "plan/function_priv.h"
#include "plan/query.h"
#include "types/cast.h"

// Calls with more arguments keep them in a frame of their own.
#define FEW_ARGS 4

kdb_status plan_cast(const kdb_value *value, struct kdb_eval *eval, kdb_type type,
                     kdb_value *ret_value)
{
    struct kdb_ctx *ctx = eval->ctx;
    bool makes_bytes = kdb_kind_is_variable((kdb_kind)type.kind) && value->kind != type.kind;
    if (!makes_bytes || value->is_null || eval->scratch == &ctx->arena)
        return kdb_cast(value, ctx, type, ret_value);
    // Casts allocate in the ctx arena, which lives as long as the statement: lend it scratch.
    const struct kdb_arena kept = ctx->arena;
    ctx->arena = *eval->scratch;
    kdb_status status = kdb_cast(value, ctx, type, ret_value);
    *eval->scratch = ctx->arena;
    ctx->arena = kept;
    return status;
}

// Steps between two looks at the deadline, and those an event loop does for one statement.
#define WORK_STEPS      ((uint64_t)16 * 1024 * 1024)
#define WORK_STEPS_LOOP ((uint64_t)4 * 1024 * 1024)

kdb_status plan_work_look(struct kdb_eval *eval)
{
    if (eval->must_not_wait && eval->work >= WORK_STEPS_LOOP)
        return kdb_fail(eval->ctx, KDB_ERR_BLOCKED, "long texts are work for a worker");
    eval->work_next = eval->must_not_wait ? WORK_STEPS_LOOP : eval->work + WORK_STEPS;
    return kdb_ctx_check(eval->ctx);
}

static kdb_status check_memory(const struct kdb_eval *eval)
{
    if (KDB_LIKELY(!kdb_arena_is_exceeded(eval->scratch)))
        return KDB_OK;
    return kdb_fail(eval->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "an expression needs more than %zu bytes of memory "
                    "(limits.request_memory_bytes)",
                    eval->scratch->limit_bytes);
}

static kdb_status return_null(const struct kdb_expr *expr, kdb_value *ret_value)
{
    *ret_value = kdb_value_null((kdb_kind)expr->type.kind);
    return KDB_OK;
}

static kdb_status system_column(int32_t id, const struct kdb_eval *eval, kdb_value *ret_value)
{
    switch (id) {
    case KDB_COLUMN_SEQ:
        *ret_value = kdb_value_int(KDB_BIGINT, kdb_row_seq(eval->row));
        return KDB_OK;
    case KDB_COLUMN_UPDATED:
        *ret_value = kdb_value_int(KDB_TIMESTAMP, kdb_row_updated_us(eval->row));
        return KDB_OK;
    default:
        KDB_ASSERT(id == KDB_COLUMN_DELETED);
        *ret_value = kdb_value_bool(kdb_row_is_deleted(eval->row));
        return KDB_OK;
    }
}

static kdb_status column(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    const struct kdb_schema *schema = eval->schema;
    if (KDB_UNLIKELY(expr->column >= schema->column_count))
        return system_column(expr->relation->columns[expr->column].id, eval, ret_value);
    if (KDB_LIKELY(eval->row_schema == schema)) {
        kdb_row_get(schema, eval->row, expr->column, ret_value);
        return KDB_OK;
    }
    // A row written under an older version: by the column's id, converted to what it is now.
    const struct kdb_column *now = &schema->columns[expr->column];
    kdb_value value;
    kdb_row_get_column(eval->row_schema, eval->row, now, &value);
    if (value.kind == now->type.kind &&
        (value.kind != KDB_DECIMAL || value.is_null || value.scale == now->type.scale)) {
        *ret_value = value;
        return KDB_OK;
    }
    return plan_cast(&value, eval, now->type, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status call_with(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *args,
                            kdb_value *ret_value)
{
    bool has_null = false;
    size_t bytes = 0;
    for (size_t i = 0; i < expr->arg_count; i++) {
        KDB_TRY(kdb_eval(expr->args[i], eval, &args[i]));
        if (args[i].is_null)
            has_null = true;
        else if (kdb_kind_is_variable((kdb_kind)args[i].kind))
            bytes += args[i].bytes.len;
    }
    if (has_null && expr->function->is_strict)
        return return_null(expr, ret_value);
    if (bytes > 0)
        KDB_TRY(plan_work(eval, bytes));
    KDB_TRY(expr->function->eval(eval, expr, args, ret_value));
    return check_memory(eval);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status call_many(const struct kdb_expr *expr, struct kdb_eval *eval,
                            kdb_value *ret_value)
{
    kdb_value args[KDB_FUNCTION_ARGS_TOTAL];
    KDB_ASSERT(expr->arg_count <= KDB_FUNCTION_ARGS_TOTAL);
    return call_with(expr, eval, args, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status call(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    kdb_value args[FEW_ARGS];
    if (expr->arg_count > FEW_ARGS)
        return call_many(expr, eval, ret_value);
    return call_with(expr, eval, args, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status cast(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    kdb_value value;
    KDB_TRY(kdb_eval(expr->args[0], eval, &value));
    return plan_cast(&value, eval, expr->type, ret_value);
}

static kdb_status return_answer(plan_list_answer answer, bool is_negated, kdb_value *ret_value)
{
    *ret_value = answer == PLAN_LIST_NULL
                     ? kdb_value_null(KDB_BOOLEAN)
                     : kdb_value_bool((answer == PLAN_LIST_FOUND) != is_negated);
    return KDB_OK;
}

// AND, OR: `decisive` decides the result alone; else it is NULL when an operand is.
// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status logic(const struct kdb_expr *expr, struct kdb_eval *eval, bool decisive,
                        kdb_value *ret_value)
{
    if (decisive && expr->arg_count >= PLAN_LIST_MIN) {
        plan_list_answer answer;
        KDB_TRY(plan_list_probe(expr, eval, &answer));
        if (answer != PLAN_LIST_UNUSED)
            return return_answer(answer, false, ret_value);
    }
    bool has_null = false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        kdb_value value;
        KDB_TRY(kdb_eval(expr->args[i], eval, &value));
        if (value.is_null) {
            has_null = true;
        } else if (value.boolean == decisive) {
            *ret_value = value;
            return KDB_OK;
        }
    }
    *ret_value = has_null ? kdb_value_null(KDB_BOOLEAN) : kdb_value_bool(!decisive);
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status not(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    KDB_TRY(kdb_eval(expr->args[0], eval, ret_value));
    if (!ret_value->is_null)
        ret_value->boolean = !ret_value->boolean;
    return KDB_OK;
}

// IS [NOT] NULL, TRUE, FALSE, UNKNOWN: never NULL.
// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status test(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    kdb_value value;
    KDB_TRY(kdb_eval(expr->args[0], eval, &value));
    bool holds = value.is_null;
    if (expr->kind == KDB_EXPR_IS_BOOLEAN && expr->truth != 'u')
        holds = !value.is_null && value.boolean == (expr->truth == 't');
    return plan_return_bool(holds != expr->is_negated, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status is_distinct(const struct kdb_expr *expr, struct kdb_eval *eval,
                              kdb_value *ret_value)
{
    kdb_value left;
    kdb_value right;
    KDB_TRY(kdb_eval(expr->args[0], eval, &left));
    KDB_TRY(kdb_eval(expr->args[1], eval, &right));
    bool differs = left.is_null != right.is_null;
    if (!left.is_null && !right.is_null)
        differs = plan_compare(&left, &right) != 0;
    return plan_return_bool(differs != expr->is_negated, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status in(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    plan_list_answer answer = PLAN_LIST_UNUSED;
    if (expr->arg_count > PLAN_LIST_MIN)
        KDB_TRY(plan_list_probe(expr, eval, &answer));
    if (answer != PLAN_LIST_UNUSED)
        return return_answer(answer, expr->is_negated, ret_value);
    kdb_value left;
    KDB_TRY(kdb_eval(expr->args[0], eval, &left));
    answer = left.is_null ? PLAN_LIST_NULL : PLAN_LIST_MISSING;
    for (size_t i = 1; !left.is_null && i < expr->arg_count; i++) {
        kdb_value element;
        KDB_TRY(kdb_eval(expr->args[i], eval, &element));
        if (element.is_null) {
            answer = PLAN_LIST_NULL;
        } else if (plan_compare(&left, &element) == 0) {
            answer = PLAN_LIST_FOUND;
            break;
        }
    }
    return return_answer(answer, expr->is_negated, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status choose(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    size_t i = 0;
    for (; i + 1 < expr->arg_count; i += 2) {
        bool holds;
        KDB_TRY(kdb_eval_filter(expr->args[i], eval, &holds));
        if (holds)
            return kdb_eval(expr->args[i + 1], eval, ret_value);
    }
    if (i < expr->arg_count)
        return kdb_eval(expr->args[i], eval, ret_value);
    return return_null(expr, ret_value);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status coalesce(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    for (size_t i = 0; i < expr->arg_count; i++) {
        KDB_TRY(kdb_eval(expr->args[i], eval, ret_value));
        if (!ret_value->is_null)
            return KDB_OK;
    }
    return return_null(expr, ret_value);
}

// GREATEST, LEAST: `sign` 1 or -1.
// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status extreme(const struct kdb_expr *expr, struct kdb_eval *eval, int sign,
                          kdb_value *ret_value)
{
    kdb_value best = kdb_value_null((kdb_kind)expr->type.kind);
    for (size_t i = 0; i < expr->arg_count; i++) {
        kdb_value value;
        KDB_TRY(kdb_eval(expr->args[i], eval, &value));
        if (!value.is_null && (best.is_null || sign * plan_compare(&value, &best) > 0))
            best = value;
    }
    *ret_value = best;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status null_if(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    kdb_value left;
    kdb_value right;
    KDB_TRY(kdb_eval(expr->args[0], eval, &left));
    KDB_TRY(kdb_eval(expr->args[1], eval, &right));
    if (!left.is_null && !right.is_null && plan_compare(&left, &right) == 0)
        return return_null(expr, ret_value);
    *ret_value = left;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
kdb_status kdb_eval(const struct kdb_expr *expr, struct kdb_eval *eval, kdb_value *ret_value)
{
    switch (expr->kind) {
    case KDB_EXPR_CONST:
        *ret_value = expr->constant;
        return KDB_OK;
    case KDB_EXPR_INPUT:
        *ret_value = eval->inputs[expr->input];
        return KDB_OK;
    case KDB_EXPR_COLUMN:
        return column(expr, eval, ret_value);
    case KDB_EXPR_CALL:
        return call(expr, eval, ret_value);
    case KDB_EXPR_CAST:
        return cast(expr, eval, ret_value);
    case KDB_EXPR_AND:
        return logic(expr, eval, false, ret_value);
    case KDB_EXPR_OR:
        return logic(expr, eval, true, ret_value);
    case KDB_EXPR_NOT:
        return not(expr, eval, ret_value);
    case KDB_EXPR_IS_NULL:
    case KDB_EXPR_IS_BOOLEAN:
        return test(expr, eval, ret_value);
    case KDB_EXPR_IS_DISTINCT:
        return is_distinct(expr, eval, ret_value);
    case KDB_EXPR_IN:
        return in(expr, eval, ret_value);
    case KDB_EXPR_CASE:
        return choose(expr, eval, ret_value);
    case KDB_EXPR_COALESCE:
        return coalesce(expr, eval, ret_value);
    case KDB_EXPR_GREATEST:
        return extreme(expr, eval, 1, ret_value);
    case KDB_EXPR_LEAST:
        return extreme(expr, eval, -1, ret_value);
    case KDB_EXPR_NULLIF:
        return null_if(expr, eval, ret_value);
    case KDB_EXPR_AGGREGATE:
    case KDB_EXPR_WINDOW:
    case KDB_EXPR_SUBQUERY:
        break; // the engine's
    }
    KDB_UNREACHABLE();
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
kdb_status kdb_eval_filter(const struct kdb_expr *expr, struct kdb_eval *eval, bool *ret_is_match)
{
    kdb_value value;
    KDB_TRY(kdb_eval(expr, eval, &value));
    *ret_is_match = !value.is_null && value.boolean;
    return KDB_OK;
}
