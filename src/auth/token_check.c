// SPDX-License-Identifier: Apache-2.0
// Checking tokens, and remembering those that were right.
#include "auth/token_priv.h"
#include "base/alloc.h"
#include "base/json_read.h"
#include "base/map.h"
#include "base/use_order.h"
#include "conf/limits.h"

// Longer ones are not ours.
#define TOKEN_BYTES_MAX ((size_t)4096)

// What a verified token said.
struct known {
    struct kdb_use_link use;
    kdb_slice token; // owned: key of the map
    kdb_slice user;  // owned
    kdb_role role;
    kdb_token_kind kind;
    int64_t expires_at_s;
};

struct kdb_token_checker {
    const struct kdb_token_issuer *issuer;
    struct kdb_map known; // keys borrowed from the entries
    struct kdb_use_order order;
    size_t count, capacity;
    struct kdb_ctx ctx; // memory of one check
};

struct kdb_token_checker *kdb_token_checker_create(const struct kdb_token_issuer *issuer,
                                                   size_t capacity)
{
    struct kdb_token_checker *checker = kdb_alloc(sizeof(*checker));
    checker->issuer = issuer;
    checker->capacity = capacity;
    kdb_ctx_init(&checker->ctx, 0);
    return checker;
}

static void forget(struct kdb_token_checker *checker, struct known *known)
{
    kdb_use_order_remove(&checker->order, &known->use);
    (void)kdb_map_remove(&checker->known, known->token);
    checker->count--;
    kdb_free((void *)(uintptr_t)known->token.data);
    kdb_free((void *)(uintptr_t)known->user.data);
    kdb_free(known);
}

static void forget_oldest(struct kdb_token_checker *checker)
{
    forget(checker, KDB_USE_OF(checker->order.oldest, struct known, use));
}

void kdb_token_checker_destroy(struct kdb_token_checker *checker)
{
    if (!checker)
        return;
    while (checker->order.oldest)
        forget_oldest(checker);
    kdb_map_deinit(&checker->known);
    kdb_ctx_deinit(&checker->ctx);
    kdb_free(checker);
}

static struct known *remember(struct kdb_token_checker *checker, kdb_slice token,
                              const struct known *like)
{
    while (checker->count >= checker->capacity && checker->order.oldest)
        forget_oldest(checker);
    struct known *known = kdb_alloc(sizeof(*known));
    *known = *like;
    known->token = kdb_slice_of(kdb_alloc_text(token.data, token.len), token.len);
    known->user = kdb_slice_of(kdb_alloc_text(like->user.data, like->user.len), like->user.len);
    kdb_use_order_add(&checker->order, &known->use);
    (void)kdb_map_set(&checker->known, known->token, known);
    checker->count++;
    return known;
}

// The payload of a token that our key signed with HS256; null slice for anything else.
static kdb_slice verified_payload(struct kdb_token_checker *checker, kdb_slice token)
{
    cjose_err error;
    kdb_slice payload = {0};
    cjose_jws_t *jws = cjose_jws_import(token.data, token.len, &error);
    if (!jws)
        return payload;
    const char *algorithm = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, &error);
    bool is_ours = algorithm && kdb_slice_equal(kdb_slice_cstr(algorithm), KDB_LIT("HS256"));
    uint8_t *text;
    size_t len;
    if (is_ours && cjose_jws_verify(jws, checker->issuer->key, &error) &&
        cjose_jws_get_plaintext(jws, &text, &len, &error))
        payload = kdb_arena_copy(&checker->ctx.arena, kdb_slice_of(text, len));
    cjose_jws_release(jws);
    return payload;
}

static bool is_before(const struct kdb_json *claim, int64_t now_s)
{
    return !claim || (claim->type == KDB_JSON_INT &&
                      claim->integer <= now_s + KDB_LIMIT_TOKEN_LEEWAY_SECONDS);
}

static kdb_token_verdict read_claims(const struct kdb_json *root, int64_t now_s, struct known *ret)
{
    const struct kdb_json *user = kdb_json_get(root, KDB_LIT("sub"));
    const struct kdb_json *issuer = kdb_json_get(root, KDB_LIT("iss"));
    const struct kdb_json *role = kdb_json_get(root, KDB_LIT("role"));
    const struct kdb_json *kind = kdb_json_get(root, KDB_LIT("token_type"));
    const struct kdb_json *expires = kdb_json_get(root, KDB_LIT("exp"));
    if (!issuer || issuer->type != KDB_JSON_STRING ||
        !kdb_slice_equal(issuer->text, KDB_LIT(TOKEN_ISSUER)) ||
        !is_before(kdb_json_get(root, KDB_LIT("nbf")), now_s) ||
        !is_before(kdb_json_get(root, KDB_LIT("iat")), now_s))
        return KDB_TOKEN_INVALID;
    bool has_all = user && user->type == KDB_JSON_STRING && user->text.len > 0 && role &&
                   role->type == KDB_JSON_STRING && kind && kind->type == KDB_JSON_STRING &&
                   expires && expires->type == KDB_JSON_INT &&
                   kdb_role_parse(role->text, &ret->role);
    if (!has_all)
        return KDB_TOKEN_LACKS_CLAIMS;
    bool is_access = kdb_slice_equal(kind->text, KDB_LIT("access"));
    if (!is_access && !kdb_slice_equal(kind->text, KDB_LIT("refresh")))
        return KDB_TOKEN_INVALID;
    ret->kind = is_access ? KDB_TOKEN_ACCESS : KDB_TOKEN_REFRESH;
    ret->user = user->text;
    ret->expires_at_s = expires->integer;
    return KDB_TOKEN_VALID;
}

static kdb_token_verdict verify(struct kdb_token_checker *checker, kdb_slice token, int64_t now_s,
                                struct known **ret)
{
    kdb_ctx_reset(&checker->ctx);
    kdb_slice payload = verified_payload(checker, token);
    if (!payload.data)
        return KDB_TOKEN_INVALID;
    const struct kdb_json_limits limits = {.size_max = TOKEN_BYTES_MAX, .depth_max = 8};
    const struct kdb_json *root;
    if (kdb_json_parse(&checker->ctx, payload, &limits, &root) != KDB_OK)
        return KDB_TOKEN_INVALID;
    struct known claims = {0};
    kdb_token_verdict verdict = read_claims(root, now_s, &claims);
    if (verdict == KDB_TOKEN_VALID)
        *ret = remember(checker, token, &claims);
    return verdict;
}

kdb_token_verdict kdb_token_check(struct kdb_token_checker *checker, kdb_slice token,
                                  kdb_token_kind kind, struct kdb_token_claims *ret_claims)
{
    if (token.len == 0 || token.len > TOKEN_BYTES_MAX)
        return KDB_TOKEN_INVALID;
    int64_t now_s = kdb_clock_now_us(checker->issuer->clock) / 1000000;
    struct known *known = kdb_map_get(&checker->known, token);
    if (!known) {
        kdb_token_verdict verdict = verify(checker, token, now_s, &known);
        if (verdict != KDB_TOKEN_VALID)
            return verdict;
    }
    if (now_s - KDB_LIMIT_TOKEN_LEEWAY_SECONDS > known->expires_at_s) {
        forget(checker, known);
        return KDB_TOKEN_EXPIRED;
    }
    kdb_use_order_touch(&checker->order, &known->use);
    if (known->kind != kind)
        return KDB_TOKEN_WRONG_KIND;
    *ret_claims = (struct kdb_token_claims){known->user, known->role, known->expires_at_s};
    return KDB_TOKEN_VALID;
}
