// SPDX-License-Identifier: Apache-2.0
// Token buckets by key.
#include "api/rate_limit_priv.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/map.h"

enum {
    shard_count = 16, // told apart by the upper bits of the hash: the maps use the lower ones
    keys_per_shard = 4096,
};

struct bucket {
    double tokens;
    int64_t at_ns; // when they were counted
};

struct shard {
    pthread_mutex_t lock;
    struct kdb_map buckets; // key -> struct bucket
};

struct rate_limit {
    double per_second;
    struct shard shards[shard_count];
};

struct rate_limit *rate_limit_create(int64_t per_second)
{
    struct rate_limit *limit = kdb_alloc(sizeof(*limit));
    limit->per_second = (double)per_second;
    for (size_t i = 0; i < shard_count; i++) {
        (void)pthread_mutex_init(&limit->shards[i].lock, NULL);
        limit->shards[i].buckets.copies_keys = true;
    }
    return limit;
}

static void forget(struct shard *shard)
{
    size_t cursor = 0;
    void *value;
    while (kdb_map_next(&shard->buckets, &cursor, NULL, &value))
        kdb_free(value);
    kdb_map_deinit(&shard->buckets);
    shard->buckets = (struct kdb_map){.copies_keys = true};
}

void rate_limit_destroy(struct rate_limit *limit)
{
    if (!limit)
        return;
    for (size_t i = 0; i < shard_count; i++) {
        forget(&limit->shards[i]);
        (void)pthread_mutex_destroy(&limit->shards[i].lock);
    }
    kdb_free(limit);
}

// A new key's bucket is full.
static struct bucket *bucket_of(struct rate_limit *limit, struct shard *shard, kdb_slice key,
                                int64_t now_ns)
{
    struct bucket *bucket = kdb_map_get(&shard->buckets, key);
    if (bucket)
        return bucket;
    if (shard->buckets.count >= keys_per_shard)
        forget(shard);
    bucket = kdb_alloc(sizeof(*bucket));
    *bucket = (struct bucket){.tokens = limit->per_second, .at_ns = now_ns};
    (void)kdb_map_set(&shard->buckets, key, bucket);
    return bucket;
}

bool rate_limit_allows(struct rate_limit *limit, kdb_slice key, int64_t now_ns)
{
    struct shard *shard = &limit->shards[kdb_slice_hash(key) >> 60];
    (void)pthread_mutex_lock(&shard->lock);
    struct bucket *bucket = bucket_of(limit, shard, key, now_ns);
    if (now_ns > bucket->at_ns) { // loops ask with the time of their request, which may be older
        double earned = (double)(now_ns - bucket->at_ns) / 1e9 * limit->per_second;
        double tokens = bucket->tokens + earned;
        bucket->tokens = tokens < limit->per_second ? tokens : limit->per_second;
        bucket->at_ns = now_ns;
    }
    bool is_allowed = bucket->tokens >= 1;
    bucket->tokens -= is_allowed ? 1 : 0;
    (void)pthread_mutex_unlock(&shard->lock);
    return is_allowed;
}
