// SPDX-License-Identifier: Apache-2.0
// Segments as shared objects: one per file, found by number, its file deleted with the last
// reference when no manifest lists it any more.
#include <stdio.h>

#include "base/alloc.h"
#include "segments/cache_priv.h"
#include "segments/object_priv.h"
#include "segments/segment_priv.h"
#include "segments/service_priv.h"

size_t segment_file_name(uint64_t number, char name[SEGMENT_NAME_BYTES])
{
    int len = snprintf(name, SEGMENT_NAME_BYTES, "batch-%llu.parquet", (unsigned long long)number);
    return (size_t)len;
}

const char *segment_name_of(const struct kdb_segment *segment)
{
    const char *slash = strrchr(segment->path.data, '/');
    return slash ? slash + 1 : segment->path.data;
}

static kdb_slice number_key(const struct kdb_segment *segment)
{
    return kdb_slice_of(&segment->number, sizeof(segment->number));
}

struct kdb_segment *segment_ref(struct kdb_segment *segment)
{
    atomic_fetch_add_explicit(&segment->references, 1, memory_order_relaxed);
    return segment;
}

// Gives a reference back unless it is the last one.
static bool unref_shared(struct kdb_segment *segment)
{
    unsigned count = atomic_load_explicit(&segment->references, memory_order_relaxed);
    while (count > 1) {
        if (atomic_compare_exchange_weak_explicit(&segment->references, &count, count - 1,
                                                  memory_order_release, memory_order_relaxed))
            return true;
    }
    return false;
}

// The file is of no use any more. What cannot be deleted is found again when the server starts.
static void delete_file(const struct kdb_segment *segment)
{
    struct kdb_segment_service *service = segment->service;
    cache_forget(service->cache, segment->number, segment->group_count);
    object_remove(segment->path.data);
    object_prune(service, segment->path.data);
}

void kdb_segment_unref(struct kdb_segment *segment)
{
    if (!segment || unref_shared(segment))
        return;
    // Perhaps the last one; whoever looks the segment up by number does so under the lock.
    struct kdb_segment_service *service = segment->service;
    (void)pthread_mutex_lock(&service->segments_lock);
    bool is_last = atomic_fetch_sub_explicit(&segment->references, 1, memory_order_acq_rel) == 1;
    if (is_last)
        (void)kdb_map_remove(&service->segments, number_key(segment));
    (void)pthread_mutex_unlock(&service->segments_lock);
    if (!is_last)
        return;
    if (atomic_load(&segment->is_doomed))
        delete_file(segment);
    kdb_free(segment);
}

kdb_status segment_open(struct kdb_segment_service *service, kdb_slice record, struct kdb_ctx *ctx,
                        struct kdb_segment **ret_segment)
{
    struct kdb_segment *read;
    KDB_TRY(segment_record_read(service, service->data_path, record, ctx, &read));
    (void)pthread_mutex_lock(&service->segments_lock);
    struct kdb_segment *present = kdb_map_get(&service->segments, number_key(read));
    if (present)
        (void)segment_ref(present);
    else
        (void)kdb_map_set(&service->segments, number_key(read), read);
    (void)pthread_mutex_unlock(&service->segments_lock);
    if (present)
        kdb_free(read);
    *ret_segment = present ? present : read;
    return KDB_OK;
}

bool segment_meets(const struct kdb_segment *segment, kdb_slice first, kdb_slice end)
{
    if (first.data && end.data && kdb_slice_compare(first, end) >= 0)
        return false;
    return (!first.data || kdb_slice_compare(segment->max_key, first) >= 0) &&
           (!end.data || kdb_slice_compare(segment->min_key, end) < 0);
}
