// SPDX-License-Identifier: Apache-2.0
// A bounded table of client addresses: hash chains for lookup, a list by last use for eviction, one
// lock.
#include "net/guard.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/slice.h"
#include "base/use_order.h"

struct client {
    struct client *chain; // next of the same bucket, or next free one
    struct kdb_use_link use;
    struct kdb_address address; // IPv6: the lower half is zero
    size_t connections;
    int64_t tokens_milli;    // thousandths of a request it may still make
    int64_t refilled_ms;     // when tokens_milli was right
    uint32_t violations;     // 429 answers since violated_ms was last far away
    int64_t violated_ms;     // the last one
    int64_t banned_until_ms; // 0: not banned
};

struct kdb_guard {
    pthread_mutex_t lock; // guards everything below but the limits
    struct kdb_http_limits limits;
    struct client
        *clients; // room for all; those from used_count on were never used (nor touched in memory)
    size_t used_count;
    struct client *free;
    struct client **buckets;
    size_t bucket_mask;
    struct kdb_use_order order;
};

struct kdb_guard *kdb_guard_open(const struct kdb_http_limits *limits)
{
    struct kdb_guard *guard = kdb_alloc(sizeof(*guard));
    guard->limits = *limits;
    size_t count = limits->tracked_addresses_max;
    size_t bucket_count = kdb_grow_capacity(16, count + 1); // a power of two
    guard->bucket_mask = bucket_count - 1;
    guard->buckets = kdb_alloc_array(bucket_count, sizeof(struct client *));
    guard->clients = kdb_alloc_array(count + 1, sizeof(struct client));
    KDB_ASSERT(pthread_mutex_init(&guard->lock, NULL) == 0);
    return guard;
}

void kdb_guard_close(struct kdb_guard *guard)
{
    if (!guard)
        return;
    (void)pthread_mutex_destroy(&guard->lock);
    kdb_free(guard->buckets);
    kdb_free(guard->clients);
    kdb_free(guard);
}

static struct client **bucket_of(struct kdb_guard *guard, const struct kdb_address *key)
{
    uint64_t hash = kdb_slice_hash(kdb_slice_of(key->bytes, sizeof(key->bytes)));
    return &guard->buckets[hash & guard->bucket_mask];
}

static void forget(struct kdb_guard *guard, struct client *client)
{
    struct client **at = bucket_of(guard, &client->address);
    while (*at != client)
        at = &(*at)->chain;
    *at = client->chain;
    kdb_use_order_remove(&guard->order, &client->use);
    client->chain = guard->free;
    guard->free = client;
}

// Makes room by forgetting a client without connections: an unbanned one near the old end, else the
// oldest banned.
static void evict(struct kdb_guard *guard, int64_t now_ms)
{
    enum { looked_at_max = 64 };
    struct client *banned = NULL;
    struct kdb_use_link *at = guard->order.oldest;
    for (int i = 0; at && i < looked_at_max; i++, at = at->newer) {
        struct client *client = KDB_USE_OF(at, struct client, use);
        if (client->connections > 0)
            continue;
        if (client->banned_until_ms <= now_ms) {
            forget(guard, client);
            return;
        }
        if (!banned)
            banned = client;
    }
    if (banned)
        forget(guard, banned);
}

// An entry to fill, or NULL.
static struct client *take_room(struct kdb_guard *guard, int64_t now_ms)
{
    if (guard->used_count < guard->limits.tracked_addresses_max)
        return &guard->clients[guard->used_count++];
    if (!guard->free)
        evict(guard, now_ms);
    struct client *client = guard->free;
    if (client)
        guard->free = client->chain;
    return client;
}

static struct kdb_address key_of(const struct kdb_address *address)
{
    struct kdb_address key = *address;
    if (key.size == 16)
        memset(key.bytes + 8, 0, 8);
    return key;
}

static struct client *find(struct kdb_guard *guard, const struct kdb_address *key)
{
    struct client *client = *bucket_of(guard, key);
    while (client && !kdb_address_equal(&client->address, key))
        client = client->chain;
    return client;
}

