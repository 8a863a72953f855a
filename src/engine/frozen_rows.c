// SPDX-License-Identifier: Apache-2.0
// Rows in DuckDB's own column form: scans hand out references to the vectors, no cell is copied.
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "engine/engine_priv.h"

struct frozen_chunk {
    duckdb_data_chunk chunk;
    uint32_t row_count;
};

struct kdb_frozen_rows {
    atomic_uint use_count;
    struct kdb_source_column *columns;
    uint32_t column_count;
    struct frozen_chunk *chunks;
    size_t chunk_count;
    size_t chunk_capacity;
    uint64_t row_count;
    uint64_t size_bytes;
};

static struct kdb_frozen_rows *create(const struct kdb_row_source *source)
{
    struct kdb_frozen_rows *rows = kdb_alloc(sizeof(*rows));
    atomic_init(&rows->use_count, 1);
    rows->columns = kdb_alloc_array(source->column_count, sizeof(*rows->columns));
    rows->column_count = source->column_count;
    for (uint32_t i = 0; i < source->column_count; i++) {
        kdb_slice name = source->columns[i].name;
        rows->columns[i].name = (kdb_slice){kdb_alloc_text(name.data, name.len), name.len};
        rows->columns[i].type = source->columns[i].type;
    }
    return rows;
}

struct kdb_frozen_rows *kdb_frozen_rows_ref(struct kdb_frozen_rows *rows)
{
    atomic_fetch_add_explicit(&rows->use_count, 1, memory_order_relaxed);
    return rows;
}

void kdb_frozen_rows_unref(struct kdb_frozen_rows *rows)
{
    if (!rows || atomic_fetch_sub_explicit(&rows->use_count, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < rows->chunk_count; i++)
        duck.destroy_data_chunk(&rows->chunks[i].chunk);
    kdb_free(rows->chunks);
    for (uint32_t i = 0; i < rows->column_count; i++)
        kdb_free((void *)(uintptr_t)rows->columns[i].name.data);
    kdb_free(rows->columns);
    kdb_free(rows);
}

uint64_t kdb_frozen_rows_count(const struct kdb_frozen_rows *rows)
{
    return rows->row_count;
}

uint64_t kdb_frozen_rows_bytes(const struct kdb_frozen_rows *rows)
{
    return rows->size_bytes;
}

// What building needs beside the rows.
struct build {
    struct kdb_frozen_rows *rows;
    duckdb_logical_type *types;
    struct kdb_column_writer *writers;
    uint64_t bytes_max;
};

static uint64_t text_bytes(const struct kdb_column_writer *writer, uint32_t row_count)
{
    const struct kdb_text_cell *cells = duck.vector_get_data(writer->vector);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < row_count; i++) {
        bool is_null = writer->validity && !(writer->validity[i / 64] >> (i % 64) & 1);
        if (!is_null && cells[i].inlined.len > KDB_TEXT_CELL_INLINE)
            bytes += cells[i].inlined.len;
    }
    return bytes;
}

static uint64_t chunk_bytes(const struct build *build, uint32_t row_count)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < build->rows->column_count; i++) {
        const struct kdb_column_writer *writer = &build->writers[i];
        uint64_t dimension = writer->type.kind == KDB_EMBEDDING ? writer->type.dimension : 1;
        bytes += writer->cell_bytes * dimension * duck.vector_size();
        if (kdb_kind_is_variable((kdb_kind)writer->type.kind) && writer->type.kind != KDB_EMBEDDING)
            bytes += text_bytes(writer, row_count);
    }
    return bytes;
}

static struct frozen_chunk *add_chunk(const struct build *build)
{
    struct kdb_frozen_rows *rows = build->rows;
    if (rows->chunk_count == rows->chunk_capacity) {
        rows->chunk_capacity = kdb_grow_capacity(rows->chunk_capacity, rows->chunk_count + 1);
        rows->chunks = kdb_realloc(rows->chunks, rows->chunk_capacity * sizeof(*rows->chunks));
    }
    struct frozen_chunk *added = &rows->chunks[rows->chunk_count++];
    *added =
        (struct frozen_chunk){.chunk = duck.create_data_chunk(build->types, rows->column_count)};
    for (uint32_t i = 0; i < rows->column_count; i++) {
        struct kdb_column_writer *writer = &build->writers[i];
        duckdb_vector vector = duck.data_chunk_get_vector(added->chunk, i);
        writer->vector = vector;
        writer->validity = NULL;
        writer->type = rows->columns[i].type;
        writer->cell_bytes = engine_cell_bytes(writer->type);
        if (writer->type.kind == KDB_EMBEDDING)
            vector = duck.array_vector_get_child(vector);
        writer->cells = duck.vector_get_data(vector);
    }
    return added;
}

