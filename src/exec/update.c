// SPDX-License-Identifier: Apache-2.0
// UPDATE and DELETE: find the rows, compute their new versions.
#include <math.h>

#include "base/assert.h"
#include "exec/exec_priv.h"
#include "types/key.h"
#include "types/row.h"

struct update {
    struct kdb_exec *exec;
    const struct kdb_update_plan *plan;
    bool is_delete;
    bool has_moved;       // a row found by the engine was changed meanwhile
    struct kdb_eval eval; // over the row found
    struct write_ops ops;
    kdb_value *values;  // of one row, in declared order
    struct kdb_buf key; // scratch
    kdb_value **found;  // rows found by the engine: key, _seq, new values; ctx arena
    size_t found_count, found_capacity;
};

// Whether storing `b` in place of `a` would change nothing. -0 equals 0, but is another value.
static bool is_unchanged(const kdb_value *a, const kdb_value *b)
{
    bool is_real = a->kind == KDB_DOUBLE || a->kind == KDB_FLOAT;
    if (is_real && !a->is_null && !b->is_null && signbit(a->real) != signbit(b->real))
        return false;
    return kdb_value_same(a, b);
}

// Sets one column; true when its value differs from what was there.
static bool assign(struct update *update, uint32_t column, const kdb_value *value)
{
    kdb_value *at = &update->values[column];
    if (is_unchanged(at, value))
        return false;
    *at = kdb_value_copy(&update->exec->ctx->arena, value);
    return true;
}

static kdb_status add_op(struct update *update, kdb_slice key, kdb_slice row)
{
    struct kdb_arena *arena = &update->exec->ctx->arena;
    struct kdb_row_op op = {.key = kdb_arena_copy(arena, key),
                            .expected_seq = kdb_row_seq(row),
                            .old_row = kdb_arena_copy(arena, row),
                            .live_delta = update->is_delete ? -1 : 0};
    if (!update->is_delete)
        KDB_TRY(write_check_not_null(update->exec, update->plan->table, update->values,
                                     update->ops.count + 1));
    return write_op_add(&update->ops, update->values, update->is_delete, op);
}

// A row found by the row path: new values are computed over it.
static kdb_status visit(void *self, kdb_slice key, kdb_slice row, bool *ret_goes_on)
{
    (void)ret_goes_on;
    struct update *update = self;
    if (kdb_row_is_deleted(row))
        return KDB_OK; // WHERE may speak of _deleted, but what is deleted stays so
    KDB_TRY(write_decode_row(update->exec, update->plan->table, row, update->values));
    bool is_changed = update->is_delete;
    const struct kdb_update_plan *plan = update->plan;
    kdb_value *news =
        kdb_arena_alloc(update->eval.scratch, (plan->assignment_count + 1) * sizeof(kdb_value));
    for (size_t i = 0; i < plan->assignment_count; i++) {
        const struct kdb_column *column = &plan->table->schema->columns[plan->columns[i]];
        if (plan->values[i])
            KDB_TRY(kdb_eval(plan->values[i], &update->eval, &news[i]));
        else
            KDB_TRY(write_default(update->exec, column, &news[i]));
    }
    // All new values are computed over the old row before the first is set.
    for (size_t i = 0; i < plan->assignment_count; i++)
        is_changed = assign(update, plan->columns[i], &news[i]) || is_changed;
    return is_changed ? add_op(update, key, row) : KDB_OK;
}

// ---- rows found by the engine: key, _seq, new values ----

// The engine's connection is busy until it has found all of them: rows are only noted.
static kdb_status sink_row(void *self, struct kdb_ctx *ctx, const kdb_value *values)
{
    struct update *update = self;
    size_t count = 2 + update->plan->assignment_count;
    kdb_value *found = kdb_arena_alloc(&ctx->arena, count * sizeof(kdb_value));
    for (size_t i = 0; i < count; i++)
        found[i] = kdb_value_copy(&ctx->arena, &values[i]);
    KDB_PUSH(&ctx->arena, update->found, update->found_count, update->found_capacity, found);
    return kdb_ctx_check(ctx);
}

