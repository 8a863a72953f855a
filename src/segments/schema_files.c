// SPDX-License-Identifier: Apache-2.0
// Writing, removing and repairing schema files.
#include "segments/schema_files.h"

#include "segments/object_priv.h"
#include "segments/schema_json_priv.h"
#include "segments/service_priv.h"

#define LIST_NAME    "manifest.json"
#define CURRENT_NAME "current.json"

static const char *table_path(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                              const struct kdb_table *table, const char *name)
{
    return kdb_arena_printf(&ctx->arena, "%.*s/schemas/%.*s/%.*s/%s", KDB_ARG(service->data_path),
                            KDB_ARG(table->space), KDB_ARG(table->name), name)
        .data;
}

static const char *version_path(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                const struct kdb_table *table, uint32_t version)
{
    kdb_slice name = kdb_arena_printf(&ctx->arena, "schema_v%u.json", version);
    return table_path(service, ctx, table, name.data);
}

// Writes one file, or, when only repairing, one that has not its size. Not synced: what a power cut
// takes away, the next start writes again.
static kdb_status put_file(struct kdb_ctx *ctx, const char *path, kdb_slice content,
                           bool only_repairs, bool *ret_is_written)
{
    if (only_repairs && object_size(path) == (int64_t)content.len)
        return KDB_OK;
    *ret_is_written = true;
    return object_write(ctx, path, content, false);
}

static kdb_status put_files(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                            const struct kdb_table *table, bool only_repairs, bool *ret_is_written)
{
    struct kdb_buf text = {0};
    kdb_status status = KDB_OK;
    for (uint32_t version = 1; version <= table->schema_count && status == KDB_OK; version++) {
        // Older versions are there already, unless something went wrong.
        bool is_newest = version == table->schema_count;
        kdb_buf_clear(&text);
        schema_json_write(table, version, &text);
        status = put_file(ctx, version_path(service, ctx, table, version), kdb_buf_view(&text),
                          only_repairs || !is_newest, ret_is_written);
    }
    if (status == KDB_OK) // the newest version's text is still there
        status = put_file(ctx, table_path(service, ctx, table, CURRENT_NAME), kdb_buf_view(&text),
                          only_repairs, ret_is_written);
    kdb_buf_clear(&text);
    schema_json_write_list(table, &text);
    if (status == KDB_OK)
        status = put_file(ctx, table_path(service, ctx, table, LIST_NAME), kdb_buf_view(&text),
                          only_repairs, ret_is_written);
    kdb_buf_deinit(&text);
    return status;
}

kdb_status kdb_schema_files_write(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                  const struct kdb_table *table)
{
    bool is_written;
    kdb_status status = put_files(service, ctx, table, false, &is_written);
    if (status != KDB_OK)
        return kdb_wrap(ctx, "schema files");
    return KDB_OK;
}

// ---- removing ----

static bool is_schema_file(kdb_slice name)
{
    return kdb_slice_has_prefix(name, KDB_LIT("schema_v")) ||
           kdb_slice_has_prefix(name, KDB_LIT(LIST_NAME)) ||
           kdb_slice_has_prefix(name, KDB_LIT(CURRENT_NAME));
}

// Removes the schema files in <data>/schemas/<space>/<name>, and the folders when they are empty.
static void remove_files(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                         kdb_slice space, kdb_slice name)
{
    const char *parent = kdb_arena_printf(&ctx->arena, "%.*s/schemas/%.*s",
                                          KDB_ARG(service->data_path), KDB_ARG(space))
                             .data;
    const char *folder = kdb_arena_printf(&ctx->arena, "%s/%.*s", parent, KDB_ARG(name)).data;
    kdb_slice *names;
    size_t count;
    if (object_list(ctx, folder, &names, &count) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_schema_file(names[i]))
            (void)object_remove(kdb_arena_printf(&ctx->arena, "%s/%s", folder, names[i].data).data);
    }
    (void)object_remove(folder);
    (void)object_remove(parent);
}

void kdb_schema_files_remove(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                             const struct kdb_table *table)
{
    remove_files(service, ctx, table->space, table->name);
}

// ---- repairing ----

struct repair {
    struct kdb_segment_service *service;
    struct kdb_ctx *ctx;
    const struct kdb_catalog_snapshot *catalog;
    struct kdb_ctx scratch; // of one table
    kdb_status status;
    uint32_t changed;
};

static bool repair_table(void *arg, void *item)
{
    struct repair *repair = arg;
    const struct kdb_table *table = item;
    if (table->kind == KDB_TABLE_SYSTEM)
        return true;
    bool is_written = false;
    repair->status = put_files(repair->service, &repair->scratch, table, true, &is_written);
    if (repair->status != KDB_OK)
        repair->ctx->error = repair->scratch.error;
    repair->changed += is_written;
    kdb_ctx_reset(&repair->scratch);
    return repair->status == KDB_OK;
}

static kdb_status list_folder(struct repair *repair, kdb_slice below, kdb_slice **ret_names,
                              size_t *ret_count)
{
    const char *folder = kdb_arena_printf(&repair->ctx->arena, "%.*s/schemas/%.*s",
                                          KDB_ARG(repair->service->data_path), KDB_ARG(below))
                             .data;
    return object_list(repair->ctx, folder, ret_names, ret_count);
}

static bool is_dot(kdb_slice name)
{
    return kdb_slice_equal(name, KDB_LIT(".")) || kdb_slice_equal(name, KDB_LIT(".."));
}

static kdb_status remove_unknown(struct repair *repair)
{
    kdb_slice *spaces;
    size_t space_count;
    KDB_TRY(list_folder(repair, KDB_LIT(""), &spaces, &space_count));
    for (size_t i = 0; i < space_count; i++) {
        kdb_slice *names;
        size_t count = 0;
        if (is_dot(spaces[i]))
            continue;
        if (list_folder(repair, spaces[i], &names, &count) != KDB_OK)
            kdb_ctx_clear_error(repair->ctx); // a file; not ours
        for (size_t j = 0; j < count; j++) {
            if (is_dot(names[j]) || kdb_catalog_table(repair->catalog, spaces[i], names[j]))
                continue;
            remove_files(repair->service, repair->ctx, spaces[i], names[j]);
            repair->changed++;
        }
    }
    return KDB_OK;
}

kdb_status kdb_schema_files_repair(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                   const struct kdb_catalog_snapshot *catalog,
                                   uint32_t *ret_changed)
{
    struct repair repair = {.service = service, .ctx = ctx, .catalog = catalog};
    kdb_ctx_init(&repair.scratch, 0);
    kdb_cow_map_each(catalog->tables, repair_table, &repair);
    kdb_ctx_deinit(&repair.scratch);
    KDB_TRY(repair.status);
    KDB_TRY(remove_unknown(&repair));
    *ret_changed = repair.changed;
    return KDB_OK;
}
