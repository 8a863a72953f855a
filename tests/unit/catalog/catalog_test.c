// SPDX-License-Identifier: Apache-2.0
// Definitions: stored and read back exactly, changed all or nothing, old snapshots untouched,
// damage refused.
#include "catalog/catalog.h"

#include "base/alloc.h"
#include "catalog/definition.h"
#include "lib/test.h"

struct fixture {
    struct kdb_ctx ctx;
    struct kdb_store *store;
    struct kdb_catalog *catalog;
};

static int setup(void **state)
{
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    assert_int_equal(kdb_store_mem_open(&f->ctx, &f->store), KDB_OK);
    assert_int_equal(kdb_catalog_open(f->store, &f->ctx, &f->catalog), KDB_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_catalog_close(f->catalog);
    kdb_store_close(f->store);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    kdb_catalog_close(f->catalog);
    assert_int_equal(kdb_catalog_open(f->store, &f->ctx, &f->catalog), KDB_OK);
}

// A table with a column of several kinds and defaults.
static struct kdb_table *make_table(uint32_t id, const char *name)
{
    struct kdb_table *table = kdb_table_create();
    struct kdb_arena *arena = &table->arena;
    table->id = id;
    table->space = kdb_arena_copy(arena, KDB_LIT("app"));
    table->name = kdb_arena_copy(arena, kdb_slice_cstr(name));
    table->owner = kdb_arena_copy(arena, KDB_LIT("o'neil"));
    table->storage_id = kdb_arena_copy(arena, KDB_LIT("local"));
    table->location = kdb_arena_copy(arena, KDB_LIT("/x/${user_id}/y"));
    table->has_flush_policy = true;
    table->flush = (struct kdb_flush_policy){500, 60};
    table->retention_ms = 7;
    table->next_column_id = 5;
    struct kdb_schema *schema = KDB_ARENA_NEW(arena, struct kdb_schema);
    schema->version = 1;
    schema->column_count = 4;
    schema->key_index = 1;
    schema->columns = kdb_arena_array(arena, 4, sizeof(struct kdb_column));
    schema->columns[0] =
        (struct kdb_column){.id = 1,
                            .name = KDB_LIT("Name \"x\""),
                            .type = KDB_TYPE(KDB_TEXT),
                            .default_kind = KDB_DEFAULT_VALUE,
                            .default_value = kdb_value_bytes(KDB_TEXT, KDB_LIT("it's\n"))};
    schema->columns[1] = (struct kdb_column){.id = 2,
                                             .name = KDB_LIT("id"),
                                             .type = KDB_TYPE(KDB_BIGINT),
                                             .is_not_null = true,
                                             .default_kind = KDB_DEFAULT_SNOWFLAKE_ID};
    schema->columns[2] =
        (struct kdb_column){.id = 3,
                            .name = KDB_LIT("price"),
                            .type = {.kind = KDB_DECIMAL, .precision = 10, .scale = 2},
                            .default_kind = KDB_DEFAULT_VALUE,
                            .default_value = kdb_value_decimal(-50, 2)};
    schema->columns[3] = (struct kdb_column){.id = 4,
                                             .name = KDB_LIT("gone"),
                                             .type = KDB_TYPE(KDB_DATE),
                                             .default_kind = KDB_DEFAULT_VALUE,
                                             .default_value = kdb_value_null(KDB_DATE)};
    kdb_schema_finish(schema, arena);
    table->schemas = kdb_arena_array(arena, 1, sizeof(struct kdb_schema *));
    table->schemas[0] = schema;
    table->schema_count = 1;
    table->schema = schema;
    return table;
}

static void assert_same_table(const struct kdb_table *a, const struct kdb_table *b)
{
    assert_int_equal(a->id, b->id);
    assert_true(kdb_slice_equal(a->name, b->name) && kdb_slice_equal(a->owner, b->owner));
    assert_true(kdb_slice_equal(a->location, b->location));
    assert_int_equal(a->flush.rows, b->flush.rows);
    assert_int_equal(a->flush.interval_seconds, b->flush.interval_seconds);
    assert_int_equal(a->retention_ms, b->retention_ms);
    assert_int_equal(a->schema->column_count, b->schema->column_count);
    assert_int_equal(a->schema->key_index, b->schema->key_index);
    for (uint32_t i = 0; i < a->schema->column_count; i++) {
        const struct kdb_column *x = &a->schema->columns[i];
        const struct kdb_column *y = &b->schema->columns[i];
        assert_int_equal(x->id, y->id);
        assert_true(kdb_slice_equal(x->name, y->name));
        assert_true(kdb_type_equal(x->type, y->type));
        assert_int_equal(x->is_not_null, y->is_not_null);
        assert_int_equal(x->default_kind, y->default_kind);
        if (x->default_kind == KDB_DEFAULT_VALUE)
            assert_true(kdb_value_same(&x->default_value, &y->default_value));
    }
}

static void test_table_round_trip(void **state)
{
    struct fixture *f = *state;
    struct kdb_table *table = make_table(3, "t");
    struct kdb_buf json = {0};
    kdb_table_write(table, &json);
    struct kdb_table *read;
    assert_int_equal(kdb_table_read(kdb_buf_view(&json), &f->ctx, &read), KDB_OK);
    assert_same_table(table, read);
    kdb_table_unref(read);
    // Cut anywhere it is refused, never misread.
    for (size_t len = 0; len < json.len; len++) {
        kdb_ctx_reset(&f->ctx);
        assert_int_equal(kdb_table_read(kdb_slice_of(json.data, len), &f->ctx, &read),
                         KDB_ERR_CORRUPT);
    }
    kdb_buf_deinit(&json);
    kdb_table_unref(table);
}

// A text that is no definition of ours: an error, never a broken table.
static void test_damaged_tables_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const columns[] = {
        "",
        "{\"id\":1,\"name\":\"a\",\"kind\":3},{\"id\":1,\"name\":\"b\",\"kind\":3}",
        "{\"id\":1,\"name\":\"a\",\"kind\":3},{\"id\":2,\"name\":\"a\",\"kind\":3}",
        "{\"id\":0,\"name\":\"a\",\"kind\":3}",
        "{\"id\":2000000000,\"name\":\"a\",\"kind\":3}",
        "{\"id\":1,\"kind\":3}",
        "{\"id\":1,\"name\":\"a\",\"kind\":18}",
        "{\"id\":1,\"name\":\"a\",\"kind\":11}", // JSON is no key
        "{\"id\":1,\"name\":\"a\",\"kind\":15}",
        "{\"id\":1,\"name\":\"a\",\"kind\":15,\"precision\":266,\"scale\":2}",
        "{\"id\":1,\"name\":\"a\",\"kind\":15,\"precision\":10,\"scale\":11}",
        "{\"id\":1,\"name\":\"a\",\"kind\":3},{\"id\":2,\"name\":\"b\",\"kind\":13}"};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        kdb_slice json = kdb_arena_printf(
            &f->ctx.arena,
            "{\"format\":1,\"id\":7,\"namespace\":\"app\",\"name\":\"t\",\"kind\":\"user\","
            "\"schemas\":[{\"version\":1,\"key\":0,\"columns\":[%s]}]}",
            columns[i]);
        struct kdb_table *table;
        assert_int_equal(kdb_table_read(json, &f->ctx, &table), KDB_ERR_CORRUPT);
        kdb_ctx_clear_error(&f->ctx);
    }
}

