// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP USER. Passwords are hashed before anything is locked.
#include "auth/password.h"
#include "auth/rights.h"
#include "base/json_read.h"
#include "exec/accounts.h"
#include "exec/command_priv.h"

// The JSON of WITH OAUTH.
#define OAUTH_BYTES_MAX ((size_t)16 * 1024)

// Bytes of an e-mail address (RFC 5321).
#define EMAIL_BYTES_MAX 254

// ---- parts of a statement ----

static kdb_status read_role(struct kdb_exec *exec, kdb_slice name, kdb_role *ret)
{
    kdb_role role;
    if (!kdb_role_parse(name, &role) || role == KDB_ROLE_ANONYMOUS)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "unknown role '%.*s': use user, service, dba or system", KDB_ARG(name));
    if (!kdb_role_may_grant(exec->role, role))
        return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                        "role '%s' is not allowed to grant role '%s'", kdb_role_name(exec->role),
                        kdb_role_name(role));
    *ret = role;
    return KDB_OK;
}

static kdb_status hash_password(struct kdb_exec *exec, kdb_slice password, kdb_slice *ret_hash)
{
    const struct kdb_password_policy *policy = exec->services->passwords;
    KDB_TRY(kdb_password_check(policy, exec->ctx, password, false));
    return kdb_password_hash(policy, exec->ctx, password, ret_hash);
}

static kdb_status check_email(struct kdb_exec *exec, kdb_slice email)
{
    if (!email.data || (email.len > 0 && email.len <= EMAIL_BYTES_MAX))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "an e-mail address has 1 to %d bytes",
                    EMAIL_BYTES_MAX);
}

static bool is_filled(const struct kdb_json *root, const char *name)
{
    const struct kdb_json *member = kdb_json_get(root, kdb_slice_cstr(name));
    return member && member->type == KDB_JSON_STRING && member->text.len > 0;
}

static kdb_status check_oauth(struct kdb_exec *exec, kdb_slice json)
{
    const struct kdb_json_limits limits = {.size_max = OAUTH_BYTES_MAX, .depth_max = 8};
    const struct kdb_json *root = NULL;
    bool is_json = json.data && kdb_json_parse(exec->ctx, json, &limits, &root) == KDB_OK;
    if (is_json && is_filled(root, "provider") && is_filled(root, "subject"))
        return KDB_OK;
    kdb_ctx_clear_error(exec->ctx);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "WITH OAUTH needs a JSON object with provider and subject");
}

// ---- CREATE ----

// Fills everything but the times.
static kdb_status read_user(struct kdb_exec *exec, const struct kdb_statement *statement,
                            struct kdb_user *ret)
{
    kdb_slice name = statement->user.name;
    if (!kdb_account_id_is_valid(name))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "a user id has 1 to 128 bytes and holds neither '..', '/', '\\' nor NUL");
    struct kdb_user user = {.id = name,
                            .password_hash = KDB_LIT(""),
                            .email = statement->user.email,
                            .role = KDB_ROLE_USER};
    if (statement->user.role.data)
        KDB_TRY(read_role(exec, statement->user.role, &user.role));
    KDB_TRY(check_email(exec, user.email));
    switch (statement->user.auth) {
    case 'p':
        user.auth_type = KDB_LIT("Password");
        KDB_TRY(hash_password(exec, statement->user.password, &user.password_hash));
        break;
    case 'o':
        user.auth_type = KDB_LIT("OAuth");
        user.auth_data = statement->user.oauth;
        KDB_TRY(check_oauth(exec, user.auth_data));
        break;
    case 'i':
        user.auth_type = KDB_LIT("Internal");
        break;
    default:
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "CREATE USER needs WITH PASSWORD 'password', WITH OAUTH 'json' or WITH "
                        "INTERNAL");
    }
    *ret = user;
    return KDB_OK;
}

static void put_user(struct kdb_catalog_change *change, const struct kdb_user *like)
{
    struct kdb_user *user = kdb_user_create(like);
    kdb_catalog_put_user(change, user);
    kdb_user_unref(user);
}

static kdb_status fail_exists(struct kdb_exec *exec, kdb_slice name)
{
    return kdb_fail(exec->ctx, KDB_ERR_ALREADY_EXISTS, "user '%.*s' already exists", KDB_ARG(name));
}

kdb_status command_create_user(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->user.name;
    // Names of dropped users stay taken: their rows are still there.
    if (kdb_catalog_user(exec->snapshot, name))
        return fail_exists(exec, name); // before the time of a hash is spent
    struct kdb_user user;
    KDB_TRY(read_user(exec, statement, &user));
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    kdb_status status = kdb_catalog_user(change.next, name) ? fail_exists(exec, name) : KDB_OK;
    if (status == KDB_OK) {
        user.created_at_us = kdb_clock_now_us(exec->services->clock);
        user.updated_at_us = user.created_at_us;
        put_user(&change, &user);
    }
    KDB_TRY(command_publish(exec, &change, status));
    return command_done(exec, "User '%.*s' created", KDB_ARG(name));
}

// ---- ALTER ----

