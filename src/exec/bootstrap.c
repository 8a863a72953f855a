// SPDX-License-Identifier: Apache-2.0
// The first start.
#include "exec/bootstrap.h"

#include "auth/password.h"

struct bootstrap {
    struct kdb_catalog_change change;
    int64_t now_us;
    bool has_changes;
};

static void add_namespace(struct bootstrap *bootstrap, kdb_slice name)
{
    if (kdb_catalog_namespace(bootstrap->change.next, name))
        return;
    const struct kdb_namespace like = {
        .name = name, .created_at_us = bootstrap->now_us, .updated_at_us = bootstrap->now_us};
    struct kdb_namespace *space = kdb_namespace_create(&like);
    kdb_catalog_put_namespace(&bootstrap->change, space);
    kdb_namespace_unref(space);
    bootstrap->has_changes = true;
}

static void add_local_storage(struct bootstrap *bootstrap)
{
    if (kdb_catalog_storage(bootstrap->change.next, KDB_LIT("local")))
        return;
    // An empty base directory is the data folder: everything of one user lies under one folder.
    const struct kdb_storage like = {.id = KDB_LIT("local"),
                                     .name = KDB_LIT("Local file system"),
                                     .description = KDB_LIT("The data folder of this server"),
                                     .type = KDB_LIT("filesystem"),
                                     .base_directory = KDB_LIT(""),
                                     .shared_template = KDB_LIT("shared/{namespace}/{tableName}"),
                                     .user_template =
                                         KDB_LIT("users/{userId}/tables/{namespace}/{tableName}"),
                                     .created_at_us = bootstrap->now_us,
                                     .updated_at_us = bootstrap->now_us};
    struct kdb_storage *storage = kdb_storage_create(&like);
    kdb_catalog_put_storage(&bootstrap->change, storage);
    kdb_storage_unref(storage);
    bootstrap->has_changes = true;
}

// `hash` is null when no password is configured.
static void add_root(struct bootstrap *bootstrap, kdb_slice hash)
{
    const struct kdb_user *old = kdb_catalog_user(bootstrap->change.next, KDB_LIT("root"));
    struct kdb_user like = {.id = KDB_LIT("root"),
                            .password_hash = KDB_LIT(""),
                            .email = KDB_LIT("root@localhost"),
                            .auth_type = KDB_LIT("Internal"),
                            .role = KDB_ROLE_SYSTEM,
                            .created_at_us = bootstrap->now_us};
    if (old && (old->password_hash.len > 0 || !hash.data))
        return;
    if (old)
        like = *old;
    if (hash.data)
        like.password_hash = hash;
    like.updated_at_us = bootstrap->now_us;
    struct kdb_user *root = kdb_user_create(&like);
    kdb_catalog_put_user(&bootstrap->change, root);
    kdb_user_unref(root);
    bootstrap->has_changes = true;
}

static bool root_has_password(struct kdb_catalog *catalog)
{
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(catalog);
    const struct kdb_user *root = kdb_catalog_user(snapshot, KDB_LIT("root"));
    bool has_password = root && root->password_hash.len > 0;
    kdb_catalog_release(snapshot);
    return has_password;
}

// The hash of the configured password, null when it is not needed.
static kdb_status hash_password(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                                kdb_slice password, kdb_slice *ret_hash)
{
    *ret_hash = (kdb_slice){0};
    if (password.len == 0 || root_has_password(services->catalog))
        return KDB_OK;
    if (kdb_password_check(services->passwords, ctx, password, false) != KDB_OK)
        return kdb_wrap(ctx, "auth.root_password");
    return kdb_password_hash(services->passwords, ctx, password, ret_hash);
}

kdb_status kdb_exec_bootstrap(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                              kdb_slice root_password)
{
    kdb_slice hash;
    KDB_TRY(hash_password(services, ctx, root_password, &hash));
    struct bootstrap bootstrap = {.now_us = kdb_clock_now_us(services->clock)};
    kdb_catalog_begin(services->catalog, services->store, &bootstrap.change);
    add_namespace(&bootstrap, KDB_LIT("default"));
    add_namespace(&bootstrap, KDB_LIT("dba"));
    add_local_storage(&bootstrap);
    add_root(&bootstrap, hash);
    kdb_status status = KDB_OK;
    if (bootstrap.has_changes)
        status = kdb_commit_batch(services->committer, ctx, bootstrap.change.batch);
    if (status == KDB_OK && bootstrap.has_changes)
        kdb_catalog_publish(&bootstrap.change);
    else
        kdb_catalog_abandon(&bootstrap.change);
    return status;
}
