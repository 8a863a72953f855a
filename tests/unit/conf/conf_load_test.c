// SPDX-License-Identifier: Apache-2.0
// Loading as a whole: every key from file and environment, who wins, what is refused and how it is
// said.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_priv.h"
#include "conf/limits.h"
#include "unit/conf/settings_case.h"

// A value of the row that is allowed and not the default; the values of all rows fit together.
static const char *other_value(const struct conf_row *row, struct kdb_buf *buf)
{
    kdb_buf_clear(buf);
    switch (row->type) {
    case KDB_SETTING_BOOL:
        return strcmp(row->standard, "true") == 0 ? "false" : "true";
    case KDB_SETTING_INT: // an eighth: longer passwords than a sign-in takes would be warned of
        kdb_buf_printf(buf, "%lld", (long long)(row->min + (row->max - row->min) / 8));
        break;
    case KDB_SETTING_SIZE:
        kdb_buf_printf(buf, "%lld", (long long)((row->min + row->max) / 2));
        break;
    case KDB_SETTING_DURATION:
        kdb_buf_printf(buf, "%lldms", (long long)((row->min + row->max) / 2));
        break;
    case KDB_SETTING_WORD:
        return strrchr(row->form, '|') + 1;
    case KDB_SETTING_TEXT:
        return "::1";
    case KDB_SETTING_SECRET: // as long as the password lengths between the bounds ask for
        for (int i = 0; i < 132; i++)
            kdb_buf_put(buf, 's');
        break;
    case KDB_SETTING_LIST:
        return "https://a.example";
    case KDB_SETTING_RANGES:
        return "192.0.2.0/24";
    }
    kdb_buf_put(buf, '\0');
    return buf->data;
}

// The value as server.toml has it.
static void write_other(struct kdb_buf *out, const struct conf_row *row)
{
    struct kdb_buf buf = {0};
    const char *value = other_value(row, &buf);
    bool is_bare = row->type == KDB_SETTING_BOOL || row->type == KDB_SETTING_INT ||
                   row->type == KDB_SETTING_SIZE;
    bool is_list = row->type == KDB_SETTING_LIST || row->type == KDB_SETTING_RANGES;
    kdb_buf_printf(out, "%s = ", row->name);
    if (is_bare)
        kdb_buf_printf(out, "%s\n", value);
    else if (is_list)
        kdb_buf_printf(out, "[\"%s\"]\n", value);
    else
        kdb_buf_printf(out, "\"%s\"\n", value);
    kdb_buf_deinit(&buf);
}

// Fails unless `settings` has the row's other value.
static void assert_other(const struct kdb_settings *settings, const struct conf_row *row)
{
    struct kdb_settings expected;
    struct kdb_buf buf = {0};
    struct kdb_buf is = {0};
    struct kdb_buf should = {0};
    kdb_settings_init(&expected);
    conf_write_value(&should, &expected, row);
    const char *value = other_value(row, &buf);
    assert_true(conf_read_text(&expected, row, kdb_slice_cstr(value)));
    conf_write_value(&is, settings, row);
    kdb_buf_put(&is, '\0');
    kdb_buf_put(&should, '\0');
    assert_string_not_equal(is.data, should.data); // the default
    kdb_buf_clear(&should);
    conf_write_value(&should, &expected, row);
    kdb_buf_put(&should, '\0');
    assert_string_equal(is.data, should.data);
    kdb_buf_deinit(&buf);
    kdb_buf_deinit(&is);
    kdb_buf_deinit(&should);
    kdb_settings_deinit(&expected);
}

static void every_key_is_read_from_the_file(void **state)
{
    (void)state;
    struct kdb_buf text = {0};
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++)
        write_other(&text, &conf_rows[i]);
    kdb_buf_put(&text, '\0');
    struct settings_case at;
    settings_case_load(&at, text.data, NULL);
    assert_string_equal(at.ctx.error.message, "");
    assert_int_equal(at.warnings.count, 0);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        char origin[64];
        (void)snprintf(origin, sizeof(origin), "server.toml:%zu", i + 1);
        assert_string_equal(at.settings.origins[i], origin);
        assert_other(&at.settings, &conf_rows[i]);
    }
    assert_int_equal(at.settings.auth_jwt_secret.len, 132);
    assert_int_equal(at.settings.auth_root_password.len, 132);
    settings_case_end(&at);
    kdb_buf_deinit(&text);
}