// The user as it is now; dropped ones count as missing.
static kdb_status find_user(struct kdb_exec *exec, const struct kdb_catalog_snapshot *snapshot,
                            kdb_slice name, const struct kdb_user **ret)
{
    const struct kdb_user *user = kdb_catalog_user(snapshot, name);
    if (!user || user->deleted_at_us != 0)
        return kdb_fail(exec->ctx, KDB_ERR_NOT_FOUND, "user '%.*s' does not exist", KDB_ARG(name));
    *ret = user;
    return KDB_OK;
}

// Whether the sender of the request changes themselves. Acting as somebody is not being them.
static bool is_self(const struct kdb_exec *exec, kdb_slice name)
{
    return kdb_slice_equal(name, exec->actor) && kdb_slice_equal(exec->user, exec->actor);
}

// Asked before anything is looked up: others do not learn who exists.
static kdb_status check_caller(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->user.name;
    bool is_own = is_self(exec, name);
    if (is_own && statement->user.role.data)
        return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                        "nobody is allowed to change their own role");
    if (is_own || kdb_role_may(exec->role, KDB_RIGHT_USERS))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                    "Admin privileges (DBA or System role) required: role '%s' is only allowed to "
                    "change its own password and e-mail",
                    kdb_role_name(exec->role));
}

// A dba must not become system by way of somebody who is.
static kdb_status check_target(struct kdb_exec *exec, const struct kdb_user *user)
{
    if (is_self(exec, user->id) || kdb_role_may_grant(exec->role, user->role))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                    "role '%s' is not allowed to change user '%.*s' of role '%s'",
                    kdb_role_name(exec->role), KDB_ARG(user->id), kdb_role_name(user->role));
}

static kdb_status check_change(struct kdb_exec *exec, const struct kdb_statement *statement,
                               const struct kdb_user *user)
{
    KDB_TRY(check_target(exec, user));
    if (statement->user.role.data && kdb_slice_equal(user->id, KDB_LIT("root")))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "root keeps its role: without it nobody could administer the server");
    if (statement->user.password.data && kdb_slice_equal(user->auth_type, KDB_LIT("OAuth")))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "user '%.*s' signs in with OAuth and has no password", KDB_ARG(user->id));
    return KDB_OK;
}

static kdb_status alter_user(struct kdb_exec *exec, struct kdb_catalog_change *change,
                             const struct kdb_statement *statement, const struct kdb_user *wanted)
{
    const struct kdb_user *old = NULL;
    KDB_TRY(find_user(exec, change->next, statement->user.name, &old));
    KDB_TRY(check_change(exec, statement, old));
    struct kdb_user next = *old;
    if (statement->user.password.data)
        next.password_hash = wanted->password_hash;
    if (statement->user.role.data)
        next.role = wanted->role;
    if (statement->user.email.data)
        next.email = statement->user.email;
    next.updated_at_us = kdb_clock_now_us(exec->services->clock);
    put_user(change, &next);
    return KDB_OK;
}

kdb_status command_alter_user(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    const struct kdb_user *old = NULL;
    struct kdb_user wanted = {.id = statement->user.name};
    KDB_TRY(check_caller(exec, statement));
    KDB_TRY(find_user(exec, exec->snapshot, statement->user.name, &old));
    KDB_TRY(check_change(exec, statement, old));
    KDB_TRY(check_email(exec, statement->user.email));
    if (statement->user.role.data)
        KDB_TRY(read_role(exec, statement->user.role, &wanted.role));
    if (statement->user.password.data)
        KDB_TRY(hash_password(exec, statement->user.password, &wanted.password_hash));
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    kdb_status status = alter_user(exec, &change, statement, &wanted);
    KDB_TRY(command_publish(exec, &change, status));
    return command_done(exec, "User '%.*s' updated", KDB_ARG(statement->user.name));
}

// ---- DROP ----

static kdb_status drop_user(struct kdb_exec *exec, struct kdb_catalog_change *change,
                            const struct kdb_user *user)
{
    KDB_TRY(check_target(exec, user));
    if (kdb_slice_equal(user->id, KDB_LIT("root")))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "root cannot be dropped: without it nobody could administer the server");
    if (is_self(exec, user->id))
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "nobody can drop themselves");
    struct kdb_user next = *user;
    next.deleted_at_us = kdb_clock_now_us(exec->services->clock);
    next.updated_at_us = next.deleted_at_us;
    put_user(change, &next);
    return KDB_OK;
}

kdb_status command_drop_user(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    kdb_slice name = statement->user.name;
    struct kdb_catalog_change change;
    kdb_catalog_begin(exec->services->catalog, exec->services->store, &change);
    const struct kdb_user *user = NULL;
    kdb_status status = find_user(exec, change.next, name, &user);
    if (status != KDB_OK && statement->user.if_exists) {
        kdb_catalog_abandon(&change);
        kdb_ctx_clear_error(exec->ctx);
        return command_done(exec, "User '%.*s' does not exist (skipped)", KDB_ARG(name));
    }
    if (status == KDB_OK)
        status = drop_user(exec, &change, user);
    KDB_TRY(command_publish(exec, &change, status));
    return command_done(exec, "User '%.*s' dropped (soft delete)", KDB_ARG(name));
}
