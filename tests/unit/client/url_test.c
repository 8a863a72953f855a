// SPDX-License-Identifier: Apache-2.0
// Server addresses: their parts, and every kind that is refused.
#include "client/url_priv.h"

#include "lib/test.h"

static struct kdb_ctx ctx;

static kdb_status parse(const char *text, struct client_url *ret_url)
{
    kdb_ctx_deinit(&ctx);
    kdb_ctx_init(&ctx, 0);
    return client_url_parse(kdb_slice_cstr(text), &ctx, &ctx.arena, ret_url);
}

static void expect(const char *text, const char *host, const char *port, const char *prefix)
{
    struct client_url url;
    if (parse(text, &url) != KDB_OK)
        fail_msg("%s: %s", text, ctx.error.message);
    assert_slice_equal(url.host, host);
    assert_slice_equal(url.port, port);
    assert_slice_equal(url.prefix, prefix);
    assert_int_equal(url.host.data[url.host.len], '\0');
    assert_int_equal(url.port.data[url.port.len], '\0');
}

static void expect_refused(const char *text, const char *why)
{
    struct client_url url;
    assert_int_equal(parse(text, &url), KDB_ERR_INVALID_INPUT);
    if (!strstr(ctx.error.message, why))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, ctx.error.message, why);
}

static void test_parts(void **state)
{
    (void)state;
    expect("http://127.0.0.1:8080", "127.0.0.1", "8080", "");
    expect("http://db.example.org", "db.example.org", "80", "");
    expect("HTTP://db.example.org:1/", "db.example.org", "1", "");
    expect("http://[::1]:8080/", "::1", "8080", "");
    expect("http://[fe80::1%eth0]", "fe80::1%eth0", "80", "");
    expect("http://a/kalam//", "a", "80", "/kalam");
    expect("http://a:65535/x/y", "a", "65535", "/x/y");
    struct client_url url;
    assert_int_equal(parse("http://[::1]:8080/p", &url), KDB_OK);
    assert_slice_equal(url.authority, "[::1]:8080");
    assert_false(url.is_tls);
}

static void test_https(void **state)
{
    (void)state;
    expect("https://db.example.org", "db.example.org", "443", "");
    expect("HTTPS://[::1]:80/p", "::1", "80", "/p");
    struct client_url url;
    assert_int_equal(parse("https://a", &url), KDB_OK);
    assert_true(url.is_tls);
    assert_int_equal(parse("localhost", &url), KDB_OK);
    assert_false(url.is_tls);
}

static void test_no_scheme_is_for_this_machine(void **state)
{
    (void)state;
    expect("localhost:8080", "localhost", "8080", "");
    expect("127.0.0.1", "127.0.0.1", "80", "");
    expect("[::1]:9", "::1", "9", "");
    expect_refused("db.example.org:8080", "not encrypted");
    expect_refused("127evil.example.org", "not encrypted");
}

static void test_other_schemes(void **state)
{
    (void)state;
    expect_refused("ftp://127.0.0.1", "only https:// and http://");
    expect_refused("://127.0.0.1", "only https:// and http://");
    expect_refused("wss://127.0.0.1", "only https:// and http://");
}

static void test_credentials_are_not_repeated(void **state)
{
    (void)state;
    expect_refused("http://alice:s3cret@127.0.0.1:8080", "a user or a password in it");
    assert_null(strstr(ctx.error.message, "s3cret"));
}

static void test_what_is_no_address(void **state)
{
    (void)state;
    expect_refused("", "no host");
    expect_refused("http://", "no host");
    expect_refused("http://:8080", "no host");
    expect_refused("http://[]:8080", "no host");
    expect_refused("http://[::1", "bracket");
    expect_refused("http://a:", "port");
    expect_refused("http://a:0", "port");
    expect_refused("http://a:65536", "port");
    expect_refused("http://a:-1", "port");
    expect_refused("http://a:+1", "port");
    expect_refused("http://a:80a", "port");
    expect_refused("http://[::1]8080", "port");
    expect_refused("http://a:b:80", "port");
    expect_refused("http://a!b", "host name");
    expect_refused("http://a/?x=1", "query");
    expect_refused("http://a/#x", "fragment");
    expect_refused("http://a/x y", "character");
    expect_refused("http://a/\r\nX-Evil: 1", "character");
    expect_refused("http://\xc3\xa4/", "character");
}

static int tear_down(void **state)
{
    (void)state;
    kdb_ctx_deinit(&ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_https),
        cmocka_unit_test(test_no_scheme_is_for_this_machine),
        cmocka_unit_test(test_other_schemes),
        cmocka_unit_test(test_credentials_are_not_repeated),
        cmocka_unit_test(test_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
