// SPDX-License-Identifier: Apache-2.0
// A linked list of entries under a lock, and a count for each user.
#include "live/directory.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"

struct kdb_live_entry {
    struct kdb_live_entry *next, *previous;
    struct kdb_live_info info; // texts are owned
    const struct kdb_live_counters *counters;
    _Atomic(const char *) status;
    atomic_bool is_killed;
};

struct kdb_live_directory {
    pthread_mutex_t lock;
    struct kdb_live_entry *first, *last;
    struct kdb_map by_live_id; // entry; of several with one name the newest
    struct kdb_map users;      // size_t * by user
    size_t count, peak;
};

struct kdb_live_directory *kdb_live_directory_create(void)
{
    struct kdb_live_directory *directory = kdb_alloc(sizeof(*directory));
    (void)pthread_mutex_init(&directory->lock, NULL);
    directory->users.copies_keys = true;
    return directory;
}

void kdb_live_directory_destroy(struct kdb_live_directory *directory)
{
    if (!directory)
        return;
    KDB_ASSERT(directory->count == 0);
    kdb_map_deinit(&directory->by_live_id);
    kdb_map_deinit(&directory->users);
    (void)pthread_mutex_destroy(&directory->lock);
    kdb_free(directory);
}

static kdb_slice own(kdb_slice text)
{
    return text.data ? kdb_slice_of(kdb_alloc_text(text.data, text.len), text.len) : text;
}

static void disown(kdb_slice text)
{
    kdb_free((void *)(uintptr_t)text.data);
}

static void entry_free(struct kdb_live_entry *entry)
{
    struct kdb_live_info *info = &entry->info;
    const kdb_slice texts[] = {info->live_id, info->connection_id, info->subscription_id,
                               info->space,   info->table,         info->user,
                               info->query,   info->options,       info->index_column};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        disown(texts[i]);
    kdb_free(entry);
}

