// SPDX-License-Identifier: Apache-2.0
// SELECT on the engine path: one consistent view of every table, its hot rows as a source, its cold
// rows as Parquet, the query as text.
#include "base/assert.h"
#include "exec/exec_priv.h"
#include "exec/partition_cache.h"
#include "exec/table_source.h"

// Below this many hot rows a scan of the store costs little more than one of the cache.
#define CACHED_ROWS_MIN 512

// How often a view is taken again because a flush changed a manifest meanwhile.
#define VIEW_TRIES 100

// One table of the statement.
struct table_input {
    const struct kdb_engine_source *plan;
    struct kdb_partition *partition; // NULL for system tables
    struct kdb_manifest *manifest;   // NULL: no cold rows
    uint64_t version;                // of the partition, before the view was opened
    bool is_exact;                   // the view has the rows exactly as of that version
    bool is_all_cold;                // and none of them is hot
    struct key_bounds bounds;
    struct kdb_system_rows system;
    struct table_source live; // rows the query sees
    struct table_source keys; // every hot key, tombstones included: what hides cold rows
    struct kdb_frozen_rows *frozen;
    kdb_slice text; // FROM item
};

struct engine_run {
    struct kdb_exec *exec;
    struct table_input *tables;
    size_t table_count;
    struct kdb_store_view *view;
    struct kdb_store_view *stream_view; // of STREAM tables, NULL: there are none
    struct kdb_row_source *sources;     // kdb_rows(0), …
    uint32_t source_count;
    const struct kdb_sink *sink;
    uint64_t rows_left; // that the settings let a client have
};

static void run_release(void *arg)
{
    struct engine_run *run = arg;
    for (size_t i = 0; i < run->table_count; i++) {
        kdb_frozen_rows_unref(run->tables[i].frozen);
        kdb_manifest_unref(run->tables[i].manifest);
        kdb_partition_unref(run->tables[i].partition);
    }
    kdb_store_view_close(run->view);
    kdb_store_view_close(run->stream_view);
}

// Whether a table has flushed rows that must be seen together with its hot ones.
static bool has_tiers(const struct table_input *input)
{
    return input->partition && !kdb_partition_is_stream(input->partition);
}

// ---- one view of all tables ----

static kdb_status open_partitions(struct engine_run *run)
{
    struct kdb_exec *exec = run->exec;
    for (size_t i = 0; i < run->table_count; i++) {
        struct table_input *input = &run->tables[i];
        const struct kdb_table *table = input->plan->relation->table;
        if (table->kind == KDB_TABLE_SYSTEM) {
            KDB_TRY(kdb_system_rows_make(exec, table, input->plan->keys, input->plan->key_count,
                                         &input->system));
            continue;
        }
        KDB_TRY(kdb_exec_open_partition(exec, table, &input->partition));
        KDB_TRY(key_bounds_make(exec, table, input->plan->keys, input->plan->key_count,
                                &input->bounds));
        input->bounds.is_empty = input->bounds.is_empty || exec_is_unheard(input->partition);
        if (table->kind == KDB_TABLE_STREAM && !run->stream_view)
            run->stream_view = kdb_store_view_open(exec_store(exec, table));
    }
    return KDB_OK;
}

static kdb_status acquire_manifests(struct engine_run *run)
{
    for (size_t i = 0; i < run->table_count; i++) {
        struct table_input *input = &run->tables[i];
        if (!has_tiers(input))
            continue;
        kdb_manifest_unref(input->manifest);
        input->manifest = NULL;
        KDB_TRY(kdb_manifest_acquire(run->exec->services->segments, input->partition,
                                     run->exec->ctx, run->exec->tier, &input->manifest));
        input->version = atomic_load(&input->partition->version);
    }
    return KDB_OK;
}

static kdb_status are_manifests_current(struct engine_run *run, bool *ret)
{
    *ret = true;
    for (size_t i = 0; i < run->table_count && *ret; i++) {
        struct table_input *input = &run->tables[i];
        if (!has_tiers(input))
            continue;
        struct kdb_manifest *now;
        KDB_TRY(kdb_manifest_acquire(run->exec->services->segments, input->partition,
                                     run->exec->ctx, run->exec->tier, &now));
        *ret = now == input->manifest;
        kdb_manifest_unref(now);
    }
    return KDB_OK;
}

