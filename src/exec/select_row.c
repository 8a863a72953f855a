// SPDX-License-Identifier: Apache-2.0
// SELECT on the row path: filter, projection, order, LIMIT over the rows of one table.
#include <stdlib.h>

#include "base/assert.h"
#include "exec/exec_priv.h"
#include "exec/system_rows.h"

// Between checks of deadline and memory.
#define CHECK_EVERY 256

kdb_status exec_limits_written(struct kdb_exec *exec, const struct kdb_expr *limit,
                               const struct kdb_expr *offset, uint64_t *ret_limit,
                               uint64_t *ret_offset)
{
    struct kdb_eval eval;
    exec_eval_init(exec, NULL, &exec->ctx->arena, &eval);
    uint64_t values[2] = {UINT64_MAX, 0};
    const struct kdb_expr *exprs[2] = {limit, offset};
    for (int i = 0; i < 2; i++) {
        if (!exprs[i])
            continue;
        kdb_value value;
        KDB_TRY(kdb_eval(exprs[i], &eval, &value));
        if (value.is_null)
            continue;
        if (value.integer < 0)
            return kdb_fail(exec->ctx, KDB_ERR_INVALID_VALUE, "%s must not be negative",
                            i == 0 ? "LIMIT" : "OFFSET");
        values[i] = (uint64_t)value.integer;
    }
    *ret_limit = values[0];
    *ret_offset = values[1];
    return KDB_OK;
}

kdb_status exec_limits(struct kdb_exec *exec, const struct kdb_expr *limit,
                       const struct kdb_expr *offset, uint64_t *ret_limit, uint64_t *ret_offset)
{
    uint64_t count;
    KDB_TRY(exec_limits_written(exec, limit, offset, &count, ret_offset));
    // The settings bound what a client gets, not what INSERT … SELECT copies.
    const struct kdb_exec_services *services = exec->services;
    bool is_answer = exec->verb == KDB_VERB_NONE;
    if (is_answer && !limit && services->query_limit_default > 0)
        count = services->query_limit_default;
    if (is_answer && services->query_limit_max > 0 && count > services->query_limit_max)
        count = services->query_limit_max;
    *ret_limit = count;
    return KDB_OK;
}

// A row kept for sorting: its sort keys, then its output values.
struct kept {
    kdb_value *values;
    uint64_t position; // order of arrival: the sort is stable
};

// Bytes of rows that were pushed out, beyond which those that are kept are moved together.
#define PUSHED_OUT_MAX ((size_t)4 * 1024 * 1024)

struct output {
    struct kdb_exec *exec;
    const struct kdb_row_select *select;
    struct kdb_eval *eval;
    kdb_value *values; // of one row
    uint64_t limit;
    uint64_t offset;
    uint64_t seen; // matching rows so far
    bool sorts;
    struct kept *kept; // a heap of the best limit + offset rows, or all of them
    size_t kept_count, kept_capacity;
    struct kdb_arena *rows[2]; // the first has the values of the kept rows
    size_t kept_bytes;         // of their texts
    size_t pushed_out_bytes;   // of those that were kept before
};

// ---- straight output ----

static kdb_status evaluate_targets(struct output *output, kdb_value *values)
{
    for (size_t i = 0; i < output->select->target_count; i++)
        KDB_TRY(kdb_eval(output->select->targets[i], output->eval, &values[i]));
    return KDB_OK;
}

static kdb_status emit(struct output *output, bool *ret_goes_on)
{
    output->seen++;
    if (output->seen <= output->offset)
        return KDB_OK;
    if (output->seen - output->offset > output->limit) {
        *ret_goes_on = false;
        return KDB_OK;
    }
    KDB_TRY(evaluate_targets(output, output->values));
    KDB_TRY(kdb_sink_row(output->exec->sink, output->exec->ctx, output->values));
    *ret_goes_on = output->seen - output->offset < output->limit;
    return KDB_OK;
}

// ---- sorting ----

