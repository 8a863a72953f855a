// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: what a plan would do, for administrators. No row of a table is read and no path of a
// file is shown.
#include "auth/rights.h"
#include "base/utf8.h"
#include "exec/exec_priv.h"
#include "exec/explain_priv.h"
#include "exec/row_writer.h"
#include "segments/manifest.h"

// Longer texts are cut: a plan is to be read.
#define TEXT_BYTES_MAX ((size_t)32 * 1024)

static const struct kdb_output_column columns[] = {
    {.name = KDB_LIT_INIT("plan_type"), .type = {.kind = KDB_TEXT}, .is_not_null = true},
    {.name = KDB_LIT_INIT("plan"), .type = {.kind = KDB_TEXT}, .is_not_null = true},
};

kdb_status explain_line(struct row_writer *writer, const char *type, kdb_slice text)
{
    row_writer_cstr(writer, type);
    row_writer_text(writer, text);
    return row_writer_end(writer);
}

// A line from a buffer, which is freed.
static kdb_status buffered_line(struct row_writer *writer, const char *type, struct kdb_buf *text)
{
    kdb_slice copy = kdb_arena_printf(&writer->exec->ctx->arena, "%.*s%s",
                                      KDB_ARG(kdb_buf_view(text)), text->is_exceeded ? " …" : "");
    kdb_buf_deinit(text);
    return explain_line(writer, type, copy);
}

// ---- one table ----

// What the statement reads of one table.
struct access {
    const struct kdb_relation *relation;
    const struct kdb_expr *filter;
    const struct kdb_key_condition *keys;
    size_t key_count;
};

static kdb_status print_condition(struct row_writer *writer, kdb_slice key,
                                  const struct kdb_key_condition *condition, struct kdb_buf *out)
{
    static const char *const words[] = {
        [KDB_KEY_EQUAL] = "=",       [KDB_KEY_IN] = "IN",     [KDB_KEY_LESS] = "<",
        [KDB_KEY_LESS_EQUAL] = "<=", [KDB_KEY_GREATER] = ">", [KDB_KEY_GREATER_EQUAL] = ">="};
    kdb_buf_printf(out, "%.*s %s ", KDB_ARG(key), words[condition->op]);
    bool is_list = condition->op == KDB_KEY_IN;
    if (is_list)
        kdb_buf_put(out, '(');
    for (size_t i = 0; i < condition->value_count; i++) {
        KDB_TRY(kdb_ctx_check(writer->exec->ctx));
        if (i > 0)
            KDB_BUF_LIT(out, ", ");
        explain_expr_print(writer->exec, condition->values[i], out);
    }
    if (is_list)
        kdb_buf_put(out, ')');
    return KDB_OK;
}

static kdb_status key_line(struct row_writer *writer, const struct access *access)
{
    const struct kdb_schema *schema = access->relation->table->schema;
    struct kdb_buf text = {.limit = TEXT_BYTES_MAX};
    kdb_slice key = access->relation->table->kind == KDB_TABLE_STREAM
                        ? KDB_LIT("_seq")
                        : schema->columns[schema->key_index].name;
    kdb_status status = KDB_OK;
    if (access->key_count == 0)
        KDB_BUF_LIT(&text, "every key");
    for (size_t i = 0; i < access->key_count && status == KDB_OK; i++) {
        if (i > 0)
            KDB_BUF_LIT(&text, " AND ");
        status = print_condition(writer, key, &access->keys[i], &text);
    }
    if (status == KDB_OK)
        return buffered_line(writer, "key", &text);
    kdb_buf_deinit(&text);
    return status;
}

static bool is_outside(const struct key_bounds *bounds, const struct kdb_segment *segment)
{
    if (bounds->is_empty)
        return true;
    if (bounds->has_points) {
        for (size_t i = 0; i < bounds->point_count; i++) {
            if (kdb_slice_compare(bounds->points[i], segment->min_key) >= 0 &&
                kdb_slice_compare(bounds->points[i], segment->max_key) <= 0)
                return false;
        }
        return true;
    }
    return (bounds->first.data && kdb_slice_compare(segment->max_key, bounds->first) < 0) ||
           (bounds->end.data && kdb_slice_compare(segment->min_key, bounds->end) >= 0);
}

// How many of the caller's segments the statement would open.
static kdb_status segment_line(struct row_writer *writer, const struct access *access,
                               const struct kdb_manifest *manifest)
{
    struct kdb_exec *exec = writer->exec;
    if (!manifest)
        return explain_line(writer, "segments", KDB_LIT("no flushed rows"));
    struct key_bounds bounds;
    KDB_TRY(
        key_bounds_make(exec, access->relation->table, access->keys, access->key_count, &bounds));
    struct kdb_eval eval;
    exec_eval_init(exec, access->relation->table, &exec->ctx->arena, &eval);
    struct segment_pruner pruner;
    prune_init(&pruner, access->relation, access->filter, &eval);
    uint32_t outside = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (is_outside(&bounds, manifest->segments[i]))
            outside++;
        else if (!manifest->overlaps[i])
            (void)pruner.skip.skips(pruner.skip.self, manifest->segments[i]);
    }
    return explain_line(
        writer, "segments",
        kdb_arena_printf(&exec->ctx->arena,
                         "%u with %lld rows: %u outside of the key bounds, %u skipped by "
                         "statistics, %u to read",
                         manifest->segment_count, (long long)manifest->row_count, outside,
                         pruner.skipped, manifest->segment_count - outside - pruner.skipped));
}

