// SPDX-License-Identifier: Apache-2.0
// Bounds on sign-ins: attempts per address, wrong passwords per account, hashes at one time.
#include <pthread.h>

#include "api/auth_priv.h"
#include "base/alloc.h"
#include "base/map.h"

// Addresses and accounts remembered at once; older ones are forgotten first (a full table starts
// over).
#define REMEMBERED_MAX 65536

// A token bucket: as many tokens as the rate, filled continuously.
struct bucket {
    double tokens;
    int64_t at_ns;
};

struct lockout {
    int failures;
    int64_t locked_until_ms;
};

struct auth_limits {
    pthread_mutex_t lock;
    pthread_cond_t hash_left;
    int64_t hashes_max, hashes_now;
    double rate;
    struct kdb_map buckets;  // address bytes -> struct bucket
    struct kdb_map lockouts; // user -> struct lockout
    size_t bucket_count, lockout_count;
};

struct auth_limits *auth_limits_create(const struct kdb_settings *settings)
{
    struct auth_limits *limits = kdb_alloc(sizeof(*limits));
    (void)pthread_mutex_init(&limits->lock, NULL);
    (void)pthread_cond_init(&limits->hash_left, NULL);
    limits->hashes_max = settings->auth_max_concurrent_hashes;
    limits->rate = (double)settings->rate_limit_max_auth_requests_per_ip_per_sec;
    limits->buckets.copies_keys = true;
    limits->lockouts.copies_keys = true;
    return limits;
}

static void clear(struct kdb_map *map, size_t *count)
{
    size_t cursor = 0;
    kdb_slice key;
    void *value;
    while (kdb_map_next(map, &cursor, &key, &value))
        kdb_free(value);
    kdb_map_deinit(map);
    *map = (struct kdb_map){.copies_keys = true};
    *count = 0;
}

void auth_limits_destroy(struct auth_limits *limits)
{
    if (!limits)
        return;
    clear(&limits->buckets, &limits->bucket_count);
    clear(&limits->lockouts, &limits->lockout_count);
    (void)pthread_mutex_destroy(&limits->lock);
    (void)pthread_cond_destroy(&limits->hash_left);
    kdb_free(limits);
}

void api_hash_enter(struct kdb_api *api)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    while (limits->hashes_now >= limits->hashes_max)
        (void)pthread_cond_wait(&limits->hash_left, &limits->lock);
    limits->hashes_now++;
    (void)pthread_mutex_unlock(&limits->lock);
}

void api_hash_leave(struct kdb_api *api)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    limits->hashes_now--;
    (void)pthread_cond_signal(&limits->hash_left);
    (void)pthread_mutex_unlock(&limits->lock);
}

// The entry of `key`, made zeroed when it is new.
static void *entry_of(struct kdb_map *map, size_t *count, kdb_slice key, size_t size)
{
    void *entry = kdb_map_get(map, key);
    if (entry)
        return entry;
    if (*count >= REMEMBERED_MAX)
        clear(map, count);
    entry = kdb_alloc(size);
    (void)kdb_map_set(map, key, entry);
    (*count)++;
    return entry;
}

bool api_auth_rate_allows(struct kdb_api *api, const struct kdb_address *client)
{
    struct auth_limits *limits = api->limits;
    int64_t now_ns = kdb_monotonic_ns();
    (void)pthread_mutex_lock(&limits->lock);
    kdb_slice key = kdb_slice_of(client->bytes, sizeof(client->bytes));
    struct bucket *bucket = entry_of(&limits->buckets, &limits->bucket_count, key, sizeof(*bucket));
    double earned = (double)(now_ns - bucket->at_ns) / 1e9 * limits->rate;
    bucket->tokens = bucket->at_ns == 0 || bucket->tokens + earned > limits->rate
                         ? limits->rate
                         : bucket->tokens + earned;
    bucket->at_ns = now_ns;
    bool is_allowed = bucket->tokens >= 1;
    bucket->tokens -= is_allowed ? 1 : 0;
    (void)pthread_mutex_unlock(&limits->lock);
    return is_allowed;
}

int64_t api_lockout_left_ms(struct kdb_api *api, kdb_slice user, int64_t now_ms)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    const struct lockout *lockout = kdb_map_get(&limits->lockouts, user);
    int64_t left_ms = lockout ? lockout->locked_until_ms - now_ms : 0;
    (void)pthread_mutex_unlock(&limits->lock);
    return left_ms > 0 ? left_ms : 0;
}

void api_lockout_note(struct kdb_api *api, kdb_slice user, bool is_right, int64_t now_ms)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    if (is_right) {
        void *entry = kdb_map_remove(&limits->lockouts, user);
        limits->lockout_count -= entry != NULL;
        kdb_free(entry);
    } else {
        struct lockout *lockout =
            entry_of(&limits->lockouts, &limits->lockout_count, user, sizeof(*lockout));
        lockout->failures++;
        if (lockout->failures >= KDB_LIMIT_LOGIN_FAILURES) {
            lockout->failures = 0;
            lockout->locked_until_ms = now_ms + KDB_LIMIT_LOGIN_LOCK_MS;
        }
    }
    (void)pthread_mutex_unlock(&limits->lock);
}