// Each key alone, in a section of its own; what does not fit the defaults is refused by name.
static void every_key_is_read_from_its_section(void **state)
{
    (void)state;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        struct kdb_settings standard;
        struct kdb_buf text = {0};
        struct kdb_buf value = {0};
        kdb_settings_init(&standard);
        kdb_buf_printf(&text, "# a comment\n[%s]\n%s = ", conf_rows[i].section, conf_rows[i].key);
        conf_write_toml(&text, &standard, &conf_rows[i]);
        KDB_BUF_LIT(&text, " # another\n\0");
        struct settings_case at;
        settings_case_load(&at, text.data, NULL);
        assert_string_equal(at.ctx.error.message, "");
        assert_int_equal(at.warnings.count, 0);
        assert_string_equal(at.settings.origins[i], "server.toml:3");
        settings_case_end(&at);
        kdb_buf_deinit(&text);
        kdb_buf_deinit(&value);
        kdb_settings_deinit(&standard);
    }
}

// Each variable of each row sets it, and wins over the file.
static void every_variable_wins_over_the_file(void **state)
{
    (void)state;
    size_t variables = 0;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        char names[256];
        (void)snprintf(names, sizeof(names), "%s", conf_rows[i].environment);
        char *rest = names;
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
            struct kdb_settings standard;
            struct kdb_buf value = {0};
            struct kdb_buf text = {0};
            char variable[128];
            (void)snprintf(variable, sizeof(variable), "KALAMDB_%s", name);
            const char *pairs[] = {variable, other_value(&conf_rows[i], &value), NULL};
            kdb_settings_init(&standard);
            kdb_buf_printf(&text, "%s = ", conf_rows[i].name);
            conf_write_toml(&text, &standard, &conf_rows[i]);
            kdb_buf_put(&text, '\0');
            struct settings_case at;
            settings_case_load(&at, text.data, pairs);
            assert_string_equal(at.ctx.error.message, "");
            assert_string_equal(at.settings.origins[i], variable);
            assert_other(&at.settings, &conf_rows[i]);
            settings_case_end(&at);
            kdb_buf_deinit(&value);
            kdb_buf_deinit(&text);
            kdb_settings_deinit(&standard);
            variables++;
        }
    }
    assert_true(variables >= 15);
}

static void the_contracts_variables(void **state)
{
    (void)state;
    static const char *const pairs[] = {"KALAMDB_SERVER_HOST",
                                        "0.0.0.0",
                                        "KALAMDB_SERVER_PORT",
                                        "2900",
                                        "KALAMDB_DATA_DIR",
                                        "/var/lib/kalam",
                                        "KALAMDB_RATE_LIMIT_AUTH_REQUESTS_PER_IP_PER_SEC",
                                        "200000",
                                        "KALAMDB_LOG_LEVEL",
                                        "WARN",
                                        "KALAMDB_ROOT_PASSWORD",
                                        "kalamdb123",
                                        "KALAMDB_JWT_SECRET",
                                        "0123456789abcdef0123456789abcdef",
                                        "KALAMDB_ALLOW_REMOTE_SETUP",
                                        "true",
                                        "KALAMDB_JWT_EXPIRY_HOURS",
                                        "48",
                                        "KALAMDB_COOKIE_SECURE",
                                        "0",
                                        "KALAMDB_SECURITY_CORS_ALLOWED_ORIGINS",
                                        "https://a,https://b",
                                        "KALAMDB_CLUSTER_RPC_ADDR",
                                        "127.0.0.1:9188",
                                        NULL};
    struct settings_case at;
    settings_case_load(&at, "", pairs);
    assert_string_equal(at.ctx.error.message, "");
    assert_int_equal(at.warnings.count, 0);
    assert_slice_equal(at.settings.server_host, "0.0.0.0");
    assert_int_equal(at.settings.server_port, 2900);
    assert_slice_equal(at.settings.storage_data_path, "/var/lib/kalam");
    assert_int_equal(at.settings.rate_limit_max_auth_requests_per_ip_per_sec, 200000);
    assert_int_equal(at.settings.logging_level, KDB_LOGGING_WARN);
    assert_slice_equal(at.settings.auth_root_password, "kalamdb123");
    assert_slice_equal(at.settings.auth_jwt_secret, "0123456789abcdef0123456789abcdef");
    assert_true(at.settings.auth_allow_remote_setup);
    assert_int_equal(at.settings.auth_jwt_expiry_ms, 48 * KDB_HOUR_MS);
    assert_false(at.settings.auth_cookie_secure);
    assert_int_equal(at.settings.cors_allowed_origins.count, 2);
    settings_case_end(&at);
}

