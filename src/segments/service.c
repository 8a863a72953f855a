// SPDX-License-Identifier: Apache-2.0
// Life of the service, and segment numbers.
#include "segments/service.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "segments/cache_priv.h"
#include "segments/service_priv.h"

// DuckDB ends a row group after a multiple of so many rows.
#define VECTOR_ROWS 2048U

// Segment numbers reserved at once.
#define NUMBER_BLOCK 64

static kdb_slice number_mark(void)
{
    return KDB_LIT("Xsegment");
}

static kdb_slice copy_path(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return kdb_slice_of(kdb_alloc_text(path, len), len);
}

struct kdb_segment_service *kdb_segment_service_create(const struct kdb_segment_options *options)
{
    struct kdb_segment_service *service = kdb_alloc(sizeof(*service));
    service->store = options->store;
    service->engine = options->engine;
    service->clock = options->clock;
    service->data_path = copy_path(options->data_path);
    service->root_count = options->allowed_root_count;
    service->roots = kdb_alloc_array(service->root_count, sizeof(kdb_slice));
    for (uint32_t i = 0; i < service->root_count; i++)
        service->roots[i] = copy_path(options->allowed_roots[i]);
    uint32_t rows = options->row_group_rows > 0 ? options->row_group_rows : VECTOR_ROWS;
    service->row_group_rows = (rows + VECTOR_ROWS - 1) / VECTOR_ROWS * VECTOR_ROWS;
    service->cache = cache_create(options->cache_bytes);
    (void)pthread_mutex_init(&service->segments_lock, NULL);
    (void)pthread_mutex_init(&service->number_lock, NULL);
    return service;
}

static void free_path(kdb_slice path)
{
    kdb_free((void *)(uintptr_t)path.data);
}

void kdb_segment_service_destroy(struct kdb_segment_service *service)
{
    if (!service)
        return;
    KDB_ASSERT(service->segments.count == 0);
    kdb_map_deinit(&service->segments);
    cache_destroy(service->cache);
    for (uint32_t i = 0; i < service->root_count; i++)
        free_path(service->roots[i]);
    kdb_free(service->roots);
    free_path(service->data_path);
    (void)pthread_mutex_destroy(&service->segments_lock);
    (void)pthread_mutex_destroy(&service->number_lock);
    kdb_free(service);
}

void kdb_segment_cache_stats(const struct kdb_segment_service *service,
                             struct kdb_segment_cache_stats *ret_stats)
{
    cache_read_stats(service->cache, ret_stats);
}

// ---- numbers ----

// The first number that no server before us can have used.
static kdb_status read_mark(struct kdb_segment_service *service, struct kdb_ctx *ctx)
{
    kdb_slice stored;
    const struct kdb_read_at at = {.space = KDB_SPACE_META};
    KDB_TRY(kdb_store_get(service->store, ctx, &at, number_mark(), &stored, NULL));
    uint64_t number = 1;
    if (stored.data) {
        if (stored.len != sizeof(number))
            return kdb_fail(ctx, KDB_ERR_CORRUPT, "the stored segment number is damaged");
        memcpy(&number, stored.data, sizeof(number));
    }
    service->next_number = number;
    service->number_end = number;
    return KDB_OK;
}

static kdb_status reserve(struct kdb_segment_service *service, struct kdb_committer *committer,
                          struct kdb_ctx *ctx)
{
    uint64_t end = service->number_end + NUMBER_BLOCK;
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(service->store);
    kdb_store_batch_put(batch, KDB_SPACE_META, number_mark(), kdb_slice_of(&end, sizeof(end)));
    KDB_TRY(kdb_commit_batch(committer, ctx, batch));
    service->number_end = end;
    return KDB_OK;
}

static kdb_status next_number_locked(struct kdb_segment_service *service,
                                     struct kdb_committer *committer, struct kdb_ctx *ctx,
                                     uint64_t *ret_number)
{
    if (service->next_number == 0)
        KDB_TRY(read_mark(service, ctx));
    if (service->next_number == service->number_end)
        KDB_TRY(reserve(service, committer, ctx));
    *ret_number = service->next_number++;
    return KDB_OK;
}

kdb_status kdb_segment_next_number(struct kdb_segment_service *service,
                                   struct kdb_committer *committer, struct kdb_ctx *ctx,
                                   uint64_t *ret_number)
{
    (void)pthread_mutex_lock(&service->number_lock);
    kdb_status status = next_number_locked(service, committer, ctx, ret_number);
    (void)pthread_mutex_unlock(&service->number_lock);
    return status;
}
