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
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "column reference \"%.*s\" is ambiguous",
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

bool bind_is_named(const struct kdb_relation *relation, const struct kdb_ast *ast)
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
        if (!bind_is_named(relation, ast))
            continue;
        if (found) {
            kdb_error_at(bind->ctx, ast->position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "table reference \"%.*s\" is ambiguous", KDB_ARG(ast->table));
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
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "missing FROM-clause entry for table \"%.*s\"", KDB_ARG(ast->table));
    return kdb_fail(bind->ctx, KDB_ERR_COLUMN_NOT_FOUND, "column \"%.*s\" does not exist",
                    KDB_ARG(ast->name));
}

// How good a name is, as in PostgreSQL's FigureColname: a cast's type gives way to anything better.
typedef enum { NAME_NONE, NAME_TYPE, NAME_GOOD } name_strength;

static name_strength figure_name(const struct kdb_ast *ast, kdb_slice *ret);

// Type names as PostgreSQL's catalog has them; the grammar has replaced most spellings.
static kdb_slice type_name(kdb_slice name)
{
    if (kdb_slice_equal(name, KDB_LIT("char")))
        return KDB_LIT("bpchar");
    if (kdb_slice_has_prefix(name, KDB_LIT("interval ")))
        return KDB_LIT("interval");
    return name;
}

static name_strength name_weakly(const struct kdb_ast *inner, kdb_slice otherwise, kdb_slice *ret)
{
    if (inner && figure_name(inner, ret) == NAME_GOOD)
        return NAME_GOOD;
    *ret = otherwise;
    return NAME_TYPE;
}

static name_strength name_subquery(const struct kdb_ast *ast, kdb_slice *ret)
{
    const struct kdb_ast_select *select = ast->select;
    while (select->set != KDB_SET_NONE)
        select = select->left;
    if (select->value_rows)
        *ret = KDB_LIT("column1");
    if (select->target_count == 0)
        return select->value_rows ? NAME_GOOD : NAME_NONE;
    const struct kdb_ast_target *target = &select->targets[0];
    *ret = target->alias.data ? target->alias : bind_output_name(target->expr);
    return NAME_GOOD;
}

static name_strength figure_name(const struct kdb_ast *ast, kdb_slice *ret)
{
    switch ((int)ast->kind) {
    case KDB_AST_COLUMN:
    case KDB_AST_FUNCTION:
    case KDB_AST_SPECIAL:
        *ret = ast->name;
        return NAME_GOOD;
    case KDB_AST_CAST:
        return name_weakly(ast->args[0], type_name(ast->type.name), ret);
    case KDB_AST_CASE:
        return name_weakly(ast->otherwise, KDB_LIT("case"), ret);
    case KDB_AST_COALESCE:
        *ret = KDB_LIT("coalesce");
        return NAME_GOOD;
    case KDB_AST_GREATEST:
        *ret = KDB_LIT("greatest");
        return NAME_GOOD;
    case KDB_AST_LEAST:
        *ret = KDB_LIT("least");
        return NAME_GOOD;
    case KDB_AST_NULLIF:
        *ret = KDB_LIT("nullif");
        return NAME_GOOD;
    case KDB_AST_EXISTS:
        *ret = KDB_LIT("exists");
        return NAME_GOOD;
    case KDB_AST_ROW:
        *ret = KDB_LIT("row");
        return NAME_GOOD;
    case KDB_AST_ARRAY:
        *ret = KDB_LIT("array");
        return NAME_GOOD;
    case KDB_AST_SCALAR:
        return name_subquery(ast, ret);
    default:
        return NAME_NONE;
    }
}

kdb_slice bind_output_name(const struct kdb_ast *ast)
{
    kdb_slice name;
    return figure_name(ast, &name) == NAME_NONE ? KDB_LIT("?column?") : name;
}
