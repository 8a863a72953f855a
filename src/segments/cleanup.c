// SPDX-License-Identifier: Apache-2.0
// Files that nobody needs any more: left by a crash, or of a dropped table. Nothing is deleted that
// does not carry our name and, when it is a whole file, our table and user in its footer.
#include "engine/parquet.h"
#include "segments/object_priv.h"
#include "segments/segment_priv.h"
#include "segments/service_priv.h"

#define DRAFT_SUFFIX ".tmp"

// What a name in a folder is.
enum file_kind { FILE_FOREIGN, FILE_SEGMENT, FILE_DRAFT, FILE_MIRROR };

static bool take_suffix(kdb_slice *name, kdb_slice suffix)
{
    if (name->len < suffix.len ||
        memcmp(name->data + name->len - suffix.len, suffix.data, suffix.len) != 0)
        return false;
    name->len -= suffix.len;
    return true;
}

// Exactly batch-<number>.parquet, batch-<number>.parquet.tmp, manifest.json, manifest.json.tmp.
static enum file_kind kind_of(kdb_slice name, uint64_t *ret_number)
{
    bool is_draft = take_suffix(&name, KDB_LIT(DRAFT_SUFFIX));
    if (kdb_slice_equal(name, KDB_LIT("manifest.json")))
        return is_draft ? FILE_DRAFT : FILE_MIRROR;
    kdb_slice digits = kdb_slice_skip(name, 6);
    int64_t number;
    char again[SEGMENT_NAME_BYTES];
    if (!kdb_slice_has_prefix(name, KDB_LIT("batch-")) ||
        !take_suffix(&digits, KDB_LIT(".parquet")) || !kdb_slice_to_i64(digits, &number) ||
        number <= 0)
        return FILE_FOREIGN;
    size_t len = segment_file_name((uint64_t)number, again);
    if (!kdb_slice_equal(name, kdb_slice_of(again, len)))
        return FILE_FOREIGN; // +1, 007
    *ret_number = (uint64_t)number;
    return is_draft ? FILE_DRAFT : FILE_SEGMENT;
}

static bool is_in(const struct kdb_manifest *manifest, uint64_t number)
{
    for (uint32_t i = 0; manifest && i < manifest->segment_count; i++) {
        if (manifest->segments[i]->number == number)
            return true;
    }
    return false;
}

// ---- after a crash ----

struct orphan_search {
    struct kdb_segment_service *service;
    struct kdb_engine_connection **connection;
    struct kdb_ctx *ctx;
    const struct kdb_orphan_search *where;
    const struct kdb_manifest *manifest; // NULL: the partition never had one
    bool has_mirror;
    uint32_t removed;
};

static bool has_pair(const struct kdb_parquet_pair *pairs, uint32_t count, kdb_slice key,
                     kdb_slice value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (kdb_slice_equal(pairs[i].key, key))
            return kdb_slice_equal(pairs[i].value, value);
    }
    return false;
}

// A file that cannot be read is not known to be ours.
static bool is_ours(struct orphan_search *search, const char *path)
{
    struct kdb_ctx *ctx = search->ctx;
    const struct kdb_parquet_pair *pairs;
    uint32_t count;
    kdb_status status = KDB_OK;
    if (!*search->connection)
        status = kdb_engine_connect(search->service->engine, ctx, search->connection);
    if (status == KDB_OK)
        status = kdb_parquet_read_pairs(*search->connection, ctx, path, &pairs, &count);
    if (status != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return false;
    }
    kdb_slice id = kdb_arena_printf(&ctx->arena, "%u", search->where->table->id);
    return has_pair(pairs, count, KDB_LIT("kalamdb.table_id"), id) &&
           has_pair(pairs, count, KDB_LIT("kalamdb.user"),
                    kdb_segment_user_component(&ctx->arena, search->where->partition->user));
}

static void look_at(struct orphan_search *search, kdb_slice folder, kdb_slice name)
{
    uint64_t number = 0;
    enum file_kind kind = kind_of(name, &number);
    search->has_mirror = search->has_mirror || kind == FILE_MIRROR;
    if (kind == FILE_FOREIGN || kind == FILE_MIRROR || is_in(search->manifest, number))
        return;
    const char *path =
        kdb_arena_printf(&search->ctx->arena, "%.*s/%.*s", KDB_ARG(folder), KDB_ARG(name)).data;
    if (kind == FILE_SEGMENT && !is_ours(search, path))
        return;
    if (object_remove(path))
        search->removed++;
}

