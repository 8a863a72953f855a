// SPDX-License-Identifier: Apache-2.0
// Prints queries and data changes; commands are in statement_dump.c.
#include "lib/ast_dump.h"

#include "lib/ast_dump_priv.h"

static bool hides_literals; // for test_dump_shape

static void put_name(kdb_slice name, struct kdb_buf *out)
{
    kdb_buf_slice(out, name);
}

void test_dump_table(const struct kdb_ast_name *name, struct kdb_buf *out)
{
    if (name->space.data) {
        put_name(name->space, out);
        kdb_buf_put(out, '.');
    }
    put_name(name->name, out);
}

void test_dump_names(const kdb_slice *names, size_t count, struct kdb_buf *out)
{
    kdb_buf_put(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            kdb_buf_put(out, ' ');
        put_name(names[i], out);
    }
    kdb_buf_put(out, ']');
}

static void exprs(struct kdb_ast *const *list, size_t count, struct kdb_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        kdb_buf_put(out, ' ');
        test_dump_expr(list[i], out);
    }
}

// " (name expr…)" when there are any.
static void section(const char *name, struct kdb_ast *const *list, size_t count,
                    struct kdb_buf *out)
{
    if (count == 0)
        return;
    kdb_buf_printf(out, " (%s", name);
    exprs(list, count, out);
    kdb_buf_put(out, ')');
}

static void clause(const char *name, struct kdb_ast *expr, struct kdb_buf *out)
{
    if (expr)
        section(name, &expr, 1, out);
}

static void order(const struct kdb_ast_order *list, size_t count, struct kdb_buf *out)
{
    if (count == 0)
        return;
    KDB_BUF_LIT(out, " (order");
    for (size_t i = 0; i < count; i++) {
        kdb_buf_put(out, ' ');
        test_dump_expr(list[i].expr, out);
        if (list[i].is_descending)
            KDB_BUF_LIT(out, ":desc");
        if (list[i].nulls != '\0')
            kdb_buf_printf(out, ":%s", list[i].nulls == 'f' ? "first" : "last");
    }
    kdb_buf_put(out, ')');
}

void test_dump_type(const struct kdb_ast_type *type, struct kdb_buf *out)
{
    kdb_buf_put(out, '<');
    kdb_buf_slice(out, type->name);
    for (int i = 0; i < type->arg_count; i++)
        kdb_buf_printf(out, " %lld", (long long)type->args[i]);
    if (type->is_array)
        KDB_BUF_LIT(out, "[]");
    kdb_buf_put(out, '>');
}

static void literal(const struct kdb_ast *node, struct kdb_buf *out)
{
    if (hides_literals && node->literal >= 0) {
        kdb_buf_printf(out, "#%s%d:%d", node->is_minus ? "-" : "", node->literal,
                       (int)node->literal_kind);
        return;
    }
    switch (node->literal_kind) {
    case KDB_AST_NULL:
        KDB_BUF_LIT(out, "null");
        break;
    case KDB_AST_STRING:
        kdb_buf_printf(out, "'%.*s'", KDB_ARG(node->text));
        break;
    case KDB_AST_DECIMAL:
        kdb_buf_printf(out, "%.*sd", KDB_ARG(node->text));
        break;
    case KDB_AST_BITS:
        kdb_buf_printf(out, "bits:%.*s", KDB_ARG(node->text));
        break;
    case KDB_AST_BOOLEAN:
    case KDB_AST_INTEGER:
        kdb_buf_slice(out, node->text);
        break;
    }
    if (node->literal >= 0)
        kdb_buf_printf(out, "#%s%d", node->is_minus ? "-" : "", node->literal);
}

static void column(const struct kdb_ast *node, struct kdb_buf *out)
{
    if (node->space.data)
        kdb_buf_printf(out, "%.*s.", KDB_ARG(node->space));
    if (node->table.data)
        kdb_buf_printf(out, "%.*s.", KDB_ARG(node->table));
    if (node->kind == KDB_AST_STAR)
        kdb_buf_put(out, '*');
    else
        put_name(node->name, out);
}