static int compare_kept(const struct output *output, const struct kept *a, const struct kept *b)
{
    const struct kdb_row_select *select = output->select;
    for (size_t i = 0; i < select->order_count; i++) {
        const kdb_value *x = &a->values[i];
        const kdb_value *y = &b->values[i];
        if (x->is_null || y->is_null) {
            if (x->is_null != y->is_null)
                return x->is_null == select->order[i].nulls_first ? -1 : 1;
            continue;
        }
        int order = kdb_value_compare(x, y);
        if (order != 0)
            return select->order[i].is_descending ? -order : order;
    }
    return a->position < b->position ? -1 : a->position > b->position;
}

static void sift_down(struct output *output, size_t at, size_t count)
{
    struct kept *heap = output->kept;
    while (2 * at + 1 < count) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && compare_kept(output, &heap[child + 1], &heap[child]) > 0)
            child++;
        if (compare_kept(output, &heap[child], &heap[at]) <= 0)
            return;
        struct kept swapped = heap[at];
        heap[at] = heap[child];
        heap[child] = swapped;
        at = child;
    }
}

static void sift_up(struct output *output, size_t at)
{
    struct kept *heap = output->kept;
    while (at > 0 && compare_kept(output, &heap[at], &heap[(at - 1) / 2]) > 0) {
        struct kept swapped = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = swapped;
        at = (at - 1) / 2;
    }
}

static size_t text_bytes(const kdb_value *values, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (!values[i].is_null && kdb_kind_is_variable((kdb_kind)values[i].kind))
            bytes += values[i].bytes.len;
    }
    return bytes;
}

static void copy_values(struct kdb_arena *arena, kdb_value *to, const kdb_value *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = kdb_value_copy(arena, &from[i]);
}

// A table whose rows come the worst first pushes every row out again: their texts must not stay.
static void move_together(struct output *output, size_t width)
{
    if (output->pushed_out_bytes < PUSHED_OUT_MAX || output->pushed_out_bytes < output->kept_bytes)
        return;
    struct kdb_arena *fresh = output->rows[1];
    for (size_t i = 0; i < output->kept_count; i++) {
        kdb_value *values = kdb_arena_alloc(fresh, width * sizeof(kdb_value));
        copy_values(fresh, values, output->kept[i].values, width);
        output->kept[i].values = values;
    }
    output->rows[1] = output->rows[0];
    output->rows[0] = fresh;
    kdb_arena_reset(output->rows[1]);
    output->pushed_out_bytes = 0;
}

static kdb_status check_kept(const struct output *output)
{
    const struct kdb_arena *rows = output->rows[0];
    if (!kdb_arena_is_exceeded(rows))
        return KDB_OK;
    return kdb_fail(output->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "the statement needs more than %zu bytes of memory to sort "
                    "(limits.request_memory_bytes)",
                    rows->limit_bytes);
}

static kdb_status keep(struct output *output)
{
    struct kdb_exec *exec = output->exec;
    const struct kdb_row_select *select = output->select;
    size_t width = select->order_count + select->target_count;
    kdb_value *values = output->values;
    for (size_t i = 0; i < select->order_count; i++)
        KDB_TRY(kdb_eval(select->order[i].expr, output->eval, &values[i]));
    struct kept row = {values, output->seen++};
    uint64_t wanted =
        output->limit > UINT64_MAX - output->offset ? UINT64_MAX : output->limit + output->offset;
    bool is_full = output->kept_count >= wanted;
    if (is_full && (wanted == 0 || compare_kept(output, &row, &output->kept[0]) >= 0))
        return KDB_OK;
    KDB_TRY(evaluate_targets(output, values + select->order_count));
    if (is_full) {
        size_t pushed_out = text_bytes(output->kept[0].values, width);
        output->pushed_out_bytes += pushed_out;
        output->kept_bytes -= pushed_out;
        row.values = output->kept[0].values;
    } else {
        row.values = kdb_arena_alloc(output->rows[0], width * sizeof(kdb_value));
    }
    copy_values(output->rows[0], row.values, values, width);
    output->kept_bytes += text_bytes(values, width);
    if (is_full) {
        output->kept[0] = row;
        sift_down(output, 0, output->kept_count);
        move_together(output, width);
    } else {
        KDB_PUSH(&exec->ctx->arena, output->kept, output->kept_count, output->kept_capacity, row);
        sift_up(output, output->kept_count - 1);
    }
    return check_kept(output);
}

