// SPDX-License-Identifier: Apache-2.0
// What the tests of the binder share: a catalog with a few tables, and what statements must become
// or be refused with.
#ifndef KDB_TESTS_UNIT_PLAN_BIND_CASE_H
#define KDB_TESTS_UNIT_PLAN_BIND_CASE_H

#include <string.h>

#include "base/alloc.h"
#include "lib/plan_dump.h"
#include "lib/test.h"
#include "plan/function.h"
#include "plan/plan_cache.h"

// The catalog of the running test file. Namespace `app` is the default one.
//   app.t      id BIGINT key, a INT, b TEXT NOT NULL, r FLOAT, f DOUBLE, n DECIMAL(10,2), d DATE,
//              ts TIMESTAMP, ok BOOLEAN, j JSON, s SMALLINT
//   app.u      id BIGINT key, y INT, b TEXT, big BIGINT
//   app.words  word TEXT key, n DECIMAL(6,3)
//   other.t    id INT key, z TEXT
static struct {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    struct kdb_catalog *catalog;
    struct kdb_catalog_snapshot *snapshot;
    struct kdb_plan_request request; // what the next statement is planned with
} bind_test;

struct bind_column {
    const char *name;
    kdb_type type;
    bool is_not_null;
};

static inline void bind_put_table(uint32_t id, const char *space, const char *name,
                                  const struct bind_column *columns, uint32_t count)
{
    struct kdb_table *table = kdb_table_create();
    struct kdb_arena *arena = &table->arena;
    table->id = id;
    table->space = kdb_slice_cstr(space);
    table->name = kdb_slice_cstr(name);
    table->owner = KDB_LIT("root");
    table->storage_id = KDB_LIT("local");
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = 1;
    schema->column_count = count;
    schema->columns = kdb_arena_array(arena, count, sizeof(struct kdb_column));
    for (uint32_t i = 0; i < count; i++)
        schema->columns[i] = (struct kdb_column){.id = (int32_t)i + 1,
                                                 .name = kdb_slice_cstr(columns[i].name),
                                                 .type = columns[i].type,
                                                 .is_not_null = columns[i].is_not_null};
    kdb_schema_finish(schema, arena);
    table->schemas = kdb_arena_array(arena, 1, sizeof(struct kdb_schema *));
    table->schemas[0] = schema;
    table->schema_count = 1;
    table->schema = schema;
    struct kdb_catalog_change change;
    kdb_catalog_begin(bind_test.catalog, bind_test.store, &change);
    kdb_catalog_put_table(&change, table);
    kdb_catalog_publish(&change);
    kdb_table_unref(table);
    kdb_catalog_release(bind_test.snapshot);
    bind_test.snapshot = kdb_catalog_acquire(bind_test.catalog);
    bind_test.request.catalog = bind_test.snapshot;
}

#define DECIMAL(p, s) ((kdb_type){.kind = KDB_DECIMAL, .precision = (p), .scale = (s)})

static inline void bind_put_tables(void)
{
    const struct bind_column t[] = {
        {"id", KDB_TYPE(KDB_BIGINT), true},   {"a", KDB_TYPE(KDB_INT), false},
        {"b", KDB_TYPE(KDB_TEXT), true},      {"r", KDB_TYPE(KDB_FLOAT), false},
        {"f", KDB_TYPE(KDB_DOUBLE), false},   {"n", DECIMAL(10, 2), false},
        {"d", KDB_TYPE(KDB_DATE), false},     {"ts", KDB_TYPE(KDB_TIMESTAMP), false},
        {"ok", KDB_TYPE(KDB_BOOLEAN), false}, {"j", KDB_TYPE(KDB_JSON), false},
        {"s", KDB_TYPE(KDB_SMALLINT), false}};
    const struct bind_column u[] = {{"id", KDB_TYPE(KDB_BIGINT), true},
                                    {"y", KDB_TYPE(KDB_INT), false},
                                    {"b", KDB_TYPE(KDB_TEXT), false},
                                    {"big", KDB_TYPE(KDB_BIGINT), false}};
    const struct bind_column words[] = {{"word", KDB_TYPE(KDB_TEXT), true},
                                        {"n", DECIMAL(6, 3), false}};
    const struct bind_column other[] = {{"id", KDB_TYPE(KDB_INT), true},
                                        {"z", KDB_TYPE(KDB_TEXT), false}};
    bind_put_table(1, "app", "t", t, sizeof(t) / sizeof(t[0]));
    bind_put_table(2, "app", "u", u, sizeof(u) / sizeof(u[0]));
    bind_put_table(3, "app", "words", words, 2);
    bind_put_table(4, "other", "t", other, 2);
}

