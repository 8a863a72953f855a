// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the forwarding headers: whatever they say, a request has a client, and only a peer
// on this machine can make it one from localhost.
// links: net
//
// Input: who the peer is, then the headers' values, one a line: X-Forwarded-For, X-Real-IP,
// Forwarded.
#include <string.h>

#include "base/assert.h"
#include "net/forwarded_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *name;
    int known; // its index, or -1
} headers[] = {{"X-Forwarded-For", KDB_HTTP_X_FORWARDED_FOR},
               {"x-real-ip", KDB_HTTP_X_REAL_IP},
               {"Forwarded", -1}};

#define HEADER_COUNT (sizeof(headers) / sizeof(headers[0]))

static size_t read_headers(kdb_slice text, struct kdb_http_request *request,
                           struct kdb_http_field *fields)
{
    size_t count = 0;
    while (count < HEADER_COUNT && text.len > 0) {
        size_t line = kdb_slice_find(text, KDB_LIT("\n"), 0);
        kdb_slice value = kdb_slice_of(text.data, line == SIZE_MAX ? text.len : line);
        fields[count] =
            (struct kdb_http_field){kdb_slice_cstr(headers[count].name), kdb_slice_trim(value)};
        if (headers[count].known >= 0)
            request->known[headers[count].known] = fields[count].value;
        text = kdb_slice_skip(text, value.len + 1);
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const peers[] = {"127.0.0.1", "127.9.0.1", "::1", "10.1.2.3", "2001:db8::7"};
    if (size == 0)
        return 0;
    struct kdb_http_request request;
    struct kdb_http_field fields[HEADER_COUNT];
    memset(&request, 0, sizeof(request));
    const char *peer = peers[data[0] % (sizeof(peers) / sizeof(peers[0]))];
    KDB_ASSERT(kdb_address_parse(kdb_slice_cstr(peer), &request.peer));
    request.is_loopback_peer = kdb_address_is_loopback(&request.peer);
    request.field_count = read_headers(kdb_slice_of(data + 1, size - 1), &request, fields);
    request.fields = fields;
    net_forwarded_resolve(&request, NULL, 0);
    KDB_ASSERT(request.client.size == 4 || request.client.size == 16);
    KDB_ASSERT(!request.is_localhost || kdb_address_is_localhost(&request.peer));
    // Nobody is trusted here but this machine.
    KDB_ASSERT(request.is_loopback_peer || kdb_address_equal(&request.client, &request.peer));
    char text[KDB_ADDRESS_TEXT_BYTES];
    struct kdb_address again;
    KDB_ASSERT(kdb_address_parse(kdb_address_format(&request.client, text), &again));
    KDB_ASSERT(kdb_address_equal(&again, &request.client));
    return 0;
}
