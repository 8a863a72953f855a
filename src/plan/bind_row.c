// SPDX-License-Identifier: Apache-2.0
// Comparison of row values, spelled out over their fields: (a, b) < (x, y) is a < x OR (a = x AND b
// < y), which also gives PostgreSQL's NULLs.
#include "plan/bind_priv.h"

static kdb_status compare_field(struct bind *bind, const struct row_pair *rows, size_t field,
                                const char *operator_name, struct kdb_expr **ret)
{
    struct kdb_expr **args = kdb_arena_array(bind->arena, 2, sizeof(struct kdb_expr *));
    KDB_TRY(bind_expr(bind, rows->left->args[field], &args[0]));
    KDB_TRY(bind_expr(bind, rows->right->args[field], &args[1]));
    return bind_operation(bind, kdb_slice_cstr(operator_name), args, 2, rows->position, ret);
}

// All fields equal, or (`<>`) one of them unequal.
static kdb_status compare_equal(struct bind *bind, const struct row_pair *rows, bool is_equal,
                                struct kdb_expr **ret)
{
    const char *name = is_equal ? "=" : "<>";
    KDB_TRY(compare_field(bind, rows, 0, name, ret));
    for (size_t i = 1; i < rows->left->arg_count; i++) {
        struct kdb_expr *field;
        KDB_TRY(compare_field(bind, rows, i, name, &field));
        *ret = bind_combine(bind, is_equal ? KDB_EXPR_AND : KDB_EXPR_OR, *ret, field);
    }
    return KDB_OK;
}

// The first unequal field decides; the last one may also be equal for <= and >=.
static kdb_status compare_order(struct bind *bind, const struct row_pair *rows, bool is_less,
                                bool takes_equal, struct kdb_expr **ret)
{
    const char *strict = is_less ? "<" : ">";
    const char *last = !takes_equal ? strict : is_less ? "<=" : ">=";
    size_t at = rows->left->arg_count - 1;
    KDB_TRY(compare_field(bind, rows, at, last, ret));
    while (at-- > 0) {
        struct kdb_expr *equal;
        struct kdb_expr *before;
        KDB_TRY(compare_field(bind, rows, at, "=", &equal));
        KDB_TRY(compare_field(bind, rows, at, strict, &before));
        *ret =
            bind_combine(bind, KDB_EXPR_OR, before, bind_combine(bind, KDB_EXPR_AND, equal, *ret));
    }
    return KDB_OK;
}

kdb_status bind_row_comparison(struct bind *bind, const struct row_pair *rows, kdb_slice name,
                               struct kdb_expr **ret)
{
    if (rows->left->kind != KDB_AST_ROW || rows->right->kind != KDB_AST_ROW)
        return bind_unsupported(bind, "comparing a row with anything but a row", rows->position);
    if (rows->left->arg_count != rows->right->arg_count || rows->left->arg_count == 0) {
        kdb_error_at(bind->ctx, rows->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "unequal number of entries in row expressions");
    }
    KDB_TRY(bind_count_terms(bind, rows->left->arg_count));
    bool is_less = kdb_slice_has_prefix(name, KDB_LIT("<"));
    if (kdb_slice_equal(name, KDB_LIT("=")) || kdb_slice_equal(name, KDB_LIT("<>")))
        return compare_equal(bind, rows, !is_less, ret);
    bool takes_equal = name.len == 2 && name.data[1] == '=';
    if ((is_less || kdb_slice_has_prefix(name, KDB_LIT(">"))) && (name.len == 1 || takes_equal))
        return compare_order(bind, rows, is_less, takes_equal, ret);
    return bind_unsupported(bind, "rows with this operator", rows->position);
}

kdb_status bind_row_in(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **matches =
        kdb_arena_array(bind->arena, ast->arg_count, sizeof(struct kdb_expr *));
    for (size_t i = 1; i < ast->arg_count; i++) {
        const struct row_pair rows = {ast->args[0], ast->args[i], ast->position};
        KDB_TRY(bind_row_comparison(bind, &rows, KDB_LIT("="), &matches[i - 1]));
    }
    struct kdb_expr *found = matches[0];
    if (ast->arg_count > 2) {
        found = bind_new(bind, KDB_EXPR_OR, KDB_TYPE(KDB_BOOLEAN), ast->position);
        found->args = matches;
        found->arg_count = ast->arg_count - 1;
        for (size_t i = 0; i < found->arg_count; i++)
            found->is_volatile = found->is_volatile || matches[i]->is_volatile;
    }
    *ret = ast->is_negated ? bind_not(bind, found) : found;
    return KDB_OK;
}
