// SPDX-License-Identifier: Apache-2.0
// What the tests of segments share: a temporary data folder, an in-memory store with its committer,
// an engine, tables made from a few words, rows made from numbers.
#ifndef KDB_TESTS_UNIT_SEGMENTS_SEGMENT_FIXTURE_H
#define KDB_TESTS_UNIT_SEGMENTS_SEGMENT_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/random.h"
#include "engine/engine.h"
#include "lib/temp_folder.h"
#include "lib/test.h"
#include "segments/service.h"
#include "txn/commit.h"
#include "txn/layout.h"
#include "types/key.h"
#include "types/row.h"

struct segment_fixture {
    struct kdb_ctx ctx;
    char *folder; // links resolved
    struct kdb_store *store;
    struct kdb_engine *engine;
    struct kdb_engine_connection *writer;
    struct kdb_engine_connection *reader;
    struct kdb_committer *committer;
    struct kdb_partition_registry *partitions;
    struct kdb_segment_service *service;
};

static inline void expect_ok_at(struct segment_fixture *fixture, kdb_status status, int line)
{
    if (status != KDB_OK)
        fail_msg("line %d: %s: %s", line, kdb_status_info(status)->name,
                 fixture->ctx.error.message);
}
#define expect_ok(fixture, status) expect_ok_at((fixture), (status), __LINE__)

// The failure must have this status and this piece of text; it is forgotten after.
static inline void expect_failure_at(struct segment_fixture *fixture, kdb_status status,
                                     kdb_status expected, const char *text, int line)
{
    if (status != expected || !strstr(fixture->ctx.error.message, text))
        fail_msg("line %d: expected %s (%s), got %s: %s", line, kdb_status_info(expected)->name,
                 text, kdb_status_info(status)->name, fixture->ctx.error.message);
    kdb_ctx_clear_error(&fixture->ctx);
}
#define expect_failure(fixture, status, expected, text)                                            \
    expect_failure_at((fixture), (status), (expected), (text), __LINE__)

static inline void fixture_open_service(struct segment_fixture *fixture, uint64_t cache_bytes)
{
    const char *root = fixture->folder;
    const struct kdb_segment_options options = {.store = fixture->store,
                                                .engine = fixture->engine,
                                                .clock = kdb_clock_system(),
                                                .data_path = root,
                                                .allowed_roots = &root,
                                                .allowed_root_count = 1,
                                                .cache_bytes = cache_bytes,
                                                .row_group_rows = 2048};
    fixture->service = kdb_segment_service_create(&options);
    const struct kdb_partition_hooks hooks = {.manifest_unref = kdb_manifest_unref};
    fixture->partitions = kdb_partition_registry_create(fixture->store, &hooks);
}

static inline void fixture_close_service(struct segment_fixture *fixture)
{
    kdb_ctx_reset(&fixture->ctx);
    kdb_partition_registry_destroy(fixture->partitions);
    kdb_segment_service_destroy(fixture->service);
}

// As a server start: everything that is only in memory is made anew.
static inline void fixture_restart(struct segment_fixture *fixture, uint64_t cache_bytes)
{
    fixture_close_service(fixture);
    fixture_open_service(fixture, cache_bytes);
}

static inline int fixture_open(void **state)
{
    struct segment_fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    fixture->folder = kdb_test_folder_create();
    expect_ok(fixture, kdb_store_mem_open(&fixture->ctx, &fixture->store));
    const char *root = fixture->folder;
    const struct kdb_engine_options engine = {
        .threads = 1, .read_dirs = &root, .read_dir_count = 1};
    fixture->engine = kdb_engine_create(&engine);
    const struct kdb_committer_options committer = {.store = fixture->store,
                                                    .clock = kdb_clock_system()};
    expect_ok(fixture, kdb_committer_open(&committer, &fixture->ctx, &fixture->committer));
    fixture_open_service(fixture, 64U << 20);
    *state = fixture;
    return 0;
}

static inline int fixture_open_with_engine(void **state)
{
    (void)fixture_open(state);
    struct segment_fixture *fixture = *state;
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &fixture->writer));
    expect_ok(fixture, kdb_engine_connect(fixture->engine, &fixture->ctx, &fixture->reader));
    return 0;
}

static inline int fixture_close(void **state)
{
    struct segment_fixture *fixture = *state;
    fixture_close_service(fixture);
    kdb_committer_close(fixture->committer);
    kdb_engine_disconnect(fixture->writer);
    kdb_engine_disconnect(fixture->reader);
    kdb_engine_destroy(fixture->engine);
    kdb_store_close(fixture->store);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_test_folder_destroy(fixture->folder);
    kdb_free(fixture);
    return 0;
}