static kdb_status emit_kept(struct output *output)
{
    // Heap sort: the heap has its largest row first.
    for (size_t count = output->kept_count; count > 1; count--) {
        struct kept last = output->kept[count - 1];
        output->kept[count - 1] = output->kept[0];
        output->kept[0] = last;
        sift_down(output, 0, count - 1);
    }
    for (size_t i = (size_t)output->offset; i < output->kept_count; i++) {
        if (i % CHECK_EVERY == 0)
            KDB_TRY(kdb_ctx_check(output->exec->ctx));
        const kdb_value *values = output->kept[i].values + output->select->order_count;
        KDB_TRY(kdb_sink_row(output->exec->sink, output->exec->ctx, values));
    }
    return KDB_OK;
}

static kdb_status visit(void *self, kdb_slice key, kdb_slice row, bool *ret_goes_on)
{
    (void)key;
    (void)row;
    struct output *output = self;
    return output->sorts ? keep(output) : emit(output, ret_goes_on);
}

// ---- the statement ----

// SELECT without FROM: one row, unless WHERE says otherwise.
static kdb_status select_nothing(struct output *output)
{
    bool is_match = true;
    bool goes_on;
    if (output->select->filter)
        KDB_TRY(kdb_eval_filter(output->select->filter, output->eval, &is_match));
    return is_match ? emit(output, &goes_on) : KDB_OK;
}

static kdb_status select_system(struct output *output)
{
    const struct kdb_row_select *select = output->select;
    const struct kdb_table *table = select->relation->table;
    struct kdb_system_rows rows;
    KDB_TRY(kdb_system_rows_make(output->exec, table, select->keys, select->key_count, &rows));
    bool goes_on = true;
    for (size_t i = 0; i < rows.count && goes_on; i++) {
        output->eval->row = rows.rows[i];
        output->eval->row_schema = table->schema;
        bool is_match = true;
        if (select->filter)
            KDB_TRY(kdb_eval_filter(select->filter, output->eval, &is_match));
        if (is_match)
            KDB_TRY(visit(output, (kdb_slice){0}, rows.rows[i], &goes_on));
        kdb_arena_reset(output->eval->scratch);
        if (i % CHECK_EVERY == CHECK_EVERY - 1)
            KDB_TRY(kdb_ctx_check(output->exec->ctx));
    }
    return KDB_OK;
}

static kdb_status produce(struct output *output)
{
    const struct kdb_row_select *select = output->select;
    if (!select->relation)
        return select_nothing(output);
    if (select->relation->table->kind == KDB_TABLE_SYSTEM)
        return select_system(output);
    const struct search search = {output->exec, select, output->eval, visit, output};
    return output->limit == 0 ? KDB_OK : search_rows(&search);
}

static void arena_done(void *arg)
{
    kdb_arena_deinit(arg);
}

// An arena of its own that lives as long as the request's.
static struct kdb_arena *open_arena(struct kdb_exec *exec)
{
    struct kdb_arena *arena = KDB_ARENA_NEW(&exec->ctx->arena, struct kdb_arena);
    kdb_arena_init(arena, exec->ctx->arena.limit_bytes);
    kdb_arena_on_reset(&exec->ctx->arena, arena_done, arena);
    return arena;
}

kdb_status select_row(struct kdb_exec *exec)
{
    const struct kdb_row_select *select = exec->plan->row_select;
    struct kdb_arena *scratch = open_arena(exec);
    struct kdb_eval eval;
    exec_eval_init(exec, select->relation ? select->relation->table : NULL, scratch, &eval);
    struct output output = {.exec = exec, .select = select, .eval = &eval};
    output.sorts = select->order_count > 0 && !select->is_key_order;
    for (int i = 0; i < 2 && output.sorts; i++)
        output.rows[i] = open_arena(exec);
    output.values = kdb_arena_alloc(
        &exec->ctx->arena, (select->order_count + select->target_count + 1) * sizeof(kdb_value));
    KDB_TRY(exec_limits(exec, select->limit, select->offset, &output.limit, &output.offset));
    KDB_TRY(kdb_sink_begin(exec->sink, exec->ctx, exec->plan->outputs, exec->plan->output_count));
    KDB_TRY(produce(&output));
    return output.sorts ? emit_kept(&output) : KDB_OK;
}
