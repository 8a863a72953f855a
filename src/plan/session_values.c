// SPDX-License-Identifier: Apache-2.0
// Functions of the session, and new identifiers.
#include "base/random.h"
#include "plan/function_priv.h"

kdb_status plan_current_user(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    (void)args;
    return plan_return_slice(eval->user, ret_value);
}

kdb_status plan_current_role(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    (void)args;
    return plan_return_slice(eval->role, ret_value);
}

kdb_status plan_snowflake_id(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    (void)call;
    (void)args;
    *ret_value = kdb_value_int(KDB_BIGINT, kdb_snowflake_next(eval->ids));
    return KDB_OK;
}

kdb_status plan_uuid_v7(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    char *out = kdb_arena_alloc(eval->scratch, KDB_UUID_TEXT + 1);
    (void)call;
    (void)args;
    kdb_uuid_v7_text(eval->id_source, out);
    return plan_return_text(out, KDB_UUID_TEXT, ret_value);
}

kdb_status plan_ulid(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    char *out = kdb_arena_alloc(eval->scratch, KDB_ULID_TEXT + 1);
    (void)call;
    (void)args;
    kdb_ulid_text(eval->id_source, out);
    return plan_return_text(out, KDB_ULID_TEXT, ret_value);
}

// Version 4 of RFC 9562.
kdb_status plan_random_uuid(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    (void)args;
    *ret_value = (kdb_value){.kind = KDB_UUID};
    kdb_random_bytes(ret_value->uuid, sizeof(ret_value->uuid));
    ret_value->uuid[6] = (uint8_t)((ret_value->uuid[6] & 0x0F) | 0x40);
    ret_value->uuid[8] = (uint8_t)((ret_value->uuid[8] & 0x3F) | 0x80);
    return KDB_OK;
}