static kdb_status change_found(struct update *update, const kdb_value *values)
{
    struct kdb_ctx *ctx = update->exec->ctx;
    const struct kdb_update_plan *plan = update->plan;
    kdb_buf_clear(&update->key);
    KDB_TRY(kdb_key_value(&update->key, ctx, &values[0]));
    kdb_slice key = kdb_buf_view(&update->key);
    kdb_slice row;
    KDB_TRY(row_get(update->exec, plan->table, update->exec->partition, key, &row));
    if (!row.data || kdb_row_is_deleted(row))
        return KDB_OK;
    if (kdb_row_seq(row) != values[1].integer) {
        update->has_moved = true;
        return KDB_OK;
    }
    KDB_TRY(write_decode_row(update->exec, plan->table, row, update->values));
    bool is_changed = update->is_delete;
    for (size_t i = 0; i < plan->assignment_count; i++) {
        kdb_value value = values[2 + i];
        const struct kdb_column *column = &plan->table->schema->columns[plan->columns[i]];
        if (!plan->values[i])
            KDB_TRY(write_default(update->exec, column, &value));
        is_changed = assign(update, plan->columns[i], &value) || is_changed;
    }
    return is_changed ? add_op(update, key, row) : KDB_OK;
}

static kdb_status search_with_engine(struct update *update)
{
    static const struct kdb_sink_ops ops = {.row = sink_row};
    const struct kdb_sink sink = {&ops, update};
    KDB_TRY(select_engine(update->exec, &sink));
    for (size_t i = 0; i < update->found_count && !update->has_moved; i++)
        KDB_TRY(change_found(update, update->found[i]));
    return KDB_OK;
}

static void scratch_done(void *arg)
{
    kdb_arena_deinit(arg);
}

static kdb_status find_rows(struct update *update)
{
    struct kdb_exec *exec = update->exec;
    bool can_eval = exec->plan->path == KDB_PATH_ROW;
    if (!can_eval)
        return search_with_engine(update);
    struct kdb_arena *scratch = KDB_ARENA_NEW(&exec->ctx->arena, struct kdb_arena);
    kdb_arena_init(scratch, exec->ctx->arena.limit_bytes);
    kdb_arena_on_reset(&exec->ctx->arena, scratch_done, scratch);
    exec_eval_init(exec, update->plan->table, scratch, &update->eval);
    const struct search search = {exec, exec->plan->row_select, &update->eval, visit, update};
    return search_rows(&search);
}

// Fills update->ops from one run of the statement.
static kdb_status run_once(struct update *update)
{
    struct kdb_exec *exec = update->exec;
    const struct kdb_table *table = update->plan->table;
    struct kdb_partition *partition;
    KDB_TRY(exec_partition(exec, table, &partition));
    exec->commit =
        (struct kdb_commit_request){.partition = partition,
                                    .removal_epoch = atomic_load(&partition->removal_epoch),
                                    .seen_seq = kdb_committer_last_seq(exec->services->committer),
                                    .turn = &exec->turn};
    update->ops = (struct write_ops){.exec = exec, .table = table};
    update->values =
        kdb_arena_alloc(&exec->ctx->arena, table->schema->column_count * sizeof(kdb_value));
    kdb_status status = find_rows(update);
    kdb_buf_deinit(&update->key);
    write_ops_deinit(&update->ops);
    return status;
}

kdb_status update_run(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    struct update update;
    for (;;) {
        update = (struct update){
            .exec = exec, .plan = exec->plan->update, .is_delete = exec->verb == KDB_VERB_DELETED};
        KDB_TRY(run_once(&update));
        if (!update.has_moved)
            break;
        KDB_TRY(exec_count_attempt(exec));
    }
    exec->commit.ops = update.ops.items;
    exec->commit.op_count = update.ops.count;
    exec->affected = update.ops.count;
    if (update.ops.count == 0)
        exec->message =
            update.is_delete ? KDB_LIT("Deleted 0 row(s)") : KDB_LIT("Updated 0 row(s)");
    else
        *ret_step = KDB_EXEC_COMMIT;
    return KDB_OK;
}
