// SPDX-License-Identifier: Apache-2.0
// Writing one segment: draft, fsync, rename, fsync of the folder; all of it or nothing is left.
#include "base/assert.h"
#include "base/fault.h"
#include "engine/parquet.h"
#include "segments/filter.h"
#include "segments/object_priv.h"
#include "segments/segment_priv.h"
#include "segments/segment_write_priv.h"
#include "segments/service_priv.h"

// What the file says about itself, for the orphan search and for people.
#define FOOTER_PAIRS 6

static kdb_slice number_text(struct kdb_ctx *ctx, uint64_t number)
{
    return kdb_arena_printf(&ctx->arena, "%llu", (unsigned long long)number);
}

static void make_pairs(struct kdb_ctx *ctx, const struct kdb_segment_write *what,
                       struct kdb_parquet_pair pairs[FOOTER_PAIRS])
{
    const struct kdb_table *table = what->table;
    kdb_slice name =
        kdb_arena_printf(&ctx->arena, "%.*s.%.*s", KDB_ARG(table->space), KDB_ARG(table->name));
    const struct kdb_parquet_pair all[FOOTER_PAIRS] = {
        {KDB_LIT("kalamdb.format"), KDB_LIT("1")},
        {KDB_LIT("kalamdb.table_id"), number_text(ctx, table->id)},
        {KDB_LIT("kalamdb.schema_version"), number_text(ctx, table->schema->version)},
        {KDB_LIT("kalamdb.table"), name},
        {KDB_LIT("kalamdb.user"), kdb_segment_user_component(&ctx->arena, what->user)},
        {KDB_LIT("kalamdb.segment"), number_text(ctx, what->number)}};
    memcpy(pairs, all, sizeof(all));
}

// One segment being written.
struct segment_writer {
    struct kdb_segment_service *service;
    struct kdb_engine_connection *connection;
    struct kdb_ctx *ctx;
    const struct kdb_segment_write *what;
    struct segment_rows rows;
    kdb_slice path;  // where the file will be
    kdb_slice draft; // where it is until it is whole
    uint64_t size_bytes;
};

static kdb_status injected(struct segment_writer *writer, const char *point)
{
    if (kdb_fault_point(point))
        return kdb_fail(writer->ctx, KDB_ERR_IO, "injected: %s", point);
    return KDB_OK;
}

static kdb_status write_draft(struct segment_writer *writer)
{
    struct kdb_ctx *ctx = writer->ctx;
    struct kdb_parquet_pair pairs[FOOTER_PAIRS];
    make_pairs(ctx, writer->what, pairs);
    const struct kdb_parquet_write write = {.path = writer->draft.data,
                                            .source = segment_rows_source(&writer->rows),
                                            .field_ids = writer->rows.field_ids,
                                            .row_group_rows = writer->rows.group_rows,
                                            .zstd_level = SEGMENT_ZSTD_LEVEL,
                                            .pairs = pairs,
                                            .pair_count = FOOTER_PAIRS};
    struct kdb_parquet_written written;
    KDB_TRY(object_create(ctx, writer->draft.data));
    KDB_TRY(kdb_parquet_write(writer->connection, ctx, &write, &written));
    if (written.row_count != (uint64_t)writer->rows.row_count)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "a segment has %llu rows instead of %lld",
                        (unsigned long long)written.row_count, (long long)writer->rows.row_count);
    writer->size_bytes = written.size_bytes;
    return KDB_OK;
}

static kdb_status write_file(struct segment_writer *writer)
{
    KDB_TRY(write_draft(writer));
    KDB_TRY(injected(writer, "segment.written"));
    KDB_TRY(object_sync(writer->ctx, writer->draft.data));
    KDB_TRY(injected(writer, "segment.synced"));
    KDB_TRY(object_rename(writer->ctx, writer->draft.data, writer->path.data));
    KDB_TRY(object_sync_folder_of(writer->ctx, writer->path.data));
    return injected(writer, "segment.renamed");
}