static void empty_variables_count_as_not_set(void **state)
{
    (void)state;
    static const char *const pairs[] = {"KALAMDB_SERVER_PORT",
                                        "",
                                        "KALAMDB_SECURITY_TRUSTED_PROXY_RANGES",
                                        "",
                                        "KALAMDB_TRUSTED_PROXY_RANGES",
                                        "10.0.0.0/8",
                                        NULL};
    struct settings_case at;
    settings_case_load(&at, "[server]\nport = 1\n", pairs);
    assert_int_equal(at.status, KDB_OK);
    assert_int_equal(at.settings.server_port, 1);
    assert_string_equal(at.settings.origins[KDB_SETTING_AT_server_port], "server.toml:2");
    assert_int_equal(at.settings.security_trusted_proxy_ranges.count, 1);
    settings_case_end(&at);
}

static void the_first_of_two_variables_wins(void **state)
{
    (void)state;
    static const char *const pairs[] = {"KALAMDB_TRUSTED_PROXY_RANGES", "10.0.0.0/8",
                                        "KALAMDB_SECURITY_TRUSTED_PROXY_RANGES", "10.0.0.0/8,::1",
                                        NULL};
    struct settings_case at;
    settings_case_load(&at, "", pairs);
    assert_int_equal(at.settings.security_trusted_proxy_ranges.count, 2);
    settings_case_end(&at);
}

static void bad_values_of_the_file(void **state)
{
    (void)state;
    assert_refused("[server]\n\nport = 70000\n", NULL,
                   "server.toml:3: server.port must not be 70000; allowed is an integer from 0 to "
                   "65535");
    assert_refused("[server]\nport = \"8080\"\n", NULL,
                   "server.toml:2: server.port must not be \"8080\"; allowed is an integer from 0 "
                   "to 65535");
    assert_refused("[server]\nport = 80.5\n", NULL,
                   "server.toml:2: server.port must not be a number with a fraction; allowed is an "
                   "integer from 0 to 65535");
    assert_refused("[server]\nport = [1]\n", NULL,
                   "server.toml:2: server.port must not be a list of other things than texts; "
                   "allowed is an integer from 0 to 65535");
    assert_refused("[server]\nport = []\n", NULL,
                   "server.toml:2: server.port must not be an empty list; allowed is an integer "
                   "from 0 to 65535");
    assert_refused("[server.port]\nx = 1\n", NULL,
                   "server.toml:1: server.port must not be a section; allowed is an integer from 0 "
                   "to 65535");
    assert_refused("[server]\nport = 1979-05-27\n", NULL,
                   "server.toml:2: server.port must not be a date or time; allowed is an integer "
                   "from 0 to 65535");
    assert_refused("[auth]\ncookie_secure = 1\n", NULL,
                   "server.toml:2: auth.cookie_secure must not be 1; allowed is true or false");
    assert_refused("[auth]\ncookie_secure = \"true\"\n", NULL,
                   "server.toml:2: auth.cookie_secure must not be \"true\"; allowed is true or "
                   "false");
    assert_refused("[logging]\nlevel = \"lo\\u0007ud\"\n", NULL,
                   "server.toml:2: logging.level must not be \"lo\\u0007ud\"; allowed is one of "
                   "error, warn, info, debug, trace");
    assert_refused("[execution]\nhandler_timeout_seconds = 86401\n", NULL,
                   "server.toml:2: execution.handler_timeout_seconds must not be 86401; allowed is "
                   "a duration from 1ms to 1d, or off: a number of seconds, or a text such as "
                   "\"10s\", \"5m\", \"24h\", \"7d\"");
    assert_refused("[security]\ntrusted_proxy_ranges = [\"::1\", \"proxy\"]\n", NULL,
                   "server.toml:2: security.trusted_proxy_ranges must not hold \"proxy\"; allowed "
                   "is a list of at most 256 ranges such as \"10.0.0.0/8\" or \"::1\"");
    assert_refused(
        "[storage]\nallowed_roots = \"/srv\"\n", NULL,
        "server.toml:2: storage.allowed_roots must not be \"/srv\"; allowed is a list of "
        "at most 64 texts of 1 to 3072 bytes");
    assert_refused("[storage]\nallowed_roots = [\"/srv\", \"\"]\n", NULL,
                   "server.toml:2: storage.allowed_roots must not hold \"\"; allowed is a list of "
                   "at most 64 texts of 1 to 3072 bytes");
}

