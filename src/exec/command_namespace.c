// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP NAMESPACE, USE.
#include "base/json_read.h"
#include "base/json_write.h"
#include "exec/catalog_list.h"
#include "exec/command_priv.h"
#include "types/cast.h"

// The options of one namespace, as JSON.
#define OPTIONS_BYTES_MAX ((size_t)64 * 1024)

// Options of one statement.
#define OPTIONS_MAX 256

// Tables a refusal names.
#define TABLES_NAMED_MAX 10

static kdb_status missing(struct kdb_exec *exec, kdb_slice name)
{
    return kdb_fail(exec->ctx, KDB_ERR_NAMESPACE_NOT_FOUND, "namespace '%.*s' does not exist",
                    KDB_ARG(name));
}

// ---- CREATE ----

static kdb_status add_namespace(struct kdb_exec *exec, struct kdb_catalog_change *change,
                                kdb_slice name)
{
    if (kdb_catalog_namespace(change->next, name))
        return kdb_fail(exec->ctx, KDB_ERR_ALREADY_EXISTS, "namespace '%.*s' already exists",
                        KDB_ARG(name));
    int64_t now_us = kdb_clock_now_us(exec->services->clock);
    const struct kdb_namespace like = {
        .name = name, .created_at_us = now_us, .updated_at_us = now_us};
    struct kdb_namespace *space = kdb_namespace_create(&like);
    kdb_catalog_put_namespace(change, space);
    kdb_namespace_unref(space);
    return KDB_OK;
}

kdb_status command_create_namespace(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->space.name;
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    if (statement->space.if_exists && kdb_catalog_namespace(change.next, name)) {
        kdb_catalog_abandon(&change);
        return command_done(exec, "Namespace '%.*s' already exists", KDB_ARG(name));
    }
    kdb_status status = command_name_check(exec->ctx, "namespace", name);
    if (status == KDB_OK && command_name_is_reserved(name))
        status = kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "namespace name '%.*s' is reserved",
                          KDB_ARG(name));
    if (status == KDB_OK)
        status = add_namespace(exec, &change, name);
    KDB_TRY(command_publish(exec, &change, status));
    return command_done(exec, "Namespace '%.*s' created successfully", KDB_ARG(name));
}

// ---- ALTER: options ----

static kdb_status write_number(struct kdb_ctx *ctx, const struct kdb_ast_option *option,
                               struct kdb_buf *out)
{
    int64_t integer;
    if (option->form == 'i' && kdb_slice_to_i64(option->value, &integer)) {
        kdb_json_i64(out, integer);
        return KDB_OK;
    }
    kdb_value value;
    KDB_TRY(kdb_value_parse(option->value, ctx, KDB_TYPE(KDB_DOUBLE), &value));
    if (!kdb_json_double(out, value.real))
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "option '%.*s' is out of range",
                        KDB_ARG(option->key));
    return KDB_OK;
}

static kdb_status write_option(struct kdb_ctx *ctx, const struct kdb_ast_option *option,
                               struct kdb_buf *out)
{
    switch (option->form) {
    case 'i':
    case 'f':
        return write_number(ctx, option, out);
    case 'b':
        kdb_json_bool(out, kdb_slice_equal(option->value, KDB_LIT("true")));
        return KDB_OK;
    default:
        kdb_json_string(out, option->value);
        return KDB_OK;
    }
}

// Whether a later option of the statement has this key: the last one counts.
static bool is_set_again(const struct kdb_statement *statement, size_t from, kdb_slice key)
{
    for (size_t i = from; i < statement->space.option_count; i++) {
        if (kdb_slice_equal(statement->space.options[i].key, key))
            return true;
    }
    return false;
}

static void write_key(struct kdb_buf *out, kdb_slice key)
{
    if (out->len > 1)
        kdb_buf_put(out, ',');
    kdb_json_string(out, key);
    kdb_buf_put(out, ':');
}

// The old members that stay, then the statement's.
static kdb_status write_options(struct kdb_ctx *ctx, const struct kdb_statement *statement,
                                kdb_slice old, struct kdb_buf *out)
{
    const struct kdb_json_limits limits = {.size_max = OPTIONS_BYTES_MAX, .depth_max = 16};
    const struct kdb_json *root = NULL;
    if (old.data)
        KDB_TRY(kdb_json_parse(ctx, old, &limits, &root));
    kdb_buf_put(out, '{');
    for (const struct kdb_json *at = root ? root->first : NULL; at; at = at->next) {
        if (is_set_again(statement, 0, at->name))
            continue;
        write_key(out, at->name);
        kdb_buf_slice(out, at->raw);
    }
    for (size_t i = 0; i < statement->space.option_count; i++) {
        const struct kdb_ast_option *option = &statement->space.options[i];
        if (is_set_again(statement, i + 1, option->key))
            continue;
        KDB_TRY(kdb_ctx_check(ctx));
        write_key(out, option->key);
        KDB_TRY(write_option(ctx, option, out));
    }
    kdb_buf_put(out, '}');
    if (out->is_exceeded)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "the options of a namespace exceed %zu bytes",
                        OPTIONS_BYTES_MAX);
    return KDB_OK;
}

