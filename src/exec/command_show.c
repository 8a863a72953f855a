// SPDX-License-Identifier: Apache-2.0
// SHOW …, DESCRIBE TABLE, SHOW STATS: rows about definitions, for every role.
#include "auth/rights.h"
#include "exec/command_priv.h"
#include "exec/system_rows_priv.h"
#include "exec/table_priv.h"
#include "segments/manifest.h"

// ---- SHOW: a system table as the caller may see it ----

// SHOW MANIFEST tells smallest and largest values: others' scopes are for administrators, SHARED
// tables for those who may read them.
static struct rows_filter filter_of(const struct kdb_exec *exec,
                                    const struct kdb_statement *statement)
{
    struct rows_filter filter = {.is_newest_only = true};
    if (statement->kind == KDB_STATEMENT_SHOW_TABLES) {
        // System tables have no versions; they are shown to whoever names their namespace.
        filter.spaces = catalog_one_name(&statement->scope.space);
        filter.is_system_only = catalog_list_is_virtual(statement->scope.space);
    }
    if (!kdb_role_is_admin(exec->role))
        filter.user = exec->user;
    return filter;
}

static const struct {
    kdb_statement_kind kind;
    const char *table; // of namespace system, whose columns are shown
    system_rows_make make;
} shows[] = {
    {KDB_STATEMENT_SHOW_NAMESPACES, "namespaces", system_rows_namespaces},
    {KDB_STATEMENT_SHOW_TABLES, "schemas", system_rows_schemas},
    {KDB_STATEMENT_SHOW_STORAGES, "storages", system_rows_storages},
    {KDB_STATEMENT_SHOW_MANIFEST, "manifest", system_rows_manifest},
    {KDB_STATEMENT_SHOW_JOBS, "jobs", system_rows_jobs},
};

kdb_status command_show(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    size_t at = 0;
    while (shows[at].kind != statement->kind)
        at++;
    const struct rows_filter filter = filter_of(exec, statement);
    const struct kdb_table *table =
        kdb_catalog_table(exec->snapshot, KDB_LIT("system"), kdb_slice_cstr(shows[at].table));
    struct row_writer writer;
    KDB_TRY(row_writer_begin_table(&writer, exec, table));
    return shows[at].make(&writer, &filter);
}

// ---- DESCRIBE TABLE ----

#define COLUMN(name_, kind_, is_not_null_)                                                         \
    {                                                                                              \
        .name = KDB_LIT_INIT(name_), .type = {.kind = (kind_)}, .is_not_null = (is_not_null_)      \
    }

static const struct kdb_output_column describe_columns[] = {
    COLUMN("column_name", KDB_TEXT, true),     COLUMN("ordinal_position", KDB_INT, true),
    COLUMN("column_id", KDB_BIGINT, true),     COLUMN("data_type", KDB_TEXT, true),
    COLUMN("is_nullable", KDB_BOOLEAN, true),  COLUMN("is_primary_key", KDB_BOOLEAN, true),
    COLUMN("column_default", KDB_TEXT, false), COLUMN("column_comment", KDB_TEXT, false),
    COLUMN("schema_version", KDB_INT, true),   COLUMN("column_family", KDB_TEXT, true),
    COLUMN("access_level", KDB_TEXT, false),
};

static kdb_status describe_column(struct row_writer *writer, const struct kdb_table *table,
                                  const struct kdb_schema *schema, uint32_t ordinal,
                                  const struct kdb_column *column)
{
    struct kdb_arena *arena = &writer->exec->ctx->arena;
    bool is_key = table->kind != KDB_TABLE_SYSTEM && ordinal == schema->key_index + 1;
    row_writer_text(writer, column->name);
    row_writer_int(writer, ordinal);
    row_writer_int(writer, column->id);
    row_writer_text(writer, kdb_type_sql(arena, column->type));
    row_writer_bool(writer, !column->is_not_null);
    row_writer_bool(writer, is_key);
    row_writer_text(writer, table_text_default(arena, column));
    row_writer_text(writer, column->comment);
    row_writer_int(writer, schema->version);
    row_writer_text(writer, table_text_family(arena, table));
    row_writer_text(writer, table_text_access(table));
    return row_writer_end(writer);
}

