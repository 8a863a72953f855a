// SPDX-License-Identifier: Apache-2.0
// Settings that contradict each other are refused with both places; an open door is refused or
// warned of.
#include "unit/conf/settings_case.h"

#define SECRET_32 "0123456789abcdef0123456789abcdef"
#define SECRET_31 "0123456789abcdef0123456789abcde"

static void limits(void **state)
{
    (void)state;
    assert_refused("[limits]\nmax_query_limit = 10\ndefault_query_limit = 11\n", NULL,
                   "limits.default_query_limit (server.toml:3) must not be larger than "
                   "limits.max_query_limit (server.toml:2)");
    assert_warned("[limits]\nmax_query_limit = 10\ndefault_query_limit = 10\n", NULL, NULL);
    assert_warned("[limits]\nmax_query_limit = 0\ndefault_query_limit = 10\n", NULL, NULL);
    assert_warned("[limits]\nmax_query_limit = 10\n", NULL, NULL);
    assert_refused("[limits]\nresponse_budget_bytes = \"32MiB\"\n", NULL,
                   "limits.max_response_bytes (default) must not be larger than "
                   "limits.response_budget_bytes (server.toml:2): such a reply would never fit");
    assert_warned("[limits]\nresponse_budget_bytes = \"64MiB\"\n", NULL, NULL);
}

static void passwords(void **state)
{
    (void)state;
    assert_refused("[auth]\nmin_password_length = 20\nmax_password_length = 19\n", NULL,
                   "auth.min_password_length (server.toml:2) must not be larger than "
                   "auth.max_password_length (server.toml:3)");
    assert_warned("[auth]\nmin_password_length = 20\nmax_password_length = 20\n", NULL, NULL);
    assert_warned("[auth]\nmax_password_length = 1024\n", NULL,
                  "auth.max_password_length (server.toml:2) is taken for 256: no sign-in takes a "
                  "longer password");
    static const char *const seven[] = {"KALAMDB_ROOT_PASSWORD", "hunter2", NULL};
    assert_refused("", seven, "auth.root_password (KALAMDB_ROOT_PASSWORD) needs 8 to 256 bytes");
    assert_refused("[auth]\nroot_password = \"123456789\"\nmax_password_length = 8\n", NULL,
                   "auth.root_password (server.toml:2) needs 8 to 8 bytes");
    static const char *const eight[] = {"KALAMDB_ROOT_PASSWORD", "hunter2+", NULL};
    assert_warned("", eight, NULL);
}

static void weak_secrets_are_refused_where_others_can_connect(void **state)
{
    (void)state;
    static const char *const hosts[] = {"0.0.0.0",   "::",          "10.1.2.3", "db.example",
                                        "128.0.0.1", "127.0.0.0/8", "::2"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        const char *const pairs[] = {"KALAMDB_SERVER_HOST", hosts[i], "KALAMDB_JWT_SECRET",
                                     SECRET_31, NULL};
        assert_refused("", pairs,
                       "auth.jwt_secret (KALAMDB_JWT_SECRET) is shorter than 32 bytes, and "
                       "server.host (KALAMDB_SERVER_HOST) is reachable from other machines: use 32 "
                       "random bytes or more, or leave it out and the server makes its own");
        const char *const strong[] = {"KALAMDB_SERVER_HOST", hosts[i], "KALAMDB_JWT_SECRET",
                                      SECRET_32, NULL};
        assert_warned("", strong, NULL);
    }
    assert_refused("[server]\nhost = \"0.0.0.0\"\n[auth]\n"
                   "jwt_secret = \"your-secret-key-at-least-32-chars-Change-Me-in-production\"\n",
                   NULL,
                   "auth.jwt_secret (server.toml:4) is the one of a sample file, and server.host "
                   "(server.toml:2) is reachable from other machines: use 32 random bytes or more, "
                   "or leave it out and the server makes its own");
}

static void weak_secrets_are_warned_of_on_this_machine(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.9.9.9", "::1",
                                        "localhost", "LOCALHOST", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        const char *const pairs[] = {"KALAMDB_SERVER_HOST", hosts[i], "KALAMDB_JWT_SECRET",
                                     "CHANGE_ME_IN_PRODUCTION", NULL};
        assert_warned("", pairs,
                      "auth.jwt_secret (KALAMDB_JWT_SECRET) is shorter than 32 bytes: anyone who "
                      "guesses it can sign in as anyone");
    }
    assert_warned("[auth]\njwt_secret = \"0123456789-0123456789-0123456789-changeme\"\n", NULL,
                  "auth.jwt_secret (server.toml:2) is the one of a sample file: anyone who guesses "
                  "it can sign in as anyone");
    assert_warned("[server]\nhost = \"0.0.0.0\"\n", NULL, NULL); // none: the server makes its own
}

static void tls_needs_both_files(void **state)
{
    (void)state;
    assert_refused("[tls]\ncertificate = \"c.pem\"\n", NULL,
                   "tls.certificate (server.toml:2) needs tls.private_key too");
    assert_refused("[tls]\nprivate_key = \"k.pem\"\n", NULL,
                   "tls.private_key (server.toml:2) needs tls.certificate too");
    assert_warned("[tls]\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n", NULL, NULL);
}

static bool credentials_after(const char *text)
{
    struct settings_case at;
    settings_case_load(&at, text, NULL);
    assert_int_equal(at.status, KDB_OK);
    bool allows = at.settings.cors_allow_credentials;
    settings_case_end(&at);
    return allows;
}

static void credentials_need_a_list_of_origins(void **state)
{
    (void)state;
    static const char any[] = "[security.cors]\nallow_credentials = true\n";
    static const char star[] = "[security.cors]\nallow_credentials = true\n"
                               "allowed_origins = [\"https://a\", \"*\"]\n";
    static const char one[] = "[security.cors]\nallow_credentials = true\n"
                              "allowed_origins = [\"https://a\"]\n";
    static const char warning[] = "security.cors.allow_credentials (server.toml:2) has no effect "
                                  "while security.cors.allowed_origins allows every origin";
    assert_warned(any, NULL, warning);
    assert_warned(star, NULL, warning);
    assert_warned(one, NULL, NULL);
    assert_false(credentials_after(any));
    assert_false(credentials_after(star));
    assert_true(credentials_after(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(passwords),
        cmocka_unit_test(weak_secrets_are_refused_where_others_can_connect),
        cmocka_unit_test(weak_secrets_are_warned_of_on_this_machine),
        cmocka_unit_test(tls_needs_both_files),
        cmocka_unit_test(credentials_need_a_list_of_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
