// SPDX-License-Identifier: Apache-2.0
// Addresses: what is read, what is refused, ranges, and what counts as this machine.
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "conf/conf.h"
#include "lib/test.h"

static struct kdb_address parsed(const char *text)
{
    struct kdb_address address;
    assert_true(kdb_address_parse(kdb_slice_cstr(text), &address));
    return address;
}

static void expect_text(const char *text, const char *expected)
{
    struct kdb_address address = parsed(text);
    char out[KDB_ADDRESS_TEXT_BYTES];
    assert_slice_equal(kdb_address_format(&address, out), expected);
}

static void test_parse_and_format(void **state)
{
    (void)state;
    expect_text("10.1.2.3", "10.1.2.3");
    expect_text("2001:DB8::1", "2001:db8::1");
    expect_text("::ffff:10.1.2.3", "10.1.2.3");
    expect_text("::", "::");
    expect_text("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    static const char *const bad[] = {"",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "256.1.1.1",
                                      "1.2.3.4 ",
                                      "1.2.3.4:5",
                                      "[::1]",
                                      "::1%lo",
                                      "localhost",
                                      "01.2.3.4x",
                                      "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255.255"};
    struct kdb_address address;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kdb_address_parse(kdb_slice_cstr(bad[i]), &address));
    assert_false(kdb_address_parse((kdb_slice){"1.2.3.4\0x", 9}, &address));
    struct kdb_address none = {0};
    char out[KDB_ADDRESS_TEXT_BYTES];
    assert_int_equal(kdb_address_format(&none, out).len, 0);
}

static void test_parse_forwarded(void **state)
{
    (void)state;
    static const char *const good[] = {"1.2.3.4", " 1.2.3.4 ", "1.2.3.4:80"};
    struct kdb_address address;
    struct kdb_address expected = parsed("1.2.3.4");
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(kdb_address_parse_forwarded(kdb_slice_cstr(good[i]), &address));
        assert_true(kdb_address_equal(&address, &expected));
    }
    expected = parsed("2001:db8::1");
    static const char *const good6[] = {"2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"};
    for (size_t i = 0; i < sizeof(good6) / sizeof(good6[0]); i++) {
        assert_true(kdb_address_parse_forwarded(kdb_slice_cstr(good6[i]), &address));
        assert_true(kdb_address_equal(&address, &expected));
    }
    static const char *const bad[] = {"", "unknown", "[::1", "[]", ":", "host:80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kdb_address_parse_forwarded(kdb_slice_cstr(bad[i]), &address));
}

static void test_of_socket(void **state)
{
    (void)state;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001)};
    struct sockaddr_storage storage = {0};
    memcpy(&storage, &in, sizeof(in));
    struct kdb_address address = kdb_address_of_socket((const struct sockaddr *)&storage);
    struct kdb_address expected = parsed("127.0.0.1");
    assert_true(kdb_address_equal(&address, &expected));
    storage.ss_family = AF_UNIX;
    assert_int_equal(kdb_address_of_socket((const struct sockaddr *)&storage).size, 0);
}

static void expect_here(const char *text, bool is_loopback, bool is_localhost)
{
    struct kdb_address address = parsed(text);
    assert_int_equal(kdb_address_is_loopback(&address), is_loopback);
    assert_int_equal(kdb_address_is_localhost(&address), is_localhost);
}

static void test_this_machine(void **state)
{
    (void)state;
    expect_here("127.0.0.1", true, true);
    expect_here("::1", true, true);
    expect_here("::ffff:127.0.0.1", true, true);
    expect_here("127.0.0.2", true, false);
    expect_here("127.255.1.1", true, false);
    expect_here("128.0.0.1", false, false);
    expect_here("::2", false, false);
    expect_here("0.0.0.0", false, false);
}

static void test_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *base;
        int prefix_bits;
        const char *inside, *outside;
    } cases[] = {
        {"::ffff:10.0.0.0", 96 + 8, "10.255.0.1", "11.0.0.0"},
        {"::ffff:10.1.2.3", 128, "10.1.2.3", "10.1.2.4"},
        {"::ffff:10.1.2.128", 96 + 25, "10.1.2.200", "10.1.2.1"},
        {"::ffff:0.0.0.0", 96, "1.2.3.4", "::1"},
        {"fd00::", 8, "fdff::1", "fe00::"},
        {"fd00::", 8, "fdff::1", "253.0.0.1"},
        {"2001:db8::", 33, "2001:db8:7fff::", "2001:db8:8000::"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_address_range range = {.prefix_bits = cases[i].prefix_bits};
        assert_int_equal(inet_pton(AF_INET6, cases[i].base, range.bytes), 1);
        struct kdb_address inside = parsed(cases[i].inside);
        struct kdb_address outside = parsed(cases[i].outside);
        assert_true(kdb_address_range_has(&range, &inside));
        assert_false(kdb_address_range_has(&range, &outside));
    }
    const struct kdb_address_range all = {.prefix_bits = 0};
    struct kdb_address none = {0};
    assert_false(kdb_address_range_has(&all, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format), cmocka_unit_test(test_parse_forwarded),
        cmocka_unit_test(test_of_socket),        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
