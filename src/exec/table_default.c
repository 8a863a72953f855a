// SPDX-License-Identifier: Apache-2.0
// DEFAULT of a column: a constant, checked and converted now, or one of a few functions.
#include "exec/command_priv.h"
#include "exec/table_priv.h"
#include "types/cast.h"
#include "types/number_text.h"

// Functions a default may call, and the kinds of columns each may fill.
static const struct {
    const char *name;
    const char *spelling; // in messages
    kdb_default_kind kind;
    const char *fills;
    kdb_kind columns[4]; // KDB_UNKNOWN ends the list
} functions[] = {
    {"now",
     "NOW()",
     KDB_DEFAULT_NOW,
     "TIMESTAMP, DATETIME, DATE or TIME",
     {KDB_TIMESTAMP, KDB_DATETIME, KDB_DATE, KDB_TIME}},
    {"current_timestamp",
     "CURRENT_TIMESTAMP",
     KDB_DEFAULT_NOW,
     "TIMESTAMP, DATETIME, DATE or TIME",
     {KDB_TIMESTAMP, KDB_DATETIME, KDB_DATE, KDB_TIME}},
    {"snowflake_id", "SNOWFLAKE_ID()", KDB_DEFAULT_SNOWFLAKE_ID, "BIGINT", {KDB_BIGINT}},
    {"uuid_v7", "UUID_V7()", KDB_DEFAULT_UUID_V7, "TEXT or UUID", {KDB_TEXT, KDB_UUID}},
    {"ulid", "ULID()", KDB_DEFAULT_ULID, "TEXT", {KDB_TEXT}},
    {"current_user", "CURRENT_USER", KDB_DEFAULT_CURRENT_USER, "TEXT", {KDB_TEXT}},
    {"current_user_id", "CURRENT_USER_ID()", KDB_DEFAULT_CURRENT_USER, "TEXT", {KDB_TEXT}},
};

// ---- functions ----

static kdb_status fail_unknown(struct kdb_exec *exec, const struct kdb_ast *expr,
                               const struct kdb_column *column)
{
    kdb_error_at(exec->ctx, expr->position);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "DEFAULT of column \"%.*s\" must be a constant or one of NOW(), "
                    "CURRENT_TIMESTAMP, SNOWFLAKE_ID(), UUID_V7(), ULID(), CURRENT_USER",
                    KDB_ARG(column->name));
}

static kdb_status read_function(struct kdb_exec *exec, const struct kdb_ast *expr,
                                struct kdb_column *column)
{
    size_t at = 0;
    size_t count = sizeof(functions) / sizeof(functions[0]);
    while (at < count && !kdb_slice_equal(expr->name, kdb_slice_cstr(functions[at].name)))
        at++;
    bool is_plain = expr->arg_count == 0 && !expr->space.data && !expr->has_over && !expr->filter &&
                    !expr->is_star && !expr->is_distinct;
    if (at == count || !is_plain)
        return fail_unknown(exec, expr, column);
    for (size_t i = 0; i < 4 && functions[at].columns[i] != KDB_UNKNOWN; i++) {
        if (functions[at].columns[i] == (kdb_kind)column->type.kind) {
            column->default_kind = functions[at].kind;
            return KDB_OK;
        }
    }
    kdb_error_at(exec->ctx, expr->position);
    kdb_slice type = kdb_type_sql(&exec->ctx->arena, column->type);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "DEFAULT %s needs a column of type %s, \"%.*s\" is %.*s",
                    functions[at].spelling, functions[at].fills, KDB_ARG(column->name),
                    KDB_ARG(type));
}

// ---- constants ----