static void test_newer_format_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kdb_namespace *space;
    assert_int_equal(kdb_namespace_read(KDB_LIT("{\"format\":2,\"name\":\"x\"}"), &f->ctx, &space),
                     KDB_ERR_UNAVAILABLE);
}

static void commit(struct fixture *f, struct kdb_catalog_change *change)
{
    assert_int_equal(kdb_store_commit(f->store, &f->ctx, change->batch, KDB_COMMIT_SYNC), KDB_OK);
    kdb_catalog_publish(change);
}

static uint32_t add_table(struct fixture *f, const char *name)
{
    struct kdb_catalog_change change;
    kdb_catalog_begin(f->catalog, f->store, &change);
    uint32_t id = kdb_catalog_next_table_id(&change);
    struct kdb_table *table = make_table(id, name);
    kdb_catalog_put_table(&change, table);
    kdb_table_unref(table);
    commit(f, &change);
    return id;
}

static void test_changes_are_seen_by_new_snapshots_only(void **state)
{
    struct fixture *f = *state;
    struct kdb_catalog_snapshot *before = kdb_catalog_acquire(f->catalog);
    uint32_t id = add_table(f, "t");
    struct kdb_catalog_snapshot *after = kdb_catalog_acquire(f->catalog);
    assert_null(kdb_catalog_table(before, KDB_LIT("app"), KDB_LIT("t")));
    struct kdb_table *table = kdb_catalog_table(after, KDB_LIT("app"), KDB_LIT("t"));
    assert_non_null(table);
    assert_ptr_equal(kdb_catalog_table_by_id(after, id), table);
    assert_false(atomic_load(&table->is_obsolete));
    kdb_catalog_release(before);

    struct kdb_catalog_change change;
    kdb_catalog_begin(f->catalog, f->store, &change);
    kdb_catalog_remove_table(&change, table);
    commit(f, &change);
    assert_true(atomic_load(&table->is_obsolete)); // plans that hold it notice
    assert_ptr_equal(kdb_catalog_table(after, KDB_LIT("app"), KDB_LIT("t")), table);
    kdb_catalog_release(after);
    after = kdb_catalog_acquire(f->catalog);
    assert_null(kdb_catalog_table(after, KDB_LIT("app"), KDB_LIT("t")));
    kdb_catalog_release(after);
}

