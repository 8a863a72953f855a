// SPDX-License-Identifier: Apache-2.0
// Jobs without threads: a store in memory, two tables, a clock that a test sets. What a job does is
// the test's.
#ifndef KDB_TESTS_UNIT_JOBS_JOBS_CASE_H
#define KDB_TESTS_UNIT_JOBS_JOBS_CASE_H

#include <stdlib.h>

#include "base/alloc.h"
#include "jobs/jobs_priv.h"
#include "lib/test.h"
#include "txn/layout.h"

// 2026-05-04T10:00:00Z
#define START_MS INT64_C(1777888800000)

struct jobs_case {
    struct kdb_ctx ctx;
    struct kdb_clock clock;
    _Atomic int64_t now_ms;
    struct kdb_jobs_options options;
    struct kdb_jobs *jobs;
    struct kdb_table *tables[2]; // app.notes, app.words: borrowed from the catalog
    struct kdb_catalog_snapshot *snapshot;
};

static inline int64_t case_now(void *self)
{
    return atomic_load(&((struct jobs_case *)self)->now_ms) * 1000;
}

static inline void case_commit(struct jobs_case *c, struct kdb_store_batch *batch)
{
    assert_int_equal(kdb_commit_batch(c->options.committer, &c->ctx, batch), KDB_OK);
}

static inline void case_add_table(struct jobs_case *c, const char *name)
{
    struct kdb_catalog_change change;
    kdb_catalog_begin(c->options.catalog, c->options.store, &change);
    struct kdb_table *table = kdb_table_create();
    struct kdb_schema *schema = KDB_ARENA_NEW(&table->arena, struct kdb_schema);
    *schema =
        (struct kdb_schema){.version = 1,
                            .columns = kdb_arena_array(&table->arena, 1, sizeof(struct kdb_column)),
                            .column_count = 1};
    schema->columns[0] = (struct kdb_column){
        .id = 1, .name = KDB_LIT("id"), .type = KDB_TYPE(KDB_BIGINT), .is_not_null = true};
    kdb_schema_finish(schema, &table->arena);
    table->schemas = kdb_arena_array(&table->arena, 1, sizeof(struct kdb_schema *));
    table->schemas[0] = schema;
    table->schema = schema;
    table->schema_count = 1;
    table->id = kdb_catalog_next_table_id(&change);
    table->space = KDB_LIT("app");
    table->name = kdb_slice_cstr(name);
    table->retention_ms = 60000;
    kdb_catalog_put_table(&change, table);
    kdb_table_unref(table);
    case_commit(c, change.batch);
    kdb_catalog_publish(&change);
}

// As DROP TABLE, for jobs that look for the table.
static inline void case_drop_table(struct jobs_case *c, struct kdb_table *table)
{
    struct kdb_catalog_change change;
    kdb_catalog_begin(c->options.catalog, c->options.store, &change);
    kdb_catalog_remove_table(&change, table);
    case_commit(c, change.batch);
    kdb_partition_drop_table(c->options.partitions, table->id);
    kdb_catalog_publish(&change);
}

static inline int case_open(void **state)
{
    struct jobs_case *c = kdb_alloc(sizeof(*c));
    kdb_ctx_init(&c->ctx, 0);
    atomic_init(&c->now_ms, START_MS);
    c->clock = (struct kdb_clock){case_now, c};
    struct kdb_jobs_options *options = &c->options;
    *options = (struct kdb_jobs_options){.clock = &c->clock,
                                         .threads = 2,
                                         .max_retries = 3,
                                         .retry_backoff_ms = 100,
                                         .history_ms = INT64_C(7) * 86400 * 1000};
    assert_int_equal(kdb_store_mem_open(&c->ctx, &options->store), KDB_OK);
    const struct kdb_committer_options committer = {.store = options->store, .clock = &c->clock};
    assert_int_equal(kdb_committer_open(&committer, &c->ctx, &options->committer), KDB_OK);
    const struct kdb_partition_hooks hooks = {.manifest_unref = kdb_manifest_unref};
    options->partitions = kdb_partition_registry_create(options->store, &hooks);
    assert_int_equal(kdb_catalog_open(options->store, &c->ctx, &options->catalog), KDB_OK);
    case_add_table(c, "notes");
    case_add_table(c, "words");
    c->snapshot = kdb_catalog_acquire(options->catalog);
    c->tables[0] = kdb_catalog_table(c->snapshot, KDB_LIT("app"), KDB_LIT("notes"));
    c->tables[1] = kdb_catalog_table(c->snapshot, KDB_LIT("app"), KDB_LIT("words"));
    c->jobs = jobs_create(options);
    *state = c;
    return 0;
}

static inline int case_close(void **state)
{
    struct jobs_case *c = *state;
    if (c->jobs)
        jobs_destroy(c->jobs);
    kdb_catalog_release(c->snapshot);
    kdb_committer_close(c->options.committer);
    kdb_partition_registry_destroy(c->options.partitions);
    kdb_catalog_close(c->options.catalog);
    kdb_store_close(c->options.store);
    kdb_ctx_deinit(&c->ctx);
    kdb_free(c);
    return 0;
}

// The partition of a user, referenced for the caller.
static inline struct kdb_partition *case_partition(struct jobs_case *c, int table, const char *user)
{
    struct kdb_partition *partition;
    assert_int_equal(kdb_partition_open(c->options.partitions, &c->ctx, c->tables[table]->id,
                                        kdb_slice_cstr(user), KDB_READ_ANY, &partition),
                     KDB_OK);
    return partition;
}

// As if the user had written so many rows that were not flushed.
static inline void case_store_hot_rows(struct jobs_case *c, int table, const char *user,
                                       int64_t rows)
{
    struct kdb_partition *partition = case_partition(c, table, user);
    const struct kdb_partition_counters counters = {.hot_rows = rows, .live_rows = rows};
    struct kdb_buf key = {0};
    struct kdb_buf value = {0};
    kdb_layout_meta_key(&key, KDB_META_COUNTERS, partition->prefix);
    kdb_partition_counters_write(&counters, &value);
    struct kdb_store_batch *batch = kdb_store_batch_open(c->options.store);
    kdb_store_batch_put(batch, KDB_SPACE_META, kdb_buf_view(&key), kdb_buf_view(&value));
    case_commit(c, batch);
    kdb_store_batch_close(batch);
    kdb_buf_deinit(&key);
    kdb_buf_deinit(&value);
    kdb_partition_unref(partition);
}

// The first job that may run now, which runs from here on.
static inline struct job *case_take(struct jobs_case *c)
{
    return queue_take(&c->jobs->queue, atomic_load(&c->now_ms));
}

// What is stored about a job; waits for what was stored before.
static inline const struct kdb_job_record *case_record(struct jobs_case *c, const char *id)
{
    struct kdb_store_batch *batch = kdb_store_batch_open(c->options.store);
    kdb_store_batch_put(batch, KDB_SPACE_META, KDB_LIT("Xtest"), KDB_LIT(""));
    case_commit(c, batch);
    kdb_store_batch_close(batch);
    struct kdb_job_record *records;
    size_t count;
    assert_int_equal(kdb_jobs_list(c->jobs, &c->ctx, &records, &count), KDB_OK);
    for (size_t i = 0; i < count; i++) {
        if (kdb_slice_equal(records[i].id, kdb_slice_cstr(id)))
            return &records[i];
    }
    fail_msg("job %s is not stored", id);
    abort(); // not reached, as compilers do not know of fail_msg
}

#endif
