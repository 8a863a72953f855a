// SPDX-License-Identifier: Apache-2.0
// The registry of partitions: a hash table under one mutex, counters read from the store at first
// use.
#include "txn/partition.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "txn/layout.h"
#include "types/key.h"

#define COUNTERS_FORMAT 1
#define COUNTERS_BYTES  33

// Idle partitions beyond this many are forgotten (their counters are in the store).
#define REGISTRY_KEPT ((size_t)64 * 1024)

struct kdb_partition_registry {
    pthread_mutex_t lock;
    struct kdb_store *store;
    struct kdb_partition_hooks hooks;
    struct kdb_partition **buckets;
    size_t bucket_count; // power of two
    size_t count;
    size_t sweep_at;               // bucket where the next sweep for idle partitions begins
    uint64_t swept_count;          // partitions forgotten by sweeps
    _Atomic uint64_t last_version; // newest version given to any partition, even
    uint8_t *dropped;              // one bit per table id that was dropped in this process
    size_t dropped_bytes;
};

static bool is_dropped_locked(const struct kdb_partition_registry *registry, uint32_t table_id)
{
    return table_id / 8 < registry->dropped_bytes &&
           (registry->dropped[table_id / 8] >> (table_id % 8) & 1) != 0;
}

static void note_dropped_locked(struct kdb_partition_registry *registry, uint32_t table_id)
{
    size_t needed = (size_t)table_id / 8 + 1;
    if (needed > registry->dropped_bytes) {
        size_t bytes = kdb_grow_capacity(registry->dropped_bytes, needed);
        registry->dropped = kdb_realloc(registry->dropped, bytes);
        memset(registry->dropped + registry->dropped_bytes, 0, bytes - registry->dropped_bytes);
        registry->dropped_bytes = bytes;
    }
    registry->dropped[table_id / 8] |= (uint8_t)(1U << (table_id % 8));
}

static void write_i64(struct kdb_buf *out, int64_t value)
{
    kdb_buf_append(out, &value, sizeof(value));
}

void kdb_partition_counters_write(const struct kdb_partition_counters *counters,
                                  struct kdb_buf *out)
{
    kdb_buf_put(out, COUNTERS_FORMAT);
    write_i64(out, counters->hot_rows);
    write_i64(out, counters->live_rows);
    write_i64(out, counters->oldest_hot_ms);
    write_i64(out, counters->last_flush_ms);
}

kdb_status kdb_partition_counters_read(kdb_slice bytes, struct kdb_ctx *ctx,
                                       struct kdb_partition_counters *ret_counters)
{
    if (bytes.len != COUNTERS_BYTES || bytes.data[0] != COUNTERS_FORMAT)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "row counters are damaged");
    int64_t fields[4];
    memcpy(fields, bytes.data + 1, sizeof(fields));
    *ret_counters = (struct kdb_partition_counters){fields[0], fields[1], fields[2], fields[3]};
    return KDB_OK;
}

struct kdb_partition_registry *
kdb_partition_registry_create(struct kdb_store *store, const struct kdb_partition_hooks *hooks)
{
    struct kdb_partition_registry *registry = kdb_alloc(sizeof(*registry));
    (void)pthread_mutex_init(&registry->lock, NULL);
    registry->store = store;
    registry->hooks = *hooks;
    registry->bucket_count = 1024;
    registry->buckets = kdb_alloc_array(registry->bucket_count, sizeof(struct kdb_partition *));
    return registry;
}

static void partition_free(struct kdb_partition *partition)
{
    if (partition->manifest)
        partition->registry->hooks.manifest_unref(partition->manifest);
    (void)pthread_mutex_destroy(&partition->lock);
    (void)pthread_mutex_destroy(&partition->maintenance);
    kdb_free((void *)(uintptr_t)partition->user.data);
    kdb_free((void *)(uintptr_t)partition->prefix.data);
    kdb_free(partition);
}

struct kdb_partition *kdb_partition_ref(struct kdb_partition *partition)
{
    atomic_fetch_add_explicit(&partition->references, 1, memory_order_relaxed);
    return partition;
}

void kdb_partition_unref(struct kdb_partition *partition)
{
    if (partition &&
        atomic_fetch_sub_explicit(&partition->references, 1, memory_order_acq_rel) == 1)
        partition_free(partition);
}

