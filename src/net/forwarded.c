// SPDX-License-Identifier: Apache-2.0
// The client's address out of X-Forwarded-For and X-Real-IP.
#include "net/forwarded_priv.h"

#include <string.h>

#include "conf/conf.h"

static bool is_trusted(const struct kdb_http_request *request,
                       const struct kdb_address_range *trusted, size_t trusted_count)
{
    if (request->is_loopback_peer)
        return true;
    for (size_t i = 0; i < trusted_count; i++) {
        if (kdb_address_range_has(&trusted[i], &request->peer))
            return true;
    }
    return false;
}

static bool claims_localhost(kdb_slice entry)
{
    struct kdb_address address;
    entry = kdb_slice_trim(entry);
    return kdb_slice_equal_nocase(entry, KDB_LIT("localhost")) ||
           (kdb_address_parse_forwarded(entry, &address) && kdb_address_is_localhost(&address));
}

// The first entry of a comma-separated list; the rest stays in `list`.
static kdb_slice take_entry(kdb_slice *list)
{
    const char *comma = list->len > 0 ? memchr(list->data, ',', list->len) : NULL;
    kdb_slice entry = {list->data, comma ? (size_t)(comma - list->data) : list->len};
    *list = kdb_slice_skip(*list, entry.len + 1);
    return entry;
}

static bool is_forwarding(kdb_slice name)
{
    // Most headers are told apart by their length.
    if (name.len == 9)
        return kdb_slice_equal_nocase(name, KDB_LIT("forwarded")) ||
               kdb_slice_equal_nocase(name, KDB_LIT("x-real-ip"));
    return name.len == 15 && kdb_slice_equal_nocase(name, KDB_LIT("x-forwarded-for"));
}

// Whether every entry of every forwarding header is localhost.
static bool names_only_localhost(const struct kdb_http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (!is_forwarding(request->fields[i].name))
            continue;
        kdb_slice list = request->fields[i].value;
        do {
            if (!claims_localhost(take_entry(&list)))
                return false;
        } while (list.len > 0);
    }
    return true;
}

void net_forwarded_resolve(struct kdb_http_request *request,
                           const struct kdb_address_range *trusted, size_t trusted_count)
{
    request->client = request->peer;
    request->is_localhost = kdb_address_is_localhost(&request->peer);
    kdb_slice list = request->known[KDB_HTTP_X_FORWARDED_FOR];
    kdb_slice real_ip = request->known[KDB_HTTP_X_REAL_IP];
    if (request->is_localhost)
        request->is_localhost = names_only_localhost(request);
    if ((!list.data && !real_ip.data) || !is_trusted(request, trusted, trusted_count))
        return;
    kdb_slice named = list.data ? take_entry(&list) : real_ip;
    struct kdb_address address;
    if (!claims_localhost(named) && kdb_address_parse_forwarded(named, &address))
        request->client = address;
}
