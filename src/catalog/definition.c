// SPDX-License-Identifier: Apache-2.0
// Namespaces, storages and users as stored JSON.
#include "catalog/definition.h"

#include "base/json_write.h"
#include "catalog/definition_priv.h"

#define DEPTH_MAX      16
#define SIZE_MAX_BYTES ((size_t)16 * 1024 * 1024)

// ---- writing ----

void definition_open(struct kdb_buf *out)
{
    kdb_buf_printf(out, "{\"format\":%d", DEFINITION_FORMAT);
}

void definition_text(struct kdb_buf *out, const char *name, kdb_slice text)
{
    if (!text.data)
        return;
    kdb_buf_printf(out, ",\"%s\":", name);
    kdb_json_string(out, text);
}

void definition_int(struct kdb_buf *out, const char *name, int64_t value)
{
    kdb_buf_printf(out, ",\"%s\":%lld", name, (long long)value);
}

void kdb_namespace_write(const struct kdb_namespace *space, struct kdb_buf *out)
{
    definition_open(out);
    definition_text(out, "name", space->name);
    definition_text(out, "options", space->options);
    definition_int(out, "created_at_us", space->created_at_us);
    definition_int(out, "updated_at_us", space->updated_at_us);
    kdb_buf_put(out, '}');
}

void kdb_storage_write(const struct kdb_storage *storage, struct kdb_buf *out)
{
    definition_open(out);
    definition_text(out, "id", storage->id);
    definition_text(out, "name", storage->name);
    definition_text(out, "description", storage->description);
    definition_text(out, "type", storage->type);
    definition_text(out, "base_directory", storage->base_directory);
    definition_text(out, "config", storage->config);
    definition_text(out, "shared_template", storage->shared_template);
    definition_text(out, "user_template", storage->user_template);
    definition_int(out, "created_at_us", storage->created_at_us);
    definition_int(out, "updated_at_us", storage->updated_at_us);
    kdb_buf_put(out, '}');
}

void kdb_user_write(const struct kdb_user *user, struct kdb_buf *out)
{
    definition_open(out);
    definition_text(out, "id", user->id);
    definition_text(out, "password_hash", user->password_hash);
    definition_text(out, "email", user->email);
    definition_text(out, "auth_type", user->auth_type);
    definition_text(out, "auth_data", user->auth_data);
    definition_text(out, "role", kdb_slice_cstr(kdb_role_name(user->role)));
    definition_int(out, "created_at_us", user->created_at_us);
    definition_int(out, "updated_at_us", user->updated_at_us);
    definition_int(out, "deleted_at_us", user->deleted_at_us);
    kdb_buf_put(out, '}');
}

// ---- reading ----

kdb_status definition_parse(kdb_slice json, struct kdb_ctx *ctx, const char *what,
                            const struct kdb_json **ret)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX_BYTES, .depth_max = DEPTH_MAX};
    if (kdb_json_parse(ctx, json, &limits, ret) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored %s is damaged", what);
    }
    const struct kdb_json *format = kdb_json_get(*ret, KDB_LIT("format"));
    if (!format || format->type != KDB_JSON_INT || format->integer < 1)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored %s has no format number", what);
    if (format->integer > DEFINITION_FORMAT)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "a stored %s has format %lld, this server knows formats up to %d: it was "
                        "written by a newer release",
                        what, (long long)format->integer, DEFINITION_FORMAT);
    return KDB_OK;
}

kdb_slice definition_get_text(const struct kdb_json *object, const char *name)
{
    const struct kdb_json *member = kdb_json_get(object, kdb_slice_cstr(name));
    return member && member->type == KDB_JSON_STRING ? member->text : (kdb_slice){0};
}

int64_t definition_get_int(const struct kdb_json *object, const char *name, int64_t otherwise)
{
    const struct kdb_json *member = kdb_json_get(object, kdb_slice_cstr(name));
    return member && (member->type == KDB_JSON_INT || member->type == KDB_JSON_BOOL)
               ? member->integer
               : otherwise;
}

static kdb_status require(kdb_slice name, struct kdb_ctx *ctx, const char *what)
{
    return name.data ? KDB_OK : kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored %s has no name", what);
}

kdb_status kdb_namespace_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_namespace **ret)
{
    const struct kdb_json *root;
    KDB_TRY(definition_parse(json, ctx, "namespace", &root));
    const struct kdb_namespace like = {
        .name = definition_get_text(root, "name"),
        .options = definition_get_text(root, "options"),
        .created_at_us = definition_get_int(root, "created_at_us", 0),
        .updated_at_us = definition_get_int(root, "updated_at_us", 0)};
    KDB_TRY(require(like.name, ctx, "namespace"));
    *ret = kdb_namespace_create(&like);
    return KDB_OK;
}

kdb_status kdb_storage_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_storage **ret)
{
    const struct kdb_json *root;
    KDB_TRY(definition_parse(json, ctx, "storage", &root));
    const struct kdb_storage like = {.id = definition_get_text(root, "id"),
                                     .name = definition_get_text(root, "name"),
                                     .description = definition_get_text(root, "description"),
                                     .type = definition_get_text(root, "type"),
                                     .base_directory = definition_get_text(root, "base_directory"),
                                     .config = definition_get_text(root, "config"),
                                     .shared_template =
                                         definition_get_text(root, "shared_template"),
                                     .user_template = definition_get_text(root, "user_template"),
                                     .created_at_us = definition_get_int(root, "created_at_us", 0),
                                     .updated_at_us = definition_get_int(root, "updated_at_us", 0)};
    KDB_TRY(require(like.id, ctx, "storage"));
    *ret = kdb_storage_create(&like);
    return KDB_OK;
}

kdb_status kdb_user_read(kdb_slice json, struct kdb_ctx *ctx, struct kdb_user **ret)
{
    const struct kdb_json *root;
    KDB_TRY(definition_parse(json, ctx, "user", &root));
    struct kdb_user like = {.id = definition_get_text(root, "id"),
                            .password_hash = definition_get_text(root, "password_hash"),
                            .email = definition_get_text(root, "email"),
                            .auth_type = definition_get_text(root, "auth_type"),
                            .auth_data = definition_get_text(root, "auth_data"),
                            .created_at_us = definition_get_int(root, "created_at_us", 0),
                            .updated_at_us = definition_get_int(root, "updated_at_us", 0),
                            .deleted_at_us = definition_get_int(root, "deleted_at_us", 0)};
    KDB_TRY(require(like.id, ctx, "user"));
    if (!kdb_role_parse(definition_get_text(root, "role"), &like.role))
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored user has an unknown role");
    *ret = kdb_user_create(&like);
    return KDB_OK;
}
