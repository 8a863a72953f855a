// SPDX-License-Identifier: Apache-2.0
// Tokens: issued and checked, expired, forged, of other algorithms and kinds, and remembered.
#include "auth/token.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/hex.h"
#include "lib/test.h"

#define NOW_S INT64_C(1777888800)

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_clock clock;
    int64_t now_us;
    struct kdb_token_issuer *issuer;
    struct kdb_token_checker *checker;
    struct kdb_user user;
};

static int64_t fake_now(void *self)
{
    return ((struct fixture *)self)->now_us;
}

static const char secret[] = "0123456789abcdef0123456789abcdef";

static int setup(void **state)
{
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    f->now_us = NOW_S * 1000000;
    f->clock = (struct kdb_clock){fake_now, f};
    const struct kdb_token_issuer_options options = {.secret = kdb_slice_cstr(secret),
                                                     .clock = &f->clock,
                                                     .access_seconds = 3600,
                                                     .refresh_seconds = 7200};
    assert_int_equal(kdb_token_issuer_create(&options, &f->ctx, &f->issuer), KDB_OK);
    f->checker = kdb_token_checker_create(f->issuer, 2);
    f->user = (struct kdb_user){.id = KDB_LIT("o'neil \"ü\""), .role = KDB_ROLE_SERVICE};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_token_checker_destroy(f->checker);
    kdb_token_issuer_destroy(f->issuer);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static kdb_slice issue(struct fixture *f, kdb_token_kind kind)
{
    kdb_slice token;
    int64_t expires_at_s;
    assert_int_equal(kdb_token_issue(f->issuer, &f->ctx, &f->user, kind, &token, &expires_at_s),
                     KDB_OK);
    assert_int_equal(expires_at_s, NOW_S + (kind == KDB_TOKEN_ACCESS ? 3600 : 7200));
    return token;
}

static void test_issued_token_is_valid_twice(void **state)
{
    struct fixture *f = *state;
    kdb_slice token = issue(f, KDB_TOKEN_ACCESS);
    for (int i = 0; i < 2; i++) { // verified, then remembered
        struct kdb_token_claims claims;
        assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                         KDB_TOKEN_VALID);
        assert_slice_equal(claims.user, "o'neil \"ü\"");
        assert_int_equal(claims.role, KDB_ROLE_SERVICE);
    }
}

static void test_expiry_has_a_minute_of_leeway(void **state)
{
    struct fixture *f = *state;
    kdb_slice token = issue(f, KDB_TOKEN_ACCESS);
    struct kdb_token_claims claims;
    f->now_us += (3600 + 60) * INT64_C(1000000);
    assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                     KDB_TOKEN_VALID);
    f->now_us += 1000000;
    assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                     KDB_TOKEN_EXPIRED); // also when it was remembered
}

static void test_kinds_are_not_interchangeable(void **state)
{
    struct fixture *f = *state;
    struct kdb_token_claims claims;
    assert_int_equal(
        kdb_token_check(f->checker, issue(f, KDB_TOKEN_REFRESH), KDB_TOKEN_ACCESS, &claims),
        KDB_TOKEN_WRONG_KIND);
    assert_int_equal(
        kdb_token_check(f->checker, issue(f, KDB_TOKEN_ACCESS), KDB_TOKEN_REFRESH, &claims),
        KDB_TOKEN_WRONG_KIND);
}

static void test_every_changed_byte_is_noticed(void **state)
{
    struct fixture *f = *state;
    kdb_slice token = issue(f, KDB_TOKEN_ACCESS);
    struct kdb_token_claims claims;
    for (size_t i = 0; i < token.len; i++) {
        kdb_slice copy = kdb_arena_copy(&f->ctx.arena, token);
        char *bytes = (char *)(uintptr_t)copy.data;
        bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
        bool is_last = i == token.len - 1; // its low bits may be padding
        kdb_token_verdict verdict = kdb_token_check(f->checker, copy, KDB_TOKEN_ACCESS, &claims);
        assert_true(verdict != KDB_TOKEN_VALID || is_last || token.data[i] == bytes[i]);
    }
}

// A token of any header and claims, signed with our secret.
static kdb_slice forge(struct fixture *f, const char *header, const char *claims)
{
    struct kdb_arena *arena = &f->ctx.arena;
    kdb_slice signed_part = kdb_arena_printf(
        arena, "%.*s.%.*s", KDB_ARG(kdb_base64url_text(arena, kdb_slice_cstr(header))),
        KDB_ARG(kdb_base64url_text(arena, kdb_slice_cstr(claims))));
    uint8_t digest[KDB_SHA256_BYTES];
    kdb_hmac_sha256(kdb_slice_cstr(secret), signed_part, digest);
    return kdb_arena_printf(
        arena, "%.*s.%.*s", KDB_ARG(signed_part),
        KDB_ARG(kdb_base64url_text(arena, kdb_slice_of(digest, sizeof(digest)))));
}