static void bad_structure_of_the_file(void **state)
{
    (void)state;
    assert_refused("server = 5\n", NULL,
                   "server.toml:1: server must not be 5; it is a section: [server]");
    assert_refused("[[server]]\nport = 1\n", NULL,
                   "server.toml:1: server must not be a list of other things than texts; it is a "
                   "section: [server]");
    assert_refused("shutdown.flush = true\n", NULL,
                   "server.toml:1: shutdown.flush must not be true; it is a section: "
                   "[shutdown.flush]");
    assert_refused("[auth]\njwt_expiry_hours = 1\n[authentication]\njwt_expiry_hours = 2\n", NULL,
                   "server.toml:4: auth.jwt_expiry_hours is set twice, first at server.toml:2");
    assert_refused("[server]\nport = 1\nport = 2\n", NULL,
                   "server.toml:3: column 8: Error while parsing key-value pair: cannot redefine "
                   "existing integer 'port'");
}

static void bad_variables_are_named(void **state)
{
    (void)state;
    static const char *const port[] = {"KALAMDB_SERVER_PORT", "http", NULL};
    assert_refused("", port,
                   "KALAMDB_SERVER_PORT (server.port) must not be \"http\"; allowed is an integer "
                   "from 0 to 65535");
    static const char *const level[] = {"KALAMDB_LOG_LEVEL", "lo\xffud", NULL};
    assert_refused("", level,
                   "KALAMDB_LOG_LEVEL (logging.level) must not be \"lo\"; allowed is one of error, "
                   "warn, info, debug, trace");
    static const char *const secure[] = {"KALAMDB_COOKIE_SECURE", "perhaps", NULL};
    assert_refused("[auth]\ncookie_secure = true\n", secure,
                   "KALAMDB_COOKIE_SECURE (auth.cookie_secure) must not be \"perhaps\"; allowed is "
                   "true or false");
    static const char *const proxies[] = {"KALAMDB_TRUSTED_PROXY_RANGES", "10.0.0.0/99", NULL};
    assert_refused("", proxies,
                   "KALAMDB_TRUSTED_PROXY_RANGES (security.trusted_proxy_ranges) must not be "
                   "\"10.0.0.0/99\"; allowed is a list of at most 256 ranges such as "
                   "\"10.0.0.0/8\" or \"::1\"");
}