// The caller's rows of the table, hot and cold.
static kdb_status partition_lines(struct row_writer *writer, const struct access *access)
{
    struct kdb_exec *exec = writer->exec;
    const struct kdb_table *table = access->relation->table;
    kdb_slice user = table->kind == KDB_TABLE_SHARED ? KDB_LIT("") : exec->user;
    struct kdb_partition *partition;
    struct kdb_manifest *manifest = NULL;
    KDB_TRY(kdb_partition_open(exec->services->partitions, exec->ctx, table->id, user, exec->tier,
                               &partition));
    if (!partition)
        return exec_require_worker(exec);
    int64_t hot = atomic_load(&partition->hot_rows);
    kdb_status status =
        kdb_manifest_acquire(exec->services->segments, partition, exec->ctx, exec->tier, &manifest);
    kdb_partition_unref(partition);
    KDB_TRY(status);
    status = explain_line(
        writer, "hot rows",
        kdb_arena_printf(&exec->ctx->arena, "%lld of user '%.*s'", (long long)hot, KDB_ARG(user)));
    if (status == KDB_OK)
        status = segment_line(writer, access, manifest);
    kdb_manifest_unref(manifest);
    return status;
}

static kdb_status filter_line(struct row_writer *writer, const struct kdb_expr *filter)
{
    struct kdb_buf text = {.limit = TEXT_BYTES_MAX};
    if (!filter)
        return KDB_OK;
    explain_expr_print(writer->exec, filter, &text);
    return buffered_line(writer, "filter", &text);
}

static kdb_status table_lines(struct row_writer *writer, const struct access *access)
{
    const struct kdb_table *table = access->relation->table;
    bool is_system = table->kind == KDB_TABLE_SYSTEM;
    KDB_TRY(explain_line(
        writer, "table",
        kdb_arena_printf(&writer->exec->ctx->arena, "%.*s.%.*s (%s)%s", KDB_ARG(table->space),
                         KDB_ARG(table->name), kdb_table_kind_name(table->kind),
                         access->relation->shows_deleted ? ", deleted rows too" : "")));
    if (!is_system) {
        KDB_TRY(key_line(writer, access));
        KDB_TRY(partition_lines(writer, access));
    }
    return filter_line(writer, access->filter);
}

// ---- the statement ----

static kdb_status order_line(struct row_writer *writer, const struct kdb_expr_order *order,
                             size_t count)
{
    struct kdb_buf text = {.limit = TEXT_BYTES_MAX};
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            KDB_BUF_LIT(&text, ", ");
        explain_expr_print(writer->exec, order[i].expr, &text);
        kdb_buf_printf(&text, "%s%s", order[i].is_descending ? " DESC" : "",
                       order[i].nulls_first == order[i].is_descending ? ""
                       : order[i].nulls_first                         ? " NULLS FIRST"
                                                                      : " NULLS LAST");
    }
    return buffered_line(writer, "order", &text);
}

static kdb_status limit_line(struct row_writer *writer, const struct kdb_expr *limit,
                             const struct kdb_expr *offset)
{
    struct kdb_arena *arena = &writer->exec->ctx->arena;
    uint64_t rows;
    uint64_t skipped;
    KDB_TRY(exec_limits(writer->exec, limit, offset, &rows, &skipped));
    if (rows == UINT64_MAX && skipped == 0)
        return KDB_OK;
    kdb_slice count = rows == UINT64_MAX
                          ? KDB_LIT("all rows")
                          : kdb_arena_printf(arena, "%llu rows", (unsigned long long)rows);
    return explain_line(writer, "limit",
                        skipped == 0 ? count
                                     : kdb_arena_printf(arena, "%.*s after %llu", KDB_ARG(count),
                                                        (unsigned long long)skipped));
}

static kdb_status row_lines(struct row_writer *writer)
{
    const struct kdb_row_select *select = writer->exec->plan->row_select;
    if (select->relation) {
        const struct access access = {select->relation, select->filter, select->keys,
                                      select->key_count};
        KDB_TRY(table_lines(writer, &access));
    } else {
        KDB_TRY(filter_line(writer, select->filter));
    }
    bool is_system = select->relation && select->relation->table->kind == KDB_TABLE_SYSTEM;
    if (select->is_key_order && select->relation && !is_system)
        KDB_TRY(explain_line(writer, "order",
                             select->is_key_descending ? KDB_LIT("key order, backwards")
                                                       : KDB_LIT("key order")));
    else if (select->order_count > 0)
        KDB_TRY(order_line(writer, select->order, select->order_count));
    return limit_line(writer, select->limit, select->offset);
}

