// SPDX-License-Identifier: Apache-2.0
// The client behind a proxy: whose headers are believed, and who may call itself localhost.
#include "net/forwarded_priv.h"

#include "conf/conf.h"
#include "lib/test.h"

struct forwarded {
    const char *peer;
    const char *forwarded_for; // NULL: no such header
    const char *real_ip;
    const char *client;
    bool is_localhost;
};

static const struct forwarded cases[] = {
    // Nothing forwarded.
    {"127.0.0.1", NULL, NULL, "127.0.0.1", true},
    {"::1", NULL, NULL, "::1", true},
    {"127.0.0.2", NULL, NULL, "127.0.0.2", false},
    {"192.0.2.1", NULL, NULL, "192.0.2.1", false},
    // Believed from this machine and from trusted ranges (10.0.0.0/8), not from elsewhere.
    {"127.0.0.1", "192.0.2.9", NULL, "192.0.2.9", false},
    {"127.0.0.1", "192.0.2.9, 10.0.0.1", "192.0.2.8", "192.0.2.9", false},
    {"127.0.0.1", NULL, "192.0.2.8", "192.0.2.8", false},
    {"127.0.0.2", "192.0.2.9:1234", NULL, "192.0.2.9", false},
    {"10.1.1.1", "[2001:db8::1]:80", NULL, "2001:db8::1", false},
    {"192.0.2.1", "192.0.2.9", "192.0.2.8", "192.0.2.1", false},
    // Who claims to be localhost is not believed.
    {"10.1.1.1", "127.0.0.1", NULL, "10.1.1.1", false},
    {"192.0.2.1", "127.0.0.1", "::1", "192.0.2.1", false},
    {"127.0.0.1", "127.0.0.1, 192.0.2.9", NULL, "127.0.0.1", false},
    {"127.0.0.1", "localhost, 192.0.2.9", NULL, "127.0.0.1", false},
    {"127.0.0.1", "garbage, 192.0.2.9", NULL, "127.0.0.1", false},
    {"127.0.0.1", "127.0.0.1", "192.0.2.9", "127.0.0.1", false},
    {"127.0.0.1", "", NULL, "127.0.0.1", false},
    // A browser on this machine through a proxy on this machine.
    {"127.0.0.1", "127.0.0.1", NULL, "127.0.0.1", true},
    {"127.0.0.1", "::1, 127.0.0.1", "localhost", "127.0.0.1", true},
};

static void test_resolve(void **state)
{
    (void)state;
    // 10.0.0.0/8
    const struct kdb_address_range trusted = {.bytes = {[10] = 0xFF, [11] = 0xFF, [12] = 10},
                                              .prefix_bits = 96 + 8};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct forwarded *item = &cases[i];
        struct kdb_http_field fields[2];
        struct kdb_http_request request = {.fields = fields};
        assert_true(kdb_address_parse(kdb_slice_cstr(item->peer), &request.peer));
        request.is_loopback_peer = kdb_address_is_loopback(&request.peer);
        if (item->forwarded_for) {
            kdb_slice value = kdb_slice_cstr(item->forwarded_for);
            fields[request.field_count++] =
                (struct kdb_http_field){KDB_LIT("X-Forwarded-For"), value};
            request.known[KDB_HTTP_X_FORWARDED_FOR] = value;
        }
        if (item->real_ip) {
            kdb_slice value = kdb_slice_cstr(item->real_ip);
            fields[request.field_count++] = (struct kdb_http_field){KDB_LIT("X-Real-IP"), value};
            request.known[KDB_HTTP_X_REAL_IP] = value;
        }
        net_forwarded_resolve(&request, &trusted, 1);
        char text[KDB_ADDRESS_TEXT_BYTES];
        assert_slice_equal(kdb_address_format(&request.client, text), item->client);
        if (request.is_localhost != item->is_localhost)
            fail_msg("case %zu: localhost is %d", i, request.is_localhost);
    }
}

// Headers that repeat, or that proxies write in another way, count too.
static void test_other_headers(void **state)
{
    (void)state;
    struct kdb_http_field fields[2] = {{KDB_LIT("X-Forwarded-For"), KDB_LIT("127.0.0.1")},
                                       {KDB_LIT("x-forwarded-FOR"), KDB_LIT("192.0.2.9")}};
    struct kdb_http_request request = {.fields = fields, .field_count = 2};
    assert_true(kdb_address_parse(KDB_LIT("127.0.0.1"), &request.peer));
    request.is_loopback_peer = true;
    request.known[KDB_HTTP_X_FORWARDED_FOR] = fields[0].value;
    net_forwarded_resolve(&request, NULL, 0);
    assert_false(request.is_localhost);
    fields[0] = (struct kdb_http_field){KDB_LIT("Forwarded"), KDB_LIT("for=192.0.2.9")};
    request.field_count = 1;
    request.known[KDB_HTTP_X_FORWARDED_FOR] = (kdb_slice){0};
    net_forwarded_resolve(&request, NULL, 0);
    assert_false(request.is_localhost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_other_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