// A wrong TOML type and a number outside of the bounds, for every row.
static void every_key_refuses_what_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        const char *const values[] = {"1.5", "{ x = 1 }", "[[]]", "07:32:00", "-1"};
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            char text[256];
            char start[128];
            (void)snprintf(text, sizeof(text), "\n%s = %s\n", row->name, values[j]);
            (void)snprintf(start, sizeof(start), "server.toml:2: %s ", row->name);
            struct settings_case at;
            settings_case_load(&at, text, NULL);
            assert_int_equal(at.status, KDB_ERR_CONFIG);
            assert_memory_equal(at.ctx.error.message, start, strlen(start));
            assert_non_null(strstr(at.ctx.error.message, "allowed is "));
            settings_case_end(&at);
        }
    }
}

static void secrets_are_never_in_a_message(void **state)
{
    (void)state;
    struct kdb_buf text = {0};
    KDB_BUF_LIT(&text, "[auth]\njwt_secret = \"");
    for (int i = 0; i < 500; i++)
        KDB_BUF_LIT(&text, "hunter2-  ");
    KDB_BUF_LIT(&text, "\"\n\0");
    assert_refused(text.data, NULL,
                   "server.toml:2: auth.jwt_secret has a value that is not allowed; allowed is a "
                   "text of at most 4096 bytes");
    assert_refused(
        "[auth]\nroot_password = [\"hunter2-hunter2\"]\n", NULL,
        "server.toml:2: auth.root_password has a value that is not allowed; allowed is a "
        "text of at most 256 bytes");
    const char *const pairs[] = {"KALAMDB_ROOT_PASSWORD", text.data, NULL};
    assert_refused("", pairs,
                   "KALAMDB_ROOT_PASSWORD (auth.root_password) has a value that is not allowed; "
                   "allowed is a text of at most 256 bytes");
    static const char *const broken[] = {
        "[auth]\njwt_secret = hunter2-hunter2\n",
        "[auth]\njwt_secret = \"hunter2-hunter2\n",
        "[auth]\njwt_secret = 'hunter2-hunter2\n",
        "[auth]\njwt_secret = \"\\hunter2-hunter2\"\n",
        "[auth]\njwt_secret = \"a\" hunter2-hunter2",
        "[auth]\njwt_secret hunter2-hunter2\n",
        "[auth]\njwt_secret = \"hunter2-hunter2\"\njwt_secret = 1"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct settings_case at;
        settings_case_load(&at, broken[i], NULL);
        assert_int_equal(at.status, KDB_ERR_CONFIG);
        assert_null(strstr(at.ctx.error.message, "hunter"));
        settings_case_end(&at);
    }
    kdb_buf_deinit(&text);
}

