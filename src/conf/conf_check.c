// SPDX-License-Identifier: Apache-2.0
// Settings that contradict each other, or that would open the server to strangers.
#include "base/assert.h"
#include "conf/conf_priv.h"
#include "conf/limits.h"

// HS256 is as strong as its key; RFC 7518 asks for at least the size of the hash.
#define JWT_SECRET_BYTES_MIN 32U

// "limits.max_query_limit (server.toml:12)", for messages about two settings.
static const char *place(struct conf_load *load, enum kdb_setting_index index)
{
    return kdb_arena_printf(&load->ctx->arena, "%s (%s)", conf_rows[index].name,
                            load->settings->origins[index])
        .data;
}

static kdb_status check_limits(struct conf_load *load)
{
    const struct kdb_settings *settings = load->settings;
    if (settings->limits_max_query_limit != 0 &&
        settings->limits_default_query_limit > settings->limits_max_query_limit)
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s must not be larger than %s",
                        place(load, KDB_SETTING_AT_limits_default_query_limit),
                        place(load, KDB_SETTING_AT_limits_max_query_limit));
    if (settings->limits_max_response_bytes > settings->limits_response_budget_bytes)
        return kdb_fail(load->ctx, KDB_ERR_CONFIG,
                        "%s must not be larger than %s: such a reply would never fit",
                        place(load, KDB_SETTING_AT_limits_max_response_bytes),
                        place(load, KDB_SETTING_AT_limits_response_budget_bytes));
    return KDB_OK;
}

static kdb_status check_passwords(struct conf_load *load)
{
    struct kdb_settings *settings = load->settings;
    if (settings->auth_max_password_bytes > (int64_t)KDB_LIMIT_LOGIN_PASSWORD_BYTES) {
        conf_warn(load, "%s is taken for %zu: no sign-in takes a longer password",
                  place(load, KDB_SETTING_AT_auth_max_password_bytes),
                  KDB_LIMIT_LOGIN_PASSWORD_BYTES);
        settings->auth_max_password_bytes = KDB_LIMIT_LOGIN_PASSWORD_BYTES;
    }
    if (settings->auth_min_password_bytes > settings->auth_max_password_bytes)
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s must not be larger than %s",
                        place(load, KDB_SETTING_AT_auth_min_password_bytes),
                        place(load, KDB_SETTING_AT_auth_max_password_bytes));
    size_t len = settings->auth_root_password.len;
    if (len != 0 && (len < (size_t)settings->auth_min_password_bytes ||
                     len > (size_t)settings->auth_max_password_bytes))
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s needs %lld to %lld bytes",
                        place(load, KDB_SETTING_AT_auth_root_password),
                        (long long)settings->auth_min_password_bytes,
                        (long long)settings->auth_max_password_bytes);
    return KDB_OK;
}

// Whether only this machine can reach the address the server listens on.
static bool is_loopback(kdb_slice host)
{
    static const struct kdb_address_range loopback[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 0}, 104},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},
    };
    static const struct kdb_address_ranges ranges = {loopback, 2};
    struct kdb_address_range address;
    if (kdb_slice_equal_nocase(host, KDB_LIT("localhost")))
        return true;
    return conf_read_range(host, &address) && address.prefix_bits == 128 &&
           kdb_address_ranges_contain(&ranges, address.bytes, sizeof(address.bytes));
}

// The keys of sample files, which everybody knows.
static bool is_placeholder(kdb_slice secret)
{
    static const char *const marks[] = {"change_me", "change-me", "changeme", "change me"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        kdb_slice mark = kdb_slice_cstr(marks[i]);
        for (size_t at = 0; at + mark.len <= secret.len; at++) {
            if (kdb_slice_equal_nocase(kdb_slice_of(secret.data + at, mark.len), mark))
                return true;
        }
    }
    return false;
}

static kdb_status check_jwt_secret(struct conf_load *load)
{
    kdb_slice secret = load->settings->auth_jwt_secret;
    bool is_weak = secret.len < JWT_SECRET_BYTES_MIN;
    if (secret.len == 0 || (!is_weak && !is_placeholder(secret)))
        return KDB_OK;
    const char *why = is_weak ? "is shorter than 32 bytes" : "is the one of a sample file";
    if (is_loopback(load->settings->server_host)) {
        conf_warn(load, "%s %s: anyone who guesses it can sign in as anyone",
                  place(load, KDB_SETTING_AT_auth_jwt_secret), why);
        return KDB_OK;
    }
    return kdb_fail(load->ctx, KDB_ERR_CONFIG,
                    "%s %s, and %s is reachable from other machines: use 32 random bytes or "
                    "more, or leave it out and the server makes its own",
                    place(load, KDB_SETTING_AT_auth_jwt_secret), why,
                    place(load, KDB_SETTING_AT_server_host));
}

static kdb_status check_tls(struct conf_load *load)
{
    bool has_certificate = load->settings->tls_certificate.len > 0;
    bool has_key = load->settings->tls_private_key.len > 0;
    if (has_certificate == has_key)
        return KDB_OK;
    return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s needs %s too",
                    place(load, has_certificate ? KDB_SETTING_AT_tls_certificate
                                                : KDB_SETTING_AT_tls_private_key),
                    has_certificate ? "tls.private_key" : "tls.certificate");
}

// A page of any origin that may send cookies could act for whoever is signed in.
static void check_cors(struct conf_load *load)
{
    const struct kdb_text_list *origins = &load->settings->cors_allowed_origins;
    bool is_any = origins->count == 0;
    for (size_t i = 0; i < origins->count; i++)
        is_any = is_any || kdb_slice_equal(origins->items[i], KDB_LIT("*"));
    if (!is_any || !load->settings->cors_allow_credentials)
        return;
    conf_warn(load, "%s has no effect while security.cors.allowed_origins allows every origin",
              place(load, KDB_SETTING_AT_cors_allow_credentials));
    load->settings->cors_allow_credentials = false;
}

kdb_status conf_check(struct conf_load *load)
{
    KDB_TRY(check_limits(load));
    KDB_TRY(check_passwords(load));
    KDB_TRY(check_jwt_secret(load));
    KDB_TRY(check_tls(load));
    check_cors(load);
    return KDB_OK;
}
