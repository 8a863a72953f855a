// SPDX-License-Identifier: Apache-2.0
// Long lists of fixed values: evaluated and hashed once for each execution.
#include "plan/eval_priv.h"
#include "plan/function_priv.h"

#define BUCKETS 64

struct list {
    const struct kdb_expr *expr; // IN or OR
    struct list *next;           // of the same bucket
    bool can_be_hashed;
    bool is_seen;      // a row was done without
    bool is_hashed;    // the fields below are filled
    bool has_null;     // an element is NULL
    size_t mask;       // slots - 1
    uint32_t *slots;   // index + 1 into `values`, 0: free
    kdb_value *values; // non-null elements without repetitions
};

struct kdb_eval_cache {
    struct list *buckets[BUCKETS];
};

static bool is_equality(const struct kdb_expr *expr, const struct kdb_expr *column)
{
    if (expr->kind != KDB_EXPR_CALL || expr->arg_count != 2 ||
        strcmp(expr->function->name, "=") != 0)
        return false;
    const struct kdb_expr *left = expr->args[0];
    const struct kdb_expr *right = expr->args[1];
    if (left->kind != KDB_EXPR_COLUMN || left->relation != column->relation ||
        left->column != column->column || !kdb_expr_is_fixed(right))
        return false;
    return left->type.kind == right->type.kind || (kdb_kind_is_integer((kdb_kind)left->type.kind) &&
                                                   kdb_kind_is_integer((kdb_kind)right->type.kind));
}

static bool can_be_hashed(const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_IN) {
        for (size_t i = 1; i < expr->arg_count; i++) {
            if (!kdb_expr_is_fixed(expr->args[i]))
                return false;
        }
        return true;
    }
    const struct kdb_expr *first = expr->args[0];
    if (first->kind != KDB_EXPR_CALL || first->arg_count != 2 ||
        first->args[0]->kind != KDB_EXPR_COLUMN)
        return false;
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (!is_equality(expr->args[i], first->args[0]))
            return false;
    }
    return true;
}

static struct list *find_list(const struct kdb_expr *expr, struct kdb_eval *eval)
{
    struct kdb_arena *arena = &eval->ctx->arena;
    if (!eval->cache)
        eval->cache = KDB_ARENA_NEW(arena, struct kdb_eval_cache);
    struct list **bucket = &eval->cache->buckets[((uintptr_t)expr >> 6) % BUCKETS];
    for (struct list *list = *bucket; list; list = list->next) {
        if (list->expr == expr)
            return list;
    }
    struct list *list = KDB_ARENA_NEW(arena, struct list);
    list->expr = expr;
    list->can_be_hashed = can_be_hashed(expr);
    list->next = *bucket;
    *bucket = list;
    return list;
}

// Integers of all widths are compared as BIGINT.
static kdb_value comparable(const kdb_value *value)
{
    kdb_value same = *value;
    if (kdb_kind_is_integer((kdb_kind)value->kind))
        same.kind = KDB_BIGINT;
    return same;
}

// The slot of the value, or the free one where it belongs.
static uint32_t *find_slot(const struct list *list, const kdb_value *value)
{
    size_t at = kdb_value_hash(value) & list->mask;
    while (list->slots[at] != 0 && !kdb_value_same(&list->values[list->slots[at] - 1], value))
        at = (at + 1) & list->mask;
    return &list->slots[at];
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
static kdb_status hash_list(struct list *list, struct kdb_eval *eval)
{
    const struct kdb_expr *expr = list->expr;
    struct kdb_arena *arena = &eval->ctx->arena;
    bool is_in = expr->kind == KDB_EXPR_IN;
    size_t first = is_in ? 1 : 0;
    size_t slot_count = 4;
    while (slot_count < 2 * expr->arg_count)
        slot_count *= 2;
    list->mask = slot_count - 1;
    list->slots = kdb_arena_array(arena, slot_count, sizeof(*list->slots));
    list->values = kdb_arena_array(arena, expr->arg_count, sizeof(*list->values));
    uint32_t count = 0;
    for (size_t i = first; i < expr->arg_count; i++) {
        kdb_value value;
        KDB_TRY(kdb_eval(is_in ? expr->args[i] : expr->args[i]->args[1], eval, &value));
        if (value.is_null) {
            list->has_null = true;
            continue;
        }
        value = comparable(&value);
        uint32_t *slot = find_slot(list, &value);
        if (*slot != 0)
            continue;
        list->values[count++] = kdb_value_copy(arena, &value);
        *slot = count;
    }
    list->is_hashed = true;
    return kdb_ctx_check(eval->ctx);
}

// NOLINTNEXTLINE(misc-no-recursion): NESTING_MAX
kdb_status plan_list_probe(const struct kdb_expr *expr, struct kdb_eval *eval,
                           plan_list_answer *ret_answer)
{
    struct list *list = find_list(expr, eval);
    if (!list->can_be_hashed || !list->is_seen) {
        list->is_seen = true;
        *ret_answer = PLAN_LIST_UNUSED;
        return KDB_OK;
    }
    if (!list->is_hashed)
        KDB_TRY(hash_list(list, eval));
    kdb_value value;
    bool is_in = expr->kind == KDB_EXPR_IN;
    KDB_TRY(kdb_eval(is_in ? expr->args[0] : expr->args[0]->args[0], eval, &value));
    if (value.is_null) {
        *ret_answer = PLAN_LIST_NULL;
        return KDB_OK;
    }
    value = comparable(&value);
    if (*find_slot(list, &value) != 0)
        *ret_answer = PLAN_LIST_FOUND;
    else
        *ret_answer = list->has_null ? PLAN_LIST_NULL : PLAN_LIST_MISSING;
    return KDB_OK;
}
