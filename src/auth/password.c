// SPDX-License-Identifier: Apache-2.0
// argon2id through libsodium, and the password policy.
#include "auth/password.h"

#include <sodium.h>
#include <string.h>

// What people try first; refused where an account is set up.
static const char *const common[] = {
    "password",  "password1",     "password123", "12345678", "123456789", "1234567890",
    "qwerty123", "qwertyuiop",    "abc12345",    "letmein1", "welcome1",  "iloveyou",
    "admin123",  "administrator", "root1234",    "changeme", "trustno1",  "sunshine",
    "princess",  "football",      "baseball",    "superman", "passw0rd",  "p@ssw0rd",
};

static bool is_common(kdb_slice password)
{
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (kdb_slice_equal_nocase(password, kdb_slice_cstr(common[i])))
            return true;
    }
    return false;
}

static kdb_status check_variety(struct kdb_ctx *ctx, kdb_slice password)
{
    bool has_upper = false;
    bool has_lower = false;
    bool has_digit = false;
    bool has_special = false;
    for (size_t i = 0; i < password.len; i++) {
        char c = password.data[i];
        has_upper = has_upper || (c >= 'A' && c <= 'Z');
        has_lower = has_lower || (c >= 'a' && c <= 'z');
        has_digit = has_digit || (c >= '0' && c <= '9');
        has_special = has_special ||
                      !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
    }
    const char *missing = !has_upper     ? "an uppercase letter"
                          : !has_lower   ? "a lowercase letter"
                          : !has_digit   ? "a digit"
                          : !has_special ? "a special character"
                                         : NULL;
    if (!missing)
        return KDB_OK;
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "password must contain %s", missing);
}

kdb_status kdb_password_check(const struct kdb_password_policy *policy, struct kdb_ctx *ctx,
                              kdb_slice password, bool refuses_common)
{
    if (password.len < policy->length_min)
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "password must have at least %u bytes",
                        policy->length_min);
    if (password.len > policy->length_max)
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "password must have at most %u bytes",
                        policy->length_max);
    if (refuses_common && is_common(password))
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "password is too common");
    return policy->needs_variety ? check_variety(ctx, password) : KDB_OK;
}

kdb_status kdb_password_hash(const struct kdb_password_policy *policy, struct kdb_ctx *ctx,
                             kdb_slice password, kdb_slice *ret_hash)
{
    char hash[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 ||
        crypto_pwhash_str_alg(hash, password.data, password.len, policy->hash_operations,
                              (size_t)policy->hash_memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "not enough memory to hash a password");
    *ret_hash = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(hash));
    return KDB_OK;
}

bool kdb_password_matches(const struct kdb_password_policy *policy, kdb_slice hash,
                          kdb_slice password)
{
    char text[crypto_pwhash_STRBYTES] = {0};
    if (sodium_init() < 0)
        return false;
    if (hash.len > 0 && hash.len < sizeof(text)) {
        memcpy(text, hash.data, hash.len);
        return crypto_pwhash_str_verify(text, password.data, password.len) == 0;
    }
    // No such user, or one without a password: spend the same time.
    int spent =
        crypto_pwhash_str_alg(text, password.data, password.len, policy->hash_operations,
                              (size_t)policy->hash_memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    (void)spent;
    return false;
}
