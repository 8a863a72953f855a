// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER, DROP and CHECK STORAGE: folders that tables may keep their files in.
#include "base/json_read.h"
#include "exec/catalog_list.h"
#include "exec/command_priv.h"
#include "exec/row_writer.h"
#include "exec/storage_probe.h"
#include "exec/system_tables.h"

#define SHARED_TEMPLATE  "{namespace}/{tableName}"
#define USER_TEMPLATE    "{namespace}/{tableName}/{userId}"
#define CONFIG_BYTES_MAX ((size_t)64 * 1024)
#define PATH_BYTES_MAX   3072
#define NO_SUCH_PLACE    SIZE_MAX

static kdb_status missing(struct kdb_exec *exec, kdb_slice id)
{
    return kdb_fail(exec->ctx, KDB_ERR_NOT_FOUND, "storage '%.*s' not found", KDB_ARG(id));
}

// ---- templates ----

static kdb_status fail_template(struct kdb_ctx *ctx, const char *clause, kdb_slice text,
                                const char *why)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "%s '%.*s' %s", clause, KDB_ARG(text), why);
}

// The placeholder that begins at `at`, or one that nobody knows.
static kdb_status check_placeholder(struct kdb_ctx *ctx, const char *clause, kdb_slice text,
                                    size_t at)
{
    static const char *const known[] = {"{namespace}", "{tableName}", "{userId}", "{user_id}"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (kdb_slice_has_prefix(kdb_slice_skip(text, at), kdb_slice_cstr(known[i])))
            return KDB_OK;
    }
    return fail_template(ctx, clause, text,
                         "has a placeholder other than {namespace}, {tableName} and {userId}");
}

static kdb_status check_path_text(struct kdb_ctx *ctx, const char *clause, kdb_slice text)
{
    if (text.len == 0 || text.len > PATH_BYTES_MAX)
        return fail_template(ctx, clause, text, "must have 1 to 3072 bytes");
    if (text.data[0] == '/')
        return fail_template(ctx, clause, text,
                             "must be relative: it is put behind the storage's folder");
    if (kdb_slice_find(text, KDB_LIT(".."), 0) != NO_SUCH_PLACE)
        return fail_template(ctx, clause, text, "must not contain '..'");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '{')
            KDB_TRY(check_placeholder(ctx, clause, text, i));
    }
    return KDB_OK;
}

// Where the user stands, in either spelling.
static size_t user_place(kdb_slice text)
{
    size_t at = kdb_slice_find(text, KDB_LIT("{userId}"), 0);
    return at == NO_SUCH_PLACE ? kdb_slice_find(text, KDB_LIT("${user_id}"), 0) : at;
}

static kdb_status check_shared_template(struct kdb_ctx *ctx, kdb_slice text)
{
    static const char clause[] = "SHARED_TABLES_TEMPLATE";
    KDB_TRY(check_path_text(ctx, clause, text));
    size_t space = kdb_slice_find(text, KDB_LIT("{namespace}"), 0);
    size_t table = kdb_slice_find(text, KDB_LIT("{tableName}"), 0);
    if (space == NO_SUCH_PLACE || table == NO_SUCH_PLACE || space > table)
        return fail_template(ctx, clause, text, "needs {namespace} and behind it {tableName}");
    if (user_place(text) != NO_SUCH_PLACE)
        return fail_template(ctx, clause, text, "must not contain {userId}");
    return KDB_OK;
}

static kdb_status check_user_template(struct kdb_ctx *ctx, kdb_slice text)
{
    static const char clause[] = "USER_TABLES_TEMPLATE";
    KDB_TRY(check_path_text(ctx, clause, text));
    size_t space = kdb_slice_find(text, KDB_LIT("{namespace}"), 0);
    size_t table = kdb_slice_find(text, KDB_LIT("{tableName}"), 0);
    size_t user = user_place(text);
    if (user == NO_SUCH_PLACE)
        return fail_template(ctx, clause, text, "needs {userId}");
    bool is_ordered = (space == NO_SUCH_PLACE || space < user) &&
                      (table == NO_SUCH_PLACE || table < user) &&
                      (space == NO_SUCH_PLACE || table == NO_SUCH_PLACE || space < table);
    if (!is_ordered)
        return fail_template(ctx, clause, text,
                             "must have {namespace}, {tableName} and {userId} in this order");
    return KDB_OK;
}

