// SPDX-License-Identifier: Apache-2.0
// Parsing and comparing IP addresses.
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "conf/conf.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static struct kdb_address address_of_bytes(const void *bytes, uint8_t size)
{
    struct kdb_address address = {.size = size};
    if (size == 16 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        address.size = 4;
        memcpy(address.bytes, (const uint8_t *)bytes + sizeof(mapped_prefix), 4);
        return address;
    }
    memcpy(address.bytes, bytes, size);
    return address;
}

struct kdb_address kdb_address_of_socket(const struct sockaddr *name)
{
    if (name->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, name, sizeof(in));
        return address_of_bytes(&in.sin_addr, 4);
    }
    if (name->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, name, sizeof(in6));
        return address_of_bytes(&in6.sin6_addr, 16);
    }
    return (struct kdb_address){0};
}

bool kdb_address_parse(kdb_slice text, struct kdb_address *ret_address)
{
    char terminated[KDB_ADDRESS_TEXT_BYTES];
    if (text.len == 0 || text.len >= sizeof(terminated) || memchr(text.data, '\0', text.len))
        return false;
    memcpy(terminated, text.data, text.len);
    terminated[text.len] = '\0';
    uint8_t bytes[16];
    if (inet_pton(AF_INET, terminated, bytes) == 1) {
        *ret_address = address_of_bytes(bytes, 4);
        return true;
    }
    if (inet_pton(AF_INET6, terminated, bytes) == 1) {
        *ret_address = address_of_bytes(bytes, 16);
        return true;
    }
    return false;
}

bool kdb_address_parse_forwarded(kdb_slice text, struct kdb_address *ret_address)
{
    text = kdb_slice_trim(text);
    if (kdb_address_parse(text, ret_address))
        return true;
    if (text.len > 0 && text.data[0] == '[') {
        size_t end = kdb_slice_find(text, KDB_LIT("]"), 0);
        return end != SIZE_MAX &&
               kdb_address_parse((kdb_slice){text.data + 1, end - 1}, ret_address);
    }
    size_t colon = kdb_slice_find(text, KDB_LIT(":"), 0);
    return colon != SIZE_MAX && kdb_address_parse((kdb_slice){text.data, colon}, ret_address);
}

kdb_slice kdb_address_format(const struct kdb_address *address, char text[KDB_ADDRESS_TEXT_BYTES])
{
    text[0] = '\0';
    if (address->size != 0) {
        int family = address->size == 4 ? AF_INET : AF_INET6;
        const char *written = inet_ntop(family, address->bytes, text, KDB_ADDRESS_TEXT_BYTES);
        KDB_ASSERT(written != NULL);
    }
    return kdb_slice_cstr(text);
}

bool kdb_address_equal(const struct kdb_address *a, const struct kdb_address *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool is_ipv6_loopback(const struct kdb_address *address)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return address->size == 16 && memcmp(address->bytes, loopback, sizeof(loopback)) == 0;
}

bool kdb_address_is_loopback(const struct kdb_address *address)
{
    return is_ipv6_loopback(address) || (address->size == 4 && address->bytes[0] == 127);
}

bool kdb_address_is_localhost(const struct kdb_address *address)
{
    static const uint8_t localhost[4] = {127, 0, 0, 1};
    return is_ipv6_loopback(address) ||
           (address->size == 4 && memcmp(address->bytes, localhost, sizeof(localhost)) == 0);
}

bool kdb_address_range_has(const struct kdb_address_range *range, const struct kdb_address *address)
{
    uint8_t bytes[16] = {0};
    if (address->size == 0)
        return false;
    if (address->size == 4)
        memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
    memcpy(bytes + 16 - address->size, address->bytes, address->size);
    size_t whole = (size_t)range->prefix_bits / 8;
    int rest = range->prefix_bits % 8;
    if (memcmp(range->bytes, bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    uint8_t mask = (uint8_t)(0xFFU << (8 - rest));
    return ((range->bytes[whole] ^ bytes[whole]) & mask) == 0;
}