static kdb_status describe_schema(struct row_writer *writer, const struct kdb_table *table,
                                  const struct kdb_schema *schema)
{
    uint32_t system_count;
    const struct kdb_column *system = table_text_system_columns(table, &system_count);
    for (uint32_t i = 0; i < schema->column_count; i++)
        KDB_TRY(describe_column(writer, table, schema, i + 1, &schema->columns[i]));
    for (uint32_t i = 0; i < system_count; i++)
        KDB_TRY(describe_column(writer, table, schema, schema->column_count + i + 1, &system[i]));
    return KDB_OK;
}

kdb_status command_describe(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct kdb_table *table;
    KDB_TRY(command_table(exec, &statement->table.name, &table));
    struct row_writer writer;
    KDB_TRY(row_writer_begin(&writer, exec, describe_columns,
                             sizeof(describe_columns) / sizeof(describe_columns[0])));
    uint32_t first = statement->table.has_history ? 0 : table->schema_count - 1;
    for (uint32_t v = first; v < table->schema_count; v++)
        KDB_TRY(describe_schema(&writer, table, table->schemas[v]));
    return KDB_OK;
}

// ---- SHOW STATS ----

static const struct kdb_output_column stats_columns[] = {
    COLUMN("table_name", KDB_TEXT, true),         COLUMN("namespace", KDB_TEXT, true),
    COLUMN("schema_version", KDB_BIGINT, true),   COLUMN("logical_rows", KDB_BIGINT, true),
    COLUMN("flushed_segments", KDB_BIGINT, true), COLUMN("active_streams", KDB_BIGINT, true),
    COLUMN("memory_bytes", KDB_BIGINT, false),
};

// What is counted: all partitions for administrators, else the caller's own.
struct table_stats {
    const struct kdb_exec *exec;
    bool is_all;
    uint32_t table_id;
    int64_t live_rows;
    int64_t segments;
    int64_t subscriptions;
    int64_t memory_bytes; // of a stream's rows
};

static bool is_counted(const struct table_stats *stats, kdb_slice user)
{
    return stats->is_all || kdb_slice_equal(user, stats->exec->user);
}

static bool add_counters(void *arg, uint32_t table_id, kdb_slice user,
                         const struct kdb_partition_counters *counters)
{
    (void)table_id;
    struct table_stats *stats = arg;
    if (is_counted(stats, user))
        stats->live_rows += counters->live_rows;
    return true;
}

// Subscriptions, and what a stream holds, are known to the partitions in memory alone.
static bool add_partition(void *arg, struct kdb_partition *partition)
{
    struct table_stats *stats = arg;
    if (partition->table_id != stats->table_id || !is_counted(stats, partition->user))
        return true;
    stats->subscriptions += atomic_load(&partition->subscriptions);
    if (kdb_partition_is_stream(partition)) {
        stats->live_rows += atomic_load(&partition->live_rows);
        stats->memory_bytes += atomic_load(&partition->memory_bytes);
    }
    return true;
}

static kdb_status add_segments(void *self, const struct partition_entry *entry)
{
    struct table_stats *stats = self;
    if (is_counted(stats, entry->user))
        stats->segments += entry->manifest->segment_count;
    return KDB_OK;
}

kdb_status command_show_stats(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct kdb_table *table;
    KDB_TRY(command_table(exec, &statement->table.name, &table));
    // How many rows there are is for those who may read them.
    if (table->kind == KDB_TABLE_SHARED)
        KDB_TRY(kdb_role_check_read(exec->role, exec->ctx, table));
    struct table_stats stats = {.exec = exec,
                                .table_id = table->id,
                                .is_all = kdb_role_is_admin(exec->role) ||
                                          table->kind == KDB_TABLE_SHARED};
    if (table->kind != KDB_TABLE_SYSTEM) {
        KDB_TRY(kdb_partition_scan_stored(exec->services->store, exec->ctx, table->id, add_counters,
                                          &stats));
        KDB_TRY(partition_list_manifests(exec, table, add_segments, &stats));
        kdb_partition_each(exec->services->partitions, add_partition, &stats);
    }
    struct row_writer writer;
    KDB_TRY(row_writer_begin(&writer, exec, stats_columns,
                             sizeof(stats_columns) / sizeof(stats_columns[0])));
    row_writer_text(&writer, table->name);
    row_writer_text(&writer, table->space);
    row_writer_int(&writer, table->schema->version);
    row_writer_int(&writer, stats.live_rows);
    row_writer_int(&writer, stats.segments);
    row_writer_int(&writer, stats.subscriptions); // active_streams
    if (table->kind == KDB_TABLE_STREAM)
        row_writer_int(&writer, stats.memory_bytes);
    else
        row_writer_null(&writer); // not measured per table
    return row_writer_end(&writer);
}
