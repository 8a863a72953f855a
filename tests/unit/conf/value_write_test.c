// SPDX-License-Identifier: Apache-2.0
// Writing values: what is written reads back as the same, secrets are masked, bounds are named.
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "conf/conf_priv.h"
#include "lib/test.h"

static void assert_written(const struct kdb_settings *settings, enum kdb_setting_index index,
                           const char *value, const char *toml)
{
    struct kdb_buf buf = {0};
    conf_write_value(&buf, settings, &conf_rows[index]);
    assert_slice_equal(kdb_buf_view(&buf), value);
    kdb_buf_clear(&buf);
    conf_write_toml(&buf, settings, &conf_rows[index]);
    assert_slice_equal(kdb_buf_view(&buf), toml);
    kdb_buf_deinit(&buf);
}

static void values(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    assert_written(&settings, KDB_SETTING_AT_server_port, "8080", "8080");
    assert_written(&settings, KDB_SETTING_AT_server_host, "127.0.0.1", "\"127.0.0.1\"");
    assert_written(&settings, KDB_SETTING_AT_auth_cookie_secure, "true", "true");
    assert_written(&settings, KDB_SETTING_AT_storage_durability, "sync", "\"sync\"");
    assert_written(&settings, KDB_SETTING_AT_logging_level, "info", "\"info\"");
    assert_written(&settings, KDB_SETTING_AT_limits_max_response_bytes, "64MiB", "\"64MiB\"");
    assert_written(&settings, KDB_SETTING_AT_retention_default_deleted_ms, "7d", "\"7d\"");
    assert_written(&settings, KDB_SETTING_AT_flush_default_interval_ms, "off", "\"off\"");
    assert_written(&settings, KDB_SETTING_AT_logging_slow_query_threshold_ms, "1200ms",
                   "\"1200ms\"");
    assert_written(&settings, KDB_SETTING_AT_storage_allowed_roots, "", "[]");
    assert_written(&settings, KDB_SETTING_AT_cors_allowed_headers,
                   "Authorization, Content-Type, Accept, Origin, X-Requested-With",
                   "[\"Authorization\", \"Content-Type\", \"Accept\", \"Origin\", "
                   "\"X-Requested-With\"]");
    settings.storage_data_path = KDB_LIT("a\"b\\c");
    assert_written(&settings, KDB_SETTING_AT_storage_data_path, "a\"b\\c", "\"a\\\"b\\\\c\"");
    settings.storage_segment_cache_bytes = 0;
    assert_written(&settings, KDB_SETTING_AT_storage_segment_cache_bytes, "0", "\"0\"");
    settings.storage_segment_cache_bytes = 1025;
    assert_written(&settings, KDB_SETTING_AT_storage_segment_cache_bytes, "1025", "\"1025\"");
    struct kdb_address_range range;
    assert_true(conf_read_range(KDB_LIT("10.1.2.3/8"), &range));
    settings.security_trusted_proxy_ranges = (struct kdb_address_ranges){&range, 1};
    assert_written(&settings, KDB_SETTING_AT_security_trusted_proxy_ranges, "10.0.0.0/8",
                   "[\"10.0.0.0/8\"]");
    kdb_settings_deinit(&settings);
}

static void secrets_are_masked(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        if (conf_rows[i].type != KDB_SETTING_SECRET)
            continue;
        assert_written(&settings, (enum kdb_setting_index)i, "", "\"\"");
        assert_true(conf_read_text(&settings, &conf_rows[i], KDB_LIT("hunter2-hunter2")));
        assert_written(&settings, (enum kdb_setting_index)i, "***", "\"***\"");
    }
    assert_slice_equal(settings.auth_jwt_secret, "hunter2-hunter2");
    assert_slice_equal(settings.auth_root_password, "hunter2-hunter2");
    kdb_settings_deinit(&settings);
}

// Reads `written` into the row of `settings` and writes it again.
static void assert_same_again(struct kdb_settings *settings, const struct conf_row *row)
{
    struct kdb_buf first = {0};
    struct kdb_buf second = {0};
    conf_write_value(&first, settings, row);
    if (!conf_read_text(settings, row, kdb_buf_view(&first)))
        fail_msg("%s: \"%.*s\" is refused", row->name, KDB_ARG(kdb_buf_view(&first)));
    conf_write_value(&second, settings, row);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data == NULL ? "" : first.data,
                        second.data == NULL ? "" : second.data, first.len);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&second);
}

static void defaults_read_back(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++)
        assert_same_again(&settings, &conf_rows[i]);
    kdb_settings_deinit(&settings);
}

// Any allowed number of any row is written so that it reads back as the same number.
static void numbers_read_back(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    uint64_t seed = 20240501;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        if (row->type != KDB_SETTING_INT && row->type != KDB_SETTING_SIZE &&
            row->type != KDB_SETTING_DURATION)
            continue;
        for (int round = 0; round < 50; round++) {
            uint64_t span = (uint64_t)(row->max - row->min) + 1;
            int64_t number = row->min + (int64_t)(kdb_random_next(&seed) % span);
            number = round == 0 ? row->min : round == 1 ? row->max : number;
            int64_t *field = conf_field(&settings, row);
            *field = number;
            assert_same_again(&settings, row);
            assert_int_equal(*field, number);
        }
    }
    kdb_settings_deinit(&settings);
}

static void assert_allowed(enum kdb_setting_index index, const char *expected)
{
    struct kdb_buf buf = {0};
    conf_write_allowed(&buf, &conf_rows[index]);
    assert_slice_equal(kdb_buf_view(&buf), expected);
    kdb_buf_deinit(&buf);
}

static void allowed_values_in_words(void **state)
{
    (void)state;
    assert_allowed(KDB_SETTING_AT_server_port, "an integer from 0 to 65535");
    assert_allowed(KDB_SETTING_AT_auth_cookie_secure, "true or false");
    assert_allowed(KDB_SETTING_AT_logging_level, "one of error, warn, info, debug, trace");
    assert_allowed(KDB_SETTING_AT_server_host,
                   "a text of 1 to 255 bytes without control characters");
    assert_allowed(KDB_SETTING_AT_auth_root_password, "a text of at most 256 bytes");
    assert_allowed(KDB_SETTING_AT_limits_max_sql_bytes,
                   "a size from 1KiB to 64MiB: a number of bytes, or a text such as \"64MiB\"");
    assert_allowed(KDB_SETTING_AT_performance_client_request_timeout_ms,
                   "a duration from 100ms to 1h: a number of seconds, or a text such as \"10s\", "
                   "\"5m\", \"24h\", \"7d\"");
    assert_allowed(KDB_SETTING_AT_execution_handler_timeout_ms,
                   "a duration from 1ms to 1d, or off: a number of seconds, or a text such as "
                   "\"10s\", \"5m\", \"24h\", \"7d\"");
    assert_allowed(KDB_SETTING_AT_cors_allowed_origins,
                   "a list of at most 256 texts of 1 to 3072 bytes");
    assert_allowed(KDB_SETTING_AT_security_trusted_proxy_ranges,
                   "a list of at most 256 ranges such as \"10.0.0.0/8\" or \"::1\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(secrets_are_masked),
        cmocka_unit_test(defaults_read_back),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(allowed_values_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
