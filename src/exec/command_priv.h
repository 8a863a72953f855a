// SPDX-License-Identifier: Apache-2.0
// What the files of the commands share.
//
// Commands run on workers. A command that changes definitions looks at them again between
// kdb_catalog_begin and command_publish, where nobody else changes them; slow work (password
// hashes, probes of folders) comes before.
#ifndef KDB_EXEC_COMMAND_PRIV_H
#define KDB_EXEC_COMMAND_PRIV_H

#include "exec/exec_priv.h"

// ---- command.c ----
// The answer of a command: a printf message.
kdb_status command_done(struct kdb_exec *exec, const char *format, ...) KDB_PRINTF(2, 3);
// Ends a change: with `status` OK its batch is committed and the next snapshot published, otherwise
// nothing happened.
KDB_NODISCARD kdb_status command_publish(struct kdb_exec *exec, struct kdb_catalog_change *change,
                                         kdb_status status);
// The namespace a name is in: the one written, else the request's.
kdb_slice command_space(const struct kdb_exec *exec, const struct kdb_ast_name *name);
// The table of a name, for commands about one that must exist.
KDB_NODISCARD kdb_status command_table(struct kdb_exec *exec, const struct kdb_ast_name *name,
                                       struct kdb_table **ret_table);

// ---- command_name.c: rules for names ----
// ^[a-z][a-z0-9_]*$, at most KDB_NAME_BYTES_MAX bytes; `what` is "namespace" or "table".
KDB_NODISCARD kdb_status command_name_check(struct kdb_ctx *ctx, const char *what, kdb_slice name);
// Namespaces nobody may create or drop.
bool command_name_is_reserved(kdb_slice space);
// Letters, digits and underscores; names of the system and such beginning with _ are refused.
KDB_NODISCARD kdb_status command_name_check_column(struct kdb_ctx *ctx, kdb_slice name);
// Ids of storages: [A-Za-z0-9_-]+.
KDB_NODISCARD kdb_status command_name_check_storage(struct kdb_ctx *ctx, kdb_slice id);

// ---- duration.c ----
// "10s", "5m", "24h", "7d", "2 weeks", "off", or a bare number of `unit_ms`; `what` names it in the
// error. *ret_ms is KDB_DURATION_OFF for "off".
#define KDB_DURATION_OFF (-1)
KDB_NODISCARD kdb_status duration_read(struct kdb_ctx *ctx, const char *what, kdb_slice text,
                                       int64_t unit_ms, int64_t *ret_ms);
// The shortest exact form, "7d", "90s", "off" for a negative one. Arena memory.
kdb_slice duration_text(struct kdb_arena *arena, int64_t ms);

// ---- command_namespace.c ----
KDB_NODISCARD kdb_status command_create_namespace(struct kdb_exec *exec,
                                                  const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_alter_namespace(struct kdb_exec *exec,
                                                 const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_drop_namespace(struct kdb_exec *exec,
                                                const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_use(struct kdb_exec *exec, const struct kdb_statement *statement);

// ---- command_table.c, command_drop.c ----
KDB_NODISCARD kdb_status command_create_table(struct kdb_exec *exec,
                                              const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_drop_table(struct kdb_exec *exec,
                                            const struct kdb_statement *statement);
// Drops tables within a change, which is ended in any case. ret_jobs[i]: the id of the clean-up job
// of tables[i], null when the server is stopping.
KDB_NODISCARD kdb_status command_drop_tables(struct kdb_exec *exec,
                                             struct kdb_catalog_change *change,
                                             struct kdb_table **tables, size_t count,
                                             kdb_slice *ret_jobs);

// ---- command_schema_files.c ----
// Writes <data>/schemas/<namespace>/<table>/: the schema, its manifest, the current one.
KDB_NODISCARD kdb_status command_schema_files_write(struct kdb_exec *exec,
                                                    const struct kdb_table *table);
// Removes them as far as that goes: they are a mirror.
void command_schema_files_remove(struct kdb_exec *exec, const struct kdb_table *table);

// ---- command_show.c ----
KDB_NODISCARD kdb_status command_show(struct kdb_exec *exec, const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_describe(struct kdb_exec *exec,
                                          const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_show_stats(struct kdb_exec *exec,
                                            const struct kdb_statement *statement);

// ---- command_storage.c, command_maintenance.c ----
KDB_NODISCARD kdb_status command_create_storage(struct kdb_exec *exec,
                                                const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_alter_storage(struct kdb_exec *exec,
                                               const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_drop_storage(struct kdb_exec *exec,
                                              const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_check_storage(struct kdb_exec *exec,
                                               const struct kdb_statement *statement);
// STORAGE FLUSH and STORAGE COMPACT.
KDB_NODISCARD kdb_status command_maintain(struct kdb_exec *exec,
                                          const struct kdb_statement *statement);

// ---- command_user.c, command_job.c ----
KDB_NODISCARD kdb_status command_create_user(struct kdb_exec *exec,
                                             const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_alter_user(struct kdb_exec *exec,
                                            const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_drop_user(struct kdb_exec *exec,
                                           const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_kill_live_query(struct kdb_exec *exec,
                                                 const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_subscribe(struct kdb_exec *exec,
                                           const struct kdb_statement *statement);
KDB_NODISCARD kdb_status command_kill_job(struct kdb_exec *exec,
                                          const struct kdb_statement *statement);

#endif