void kdb_partition_registry_destroy(struct kdb_partition_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->bucket_count; i++) {
        while (registry->buckets[i]) {
            struct kdb_partition *partition = registry->buckets[i];
            registry->buckets[i] = partition->next;
            kdb_partition_unref(partition);
        }
    }
    kdb_free(registry->buckets);
    kdb_free(registry->dropped);
    (void)pthread_mutex_destroy(&registry->lock);
    kdb_free(registry);
}

static struct kdb_partition *find_locked(struct kdb_partition_registry *registry, kdb_slice prefix,
                                         uint64_t hash)
{
    struct kdb_partition *at = registry->buckets[hash & (registry->bucket_count - 1)];
    while (at && !(at->hash == hash && kdb_slice_equal(at->prefix, prefix)))
        at = at->next;
    return at;
}

static void grow_locked(struct kdb_partition_registry *registry)
{
    size_t count = registry->bucket_count * 2;
    struct kdb_partition **buckets = kdb_alloc_array(count, sizeof(struct kdb_partition *));
    for (size_t i = 0; i < registry->bucket_count; i++) {
        struct kdb_partition *at = registry->buckets[i];
        while (at) {
            struct kdb_partition *next = at->next;
            at->next = buckets[at->hash & (count - 1)];
            buckets[at->hash & (count - 1)] = at;
            at = next;
        }
    }
    kdb_free(registry->buckets);
    registry->buckets = buckets;
    registry->bucket_count = count;
}

// A partition nobody holds and whose flush policy has nothing to wait for.
static bool is_idle(const struct kdb_partition *partition)
{
    return atomic_load(&partition->references) == 1 && !atomic_load(&partition->has_stale_index) &&
           (atomic_load(&partition->hot_rows) == 0 || partition->flush_interval_seconds == 0);
}

// Forgets idle partitions in a slice of the table, so that one open never pays for a walk over all.
static struct kdb_partition *sweep_locked(struct kdb_partition_registry *registry)
{
    struct kdb_partition *swept = NULL;
    for (size_t i = 0; i < 256 && registry->count > REGISTRY_KEPT; i++) {
        struct kdb_partition **link =
            &registry->buckets[registry->sweep_at++ & (registry->bucket_count - 1)];
        while (*link) {
            struct kdb_partition *partition = *link;
            if (is_idle(partition)) {
                *link = partition->next;
                partition->next = swept;
                swept = partition;
                registry->count--;
                registry->swept_count++;
            } else {
                link = &partition->next;
            }
        }
    }
    return swept;
}

static void unref_list(struct kdb_partition *list)
{
    while (list) {
        struct kdb_partition *next = list->next;
        kdb_partition_unref(list);
        list = next;
    }
}

// Versions are of the whole registry: an object made again after a sweep does not begin with old
// ones.
static uint64_t next_version(struct kdb_partition_registry *registry)
{
    return atomic_fetch_add(&registry->last_version, 2) + 2;
}

void kdb_partition_begin_change(struct kdb_partition *partition)
{
    (void)atomic_fetch_or(&partition->version, 1);
}

void kdb_partition_end_change(struct kdb_partition *partition)
{
    atomic_store(&partition->version, next_version(partition->registry));
}

static struct kdb_partition *partition_create(struct kdb_partition_registry *registry,
                                              uint32_t table_id, kdb_slice user, kdb_slice prefix,
                                              const struct kdb_partition_counters *counters)
{
    struct kdb_partition *partition = kdb_alloc(sizeof(*partition));
    atomic_init(&partition->references, 2); // the registry's and the caller's
    partition->registry = registry;
    partition->table_id = table_id;
    partition->user = kdb_slice_of(kdb_alloc_text(user.data, user.len), user.len);
    partition->prefix = kdb_slice_of(kdb_alloc_text(prefix.data, prefix.len), prefix.len);
    partition->hash = kdb_slice_hash(prefix);
    (void)pthread_mutex_init(&partition->lock, NULL);
    (void)pthread_mutex_init(&partition->maintenance, NULL);
    atomic_init(&partition->version, next_version(registry));
    atomic_init(&partition->hot_rows, counters->hot_rows);
    atomic_init(&partition->live_rows, counters->live_rows);
    atomic_init(&partition->oldest_hot_ms, counters->oldest_hot_ms);
    atomic_init(&partition->last_flush_ms, counters->last_flush_ms);
    return partition;
}

