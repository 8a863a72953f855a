// SPDX-License-Identifier: Apache-2.0
// Namespaces, storages and users as reference-counted objects, and the names of roles.
#include "base/alloc.h"
#include "catalog/catalog.h"

// A copy that the object owns; null stays null.
static kdb_slice own(kdb_slice text)
{
    return text.data ? kdb_slice_of(kdb_alloc_text(text.data, text.len), text.len) : text;
}

static void disown(kdb_slice text)
{
    kdb_free((void *)(uintptr_t)text.data);
}

struct kdb_namespace *kdb_namespace_create(const struct kdb_namespace *like)
{
    struct kdb_namespace *space = kdb_alloc(sizeof(*space));
    atomic_init(&space->references, 1);
    space->name = own(like->name);
    space->options = own(like->options);
    space->created_at_us = like->created_at_us;
    space->updated_at_us = like->updated_at_us;
    return space;
}

void kdb_namespace_unref(struct kdb_namespace *space)
{
    if (!space || atomic_fetch_sub(&space->references, 1) != 1)
        return;
    disown(space->name);
    disown(space->options);
    kdb_free(space);
}

struct kdb_storage *kdb_storage_create(const struct kdb_storage *like)
{
    struct kdb_storage *storage = kdb_alloc(sizeof(*storage));
    atomic_init(&storage->references, 1);
    storage->id = own(like->id);
    storage->name = own(like->name);
    storage->description = own(like->description);
    storage->type = own(like->type);
    storage->base_directory = own(like->base_directory);
    storage->config = own(like->config);
    storage->shared_template = own(like->shared_template);
    storage->user_template = own(like->user_template);
    storage->created_at_us = like->created_at_us;
    storage->updated_at_us = like->updated_at_us;
    return storage;
}

void kdb_storage_unref(struct kdb_storage *storage)
{
    if (!storage || atomic_fetch_sub(&storage->references, 1) != 1)
        return;
    disown(storage->id);
    disown(storage->name);
    disown(storage->description);
    disown(storage->type);
    disown(storage->base_directory);
    disown(storage->config);
    disown(storage->shared_template);
    disown(storage->user_template);
    kdb_free(storage);
}

struct kdb_user *kdb_user_create(const struct kdb_user *like)
{
    struct kdb_user *user = kdb_alloc(sizeof(*user));
    atomic_init(&user->references, 1);
    user->id = own(like->id);
    user->password_hash = own(like->password_hash);
    user->email = own(like->email);
    user->auth_type = own(like->auth_type);
    user->auth_data = own(like->auth_data);
    user->role = like->role;
    user->created_at_us = like->created_at_us;
    user->updated_at_us = like->updated_at_us;
    user->deleted_at_us = like->deleted_at_us;
    return user;
}

void kdb_user_unref(struct kdb_user *user)
{
    if (!user || atomic_fetch_sub(&user->references, 1) != 1)
        return;
    disown(user->id);
    disown(user->password_hash);
    disown(user->email);
    disown(user->auth_type);
    disown(user->auth_data);
    kdb_free(user);
}

const char *kdb_role_name(kdb_role role)
{
    static const char *const names[] = {[KDB_ROLE_ANONYMOUS] = "anonymous",
                                        [KDB_ROLE_USER] = "user",
                                        [KDB_ROLE_SERVICE] = "service",
                                        [KDB_ROLE_DBA] = "dba",
                                        [KDB_ROLE_SYSTEM] = "system"};
    return names[role];
}

bool kdb_role_parse(kdb_slice name, kdb_role *ret_role)
{
    static const struct {
        const char *name;
        kdb_role role;
    } spellings[] = {{"user", KDB_ROLE_USER},         {"viewer", KDB_ROLE_USER},
                     {"readonly", KDB_ROLE_USER},     {"service", KDB_ROLE_SERVICE},
                     {"developer", KDB_ROLE_SERVICE}, {"analyst", KDB_ROLE_SERVICE},
                     {"dba", KDB_ROLE_DBA},           {"admin", KDB_ROLE_DBA},
                     {"system", KDB_ROLE_SYSTEM},     {"anonymous", KDB_ROLE_ANONYMOUS}};
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (kdb_slice_equal_nocase(name, kdb_slice_cstr(spellings[i].name))) {
            *ret_role = spellings[i].role;
            return true;
        }
    }
    return false;
}
