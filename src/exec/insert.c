// SPDX-License-Identifier: Apache-2.0
// INSERT: rows from VALUES or a query, each key checked against this statement, the hot and the
// cold tier.
#include "base/assert.h"
#include "exec/exec_priv.h"
#include "types/cast.h"
#include "types/key.h"
#include "types/row.h"

// Between checks of deadline and memory.
#define CHECK_EVERY 256

// An INSERT of more rows looks at the hot tier on its first try already.
#define BLIND_ROWS_MAX 1000

struct insert {
    struct kdb_exec *exec;
    const struct kdb_insert_plan *plan;
    struct kdb_partition *partition;
    struct write_ops ops;
    kdb_value *values;  // of one row, in declared order
    struct kdb_buf key; // scratch
    size_t row_number;
    // Keys of this statement, to find duplicates: open addressing over indexes into ops + 1.
    uint32_t *seen;
    size_t seen_capacity;
};

// ---- duplicate keys ----

static kdb_status duplicate(struct insert *insert, const kdb_value *key, size_t row_number,
                            const char *where)
{
    struct kdb_buf text = {0};
    kdb_value_print(key, &text);
    const struct kdb_table *table = insert->plan->table;
    kdb_status status = kdb_fail(insert->exec->ctx, KDB_ERR_ALREADY_EXISTS,
                                 "primary key violation: %.*s = %.*s %s (table %.*s.%.*s, row %zu)",
                                 KDB_ARG(table->schema->columns[table->schema->key_index].name),
                                 KDB_ARG(kdb_buf_view(&text)), where, KDB_ARG(table->space),
                                 KDB_ARG(table->name), row_number);
    kdb_buf_deinit(&text);
    return status;
}

static void grow_seen(struct insert *insert)
{
    insert->seen_capacity = insert->seen_capacity ? insert->seen_capacity * 2 : 64;
    insert->seen =
        kdb_arena_array(&insert->exec->ctx->arena, insert->seen_capacity, sizeof(*insert->seen));
    size_t mask = insert->seen_capacity - 1;
    for (size_t i = 0; i < insert->ops.count; i++) {
        size_t at = kdb_slice_hash(insert->ops.items[i].key) & mask;
        while (insert->seen[at])
            at = (at + 1) & mask;
        insert->seen[at] = (uint32_t)(i + 1);
    }
}

// Notes the key that will be ops.items[ops.count]; false when it is there already.
static bool note_key(struct insert *insert, kdb_slice key)
{
    if ((insert->ops.count + 1) * 2 > insert->seen_capacity)
        grow_seen(insert);
    size_t mask = insert->seen_capacity - 1;
    size_t at = kdb_slice_hash(key) & mask;
    while (insert->seen[at]) {
        if (kdb_slice_equal(insert->ops.items[insert->seen[at] - 1].key, key))
            return false;
        at = (at + 1) & mask;
    }
    insert->seen[at] = (uint32_t)(insert->ops.count + 1);
    return true;
}

// What is known of an operation's key: nothing, or a tombstone. A live row is the duplicate error.
static kdb_status look_up(struct insert *insert, struct kdb_row_op *op, size_t row_number)
{
    const struct kdb_table *table = insert->plan->table;
    kdb_slice row;
    KDB_TRY(row_get(insert->exec, table, insert->partition, op->key, &row));
    if (!row.data)
        return KDB_OK;
    if (kdb_row_is_deleted(row)) {
        op->expected_seq = kdb_row_seq(row);
        return KDB_OK;
    }
    kdb_value key;
    size_t taken;
    kdb_type type = table->schema->columns[table->schema->key_index].type;
    KDB_TRY(kdb_key_read(op->key, insert->exec->ctx, type, &key, &taken));
    return duplicate(insert, &key, row_number, "already exists");
}

// The first try only asks what answers without reading rows: if the hot tier has a key after all,
// the committer says so and the second try looks properly. So does the first one of many rows: a
// flush that runs meanwhile would make it all be done again.
static kdb_status look_up_all(struct insert *insert, int64_t seen_seq)
{
    struct kdb_exec *exec = insert->exec;
    bool is_blind = exec->attempts == 0 && insert->ops.count <= BLIND_ROWS_MAX;
    struct kdb_manifest *manifest = NULL;
    exec->commit.seen_seq = is_blind ? 0 : seen_seq;
    if (is_blind)
        KDB_TRY(kdb_manifest_acquire(exec->services->segments, insert->partition, exec->ctx,
                                     exec->tier, &manifest));
    kdb_status status = KDB_OK;
    for (size_t i = 0; status == KDB_OK && i < insert->ops.count; i++) {
        struct kdb_row_op *op = &insert->ops.items[i];
        if (!is_blind || (manifest && !kdb_cold_excludes(manifest, op->key)))
            status = look_up(insert, op, i + 1);
        if (status == KDB_OK && i % CHECK_EVERY == CHECK_EVERY - 1)
            status = kdb_ctx_check(exec->ctx);
    }
    kdb_manifest_unref(manifest);
    return status;
}

