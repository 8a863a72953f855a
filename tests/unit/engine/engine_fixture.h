// SPDX-License-Identifier: Apache-2.0
// What the engine's tests share: one engine and connection per program, a folder for files, small
// helpers for statements.
#ifndef KDB_TESTS_UNIT_ENGINE_ENGINE_FIXTURE_H
#define KDB_TESTS_UNIT_ENGINE_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ctx.h"
#include "engine/engine.h"
#include "types/cast.h"

struct engine_fixture {
    struct kdb_engine *engine;
    struct kdb_engine_connection *connection;
    struct kdb_ctx ctx;
    char folder[64];
    char path[256]; // of fixture_path
};

static inline struct kdb_engine *fixture_engine(const char *folder, uint32_t threads)
{
    const struct kdb_engine_options options = {
        .threads = threads, .read_dirs = &folder, .read_dir_count = 1, .statement_cache = 4};
    return kdb_engine_create(&options);
}

// The thread sanitizer does not see DuckDB's queues: what its own threads hand over looks like a
// race.
static inline void skip_under_thread_sanitizer(void)
{
#ifdef __SANITIZE_THREAD__
    skip();
#endif
}

static inline int fixture_open(void **state)
{
    struct engine_fixture *fixture = calloc(1, sizeof(*fixture));
    strcpy(fixture->folder, "/tmp/kdb-engine-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    kdb_ctx_init(&fixture->ctx, 0);
    fixture->engine = fixture_engine(fixture->folder, 1);
    if (kdb_engine_connect(fixture->engine, &fixture->ctx, &fixture->connection) != KDB_OK)
        fail_msg("%s", fixture->ctx.error.message);
    *state = fixture;
    return 0;
}

static inline int fixture_close(void **state)
{
    struct engine_fixture *fixture = *state;
    kdb_engine_disconnect(fixture->connection);
    kdb_engine_destroy(fixture->engine);
    kdb_ctx_deinit(&fixture->ctx);
    DIR *folder = opendir(fixture->folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    (void)rmdir(fixture->folder);
    free(fixture);
    return 0;
}

// Before each test: an empty arena, no error.
static inline int fixture_reset(void **state)
{
    struct engine_fixture *fixture = *state;
    kdb_ctx_reset(&fixture->ctx);
    return 0;
}

static inline const char *fixture_path(struct engine_fixture *fixture, const char *name)
{
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->folder, name);
    return fixture->path;
}

static inline void expect_ok(struct engine_fixture *fixture, kdb_status status)
{
    if (status != KDB_OK)
        fail_msg("%s: %s", kdb_status_info(status)->name, fixture->ctx.error.message);
}

// The failure must have this status and this piece of text; it is forgotten after.
static inline void expect_failure(struct engine_fixture *fixture, kdb_status status,
                                  kdb_status expected, const char *text)
{
    if (status != expected || !strstr(fixture->ctx.error.message, text))
        fail_msg("expected %s (%s), got %s: %s", kdb_status_info(expected)->name, text,
                 kdb_status_info(status)->name, fixture->ctx.error.message);
    kdb_ctx_clear_error(&fixture->ctx);
}

static inline struct kdb_engine_result run(struct engine_fixture *fixture,
                                           const struct kdb_engine_statement *statement)
{
    struct kdb_engine_result result = {0};
    expect_ok(fixture, kdb_engine_query(fixture->connection, &fixture->ctx, statement, &result));
    return result;
}

static inline struct kdb_engine_result run_sql(struct engine_fixture *fixture, const char *sql)
{
    const struct kdb_engine_statement statement = {.sql = kdb_slice_cstr(sql)};
    return run(fixture, &statement);
}

static inline void expect_sql_failure(struct engine_fixture *fixture, const char *sql,
                                      kdb_status expected, const char *text)
{
    const struct kdb_engine_statement statement = {.sql = kdb_slice_cstr(sql)};
    struct kdb_engine_result result;
    expect_failure(fixture,
                   kdb_engine_query(fixture->connection, &fixture->ctx, &statement, &result),
                   expected, text);
}

// Same kind, nullness and content: also of kinds that have no order.
static inline void expect_same(const kdb_value *value, const kdb_value *expected)
{
    assert_int_equal(value->kind, expected->kind);
    assert_int_equal(value->is_null, expected->is_null);
    if (!value->is_null && !kdb_value_same(value, expected)) {
        struct kdb_buf text = {0};
        kdb_value_print(value, &text);
        kdb_buf_slice(&text, KDB_LIT(" instead of "));
        kdb_value_print(expected, &text);
        kdb_buf_put(&text, '\0');
        fail_msg("%s", text.data);
    }
}

#endif
