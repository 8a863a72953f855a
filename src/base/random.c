// SPDX-License-Identifier: Apache-2.0
// Random bytes from libcrypto.
#include "base/random.h"

#include <openssl/rand.h>
#include <pthread.h>

#include "base/assert.h"

static uint64_t hash_seed[2];
static pthread_once_t hash_seed_once = PTHREAD_ONCE_INIT;

void kdb_random_bytes(void *out, size_t len)
{
    KDB_ASSERT(len <= 1U << 20);
    KDB_ASSERT(RAND_bytes(out, (int)len) == 1);
}

static void make_hash_seed(void)
{
    kdb_random_bytes(hash_seed, sizeof(hash_seed));
}

const uint64_t *kdb_hash_seed(void)
{
    (void)pthread_once(&hash_seed_once, make_hash_seed);
    return hash_seed;
}
