// SPDX-License-Identifier: Apache-2.0
// Address ranges: reading, writing, and asking whether an address lies in one.
#include <arpa/inet.h>
#include <string.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

// The leading bytes of an IPv4 address in IPv6 form.
static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
#define MAPPED_BITS 96

static bool is_mapped(const struct kdb_address_range *range)
{
    return range->prefix_bits >= MAPPED_BITS &&
           memcmp(range->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

// Clears the bits behind the prefix, so that 10.1.2.3/8 is written as the range it is.
static void clear_behind_prefix(struct kdb_address_range *range)
{
    for (int bit = range->prefix_bits; bit < 128; bit++)
        range->bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
}

static bool read_address(kdb_slice text, uint8_t bytes[16], int *ret_bits)
{
    char address[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(address) || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(address, text.data, text.len);
    address[text.len] = '\0';
    if (inet_pton(AF_INET6, address, bytes) == 1) {
        *ret_bits = 128;
        return true;
    }
    if (inet_pton(AF_INET, address, bytes + sizeof(mapped_prefix)) != 1)
        return false;
    memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
    *ret_bits = 32;
    return true;
}

bool conf_read_range(kdb_slice text, struct kdb_address_range *ret_range)
{
    struct kdb_address_range range = {.prefix_bits = 128};
    size_t slash = kdb_slice_find(text, KDB_LIT("/"), 0);
    size_t address_len = slash == SIZE_MAX ? text.len : slash;
    int bits = 0;
    if (!read_address(kdb_slice_of(text.data, address_len), range.bytes, &bits))
        return false;
    if (slash != SIZE_MAX) {
        kdb_slice digits = kdb_slice_skip(text, slash + 1);
        int64_t prefix = 0;
        if (digits.len == 0 || digits.len > 3 || text.data[slash + 1] < '0' ||
            !kdb_slice_to_i64(digits, &prefix) || prefix < 0 || prefix > bits)
            return false;
        range.prefix_bits = (int)prefix + 128 - bits;
    }
    clear_behind_prefix(&range);
    *ret_range = range;
    return true;
}

void conf_write_range(struct kdb_buf *out, const struct kdb_address_range *range)
{
    char address[INET6_ADDRSTRLEN];
    bool is_four = is_mapped(range);
    int bits = is_four ? range->prefix_bits - MAPPED_BITS : range->prefix_bits;
    const void *bytes = is_four ? range->bytes + sizeof(mapped_prefix) : range->bytes;
    const char *text = inet_ntop(is_four ? AF_INET : AF_INET6, bytes, address, sizeof(address));
    KDB_ASSERT(text != NULL);
    kdb_buf_slice(out, kdb_slice_cstr(text));
    if (range->prefix_bits < 128)
        kdb_buf_printf(out, "/%d", bits);
}

static bool range_contains(const struct kdb_address_range *range, const uint8_t bytes[16])
{
    size_t whole = (size_t)range->prefix_bits / 8;
    if (memcmp(range->bytes, bytes, whole) != 0)
        return false;
    unsigned rest = (unsigned)range->prefix_bits % 8;
    unsigned mask = 0xFFU & ~(0xFFU >> rest);
    return rest == 0 || ((unsigned)(range->bytes[whole] ^ bytes[whole]) & mask) == 0;
}

bool kdb_address_ranges_contain(const struct kdb_address_ranges *ranges, const uint8_t *address,
                                size_t address_bytes)
{
    uint8_t bytes[16];
    if (address_bytes == 4) {
        memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
        memcpy(bytes + sizeof(mapped_prefix), address, 4);
    } else if (address_bytes == sizeof(bytes)) {
        memcpy(bytes, address, sizeof(bytes));
    } else {
        return false;
    }
    for (size_t i = 0; i < ranges->count; i++) {
        if (range_contains(&ranges->items[i], bytes))
            return true;
    }
    return false;
}