static void test_abandoned_change_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t version = kdb_catalog_version(f->catalog);
    struct kdb_catalog_change change;
    kdb_catalog_begin(f->catalog, f->store, &change);
    const struct kdb_namespace like = {.name = KDB_LIT("app")};
    struct kdb_namespace *space = kdb_namespace_create(&like);
    kdb_catalog_put_namespace(&change, space);
    kdb_namespace_unref(space);
    kdb_catalog_abandon(&change);
    assert_int_equal(kdb_catalog_version(f->catalog), version);
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(f->catalog);
    assert_null(kdb_catalog_namespace(snapshot, KDB_LIT("app")));
    kdb_catalog_release(snapshot);
}

static void test_everything_survives_reopening(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add_table(f, "t");
    struct kdb_catalog_change change;
    kdb_catalog_begin(f->catalog, f->store, &change);
    const struct kdb_user like = {.id = KDB_LIT("a:b"),
                                  .password_hash = KDB_LIT("$argon2id$x"),
                                  .auth_type = KDB_LIT("Password"),
                                  .role = KDB_ROLE_SERVICE,
                                  .created_at_us = 12,
                                  .deleted_at_us = 34};
    struct kdb_user *user = kdb_user_create(&like);
    kdb_catalog_put_user(&change, user);
    kdb_user_unref(user);
    commit(f, &change);
    reopen(f);
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(f->catalog);
    struct kdb_table *expected = make_table(id, "t");
    assert_same_table(kdb_catalog_table(snapshot, KDB_LIT("app"), KDB_LIT("t")), expected);
    kdb_table_unref(expected);
    const struct kdb_user *read = kdb_catalog_user(snapshot, KDB_LIT("a:b"));
    assert_int_equal(read->role, KDB_ROLE_SERVICE);
    assert_int_equal(read->deleted_at_us, 34);
    assert_slice_equal(read->password_hash, "$argon2id$x");
    kdb_catalog_release(snapshot);
    assert_true(add_table(f, "u") > id); // numbers are never used twice
}

static void test_system_tables_are_there(void **state)
{
    struct fixture *f = *state;
    struct kdb_catalog_snapshot *snapshot = kdb_catalog_acquire(f->catalog);
    const struct kdb_table *jobs = kdb_catalog_table(snapshot, KDB_LIT("system"), KDB_LIT("jobs"));
    assert_non_null(jobs);
    assert_true(jobs->is_admin_only);
    assert_int_equal(kdb_schema_find(jobs->schema, KDB_LIT("job_id")), 0);
    assert_true(kdb_schema_find(jobs->schema, KDB_LIT("metrics")) > 0);
    const struct kdb_table *columns =
        kdb_catalog_table(snapshot, KDB_LIT("information_schema"), KDB_LIT("columns"));
    assert_non_null(columns);
    assert_false(columns->is_admin_only);
    kdb_catalog_release(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_tables_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_format_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_are_seen_by_new_snapshots_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_abandoned_change_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_everything_survives_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_system_tables_are_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
