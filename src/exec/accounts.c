// SPDX-License-Identifier: Apache-2.0
// First-run setup: root's password and the first administrator in one batch.
#include "exec/accounts.h"

#include "auth/password.h"
#include "base/utf8.h"

// As long as sign-in accepts.
#define USER_ID_BYTES_MAX 128

bool kdb_account_id_is_valid(kdb_slice id)
{
    if (id.len == 0 || id.len > USER_ID_BYTES_MAX || !kdb_utf8_is_valid(id))
        return false;
    return kdb_slice_find(id, KDB_LIT(".."), 0) == SIZE_MAX && !memchr(id.data, '/', id.len) &&
           !memchr(id.data, '\\', id.len) && !memchr(id.data, '\0', id.len);
}

static bool check_password(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                           kdb_slice password, const char *whose)
{
    if (kdb_password_check(services->passwords, ctx, password, true) == KDB_OK)
        return true;
    kdb_slice why = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(ctx->error.message));
    kdb_status status = ctx->error.status;
    kdb_ctx_clear_error(ctx);
    (void)kdb_fail(ctx, status, "%s password: %.*s", whose, KDB_ARG(why));
    return false;
}

// Under the catalog's change lock: nobody else sets up at the same time.
static kdb_setup_outcome commit(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                                const struct kdb_account_setup *setup, kdb_slice hash,
                                kdb_slice root_hash)
{
    struct kdb_catalog_change change;
    kdb_catalog_begin(services->catalog, services->store, &change);
    const struct kdb_user *root = kdb_catalog_user(change.next, KDB_LIT("root"));
    kdb_setup_outcome refusal = KDB_SETUP_DONE;
    if (!root || root->password_hash.len > 0)
        refusal = KDB_SETUP_ALREADY;
    else if (kdb_catalog_user(change.next, setup->user))
        refusal = KDB_SETUP_USER_EXISTS;
    if (refusal != KDB_SETUP_DONE) {
        kdb_catalog_abandon(&change);
        (void)kdb_fail(ctx, KDB_ERR_ALREADY_EXISTS,
                       refusal == KDB_SETUP_ALREADY ? "the server is set up already"
                                                    : "user '%.*s' already exists",
                       KDB_ARG(setup->user));
        return refusal;
    }
    int64_t now_us = kdb_clock_now_us(services->clock);
    struct kdb_user next = *root;
    next.password_hash = root_hash;
    next.updated_at_us = now_us;
    struct kdb_user *new_root = kdb_user_create(&next);
    const struct kdb_user admin = {.id = setup->user,
                                   .password_hash = hash,
                                   .email = setup->email,
                                   .auth_type = KDB_LIT("Password"),
                                   .role = KDB_ROLE_DBA,
                                   .created_at_us = now_us,
                                   .updated_at_us = now_us};
    struct kdb_user *new_admin = kdb_user_create(&admin);
    kdb_catalog_put_user(&change, new_root);
    kdb_catalog_put_user(&change, new_admin);
    kdb_user_unref(new_root);
    kdb_user_unref(new_admin);
    if (kdb_commit_batch(services->committer, ctx, change.batch) != KDB_OK) {
        kdb_catalog_abandon(&change);
        return KDB_SETUP_FAILED;
    }
    kdb_catalog_publish(&change);
    return KDB_SETUP_DONE;
}

kdb_setup_outcome kdb_accounts_setup(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                                     const struct kdb_account_setup *setup)
{
    if (!kdb_account_id_is_valid(setup->user)) {
        (void)kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                       "a user id has 1 to %d bytes and neither '..', '/', '\\' nor NUL",
                       USER_ID_BYTES_MAX);
        return KDB_SETUP_INVALID_USER;
    }
    if (!check_password(services, ctx, setup->password, "DBA user") ||
        !check_password(services, ctx, setup->root_password, "Root"))
        return KDB_SETUP_WEAK_PASSWORD;
    kdb_slice hash;
    kdb_slice root_hash;
    if (kdb_password_hash(services->passwords, ctx, setup->password, &hash) != KDB_OK ||
        kdb_password_hash(services->passwords, ctx, setup->root_password, &root_hash) != KDB_OK)
        return KDB_SETUP_FAILED;
    return commit(services, ctx, setup, hash, root_hash);
}