static inline int fixture_reset(void **state)
{
    struct segment_fixture *fixture = *state;
    kdb_ctx_reset(&fixture->ctx);
    return 0;
}

// ---- tables ----

static inline struct kdb_table *fixture_table(uint32_t id, const char *name)
{
    struct kdb_table *table = kdb_table_create();
    table->id = id;
    table->space = KDB_LIT("app");
    table->name = kdb_arena_copy(&table->arena, kdb_slice_cstr(name));
    table->kind = KDB_TABLE_USER;
    kdb_table_make_keys(table);
    return table;
}

// Adds a schema version with these columns (ids and types; names c<id>); the first is the key.
static inline struct kdb_schema *
fixture_add_schema(struct kdb_table *table, const struct kdb_column *columns, uint32_t count)
{
    struct kdb_arena *arena = &table->arena;
    struct kdb_schema **schemas = kdb_arena_array(arena, table->schema_count + 1, sizeof(*schemas));
    if (table->schema_count > 0)
        memcpy(schemas, table->schemas, table->schema_count * sizeof(*schemas));
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = table->schema_count + 1;
    schema->column_count = count;
    schema->columns = kdb_arena_array(arena, count, sizeof(*schema->columns));
    memcpy(schema->columns, columns, count * sizeof(*columns));
    for (uint32_t i = 0; i < count; i++) {
        if (!schema->columns[i].name.data)
            schema->columns[i].name = kdb_arena_printf(arena, "c%d", columns[i].id);
    }
    kdb_schema_finish(schema, arena);
    schemas[table->schema_count++] = schema;
    table->schemas = schemas;
    table->schema = schema;
    return schema;
}

// id BIGINT PRIMARY KEY, body TEXT, number INT.
static inline struct kdb_table *fixture_plain_table(uint32_t id, const char *name)
{
    static const struct kdb_column columns[] = {
        {.id = 1, .type = {.kind = KDB_BIGINT}, .is_not_null = true},
        {.id = 2, .type = {.kind = KDB_TEXT}},
        {.id = 3, .type = {.kind = KDB_INT}}};
    struct kdb_table *table = fixture_table(id, name);
    (void)fixture_add_schema(table, columns, 3);
    return table;
}

// ---- rows ----

// An encoded row with its encoded key.
struct fixture_row {
    kdb_slice key;
    kdb_slice row;
};

static inline struct fixture_row fixture_encode(struct segment_fixture *fixture,
                                                struct kdb_arena *arena,
                                                const struct kdb_schema *schema,
                                                const kdb_value *values, int64_t seq,
                                                bool is_deleted)
{
    struct kdb_buf bytes = {0};
    struct fixture_row row;
    expect_ok(fixture, kdb_key_value(&bytes, &fixture->ctx, &values[schema->key_index]));
    row.key = kdb_arena_copy(arena, kdb_buf_view(&bytes));
    kdb_buf_clear(&bytes);
    expect_ok(fixture, kdb_row_encode(schema, &fixture->ctx, values, seq, is_deleted, &bytes));
    row.row = kdb_arena_copy(arena, kdb_buf_view(&bytes));
    kdb_buf_deinit(&bytes);
    return row;
}

// A row of the plain table: its text says which version it is.
static inline struct fixture_row fixture_plain_row(struct segment_fixture *fixture,
                                                   struct kdb_arena *arena,
                                                   const struct kdb_table *table, int64_t id,
                                                   int64_t seq, bool is_deleted)
{
    kdb_value values[3] = {
        kdb_value_int(KDB_BIGINT, id),
        kdb_value_bytes(KDB_TEXT,
                        kdb_arena_printf(arena, "row %lld at %lld", (long long)id, (long long)seq)),
        id % 7 == 0 ? kdb_value_null(KDB_INT) : kdb_value_int(KDB_INT, id % 100)};
    return fixture_encode(fixture, arena, table->schema, values, seq, is_deleted);
}

// An input over rows in memory.
struct fixture_input {
    const struct fixture_row *rows;
    size_t count;
    size_t at;
    size_t fails_at; // SIZE_MAX: never
};

static inline kdb_status fixture_next(void *self, struct kdb_ctx *ctx, kdb_slice *ret_key,
                                      kdb_slice *ret_row, bool *ret_more)
{
    struct fixture_input *input = self;
    if (input->at == input->fails_at)
        return kdb_fail(ctx, KDB_ERR_CANCELLED, "the input was told to fail");
    *ret_more = input->at < input->count;
    if (!*ret_more)
        return KDB_OK;
    *ret_key = input->rows[input->at].key;
    *ret_row = input->rows[input->at].row;
    input->at++;
    return KDB_OK;
}

