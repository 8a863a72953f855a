// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE: every check, then definition, schema files and snapshot, all or nothing.
#include "exec/catalog_list.h"
#include "exec/command_priv.h"
#include "exec/table_priv.h"

struct creation {
    struct kdb_exec *exec;
    const struct kdb_ast_create_table *ast;
    kdb_slice space;
    struct kdb_catalog_change change;
    struct kdb_table *table; // referenced
    bool is_there;           // IF NOT EXISTS found it
};

// ---- before anything is locked ----

static kdb_status check_names(struct creation *creation)
{
    struct kdb_ctx *ctx = creation->exec->ctx;
    kdb_slice space = creation->space;
    if (catalog_list_is_virtual(space) || kdb_slice_equal(space, KDB_LIT("pg_catalog")) ||
        kdb_slice_equal(space, KDB_LIT("datafusion")))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "no table can be created in namespace '%.*s': system tables are managed by "
                        "the server",
                        KDB_ARG(space));
    if (command_name_check(ctx, "table", creation->ast->table.name) != KDB_OK) {
        kdb_error_at(ctx, creation->ast->table.position);
        return ctx->error.status;
    }
    return KDB_OK;
}

// ---- within the change ----

static kdb_status check_storage(struct creation *creation)
{
    const struct kdb_table *table = creation->table;
    struct kdb_ctx *ctx = creation->exec->ctx;
    if (table->kind == KDB_TABLE_STREAM)
        return KDB_OK;
    if (kdb_catalog_storage(creation->change.next, table->storage_id))
        return kdb_segment_check_location(creation->exec->services->segments, ctx,
                                          creation->change.next, table);
    return kdb_fail(ctx, KDB_ERR_NOT_FOUND,
                    "storage '%.*s' does not exist: SHOW STORAGES lists those that do",
                    KDB_ARG(table->storage_id));
}

static kdb_status define(struct creation *creation)
{
    struct kdb_exec *exec = creation->exec;
    kdb_slice space = creation->space;
    kdb_slice name = creation->ast->table.name;
    if (!kdb_catalog_namespace(creation->change.next, space))
        return kdb_fail(exec->ctx, KDB_ERR_NAMESPACE_NOT_FOUND,
                        "namespace '%.*s' does not exist. Create it first with CREATE NAMESPACE "
                        "%.*s",
                        KDB_ARG(space), KDB_ARG(space));
    creation->is_there = kdb_catalog_table(creation->change.next, space, name) != NULL;
    if (creation->is_there)
        return kdb_fail(exec->ctx, KDB_ERR_ALREADY_EXISTS, "Table %.*s.%.*s already exists",
                        KDB_ARG(space), KDB_ARG(name));
    KDB_TRY(table_definition_make(exec, creation->ast, space, &creation->table));
    KDB_TRY(check_storage(creation));
    creation->table->id = kdb_catalog_next_table_id(&creation->change);
    return KDB_OK;
}

// The files come before the commit: a failure there undoes everything, and files of a table that
// did not become one are removed again.
static kdb_status commit(struct creation *creation)
{
    struct kdb_exec *exec = creation->exec;
    kdb_status status = command_schema_files_write(exec, creation->table);
    bool has_files = status == KDB_OK;
    if (has_files)
        kdb_catalog_put_table(&creation->change, creation->table);
    status = command_publish(exec, &creation->change, status);
    if (status != KDB_OK && has_files)
        command_schema_files_remove(exec, creation->table);
    return status;
}

static kdb_status create(struct creation *creation)
{
    struct kdb_exec *exec = creation->exec;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &creation->change);
    kdb_status status = define(creation);
    if (status == KDB_OK)
        return commit(creation);
    kdb_catalog_abandon(&creation->change);
    if (!creation->is_there || !creation->ast->if_not_exists)
        return status;
    kdb_ctx_clear_error(exec->ctx);
    return KDB_OK;
}

kdb_status command_create_table(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct creation creation = {.exec = exec, .ast = statement->create_table};
    creation.space = command_space(exec, &creation.ast->table);
    KDB_TRY(check_names(&creation));
    kdb_status status = create(&creation);
    const char *kind = creation.table ? kdb_table_kind_name(creation.table->kind) : "";
    kdb_table_unref(creation.table);
    KDB_TRY(status);
    if (creation.is_there)
        return command_done(exec, "Table %.*s.%.*s already exists", KDB_ARG(creation.space),
                            KDB_ARG(creation.ast->table.name));
    return command_done(exec, "%s table %.*s.%.*s created successfully", kind,
                        KDB_ARG(creation.space), KDB_ARG(creation.ast->table.name));
}
