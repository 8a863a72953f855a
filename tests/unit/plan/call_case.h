// SPDX-License-Identifier: Apache-2.0
// Calls for the tests of the function registry and the evaluator, built without SQL.
#ifndef KDB_TESTS_UNIT_PLAN_CALL_CASE_H
#define KDB_TESTS_UNIT_PLAN_CALL_CASE_H

#include <string.h>

#include "base/clock.h"
#include "lib/test.h"
#include "plan/function.h"
#include "types/cast.h"
#include "types/number_text.h"

// What one test needs: zero it with call_open, release it with call_close.
struct call_case {
    struct kdb_ctx ctx;
    struct kdb_arena scratch;
    struct kdb_snowflake ids;
    struct kdb_id_source id_source;
    struct kdb_eval eval;
};

static inline void call_open(struct call_case *test)
{
    memset(test, 0, sizeof(*test));
    kdb_ctx_init(&test->ctx, 0);
    kdb_arena_init(&test->scratch, 0);
    kdb_snowflake_init(&test->ids, kdb_clock_system(), 1);
    kdb_id_source_init(&test->id_source, kdb_clock_system());
    test->eval =
        (struct kdb_eval){.ctx = &test->ctx,
                          .scratch = &test->scratch,
                          .user = KDB_LIT("u1"),
                          .role = KDB_LIT("user"),
                          .now_us = INT64_C(1714817000123456), // 2024-05-04 10:03:20.123456
                          .ids = &test->ids,
                          .id_source = &test->id_source};
}

static inline void call_close(struct call_case *test)
{
    kdb_id_source_deinit(&test->id_source);
    kdb_arena_deinit(&test->scratch);
    kdb_ctx_deinit(&test->ctx);
}

// Ready for the next call.
static inline void call_reset(struct call_case *test)
{
    kdb_arena_reset(&test->scratch);
    kdb_ctx_reset(&test->ctx);
    test->eval.cache = NULL;
}

static inline struct kdb_expr *call_node(struct call_case *test, kdb_expr_kind kind, kdb_type type)
{
    struct kdb_expr *expr = KDB_ARENA_NEW(&test->ctx.arena, struct kdb_expr);
    expr->kind = kind;
    expr->type = type;
    return expr;
}

static inline struct kdb_expr *call_const(struct call_case *test, kdb_value value)
{
    struct kdb_expr *expr = call_node(test, KDB_EXPR_CONST, KDB_TYPE(value.kind));
    expr->constant = value;
    if (value.kind == KDB_DECIMAL && !value.is_null) {
        expr->type.precision = 38;
        expr->type.scale = value.scale;
    }
    return expr;
}

static inline struct kdb_expr *call_null(struct call_case *test, kdb_kind kind)
{
    return call_const(test, kdb_value_null(kind));
}

static inline struct kdb_expr *call_int(struct call_case *test, int64_t number)
{
    return call_const(test, kdb_value_int(KDB_INT, number));
}

static inline struct kdb_expr *call_bool(struct call_case *test, bool value)
{
    return call_const(test, kdb_value_bool(value));
}

static inline struct kdb_expr *call_text(struct call_case *test, const char *text)
{
    return call_const(test, kdb_value_bytes(KDB_TEXT, kdb_slice_cstr(text)));
}

// A constant of a kind from its text; UNKNOWN stays text.
static inline struct kdb_expr *call_literal(struct call_case *test, kdb_kind kind, kdb_slice text)
{
    kdb_type type = KDB_TYPE((uint8_t)kind);
    kdb_value value = kdb_value_bytes(kind, text);
    if (kind == KDB_DECIMAL)
        assert_true(kdb_decimal_type_of(text, &type));
    if (!kdb_kind_is_variable(kind) || kind == KDB_BYTES)
        assert_int_equal(kdb_value_parse(text, &test->ctx, type, &value), KDB_OK);
    struct kdb_expr *expr = call_const(test, value);
    expr->type = type;
    return expr;
}

