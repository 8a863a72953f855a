// SPDX-License-Identifier: Apache-2.0
// Access and refresh tokens: HS256 JWTs, made and checked here and nowhere else.
//
// A checker remembers tokens it has verified (bounded), so that a request pays for a hash lookup
// and not for a signature; what may change behind a token (role, deleted user) is checked against
// the catalog on every request by the caller. A checker belongs to one loop or worker; the issuer
// is immutable and may be used by any thread.
#ifndef KDB_AUTH_TOKEN_H
#define KDB_AUTH_TOKEN_H

#include "base/clock.h"
#include "base/ctx.h"
#include "catalog/catalog.h"

struct kdb_token_issuer;
struct kdb_token_checker;

struct kdb_token_issuer_options {
    kdb_slice secret; // not empty; conf says what is long enough for whom
    const struct kdb_clock *clock;
    int64_t access_seconds;  // auth.jwt_expiry_hours
    int64_t refresh_seconds; // KDB_LIMIT_REFRESH_LIFETIMES times that
};
// CONFIG when the secret is too short. Destroy with kdb_token_issuer_destroy.
KDB_NODISCARD kdb_status kdb_token_issuer_create(const struct kdb_token_issuer_options *options,
                                                 struct kdb_ctx *ctx,
                                                 struct kdb_token_issuer **ret_issuer);
void kdb_token_issuer_destroy(struct kdb_token_issuer *issuer); // accepts NULL; wipes the secret

typedef enum { KDB_TOKEN_ACCESS, KDB_TOKEN_REFRESH } kdb_token_kind;

// A new token for a user (claims sub, iss "kalamdb", exp, iat, email, role, token_type); text in
// the ctx arena.
KDB_NODISCARD kdb_status kdb_token_issue(const struct kdb_token_issuer *issuer, struct kdb_ctx *ctx,
                                         const struct kdb_user *user, kdb_token_kind kind,
                                         kdb_slice *ret_token, int64_t *ret_expires_at_s);

typedef enum {
    KDB_TOKEN_VALID,
    KDB_TOKEN_EXPIRED, // signature right, exp passed (60 s leeway)
    KDB_TOKEN_INVALID, // malformed, forged, other algorithm (none included), wrong issuer, nbf/iat
                       // in the future
    KDB_TOKEN_LACKS_CLAIMS, // no sub, role or token_type
    KDB_TOKEN_WRONG_KIND    // refresh where access is wanted, or the other way round
} kdb_token_verdict;

struct kdb_token_claims {
    kdb_slice
        user; // lives as long as the checker remembers the token, at least until the next call
    kdb_role role;
    int64_t expires_at_s;
};

// `capacity`: tokens remembered.
struct kdb_token_checker *kdb_token_checker_create(const struct kdb_token_issuer *issuer,
                                                   size_t capacity);
void kdb_token_checker_destroy(struct kdb_token_checker *checker); // accepts NULL

// Checks `token`; claims are set when VALID. Constant-time signature comparison. Tokens longer than
// 4 KiB are INVALID.
kdb_token_verdict kdb_token_check(struct kdb_token_checker *checker, kdb_slice token,
                                  kdb_token_kind kind, struct kdb_token_claims *ret_claims);

#endif
