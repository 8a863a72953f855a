// SPDX-License-Identifier: Apache-2.0
// The shape of system.* and information_schema.*: their rows are computed by exec, nothing of them
// is stored.
#include "base/assert.h"
#include "catalog/catalog_priv.h"

// Columns as "name:type" words. Types: T text, B boolean, I int, S smallint, L bigint, D double, J
// json, Z timestamp; a question mark behind it: may be NULL. The order is the contract's, columns
// of ours are appended.
struct shape {
    const char *space;
    const char *name;
    bool is_admin_only;
    const char *columns;
};

#define JOB_COLUMNS                                                                                \
    "job_id:T job_type:T status:T leader_status:T? parameters:J? message:T? exception_trace:T? "   \
    "idempotency_key:T? queue:T? priority:I? retry_count:S max_retries:S memory_used:L? "          \
    "cpu_used:L? created_at:Z updated_at:Z started_at:Z? finished_at:Z? node_id:L "                \
    "leader_node_id:L? result:J? trace:T? metrics:J?"

#define SCHEMA_COLUMNS                                                                             \
    "table_id:T table_name:T namespace_id:T table_type:T created_at:Z schema_version:I columns:J " \
    "table_comment:T? updated_at:Z options:J? access_level:T? is_latest:B storage_id:T? "          \
    "use_user_storage:B?"

#define STORAGE_COLUMNS                                                                            \
    "storage_id:T storage_name:T description:T? storage_type:T base_directory:T credentials:J? "   \
    "config_json:J? shared_tables_template:T user_tables_template:T created_at:Z updated_at:Z"

#define LIVE_COLUMNS                                                                               \
    "live_id:T connection_id:T subscription_id:T namespace_id:T table_name:T user_id:T query:T "   \
    "options:J? status:T created_at:Z last_update:Z? changes:L node_id:L last_ping_at:Z "          \
    "filtered:L dropped:L lags:L index_column:T?"

static const struct shape shapes[] = {
    {"system", "users", true,
     "user_id:T password_hash:T role:T email:T? auth_type:T auth_data:J? storage_mode:T "
     "storage_id:T? failed_login_attempts:I locked_until:Z? last_login_at:Z? created_at:Z "
     "updated_at:Z last_seen:Z? deleted_at:Z?"},
    {"system", "namespaces", true, "namespace_id:T name:T created_at:Z options:J? table_count:I"},
    {"system", "schemas", true, SCHEMA_COLUMNS},
    {"system", "table_schemas", true,
     "schema_id:T table_id:T version:I arrow_schema:J created_at:Z changes:T?"},
    {"system", "tables", true,
     "namespace_id:T table_name:T table_type:T storage_id:T? version:L options:T? comment:T? "
     "updated_at:Z created_at:Z table_id:L owner:T? location:T? flush_policy:T? "
     "deleted_retention:T? column_family:T access_level:T?"},
    {"system", "columns", true,
     "namespace_id:T table_name:T version:L column_id:L column_name:T comment:T? data_type:T "
     "default_value:T? ordinal:I nullable:B primary_key:B primary_key_pos:I?"},
    {"system", "storages", true, STORAGE_COLUMNS},
    {"system", "storage_locations", true,
     "location_name:T location_type:T path:T credentials_ref:T? usage_count:L created_at:Z "
     "updated_at:Z"},
    {"system", "jobs", true, JOB_COLUMNS},
    {"system", "user_table_counters", true,
     "user_id:T? table_id:T hot_rows:L live_rows:L last_flush_at:Z?"},
    {"system", "manifest", true,
     "cache_key:T namespace_id:T table_name:T scope:T etag:T? last_refreshed:Z last_accessed:Z "
     "in_memory:B sync_state:T manifest_json:J"},
    {"system", "live", true, LIVE_COLUMNS},
    {"system", "live_queries", false, LIVE_COLUMNS},
    {"system", "stats", true, "metric_name:T metric_value:T"},
    {"system", "settings", true, "name:T value:T description:T category:T"},
    {"system", "datatypes", true, "arrow_type:T kalam_type:T sql_name:T description:T"},
    {"information_schema", "tables", false,
     "table_catalog:T table_schema:T table_name:T table_type:T"},
    {"information_schema", "columns", false,
     "table_catalog:T table_schema:T table_name:T column_name:T ordinal_position:I "
     "column_default:T? is_nullable:T data_type:T"},
    {"information_schema", "schemata", false, "catalog_name:T schema_name:T"},
};

static kdb_kind kind_of(char letter)
{
    switch (letter) {
    case 'T':
        return KDB_TEXT;
    case 'B':
        return KDB_BOOLEAN;
    case 'I':
        return KDB_INT;
    case 'S':
        return KDB_SMALLINT;
    case 'L':
        return KDB_BIGINT;
    case 'D':
        return KDB_DOUBLE;
    case 'J':
        return KDB_JSON;
    default:
        KDB_ASSERT(letter == 'Z');
        return KDB_TIMESTAMP;
    }
}

static uint32_t count_columns(kdb_slice text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == ':';
    return count;
}

static struct kdb_schema *make_schema(struct kdb_arena *arena, kdb_slice text)
{
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = 1;
    schema->columns = kdb_arena_array(arena, count_columns(text), sizeof(struct kdb_column));
    size_t at = 0;
    while (at < text.len) {
        size_t colon = kdb_slice_find(text, KDB_LIT(":"), at);
        size_t end = kdb_slice_find(text, KDB_LIT(" "), at);
        end = end == SIZE_MAX ? text.len : end;
        struct kdb_column *column = &schema->columns[schema->column_count++];
        column->id = (int32_t)schema->column_count;
        column->name = kdb_slice_of(text.data + at, colon - at);
        column->type = KDB_TYPE((uint8_t)kind_of(text.data[colon + 1]));
        column->is_not_null = text.data[end - 1] != '?';
        at = end + 1;
    }
    kdb_schema_finish(schema, arena);
    return schema;
}

void catalog_add_system_tables(struct kdb_catalog_snapshot *snapshot)
{
    for (uint32_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct kdb_table *table = kdb_table_create();
        table->id = KDB_SYSTEM_TABLE_ID + i;
        table->space = kdb_slice_cstr(shapes[i].space);
        table->name = kdb_slice_cstr(shapes[i].name);
        table->kind = KDB_TABLE_SYSTEM;
        table->is_admin_only = shapes[i].is_admin_only;
        table->schemas = kdb_arena_array(&table->arena, 1, sizeof(struct kdb_schema *));
        table->schemas[0] = make_schema(&table->arena, kdb_slice_cstr(shapes[i].columns));
        table->schema_count = 1;
        table->schema = table->schemas[0];
        kdb_table_make_keys(table);
        catalog_set(&snapshot->tables, &catalog_table_ops, table);
        catalog_set(&snapshot->table_ids, &catalog_table_id_ops, table);
        kdb_table_unref(table);
    }
}