// As the binder converts arguments: UNKNOWN constants are parsed, others get a cast around them.
static inline kdb_status call_coerce(void *self, struct kdb_expr *expr, kdb_type type,
                                     struct kdb_expr **ret)
{
    struct call_case *test = self;
    *ret = expr;
    if (kdb_type_equal(expr->type, type))
        return KDB_OK;
    if (expr->type.kind == KDB_UNKNOWN) {
        kdb_value value = kdb_value_null((kdb_kind)type.kind);
        if (!expr->constant.is_null)
            KDB_TRY(kdb_value_parse(expr->constant.bytes, &test->ctx, type, &value));
        *ret = call_const(test, value);
        (*ret)->type = type;
        return KDB_OK;
    }
    assert_true(
        kdb_cast_allowed((kdb_kind)expr->type.kind, (kdb_kind)type.kind, KDB_CAST_IMPLICIT));
    *ret = call_node(test, KDB_EXPR_CAST, type);
    (*ret)->args = kdb_arena_array(&test->ctx.arena, 1, sizeof(struct kdb_expr *));
    (*ret)->args[0] = expr;
    (*ret)->arg_count = 1;
    return KDB_OK;
}

static inline kdb_status call_freeze(void *self, struct kdb_expr *expr)
{
    (void)self;
    (void)expr;
    return KDB_OK;
}

// Names that begin with a letter are functions. *ret_call is set on success.
static inline kdb_status call_resolve(struct call_case *test, const char *name,
                                      struct kdb_expr **args, size_t count,
                                      struct kdb_expr **ret_call)
{
    struct kdb_expr **copy = kdb_arena_array(&test->ctx.arena, count + 1, sizeof(*copy));
    if (count > 0)
        memcpy(copy, args, count * sizeof(*copy));
    bool is_operator = (name[0] < 'a' || name[0] > 'z') && name[0] != '(';
    struct kdb_function_call call = {.name = kdb_slice_cstr(name),
                                     .is_operator = is_operator,
                                     .args = copy,
                                     .arg_count = count,
                                     .coerce = call_coerce,
                                     .freeze = call_freeze,
                                     .self = test};
    const struct kdb_function *function;
    kdb_type type;
    KDB_TRY(kdb_function_resolve(&test->ctx, &call, &function, &type));
    struct kdb_expr *expr = call_node(test, KDB_EXPR_CALL, type);
    expr->function = function;
    expr->args = copy;
    expr->arg_count = count;
    expr->is_volatile = function->is_volatile;
    *ret_call = expr;
    return KDB_OK;
}

// The call of a name with up to three arguments, which must resolve.
static inline struct kdb_expr *call_of(struct call_case *test, const char *name, struct kdb_expr *a,
                                       struct kdb_expr *b, struct kdb_expr *c)
{
    struct kdb_expr *args[3] = {a, b, c};
    struct kdb_expr *call = call_node(test, KDB_EXPR_CALL, KDB_TYPE(KDB_UNKNOWN));
    if (call_resolve(test, name, args,
                     a == NULL   ? 0
                     : b == NULL ? 1
                     : c == NULL ? 2
                                 : 3,
                     &call) != KDB_OK)
        fail_msg("%s: %s", name, test->ctx.error.message);
    return call;
}

// A node over `count` arguments, as the binder makes AND, CASE, IN, …
static inline struct kdb_expr *call_form(struct call_case *test, kdb_expr_kind kind, kdb_type type,
                                         size_t count, struct kdb_expr **args)
{
    struct kdb_expr *expr = call_node(test, kind, type);
    expr->args = kdb_arena_array(&test->ctx.arena, count + 1, sizeof(*expr->args));
    memcpy(expr->args, args, count * sizeof(*expr->args));
    expr->arg_count = count;
    return expr;
}

// The value as text, "NULL", or "! message".
static inline kdb_slice call_value(struct call_case *test, const struct kdb_expr *expr)
{
    kdb_value value;
    if (kdb_eval(expr, &test->eval, &value) != KDB_OK)
        return kdb_arena_printf(&test->ctx.arena, "! %s", test->ctx.error.message);
    assert_int_equal(value.kind, expr->type.kind);
    if (value.is_null)
        return KDB_LIT("NULL");
    struct kdb_buf out = {0};
    kdb_value_print(&value, &out);
    kdb_slice text = kdb_arena_copy(&test->ctx.arena, kdb_buf_view(&out));
    kdb_buf_deinit(&out);
    return text;
}

#endif