static void check_versions(struct engine_run *run)
{
    for (size_t i = 0; i < run->table_count; i++) {
        struct table_input *input = &run->tables[i];
        if (!has_tiers(input))
            continue;
        int64_t hot_rows = atomic_load(&input->partition->hot_rows); // before the version
        input->is_exact =
            input->version % 2 == 0 && atomic_load(&input->partition->version) == input->version;
        input->is_all_cold = input->is_exact && hot_rows == 0;
    }
}

static kdb_status open_view(struct engine_run *run)
{
    for (int i = 0; i < VIEW_TRIES; i++) {
        bool is_current;
        KDB_TRY(acquire_manifests(run));
        kdb_store_view_close(run->view);
        run->view = kdb_store_view_open(run->exec->services->store);
        check_versions(run);
        KDB_TRY(are_manifests_current(run, &is_current));
        if (is_current)
            return KDB_OK;
    }
    return kdb_fail(run->exec->ctx, KDB_ERR_CONFLICT,
                    "flushes kept changing the tables of the statement, try again");
}

// ---- the FROM items ----

static uint32_t add_source(struct engine_run *run, struct kdb_row_source source)
{
    run->sources[run->source_count] = source;
    return run->source_count++;
}

static void prepare(struct engine_run *run, struct table_input *input, bool hides_deleted,
                    struct table_source *ret)
{
    const struct kdb_table *table = input->plan->relation->table;
    *ret = (struct table_source){.store = exec_store(run->exec, table),
                                 .view =
                                     table->kind == KDB_TABLE_STREAM ? run->stream_view : run->view,
                                 .table = table,
                                 .relation = input->plan->relation,
                                 .hides_deleted = hides_deleted};
    if (!input->partition) {
        ret->system = &input->system;
        return;
    }
    ret->prefix = input->partition->prefix;
    const struct key_bounds *bounds = &input->bounds;
    ret->first = bounds->first;
    ret->end = bounds->end;
    if (bounds->has_points && bounds->point_count > 0) {
        // A few keys: the range from the first to just behind the last.
        struct kdb_arena *arena = &run->exec->ctx->arena;
        kdb_slice last = bounds->points[bounds->point_count - 1];
        ret->first = bounds->points[0];
        ret->end = kdb_arena_copy(arena, last);
        ret->end.len++; // the copy has a NUL behind it
    }
    if (bounds->is_empty) {
        ret->first = KDB_LIT("\xFF");
        ret->end = KDB_LIT("\xFF");
    }
}

// The live rows of a partition from the cache, filling it on the way; input->frozen stays NULL when
// it is not worth it.
static kdb_status frozen_rows(struct engine_run *run, struct table_input *input,
                              const struct kdb_row_source *source)
{
    struct kdb_partition_cache *cache = run->exec->services->cache;
    bool is_whole = !input->bounds.has_points && !input->bounds.first.data &&
                    !input->bounds.end.data && !input->plan->relation->shows_deleted;
    if (!cache || !is_whole || !input->is_exact ||
        atomic_load(&input->partition->hot_rows) < CACHED_ROWS_MIN)
        return KDB_OK;
    const struct kdb_partition_state state = {input->partition, input->version,
                                              input->plan->relation->table->schema->version};
    input->frozen = kdb_partition_cache_get(cache, &state);
    if (input->frozen)
        return KDB_OK;
    kdb_status status = kdb_frozen_rows_build(source, run->exec->ctx,
                                              kdb_partition_cache_entry_max(cache), &input->frozen);
    if (status == KDB_ERR_LIMIT_EXCEEDED) {
        kdb_ctx_clear_error(run->exec->ctx); // larger than an entry may be: it is scanned
        return KDB_OK;
    }
    KDB_TRY(status);
    kdb_partition_cache_put(cache, &state, input->frozen);
    return KDB_OK;
}

static void hot_only_text(struct engine_run *run, struct table_input *input, uint32_t source)
{
    input->text = kdb_arena_printf(&run->exec->ctx->arena, "kdb_rows(%u)", source);
}