static kdb_slice without_slash(struct kdb_ctx *ctx, kdb_slice folder)
{
    while (folder.len > 1 && folder.data[folder.len - 1] == '/')
        folder.len--;
    return kdb_arena_copy(&ctx->arena, folder);
}

// Lost, or of an earlier version because the server died before it wrote the newest.
static kdb_status restore_mirror(struct orphan_search *search, kdb_slice folder)
{
    const struct kdb_orphan_search *where = search->where;
    struct kdb_buf json = {0};
    kdb_manifest_write_json(search->manifest, where->table, where->partition->user, true, &json);
    const char *path =
        kdb_arena_printf(&search->ctx->arena, "%.*s/manifest.json", KDB_ARG(folder)).data;
    kdb_status status = KDB_OK;
    if (!object_holds(path, kdb_buf_view(&json)))
        status = object_write(search->ctx, path, kdb_buf_view(&json), true);
    kdb_buf_deinit(&json);
    return status;
}

static kdb_status search_folder(struct orphan_search *search, kdb_slice folder)
{
    struct kdb_ctx *ctx = search->ctx;
    kdb_slice *names;
    size_t count;
    KDB_TRY(object_list(ctx, folder.data, &names, &count));
    for (size_t i = 0; i < count; i++)
        look_at(search, folder, names[i]);
    if (search->manifest && (search->manifest->segment_count > 0 || search->has_mirror))
        KDB_TRY(restore_mirror(search, folder));
    if (count > 0 && search->removed > 0) {
        kdb_slice inside = kdb_arena_printf(&ctx->arena, "%.*s/x", KDB_ARG(folder));
        object_prune(search->service, inside.data);
    }
    return KDB_OK;
}

kdb_status kdb_segment_remove_orphans(struct kdb_segment_service *service,
                                      struct kdb_engine_connection **connection,
                                      struct kdb_ctx *ctx, const struct kdb_orphan_search *where,
                                      uint32_t *ret_removed)
{
    struct orphan_search search = {
        .service = service, .connection = connection, .ctx = ctx, .where = where};
    struct kdb_manifest *manifest;
    KDB_TRY(manifest_acquire_any(service, where->partition, ctx, KDB_READ_ANY, &manifest));
    search.manifest = manifest;
    kdb_status status = search_folder(&search, without_slash(ctx, where->folder));
    kdb_manifest_unref(manifest);
    *ret_removed = search.removed;
    return status;
}

// ---- after DROP ----

// Removes what is not a segment of a manifest: the mirror and drafts.
static kdb_status clear_folder(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                               kdb_slice folder)
{
    kdb_slice *names;
    size_t count;
    KDB_TRY(object_list(ctx, folder.data, &names, &count));
    const char *path = NULL;
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        enum file_kind kind = kind_of(names[i], &number);
        if (kind != FILE_MIRROR && kind != FILE_DRAFT)
            continue;
        path = kdb_arena_printf(&ctx->arena, "%.*s/%.*s", KDB_ARG(folder), KDB_ARG(names[i])).data;
        (void)object_remove(path);
    }
    if (path)
        object_prune(service, path);
    return KDB_OK;
}

static kdb_slice folder_of(struct kdb_ctx *ctx, const struct kdb_segment *segment)
{
    size_t len = (size_t)(segment_name_of(segment) - segment->path.data) - 1;
    return kdb_arena_copy(&ctx->arena, kdb_slice_of(segment->path.data, len));
}

kdb_status kdb_segment_remove_all(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                  kdb_slice folder, struct kdb_manifest *manifest)
{
    kdb_slice last = without_slash(ctx, folder);
    KDB_TRY(clear_folder(service, ctx, last));
    for (uint32_t i = 0; manifest && i < manifest->segment_count; i++) {
        struct kdb_segment *segment = manifest->segments[i];
        atomic_store(&segment->is_doomed, true); // the file goes with its last reader
        kdb_slice here = folder_of(ctx, segment);
        if (!kdb_slice_equal(here, last))
            KDB_TRY(clear_folder(service, ctx, here)); // of an earlier template of the storage
        last = here;
    }
    return KDB_OK;
}
