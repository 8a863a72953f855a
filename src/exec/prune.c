// SPDX-License-Identifier: Apache-2.0
// Leaving out segments whose column statistics show that no row can pass the filter.
#include "exec/exec_priv.h"
#include "plan/function.h"

static const struct kdb_column_stats *find_stats(const struct kdb_segment *segment, int32_t id)
{
    for (uint32_t i = 0; i < segment->stats_count; i++) {
        if (segment->stats[i].column_id == id)
            return &segment->stats[i];
    }
    return NULL;
}

// The column of a comparison with a fixed value of the same kind, and the value.
static bool split(const struct segment_pruner *pruner, const struct kdb_expr *left,
                  const struct kdb_expr *right, int32_t *ret_id, kdb_value *ret_value)
{
    if (left->kind != KDB_EXPR_COLUMN || left->relation != pruner->relation ||
        !kdb_expr_is_fixed(right))
        return false;
    bool is_comparable = kdb_type_equal(left->type, right->type) ||
                         (kdb_kind_is_integer((kdb_kind)left->type.kind) &&
                          kdb_kind_is_integer((kdb_kind)right->type.kind));
    if (!is_comparable || kdb_eval(right, pruner->eval, ret_value) != KDB_OK) {
        kdb_ctx_clear_error(pruner->eval->ctx);
        return false;
    }
    ret_value->kind = left->type.kind; // integers of any width compare alike
    *ret_id = pruner->relation->columns[left->column].id;
    return true;
}

// True when no value between min and max satisfies `column op value`.
static bool range_excludes(const char *op, const struct kdb_column_stats *stats,
                           const kdb_value *value)
{
    int below = kdb_value_compare(value, &stats->min); // value against the smallest
    int above = kdb_value_compare(value, &stats->max); // value against the largest
    if (strcmp(op, "=") == 0)
        return below < 0 || above > 0;
    if (strcmp(op, "<") == 0)
        return below <= 0;
    if (strcmp(op, "<=") == 0)
        return below < 0;
    if (strcmp(op, ">") == 0)
        return above >= 0;
    if (strcmp(op, ">=") == 0)
        return above > 0;
    return false;
}

static const char *mirrored(const char *op)
{
    static const char *const pairs[][2] = {{"<", ">"}, {"<=", ">="}, {">", "<"}, {">=", "<="}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(op, pairs[i][0]) == 0)
            return pairs[i][1];
    }
    return op;
}

static bool system_range(const struct kdb_segment *segment, int32_t id,
                         struct kdb_column_stats *ret)
{
    if (id != KDB_COLUMN_SEQ)
        return false;
    *ret = (struct kdb_column_stats){.column_id = id,
                                     .has_range = true,
                                     .min = kdb_value_int(KDB_BIGINT, segment->min_seq),
                                     .max = kdb_value_int(KDB_BIGINT, segment->max_seq)};
    return true;
}

static bool comparison_excludes(const struct segment_pruner *pruner, const struct kdb_expr *call,
                                const struct kdb_segment *segment)
{
    int32_t id;
    kdb_value value;
    const char *op = call->function->name;
    if (!split(pruner, call->args[0], call->args[1], &id, &value)) {
        if (!split(pruner, call->args[1], call->args[0], &id, &value))
            return false;
        op = mirrored(op);
    }
    if (value.is_null)
        return true; // NULL compares to nothing
    struct kdb_column_stats computed;
    const struct kdb_column_stats *stats =
        system_range(segment, id, &computed) ? &computed : find_stats(segment, id);
    if (!stats)
        return false;
    if (!stats->has_range)
        return stats->null_count == segment->row_count;
    return range_excludes(op, stats, &value);
}

static bool in_excludes(const struct segment_pruner *pruner, const struct kdb_expr *expr,
                        const struct kdb_segment *segment)
{
    if (expr->is_negated)
        return false;
    for (size_t i = 1; i < expr->arg_count; i++) {
        int32_t id;
        kdb_value value;
        if (!split(pruner, expr->args[0], expr->args[i], &id, &value))
            return false;
        const struct kdb_column_stats *stats = find_stats(segment, id);
        if (!stats || !stats->has_range)
            return false;
        if (!value.is_null && !range_excludes("=", stats, &value))
            return false;
    }
    return true;
}

// True when no row of the segment can make `expr` TRUE.
// NOLINTNEXTLINE(misc-no-recursion): the bound tree is no deeper than limits.max_expression_depth
static bool excludes(const struct segment_pruner *pruner, const struct kdb_expr *expr,
                     const struct kdb_segment *segment)
{
    switch ((int)expr->kind) {
    case KDB_EXPR_AND:
        for (size_t i = 0; i < expr->arg_count; i++) {
            if (excludes(pruner, expr->args[i], segment))
                return true;
        }
        return false;
    case KDB_EXPR_OR:
        for (size_t i = 0; i < expr->arg_count; i++) {
            if (!excludes(pruner, expr->args[i], segment))
                return false;
        }
        return true;
    case KDB_EXPR_IN:
        return in_excludes(pruner, expr, segment);
    case KDB_EXPR_IS_NULL: {
        const struct kdb_expr *arg = expr->args[0];
        if (arg->kind != KDB_EXPR_COLUMN || arg->relation != pruner->relation)
            return false;
        const struct kdb_column_stats *stats =
            find_stats(segment, pruner->relation->columns[arg->column].id);
        int64_t excluded_count = expr->is_negated ? segment->row_count : 0;
        return stats && stats->null_count == excluded_count;
    }
    case KDB_EXPR_CALL:
        return expr->arg_count == 2 && comparison_excludes(pruner, expr, segment);
    default:
        return false;
    }
}

static bool skips(void *self, const struct kdb_segment *segment)
{
    struct segment_pruner *pruner = self;
    pruner->asked++;
    bool is_excluded = pruner->filter && excludes(pruner, pruner->filter, segment);
    pruner->skipped += is_excluded;
    return is_excluded;
}

void prune_init(struct segment_pruner *pruner, const struct kdb_relation *relation,
                const struct kdb_expr *filter, struct kdb_eval *eval)
{
    *pruner = (struct segment_pruner){.filter = filter, .eval = eval, .relation = relation};
    pruner->skip = (struct kdb_segment_skip){skips, pruner};
}