// The columns the statement reads (at least one) of a relation, for both halves of hot and cold.
static struct kdb_cold_column *cold_columns(struct kdb_exec *exec,
                                            const struct kdb_relation *relation, uint32_t *ret)
{
    const struct kdb_schema *schema = relation->table->schema;
    struct kdb_cold_column *columns =
        kdb_arena_array(&exec->ctx->arena, relation->column_count, sizeof(*columns));
    uint32_t count = 0;
    for (uint32_t i = 0; i < relation->column_count; i++) {
        if (!relation->is_column_used[i] && !relation->columns[i].is_key)
            continue;
        const struct kdb_column *column = i < schema->column_count ? &schema->columns[i] : NULL;
        columns[count++] = (struct kdb_cold_column){
            .index = i,
            .column_id = relation->columns[i].id,
            .type = relation->columns[i].type,
            .missing = column && column->default_kind == KDB_DEFAULT_VALUE ? &column->default_value
                                                                           : NULL};
    }
    *ret = count;
    return columns;
}

// Whether some cold key may be hidden by a hot one.
static bool ranges_meet(const struct kdb_manifest *manifest, kdb_slice hot_min, kdb_slice hot_max)
{
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        const struct kdb_segment *segment = manifest->segments[i];
        if (kdb_slice_compare(hot_max, segment->min_key) >= 0 &&
            kdb_slice_compare(hot_min, segment->max_key) <= 0)
            return true;
    }
    return false;
}