static kdb_status add_row(struct insert *insert)
{
    struct kdb_exec *exec = insert->exec;
    const struct kdb_table *table = insert->plan->table;
    insert->row_number++;
    KDB_TRY(write_check_not_null(exec, table, insert->values, insert->row_number));
    if (table->kind == KDB_TABLE_STREAM) // its key will be the _seq it gets
        return write_op_add(&insert->ops, insert->values, false,
                            (struct kdb_row_op){.live_delta = 1});
    const kdb_value *key = &insert->values[table->schema->key_index];
    kdb_buf_clear(&insert->key);
    KDB_TRY(kdb_key_value(&insert->key, exec->ctx, key));
    struct kdb_row_op op = {.key = kdb_arena_copy(&exec->ctx->arena, kdb_buf_view(&insert->key)),
                            .live_delta = 1};
    if (!note_key(insert, op.key))
        return duplicate(insert, key, insert->row_number, "appears twice in this statement");
    return write_op_add(&insert->ops, insert->values, false, op);
}

// ---- sources ----

static kdb_status insert_values(struct insert *insert)
{
    const struct kdb_insert_plan *plan = insert->plan;
    const struct kdb_schema *schema = plan->table->schema;
    struct kdb_eval eval;
    if (plan->row_count > EXEC_LOOP_ROWS_MAX)
        KDB_TRY(exec_require_worker(insert->exec));
    exec_eval_init(insert->exec, plan->table, &insert->exec->ctx->arena, &eval);
    for (size_t row = 0; row < plan->row_count; row++) {
        for (uint32_t i = 0; i < schema->column_count; i++) {
            int source = plan->source_of[i];
            const struct kdb_expr *expr = source >= 0 ? plan->rows[row][source] : NULL;
            if (expr)
                KDB_TRY(kdb_eval(expr, &eval, &insert->values[i]));
            else
                KDB_TRY(write_default(insert->exec, &schema->columns[i], &insert->values[i]));
        }
        KDB_TRY(add_row(insert));
    }
    return KDB_OK;
}

static kdb_status sink_row(void *self, struct kdb_ctx *ctx, const kdb_value *values)
{
    (void)ctx;
    struct insert *insert = self;
    const struct kdb_schema *schema = insert->plan->table->schema;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        int source = insert->plan->source_of[i];
        if (source >= 0)
            insert->values[i] = values[source];
        else
            KDB_TRY(write_default(insert->exec, &schema->columns[i], &insert->values[i]));
    }
    return add_row(insert);
}

// INSERT … SELECT: the query runs to the end before keys are looked up (which needs the connection
// it runs on) and anything is written.
static kdb_status insert_query(struct insert *insert)
{
    static const struct kdb_sink_ops ops = {.row = sink_row};
    struct kdb_exec *exec = insert->exec;
    KDB_TRY(exec_require_worker(exec));
    const struct kdb_sink sink = {&ops, insert};
    const struct kdb_sink *outer = exec->sink;
    exec->sink = &sink;
    // The query may read another table: it gets a partition of its own.
    struct kdb_partition *target = exec->partition;
    exec->partition = NULL;
    kdb_status status =
        exec->plan->path == KDB_PATH_ROW ? select_row(exec) : select_engine(exec, &sink);
    kdb_partition_unref(exec->partition);
    exec->partition = target;
    exec->sink = outer;
    return status;
}

kdb_status insert_run(struct kdb_exec *exec, kdb_exec_step *ret_step)
{
    struct insert insert = {.exec = exec, .plan = exec->plan->insert};
    const struct kdb_table *table = insert.plan->table;
    KDB_TRY(exec_partition(exec, table, &insert.partition));
    int64_t seen_seq = kdb_committer_last_seq(exec->services->committer);
    exec->commit =
        (struct kdb_commit_request){.partition = insert.partition,
                                    .removal_epoch = atomic_load(&insert.partition->removal_epoch),
                                    .turn = &exec->turn};
    insert.ops = (struct write_ops){.exec = exec, .table = table};
    insert.values =
        kdb_arena_alloc(&exec->ctx->arena, table->schema->column_count * sizeof(kdb_value));
    kdb_status status = insert.plan->rows ? insert_values(&insert) : insert_query(&insert);
    if (status == KDB_OK && table->kind != KDB_TABLE_STREAM)
        status = look_up_all(&insert, seen_seq);
    kdb_buf_deinit(&insert.key);
    write_ops_deinit(&insert.ops);
    KDB_TRY(status);
    exec->commit.ops = insert.ops.items;
    exec->commit.op_count = insert.ops.count;
    exec->affected = insert.ops.count;
    if (insert.ops.count == 0)
        exec->message = KDB_LIT("Inserted 0 row(s)");
    else
        *ret_step = KDB_EXEC_COMMIT;
    return KDB_OK;
}