static kdb_status set_options(struct kdb_exec *exec, struct kdb_catalog_change *change,
                              const struct kdb_statement *statement)
{
    const struct kdb_namespace *old = kdb_catalog_namespace(change->next, statement->space.name);
    if (!old)
        return missing(exec, statement->space.name);
    if (statement->space.option_count > OPTIONS_MAX)
        return kdb_fail(exec->ctx, KDB_ERR_LIMIT_EXCEEDED, "at most %d options can be set at once",
                        OPTIONS_MAX);
    struct kdb_buf options = {.limit = OPTIONS_BYTES_MAX};
    kdb_status status = write_options(exec->ctx, statement, old->options, &options);
    if (status == KDB_OK) {
        struct kdb_namespace like = {.name = old->name,
                                     .options = kdb_buf_view(&options),
                                     .created_at_us = old->created_at_us};
        like.updated_at_us = kdb_clock_now_us(exec->services->clock);
        struct kdb_namespace *space = kdb_namespace_create(&like);
        kdb_catalog_put_namespace(change, space);
        kdb_namespace_unref(space);
    }
    kdb_buf_deinit(&options);
    return status;
}

kdb_status command_alter_namespace(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    kdb_status status = set_options(exec, &change, statement);
    KDB_TRY(command_publish(exec, &change, status));
    return command_done(exec, "Namespace '%.*s' altered successfully",
                        KDB_ARG(statement->space.name));
}

// ---- DROP ----

static kdb_status refuse_tables(struct kdb_exec *exec, kdb_slice name, struct kdb_table **tables,
                                size_t count)
{
    struct kdb_buf names = {0};
    for (size_t i = 0; i < count && i < TABLES_NAMED_MAX; i++)
        kdb_buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", KDB_ARG(tables[i]->name));
    if (count > TABLES_NAMED_MAX)
        kdb_buf_printf(&names, " and %zu more", count - TABLES_NAMED_MAX);
    kdb_status status =
        kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                 "namespace '%.*s' still has %zu table(s): %.*s. Drop them first, or write DROP "
                 "NAMESPACE %.*s CASCADE",
                 KDB_ARG(name), count, KDB_ARG(kdb_buf_view(&names)), KDB_ARG(name));
    kdb_buf_deinit(&names);
    return status;
}

// What speaks against the drop.
static kdb_status check_drop(struct kdb_exec *exec, const struct kdb_statement *statement,
                             struct kdb_table **tables, size_t count)
{
    kdb_slice name = statement->space.name;
    if (kdb_slice_equal(name, KDB_LIT("default")) || kdb_slice_equal(name, KDB_LIT("dba")))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "namespace '%.*s' belongs to the server and cannot be dropped",
                        KDB_ARG(name));
    if (count > 0 && !statement->space.is_cascade)
        return refuse_tables(exec, name, tables, count);
    return KDB_OK;
}

kdb_status command_drop_namespace(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->space.name;
    if (catalog_list_is_virtual(name))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "namespace '%.*s' belongs to the server and cannot be dropped",
                        KDB_ARG(name));
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    if (!kdb_catalog_namespace(change.next, name)) {
        kdb_catalog_abandon(&change);
        if (!statement->space.if_exists)
            return missing(exec, name);
        return command_done(exec, "Namespace '%.*s' does not exist", KDB_ARG(name));
    }
    const struct catalog_choice choice = {CATALOG_CREATED, .spaces = catalog_one_name(&name)};
    size_t count;
    struct kdb_table **tables =
        catalog_list_tables(&exec->ctx->arena, change.next, &choice, &count);
    kdb_status status = check_drop(exec, statement, tables, count);
    if (status != KDB_OK) {
        kdb_catalog_abandon(&change);
        return status;
    }
    kdb_slice *jobs = kdb_arena_array(&exec->ctx->arena, count, sizeof(kdb_slice));
    kdb_catalog_remove_namespace(&change, name);
    KDB_TRY(command_drop_tables(exec, &change, tables, count, jobs));
    return command_done(exec, "Namespace '%.*s' dropped successfully", KDB_ARG(name));
}

// ---- USE ----

kdb_status command_use(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->space.name;
    if (!kdb_catalog_namespace(exec->snapshot, name) && !catalog_list_is_virtual(name))
        return missing(exec, name);
    exec->new_space = kdb_arena_copy(&exec->ctx->arena, name);
    return command_done(exec, "Namespace switched to '%.*s'", KDB_ARG(name));
}
