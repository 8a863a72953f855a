// SPDX-License-Identifier: Apache-2.0
// Request context: the first failure wins, long messages are cut at a character, budgets stop work.
#include "base/ctx.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "lib/test.h"

static int set_up(void **state)
{
    static struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 100000);
    *state = &ctx;
    return 0;
}

static int tear_down(void **state)
{
    kdb_ctx_deinit(*state);
    return 0;
}

static void test_first_failure_wins(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(kdb_fail(ctx, KDB_ERR_CONFLICT, "row %d", 7), KDB_ERR_CONFLICT);
    assert_int_equal(kdb_fail(ctx, KDB_ERR_IO, "later"), KDB_ERR_CONFLICT);
    assert_int_equal(ctx->error.status, KDB_ERR_CONFLICT);
    assert_string_equal(ctx->error.message, "row 7");
    assert_non_null(strstr(ctx->error.file, "ctx_test.c"));
    assert_true(ctx->error.line > 0);
    kdb_error_at(ctx, 5);
    kdb_error_at(ctx, 9);
    assert_int_equal(ctx->error.position, 5);
    kdb_ctx_clear_error(ctx);
    assert_int_equal(ctx->error.position, 0);
    assert_int_equal(kdb_fail(ctx, KDB_ERR_IO, "%s", "new"), KDB_ERR_IO);
    assert_string_equal(ctx->error.message, "new");
}

static void test_wrap_puts_text_before(void **state)
{
    struct kdb_ctx *ctx = *state;
    (void)kdb_fail(ctx, KDB_ERR_IO, "no such file");
    assert_int_equal(kdb_wrap(ctx, "table %s", "a.b"), KDB_ERR_IO);
    assert_string_equal(ctx->error.message, "table a.b: no such file");
    char name[KDB_MESSAGE_BYTES + 100];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(kdb_wrap(ctx, "%s", name), KDB_ERR_IO);
    assert_int_equal(strlen(ctx->error.message), KDB_MESSAGE_BYTES - 1);
}

// Whatever the length and wherever the cut falls, the message is whole characters.
static void test_long_messages_are_cut_at_a_character(void **state)
{
    struct kdb_ctx *ctx = *state;
    char text[KDB_MESSAGE_BYTES * 2 + 8];
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t kind = 0; kind < 4; kind++) {
        for (size_t shift = 0; shift < 5; shift++) {
            size_t len = shift;
            memset(text, 'x', shift);
            while (len < KDB_MESSAGE_BYTES * 2) {
                memcpy(text + len, characters[kind], strlen(characters[kind]));
                len += strlen(characters[kind]);
            }
            text[len] = '\0';
            kdb_ctx_clear_error(ctx);
            (void)kdb_fail(ctx, KDB_ERR_INTERNAL, "%s", text);
            kdb_slice message = kdb_slice_cstr(ctx->error.message);
            assert_true(kdb_utf8_is_valid(message));
            assert_in_range(message.len, KDB_MESSAGE_BYTES - 5, KDB_MESSAGE_BYTES - 1);
            (void)kdb_wrap(ctx, "%.*s", (int)shift, "prefix");
            assert_true(kdb_utf8_is_valid(kdb_slice_cstr(ctx->error.message)));
        }
    }
}

// A message of exactly the room there is keeps its last character.
static void test_message_that_just_fits(void **state)
{
    struct kdb_ctx *ctx = *state;
    char text[KDB_MESSAGE_BYTES];
    memset(text, 'x', sizeof(text));
    memcpy(text + sizeof(text) - 3, "\xc3\xa9", 3);
    (void)kdb_fail(ctx, KDB_ERR_INTERNAL, "%s", text);
    assert_string_equal(ctx->error.message, text);
}

static void test_check_passes_and_stops(void **state)
{
    struct kdb_ctx *ctx = *state;
    assert_int_equal(kdb_ctx_check(ctx), KDB_OK);
    ctx->deadline_ns = kdb_monotonic_ns() + INT64_C(3600) * 1000000000;
    assert_int_equal(kdb_ctx_check(ctx), KDB_OK);
    ctx->deadline_ns = 1;
    assert_int_equal(kdb_ctx_check(ctx), KDB_ERR_TIMEOUT);
    kdb_ctx_reset(ctx);
    atomic_store(&ctx->is_cancelled, true);
    assert_int_equal(kdb_ctx_check(ctx), KDB_ERR_CANCELLED);
    kdb_ctx_reset(ctx);
    assert_int_equal(kdb_ctx_check(ctx), KDB_OK);
    (void)kdb_arena_alloc(&ctx->arena, 100001);
    assert_int_equal(kdb_ctx_check(ctx), KDB_ERR_LIMIT_EXCEEDED);
}

static void test_reset_forgets_the_request(void **state)
{
    struct kdb_ctx *ctx = *state;
    (void)kdb_fail(ctx, KDB_ERR_IO, "x");
    (void)snprintf(ctx->request_id, sizeof(ctx->request_id), "id");
    ctx->deadline_ns = 5;
    kdb_ctx_reset(ctx);
    assert_int_equal(ctx->error.status, KDB_OK);
    assert_string_equal(ctx->error.message, "");
    assert_string_equal(ctx->request_id, "");
    assert_int_equal(ctx->deadline_ns, 0);
    assert_int_equal(ctx->arena.limit_bytes, 100000);
}

static kdb_status pass_on(struct kdb_ctx *ctx, bool fails, int *ret_value)
{
    KDB_TRY(fails ? kdb_fail(ctx, KDB_ERR_IO, "x") : KDB_OK);
    *ret_value = 1;
    return KDB_OK;
}

static void test_try_returns_the_failure(void **state)
{
    struct kdb_ctx *ctx = *state;
    int value = 0;
    assert_int_equal(pass_on(ctx, false, &value), KDB_OK);
    assert_int_equal(value, 1);
    value = 0;
    assert_int_equal(pass_on(ctx, true, &value), KDB_ERR_IO);
    assert_int_equal(value, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_failure_wins),
        TEST(test_wrap_puts_text_before),
        TEST(test_long_messages_are_cut_at_a_character),
        TEST(test_message_that_just_fits),
        TEST(test_check_passes_and_stops),
        TEST(test_reset_forgets_the_request),
        TEST(test_try_returns_the_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