static kdb_slice make_live_id(const struct kdb_live_info *info)
{
    struct kdb_buf text = {0};
    kdb_buf_slice(&text, info->user);
    kdb_buf_put(&text, '-');
    kdb_buf_slice(&text, info->connection_id);
    kdb_buf_put(&text, '-');
    kdb_buf_slice(&text, info->subscription_id);
    kdb_slice live_id = own(kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return live_id;
}

// Counts one more of the user's. False at the limit.
static bool count_user_locked(struct kdb_live_directory *directory, kdb_slice user, size_t user_max)
{
    size_t *count = kdb_map_get(&directory->users, user);
    if (!count) {
        count = kdb_alloc(sizeof(*count));
        (void)kdb_map_set(&directory->users, user, count);
    }
    if (*count >= user_max)
        return false;
    (*count)++;
    return true;
}

static void uncount_user_locked(struct kdb_live_directory *directory, kdb_slice user)
{
    size_t *count = kdb_map_get(&directory->users, user);
    KDB_ASSERT(count && *count > 0);
    if (--*count == 0) {
        (void)kdb_map_remove(&directory->users, user);
        kdb_free(count);
    }
}

static void link_locked(struct kdb_live_directory *directory, struct kdb_live_entry *entry)
{
    entry->previous = directory->last;
    *(directory->last ? &directory->last->next : &directory->first) = entry;
    directory->last = entry;
    (void)kdb_map_set(&directory->by_live_id, entry->info.live_id, entry);
    directory->count++;
    if (directory->count > directory->peak)
        directory->peak = directory->count;
}

struct kdb_live_entry *kdb_live_directory_add(struct kdb_live_directory *directory,
                                              const struct kdb_live_info *info, size_t user_max)
{
    struct kdb_live_entry *entry = kdb_alloc(sizeof(*entry));
    entry->info = *info;
    entry->info.live_id = make_live_id(info);
    entry->info.connection_id = own(info->connection_id);
    entry->info.subscription_id = own(info->subscription_id);
    entry->info.space = own(info->space);
    entry->info.table = own(info->table);
    entry->info.user = own(info->user);
    entry->info.query = own(info->query);
    entry->info.options = own(info->options);
    entry->info.index_column = (kdb_slice){0};
    atomic_init(&entry->status, "loading");
    (void)pthread_mutex_lock(&directory->lock);
    bool is_counted = count_user_locked(directory, entry->info.user, user_max);
    if (is_counted)
        link_locked(directory, entry);
    (void)pthread_mutex_unlock(&directory->lock);
    if (is_counted)
        return entry;
    entry_free(entry);
    return NULL;
}

void kdb_live_directory_remove(struct kdb_live_directory *directory, struct kdb_live_entry *entry)
{
    if (!entry)
        return;
    (void)pthread_mutex_lock(&directory->lock);
    *(entry->next ? &entry->next->previous : &directory->last) = entry->previous;
    *(entry->previous ? &entry->previous->next : &directory->first) = entry->next;
    if (kdb_map_get(&directory->by_live_id, entry->info.live_id) == entry)
        (void)kdb_map_remove(&directory->by_live_id, entry->info.live_id);
    uncount_user_locked(directory, entry->info.user);
    directory->count--;
    (void)pthread_mutex_unlock(&directory->lock);
    entry_free(entry);
}

void kdb_live_entry_watch(struct kdb_live_directory *directory, struct kdb_live_entry *entry,
                          const struct kdb_live_counters *counters, kdb_slice index_column)
{
    (void)pthread_mutex_lock(&directory->lock);
    entry->counters = counters;
    disown(entry->info.index_column);
    entry->info.index_column = own(index_column);
    (void)pthread_mutex_unlock(&directory->lock);
}

void kdb_live_entry_set_status(struct kdb_live_entry *entry, const char *status)
{
    atomic_store_explicit(&entry->status, status, memory_order_relaxed);
}

bool kdb_live_entry_is_killed(const struct kdb_live_entry *entry)
{
    return atomic_load_explicit(&entry->is_killed, memory_order_relaxed);
}

void kdb_live_directory_each(struct kdb_live_directory *directory,
                             void (*visit)(void *arg, const struct kdb_live_info *info), void *arg)
{
    (void)pthread_mutex_lock(&directory->lock);
    for (struct kdb_live_entry *entry = directory->first; entry; entry = entry->next) {
        struct kdb_live_info info = entry->info;
        info.status = atomic_load_explicit(&entry->status, memory_order_relaxed);
        if (entry->counters) {
            info.delivered = atomic_load(&entry->counters->delivered);
            info.filtered =
                atomic_load(entry->counters->filtered) - entry->counters->filtered_before;
            info.dropped = atomic_load(&entry->counters->dropped);
            info.lags = atomic_load(&entry->counters->lags);
            info.last_change_us = atomic_load(&entry->counters->last_ms) * 1000;
        }
        visit(arg, &info);
    }
    (void)pthread_mutex_unlock(&directory->lock);
}

bool kdb_live_directory_kill(struct kdb_live_directory *directory, kdb_slice live_id,
                             kdb_slice owner)
{
    (void)pthread_mutex_lock(&directory->lock);
    struct kdb_live_entry *entry = kdb_map_get(&directory->by_live_id, live_id);
    bool is_found = entry && (!owner.data || kdb_slice_equal(owner, entry->info.user));
    if (is_found)
        atomic_store(&entry->is_killed, true);
    (void)pthread_mutex_unlock(&directory->lock);
    return is_found;
}

size_t kdb_live_directory_count(struct kdb_live_directory *directory)
{
    (void)pthread_mutex_lock(&directory->lock);
    size_t count = directory->count;
    (void)pthread_mutex_unlock(&directory->lock);
    return count;
}

size_t kdb_live_directory_peak(struct kdb_live_directory *directory)
{
    (void)pthread_mutex_lock(&directory->lock);
    size_t peak = directory->peak;
    (void)pthread_mutex_unlock(&directory->lock);
    return peak;
}