// The value that a literal is by itself; strings and NULL stay UNKNOWN.
static kdb_status literal_value(struct kdb_ctx *ctx, const struct kdb_ast *literal, kdb_value *ret)
{
    kdb_type type = KDB_TYPE(KDB_BIGINT);
    switch (literal->literal_kind) {
    case KDB_AST_NULL:
        *ret = kdb_value_null(KDB_UNKNOWN);
        return KDB_OK;
    case KDB_AST_BOOLEAN:
        *ret = kdb_value_bool(kdb_slice_equal(literal->text, KDB_LIT("true")));
        return KDB_OK;
    case KDB_AST_STRING:
        *ret = kdb_value_bytes(KDB_UNKNOWN, literal->text);
        return KDB_OK;
    case KDB_AST_INTEGER:
        break;
    case KDB_AST_DECIMAL:
        if (!kdb_decimal_type_of(literal->text, &type))
            return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "the number %.*s has more than 38 digits",
                            KDB_ARG(literal->text));
        break;
    case KDB_AST_BITS:
        if (literal->text.len == 0 || (literal->text.data[0] | 0x20) != 'x')
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "bit string literals: not supported");
        kdb_slice hex =
            kdb_arena_printf(&ctx->arena, "\\x%.*s", KDB_ARG(kdb_slice_skip(literal->text, 1)));
        return kdb_value_parse(hex, ctx, KDB_TYPE(KDB_BYTES), ret);
    }
    return kdb_value_parse(literal->text, ctx, type, ret);
}

// Converts as an INSERT would.
static kdb_status assign(struct kdb_ctx *ctx, const kdb_value *value, kdb_type type, kdb_value *ret)
{
    if (value->is_null) {
        *ret = kdb_value_null((kdb_kind)type.kind);
        ret->scale = type.scale;
        return KDB_OK;
    }
    if (value->kind == KDB_UNKNOWN)
        return kdb_value_parse(value->bytes, ctx, type, ret);
    if (!kdb_cast_allowed((kdb_kind)value->kind, (kdb_kind)type.kind, KDB_CAST_ASSIGNMENT))
        return kdb_fail(ctx, KDB_ERR_TYPE_MISMATCH,
                        "the column is of type %s but the default is of type %s",
                        kdb_kind_name((kdb_kind)type.kind), kdb_kind_name((kdb_kind)value->kind));
    return kdb_cast(value, ctx, type, ret);
}

// 'x'::type and TYPE 'x': the literal as a value of that type first.
static kdb_status cast_value(struct kdb_ctx *ctx, const struct kdb_ast *cast, kdb_value *ret)
{
    kdb_type type;
    bool is_serial;
    const char *why = NULL;
    if (cast->type.is_array || !kdb_type_from_sql(cast->type.name, cast->type.args,
                                                  cast->type.arg_count, &type, &is_serial, &why))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "type \"%.*s\" does not exist",
                        KDB_ARG(cast->type.name));
    kdb_value value;
    KDB_TRY(literal_value(ctx, cast->args[0], &value));
    if (value.is_null || value.kind == KDB_UNKNOWN)
        return assign(ctx, &value, type, ret);
    if (!kdb_cast_allowed((kdb_kind)value.kind, (kdb_kind)type.kind, KDB_CAST_EXPLICIT))
        return kdb_fail(ctx, KDB_ERR_TYPE_MISMATCH, "cannot cast type %s to %s",
                        kdb_kind_name((kdb_kind)value.kind), kdb_kind_name((kdb_kind)type.kind));
    return kdb_cast(&value, ctx, type, ret);
}

static kdb_status constant_value(struct kdb_ctx *ctx, const struct kdb_ast *expr, kdb_type type,
                                 kdb_value *ret)
{
    kdb_value value;
    if (expr->kind == KDB_AST_CAST)
        KDB_TRY(cast_value(ctx, expr, &value));
    else
        KDB_TRY(literal_value(ctx, expr, &value));
    return assign(ctx, &value, type, ret);
}

kdb_status table_default_read(struct kdb_exec *exec, const struct kdb_ast *expr,
                              struct kdb_arena *arena, struct kdb_column *column)
{
    if (expr->kind == KDB_AST_FUNCTION || expr->kind == KDB_AST_SPECIAL)
        return read_function(exec, expr, column);
    bool is_cast = expr->kind == KDB_AST_CAST && expr->args[0]->kind == KDB_AST_LITERAL;
    if (expr->kind != KDB_AST_LITERAL && !is_cast)
        return fail_unknown(exec, expr, column);
    kdb_value value;
    if (constant_value(exec->ctx, expr, column->type, &value) != KDB_OK) {
        kdb_error_at(exec->ctx, expr->position);
        return kdb_wrap(exec->ctx, "DEFAULT of column \"%.*s\"", KDB_ARG(column->name));
    }
    column->default_kind = KDB_DEFAULT_VALUE;
    column->default_value = kdb_value_copy(arena, &value);
    return KDB_OK;
}