static void long_values_are_cut_in_messages(void **state)
{
    (void)state;
    char text[512];
    (void)snprintf(text, sizeof(text), "[logging]\nlevel = \"%s\"\n",
                   "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                   "\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                   "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                   "\xa4x\xc3\xa4\xc3\xa4");
    assert_refused(text, NULL,
                   "server.toml:2: logging.level must not be "
                   "\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                   "\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                   "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                   "\xa4x\" (and more); allowed is one of error, warn, info, debug, trace");
}

static void unknown_names_are_warnings(void **state)
{
    (void)state;
    assert_warned("[server]\nprot = 1\n", NULL,
                  "server.toml:2: unknown setting server.prot is ignored (did you mean "
                  "server.port?)");
    assert_warned("[sever]\nport = 1\nhost = 'x'\n", NULL,
                  "server.toml:1: unknown section sever is ignored (did you mean server?)");
    assert_warned("port = 1\n", NULL,
                  "server.toml:1: unknown setting port is ignored (did you mean server.port?)");
    assert_warned("[cluster]\nnode_id = 1\n[cluster.more]\nx = 1\n[[cluster.peers]]\nnode_id = 2\n",
                  NULL, "server.toml:1: unknown section cluster is ignored");
    assert_warned("[logging.otlp]\nenabled = true\n", NULL,
                  "server.toml:1: unknown section logging.otlp is ignored");
    assert_warned("transaction_timeout_secs = 300\n", NULL,
                  "server.toml:1: unknown setting transaction_timeout_secs is ignored");
    assert_warned("\"server.port\" = 70000\n", NULL,
                  "server.toml:1: unknown setting \"server.port\" is ignored (did you mean "
                  "server.port?)");
    assert_warned("[authentication]\nbcrypt_cost = 12\n", NULL,
                  "server.toml:2: unknown setting auth.bcrypt_cost is ignored");
    assert_warned("[authentications]\nbcrypt_cost = 12\n", NULL,
                  "server.toml:1: unknown section authentications is ignored");
    assert_warned("[server]\n[storage]\n[storage.rocksdb]\n[shutdown]\n[authentication]\n", NULL,
                  NULL);
    assert_warned("", NULL, NULL);
}

static void warnings_are_counted_beyond_a_limit(void **state)
{
    (void)state;
    struct kdb_buf text = {0};
    for (size_t i = 0; i < KDB_LIMIT_CONFIG_WARNINGS + 10; i++)
        kdb_buf_printf(&text, "zz%zu = 1\n", i);
    kdb_buf_put(&text, '\0');
    struct settings_case at;
    settings_case_load(&at, text.data, NULL);
    assert_int_equal(at.status, KDB_OK);
    assert_int_equal(at.warnings.count, KDB_LIMIT_CONFIG_WARNINGS);
    assert_slice_equal(at.warnings.items[0], "server.toml:1: unknown setting zz0 is ignored");
    assert_slice_equal(at.warnings.items[48], "server.toml:49: unknown setting zz48 is ignored");
    assert_slice_equal(at.warnings.items[49], "and 11 more warnings of this kind");
    settings_case_end(&at);
    kdb_buf_deinit(&text);
}

// The shape of a file written for the reference server: it must start ours, with warnings only.
static void a_file_of_the_reference_server_loads(void **state)
{
    (void)state;
    static const char text[] =
        "transaction_timeout_secs = 300\n"
        "[server]\nhost = \"127.0.0.1\"\nport = 2900\nworkers = 0\n"
        "enable_http2 = true\napi_version = \"v1\"\n"
        "[storage]\ndata_path = \"./data\"\n"
        "user_tables_template = \"{namespace}/{tableName}/{userId}\"\n"
        "[storage.rocksdb]\nblock_cache_size = 2097152\n"
        "max_background_jobs = 2\nmax_open_files = 512\n"
        "[storage.rocksdb.cf_profiles.hot_data]\nwrite_buffer_size = 131072\n"
        "[datafusion]\nmemory_limit = 67108864\n"
        "[flush]\ndefault_row_limit = 10000\ndefault_time_interval = 300\n"
        "[limits]\nmax_query_limit = 1000\ndefault_query_limit = 50\n"
        "[performance]\nrequest_timeout = 30\nkeepalive_timeout = 75\n"
        "max_connections = 20000000\nbacklog = 4096\n"
        "client_request_timeout = 10\nmax_header_size = 16384\n"
        "[rate_limit]\nmax_queries_per_sec = 100000\n"
        "max_auth_requests_per_ip_per_sec = 20000000\n"
        "request_body_limit_bytes = 104857600\nban_duration_seconds = 300\n"
        "[security]\nmax_request_body_size = 10485760\n"
        "[security.cors]\nallowed_origins = []\nallow_credentials = false\n"
        "max_age = 3600\n"
        "[authentication]\nmin_password_length = 8\n"
        "max_password_length = 1024\njwt_expiry_hours = 24\n"
        "[logging]\nlogs_path = \"./logs\"\nformat = \"pretty\"\n"
        "[shutdown.flush]\ntimeout = 300\n"
        "[jobs]\nmax_concurrent = 10\nmax_retries = 3\n"
        "retry_backoff_ms = 100\n"
        "[execution]\nhandler_timeout_seconds = 30\nmax_parameters = 50\n"
        "max_parameter_size_bytes = 524288\n"
        "sql_plan_cache_max_entries = 200\n"
        "[retention]\ndefault_deleted_retention_hours = 168\n"
        "[cluster]\nnode_id = 1\n";
    struct settings_case at;
    settings_case_load(&at, text, NULL);
    assert_string_equal(at.ctx.error.message, "");
    assert_int_equal(at.warnings.count, 8);
    assert_int_equal(at.settings.auth_max_password_bytes, 256);
    assert_int_equal(at.settings.logging_format, KDB_LOGGING_PRETTY);
    assert_int_equal(at.settings.limits_default_query_limit, 50);
    assert_int_equal(at.settings.flush_default_interval_ms, 300000);
    assert_int_equal(at.settings.performance_max_connections, 20000000);
    assert_int_equal(at.settings.retention_default_deleted_ms, 7 * KDB_DAY_MS);
    assert_int_equal(at.settings.jobs_retry_backoff_ms, 100);
    assert_int_equal(at.settings.shutdown_flush_timeout_ms, 300000);
    settings_case_end(&at);
}

static void the_contracts_defaults(void **state)
{
    (void)state;
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    assert_slice_equal(settings.server_host, "127.0.0.1");
    assert_int_equal(settings.server_port, 8080);
    assert_slice_equal(settings.storage_data_path, "./data");
    assert_int_equal(settings.storage_durability, KDB_DURABILITY_SYNC);
    assert_int_equal(settings.limits_max_query_limit, 0);
    assert_int_equal(settings.limits_default_query_limit, 0);
    assert_int_equal(settings.limits_max_response_bytes, 64 * KDB_MIB);
    assert_int_equal(settings.limits_engine_terms, 1000);
    assert_int_equal(settings.limits_row_terms, 20000);
    assert_int_equal(settings.execution_handler_timeout_ms, 30000);
    assert_int_equal(settings.execution_max_parameters, 50);
    assert_int_equal(settings.execution_max_parameter_bytes, 512 * KDB_KIB);
    assert_int_equal(settings.flush_default_row_limit, 10000);
    assert_int_equal(settings.retention_default_deleted_ms, 168 * KDB_HOUR_MS);
    assert_int_equal(settings.auth_min_password_bytes, 8);
    assert_int_equal(settings.auth_max_password_bytes, 256);
    assert_int_equal(settings.auth_root_password.len, 0);
    assert_int_equal(settings.auth_jwt_secret.len, 0);
    assert_false(settings.auth_allow_remote_setup);
    assert_int_equal(settings.rate_limit_max_queries_per_sec, 100000);
    assert_int_equal(settings.rate_limit_max_auth_requests_per_ip_per_sec, 50);
    assert_int_equal(settings.rate_limit_request_body_bytes, 100 * KDB_MIB);
    assert_int_equal(settings.security_max_request_body_bytes, 2 * KDB_MIB);
    assert_int_equal(settings.cors_max_age_ms, 3600000);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++)
        assert_string_equal(settings.origins[i], "default");
    kdb_settings_deinit(&settings);
}