static inline int bind_setup(void **state)
{
    (void)state;
    kdb_ctx_init(&bind_test.ctx, 0);
    assert_int_equal(kdb_store_mem_open(&bind_test.ctx, &bind_test.store), KDB_OK);
    assert_int_equal(kdb_catalog_open(bind_test.store, &bind_test.ctx, &bind_test.catalog), KDB_OK);
    bind_test.request = (struct kdb_plan_request){
        .space = KDB_LIT("app"), .role = KDB_ROLE_USER, .terms_max = 20000, .depth_max = 500};
    bind_put_tables();
    return 0;
}

static inline int bind_teardown(void **state)
{
    (void)state;
    kdb_catalog_release(bind_test.snapshot);
    kdb_catalog_close(bind_test.catalog);
    kdb_store_close(bind_test.store);
    kdb_ctx_deinit(&bind_test.ctx);
    memset(&bind_test, 0, sizeof(bind_test));
    return 0;
}

// The only statement of a text; lives until the next one is scanned.
static inline const struct kdb_scanned *bind_scan(const char *sql)
{
    struct kdb_scan scan;
    kdb_ctx_reset(&bind_test.ctx);
    if (kdb_sql_scan(kdb_slice_cstr(sql), &bind_test.ctx, &scan) != KDB_OK)
        fail_msg("%s\n does not scan: %s", sql, bind_test.ctx.error.message);
    assert_int_equal(scan.count, 1);
    return &scan.statements[0];
}

// The plan of a statement, which must have one. Unreference it.
static inline struct kdb_plan *bind_plan(const char *sql)
{
    struct kdb_plan *plan = NULL;
    bind_test.request.scanned = bind_scan(sql);
    if (kdb_plan_make(&bind_test.request, &bind_test.ctx, &plan) != KDB_OK)
        fail_msg("%s\n is refused: %s (at %d)", sql, bind_test.ctx.error.message,
                 bind_test.ctx.error.position);
    return plan;
}

static inline void bind_compare(const char *sql, const char *expected, struct kdb_buf *is)
{
    kdb_buf_put(is, '\0');
    if (strcmp(is->data, expected) != 0)
        fail_msg("%s\n gives %s\n not   %s", sql, is->data, expected);
    kdb_buf_deinit(is);
}

// A statement and what it must become.
struct bind_case {
    const char *sql;
    const char *expected;
};

// The columns a client sees, as test_dump_outputs prints them.
static inline void bind_outputs(const struct bind_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        test_dump_outputs(plan, &text);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

// The first output expression of a query.
static inline void bind_targets(const struct bind_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        test_dump_bound(plan, plan->query->targets[0].expr, &text);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

// The WHERE of a query.
static inline void bind_filters(const struct bind_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kdb_plan *plan = bind_plan(cases[i].sql);
        struct kdb_buf text = {0};
        test_dump_bound(plan, plan->query->where, &text);
        kdb_plan_unref(plan);
        bind_compare(cases[i].sql, cases[i].expected, &text);
    }
}

// Statements and the message and place (character, 0: nowhere) they must be refused with.
struct bind_refusal {
    const char *sql;
    const char *message;
    int position;
};

static inline void bind_refused(const char *sql, kdb_status status, const char *message,
                                int position)
{
    struct kdb_plan *plan = NULL;
    bind_test.request.scanned = bind_scan(sql);
    if (kdb_plan_make(&bind_test.request, &bind_test.ctx, &plan) == KDB_OK)
        fail_msg("%s\n is not refused", sql);
    const struct kdb_error *error = &bind_test.ctx.error;
    if (strcmp(error->message, message) != 0 || error->position != position)
        fail_msg("%s\n is refused with: %s (at %d)\n not: %s (at %d)", sql, error->message,
                 error->position, message, position);
    if (status != KDB_OK && error->status != status)
        fail_msg("%s\n is refused as %s", sql, kdb_status_info(error->status)->name);
}

static inline void bind_refusals(const struct bind_refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bind_refused(refusals[i].sql, KDB_OK, refusals[i].message, refusals[i].position);
}

#define BIND_OUTPUTS(cases)     bind_outputs((cases), sizeof(cases) / sizeof((cases)[0]))
#define BIND_TARGETS(cases)     bind_targets((cases), sizeof(cases) / sizeof((cases)[0]))
#define BIND_FILTERS(cases)     bind_filters((cases), sizeof(cases) / sizeof((cases)[0]))
#define BIND_REFUSALS(refusals) bind_refusals((refusals), sizeof(refusals) / sizeof((refusals)[0]))

#define BIND_MAIN(tests)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        return cmocka_run_group_tests(tests, bind_setup, bind_teardown);                           \
    }

#endif
