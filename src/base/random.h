// SPDX-License-Identifier: Apache-2.0
// Random bytes from the system's generator, the process hash seed, and a seeded generator for
// tests.
#ifndef KDB_BASE_RANDOM_H
#define KDB_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

// Fills `out` with cryptographically strong bytes; ends the process when the system has none. Any
// thread.
void kdb_random_bytes(void *out, size_t len);

// Two random words, fixed for the life of the process. Any thread.
const uint64_t *kdb_hash_seed(void);

// splitmix64: a small reproducible generator for property tests and jitter, never for secrets.
static inline uint64_t kdb_random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

#endif
