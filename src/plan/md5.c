// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321).
#include "plan/md5_priv.h"

#include <string.h>

#define BLOCK_BYTES 64

static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static uint32_t rotated(uint32_t word, unsigned count)
{
    return word << count | word >> (32 - count);
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void add_block(uint32_t state[4], const uint8_t block[BLOCK_BYTES])
{
    static const uint8_t shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t mixed;
        unsigned index;
        if (i < 16) {
            mixed = (b & c) | (~b & d);
            index = i;
        } else if (i < 32) {
            mixed = (d & b) | (~d & c);
            index = (5 * i + 1) % 16;
        } else if (i < 48) {
            mixed = b ^ c ^ d;
            index = (3 * i + 5) % 16;
        } else {
            mixed = c ^ (b | ~d);
            index = (7 * i) % 16;
        }
        uint32_t sum = a + mixed + sines[i] + word_at(block + 4 * (size_t)index);
        a = d;
        d = c;
        c = b;
        b += rotated(sum, shifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void plan_md5_digest(kdb_slice bytes, uint8_t ret_digest[PLAN_MD5_BYTES])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const uint8_t *at = (const uint8_t *)bytes.data;
    size_t rest = bytes.len;
    for (; rest >= BLOCK_BYTES; rest -= BLOCK_BYTES, at += BLOCK_BYTES)
        add_block(state, at);
    uint8_t tail[2 * BLOCK_BYTES] = {0};
    if (rest > 0)
        memcpy(tail, at, rest);
    tail[rest] = 0x80;
    size_t tail_bytes = rest + 9 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    uint64_t bits = (uint64_t)bytes.len * 8;
    for (size_t i = 0; i < 8; i++)
        tail[tail_bytes - 8 + i] = (uint8_t)(bits >> (8 * i));
    for (size_t done = 0; done < tail_bytes; done += BLOCK_BYTES)
        add_block(state, tail + done);
    for (size_t i = 0; i < PLAN_MD5_BYTES; i++)
        ret_digest[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
}
