// SPDX-License-Identifier: Apache-2.0
// Manifests as objects: segments in order of their newest row, and which of them share keys.
#include "segments/manifest.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "segments/segment_priv.h"
#include "segments/service.h"

struct kdb_manifest *kdb_manifest_ref(struct kdb_manifest *manifest)
{
    atomic_fetch_add_explicit(&manifest->references, 1, memory_order_relaxed);
    return manifest;
}

void kdb_manifest_unref(struct kdb_manifest *manifest)
{
    if (!manifest || atomic_fetch_sub_explicit(&manifest->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < manifest->segment_count; i++)
        kdb_segment_unref(manifest->segments[i]);
    kdb_free(manifest);
}

// By newest row; by number where that is the same, so that the order is one.
static int compare_age(const void *a, const void *b)
{
    const struct kdb_segment *left = *(struct kdb_segment *const *)a;
    const struct kdb_segment *right = *(struct kdb_segment *const *)b;
    if (left->max_seq != right->max_seq)
        return left->max_seq < right->max_seq ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

// One segment's keys within the bounds.
struct interval {
    kdb_slice min;
    kdb_slice max; // inclusive, unless is_open
    bool is_open;  // `max` is the range's end: exclusive
    uint32_t index;
};

static int compare_min(const void *a, const void *b)
{
    const struct interval *left = a;
    const struct interval *right = b;
    return kdb_slice_compare(left->min, right->min);
}

static struct interval clip(const struct kdb_segment *segment, uint32_t index, kdb_slice first,
                            kdb_slice end)
{
    struct interval interval = {segment->min_key, segment->max_key, false, index};
    if (first.data && kdb_slice_compare(interval.min, first) < 0)
        interval.min = first;
    if (end.data && kdb_slice_compare(interval.max, end) >= 0) {
        interval.max = end;
        interval.is_open = true;
    }
    return interval;
}

// Whether the interval reaches `key`.
static bool reaches(const struct interval *interval, kdb_slice key)
{
    int order = kdb_slice_compare(interval->max, key);
    return interval->is_open ? order > 0 : order >= 0;
}

static bool reaches_further(const struct interval *a, const struct interval *b)
{
    int order = kdb_slice_compare(a->max, b->max);
    return order > 0 || (order == 0 && b->is_open && !a->is_open);
}

bool segment_find_overlaps(struct kdb_segment *const *segments, uint32_t count, kdb_slice first,
                           kdb_slice end, bool *ret_overlaps)
{
    struct interval *sorted = kdb_alloc_array(count, sizeof(*sorted));
    for (uint32_t i = 0; i < count; i++) {
        sorted[i] = clip(segments[i], i, first, end);
        ret_overlaps[i] = false;
    }
    if (count > 0)
        qsort(sorted, count, sizeof(*sorted), compare_min);
    // From left to right, beside the one before that reaches furthest.
    bool any = false;
    uint32_t furthest = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (reaches(&sorted[furthest], sorted[i].min)) {
            ret_overlaps[sorted[i].index] = true;
            ret_overlaps[sorted[furthest].index] = true;
            any = true;
        }
        if (reaches_further(&sorted[i], &sorted[furthest]))
            furthest = i;
    }
    kdb_free(sorted);
    return any;
}

struct kdb_manifest *manifest_create(struct kdb_segment *const *segments,
                                     const struct manifest_head *head)
{
    uint32_t count = head->segment_count;
    struct kdb_manifest *manifest =
        kdb_alloc(sizeof(*manifest) + count * (sizeof(struct kdb_segment *) + sizeof(bool)));
    atomic_init(&manifest->references, 1);
    manifest->version = head->version;
    manifest->created_at_ms = head->created_at_ms;
    manifest->updated_at_ms = head->updated_at_ms;
    manifest->segments = (struct kdb_segment **)(manifest + 1);
    manifest->overlaps = (bool *)(manifest->segments + count);
    manifest->segment_count = count;
    for (uint32_t i = 0; i < count; i++) {
        manifest->segments[i] = segment_ref(segments[i]);
        manifest->row_count += segments[i]->row_count;
    }
    if (count > 0)
        qsort(manifest->segments, count, sizeof(*manifest->segments), compare_age);
    const kdb_slice none = {0};
    manifest->is_overlapping =
        segment_find_overlaps(manifest->segments, count, none, none, manifest->overlaps);
    return manifest;
}

struct kdb_manifest *kdb_manifest_since(const struct kdb_manifest *manifest, int64_t seq)
{
    uint32_t first = 0; // the order is that of their newest rows
    while (first < manifest->segment_count && manifest->segments[first]->max_seq <= seq)
        first++;
    if (first == manifest->segment_count)
        return NULL;
    const struct manifest_head head = {.version = manifest->version,
                                       .created_at_ms = manifest->created_at_ms,
                                       .updated_at_ms = manifest->updated_at_ms,
                                       .segment_count = manifest->segment_count - first};
    return manifest_create(manifest->segments + first, &head);
}
