// SPDX-License-Identifier: Apache-2.0
// IP addresses as plain values, and whether they lie in a range.
//
// An IPv4 address mapped into IPv6 (::ffff:a.b.c.d) is always held as the IPv4 address it means, so
// that one client has one address whatever the listening socket is. Any thread.
#ifndef KDB_NET_ADDRESS_H
#define KDB_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define KDB_ADDRESS_TEXT_BYTES 46 // longest text with its NUL

struct kdb_address {
    uint8_t size;      // 4, 16, or 0 for none
    uint8_t bytes[16]; // network order, unused ones zero
};

struct kdb_address_range; // conf/conf.h
struct sockaddr;

// The address of a socket name; size 0 when it is neither IPv4 nor IPv6.
struct kdb_address kdb_address_of_socket(const struct sockaddr *name);

// Reads "10.0.0.1" or "2001:db8::1", without port, brackets or zone; false when it is anything
// else.
bool kdb_address_parse(kdb_slice text, struct kdb_address *ret_address);

// Reads an element of a forwarding header: an address, also as "1.2.3.4:567", "[::1]" or
// "[::1]:567".
bool kdb_address_parse_forwarded(kdb_slice text, struct kdb_address *ret_address);

// Writes the usual text form and its NUL; the slice is into `text`. Empty for no address.
kdb_slice kdb_address_format(const struct kdb_address *address, char text[KDB_ADDRESS_TEXT_BYTES]);

// Whether both are the same address, or both are none.
bool kdb_address_equal(const struct kdb_address *a, const struct kdb_address *b);

// 127.0.0.0/8 or ::1: a peer on this machine.
bool kdb_address_is_loopback(const struct kdb_address *address);

// Exactly 127.0.0.1 or ::1: what localhost-only routes accept. Narrower than loopback on purpose.
bool kdb_address_is_localhost(const struct kdb_address *address);

// Whether the range holds the address; an IPv4 range holds no IPv6 address.
bool kdb_address_range_has(const struct kdb_address_range *range,
                           const struct kdb_address *address);

#endif