// The entry of an address, made when there is none; NULL when there is no room. Now the newest.
static struct client *touch(struct kdb_guard *guard, const struct kdb_address *address,
                            int64_t now_ms)
{
    struct kdb_address key = key_of(address);
    struct client *client = find(guard, &key);
    if (client) {
        kdb_use_order_touch(&guard->order, &client->use);
        return client;
    }
    client = take_room(guard, now_ms);
    if (!client)
        return NULL;
    struct client **bucket = bucket_of(guard, &key);
    *client = (struct client){
        .chain = *bucket,
        .address = key,
        .tokens_milli = (int64_t)guard->limits.requests_per_second_per_ip * 1000,
        .refilled_ms = now_ms,
    };
    *bucket = client;
    kdb_use_order_add(&guard->order, &client->use);
    return client;
}

enum kdb_guard_verdict kdb_guard_connect(struct kdb_guard *guard, const struct kdb_address *peer,
                                         int64_t now_ms, bool *ret_is_counted)
{
    *ret_is_counted = false;
    if (kdb_address_is_loopback(peer) || guard->limits.connections_per_ip_max == 0)
        return KDB_GUARD_PASS;
    (void)pthread_mutex_lock(&guard->lock);
    struct client *client = touch(guard, peer, now_ms);
    bool has_room = !client || client->connections < guard->limits.connections_per_ip_max;
    if (client && has_room) {
        client->connections++;
        *ret_is_counted = true;
    }
    (void)pthread_mutex_unlock(&guard->lock);
    return has_room ? KDB_GUARD_PASS : KDB_GUARD_TOO_MANY_CONNECTIONS;
}

void kdb_guard_disconnect(struct kdb_guard *guard, const struct kdb_address *peer)
{
    struct kdb_address key = key_of(peer);
    (void)pthread_mutex_lock(&guard->lock);
    struct client *client = find(guard, &key);
    KDB_ASSERT(client && client->connections > 0);
    client->connections--;
    (void)pthread_mutex_unlock(&guard->lock);
}

static void refill(const struct kdb_http_limits *limits, struct client *client, int64_t now_ms)
{
    int64_t full = (int64_t)limits->requests_per_second_per_ip * 1000;
    int64_t elapsed_ms = now_ms - client->refilled_ms;
    if (elapsed_ms >= 1000)
        client->tokens_milli = full;
    else if (elapsed_ms > 0)
        client->tokens_milli += elapsed_ms * limits->requests_per_second_per_ip;
    if (client->tokens_milli > full)
        client->tokens_milli = full;
    client->refilled_ms = now_ms;
}

static enum kdb_guard_verdict note_violation(const struct kdb_http_limits *limits,
                                             struct client *client, int64_t now_ms)
{
    if (now_ms - client->violated_ms > limits->ban_ms)
        client->violations = 0;
    client->violated_ms = now_ms;
    client->violations++;
    if (limits->violations_before_ban == 0 || client->violations < limits->violations_before_ban)
        return KDB_GUARD_RATE_LIMITED;
    client->violations = 0;
    client->banned_until_ms = now_ms + limits->ban_ms;
    return KDB_GUARD_BANNED;
}

enum kdb_guard_verdict kdb_guard_request(struct kdb_guard *guard, const struct kdb_address *client,
                                         int64_t now_ms, int64_t *ret_retry_after_s)
{
    const struct kdb_http_limits *limits = &guard->limits;
    if (limits->requests_per_second_per_ip == 0 || kdb_address_is_loopback(client))
        return KDB_GUARD_PASS;
    enum kdb_guard_verdict verdict = KDB_GUARD_PASS;
    int64_t banned_until_ms = 0;
    (void)pthread_mutex_lock(&guard->lock);
    struct client *known = touch(guard, client, now_ms);
    if (known && known->banned_until_ms > now_ms) {
        verdict = KDB_GUARD_BANNED;
    } else if (known) {
        refill(limits, known, now_ms);
        if (known->tokens_milli >= 1000)
            known->tokens_milli -= 1000;
        else
            verdict = note_violation(limits, known, now_ms);
    }
    if (known)
        banned_until_ms = known->banned_until_ms;
    (void)pthread_mutex_unlock(&guard->lock);
    if (verdict == KDB_GUARD_RATE_LIMITED)
        *ret_retry_after_s = 1;
    else if (verdict == KDB_GUARD_BANNED)
        *ret_retry_after_s = (banned_until_ms - now_ms + 999) / 1000;
    return verdict;
}