static void discard(struct kdb_partition *partition)
{
    atomic_store(&partition->references, 1);
    kdb_partition_unref(partition);
}

// Adds a partition unless another thread was faster; returns the one that is in the table,
// referenced. NULL when partitions were swept since `swept_count`: one of them may have been this
// very one with newer counters than those that were read.
static struct kdb_partition *insert(struct kdb_partition_registry *registry,
                                    struct kdb_partition *partition, uint64_t swept_count)
{
    (void)pthread_mutex_lock(&registry->lock);
    struct kdb_partition *present = find_locked(registry, partition->prefix, partition->hash);
    struct kdb_partition *swept = NULL;
    bool is_outdated = !present && registry->swept_count != swept_count;
    if (present) {
        kdb_partition_ref(present);
    } else if (is_outdated) {
        // Read again.
    } else if (is_dropped_locked(registry, partition->table_id)) {
        // A statement that began before the DROP: it gets a partition that refuses commits.
        atomic_store(&partition->is_dropped, true);
        atomic_store(&partition->references, 1);
    } else {
        if (registry->count >= registry->bucket_count)
            grow_locked(registry);
        size_t bucket = partition->hash & (registry->bucket_count - 1);
        partition->next = registry->buckets[bucket];
        registry->buckets[bucket] = partition;
        registry->count++;
        if (registry->count > REGISTRY_KEPT)
            swept = sweep_locked(registry);
    }
    (void)pthread_mutex_unlock(&registry->lock);
    unref_list(swept);
    if (present || is_outdated)
        discard(partition);
    return present ? present : is_outdated ? NULL : partition;
}

// The partition in memory, referenced, or NULL; how many were swept by then.
static struct kdb_partition *find(struct kdb_partition_registry *registry, kdb_slice prefix,
                                  uint64_t *ret_swept_count)
{
    (void)pthread_mutex_lock(&registry->lock);
    struct kdb_partition *found = find_locked(registry, prefix, kdb_slice_hash(prefix));
    if (found)
        kdb_partition_ref(found);
    *ret_swept_count = registry->swept_count;
    (void)pthread_mutex_unlock(&registry->lock);
    return found;
}

kdb_status kdb_partition_open(struct kdb_partition_registry *registry, struct kdb_ctx *ctx,
                              uint32_t table_id, kdb_slice user, kdb_read_tier tier,
                              struct kdb_partition **ret_partition)
{
    char space[512];
    struct kdb_buf key = {.data = space, .capacity = sizeof(space)};
    KDB_ASSERT(user.len * 2 + 16 <= sizeof(space));
    kdb_buf_put(&key, KDB_META_COUNTERS);
    kdb_layout_prefix(&key, table_id, user);
    kdb_slice prefix = kdb_slice_skip(kdb_buf_view(&key), 1);

    uint64_t swept_count;
    struct kdb_partition *found = find(registry, prefix, &swept_count);
    while (!found) {
        kdb_slice stored;
        bool is_cached = true;
        const struct kdb_read_at at = {.space = KDB_SPACE_META, .tier = tier};
        KDB_TRY(kdb_store_get(registry->store, ctx, &at, kdb_buf_view(&key), &stored, &is_cached));
        if (!is_cached)
            break;
        struct kdb_partition_counters counters = {0};
        if (stored.data)
            KDB_TRY(kdb_partition_counters_read(stored, ctx, &counters));
        found = insert(registry, partition_create(registry, table_id, user, prefix, &counters),
                       swept_count);
        if (!found)
            found = find(registry, prefix, &swept_count);
    }
    *ret_partition = found;
    return KDB_OK;
}

void kdb_partition_each(struct kdb_partition_registry *registry,
                        bool (*visit)(void *arg, struct kdb_partition *partition), void *arg)
{
    (void)pthread_mutex_lock(&registry->lock);
    struct kdb_partition **all = kdb_alloc_array(registry->count, sizeof(struct kdb_partition *));
    size_t count = 0;
    for (size_t i = 0; i < registry->bucket_count; i++) {
        for (struct kdb_partition *at = registry->buckets[i]; at; at = at->next)
            all[count++] = kdb_partition_ref(at);
    }
    (void)pthread_mutex_unlock(&registry->lock);
    bool goes_on = true;
    for (size_t i = 0; i < count; i++) {
        goes_on = goes_on && visit(arg, all[i]);
        kdb_partition_unref(all[i]);
    }
    kdb_free(all);
}

