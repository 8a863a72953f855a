// SPDX-License-Identifier: Apache-2.0
// The newest manifest of each partition: read from the store at first use, replaced through the
// committer, given to readers together with a view of the hot tier.
#include "base/alloc.h"
#include "base/assert.h"
#include "base/fault.h"
#include "base/log.h"
#include "segments/object_priv.h"
#include "segments/segment_priv.h"
#include "segments/service_priv.h"
#include "txn/layout.h"

// How often a view is opened again because a flush published a manifest meanwhile.
#define VIEW_TRIES 1000

// ---- stored form: a head, and one record per segment behind it ----

static void head_key(struct kdb_buf *out, kdb_slice prefix)
{
    kdb_layout_meta_key(out, KDB_META_MANIFEST, prefix);
}

static void segment_key(struct kdb_buf *out, kdb_slice prefix, uint64_t number)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(number >> (56 - 8 * i));
    kdb_layout_meta_key(out, KDB_META_MANIFEST, prefix);
    kdb_buf_append(out, bytes, sizeof(bytes));
}

// The end of the keys of a partition: no user's encoded text begins with FF behind another's end.
static void end_key(struct kdb_buf *out, kdb_slice prefix)
{
    kdb_layout_meta_key(out, KDB_META_MANIFEST, prefix);
    KDB_BUF_LIT(out, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
}

void kdb_manifest_forget(struct kdb_store_batch *batch, kdb_slice prefix)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    head_key(&first, prefix);
    end_key(&end, prefix);
    kdb_store_batch_delete_range(batch, KDB_SPACE_META, kdb_buf_view(&first), kdb_buf_view(&end));
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
}

// ---- reading ----

// What a walk over the stored keys has found so far; segments are referenced.
struct found {
    bool has_head;
    struct manifest_head head;
    struct kdb_segment **segments;
    size_t count;
    size_t capacity;
};

static void release_found(struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        kdb_segment_unref(found->segments[i]);
    kdb_free(found->segments);
}

static kdb_status add_record(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                             struct found *found, kdb_slice record)
{
    if (!found->has_head) {
        found->has_head = true;
        return manifest_head_read(record, ctx, &found->head);
    }
    if (found->count == found->capacity) {
        found->capacity = kdb_grow_capacity(found->capacity, found->count + 1);
        found->segments = kdb_realloc(found->segments, found->capacity * sizeof(*found->segments));
    }
    KDB_TRY(segment_open(service, record, ctx, &found->segments[found->count]));
    found->count++;
    return KDB_OK;
}

static kdb_status walk(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                       struct kdb_store_scan *scan, struct found *found)
{
    for (;;) {
        kdb_slice key;
        kdb_slice record;
        bool has_more;
        KDB_TRY(kdb_store_scan_next(scan, ctx, &key, &record, &has_more));
        if (!has_more)
            break;
        KDB_TRY(add_record(service, ctx, found, record));
    }
    if (!kdb_store_scan_is_cached(scan))
        return kdb_fail(ctx, KDB_ERR_BLOCKED, "a manifest is not in memory");
    if (found->has_head && found->head.segment_count != found->count)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored manifest has %zu segments instead of %u",
                        found->count, found->head.segment_count);
    return KDB_OK;
}

// *ret_manifest NULL: the partition never had one.
static kdb_status read_manifest(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                kdb_slice prefix, kdb_read_tier tier,
                                struct kdb_manifest **ret_manifest)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    head_key(&first, prefix);
    end_key(&end, prefix);
    const struct kdb_scan_range range = {.space = KDB_SPACE_META,
                                         .first = kdb_buf_view(&first),
                                         .end = kdb_buf_view(&end),
                                         .tier = tier};
    struct kdb_store_scan *scan = NULL;
    struct found found = {0};
    kdb_status status = kdb_store_scan_open(service->store, ctx, NULL, &range, &scan);
    if (status == KDB_OK)
        status = walk(service, ctx, scan, &found);
    if (status == KDB_OK)
        *ret_manifest = found.has_head ? manifest_create(found.segments, &found.head) : NULL;
    kdb_store_scan_close(scan);
    release_found(&found);
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    return status;
}