// The text for the engine, with tables by name instead of the sources they are read from.
static kdb_status engine_line(struct row_writer *writer)
{
    struct kdb_exec *exec = writer->exec;
    const struct kdb_plan *plan = exec->plan;
    kdb_slice *names =
        kdb_arena_array(&exec->ctx->arena, plan->source_count + 1, sizeof(kdb_slice));
    for (size_t i = 0; i < plan->source_count; i++) {
        const struct kdb_table *table = plan->sources[i].relation->table;
        names[i] = kdb_arena_printf(&exec->ctx->arena, "%.*s.%.*s", KDB_ARG(table->space),
                                    KDB_ARG(table->name));
    }
    struct engine_text text = {0};
    kdb_status status = engine_text_write(exec, names, &text);
    kdb_slice sql = kdb_buf_view(&text.sql);
    if (sql.len > TEXT_BYTES_MAX)
        sql.len = kdb_utf8_valid_prefix(kdb_slice_of(sql.data, TEXT_BYTES_MAX));
    sql = kdb_arena_copy(&exec->ctx->arena, sql);
    kdb_buf_deinit(&text.sql);
    KDB_TRY(status);
    return explain_line(writer, "engine", sql);
}

static kdb_status engine_lines(struct row_writer *writer)
{
    const struct kdb_plan *plan = writer->exec->plan;
    for (size_t i = 0; i < plan->source_count; i++) {
        const struct kdb_engine_source *source = &plan->sources[i];
        const struct access access = {source->relation, source->filter, source->keys,
                                      source->key_count};
        KDB_TRY(table_lines(writer, &access));
    }
    if (plan->query->order_count > 0)
        KDB_TRY(order_line(writer, plan->query->order, plan->query->order_count));
    KDB_TRY(limit_line(writer, plan->query->limit, plan->query->offset));
    return engine_line(writer);
}

static kdb_status change_line(struct row_writer *writer)
{
    const struct kdb_plan *plan = writer->exec->plan;
    const struct kdb_table *table = plan->insert   ? plan->insert->table
                                    : plan->update ? plan->update->table
                                                   : NULL;
    if (!table)
        return KDB_OK;
    struct kdb_arena *arena = &writer->exec->ctx->arena;
    if (plan->insert && plan->insert->row_count > 0)
        return explain_line(writer, "insert",
                            kdb_arena_printf(arena, "%zu row(s) into %.*s.%.*s",
                                             plan->insert->row_count, KDB_ARG(table->space),
                                             KDB_ARG(table->name)));
    return explain_line(writer, plan->insert ? "insert" : "change",
                        kdb_arena_printf(arena, "the rows found, %s %.*s.%.*s",
                                         plan->insert ? "into" : "in", KDB_ARG(table->space),
                                         KDB_ARG(table->name)));
}

kdb_status kdb_exec_explain(struct kdb_exec *exec)
{
    static const char *const paths[] = {[KDB_PATH_ROW] = "row path",
                                        [KDB_PATH_ENGINE] = "engine path",
                                        [KDB_PATH_COMMAND] = "command"};
    const struct kdb_plan *plan = exec->plan;
    // Asked here too: inside EXECUTE AS USER the role of the sender does not count.
    if (!kdb_role_may(exec->role, KDB_RIGHT_EXPLAIN))
        return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                        "Admin privileges (DBA or System role) required: role '%s' is not allowed "
                        "to run EXPLAIN",
                        kdb_role_name(exec->role));
    struct exec_route route = {plan->path, kdb_slice_cstr(plan->reason)};
    if (plan->row_select && plan->row_select->fits_engine && !plan->update && !plan->insert) {
        KDB_TRY(exec_require_worker(exec));
        KDB_TRY(exec_route(exec, &route));
    }
    struct row_writer writer;
    KDB_TRY(row_writer_begin(&writer, exec, columns, sizeof(columns) / sizeof(columns[0])));
    KDB_TRY(explain_line(
        &writer, "path",
        kdb_arena_printf(&exec->ctx->arena, "%s: %.*s", paths[route.path], KDB_ARG(route.reason))));
    KDB_TRY(change_line(&writer));
    if (route.path == KDB_PATH_ROW && plan->row_select)
        return row_lines(&writer);
    if (plan->statement.kind == KDB_STATEMENT_EXPLAIN &&
        plan->statement.inner->kind == KDB_STATEMENT_SUBSCRIBE)
        return explain_subscription(&writer, plan->statement.inner);
    return route.path == KDB_PATH_ENGINE ? engine_lines(&writer) : KDB_OK;
}
