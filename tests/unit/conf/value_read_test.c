// SPDX-License-Identifier: Apache-2.0
// Reading one value of each type: what is accepted, what is refused, that a refusal changes
// nothing.
#include <string.h>

#include "conf/conf_priv.h"
#include "lib/test.h"

static const struct conf_row *row_of(enum kdb_setting_index index)
{
    return &conf_rows[index];
}

// A row of our own, so that the tests do not depend on the bounds of a real one.
static struct conf_row number_row(enum kdb_setting_type type, const char *form)
{
    struct conf_row row = *row_of(KDB_SETTING_AT_server_port);
    row.type = type;
    row.form = form;
    row.min = INT64_MIN;
    row.max = INT64_MAX;
    return row;
}

struct reading {
    const char *text;
    int64_t value;
};

static void assert_readings(const struct conf_row *row, const struct reading *readings,
                            size_t count)
{
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    for (size_t i = 0; i < count; i++) {
        settings.server_port = -77;
        if (!conf_read_text(&settings, row, kdb_slice_cstr(readings[i].text)))
            fail_msg("\"%s\" is refused", readings[i].text);
        assert_int_equal(settings.server_port, readings[i].value);
    }
    kdb_settings_deinit(&settings);
}

static void assert_refusals(const struct conf_row *row, const char *const *texts, size_t count)
{
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    settings.server_port = -77;
    for (size_t i = 0; i < count; i++) {
        if (conf_read_text(&settings, row, kdb_slice_cstr(texts[i])))
            fail_msg("\"%s\" is accepted", texts[i]);
        assert_int_equal(settings.server_port, -77);
    }
    kdb_settings_deinit(&settings);
}

#define ASSERT_READINGS(row, ...)                                                                  \
    do {                                                                                           \
        const struct reading readings[] = {__VA_ARGS__};                                           \
        assert_readings(row, readings, sizeof(readings) / sizeof(readings[0]));                    \
    } while (0)
#define ASSERT_REFUSALS(row, ...)                                                                  \
    do {                                                                                           \
        const char *const texts[] = {__VA_ARGS__};                                                 \
        assert_refusals(row, texts, sizeof(texts) / sizeof(texts[0]));                             \
    } while (0)

static void durations(void **state)
{
    (void)state;
    struct conf_row seconds = number_row(KDB_SETTING_DURATION, "s");
    ASSERT_READINGS(&seconds, {"10s", 10000}, {"5m", 300000}, {"24h", 86400000}, {"7d", 604800000},
                    {"off", 0}, {"OFF", 0}, {"30", 30000}, {"0", 0}, {"250ms", 250}, {"0s", 0},
                    {" 10 s ", 10000}, {"1 minute", 60000}, {"2 Hours", 7200000},
                    {"3 days", 259200000}, {"90 seconds", 90000}, {"007s", 7000});
    ASSERT_READINGS(&seconds, {"9223372036854775807ms", INT64_MAX},
                    {"106751991167d", INT64_C(106751991167) * KDB_DAY_MS});
    ASSERT_REFUSALS(&seconds, "", " ", "s", "-1s", "-1", "+1s", "1.5s", "1w", "1 month", "1m30s",
                    "10s ten", "ten", "0x10", "off1", "on", "106751991168d", "9223372036854775807s",
                    "9223372036854775808ms", "99999999999999999999d", "1\tS s");
    struct conf_row hours = number_row(KDB_SETTING_DURATION, "h");
    ASSERT_READINGS(&hours, {"168", 604800000}, {"30m", 1800000});
    struct conf_row milliseconds = number_row(KDB_SETTING_DURATION, "ms");
    ASSERT_READINGS(&milliseconds, {"100", 100}, {"2s", 2000});
}

static void duration_bounds(void **state)
{
    (void)state;
    struct conf_row row = number_row(KDB_SETTING_DURATION, "s");
    row.min = 100;
    row.max = KDB_HOUR_MS;
    ASSERT_READINGS(&row, {"100ms", 100}, {"1h", KDB_HOUR_MS}, {"3600", KDB_HOUR_MS});
    ASSERT_REFUSALS(&row, "99ms", "off", "0", "3601", "3600001ms");
}

