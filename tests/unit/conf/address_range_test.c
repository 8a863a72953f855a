// SPDX-License-Identifier: Apache-2.0
// Address ranges: reading, writing, containing; IPv4 written as IPv6 is the same address.
#include <arpa/inet.h>
#include <string.h>

#include "base/random.h"
#include "conf/conf_priv.h"
#include "lib/test.h"

static void assert_range(const char *text, const char *written)
{
    struct kdb_address_range range;
    struct kdb_buf buf = {0};
    if (!conf_read_range(kdb_slice_cstr(text), &range))
        fail_msg("\"%s\" is refused", text);
    conf_write_range(&buf, &range);
    assert_slice_equal(kdb_buf_view(&buf), written);
    kdb_buf_deinit(&buf);
}

static void ranges_are_read_and_written(void **state)
{
    (void)state;
    assert_range("10.0.1.9", "10.0.1.9");
    assert_range("10.0.0.0/8", "10.0.0.0/8");
    assert_range("10.255.1.2/8", "10.0.0.0/8");
    assert_range("10.0.1.9/32", "10.0.1.9");
    assert_range("0.0.0.0/0", "0.0.0.0/0");
    assert_range("::1", "::1");
    assert_range("::/0", "::/0");
    assert_range("FE80::1:2/10", "fe80::/10");
    assert_range("2001:db8::ff/127", "2001:db8::fe/127");
    assert_range("::ffff:10.0.0.1", "10.0.0.1");
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "/",
                                        "/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/+8",
                                        "10.0.0.0/-0",
                                        "10.0.0.0/8/8",
                                        "10.0.0.0/ 8",
                                        "10.0.0/8",
                                        "10.0.0.256",
                                        "::1/129",
                                        "::1/0128",
                                        "::g",
                                        "localhost",
                                        " 10.0.0.1",
                                        "10.0.0.1 ",
                                        "*",
                                        "::1%eth0",
                                        "10.0.0.0/8x",
                                        "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5"};
    struct kdb_address_range range = {.prefix_bits = 77};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (conf_read_range(kdb_slice_cstr(texts[i]), &range))
            fail_msg("\"%s\" is accepted", texts[i]);
    }
    assert_false(conf_read_range(KDB_LIT("10.0.0.1\0"), &range));
    assert_false(conf_read_range((kdb_slice){0}, &range));
    assert_int_equal(range.prefix_bits, 77);
}

static bool is_in(const char *range_text, const char *address)
{
    struct kdb_address_range range;
    uint8_t bytes[16];
    assert_true(conf_read_range(kdb_slice_cstr(range_text), &range));
    struct kdb_address_ranges ranges = {&range, 1};
    bool is_four = strchr(address, ':') == NULL;
    assert_int_equal(inet_pton(is_four ? AF_INET : AF_INET6, address, bytes), 1);
    return kdb_address_ranges_contain(&ranges, bytes, is_four ? 4 : 16);
}

static void containing(void **state)
{
    (void)state;
    assert_true(is_in("10.0.0.0/8", "10.255.255.255"));
    assert_false(is_in("10.0.0.0/8", "11.0.0.0"));
    assert_false(is_in("10.0.0.0/8", "9.255.255.255"));
    assert_true(is_in("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_false(is_in("10.0.0.0/8", "::10.1.2.3"));
    assert_true(is_in("192.168.4.0/22", "192.168.7.255"));
    assert_false(is_in("192.168.4.0/22", "192.168.8.0"));
    assert_true(is_in("1.2.3.4", "1.2.3.4"));
    assert_false(is_in("1.2.3.4", "1.2.3.5"));
    assert_true(is_in("0.0.0.0/0", "203.0.113.9"));
    assert_false(is_in("0.0.0.0/0", "2001:db8::1"));
    assert_true(is_in("::/0", "203.0.113.9"));
    assert_true(is_in("fe80::/10", "febf::1"));
    assert_false(is_in("fe80::/10", "fec0::1"));
    struct kdb_address_ranges none = {0};
    assert_false(kdb_address_ranges_contain(&none, (const uint8_t[4]){127, 0, 0, 1}, 4));
    struct kdb_address_range any = {.prefix_bits = 0};
    struct kdb_address_ranges all = {&any, 1};
    assert_false(kdb_address_ranges_contain(&all, (const uint8_t[4]){127, 0, 0, 1}, 0));
    assert_false(kdb_address_ranges_contain(&all, (const uint8_t[4]){127, 0, 0, 1}, 3));
}

// Flipping a bit of an address leaves the range exactly when the bit lies in the prefix.
static void prefix_bits_decide(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 300; round++) {
        struct kdb_address_range range = {.prefix_bits = (int)(kdb_random_next(&seed) % 129)};
        for (size_t i = 0; i < 16; i++)
            range.bytes[i] = (uint8_t)kdb_random_next(&seed);
        struct kdb_address_ranges ranges = {&range, 1};
        assert_true(kdb_address_ranges_contain(&ranges, range.bytes, 16));
        for (int bit = 0; bit < 128; bit++) {
            uint8_t bytes[16];
            memcpy(bytes, range.bytes, 16);
            bytes[bit / 8] ^= (uint8_t)(0x80U >> (bit % 8));
            assert_int_equal(kdb_address_ranges_contain(&ranges, bytes, 16),
                             bit >= range.prefix_bits);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_and_written),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(containing),
        cmocka_unit_test(prefix_bits_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
