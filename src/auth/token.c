// SPDX-License-Identifier: Apache-2.0
// HS256 tokens through cjose (RFC 7515, 7519).
#include "auth/token.h"

#include <cjose/cjose.h>
#include <stdlib.h>

#include "auth/token_priv.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "base/json_write.h"

kdb_status kdb_token_issuer_create(const struct kdb_token_issuer_options *options,
                                   struct kdb_ctx *ctx, struct kdb_token_issuer **ret_issuer)
{
    KDB_ASSERT(options->secret.len > 0);
    cjose_err error;
    cjose_jwk_t *key = cjose_jwk_create_oct_spec((const uint8_t *)options->secret.data,
                                                 options->secret.len, &error);
    if (!key)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot use auth.jwt_secret: %s", error.message);
    struct kdb_token_issuer *issuer = kdb_alloc(sizeof(*issuer));
    issuer->key = key;
    issuer->clock = options->clock;
    issuer->access_seconds = options->access_seconds;
    issuer->refresh_seconds = options->refresh_seconds;
    *ret_issuer = issuer;
    return KDB_OK;
}

void kdb_token_issuer_destroy(struct kdb_token_issuer *issuer)
{
    if (!issuer)
        return;
    (void)cjose_jwk_release(issuer->key); // wipes the key material
    kdb_free(issuer);
}

static void write_claims(const struct kdb_token_issuer *issuer, const struct kdb_user *user,
                         kdb_token_kind kind, int64_t now_s, struct kdb_buf *out)
{
    int64_t lifetime = kind == KDB_TOKEN_ACCESS ? issuer->access_seconds : issuer->refresh_seconds;
    int64_t expires_at_s = now_s + lifetime;
    KDB_BUF_LIT(out, "{\"sub\":");
    kdb_json_string(out, user->id);
    kdb_buf_printf(out, ",\"iss\":\"" TOKEN_ISSUER "\",\"iat\":%lld,\"exp\":%lld,\"email\":",
                   (long long)now_s, (long long)expires_at_s);
    if (user->email.data)
        kdb_json_string(out, user->email);
    else
        kdb_json_null(out);
    kdb_buf_printf(out, ",\"role\":\"%s\",\"token_type\":\"%s\"}", kdb_role_name(user->role),
                   kind == KDB_TOKEN_ACCESS ? "access" : "refresh");
}

static kdb_status sign(const struct kdb_token_issuer *issuer, struct kdb_ctx *ctx, kdb_slice claims,
                       kdb_slice *ret_token)
{
    cjose_err error;
    kdb_status status = KDB_OK;
    const char *token;
    cjose_jws_t *jws = NULL;
    cjose_header_t *header = cjose_header_new(&error);
    bool is_made = header && cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, &error) &&
                   cjose_header_set(header, "typ", "JWT", &error);
    if (is_made)
        jws = cjose_jws_sign(issuer->key, header, (const uint8_t *)claims.data, claims.len, &error);
    if (jws && cjose_jws_export(jws, &token, &error))
        *ret_token = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(token));
    else
        status = kdb_fail(ctx, KDB_ERR_INTERNAL, "cannot sign a token: %s", error.message);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return status;
}

kdb_status kdb_token_issue(const struct kdb_token_issuer *issuer, struct kdb_ctx *ctx,
                           const struct kdb_user *user, kdb_token_kind kind, kdb_slice *ret_token,
                           int64_t *ret_expires_at_s)
{
    int64_t now_s = kdb_clock_now_us(issuer->clock) / 1000000;
    struct kdb_buf claims = {0};
    write_claims(issuer, user, kind, now_s, &claims);
    kdb_status status = sign(issuer, ctx, kdb_buf_view(&claims), ret_token);
    kdb_buf_deinit(&claims);
    KDB_TRY(status);
    *ret_expires_at_s =
        now_s + (kind == KDB_TOKEN_ACCESS ? issuer->access_seconds : issuer->refresh_seconds);
    return KDB_OK;
}