static void texts_that_are_too_much(void **state)
{
    (void)state;
    struct kdb_buf text = {0};
    while (text.len <= KDB_LIMIT_CONFIG_BYTES)
        KDB_BUF_LIT(&text, "# nothing\n");
    kdb_buf_put(&text, '\0');
    assert_refused(text.data, NULL, "server.toml is larger than 131072 bytes");
    kdb_buf_clear(&text);
    KDB_BUF_LIT(&text, "a = 1\n");
    for (size_t i = 0; i < 60000; i++)
        KDB_BUF_LIT(&text, "a.");
    KDB_BUF_LIT(&text, "a = 1\n\0");
    assert_refused(text.data, NULL, "server.toml:2: more than 500 dots in one line");
    kdb_buf_deinit(&text);
}

// Loads the file at `path` without environment; returns the message, "" for success.
static kdb_status load_path(const char *path, char message[KDB_MESSAGE_BYTES], int64_t *ret_port)
{
    struct kdb_ctx ctx;
    struct kdb_settings settings = {0};
    struct kdb_text_list warnings;
    struct kdb_environment environment = {settings_case_variable, NULL};
    kdb_ctx_init(&ctx, 0);
    kdb_status status = kdb_settings_load(&ctx, path, &environment, &warnings, &settings);
    memcpy(message, ctx.error.message, KDB_MESSAGE_BYTES);
    *ret_port = settings.server_port;
    kdb_settings_deinit(&settings);
    kdb_ctx_deinit(&ctx);
    return status;
}

