// SPDX-License-Identifier: Apache-2.0
// UPDATE and DELETE: find the rows, compute their new versions.
#include "base/assert.h"
#include "exec/exec_priv.h"
#include "types/key.h"
#include "types/row.h"

struct update {
    struct kdb_exec *exec;
    const struct kdb_update_plan *plan;
    bool is_delete;
    struct kdb_eval eval; // over the row found
    struct write_ops ops;
    kdb_value *values;  // of one row, in declared order
    struct kdb_buf key; // scratch
};

// All columns of a stored row as of now.
static void decode(struct update *update, kdb_slice row, const struct kdb_schema *row_schema)
{
    const struct kdb_schema *schema = update->plan->table->schema;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (row_schema == schema)
            kdb_row_get(schema, row, i, &update->values[i]);
        else
            kdb_row_get_column(row_schema, row, &schema->columns[i], &update->values[i]);
    }
}

// Sets one column; true when its value differs from what was there.
static bool assign(struct update *update, uint32_t column, const kdb_value *value)
{
    kdb_value *at = &update->values[column];
    if (kdb_value_same(at, value))
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
    decode(update, row, update->eval.row_schema);
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

static kdb_status sink_begin(void *self, struct kdb_ctx *ctx,
                             const struct kdb_output_column *columns, size_t count)
{
    (void)self;
    (void)ctx;
    (void)columns;
    (void)count;
    return KDB_OK;
}

static kdb_status sink_row(void *self, struct kdb_ctx *ctx, const kdb_value *values)
{
    struct update *update = self;
    const struct kdb_update_plan *plan = update->plan;
    kdb_buf_clear(&update->key);
    KDB_TRY(kdb_key_value(&update->key, ctx, &values[0]));
    kdb_slice key = kdb_arena_copy(&ctx->arena, kdb_buf_view(&update->key));
    kdb_slice row;
    KDB_TRY(row_get(update->exec, plan->table, update->exec->partition, key, &row));
    // The row has moved on since the engine read it: take what it is now, the committer compares
    // with that.
    if (!row.data || kdb_row_is_deleted(row))
        return KDB_OK;
    if (kdb_row_seq(row) != values[1].integer)
        return kdb_fail(
            ctx, KDB_ERR_CONFLICT,
            "a row was changed by another statement while this one searched, try again");
    decode(update, row, kdb_table_schema(plan->table, kdb_row_schema_version(row)));
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
    static const struct kdb_sink_ops ops = {sink_begin, sink_row};
    KDB_TRY(exec_require_worker(update->exec));
    const struct kdb_sink sink = {&ops, update};
    return select_engine(update->exec, &sink);
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
    kdb_arena_init(scratch, 0);
    kdb_arena_on_reset(&exec->ctx->arena, scratch_done, scratch);
    exec_eval_init(exec, update->plan->table, scratch, &update->eval);
    const struct search search = {exec, exec->plan->row_select, &update->eval, visit, update};
    return search_rows(&search);
}

kdb_status update_run(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    struct update update = {
        .exec = exec, .plan = exec->plan->update, .is_delete = exec->verb == KDB_VERB_DELETED};
    const struct kdb_table *table = update.plan->table;
    struct kdb_partition *partition;
    KDB_TRY(exec_partition(exec, table, &partition));
    exec->commit = (struct kdb_commit_request){
        .partition = partition, .removal_epoch = atomic_load(&partition->removal_epoch)};
    update.ops = (struct write_ops){.exec = exec, .table = table};
    update.values =
        kdb_arena_alloc(&exec->ctx->arena, table->schema->column_count * sizeof(kdb_value));
    kdb_status status = find_rows(&update);
    kdb_buf_deinit(&update.key);
    KDB_TRY(status);
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
