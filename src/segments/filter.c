// SPDX-License-Identifier: Apache-2.0
// Key filters: split-block Bloom filters of the Parquet format specification over XXH64 hashes.
#include "segments/filter.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)32)
#define BLOCK_WORDS 8

// Tenths of a bit per key: the specification's formula gives 9.7 bits for 1 %, when every block
// holds the same number of keys; blocks do not.
#define DECIBITS_PER_KEY 106

// ---- XXH64 (Yann Collet's xxHash, 64-bit variant, as its specification describes it) ----

#define PRIME_1 0x9E3779B185EBCA87U
#define PRIME_2 0xC2B2AE3D27D4EB4FU
#define PRIME_3 0x165667B19E3779F9U
#define PRIME_4 0x85EBCA77C2B2AE63U
#define PRIME_5 0x27D4EB2F165667C5U

// Bytes the four lanes take in one step.
#define STRIPE_BYTES 32

static uint64_t load_u64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static uint32_t load_u32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint64_t rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline uint64_t mix_lane(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t merge_lane(uint64_t hash, uint64_t lane)
{
    return (hash ^ mix_lane(0, lane)) * PRIME_1 + PRIME_4;
}

static uint64_t hash_stripes(const char *at, size_t count)
{
    uint64_t lanes[4] = {PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1};
    for (size_t i = 0; i < count; i++) {
        for (int lane = 0; lane < 4; lane++, at += 8)
            lanes[lane] = mix_lane(lanes[lane], load_u64(at));
    }
    uint64_t hash =
        rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int lane = 0; lane < 4; lane++)
        hash = merge_lane(hash, lanes[lane]);
    return hash;
}

uint64_t kdb_filter_hash(kdb_slice key)
{
    const char *at = key.data;
    size_t left = key.len;
    uint64_t hash = PRIME_5;
    if (left >= STRIPE_BYTES) {
        hash = hash_stripes(at, left / STRIPE_BYTES);
        at += left / STRIPE_BYTES * STRIPE_BYTES;
        left %= STRIPE_BYTES;
    }
    hash += key.len;
    for (; left >= 8; at += 8, left -= 8)
        hash = rotate(hash ^ mix_lane(0, load_u64(at)), 27) * PRIME_1 + PRIME_4;
    if (left >= 4) {
        hash = rotate(hash ^ load_u32(at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
        left -= 4;
    }
    for (; left > 0; at++, left--)
        hash = rotate(hash ^ (unsigned char)*at * PRIME_5, 11) * PRIME_1;
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

// ---- the filter ----

static const uint32_t salts[BLOCK_WORDS] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                            0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

static size_t block_of(uint64_t hash, size_t block_count)
{
    return (size_t)((hash >> 32) * (uint64_t)block_count >> 32);
}

static uint32_t bit_of(uint64_t hash, size_t word)
{
    return UINT32_C(1) << ((uint32_t)hash * salts[word] >> 27);
}

void kdb_filter_build(const uint64_t *hashes, uint64_t count, struct kdb_buf *out)
{
    uint64_t bits = count * DECIBITS_PER_KEY / 10;
    size_t block_count = (size_t)(bits / (BLOCK_BYTES * 8)) + 1;
    size_t bytes = block_count * BLOCK_BYTES;
    char *filter = kdb_buf_reserve(out, bytes);
    if (!filter)
        return;
    memset(filter, 0, bytes);
    for (uint64_t i = 0; i < count; i++) {
        char *block = filter + block_of(hashes[i], block_count) * BLOCK_BYTES;
        for (size_t word = 0; word < BLOCK_WORDS; word++) {
            uint32_t bits_set = load_u32(block + 4 * word) | bit_of(hashes[i], word);
            memcpy(block + 4 * word, &bits_set, sizeof(bits_set));
        }
    }
    kdb_buf_advance(out, bytes);
}

bool kdb_filter_may_hold(kdb_slice filter, uint64_t hash)
{
    if (filter.len == 0 || filter.len % BLOCK_BYTES != 0)
        return true;
    const char *block = filter.data + block_of(hash, filter.len / BLOCK_BYTES) * BLOCK_BYTES;
    for (size_t word = 0; word < BLOCK_WORDS; word++) {
        if ((load_u32(block + 4 * word) & bit_of(hash, word)) == 0)
            return false;
    }
    return true;
}