kdb_status manifest_acquire_any(struct kdb_segment_service *service,
                                struct kdb_partition *partition, struct kdb_ctx *ctx,
                                kdb_read_tier tier, struct kdb_manifest **ret_manifest)
{
    (void)pthread_mutex_lock(&partition->lock);
    bool is_loaded = partition->is_manifest_loaded;
    struct kdb_manifest *manifest = partition->manifest;
    if (manifest)
        (void)kdb_manifest_ref(manifest);
    (void)pthread_mutex_unlock(&partition->lock);
    if (!is_loaded) {
        struct kdb_manifest *read = NULL;
        KDB_TRY(read_manifest(service, ctx, partition->prefix, tier, &read));
        (void)pthread_mutex_lock(&partition->lock);
        if (!partition->is_manifest_loaded) {
            partition->is_manifest_loaded = true;
            partition->manifest = read;
            read = NULL;
        }
        manifest = partition->manifest; // another thread's may be newer than what we read
        if (manifest)
            (void)kdb_manifest_ref(manifest);
        (void)pthread_mutex_unlock(&partition->lock);
        kdb_manifest_unref(read);
    }
    *ret_manifest = manifest;
    return KDB_OK;
}

kdb_status kdb_manifest_acquire(struct kdb_segment_service *service,
                                struct kdb_partition *partition, struct kdb_ctx *ctx,
                                kdb_read_tier tier, struct kdb_manifest **ret_manifest)
{
    struct kdb_manifest *manifest;
    KDB_TRY(manifest_acquire_any(service, partition, ctx, tier, &manifest));
    if (manifest && manifest->segment_count == 0) {
        kdb_manifest_unref(manifest);
        manifest = NULL;
    }
    *ret_manifest = manifest;
    return KDB_OK;
}

// ---- both tiers at once ----

kdb_status kdb_partition_view_open(struct kdb_segment_service *service,
                                   struct kdb_partition *partition, struct kdb_ctx *ctx,
                                   kdb_read_tier tier, struct kdb_partition_view *ret_view)
{
    struct kdb_partition_view view;
    KDB_TRY(kdb_manifest_acquire(service, partition, ctx, tier, &view.manifest));
    for (int i = 0; i < VIEW_TRIES; i++) {
        view.view = kdb_store_view_open(service->store);
        struct kdb_manifest *now;
        kdb_status status = kdb_manifest_acquire(service, partition, ctx, tier, &now);
        bool is_same = status == KDB_OK && now == view.manifest;
        if (status != KDB_OK)
            now = NULL;
        kdb_manifest_unref(is_same ? now : view.manifest);
        if (is_same) {
            *ret_view = view;
            return KDB_OK;
        }
        kdb_store_view_close(view.view);
        KDB_TRY(status);
        view.manifest = now;
    }
    kdb_manifest_unref(view.manifest);
    return kdb_fail(ctx, KDB_ERR_CONFLICT, "flushes kept changing the table, try again");
}

void kdb_partition_view_close(struct kdb_partition_view *view)
{
    kdb_store_view_close(view->view);
    kdb_manifest_unref(view->manifest);
    *view = (struct kdb_partition_view){0};
}

// ---- changing ----

// A change on its way to the committer.
struct change {
    struct kdb_commit_request request; // the first member: on_applied gets its address
    struct kdb_segment_service *service;
    struct kdb_partition *partition;
    struct kdb_manifest *next;
};

// On the committer thread, before anything later is applied.
static void publish(struct kdb_commit_request *request)
{
    struct change *change = (struct change *)request;
    struct kdb_partition *partition = change->partition;
    (void)pthread_mutex_lock(&partition->lock);
    struct kdb_manifest *old = partition->manifest;
    partition->manifest = kdb_manifest_ref(change->next);
    partition->is_manifest_loaded = true;
    (void)pthread_mutex_unlock(&partition->lock);
    kdb_manifest_unref(old);
}

static bool is_listed(struct kdb_segment *const *segments, uint32_t count,
                      const struct kdb_segment *segment)
{
    for (uint32_t i = 0; i < count; i++) {
        if (segments[i] == segment)
            return true;
    }
    return false;
}

