// SPDX-License-Identifier: Apache-2.0
// The issuer's inside, shared by signing and checking.
#ifndef KDB_AUTH_TOKEN_PRIV_H
#define KDB_AUTH_TOKEN_PRIV_H

#include <cjose/cjose.h>

#include "auth/token.h"

// Claim "iss" of our own tokens.
#define TOKEN_ISSUER "kalamdb"

struct kdb_token_issuer {
    cjose_jwk_t *key;
    const struct kdb_clock *clock;
    int64_t access_seconds;
    int64_t refresh_seconds;
};

#endif