static kdb_slice *group_keys(const struct segment_rows *rows, struct kdb_arena *arena)
{
    kdb_slice *keys = kdb_arena_array(arena, rows->group_count, sizeof(*keys));
    uint32_t start = 0;
    for (size_t i = 0; i < rows->group_count; i++) {
        keys[i] = kdb_slice_of(rows->group_keys.data + start, rows->group_key_ends[i] - start);
        start = rows->group_key_ends[i];
    }
    return keys;
}

static struct kdb_column_stats *column_stats(struct segment_rows *rows, struct kdb_arena *arena)
{
    const struct kdb_schema *schema = rows->schema;
    struct kdb_column_stats *stats = kdb_arena_array(arena, schema->column_count, sizeof(*stats));
    for (uint32_t i = 0; i < schema->column_count; i++)
        stats_finish(&rows->columns[i], schema->columns[i].id, &stats[i]);
    return stats;
}

// The object is made by way of its stored form, so that what is in memory is what a restart reads.
static kdb_status make_segment(struct segment_writer *writer, struct kdb_segment **ret_segment)
{
    struct segment_rows *rows = &writer->rows;
    struct kdb_arena *arena = &writer->ctx->arena;
    struct kdb_buf filter = {0};
    kdb_filter_build(rows->hashes, (uint64_t)rows->row_count, &filter);
    const struct kdb_segment described = {.number = writer->what->number,
                                          .path = writer->path,
                                          .table_id = writer->what->table->id,
                                          .schema_version = rows->schema->version,
                                          .row_count = rows->row_count,
                                          .tombstone_count = rows->tombstone_count,
                                          .size_bytes = (int64_t)writer->size_bytes,
                                          .created_at_ms = kdb_clock_now_ms(writer->service->clock),
                                          .min_seq = rows->min_seq,
                                          .max_seq = rows->max_seq,
                                          .oldest_tombstone_ms = rows->oldest_tombstone_ms,
                                          .max_key = kdb_buf_view(&rows->max_key),
                                          .stats = column_stats(rows, arena),
                                          .stats_count = rows->schema->column_count,
                                          .group_rows = rows->group_rows,
                                          .group_count = (uint32_t)rows->group_count,
                                          .group_first_key = group_keys(rows, arena),
                                          .filter = kdb_buf_view(&filter)};
    struct kdb_buf record = {0};
    segment_record_write(&described, writer->service->data_path, &record);
    kdb_status status =
        segment_open(writer->service, kdb_buf_view(&record), writer->ctx, ret_segment);
    kdb_buf_deinit(&record);
    kdb_buf_deinit(&filter);
    return status;
}

static kdb_status write_segment(struct segment_writer *writer, struct kdb_segment **ret_segment)
{
    KDB_TRY(segment_rows_open(&writer->rows, writer->ctx, writer->what,
                              writer->service->row_group_rows));
    if (!writer->rows.has_pending) {
        *ret_segment = NULL;
        return KDB_OK;
    }
    kdb_status status = write_file(writer);
    if (status == KDB_OK)
        status = make_segment(writer, ret_segment);
    if (status != KDB_OK) {
        (void)object_remove(writer->draft.data);
        (void)object_remove(writer->path.data);
        object_prune(writer->service, writer->path.data);
        return status;
    }
    // Until a manifest lists it the file is nobody's.
    atomic_store(&(*ret_segment)->is_doomed, true);
    return KDB_OK;
}

kdb_status kdb_segment_write(struct kdb_segment_service *service,
                             struct kdb_engine_connection *connection, struct kdb_ctx *ctx,
                             const struct kdb_segment_write *what, struct kdb_segment **ret_segment)
{
    KDB_ASSERT(what->number > 0 && what->folder.len > 0 && what->folder.data[0] == '/');
    char name[SEGMENT_NAME_BYTES];
    (void)segment_file_name(what->number, name);
    struct segment_writer writer = {
        .service = service, .connection = connection, .ctx = ctx, .what = what};
    writer.path = kdb_arena_printf(&ctx->arena, "%.*s/%s", KDB_ARG(what->folder), name);
    writer.draft = kdb_arena_printf(&ctx->arena, "%s.tmp", writer.path.data);
    struct kdb_segment *segment = NULL;
    kdb_status status = write_segment(&writer, &segment);
    segment_rows_deinit(&writer.rows);
    if (status == KDB_OK)
        *ret_segment = segment;
    return status;
}
