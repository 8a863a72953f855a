// SPDX-License-Identifier: Apache-2.0
// Which function makes the rows of which system table, and of which of them the conditions ask.
#include "exec/system_rows.h"

#include "exec/system_rows_priv.h"

// A system table. Columns that name what its rows are about are looked up in the catalog.
struct maker {
    const char *space;
    const char *name;
    system_rows_make make;
    const char *spaces; // column of namespaces
    const char *names;  // of tables, users or jobs
    const char *ids;    // of tables: the number, or "namespace:table"
};

static const struct maker makers[] = {
    {"system", "users", system_rows_users, .names = "user_id"},
    {"system", "namespaces", system_rows_namespaces, .spaces = "namespace_id"},
    {"system", "schemas", system_rows_schemas, .spaces = "namespace_id", .names = "table_name",
     .ids = "table_id"},
    {"system", "table_schemas", system_rows_table_schemas, .ids = "table_id"},
    {"system", "tables", system_rows_tables, .spaces = "namespace_id", .names = "table_name",
     .ids = "table_id"},
    {"system", "columns", system_rows_columns, .spaces = "namespace_id", .names = "table_name"},
    {"system", "storages", .make = system_rows_storages},
    {"system", "storage_locations", .make = system_rows_storage_locations},
    {"system", "jobs", system_rows_jobs, .names = "job_id"},
    {"system", "user_table_counters", .make = system_rows_counters},
    {"system", "manifest", .make = system_rows_manifest},
    {"system", "stats", .make = system_rows_stats},
    {"system", "settings", .make = system_rows_settings},
    {"system", "live", .make = system_rows_live},
    {"system", "live_queries", .make = system_rows_live},
    {"system", "datatypes", .make = system_rows_datatypes},
    {"information_schema", "tables", system_rows_information_tables, .spaces = "table_schema",
     .names = "table_name"},
    {"information_schema", "columns", system_rows_information_columns, .spaces = "table_schema",
     .names = "table_name"},
    {"information_schema", "schemata", .make = system_rows_schemata},
};

static const struct maker *find_maker(const struct kdb_table *table)
{
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (kdb_slice_equal(table->name, kdb_slice_cstr(makers[i].name)) &&
            kdb_slice_equal(table->space, kdb_slice_cstr(makers[i].space)))
            return &makers[i];
    }
    return NULL;
}

// ---- from conditions to names ----

struct lookup {
    struct kdb_exec *exec;
    const struct kdb_table *table;
    const struct kdb_key_condition *conditions;
    size_t condition_count;
    struct kdb_eval eval;
};

// The values that a column must have one of; NULL equals nothing. *ret_is_bound false: any.
static kdb_status wanted_values(struct lookup *lookup, const char *column, bool *ret_is_bound,
                                kdb_value **ret_values, size_t *ret_count)
{
    const struct kdb_key_condition *found = NULL;
    for (size_t i = 0; i < lookup->condition_count && column && !found; i++) {
        const struct kdb_key_condition *condition = &lookup->conditions[i];
        kdb_slice name = lookup->table->schema->columns[condition->column].name;
        if ((condition->op == KDB_KEY_EQUAL || condition->op == KDB_KEY_IN) &&
            kdb_slice_equal(name, kdb_slice_cstr(column)))
            found = condition; // another one is left to the filter
    }
    *ret_is_bound = found;
    *ret_count = 0;
    if (!found)
        return KDB_OK;
    kdb_value *values =
        kdb_arena_array(&lookup->exec->ctx->arena, found->value_count, sizeof(*values));
    for (size_t i = 0; i < found->value_count; i++) {
        KDB_TRY(kdb_eval(found->values[i], &lookup->eval, &values[*ret_count]));
        *ret_count += !values[*ret_count].is_null;
    }
    *ret_values = values;
    return KDB_OK;
}

static kdb_status bind_names(struct lookup *lookup, const char *column, struct catalog_names *names)
{
    bool is_bound;
    kdb_value *values;
    size_t count;
    KDB_TRY(wanted_values(lookup, column, &is_bound, &values, &count));
    if (!is_bound)
        return KDB_OK;
    kdb_slice *items = kdb_arena_array(&lookup->exec->ctx->arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = values[i].bytes;
    *names = catalog_names_of(items, count);
    return KDB_OK;
}

// False when no table has this id.
static bool name_of_id(const struct lookup *lookup, const kdb_value *id, kdb_slice *ret_space,
                       kdb_slice *ret_name)
{
    if (id->kind == KDB_TEXT) {
        size_t colon = kdb_slice_find(id->bytes, KDB_LIT(":"), 0);
        if (colon == SIZE_MAX)
            return false;
        *ret_space = kdb_slice_of(id->bytes.data, colon);
        *ret_name = kdb_slice_skip(id->bytes, colon + 1);
        return true;
    }
    const struct kdb_table *table =
        id->integer < 0 || id->integer > UINT32_MAX
            ? NULL
            : kdb_catalog_table_by_id(lookup->exec->snapshot, (uint32_t)id->integer);
    if (table) {
        *ret_space = table->space;
        *ret_name = table->name;
    }
    return table;
}

static kdb_status bind_ids(struct lookup *lookup, const char *column, struct rows_filter *filter)
{
    bool is_bound;
    kdb_value *ids;
    size_t count;
    KDB_TRY(wanted_values(lookup, column, &is_bound, &ids, &count));
    if (!is_bound)
        return KDB_OK;
    struct kdb_arena *arena = &lookup->exec->ctx->arena;
    kdb_slice *spaces = kdb_arena_array(arena, count, sizeof(*spaces));
    kdb_slice *names = kdb_arena_array(arena, count, sizeof(*names));
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += name_of_id(lookup, &ids[i], &spaces[known], &names[known]);
    filter->spaces = catalog_names_of(spaces, known);
    filter->names = catalog_names_of(names, known);
    return KDB_OK;
}

static kdb_status bind_filter(struct lookup *lookup, const struct maker *maker,
                              struct rows_filter *filter)
{
    exec_eval_init(lookup->exec, lookup->table, &lookup->exec->ctx->arena, &lookup->eval);
    KDB_TRY(bind_ids(lookup, maker->ids, filter));
    KDB_TRY(bind_names(lookup, maker->spaces, &filter->spaces));
    return bind_names(lookup, maker->names, &filter->names);
}

kdb_status kdb_system_rows_make(struct kdb_exec *exec, const struct kdb_table *table,
                                const struct kdb_key_condition *conditions, size_t condition_count,
                                struct kdb_system_rows *ret_rows)
{
    // There may be ten thousand tables, and some rows come from the store.
    KDB_TRY(exec_require_worker(exec));
    const struct maker *maker = find_maker(table);
    if (!maker)
        return kdb_fail(exec->ctx, KDB_ERR_INTERNAL, "nobody makes the rows of %.*s.%.*s",
                        KDB_ARG(table->space), KDB_ARG(table->name));
    struct rows_filter filter = {0};
    struct lookup lookup = {exec, table, conditions, condition_count, {0}};
    KDB_TRY(bind_filter(&lookup, maker, &filter));
    struct row_writer writer;
    row_writer_collect(&writer, exec, table);
    KDB_TRY(maker->make(&writer, &filter));
    *ret_rows = (struct kdb_system_rows){writer.rows, writer.count};
    return KDB_OK;
}
