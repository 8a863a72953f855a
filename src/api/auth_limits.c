// SPDX-License-Identifier: Apache-2.0
// Bounds on sign-ins: attempts per address, wrong passwords per account.
#include <pthread.h>

#include "api/auth_priv.h"
#include "api/rate_limit_priv.h"
#include "base/alloc.h"
#include "base/map.h"

// Accounts with wrong passwords remembered at once; a full table starts over.
#define REMEMBERED_MAX 65536

struct lockout {
    int failures;
    int64_t locked_until_ms;
};

struct auth_limits {
    pthread_mutex_t lock;
    struct rate_limit *rate; // by address
    struct kdb_map lockouts; // user -> struct lockout
};

struct auth_limits *auth_limits_create(const struct kdb_settings *settings)
{
    struct auth_limits *limits = kdb_alloc(sizeof(*limits));
    (void)pthread_mutex_init(&limits->lock, NULL);
    limits->rate = rate_limit_create(settings->rate_limit_max_auth_requests_per_ip_per_sec);
    limits->lockouts.copies_keys = true;
    return limits;
}

static void forget_lockouts(struct kdb_map *map)
{
    size_t cursor = 0;
    void *value;
    while (kdb_map_next(map, &cursor, NULL, &value))
        kdb_free(value);
    kdb_map_deinit(map);
    *map = (struct kdb_map){.copies_keys = true};
}

void auth_limits_destroy(struct auth_limits *limits)
{
    if (!limits)
        return;
    rate_limit_destroy(limits->rate);
    forget_lockouts(&limits->lockouts);
    (void)pthread_mutex_destroy(&limits->lock);
    kdb_free(limits);
}

bool api_auth_rate_allows(struct kdb_api *api, const struct kdb_address *client)
{
    // Whoever has one address of a /64 network has all of them.
    size_t size = client->size == 16 ? 8 : client->size;
    kdb_slice key = kdb_slice_of((const char *)client->bytes, size);
    return rate_limit_allows(api->limits->rate, key, kdb_monotonic_ns());
}

static int64_t left_of(const struct kdb_map *lockouts, kdb_slice user, int64_t now_ms)
{
    const struct lockout *lockout = kdb_map_get(lockouts, user);
    int64_t left_ms = lockout ? lockout->locked_until_ms - now_ms : 0;
    return left_ms > 0 ? left_ms : 0;
}

int64_t api_lockout_left_ms(struct kdb_api *api, kdb_slice user, int64_t now_ms)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    int64_t left_ms = left_of(&limits->lockouts, user, now_ms);
    (void)pthread_mutex_unlock(&limits->lock);
    return left_ms;
}

static void note_failure(struct kdb_map *lockouts, kdb_slice user, int64_t now_ms)
{
    struct lockout *lockout = kdb_map_get(lockouts, user);
    if (!lockout) {
        if (lockouts->count >= REMEMBERED_MAX)
            forget_lockouts(lockouts);
        lockout = kdb_alloc(sizeof(*lockout));
        (void)kdb_map_set(lockouts, user, lockout);
    }
    lockout->failures++;
    if (lockout->failures < KDB_LIMIT_LOGIN_FAILURES)
        return;
    lockout->failures = 0;
    lockout->locked_until_ms = now_ms + KDB_LIMIT_LOGIN_LOCK_MS;
}

int64_t api_lockout_note(struct kdb_api *api, kdb_slice user, bool is_right, int64_t now_ms)
{
    struct auth_limits *limits = api->limits;
    (void)pthread_mutex_lock(&limits->lock);
    int64_t left_ms = left_of(&limits->lockouts, user, now_ms);
    if (left_ms == 0 && is_right)
        kdb_free(kdb_map_remove(&limits->lockouts, user));
    else if (left_ms == 0)
        note_failure(&limits->lockouts, user, now_ms);
    (void)pthread_mutex_unlock(&limits->lock);
    return left_ms;
}