static kdb_status check_config(struct kdb_ctx *ctx, kdb_slice config)
{
    const struct kdb_json_limits limits = {.size_max = CONFIG_BYTES_MAX, .depth_max = 16};
    const struct kdb_json *root = NULL;
    if (!config.data)
        return KDB_OK;
    if (kdb_json_parse(ctx, config, &limits, &root) == KDB_OK && root->type == KDB_JSON_OBJECT)
        return KDB_OK;
    kdb_ctx_clear_error(ctx);
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "CONFIG must be a JSON object");
}

static kdb_status check_templates(struct kdb_ctx *ctx, const struct kdb_statement *statement)
{
    if (statement->storage.shared_template.data)
        KDB_TRY(check_shared_template(ctx, statement->storage.shared_template));
    if (statement->storage.user_template.data)
        KDB_TRY(check_user_template(ctx, statement->storage.user_template));
    return check_config(ctx, statement->storage.config);
}

// ---- CREATE ----

static kdb_status check_clauses(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct kdb_ctx *ctx = exec->ctx;
    KDB_TRY(command_name_check_storage(ctx, statement->storage.id));
    if (!kdb_slice_equal_nocase(statement->storage.type, KDB_LIT("filesystem")))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "storage type '%.*s' is not supported yet: use 'filesystem'",
                        KDB_ARG(statement->storage.type));
    if (statement->storage.bucket.data || statement->storage.region.data ||
        statement->storage.credentials.data)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "BUCKET, REGION and CREDENTIALS are not for storages of type filesystem");
    return check_templates(ctx, statement);
}

// The path without slashes at its end; absolute.
static kdb_status read_path(struct kdb_exec *exec, kdb_slice path, kdb_slice *ret)
{
    if (path.len == 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "a storage of type filesystem needs a PATH that is not empty");
    if (path.data[0] != '/' || path.len > PATH_BYTES_MAX)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "PATH '%.*s' must be absolute and have at most %d bytes", KDB_ARG(path),
                        PATH_BYTES_MAX);
    if (kdb_slice_find(path, KDB_LIT("/.."), 0) != NO_SUCH_PLACE ||
        kdb_slice_find(path, KDB_LIT("{"), 0) != NO_SUCH_PLACE)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "PATH '%.*s' must not contain '..' or placeholders", KDB_ARG(path));
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    *ret = kdb_arena_copy(&exec->ctx->arena, path);
    return KDB_OK;
}

// The folder lies under storage.allowed_roots: asked for a table in it as segments will ask.
static kdb_status check_roots(struct kdb_exec *exec, const struct kdb_storage *storage)
{
    const struct kdb_table table = {.space = KDB_LIT("kalamdb_probe"),
                                    .name = KDB_LIT("kalamdb_probe"),
                                    .kind = KDB_TABLE_USER,
                                    .storage_id = storage->id};
    struct kdb_storage plain = {.id = storage->id,
                                .type = storage->type,
                                .base_directory = storage->base_directory,
                                .shared_template = KDB_LIT(SHARED_TEMPLATE),
                                .user_template = KDB_LIT(USER_TEMPLATE)};
    kdb_slice folder;
    return kdb_segment_folder(exec->services->segments, exec->ctx, &table, &plain,
                              KDB_LIT("kalamdb_probe"), &folder);
}

static kdb_status probe_folder(struct kdb_exec *exec, kdb_slice path)
{
    struct storage_probe probe;
    size_t made;
    KDB_TRY(storage_probe_make_folder(exec->ctx, path, &made));
    storage_probe_run(exec->ctx, path.data, &probe);
    if (!probe.error)
        return KDB_OK;
    storage_probe_unmake_folder(exec->ctx, path, made);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "PATH '%.*s' cannot be used: %s",
                    KDB_ARG(path), probe.error);
}