static void files(void **state)
{
    (void)state;
    char folder[] = "/tmp/kdb_conf_XXXXXX";
    char path[128];
    char message[KDB_MESSAGE_BYTES];
    char expected[256];
    int64_t port = 0;
    assert_non_null(mkdtemp(folder));

    (void)snprintf(path, sizeof(path), "%s/none.toml", folder);
    (void)snprintf(expected, sizeof(expected),
                   "cannot open the settings file %s: No such file or directory", path);
    assert_int_equal(load_path(path, message, &port), KDB_ERR_CONFIG);
    assert_string_equal(message, expected);

    (void)snprintf(expected, sizeof(expected), "cannot read %s: Is a directory", folder);
    assert_int_equal(load_path(folder, message, &port), KDB_ERR_CONFIG);
    assert_string_equal(message, expected);

    (void)snprintf(path, sizeof(path), "%s/server.toml", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("[server]\nport = 4711\n", file);
    (void)fclose(file);
    assert_int_equal(load_path(path, message, &port), KDB_OK);
    assert_int_equal(port, 4711);

    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("[server]\nport = -1\n", file);
    (void)fclose(file);
    (void)snprintf(expected, sizeof(expected),
                   "%s:2: server.port must not be -1; allowed is an integer from 0 to 65535", path);
    assert_int_equal(load_path(path, message, &port), KDB_ERR_CONFIG);
    assert_string_equal(message, expected);

    assert_int_equal(load_path("/dev/zero", message, &port), KDB_ERR_CONFIG);
    assert_string_equal(message, "/dev/zero is larger than 131072 bytes");

    assert_int_equal(load_path(NULL, message, &port), KDB_OK);
    assert_int_equal(port, 8080);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void the_process_environment_is_read(void **state)
{
    (void)state;
    const struct kdb_environment *process = kdb_environment_system();
    assert_int_equal(setenv("KALAMDB_TEST_ONLY", "seen", 1), 0);
    assert_string_equal(process->get(process->self, "KALAMDB_TEST_ONLY"), "seen");
    assert_int_equal(unsetenv("KALAMDB_TEST_ONLY"), 0);
    assert_null(process->get(process->self, "KALAMDB_TEST_ONLY"));
}

static void deinit_of_nothing(void **state)
{
    (void)state;
    struct kdb_settings settings = {0};
    kdb_settings_deinit(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read_from_the_file),
        cmocka_unit_test(every_key_is_read_from_its_section),
        cmocka_unit_test(every_variable_wins_over_the_file),
        cmocka_unit_test(the_contracts_variables),
        cmocka_unit_test(empty_variables_count_as_not_set),
        cmocka_unit_test(the_first_of_two_variables_wins),
        cmocka_unit_test(bad_values_of_the_file),
        cmocka_unit_test(bad_structure_of_the_file),
        cmocka_unit_test(bad_variables_are_named),
        cmocka_unit_test(every_key_refuses_what_it_must),
        cmocka_unit_test(secrets_are_never_in_a_message),
        cmocka_unit_test(long_values_are_cut_in_messages),
        cmocka_unit_test(unknown_names_are_warnings),
        cmocka_unit_test(warnings_are_counted_beyond_a_limit),
        cmocka_unit_test(a_file_of_the_reference_server_loads),
        cmocka_unit_test(the_contracts_defaults),
        cmocka_unit_test(texts_that_are_too_much),
        cmocka_unit_test(files),
        cmocka_unit_test(the_process_environment_is_read),
        cmocka_unit_test(deinit_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
