// SPDX-License-Identifier: Apache-2.0
// Binding of column names: qualified and not, in this query or an outer one.
#include "plan/bind_priv.h"

struct kdb_expr *bind_column_of(struct bind *bind, const struct kdb_relation *relation,
                                uint32_t column)
{
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_COLUMN, relation->columns[column].type, 0);
    expr->relation = relation;
    expr->column = column;
    if (relation->is_column_used)
        relation->is_column_used[column] = true;
    return expr;
}

// Notes that an entry's columns are read and gives its expression a place.
static struct kdb_expr *use_entry(struct bind *bind, const struct bind_entry *entry, int position)
{
    struct kdb_expr *expr = entry->expr;
    if (expr->kind == KDB_EXPR_COLUMN) {
        expr = bind_column_of(bind, expr->relation, expr->column);
        expr->position = position;
        return expr;
    }
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (expr->args[i]->kind == KDB_EXPR_COLUMN)
            (void)bind_column_of(bind, expr->args[i]->relation, expr->args[i]->column);
    }
    return expr;
}

static kdb_status ambiguous(struct bind *bind, kdb_slice name, int position)
{
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_SQL, "column reference \"%.*s\" is ambiguous",
                    KDB_ARG(name));
}

// *ret stays NULL when the scope has no such column.
static kdb_status find_unqualified(struct bind *bind, const struct bind_scope *scope,
                                   const struct kdb_ast *ast, struct kdb_expr **ret)
{
    const struct bind_entry *found = NULL;
    for (size_t i = 0; i < scope->names.entry_count; i++) {
        const struct bind_entry *entry = &scope->names.entries[i];
        if (!kdb_slice_equal(entry->name, ast->name))
            continue;
        if (found)
            return ambiguous(bind, ast->name, ast->position);
        found = entry;
    }
    if (found)
        *ret = use_entry(bind, found, ast->position);
    return KDB_OK;
}

static bool is_relation_named(const struct kdb_relation *relation, const struct kdb_ast *ast)
{
    if (!kdb_slice_equal(relation->name, ast->table))
        return false;
    return !ast->space.data || kdb_slice_equal(relation->space, ast->space);
}

static kdb_status find_qualified(struct bind *bind, const struct bind_scope *scope,
                                 const struct kdb_ast *ast, struct kdb_expr **ret)
{
    const struct kdb_relation *found = NULL;
    for (size_t i = 0; i < scope->names.relation_count; i++) {
        const struct kdb_relation *relation = scope->names.relations[i];
        if (!is_relation_named(relation, ast))
            continue;
        if (found) {
            kdb_error_at(bind->ctx, ast->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_SQL, "table reference \"%.*s\" is ambiguous",
                            KDB_ARG(ast->table));
        }
        found = relation;
    }
    if (!found)
        return KDB_OK;
    for (uint32_t i = 0; i < found->column_count; i++) {
        if (kdb_slice_equal(found->columns[i].name, ast->name)) {
            *ret = bind_column_of(bind, found, i);
            (*ret)->position = ast->position;
            return KDB_OK;
        }
    }
    kdb_error_at(bind->ctx, ast->position);
    return kdb_fail(bind->ctx, KDB_ERR_COLUMN_NOT_FOUND, "column %.*s.%.*s does not exist",
                    KDB_ARG(ast->table), KDB_ARG(ast->name));
}

// Inner scopes between here and the one that has the name refer outwards.
static void mark_correlated(struct bind *bind, const struct bind_scope *owner)
{
    for (struct bind_scope *scope = bind->scope; scope != owner; scope = scope->outer)
        scope->is_correlated = true;
}

kdb_status bind_column(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr *found = NULL;
    for (struct bind_scope *scope = bind->scope; scope; scope = scope->outer) {
        if (ast->table.data)
            KDB_TRY(find_qualified(bind, scope, ast, &found));
        else
            KDB_TRY(find_unqualified(bind, scope, ast, &found));
        if (found) {
            mark_correlated(bind, scope);
            *ret = found;
            return KDB_OK;
        }
    }
    kdb_error_at(bind->ctx, ast->position);
    if (ast->table.data)
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_SQL,
                        "missing FROM-clause entry for table \"%.*s\"", KDB_ARG(ast->table));
    return kdb_fail(bind->ctx, KDB_ERR_COLUMN_NOT_FOUND, "column \"%.*s\" does not exist",
                    KDB_ARG(ast->name));
}

static kdb_slice cast_name(const struct kdb_ast *ast)
{
    kdb_slice inner = bind_output_name(ast->args[0]);
    if (!kdb_slice_equal(inner, KDB_LIT("?column?")))
        return inner;
    static const struct {
        kdb_slice sql, internal;
    } names[] = {{KDB_LIT_INIT("integer"), KDB_LIT_INIT("int4")},
                 {KDB_LIT_INIT("int"), KDB_LIT_INIT("int4")},
                 {KDB_LIT_INIT("bigint"), KDB_LIT_INIT("int8")},
                 {KDB_LIT_INIT("smallint"), KDB_LIT_INIT("int2")},
                 {KDB_LIT_INIT("double precision"), KDB_LIT_INIT("float8")},
                 {KDB_LIT_INIT("real"), KDB_LIT_INIT("float4")},
                 {KDB_LIT_INIT("boolean"), KDB_LIT_INIT("bool")},
                 {KDB_LIT_INIT("decimal"), KDB_LIT_INIT("numeric")}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (kdb_slice_equal(ast->type.name, names[i].sql))
            return names[i].internal;
    }
    return ast->type.name;
}

// PostgreSQL's FigureColname.
kdb_slice bind_output_name(const struct kdb_ast *ast)
{
    switch ((int)ast->kind) {
    case KDB_AST_COLUMN:
    case KDB_AST_FUNCTION:
    case KDB_AST_SPECIAL:
        return ast->name;
    case KDB_AST_CAST:
        return cast_name(ast);
    case KDB_AST_LITERAL:
        return ast->literal_kind == KDB_AST_BOOLEAN ? KDB_LIT("bool") : KDB_LIT("?column?");
    case KDB_AST_CASE:
        if (ast->otherwise) {
            kdb_slice name = bind_output_name(ast->otherwise);
            if (!kdb_slice_equal(name, KDB_LIT("?column?")))
                return name;
        }
        return KDB_LIT("case");
    case KDB_AST_COALESCE:
        return KDB_LIT("coalesce");
    case KDB_AST_GREATEST:
        return KDB_LIT("greatest");
    case KDB_AST_LEAST:
        return KDB_LIT("least");
    case KDB_AST_NULLIF:
        return KDB_LIT("nullif");
    case KDB_AST_EXISTS:
        return KDB_LIT("exists");
    case KDB_AST_ROW:
        return KDB_LIT("row");
    case KDB_AST_ARRAY:
        return KDB_LIT("array");
    case KDB_AST_SCALAR:
        if (ast->select->target_count == 1) {
            const struct kdb_ast_target *target = &ast->select->targets[0];
            return target->alias.data ? target->alias : bind_output_name(target->expr);
        }
        return KDB_LIT("?column?");
    default:
        return KDB_LIT("?column?");
    }
}