void kdb_partition_set_stream(struct kdb_partition *partition, const struct kdb_stream_rules *rules,
                              uint32_t rows_max, int64_t last_seq)
{
    if (kdb_partition_is_stream(partition))
        return;
    atomic_store(&partition->stream_rows_max, rules->rows_max ? rules->rows_max : rows_max);
    atomic_store(&partition->is_ephemeral, rules->is_ephemeral);
    kdb_partition_raise_floor(partition, last_seq);
    atomic_store(&partition->stream_ttl_ms, rules->ttl_ms); // the last: it says that all is there
}

void kdb_partition_raise_floor(struct kdb_partition *partition, int64_t seq)
{
    int64_t floor = atomic_load(&partition->stream_floor_seq);
    while (floor < seq &&
           !atomic_compare_exchange_weak(&partition->stream_floor_seq, &floor, seq)) {
    }
}

uint64_t kdb_partition_subscriptions(struct kdb_partition_registry *registry, uint32_t table_id)
{
    uint64_t count = 0;
    (void)pthread_mutex_lock(&registry->lock);
    for (size_t i = 0; i < registry->bucket_count; i++) {
        for (struct kdb_partition *at = registry->buckets[i]; at; at = at->next) {
            if (at->table_id == table_id)
                count += atomic_load(&at->subscriptions);
        }
    }
    (void)pthread_mutex_unlock(&registry->lock);
    return count;
}

// Splits a stored counter key into table id and user.
kdb_status kdb_partition_scan_stored(struct kdb_store *store, struct kdb_ctx *ctx,
                                     uint32_t table_id, kdb_partition_visit visit, void *arg)
{
    char bounds[2][8];
    struct kdb_buf first = {.data = bounds[0], .capacity = sizeof(bounds[0])};
    struct kdb_buf end = {.data = bounds[1], .capacity = sizeof(bounds[1])};
    kdb_buf_put(&first, KDB_META_COUNTERS);
    kdb_buf_put(&end, table_id == 0 ? KDB_META_COUNTERS + 1 : KDB_META_COUNTERS);
    if (table_id != 0) {
        kdb_key_u32(&first, table_id);
        kdb_key_u32(&end, table_id + 1);
    }
    struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                   .first = kdb_buf_view(&first),
                                   .end = kdb_buf_view(&end),
                                   .tier = KDB_READ_ANY};
    struct kdb_store_scan *scan;
    KDB_TRY(kdb_store_scan_open(store, ctx, NULL, &range, &scan));
    kdb_status status = KDB_OK;
    bool has_more = true;
    while (status == KDB_OK && has_more) {
        kdb_slice key;
        kdb_slice value;
        status = kdb_store_scan_next(scan, ctx, &key, &value, &has_more);
        if (status != KDB_OK || !has_more)
            break;
        struct kdb_partition_counters counters;
        uint32_t found_id = 0;
        kdb_slice user;
        size_t prefix_len;
        status = kdb_partition_counters_read(value, ctx, &counters);
        if (status == KDB_OK)
            status =
                kdb_layout_read_prefix(kdb_slice_skip(key, 1), ctx, &found_id, &user, &prefix_len);
        if (status == KDB_OK)
            has_more = visit(arg, found_id, user, &counters);
    }
    kdb_store_scan_close(scan);
    return status;
}

void kdb_partition_drop_table(struct kdb_partition_registry *registry, uint32_t table_id)
{
    struct kdb_partition *dropped = NULL;
    (void)pthread_mutex_lock(&registry->lock);
    note_dropped_locked(registry, table_id);
    for (size_t i = 0; i < registry->bucket_count; i++) {
        struct kdb_partition **link = &registry->buckets[i];
        while (*link) {
            struct kdb_partition *partition = *link;
            if (partition->table_id == table_id) {
                atomic_store(&partition->is_dropped, true);
                *link = partition->next;
                partition->next = dropped;
                dropped = partition;
                registry->count--;
            } else {
                link = &partition->next;
            }
        }
    }
    (void)pthread_mutex_unlock(&registry->lock);
    unref_list(dropped);
}

size_t kdb_partition_count(struct kdb_partition_registry *registry)
{
    (void)pthread_mutex_lock(&registry->lock);
    size_t count = registry->count;
    (void)pthread_mutex_unlock(&registry->lock);
    return count;
}
