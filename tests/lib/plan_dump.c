// SPDX-License-Identifier: Apache-2.0
// Bound expressions as text.
#include "lib/plan_dump.h"

#include "plan/function.h"
#include "plan/query.h"
#include "types/cast.h"

static void dump_type(kdb_type type, struct kdb_buf *out)
{
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    kdb_buf_put(out, ':');
    kdb_buf_slice(out, kdb_type_sql(&arena, type));
    kdb_arena_deinit(&arena);
}

static void dump_input(const struct kdb_plan *plan, uint32_t index, struct kdb_buf *out)
{
    const struct kdb_input *input = &plan->inputs[index];
    if (input->is_param)
        kdb_buf_printf(out, "$%u", input->index + 1);
    else
        kdb_buf_printf(out, "#%s%u", input->is_minus ? "-" : "", input->index);
}

static void dump_constant(const kdb_value *value, struct kdb_buf *out)
{
    if (value->is_null) {
        KDB_BUF_LIT(out, "null");
        return;
    }
    bool is_text = kdb_kind_is_variable((kdb_kind)value->kind);
    if (is_text)
        kdb_buf_put(out, '\'');
    kdb_value_print(value, out);
    if (is_text)
        kdb_buf_put(out, '\'');
}

static void dump_column(const struct kdb_expr *expr, struct kdb_buf *out)
{
    const struct kdb_relation *relation = expr->relation;
    kdb_slice name = relation->name.data ? relation->name : KDB_LIT("out");
    kdb_buf_printf(out, "%.*s.%.*s", KDB_ARG(name), KDB_ARG(relation->columns[expr->column].name));
}

static void dump_orders(const struct kdb_plan *plan, const struct kdb_expr_order *order,
                        size_t count, struct kdb_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        KDB_BUF_LIT(out, " by ");
        test_dump_bound(plan, order[i].expr, out);
        kdb_buf_slice(out, order[i].is_descending ? KDB_LIT(" desc") : KDB_LIT(""));
        if (order[i].nulls_first != order[i].is_descending)
            kdb_buf_slice(out, order[i].nulls_first ? KDB_LIT(" first") : KDB_LIT(" last"));
    }
}

static const char *head_of(const struct kdb_expr *expr)
{
    static const char *const heads[] = {[KDB_EXPR_CAST] = "cast",
                                        [KDB_EXPR_AND] = "and",
                                        [KDB_EXPR_OR] = "or",
                                        [KDB_EXPR_NOT] = "not",
                                        [KDB_EXPR_IS_NULL] = "null?",
                                        [KDB_EXPR_IS_BOOLEAN] = "is",
                                        [KDB_EXPR_IS_DISTINCT] = "differ",
                                        [KDB_EXPR_IN] = "in",
                                        [KDB_EXPR_CASE] = "case",
                                        [KDB_EXPR_COALESCE] = "coalesce",
                                        [KDB_EXPR_GREATEST] = "greatest",
                                        [KDB_EXPR_LEAST] = "least",
                                        [KDB_EXPR_NULLIF] = "nullif",
                                        [KDB_EXPR_SUBQUERY] = "subquery"};
    bool is_call = expr->kind == KDB_EXPR_CALL || expr->kind == KDB_EXPR_AGGREGATE ||
                   expr->kind == KDB_EXPR_WINDOW;
    return is_call && expr->function ? expr->function->name : heads[expr->kind];
}

static void dump_compound(const struct kdb_plan *plan, const struct kdb_expr *expr,
                          struct kdb_buf *out)
{
    kdb_buf_printf(out, "(%s%s%s%s", expr->is_negated ? "!" : "", head_of(expr),
                   expr->is_distinct ? " distinct" : "", expr->is_star ? " *" : "");
    if (expr->kind == KDB_EXPR_IS_BOOLEAN)
        kdb_buf_printf(out, " %c", expr->truth);
    for (size_t i = 0; i < expr->arg_count; i++) {
        kdb_buf_put(out, ' ');
        test_dump_bound(plan, expr->args[i], out);
    }
    if (expr->filter) {
        KDB_BUF_LIT(out, " where ");
        test_dump_bound(plan, expr->filter, out);
    }
    dump_orders(plan, expr->order, expr->order_count, out);
    if (expr->window) {
        KDB_BUF_LIT(out, " over");
        for (size_t i = 0; i < expr->window->partition_count; i++) {
            kdb_buf_put(out, ' ');
            test_dump_bound(plan, expr->window->partition[i], out);
        }
        dump_orders(plan, expr->window->order, expr->window->order_count, out);
    }
    kdb_buf_put(out, ')');
}

void test_dump_bound(const struct kdb_plan *plan, const struct kdb_expr *expr, struct kdb_buf *out)
{
    if (!expr) {
        KDB_BUF_LIT(out, "()");
        return;
    }
    if (expr->kind == KDB_EXPR_CONST)
        dump_constant(&expr->constant, out);
    else if (expr->kind == KDB_EXPR_INPUT)
        dump_input(plan, expr->input, out);
    else if (expr->kind == KDB_EXPR_COLUMN)
        dump_column(expr, out);
    else
        dump_compound(plan, expr, out);
    dump_type(expr->type, out);
}

void test_dump_outputs(const struct kdb_plan *plan, struct kdb_buf *out)
{
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    for (size_t i = 0; i < plan->output_count; i++) {
        const struct kdb_output_column *column = &plan->outputs[i];
        kdb_buf_printf(out, "%s%.*s %.*s%s%s", i > 0 ? ", " : "", KDB_ARG(column->name),
                       KDB_ARG(kdb_type_sql(&arena, column->type)), column->is_not_null ? "!" : "",
                       column->is_key ? "*" : "");
    }
    kdb_arena_deinit(&arena);
}

void test_dump_keys(const struct kdb_plan *plan, const struct kdb_key_condition *keys, size_t count,
                    struct kdb_buf *out)
{
    static const char *const words[] = {
        [KDB_KEY_EQUAL] = "=",       [KDB_KEY_IN] = "in",     [KDB_KEY_LESS] = "<",
        [KDB_KEY_LESS_EQUAL] = "<=", [KDB_KEY_GREATER] = ">", [KDB_KEY_GREATER_EQUAL] = ">="};
    for (size_t i = 0; i < count; i++) {
        kdb_buf_printf(out, "%s%s", i > 0 ? "; " : "", words[keys[i].op]);
        for (size_t j = 0; j < keys[i].value_count; j++) {
            kdb_buf_put(out, ' ');
            test_dump_bound(plan, keys[i].values[j], out);
        }
    }
}
