// SPDX-License-Identifier: Apache-2.0
// Who makes the rows of which system table; SHOW commands use the same functions with a filter of
// theirs.
#ifndef KDB_EXEC_SYSTEM_ROWS_PRIV_H
#define KDB_EXEC_SYSTEM_ROWS_PRIV_H

#include "exec/catalog_list.h"
#include "exec/row_writer.h"
#include "exec/system_rows.h"

// Rows that may be left out; zeroed: none.
struct rows_filter {
    struct catalog_names spaces; // only these namespaces and what is in them
    struct catalog_names names;  // only tables, users or jobs called so
    // What SHOW commands leave out further:
    bool is_system_only; // schemas: the server's own tables instead of the created ones
    bool is_newest_only; // schemas: only the newest version of a table
    kdb_slice user;      // only this user's partitions
};

// The tables that a filter lets through.
static inline struct kdb_table **filtered_tables(struct row_writer *writer, catalog_part part,
                                                 const struct rows_filter *filter,
                                                 size_t *ret_count)
{
    const struct catalog_choice choice = {part, filter->spaces, filter->names};
    return catalog_list_tables(&writer->exec->ctx->arena, writer->exec->snapshot, &choice,
                               ret_count);
}

typedef kdb_status (*system_rows_make)(struct row_writer *writer, const struct rows_filter *filter);

// ---- system_rows_catalog.c ----
KDB_NODISCARD kdb_status system_rows_users(struct row_writer *writer,
                                           const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_namespaces(struct row_writer *writer,
                                                const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_schemas(struct row_writer *writer,
                                             const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_table_schemas(struct row_writer *writer,
                                                   const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_tables(struct row_writer *writer,
                                            const struct rows_filter *filter);
// Makes one row for each column of the tables that the filter lets through, the system columns
// last. `ordinal` counts from 1 in each table.
typedef kdb_status (*system_rows_column)(struct row_writer *writer, const struct kdb_table *table,
                                         const struct kdb_column *column, uint32_t ordinal);
KDB_NODISCARD kdb_status system_rows_each_column(struct row_writer *writer,
                                                 const struct rows_filter *filter,
                                                 system_rows_column make);
KDB_NODISCARD kdb_status system_rows_columns(struct row_writer *writer,
                                             const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_storages(struct row_writer *writer,
                                              const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_storage_locations(struct row_writer *writer,
                                                       const struct rows_filter *filter);

// ---- system_rows_information.c ----
KDB_NODISCARD kdb_status system_rows_datatypes(struct row_writer *writer,
                                               const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_information_tables(struct row_writer *writer,
                                                        const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_information_columns(struct row_writer *writer,
                                                         const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_schemata(struct row_writer *writer,
                                              const struct rows_filter *filter);

// ---- system_rows_state.c ----
KDB_NODISCARD kdb_status system_rows_jobs(struct row_writer *writer,
                                          const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_counters(struct row_writer *writer,
                                              const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_manifest(struct row_writer *writer,
                                              const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_live(struct row_writer *writer,
                                          const struct rows_filter *filter);
KDB_NODISCARD kdb_status system_rows_settings(struct row_writer *writer,
                                              const struct rows_filter *filter);

// ---- system_rows_stats.c ----
KDB_NODISCARD kdb_status system_rows_stats(struct row_writer *writer,
                                           const struct rows_filter *filter);

// ---- partition_list.c: partitions with cold rows ----
// One of them; all borrowed for the call.
struct partition_entry {
    struct kdb_table *table;
    kdb_slice user; // empty for a shared table
    const struct kdb_partition_counters *counters;
    struct kdb_manifest *manifest;
    bool is_loaded; // the manifest was in memory before
};
// Calls `visit` for every partition of `table`, or (NULL) of every table in the statement's
// snapshot, that has a manifest.
typedef kdb_status (*partition_visit)(void *self, const struct partition_entry *entry);
KDB_NODISCARD kdb_status partition_list_manifests(struct kdb_exec *exec,
                                                  const struct kdb_table *table,
                                                  partition_visit visit, void *self);

#endif
