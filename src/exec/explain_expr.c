// SPDX-License-Identifier: Apache-2.0
// Bound expressions as text for EXPLAIN.
#include "exec/explain_priv.h"

#include "exec/table_priv.h"
#include "plan/function.h"

// Nesting that is still shown.
#define DEPTH_MAX 32

// Operands of one list that are shown.
#define LIST_MAX 20

struct printer {
    const struct kdb_exec *exec;
    struct kdb_buf *out;
    int depth;
};

static void print(struct printer *printer, const struct kdb_expr *expr);

static void text(struct printer *printer, const char *words)
{
    kdb_buf_slice(printer->out, kdb_slice_cstr(words));
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_list(struct printer *printer, struct kdb_expr *const *exprs, size_t count,
                       const char *separator)
{
    for (size_t i = 0; i < count && i < LIST_MAX; i++) {
        if (i > 0)
            text(printer, separator);
        print(printer, exprs[i]);
    }
    if (count > LIST_MAX)
        kdb_buf_printf(printer->out, "%s… (%zu in all)", separator, count);
}

static void print_value(struct printer *printer, const kdb_value *value)
{
    kdb_buf_slice(printer->out, table_text_value(&printer->exec->ctx->arena, value));
}

static void print_column(struct printer *printer, const struct kdb_expr *expr)
{
    const struct kdb_relation *relation = expr->relation;
    // Alone in its query a table needs no name before its columns.
    if (relation->name.len > 0 && printer->exec->plan->source_count > 1)
        kdb_buf_printf(printer->out, "%.*s.", KDB_ARG(relation->name));
    kdb_buf_slice(printer->out, relation->columns[expr->column].name);
}

static const char *spelling(const char *name)
{
    static const char *const words[][2] = {
        {"~~", "LIKE"}, {"!~~", "NOT LIKE"}, {"~~*", "ILIKE"}, {"!~~*", "NOT ILIKE"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(name, words[i][0]) == 0)
            return words[i][1];
    }
    return name;
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_call(struct printer *printer, const struct kdb_expr *expr)
{
    const char *name = expr->function->name;
    bool is_word = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_';
    if (!is_word && expr->arg_count == 2) {
        kdb_buf_put(printer->out, '(');
        print(printer, expr->args[0]);
        kdb_buf_printf(printer->out, " %s ", spelling(name));
        print(printer, expr->args[1]);
        kdb_buf_put(printer->out, ')');
        return;
    }
    kdb_buf_printf(printer->out, "%s(%s%s", name, expr->is_distinct ? "DISTINCT " : "",
                   expr->is_star ? "*" : "");
    print_list(printer, expr->args, expr->arg_count, ", ");
    kdb_buf_put(printer->out, ')');
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_case(struct printer *printer, const struct kdb_expr *expr)
{
    text(printer, "CASE");
    for (size_t i = 0; i + 1 < expr->arg_count; i += 2) {
        text(printer, " WHEN ");
        print(printer, expr->args[i]);
        text(printer, " THEN ");
        print(printer, expr->args[i + 1]);
    }
    if (expr->arg_count % 2 == 1) {
        text(printer, " ELSE ");
        print(printer, expr->args[expr->arg_count - 1]);
    }
    text(printer, " END");
}

// A list in parentheses behind a word.
// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_named(struct printer *printer, const char *name, const struct kdb_expr *expr)
{
    kdb_buf_printf(printer->out, "%s(", name);
    print_list(printer, expr->args, expr->arg_count, ", ");
    kdb_buf_put(printer->out, ')');
}

// AND, OR in parentheses.
// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_joined(struct printer *printer, const struct kdb_expr *expr, const char *word)
{
    kdb_buf_put(printer->out, '(');
    print_list(printer, expr->args, expr->arg_count, word);
    kdb_buf_put(printer->out, ')');
}

// args[0] and the words of a test behind it.
// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_test(struct printer *printer, const struct kdb_expr *expr, const char *what)
{
    print(printer, expr->args[0]);
    kdb_buf_printf(printer->out, " IS %s%s", expr->is_negated ? "NOT " : "", what);
    if (expr->kind == KDB_EXPR_IS_DISTINCT) {
        kdb_buf_put(printer->out, ' ');
        print(printer, expr->args[1]);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_in(struct printer *printer, const struct kdb_expr *expr)
{
    print(printer, expr->args[0]);
    text(printer, expr->is_negated ? " NOT IN (" : " IN (");
    print_list(printer, expr->args + 1, expr->arg_count - 1, ", ");
    kdb_buf_put(printer->out, ')');
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_cast(struct printer *printer, const struct kdb_expr *expr)
{
    text(printer, "CAST(");
    print(printer, expr->args[0]);
    kdb_buf_printf(printer->out, " AS %.*s)",
                   KDB_ARG(kdb_type_sql(&printer->exec->ctx->arena, expr->type)));
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print_kind(struct printer *printer, const struct kdb_expr *expr)
{
    switch (expr->kind) {
    case KDB_EXPR_CONST:
        print_value(printer, &expr->constant);
        return;
    case KDB_EXPR_INPUT:
        print_value(printer, &printer->exec->inputs[expr->input]);
        return;
    case KDB_EXPR_COLUMN:
        print_column(printer, expr);
        return;
    case KDB_EXPR_CALL:
    case KDB_EXPR_AGGREGATE:
    case KDB_EXPR_WINDOW:
        print_call(printer, expr);
        return;
    case KDB_EXPR_CAST:
        print_cast(printer, expr);
        return;
    case KDB_EXPR_AND:
        print_joined(printer, expr, " AND ");
        return;
    case KDB_EXPR_OR:
        print_joined(printer, expr, " OR ");
        return;
    case KDB_EXPR_NOT:
        text(printer, "NOT ");
        print(printer, expr->args[0]);
        return;
    case KDB_EXPR_IS_NULL:
        print_test(printer, expr, "NULL");
        return;
    case KDB_EXPR_IS_BOOLEAN:
        print_test(printer, expr,
                   expr->truth == 't'   ? "TRUE"
                   : expr->truth == 'f' ? "FALSE"
                                        : "UNKNOWN");
        return;
    case KDB_EXPR_IS_DISTINCT:
        print_test(printer, expr, "DISTINCT FROM");
        return;
    case KDB_EXPR_IN:
        print_in(printer, expr);
        return;
    case KDB_EXPR_CASE:
        print_case(printer, expr);
        return;
    case KDB_EXPR_COALESCE:
        print_named(printer, "coalesce", expr);
        return;
    case KDB_EXPR_GREATEST:
        print_named(printer, "greatest", expr);
        return;
    case KDB_EXPR_LEAST:
        print_named(printer, "least", expr);
        return;
    case KDB_EXPR_NULLIF:
        print_named(printer, "nullif", expr);
        return;
    case KDB_EXPR_SUBQUERY:
        text(printer, "(subquery)");
        return;
    }
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX
static void print(struct printer *printer, const struct kdb_expr *expr)
{
    if (printer->depth == DEPTH_MAX) {
        text(printer, "…");
        return;
    }
    printer->depth++;
    print_kind(printer, expr);
    printer->depth--;
}

void explain_expr_print(const struct kdb_exec *exec, const struct kdb_expr *expr,
                        struct kdb_buf *out)
{
    struct printer printer = {exec, out, 0};
    print(&printer, expr);
}