static kdb_status merged_text(struct engine_run *run, struct table_input *input, uint32_t live)
{
    struct kdb_exec *exec = run->exec;
    const struct kdb_relation *relation = input->plan->relation;
    bool has_hot = false;
    kdb_slice hot_min = {0};
    kdb_slice hot_max = {0};
    prepare(run, input, false, &input->keys);
    if (!input->is_all_cold)
        KDB_TRY(table_source_hot_range(&input->keys, exec->ctx, &has_hot, &hot_min, &hot_max));
    struct kdb_eval eval;
    exec_eval_init(exec, relation->table, &exec->ctx->arena, &eval);
    struct segment_pruner pruner;
    prune_init(&pruner, relation, input->plan->filter, &eval);
    struct kdb_cold_text cold = {.manifest = input->manifest,
                                 .table = relation->table,
                                 .range = {.first = input->keys.first, .end = input->keys.end},
                                 .skip = pruner.skip,
                                 .keeps_deleted = relation->shows_deleted};
    cold.columns = cold_columns(exec, relation, &cold.column_count);
    if (has_hot && ranges_meet(input->manifest, hot_min, hot_max)) {
        struct kdb_row_source source;
        table_source_init(&input->keys, exec->ctx, &source);
        uint32_t number = add_source(run, source);
        cold.hot_keys = kdb_arena_printf(&exec->ctx->arena, "(SELECT c%u AS k FROM kdb_rows(%u))",
                                         relation->table->schema->key_index, number);
    }
    struct kdb_buf text = {0};
    kdb_buf_put(&text, '(');
    size_t before = text.len;
    bool has_cold = kdb_cold_write_text(&cold, &text);
    if (has_hot || !has_cold) {
        if (text.len > before)
            KDB_BUF_LIT(&text, " UNION ALL ");
        for (uint32_t i = 0; i < cold.column_count; i++)
            kdb_buf_printf(&text, "%sc%u", i == 0 ? "SELECT " : ", ", cold.columns[i].index);
        kdb_buf_printf(&text, " FROM kdb_rows(%u)", live);
    }
    kdb_buf_put(&text, ')');
    input->text = kdb_arena_copy(&exec->ctx->arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return KDB_OK;
}

static kdb_status make_sources(struct engine_run *run)
{
    struct kdb_exec *exec = run->exec;
    run->sources =
        kdb_arena_array(&exec->ctx->arena, 2 * run->table_count + 1, sizeof(*run->sources));
    for (size_t i = 0; i < run->table_count; i++) {
        struct table_input *input = &run->tables[i];
        prepare(run, input, !input->plan->relation->shows_deleted, &input->live);
        struct kdb_row_source source;
        table_source_init(&input->live, exec->ctx, &source);
        if (input->partition) {
            KDB_TRY(frozen_rows(run, input, &source));
            source.row_estimate = (uint64_t)atomic_load(&input->partition->hot_rows);
        }
        uint32_t number =
            add_source(run, input->frozen ? kdb_frozen_rows_source(input->frozen) : source);
        if (input->manifest)
            KDB_TRY(merged_text(run, input, number));
        else
            hot_only_text(run, input, number);
    }
    return KDB_OK;
}

// ---- running ----

static kdb_status sink_begin(void *self, struct kdb_ctx *ctx,
                             const struct kdb_engine_column *columns, uint32_t column_count)
{
    (void)columns;
    (void)column_count;
    struct engine_run *run = self;
    const struct kdb_plan *plan = run->exec->plan;
    return kdb_sink_begin(run->sink, ctx, plan->outputs, plan->output_count);
}

static kdb_status sink_rows(void *self, struct kdb_ctx *ctx, const kdb_value *values,
                            uint32_t row_count)
{
    struct engine_run *run = self;
    size_t width = run->exec->plan->query->target_count;
    for (uint32_t i = 0; i < row_count && run->rows_left > 0; i++, run->rows_left--)
        KDB_TRY(kdb_sink_row(run->sink, ctx, values + i * width));
    return KDB_OK;
}

static kdb_status execute(struct engine_run *run)
{
    static const struct kdb_engine_sink_ops ops = {sink_begin, sink_rows};
    struct kdb_exec *exec = run->exec;
    const struct kdb_query *query = exec->plan->query;
    kdb_slice *texts = kdb_arena_array(&exec->ctx->arena, run->table_count + 1, sizeof(kdb_slice));
    for (size_t i = 0; i < run->table_count; i++)
        texts[i] = run->tables[i].text;
    struct engine_text text = {0};
    kdb_status status = engine_text_write(exec, texts, &text);
    kdb_slice sql = kdb_arena_copy(&exec->ctx->arena, kdb_buf_view(&text.sql));
    kdb_buf_deinit(&text.sql);
    KDB_TRY(status);
    kdb_value *params = kdb_arena_array(&exec->ctx->arena, text.param_count + 1, sizeof(kdb_value));
    for (size_t i = 0; i < text.param_count; i++)
        params[i] =
            text.params[i].is_input ? exec->inputs[text.params[i].input] : text.params[i].value;
    kdb_type *types = kdb_arena_array(&exec->ctx->arena, query->target_count + 1, sizeof(kdb_type));
    for (size_t i = 0; i < query->target_count; i++)
        types[i] = query->targets[i].expr->type;
    const struct kdb_engine_statement statement = {.sql = sql,
                                                   .params = params,
                                                   .param_count = (uint32_t)text.param_count,
                                                   .sources = run->sources,
                                                   .source_count = run->source_count,
                                                   // SELECT without columns: one to count rows
                                                   .columns = query->target_count ? types : NULL,
                                                   .column_count = (uint32_t)query->target_count};
    const struct kdb_engine_sink sink = {&ops, run};
    return kdb_engine_execute(exec->connection, exec->ctx, &statement, &sink);
}

kdb_status select_engine(struct kdb_exec *exec, const struct kdb_sink *sink)
{
    KDB_TRY(exec_require_worker(exec));
    KDB_TRY(exec_connect(exec));
    const struct kdb_plan *plan = exec->plan;
    struct engine_run *run = KDB_ARENA_NEW(&exec->ctx->arena, struct engine_run);
    run->exec = exec;
    run->sink = sink;
    run->table_count = plan->source_count;
    run->tables =
        kdb_arena_array(&exec->ctx->arena, plan->source_count + 1, sizeof(struct table_input));
    for (size_t i = 0; i < plan->source_count; i++)
        run->tables[i].plan = &plan->sources[i];
    kdb_arena_on_reset(&exec->ctx->arena, run_release, run);
    // LIMIT and OFFSET as written are in the text; here they are only checked.
    uint64_t offset;
    KDB_TRY(exec_limits(exec, plan->query->limit, plan->query->offset, &run->rows_left, &offset));
    KDB_TRY(open_partitions(run));
    KDB_TRY(open_view(run));
    KDB_TRY(make_sources(run));
    return execute(run);
}