static kdb_slice given_or(kdb_slice given, kdb_slice otherwise)
{
    return given.data ? given : otherwise;
}

static kdb_status add_storage(struct kdb_exec *exec, struct kdb_catalog_change *change,
                              const struct kdb_storage *like)
{
    if (kdb_catalog_storage(change->next, like->id))
        return kdb_fail(exec->ctx, KDB_ERR_ALREADY_EXISTS, "storage '%.*s' already exists",
                        KDB_ARG(like->id));
    struct kdb_storage *storage = kdb_storage_create(like);
    kdb_catalog_put_storage(change, storage);
    kdb_storage_unref(storage);
    return KDB_OK;
}

kdb_status command_create_storage(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice id = statement->storage.id;
    if (statement->storage.if_exists && kdb_catalog_storage(exec->snapshot, id))
        return command_done(exec, "Storage '%.*s' already exists", KDB_ARG(id));
    KDB_TRY(check_clauses(exec, statement));
    int64_t now_us = kdb_clock_now_us(exec->services->clock);
    struct kdb_storage like = {
        .id = id,
        .name = given_or(statement->storage.name, id),
        .description = statement->storage.description,
        .type = KDB_LIT("filesystem"),
        .config = statement->storage.config,
        .shared_template = given_or(statement->storage.shared_template, KDB_LIT(SHARED_TEMPLATE)),
        .user_template = given_or(statement->storage.user_template, KDB_LIT(USER_TEMPLATE)),
        .created_at_us = now_us,
        .updated_at_us = now_us};
    KDB_TRY(read_path(exec, statement->storage.path, &like.base_directory));
    KDB_TRY(check_roots(exec, &like));
    if (!kdb_catalog_storage(exec->snapshot, id))
        KDB_TRY(probe_folder(exec, like.base_directory));
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    KDB_TRY(command_publish(exec, &change, add_storage(exec, &change, &like)));
    return command_done(exec, "Storage '%.*s' created successfully", KDB_ARG(id));
}

// ---- ALTER ----

// New segments of a table would go to another folder than its old ones.
static kdb_status check_unused(struct kdb_exec *exec, const struct kdb_catalog_change *change,
                               const struct kdb_statement *statement)
{
    bool moves = statement->storage.shared_template.data || statement->storage.user_template.data;
    size_t count = moves ? catalog_list_storage_use(change->next, statement->storage.id) : 0;
    if (count == 0)
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "storage '%.*s' is used by %zu table(s): its templates cannot change",
                    KDB_ARG(statement->storage.id), count);
}

static kdb_status alter_storage(struct kdb_exec *exec, struct kdb_catalog_change *change,
                                const struct kdb_statement *statement)
{
    const struct kdb_storage *old = kdb_catalog_storage(change->next, statement->storage.id);
    if (!old)
        return missing(exec, statement->storage.id);
    KDB_TRY(check_unused(exec, change, statement));
    struct kdb_storage like = {
        .id = old->id,
        .name = given_or(statement->storage.name, old->name),
        .description = given_or(statement->storage.description, old->description),
        .type = old->type,
        .base_directory = old->base_directory,
        .config = given_or(statement->storage.config, old->config),
        .shared_template = given_or(statement->storage.shared_template, old->shared_template),
        .user_template = given_or(statement->storage.user_template, old->user_template),
        .created_at_us = old->created_at_us,
        .updated_at_us = kdb_clock_now_us(exec->services->clock)};
    struct kdb_storage *storage = kdb_storage_create(&like);
    kdb_catalog_put_storage(change, storage);
    kdb_storage_unref(storage);
    return KDB_OK;
}

kdb_status command_alter_storage(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    KDB_TRY(check_templates(exec->ctx, statement));
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    KDB_TRY(command_publish(exec, &change, alter_storage(exec, &change, statement)));
    return command_done(exec, "Storage '%.*s' altered successfully",
                        KDB_ARG(statement->storage.id));
}

// ---- DROP ----