static struct kdb_manifest *build_next(const struct kdb_segment_service *service,
                                       struct kdb_ctx *ctx, const struct kdb_manifest *now,
                                       const struct kdb_manifest_change *what)
{
    uint32_t count = 0;
    uint32_t now_count = now ? now->segment_count : 0;
    struct kdb_segment **segments = kdb_arena_array(&ctx->arena, now_count + 1, sizeof(*segments));
    for (uint32_t i = 0; i < now_count; i++) {
        if (!is_listed(what->removed, what->removed_count, now->segments[i]))
            segments[count++] = now->segments[i];
    }
    if (what->added)
        segments[count++] = what->added;
    int64_t now_ms = kdb_clock_now_ms(service->clock);
    const struct manifest_head head = {.version = now ? now->version + 1 : 1,
                                       .created_at_ms = now ? now->created_at_ms : now_ms,
                                       .updated_at_ms = now_ms,
                                       .segment_count = count};
    return manifest_create(segments, &head);
}

static void fill_batch(const struct kdb_segment_service *service, struct kdb_store_batch *batch,
                       const struct kdb_manifest *next, const struct kdb_manifest_change *what)
{
    kdb_slice prefix = what->partition->prefix;
    struct kdb_buf key = {0};
    struct kdb_buf record = {0};
    const struct manifest_head head = {next->version, next->created_at_ms, next->updated_at_ms,
                                       next->segment_count};
    head_key(&key, prefix);
    manifest_head_write(&head, &record);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&record));
    for (uint32_t i = 0; i < what->removed_count; i++) {
        kdb_buf_clear(&key);
        segment_key(&key, prefix, what->removed[i]->number);
        kdb_store_batch_delete(batch, KDB_SPACE_META, kdb_buf_view(&key));
    }
    if (what->added) {
        kdb_buf_clear(&key);
        kdb_buf_clear(&record);
        segment_key(&key, prefix, what->added->number);
        segment_record_write(what->added, service->data_path, &record);
        kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&record));
    }
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&record);
}

static kdb_status commit(struct change *change, struct kdb_committer *committer,
                         struct kdb_ctx *ctx, const struct kdb_manifest_change *what)
{
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(change->service->store);
    fill_batch(change->service, batch, change->next, what);
    // From here on the manifest may list the file, whatever we are told: it stays.
    if (what->added)
        atomic_store(&what->added->is_doomed, false);
    struct kdb_commit_request *request = &change->request;
    *request = (struct kdb_commit_request){.batch = batch, .on_applied = publish};
    kdb_commit_wait(committer, request);
    if (request->outcome == KDB_COMMIT_DONE)
        return KDB_OK;
    if (what->added && request->status == KDB_ERR_DISK_FULL)
        atomic_store(&what->added->is_doomed, true); // surely not written
    return kdb_fail(ctx, request->status, "%s", request->message);
}

// Readers and the store have the truth: a mirror that cannot be written is logged, no more.
static void write_mirror(struct kdb_ctx *ctx, const struct kdb_manifest *manifest,
                         const struct kdb_manifest_change *what)
{
    struct kdb_buf json = {0};
    kdb_manifest_write_json(manifest, what->table, what->partition->user, true, &json);
    const char *path =
        kdb_arena_printf(&ctx->arena, "%.*s/manifest.json", KDB_ARG(what->folder)).data;
    if (object_write(ctx, path, kdb_buf_view(&json), true) != KDB_OK) {
        kdb_log_warn("segments", ctx->request_id, "%s", ctx->error.message);
        kdb_ctx_clear_error(ctx);
    }
    kdb_buf_deinit(&json);
}

kdb_status kdb_manifest_change(struct kdb_segment_service *service, struct kdb_committer *committer,
                               struct kdb_ctx *ctx, const struct kdb_manifest_change *what)
{
    struct kdb_manifest *now;
    KDB_TRY(manifest_acquire_any(service, what->partition, ctx, KDB_READ_ANY, &now));
    struct change change = {.service = service,
                            .partition = what->partition,
                            .next = build_next(service, ctx, now, what)};
    kdb_status status = commit(&change, committer, ctx, what);
    if (status == KDB_OK) {
        for (uint32_t i = 0; i < what->removed_count; i++)
            atomic_store(&what->removed[i]->is_doomed, true);
        if (kdb_fault_point("manifest.committed"))
            status = kdb_fail(ctx, KDB_ERR_IO, "injected: manifest.committed");
        else
            write_mirror(ctx, change.next, what);
    }
    kdb_manifest_unref(change.next);
    kdb_manifest_unref(now);
    return status;
}