static void window(const struct kdb_ast_window *over, struct kdb_buf *out)
{
    if (over->name.data)
        kdb_buf_printf(out, " %.*s", KDB_ARG(over->name));
    section("by", over->partition, over->partition_count, out);
    order(over->order, over->order_count, out);
    if (over->frame_mode == '\0')
        return;
    kdb_buf_printf(out, " (frame %c %c", over->frame_mode, over->frame_start);
    if (over->start_offset)
        test_dump_expr(over->start_offset, out);
    kdb_buf_printf(out, " %c", over->frame_end);
    if (over->end_offset)
        test_dump_expr(over->end_offset, out);
    if (over->exclude != '\0')
        kdb_buf_printf(out, " exclude:%c", over->exclude);
    kdb_buf_put(out, ')');
}

static void call(const struct kdb_ast *node, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(call ");
    if (node->space.data)
        kdb_buf_printf(out, "%.*s.", KDB_ARG(node->space));
    put_name(node->name, out);
    if (node->is_distinct)
        KDB_BUF_LIT(out, " distinct");
    if (node->is_star)
        KDB_BUF_LIT(out, " *");
    exprs(node->args, node->arg_count, out);
    order(node->order, node->order_count, out);
    clause("filter", node->filter, out);
    if (node->has_over) {
        KDB_BUF_LIT(out, " (over");
        window(node->window, out);
        kdb_buf_put(out, ')');
    }
    kdb_buf_put(out, ')');
}

// "(name arg…" with what a predicate is besides, left open.
static void open_node(const char *name, const struct kdb_ast *node, struct kdb_buf *out)
{
    kdb_buf_put(out, '(');
    if (node->is_negated)
        KDB_BUF_LIT(out, "not-");
    kdb_buf_printf(out, "%s", name);
    if (node->is_symmetric)
        KDB_BUF_LIT(out, "-symmetric");
    exprs(node->args, node->arg_count, out);
}

static void close_node(const char *name, const struct kdb_ast *node, struct kdb_buf *out)
{
    open_node(name, node, out);
    kdb_buf_put(out, ')');
}

static void named_node(const struct kdb_ast *node, const char *prefix, struct kdb_buf *out)
{
    kdb_buf_put(out, '(');
    if (node->is_negated)
        KDB_BUF_LIT(out, "not-");
    kdb_buf_printf(out, "%s%.*s", prefix, KDB_ARG(node->name));
    exprs(node->args, node->arg_count, out);
    kdb_buf_put(out, ')');
}

static void case_(const struct kdb_ast *node, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(case");
    clause("of", node->operand, out);
    exprs(node->args, node->arg_count, out);
    clause("else", node->otherwise, out);
    kdb_buf_put(out, ')');
}

static void cast(const struct kdb_ast *node, struct kdb_buf *out)
{
    open_node("cast", node, out);
    kdb_buf_put(out, ' ');
    test_dump_type(&node->type, out);
    kdb_buf_put(out, ')');
}

static void subquery(const char *name, const struct kdb_ast *node, struct kdb_buf *out)
{
    open_node(name, node, out);
    if (node->kind == KDB_AST_QUANTIFIED)
        kdb_buf_printf(out, " %.*s %s", KDB_ARG(node->name), node->is_all ? "all" : "any");
    kdb_buf_put(out, ' ');
    test_dump_select(node->select, out);
    kdb_buf_put(out, ')');
}

// Kinds that print as their arguments behind a word.
static const char *plain_name(kdb_ast_kind kind)
{
    static const char *const names[KDB_AST_QUANTIFIED + 1] = {
        [KDB_AST_AND] = "and",
        [KDB_AST_OR] = "or",
        [KDB_AST_NOT] = "not",
        [KDB_AST_IS_NULL] = "is-null",
        [KDB_AST_IN] = "in",
        [KDB_AST_IS_DISTINCT] = "is-distinct",
        [KDB_AST_BETWEEN] = "between",
        [KDB_AST_COALESCE] = "coalesce",
        [KDB_AST_GREATEST] = "greatest",
        [KDB_AST_LEAST] = "least",
        [KDB_AST_NULLIF] = "nullif",
        [KDB_AST_ROW] = "row",
        [KDB_AST_ARRAY] = "array",
    };
    return names[kind];
}

// Kinds that print as their name and arguments, by what stands before the name.
static const char *named_prefix(kdb_ast_kind kind)
{
    static const char *const prefixes[KDB_AST_QUANTIFIED + 1] = {
        [KDB_AST_OPERATOR] = "",
        [KDB_AST_LIKE] = "",
        [KDB_AST_IS_BOOLEAN] = "is-",
        [KDB_AST_SPECIAL] = "special ",
    };
    return prefixes[kind];
}

static const char *subquery_name(kdb_ast_kind kind)
{
    static const char *const names[KDB_AST_QUANTIFIED + 1] = {
        [KDB_AST_EXISTS] = "exists",
        [KDB_AST_SCALAR] = "scalar",
        [KDB_AST_QUANTIFIED] = "quantified",
    };
    return names[kind];
}

void test_dump_expr(const struct kdb_ast *expr, struct kdb_buf *out)
{
    if (!expr)
        KDB_BUF_LIT(out, "()");
    else if (plain_name(expr->kind))
        close_node(plain_name(expr->kind), expr, out);
    else if (named_prefix(expr->kind))
        named_node(expr, named_prefix(expr->kind), out);
    else if (subquery_name(expr->kind))
        subquery(subquery_name(expr->kind), expr, out);
    else if (expr->kind == KDB_AST_LITERAL)
        literal(expr, out);
    else if (expr->kind == KDB_AST_PARAM)
        kdb_buf_printf(out, "$%d", expr->param);
    else if (expr->kind == KDB_AST_COLUMN || expr->kind == KDB_AST_STAR)
        column(expr, out);
    else if (expr->kind == KDB_AST_FUNCTION)
        call(expr, out);
    else if (expr->kind == KDB_AST_CASE)
        case_(expr, out);
    else if (expr->kind == KDB_AST_CAST)
        cast(expr, out);
    else if (expr->kind == KDB_AST_DEFAULT)
        KDB_BUF_LIT(out, "default");
}

static void alias(const struct kdb_ast_from *from, struct kdb_buf *out)
{
    if (from->alias.data)
        kdb_buf_printf(out, " as:%.*s", KDB_ARG(from->alias));
    if (from->column_alias_count > 0)
        test_dump_names(from->column_aliases, from->column_alias_count, out);
}

static void from_item(const struct kdb_ast_from *from, struct kdb_buf *out);

static void join(const struct kdb_ast_from *from, struct kdb_buf *out)
{
    static const char *const names[] = {
        [KDB_JOIN_INNER] = "inner", [KDB_JOIN_LEFT] = "left",   [KDB_JOIN_RIGHT] = "right",
        [KDB_JOIN_FULL] = "full",   [KDB_JOIN_CROSS] = "cross",
    };
    kdb_buf_printf(out, "(%s%s ", from->is_natural ? "natural-" : "", names[from->join]);
    from_item(from->left, out);
    kdb_buf_put(out, ' ');
    from_item(from->right, out);
    if (from->using_count > 0) {
        KDB_BUF_LIT(out, " using");
        test_dump_names(from->using_columns, from->using_count, out);
    }
    clause("on", from->on, out);
}

static void from_item(const struct kdb_ast_from *from, struct kdb_buf *out)
{
    switch (from->kind) {
    case KDB_FROM_TABLE:
        KDB_BUF_LIT(out, "(table ");
        test_dump_table(&from->table, out);
        break;
    case KDB_FROM_SUBQUERY:
        KDB_BUF_LIT(out, "(sub ");
        test_dump_select(from->select, out);
        break;
    case KDB_FROM_FUNCTION:
        KDB_BUF_LIT(out, "(func ");
        test_dump_expr(from->function, out);
        break;
    case KDB_FROM_JOIN:
        join(from, out);
        break;
    }
    if (from->is_lateral)
        KDB_BUF_LIT(out, " lateral");
    if (from->has_ordinality)
        KDB_BUF_LIT(out, " ordinality");
    alias(from, out);
    kdb_buf_put(out, ')');
}

static void ctes(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    if (select->cte_count == 0)
        return;
    kdb_buf_printf(out, " (with%s", select->is_recursive ? "-recursive" : "");
    for (size_t i = 0; i < select->cte_count; i++) {
        const struct kdb_ast_cte *cte = &select->ctes[i];
        kdb_buf_printf(out, " (%.*s", KDB_ARG(cte->name));
        if (cte->column_count > 0)
            test_dump_names(cte->columns, cte->column_count, out);
        kdb_buf_put(out, ' ');
        test_dump_select(cte->select, out);
        kdb_buf_put(out, ')');
    }
    kdb_buf_put(out, ')');
}

static void targets(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    for (size_t i = 0; i < select->target_count; i++) {
        kdb_buf_put(out, ' ');
        test_dump_expr(select->targets[i].expr, out);
        if (select->targets[i].alias.data)
            kdb_buf_printf(out, "=%.*s", KDB_ARG(select->targets[i].alias));
    }
}

static void plain_select(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(select");
    ctes(select, out);
    if (select->is_distinct)
        KDB_BUF_LIT(out, " distinct");
    section("distinct-on", select->distinct_on, select->distinct_on_count, out);
    targets(select, out);
    if (select->from_count > 0) {
        KDB_BUF_LIT(out, " (from");
        for (size_t i = 0; i < select->from_count; i++) {
            kdb_buf_put(out, ' ');
            from_item(select->from[i], out);
        }
        kdb_buf_put(out, ')');
    }
    clause("where", select->where, out);
    section("group", select->group_by, select->group_count, out);
    if (select->has_grouping_sets)
        KDB_BUF_LIT(out, " grouping-sets");
    clause("having", select->having, out);
    for (size_t i = 0; i < select->window_count; i++) {
        KDB_BUF_LIT(out, " (window");
        window(&select->windows[i], out);
        kdb_buf_put(out, ')');
    }
}

static void values(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(values");
    ctes(select, out);
    for (size_t i = 0; i < select->value_row_count; i++)
        section("row", select->value_rows[i], select->value_counts[i], out);
}

static void set_operation(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    static const char *const names[] = {
        [KDB_SET_NONE] = "",
        [KDB_SET_UNION] = "union",
        [KDB_SET_INTERSECT] = "intersect",
        [KDB_SET_EXCEPT] = "except",
    };
    kdb_buf_printf(out, "(%s%s", names[select->set], select->is_set_all ? "-all" : "");
    ctes(select, out);
    kdb_buf_put(out, ' ');
    test_dump_select(select->left, out);
    kdb_buf_put(out, ' ');
    test_dump_select(select->right, out);
}

void test_dump_select(const struct kdb_ast_select *select, struct kdb_buf *out)
{
    if (select->set != KDB_SET_NONE)
        set_operation(select, out);
    else if (select->value_rows)
        values(select, out);
    else
        plain_select(select, out);
    order(select->order, select->order_count, out);
    clause("limit", select->limit, out);
    clause("offset", select->offset, out);
    if (select->has_ties)
        KDB_BUF_LIT(out, " ties");
    if (select->has_locking)
        KDB_BUF_LIT(out, " locking");
    kdb_buf_put(out, ')');
}

void test_dump_shape(const struct kdb_statement *statement, struct kdb_buf *out)
{
    hides_literals = true;
    test_dump_statement(statement, out);
    hides_literals = false;
}