static kdb_status drop_storage(struct kdb_exec *exec, struct kdb_catalog_change *change,
                               kdb_slice id)
{
    if (kdb_slice_equal(id, KDB_LIT("local")))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "storage 'local' belongs to the server and cannot be dropped");
    size_t count = catalog_list_storage_use(change->next, id);
    if (count > 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "storage '%.*s' is used by %zu table(s) and cannot be dropped", KDB_ARG(id),
                        count);
    kdb_catalog_remove_storage(change, id);
    return KDB_OK;
}

kdb_status command_drop_storage(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice id = statement->storage.id;
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    if (!kdb_catalog_storage(change.next, id)) {
        kdb_catalog_abandon(&change);
        if (!statement->storage.if_exists)
            return missing(exec, id);
        return command_done(exec, "Storage '%.*s' does not exist (skipped)", KDB_ARG(id));
    }
    KDB_TRY(command_publish(exec, &change, drop_storage(exec, &change, id)));
    return command_done(exec, "Storage '%.*s' dropped successfully", KDB_ARG(id));
}

// ---- CHECK ----

#define COLUMN(name_, kind_, is_not_null_)                                                         \
    {                                                                                              \
        .name = KDB_LIT_INIT(name_), .type = {.kind = (kind_)}, .is_not_null = (is_not_null_)      \
    }

static const struct kdb_output_column check_columns[] = {
    COLUMN("storage_id", KDB_TEXT, true),     COLUMN("status", KDB_TEXT, true),
    COLUMN("readable", KDB_BOOLEAN, true),    COLUMN("writable", KDB_BOOLEAN, true),
    COLUMN("listable", KDB_BOOLEAN, true),    COLUMN("deletable", KDB_BOOLEAN, true),
    COLUMN("latency_ms", KDB_BIGINT, true),   COLUMN("total_bytes", KDB_BIGINT, false),
    COLUMN("used_bytes", KDB_BIGINT, false),  COLUMN("error", KDB_TEXT, false),
    COLUMN("tested_at", KDB_TIMESTAMP, true),
};

static kdb_status folder_of(struct kdb_exec *exec, const struct kdb_storage *storage,
                            const char **ret)
{
    const struct kdb_system_tables *system = exec->services->system;
    if (storage->base_directory.len > 0) {
        *ret = kdb_arena_copy(&exec->ctx->arena, storage->base_directory).data;
        return KDB_OK;
    }
    if (!system || !system->data_path)
        return kdb_fail(exec->ctx, KDB_ERR_UNAVAILABLE, "the data folder is not known");
    *ret = system->data_path;
    return KDB_OK;
}

static void write_size(struct row_writer *writer, bool is_wanted, int64_t bytes)
{
    if (is_wanted && bytes >= 0)
        row_writer_int(writer, bytes);
    else
        row_writer_null(writer);
}

kdb_status command_check_storage(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    const struct kdb_storage *storage = kdb_catalog_storage(exec->snapshot, statement->storage.id);
    if (!storage)
        return missing(exec, statement->storage.id);
    const char *folder = NULL;
    KDB_TRY(folder_of(exec, storage, &folder));
    struct storage_probe probe;
    storage_probe_run(exec->ctx, folder, &probe);
    struct row_writer writer;
    KDB_TRY(row_writer_begin(&writer, exec, check_columns,
                             sizeof(check_columns) / sizeof(check_columns[0])));
    bool is_reachable = probe.is_readable || probe.is_writable;
    row_writer_text(&writer, storage->id);
    row_writer_cstr(&writer, !probe.error ? "healthy" : is_reachable ? "degraded" : "unreachable");
    row_writer_bool(&writer, probe.is_readable);
    row_writer_bool(&writer, probe.is_writable);
    row_writer_bool(&writer, probe.is_listable);
    row_writer_bool(&writer, probe.is_deletable);
    row_writer_int(&writer, probe.latency_ms);
    write_size(&writer, statement->storage.is_extended, probe.total_bytes);
    write_size(&writer, statement->storage.is_extended, probe.used_bytes);
    row_writer_cstr(&writer, probe.error);
    row_writer_time(&writer, exec->now_us);
    return row_writer_end(&writer);
}
