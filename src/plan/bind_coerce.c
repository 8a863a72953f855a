// SPDX-License-Identifier: Apache-2.0
// Conversions the binder adds: PostgreSQL's implicit, assignment and explicit casts, and common
// types.
#include "plan/bind_priv.h"

struct kdb_expr *bind_new(struct bind *bind, kdb_expr_kind kind, kdb_type type, int position)
{
    struct kdb_expr *expr = KDB_ARENA_NEW(bind->arena, struct kdb_expr);
    expr->kind = kind;
    expr->type = type;
    expr->position = position;
    return expr;
}

struct kdb_expr *bind_const(struct bind *bind, kdb_value value, kdb_type type)
{
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_CONST, type, 0);
    expr->constant = value;
    return expr;
}

struct kdb_expr *bind_null(struct bind *bind, kdb_type type)
{
    return bind_const(bind, kdb_value_null((kdb_kind)type.kind), type);
}

// A constant converted now; a failure is the statement's error at the constant's place.
static kdb_status convert_const(struct bind *bind, const struct kdb_expr *expr, kdb_type type,
                                struct kdb_expr **ret)
{
    kdb_value value;
    kdb_status status;
    if (expr->constant.is_null) {
        *ret = bind_null(bind, type);
        (*ret)->position = expr->position;
        return KDB_OK;
    }
    if (expr->type.kind == KDB_UNKNOWN)
        status = kdb_value_parse(expr->constant.bytes, bind->ctx, type, &value);
    else
        status = kdb_cast(&expr->constant, bind->ctx, type, &value);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, expr->position);
        return status;
    }
    *ret = bind_const(bind, value, type);
    (*ret)->position = expr->position;
    return KDB_OK;
}

// The same value, wanted as another type: conversion happens once per execution, not once per row.
// In place: an input stands where it was written, and whoever else holds the node (ORDER BY the
// output column it is) wants what the column is.
static struct kdb_input *retype_input(struct bind *bind, struct kdb_expr *expr, kdb_type type)
{
    struct kdb_input *input = &bind->plan->inputs[expr->input];
    input->type = type;
    input->is_retyped = true;
    expr->type = type;
    return input;
}

// Inputs may be converted before the first row when that cannot change what the statement means: an
// undecorated literal takes any type, a number a wider numeric one. Only once: '2.567' that was
// made a DECIMAL(3,1) is 2.6 whatever becomes of it.
static bool can_retype(const struct bind *bind, const struct kdb_expr *expr, kdb_type type)
{
    if (expr->kind != KDB_EXPR_INPUT || bind->plan->inputs[expr->input].is_retyped)
        return false;
    if (expr->type.kind == KDB_UNKNOWN)
        return true;
    if (!kdb_kind_is_numeric((kdb_kind)expr->type.kind) ||
        !kdb_kind_is_numeric((kdb_kind)type.kind))
        return false;
    return kdb_cast_allowed((kdb_kind)expr->type.kind, (kdb_kind)type.kind, KDB_CAST_IMPLICIT);
}

static kdb_status refuse_cast(struct bind *bind, const struct kdb_expr *expr, kdb_type type)
{
    kdb_error_at(bind->ctx, expr->position);
    return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH, "cannot cast type %s to %s",
                    kdb_kind_name((kdb_kind)expr->type.kind), kdb_kind_name((kdb_kind)type.kind));
}

kdb_status bind_coerce(struct bind *bind, struct kdb_expr *expr, kdb_type type,
                       kdb_cast_strength strength, struct kdb_expr **ret)
{
    if (kdb_type_equal(expr->type, type)) {
        *ret = expr;
        return KDB_OK;
    }
    if (can_retype(bind, expr, type)) {
        (void)retype_input(bind, expr, type);
        *ret = expr;
        return KDB_OK;
    }
    if (expr->kind == KDB_EXPR_CONST && (expr->type.kind == KDB_UNKNOWN || expr->constant.is_null))
        return convert_const(bind, expr, type, ret);
    if (!kdb_cast_allowed((kdb_kind)expr->type.kind, (kdb_kind)type.kind, strength))
        return refuse_cast(bind, expr, type);
    struct kdb_expr *cast = bind_new(bind, KDB_EXPR_CAST, type, expr->position);
    cast->args = kdb_arena_array(bind->arena, 1, sizeof(struct kdb_expr *));
    cast->args[0] = expr;
    cast->arg_count = 1;
    cast->is_volatile = expr->is_volatile;
    *ret = cast;
    return KDB_OK;
}

kdb_status bind_coerce_implicit(void *self, struct kdb_expr *expr, kdb_type type,
                                struct kdb_expr **ret)
{
    return bind_coerce(self, expr, type, KDB_CAST_IMPLICIT, ret);
}

