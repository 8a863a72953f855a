// SPDX-License-Identifier: Apache-2.0
// Which function makes the rows of which system table.
#include "exec/system_rows.h"

#include "exec/system_rows_priv.h"

static const struct {
    const char *space;
    const char *name;
    system_rows_make make;
} makers[] = {
    {"system", "users", system_rows_users},
    {"system", "namespaces", system_rows_namespaces},
    {"system", "schemas", system_rows_schemas},
    {"system", "table_schemas", system_rows_table_schemas},
    {"system", "tables", system_rows_tables},
    {"system", "columns", system_rows_columns},
    {"system", "storages", system_rows_storages},
    {"system", "storage_locations", system_rows_storage_locations},
    {"system", "jobs", system_rows_jobs},
    {"system", "user_table_counters", system_rows_counters},
    {"system", "manifest", system_rows_manifest},
    {"system", "stats", system_rows_stats},
    {"system", "settings", system_rows_settings},
    {"system", "live", system_rows_live},
    {"system", "live_queries", system_rows_live},
    {"system", "datatypes", system_rows_datatypes},
    {"information_schema", "tables", system_rows_information_tables},
    {"information_schema", "columns", system_rows_information_columns},
    {"information_schema", "schemata", system_rows_schemata},
};

static system_rows_make find_maker(const struct kdb_table *table)
{
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (kdb_slice_equal(table->name, kdb_slice_cstr(makers[i].name)) &&
            kdb_slice_equal(table->space, kdb_slice_cstr(makers[i].space)))
            return makers[i].make;
    }
    return NULL;
}

kdb_status kdb_system_rows_make(struct kdb_exec *exec, const struct kdb_table *table,
                                struct kdb_system_rows *ret_rows)
{
    // There may be ten thousand tables, and some rows come from the store.
    KDB_TRY(exec_require_worker(exec));
    system_rows_make make = find_maker(table);
    if (!make)
        return kdb_fail(exec->ctx, KDB_ERR_INTERNAL, "nobody makes the rows of %.*s.%.*s",
                        KDB_ARG(table->space), KDB_ARG(table->name));
    const struct rows_filter filter = {0};
    struct row_writer writer;
    row_writer_collect(&writer, exec, table);
    KDB_TRY(make(&writer, &filter));
    *ret_rows = (struct kdb_system_rows){writer.rows, writer.count};
    return KDB_OK;
}