static kdb_status fill(const struct build *build, struct kdb_ctx *ctx,
                       const struct kdb_row_source *source, void *scan)
{
    struct kdb_frozen_rows *rows = build->rows;
    for (;;) {
        struct frozen_chunk *chunk = add_chunk(build);
        struct kdb_row_batch batch = {.columns = build->writers,
                                      .column_count = rows->column_count,
                                      .capacity = (uint32_t)duck.vector_size()};
        KDB_TRY(source->ops->next(scan, ctx, &batch));
        KDB_ASSERT(batch.row_count <= batch.capacity);
        if (batch.row_count == 0)
            break;
        chunk->row_count = batch.row_count;
        duck.data_chunk_set_size(chunk->chunk, batch.row_count);
        rows->row_count += batch.row_count;
        rows->size_bytes += chunk_bytes(build, batch.row_count);
        if (build->bytes_max > 0 && rows->size_bytes > build->bytes_max)
            return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "the rows take more than %llu bytes",
                            (unsigned long long)build->bytes_max);
        KDB_TRY(kdb_ctx_check(ctx));
    }
    duck.destroy_data_chunk(&rows->chunks[--rows->chunk_count].chunk);
    return KDB_OK;
}

static kdb_status read_source(const struct build *build, struct kdb_ctx *ctx,
                              const struct kdb_row_source *source)
{
    uint32_t *wanted = kdb_arena_array(&ctx->arena, source->column_count, sizeof(*wanted));
    for (uint32_t i = 0; i < source->column_count; i++)
        wanted[i] = i;
    void *scan = NULL;
    KDB_TRY(source->ops->open(source->self, ctx, wanted, source->column_count, &scan));
    kdb_status status = fill(build, ctx, source, scan);
    source->ops->close(scan);
    return status;
}

kdb_status kdb_frozen_rows_build(const struct kdb_row_source *source, struct kdb_ctx *ctx,
                                 uint64_t bytes_max, struct kdb_frozen_rows **ret_rows)
{
    KDB_TRY(engine_duckdb_load(ctx));
    uint32_t count = source->column_count;
    struct build build = {.rows = create(source),
                          .types = kdb_alloc_array(count, sizeof(*build.types)),
                          .writers = kdb_alloc_array(count, sizeof(*build.writers)),
                          .bytes_max = bytes_max};
    for (uint32_t i = 0; i < count; i++)
        build.types[i] = engine_logical_type(source->columns[i].type);
    kdb_status status = read_source(&build, ctx, source);
    for (uint32_t i = 0; i < count; i++)
        duck.destroy_logical_type(&build.types[i]);
    kdb_free(build.types);
    kdb_free(build.writers);
    if (status != KDB_OK) {
        kdb_frozen_rows_unref(build.rows);
        return status;
    }
    *ret_rows = build.rows;
    return KDB_OK;
}

struct frozen_scan {
    const struct kdb_frozen_rows *rows;
    const uint32_t *wanted;
    size_t at; // chunk
};

static kdb_status open_scan(void *self, struct kdb_ctx *ctx, const uint32_t *wanted,
                            uint32_t wanted_count, void **ret_scan)
{
    (void)wanted_count;
    struct frozen_scan *scan = KDB_ARENA_NEW(&ctx->arena, struct frozen_scan);
    scan->rows = self;
    scan->wanted = wanted;
    *ret_scan = scan;
    return KDB_OK;
}

static kdb_status next_rows(void *opaque, struct kdb_ctx *ctx, struct kdb_row_batch *batch)
{
    (void)ctx;
    struct frozen_scan *scan = opaque;
    if (scan->at == scan->rows->chunk_count)
        return KDB_OK;
    const struct frozen_chunk *chunk = &scan->rows->chunks[scan->at++];
    for (uint32_t i = 0; i < batch->column_count; i++) {
        duckdb_vector from = duck.data_chunk_get_vector(chunk->chunk, scan->wanted[i]);
        duck.vector_reference_vector(batch->columns[i].vector, from);
    }
    batch->row_count = chunk->row_count;
    return KDB_OK;
}

static void close_scan(void *scan)
{
    (void)scan; // in the arena
}

static const struct kdb_row_source_ops frozen_ops = {open_scan, next_rows, close_scan};

struct kdb_row_source kdb_frozen_rows_source(struct kdb_frozen_rows *rows)
{
    return (struct kdb_row_source){.ops = &frozen_ops,
                                   .self = rows,
                                   .columns = rows->columns,
                                   .column_count = rows->column_count,
                                   .row_estimate = rows->row_count};
}