static void sizes(void **state)
{
    (void)state;
    struct conf_row row = number_row(KDB_SETTING_SIZE, "");
    ASSERT_READINGS(&row, {"0", 0}, {"1", 1}, {"64MiB", 64 * KDB_MIB}, {"64 mib", 64 * KDB_MIB},
                    {"64MB", 64 * KDB_MIB}, {"64M", 64 * KDB_MIB}, {"512KiB", 512 * KDB_KIB},
                    {"512k", 512 * KDB_KIB}, {"2GiB", 2 * KDB_GIB}, {"1tib", 1024 * KDB_GIB},
                    {"100b", 100}, {"9223372036854775807", INT64_MAX},
                    {"8388607TiB", INT64_C(8388607) * 1024 * KDB_GIB});
    ASSERT_REFUSALS(&row, "", "MiB", "-1", "1.5GiB", "1 XB", "64MiBs", "off", "8388608TiB",
                    "9223372036854775808", "1e6", "1_000", "64 MiB x");
    row.min = 1024;
    row.max = 2048;
    ASSERT_READINGS(&row, {"1KiB", 1024}, {"2048", 2048});
    ASSERT_REFUSALS(&row, "1023", "2049", "0");
}

static void integers(void **state)
{
    (void)state;
    const struct conf_row *row = row_of(KDB_SETTING_AT_server_port);
    ASSERT_READINGS(row, {"0", 0}, {"8080", 8080}, {"65535", 65535}, {" 80 ", 80}, {"+80", 80});
    ASSERT_REFUSALS(row, "", "-1", "65536", "80s", "8O80", "0x50", "80.0", "99999999999999999999");
}

static void booleans(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *row = row_of(KDB_SETTING_AT_auth_cookie_secure);
    static const char *const words[] = {"false", "true", "0",  "1",     "no",
                                        "yes",   "off",  "oN", "FALSE", "True"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool expected = i == 7 ? true : i == 8 ? false : i % 2 == 1;
        settings.auth_cookie_secure = !expected;
        assert_true(conf_read_text(&settings, row, kdb_slice_cstr(words[i])));
        assert_int_equal(settings.auth_cookie_secure, expected);
    }
    assert_false(conf_read_text(&settings, row, KDB_LIT("")));
    assert_false(conf_read_text(&settings, row, KDB_LIT("2")));
    assert_false(conf_read_text(&settings, row, KDB_LIT("truee")));
    kdb_settings_deinit(&settings);
}

static void words(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *level = row_of(KDB_SETTING_AT_logging_level);
    assert_true(conf_read_text(&settings, level, KDB_LIT("error")));
    assert_int_equal(settings.logging_level, KDB_LOGGING_ERROR);
    assert_true(conf_read_text(&settings, level, KDB_LIT("WARN")));
    assert_int_equal(settings.logging_level, KDB_LOGGING_WARN);
    assert_true(conf_read_text(&settings, level, KDB_LIT("trace")));
    assert_int_equal(settings.logging_level, KDB_LOGGING_TRACE);
    assert_false(conf_read_text(&settings, level, KDB_LIT("trac")));
    assert_false(conf_read_text(&settings, level, KDB_LIT("traces")));
    assert_false(conf_read_text(&settings, level, KDB_LIT("error|warn")));
    assert_false(conf_read_text(&settings, level, KDB_LIT("")));
    assert_int_equal(settings.logging_level, KDB_LOGGING_TRACE);
    assert_true(
        conf_read_text(&settings, row_of(KDB_SETTING_AT_storage_durability), KDB_LIT("async")));
    assert_int_equal(settings.storage_durability, KDB_DURABILITY_ASYNC);
    assert_true(conf_read_text(&settings, row_of(KDB_SETTING_AT_logging_format), KDB_LIT("json")));
    assert_int_equal(settings.logging_format, KDB_LOGGING_JSON);
    kdb_settings_deinit(&settings);
}