static void test_claims_and_headers_are_checked(void **state)
{
    struct fixture *f = *state;
    static const char hs256[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    static const struct {
        const char *header;
        const char *claims;
        kdb_token_verdict verdict;
    } cases[] = {
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"iat\":1,\"exp\":9999999999,\"role\":\"user\","
         "\"token_type\":\"access\"}",
         KDB_TOKEN_VALID},
        {"{\"alg\":\"none\"}",
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"exp\":9999999999,\"role\":\"user\","
         "\"token_type\":\"access\"}",
         KDB_TOKEN_INVALID},
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"other\",\"exp\":9999999999,\"role\":\"user\","
         "\"token_type\":\"access\"}",
         KDB_TOKEN_INVALID},
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"nbf\":9999999999,\"exp\":9999999999,"
         "\"role\":\"user\",\"token_type\":\"access\"}",
         KDB_TOKEN_INVALID},
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"iat\":9999999999,\"exp\":9999999999,"
         "\"role\":\"user\",\"token_type\":\"access\"}",
         KDB_TOKEN_INVALID},
        {hs256, "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"exp\":9999999999,\"role\":\"user\"}",
         KDB_TOKEN_LACKS_CLAIMS},
        {hs256,
         "{\"iss\":\"kalamdb\",\"exp\":9999999999,\"role\":\"user\",\"token_type\":\"access\"}",
         KDB_TOKEN_LACKS_CLAIMS},
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"exp\":9999999999,\"role\":\"king\","
         "\"token_type\":\"access\"}",
         KDB_TOKEN_LACKS_CLAIMS},
        {hs256,
         "{\"sub\":\"a\",\"iss\":\"kalamdb\",\"exp\":9223372036854775807,\"role\":\"user\","
         "\"token_type\":\"access\"}",
         KDB_TOKEN_VALID},
        {hs256, "[]", KDB_TOKEN_INVALID},
        {hs256, "not json", KDB_TOKEN_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_token_claims claims;
        kdb_slice token = forge(f, cases[i].header, cases[i].claims);
        assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                         cases[i].verdict);
    }
}

static void test_garbage_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const garbage[] = {"", ".", "..", "a.b.c", "a.b", "....", "\xFF\xFE.x.y"};
    struct kdb_token_claims claims;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
        assert_int_equal(
            kdb_token_check(f->checker, kdb_slice_cstr(garbage[i]), KDB_TOKEN_ACCESS, &claims),
            KDB_TOKEN_INVALID);
    char *large = kdb_arena_zalloc(&f->ctx.arena, 10000);
    memset(large, 'a', 10000);
    assert_int_equal(
        kdb_token_check(f->checker, kdb_slice_of(large, 10000), KDB_TOKEN_ACCESS, &claims),
        KDB_TOKEN_INVALID);
}

static void test_memory_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        kdb_slice name = kdb_arena_printf(&f->ctx.arena, "user%d", i);
        f->user.id = name;
        kdb_slice token = issue(f, KDB_TOKEN_ACCESS);
        struct kdb_token_claims claims;
        assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                         KDB_TOKEN_VALID);
        assert_true(kdb_slice_equal(claims.user, name));
    }
}

// The one that is used stays, however long ago it came.
static void test_the_longest_unused_is_forgotten(void **state)
{
    struct fixture *f = *state;
    kdb_slice tokens[3];
    const char *kept = NULL;
    struct kdb_token_claims claims;
    for (int i = 0; i < 3; i++) {
        f->user.id = kdb_arena_printf(&f->ctx.arena, "user%d", i);
        tokens[i] = issue(f, KDB_TOKEN_ACCESS);
    }
    static const int order[] = {0, 1, 0, 2, 0}; // two are remembered
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        assert_int_equal(kdb_token_check(f->checker, tokens[order[i]], KDB_TOKEN_ACCESS, &claims),
                         KDB_TOKEN_VALID);
        if (order[i] == 0) {
            assert_true(!kept || claims.user.data == kept);
            kept = claims.user.data;
        }
    }
}

static void test_a_short_secret_works(void **state)
{
    struct fixture *f = *state;
    static const char *const secrets[] = {"x", "CHANGE_ME_IN_PRODUCTION"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        const struct kdb_token_issuer_options options = {
            .secret = kdb_slice_cstr(secrets[i]), .clock = &f->clock, .access_seconds = 60};
        struct kdb_token_issuer *issuer;
        assert_int_equal(kdb_token_issuer_create(&options, &f->ctx, &issuer), KDB_OK);
        struct kdb_token_checker *checker = kdb_token_checker_create(issuer, 1);
        kdb_slice token;
        int64_t expires_at_s;
        struct kdb_token_claims claims;
        assert_int_equal(
            kdb_token_issue(issuer, &f->ctx, &f->user, KDB_TOKEN_ACCESS, &token, &expires_at_s),
            KDB_OK);
        assert_int_equal(kdb_token_check(checker, token, KDB_TOKEN_ACCESS, &claims),
                         KDB_TOKEN_VALID);
        assert_int_equal(kdb_token_check(f->checker, token, KDB_TOKEN_ACCESS, &claims),
                         KDB_TOKEN_INVALID);
        kdb_token_checker_destroy(checker);
        kdb_token_issuer_destroy(issuer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_issued_token_is_valid_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry_has_a_minute_of_leeway, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_are_not_interchangeable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_changed_byte_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_claims_and_headers_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_longest_unused_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_short_secret_works, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
