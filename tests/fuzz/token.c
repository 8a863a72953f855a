// SPDX-License-Identifier: Apache-2.0
// Fuzz target of tokens: any bytes as one, and any claims that our key has signed.
// links: auth
//
// Input: 0 and a token; or 1 and the claims; or 2, the header up to a line end, and the claims.
#include "auth/token.h"
#include "base/assert.h"
#include "base/digest.h"
#include "base/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t fixed_now(void *self)
{
    (void)self;
    return INT64_C(1777888800) * 1000000;
}

static const char secret[] = "0123456789abcdef0123456789abcdef";

static kdb_slice sign(struct kdb_arena *arena, kdb_slice header, kdb_slice claims)
{
    kdb_slice text =
        kdb_arena_printf(arena, "%.*s.%.*s", KDB_ARG(kdb_base64url_text(arena, header)),
                         KDB_ARG(kdb_base64url_text(arena, claims)));
    uint8_t digest[KDB_SHA256_BYTES];
    kdb_hmac_sha256(kdb_slice_cstr(secret), text, digest);
    return kdb_arena_printf(
        arena, "%.*s.%.*s", KDB_ARG(text),
        KDB_ARG(kdb_base64url_text(arena, kdb_slice_of(digest, sizeof(digest)))));
}

static kdb_slice make_token(struct kdb_arena *arena, uint8_t form, kdb_slice text)
{
    if (form == 0)
        return text;
    if (form == 1)
        return sign(arena, KDB_LIT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), text);
    size_t line = kdb_slice_find(text, KDB_LIT("\n"), 0);
    size_t len = line == SIZE_MAX ? text.len : line;
    return sign(arena, kdb_slice_of(text.data, len), kdb_slice_skip(text, len + 1));
}

// Twice: verified, then remembered.
static void check(struct kdb_token_checker *checker, kdb_slice token, kdb_token_kind kind)
{
    struct kdb_token_claims claims[2] = {0};
    kdb_token_verdict first = kdb_token_check(checker, token, kind, &claims[0]);
    if (first == KDB_TOKEN_VALID) {
        KDB_ASSERT(claims[0].user.len > 0);
        KDB_ASSERT(claims[0].expires_at_s >= 1777888800 - 60);
    }
    KDB_ASSERT(kdb_token_check(checker, token, kind, &claims[1]) == first);
    KDB_ASSERT(kdb_slice_equal(claims[0].user, claims[1].user));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    const struct kdb_clock clock = {fixed_now, NULL};
    const struct kdb_token_issuer_options options = {.secret = kdb_slice_cstr(secret),
                                                     .clock = &clock,
                                                     .access_seconds = 3600,
                                                     .refresh_seconds = 7200};
    struct kdb_token_issuer *issuer;
    KDB_ASSERT(kdb_token_issuer_create(&options, &ctx, &issuer) == KDB_OK);
    struct kdb_token_checker *checker = kdb_token_checker_create(issuer, 2);
    kdb_slice token = make_token(&ctx.arena, data[0] % 3, kdb_slice_of(data + 1, size - 1));
    check(checker, token, KDB_TOKEN_ACCESS);
    check(checker, token, KDB_TOKEN_REFRESH);
    kdb_token_checker_destroy(checker);
    kdb_token_issuer_destroy(issuer);
    kdb_ctx_deinit(&ctx);
    return 0;
}