static void texts(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *host = row_of(KDB_SETTING_AT_server_host);
    char bytes[256];
    memset(bytes, 'h', sizeof(bytes));
    assert_true(conf_read_text(&settings, host, kdb_slice_of(bytes, 255)));
    assert_int_equal(settings.server_host.len, 255);
    assert_ptr_not_equal(settings.server_host.data, bytes);
    assert_int_equal(settings.server_host.data[255], '\0');
    assert_false(conf_read_text(&settings, host, kdb_slice_of(bytes, 256)));
    assert_false(conf_read_text(&settings, host, KDB_LIT("")));
    assert_false(conf_read_text(&settings, host, KDB_LIT("a\nb")));
    assert_false(conf_read_text(&settings, host, KDB_LIT("a\x7f")));
    assert_false(conf_read_text(&settings, host, KDB_LIT("a\0b")));
    assert_false(conf_read_text(&settings, host, KDB_LIT("a\xff")));
    assert_int_equal(settings.server_host.len, 255);
    assert_true(conf_read_text(&settings, host, KDB_LIT("h\xc3\xb6st")));
    kdb_settings_deinit(&settings);
}

static void secrets_may_hold_anything_but_nul(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *secret = row_of(KDB_SETTING_AT_auth_jwt_secret);
    assert_true(conf_read_text(&settings, secret, KDB_LIT(" line\n\x01 ")));
    assert_slice_equal(settings.auth_jwt_secret, " line\n\x01 ");
    assert_false(conf_read_text(&settings, secret, KDB_LIT("a\0b")));
    assert_false(conf_read_text(&settings, secret, KDB_LIT("\xc0\x80")));
    assert_true(conf_read_text(&settings, secret, KDB_LIT("")));
    kdb_settings_deinit(&settings);
}

static void lists(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *origins = row_of(KDB_SETTING_AT_cors_allowed_origins);
    assert_true(conf_read_text(&settings, origins, KDB_LIT(" https://a , ,https://b,")));
    assert_int_equal(settings.cors_allowed_origins.count, 2);
    assert_slice_equal(settings.cors_allowed_origins.items[0], "https://a");
    assert_slice_equal(settings.cors_allowed_origins.items[1], "https://b");
    assert_true(conf_read_text(&settings, origins, KDB_LIT("")));
    assert_int_equal(settings.cors_allowed_origins.count, 0);

    kdb_slice bad = KDB_LIT("untouched");
    kdb_slice items[300];
    for (size_t i = 0; i < 300; i++)
        items[i] = KDB_LIT("x");
    assert_true(conf_read_items(&settings, origins, items, 256, &bad));
    assert_int_equal(settings.cors_allowed_origins.count, 256);
    assert_slice_equal(bad, "untouched");
    assert_false(conf_read_items(&settings, origins, items, 257, &bad));
    assert_null(bad.data);
    items[1] = KDB_LIT("");
    assert_false(conf_read_items(&settings, origins, items, 2, &bad));
    assert_non_null(bad.data);
    items[1] = KDB_LIT("a\tb");
    assert_false(conf_read_items(&settings, origins, items, 2, &bad));
    assert_slice_equal(bad, "a\tb");
    assert_int_equal(settings.cors_allowed_origins.count, 256);
    kdb_settings_deinit(&settings);
}

static void ranges(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    const struct conf_row *proxies = row_of(KDB_SETTING_AT_security_trusted_proxy_ranges);
    assert_true(conf_read_text(&settings, proxies, KDB_LIT("10.0.0.0/8, ::1")));
    assert_int_equal(settings.security_trusted_proxy_ranges.count, 2);
    assert_int_equal(settings.security_trusted_proxy_ranges.items[0].prefix_bits, 104);
    assert_false(conf_read_text(&settings, proxies, KDB_LIT("10.0.0.0/8, ten")));
    assert_int_equal(settings.security_trusted_proxy_ranges.count, 2);
    kdb_settings_deinit(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations), cmocka_unit_test(duration_bounds),
        cmocka_unit_test(sizes),     cmocka_unit_test(integers),
        cmocka_unit_test(booleans),  cmocka_unit_test(words),
        cmocka_unit_test(texts),     cmocka_unit_test(secrets_may_hold_anything_but_nul),
        cmocka_unit_test(lists),     cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
