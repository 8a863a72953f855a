// SPDX-License-Identifier: Apache-2.0
// The slice functions that are too long to inline.
#include "base/slice.h"

#include "base/random.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool kdb_slice_equal_nocase(kdb_slice a, kdb_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

kdb_slice kdb_slice_trim(kdb_slice s)
{
    while (s.len > 0 && is_blank(s.data[0]))
        s = kdb_slice_skip(s, 1);
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

size_t kdb_slice_find(kdb_slice haystack, kdb_slice needle, size_t from)
{
    if (from > haystack.len)
        return SIZE_MAX;
    if (needle.len == 0)
        return from;
    if (haystack.len - from < needle.len)
        return SIZE_MAX;
    const char *at = memmem(haystack.data + from, haystack.len - from, needle.data, needle.len);
    return at ? (size_t)(at - haystack.data) : SIZE_MAX;
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

// One SipHash round on the four lanes.
static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

// SipHash-1-3 (Aumasson and Bernstein), keyed by the process seed.
uint64_t kdb_slice_hash(kdb_slice s)
{
    const uint64_t *seed = kdb_hash_seed();
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575U, seed[1] ^ 0x646f72616e646f6dU,
                     seed[0] ^ 0x6c7967656e657261U, seed[1] ^ 0x7465646279746573U};
    size_t whole = s.len & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        memcpy(&word, s.data + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)s.len << 56;
    if (s.len > whole) {
        uint64_t tail = 0;
        memcpy(&tail, s.data + whole, s.len - whole);
        last |= tail;
    }
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool kdb_slice_to_i64(kdb_slice s, int64_t *ret_value)
{
    bool is_negative = s.len > 0 && s.data[0] == '-';
    size_t at = s.len > 0 && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0;
    if (at == s.len)
        return false;
    uint64_t limit = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    for (; at < s.len; at++) {
        if (s.data[at] < '0' || s.data[at] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.data[at] - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = is_negative ? (int64_t)(0U - value) : (int64_t)value;
    return true;
}