// ---- writing ----

static inline kdb_slice fixture_folder(struct segment_fixture *fixture,
                                       const struct kdb_table *table, kdb_slice user)
{
    kdb_slice folder;
    expect_ok(fixture,
              kdb_segment_folder(fixture->service, &fixture->ctx, table, NULL, user, &folder));
    return folder;
}

static inline kdb_status fixture_try_write(struct segment_fixture *fixture,
                                           const struct kdb_table *table, kdb_slice user,
                                           struct fixture_input *input,
                                           struct kdb_segment **ret_segment)
{
    struct kdb_segment_write what = {.table = table,
                                     .folder = fixture_folder(fixture, table, user),
                                     .user = user,
                                     .input = {fixture_next, input}};
    expect_ok(fixture, kdb_segment_next_number(fixture->service, fixture->committer, &fixture->ctx,
                                               &what.number));
    return kdb_segment_write(fixture->service, fixture->writer, &fixture->ctx, &what, ret_segment);
}

static inline struct kdb_segment *fixture_write(struct segment_fixture *fixture,
                                                const struct kdb_table *table, kdb_slice user,
                                                const struct fixture_row *rows, size_t count)
{
    struct fixture_input input = {rows, count, 0, SIZE_MAX};
    struct kdb_segment *segment = NULL;
    expect_ok(fixture, fixture_try_write(fixture, table, user, &input, &segment));
    return segment;
}

static inline struct kdb_partition *fixture_partition(struct segment_fixture *fixture,
                                                      const struct kdb_table *table, kdb_slice user)
{
    struct kdb_partition *partition = NULL;
    expect_ok(fixture, kdb_partition_open(fixture->partitions, &fixture->ctx, table->id, user,
                                          KDB_READ_ANY, &partition));
    return partition;
}

static inline kdb_status fixture_try_change(struct segment_fixture *fixture,
                                            const struct kdb_table *table, kdb_slice user,
                                            struct kdb_segment *added,
                                            struct kdb_segment *const *removed,
                                            uint32_t removed_count)
{
    struct kdb_partition *partition = fixture_partition(fixture, table, user);
    const struct kdb_manifest_change what = {.partition = partition,
                                             .table = table,
                                             .folder = fixture_folder(fixture, table, user),
                                             .added = added,
                                             .removed = removed,
                                             .removed_count = removed_count};
    kdb_status status =
        kdb_manifest_change(fixture->service, fixture->committer, &fixture->ctx, &what);
    kdb_partition_unref(partition);
    return status;
}

// Writes the rows as a segment and puts it into the partition's manifest.
static inline void fixture_add_segment(struct segment_fixture *fixture,
                                       const struct kdb_table *table, kdb_slice user,
                                       const struct fixture_row *rows, size_t count)
{
    struct kdb_segment *segment = fixture_write(fixture, table, user, rows, count);
    assert_non_null(segment);
    expect_ok(fixture, fixture_try_change(fixture, table, user, segment, NULL, 0));
    kdb_segment_unref(segment);
}

// The partition's manifest, referenced for the caller; NULL when it has no cold rows.
static inline struct kdb_manifest *fixture_manifest(struct segment_fixture *fixture,
                                                    const struct kdb_table *table, kdb_slice user)
{
    struct kdb_partition *partition = fixture_partition(fixture, table, user);
    struct kdb_manifest *manifest = NULL;
    expect_ok(fixture, kdb_manifest_acquire(fixture->service, partition, &fixture->ctx,
                                            KDB_READ_ANY, &manifest));
    kdb_partition_unref(partition);
    return manifest;
}

static inline struct kdb_cold_reader fixture_reader(struct segment_fixture *fixture,
                                                    const struct kdb_table *table,
                                                    const struct kdb_manifest *manifest)
{
    return (struct kdb_cold_reader){fixture->service, table, manifest, fixture->reader,
                                    KDB_READ_ANY};
}

// ---- folders ----

// Names in a folder that end in `suffix`; 0 when there is no such folder.
static inline unsigned fixture_count_files(const char *folder, const char *suffix)
{
    DIR *open_folder = opendir(folder);
    unsigned count = 0;
    for (struct dirent *entry; open_folder && (entry = readdir(open_folder)) != NULL;) {
        size_t len = strlen(entry->d_name);
        bool is_dot = entry->d_name[0] == '.';
        count += !is_dot && len >= strlen(suffix) &&
                 strcmp(entry->d_name + len - strlen(suffix), suffix) == 0;
    }
    if (open_folder)
        (void)closedir(open_folder);
    return count;
}

#endif