kdb_status bind_assign(struct bind *bind, struct kdb_expr *expr, const struct kdb_column *column,
                       struct kdb_expr **ret)
{
    kdb_kind from = (kdb_kind)expr->type.kind;
    kdb_kind to = (kdb_kind)column->type.kind;
    if (!kdb_type_equal(expr->type, column->type) && from != KDB_UNKNOWN &&
        !(expr->kind == KDB_EXPR_CONST && expr->constant.is_null) &&
        !kdb_cast_allowed(from, to, KDB_CAST_ASSIGNMENT)) {
        kdb_error_at(bind->ctx, expr->position);
        return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH,
                        "column \"%.*s\" is of type %s but expression is of type %s",
                        KDB_ARG(column->name), kdb_kind_name(to), kdb_kind_name(from));
    }
    if (expr->kind == KDB_EXPR_INPUT && !bind->plan->inputs[expr->input].is_retyped) {
        struct kdb_input *input = retype_input(bind, expr, column->type);
        input->is_assigned = true;
        input->column = column->name;
        *ret = expr;
        return KDB_OK;
    }
    return bind_coerce(bind, expr, column->type, KDB_CAST_ASSIGNMENT, ret);
}

static int numeric_rank(kdb_kind kind)
{
    switch ((int)kind) {
    case KDB_SMALLINT:
        return 1;
    case KDB_INT:
        return 2;
    case KDB_BIGINT:
        return 3;
    case KDB_DECIMAL:
        return 4;
    case KDB_FLOAT:
        return 5;
    case KDB_DOUBLE:
        return 6;
    default:
        return 0;
    }
}

// A decimal wide enough for both; integers count with their digits.
static kdb_type common_decimal(kdb_type a, kdb_type b)
{
    static const uint8_t integer_digits[] = {0, 5, 10, 19};
    int scale[2];
    int whole[2];
    const kdb_type types[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        bool is_decimal = types[i].kind == KDB_DECIMAL;
        if (is_decimal && types[i].precision == 0)
            return KDB_TYPE(KDB_DECIMAL); // its values have whatever digits they have
        scale[i] = is_decimal ? types[i].scale : 0;
        whole[i] = is_decimal ? types[i].precision - types[i].scale
                              : integer_digits[numeric_rank((kdb_kind)types[i].kind)];
    }
    int common_scale = scale[0] > scale[1] ? scale[0] : scale[1];
    int precision = (whole[0] > whole[1] ? whole[0] : whole[1]) + common_scale;
    return (kdb_type){.kind = KDB_DECIMAL,
                      .precision = (uint8_t)(precision > 38 ? 38 : precision),
                      .scale = (uint8_t)common_scale};
}

// The type two known types agree on; false when there is none.
static bool merge_types(kdb_type a, kdb_type b, kdb_type *ret)
{
    if (kdb_type_equal(a, b)) {
        *ret = a;
        return true;
    }
    int rank_a = numeric_rank((kdb_kind)a.kind);
    int rank_b = numeric_rank((kdb_kind)b.kind);
    if (rank_a > 0 && rank_b > 0) {
        int rank = rank_a > rank_b ? rank_a : rank_b;
        *ret = rank == 4 ? common_decimal(a, b) : rank_a > rank_b ? a : b;
        return true;
    }
    if (rank_a > 0 || rank_b > 0)
        return false;
    bool forward = kdb_cast_allowed((kdb_kind)a.kind, (kdb_kind)b.kind, KDB_CAST_IMPLICIT);
    bool backward = kdb_cast_allowed((kdb_kind)b.kind, (kdb_kind)a.kind, KDB_CAST_IMPLICIT);
    if (forward == backward)
        return false;
    *ret = forward ? b : a;
    return true;
}

kdb_status bind_common_type(struct bind *bind, struct kdb_expr **exprs, size_t count,
                            const char *what, kdb_type *ret)
{
    kdb_type type = KDB_TYPE(KDB_UNKNOWN);
    for (size_t i = 0; i < count; i++) {
        kdb_type next = exprs[i]->type;
        if (next.kind == KDB_UNKNOWN)
            continue;
        if (type.kind == KDB_UNKNOWN) {
            type = next;
        } else if (!merge_types(type, next, &type)) {
            kdb_error_at(bind->ctx, exprs[i]->position);
            return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH,
                            "%s types %s and %s cannot be matched", what,
                            kdb_kind_name((kdb_kind)type.kind), kdb_kind_name((kdb_kind)next.kind));
        }
    }
    *ret = type.kind == KDB_UNKNOWN ? KDB_TYPE(KDB_TEXT) : type;
    return KDB_OK;
}

kdb_status bind_common(struct bind *bind, struct kdb_expr **exprs, size_t count, const char *what,
                       kdb_type *ret)
{
    kdb_type type;
    KDB_TRY(bind_common_type(bind, exprs, count, what, &type));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(bind_coerce(bind, exprs[i], type, KDB_CAST_IMPLICIT, &exprs[i]));
    *ret = type;
    return KDB_OK;
}
