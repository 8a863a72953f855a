// SPDX-License-Identifier: Apache-2.0
// Passwords: argon2id hashes (libsodium) and the policy. Slow on purpose: only threads that do
// nothing else hash, never an event loop or a worker (the server's bootstrap apart).
#ifndef KDB_AUTH_PASSWORD_H
#define KDB_AUTH_PASSWORD_H

#include "base/ctx.h"

// What passwords must look like and how expensive their hashes are.
struct kdb_password_policy {
    uint32_t length_min; // bytes, auth.min_password_length
    uint32_t length_max; // bytes, auth.max_password_length
    bool needs_variety;  // auth.enforce_password_complexity: upper, lower, digit, special
    uint64_t hash_memory_bytes;
    uint64_t hash_operations;
};

// Checks the policy: INVALID_VALUE with what is missing ("password must have at least 8 bytes", "…
// an uppercase letter", "lowercase", "digit", "special character"). `refuses_common` also refuses a
// short list of passwords everyone tries.
KDB_NODISCARD kdb_status kdb_password_check(const struct kdb_password_policy *policy,
                                            struct kdb_ctx *ctx, kdb_slice password,
                                            bool refuses_common);

// A new salted hash (text in the ctx arena). 10-100 ms by policy. Any thread.
KDB_NODISCARD kdb_status kdb_password_hash(const struct kdb_password_policy *policy,
                                           struct kdb_ctx *ctx, kdb_slice password,
                                           kdb_slice *ret_hash);

// Whether `password` gives `hash`; takes as long for an empty or malformed hash as for a real one,
// so that a missing user cannot be told by the time. Any thread.
bool kdb_password_matches(const struct kdb_password_policy *policy, kdb_slice hash,
                          kdb_slice password);

#endif
