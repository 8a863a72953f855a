// SPDX-License-Identifier: Apache-2.0
// Schema files: what they say, that they are replaced whole, removed, and repaired at start.
#include "segments/schema_files.h"

#include "base/json_read.h"
#include "segment_fixture.h"

static const char *path_of(struct segment_fixture *fixture, const char *name)
{
    return kdb_arena_printf(&fixture->ctx.arena, "%s/schemas/app/%s", fixture->folder, name).data;
}

static kdb_slice read_file(struct segment_fixture *fixture, const char *name)
{
    FILE *file = fopen(path_of(fixture, name), "r");
    if (!file)
        return (kdb_slice){0};
    char *text = kdb_arena_alloc(&fixture->ctx.arena, 65536);
    size_t len = fread(text, 1, 65536, file);
    (void)fclose(file);
    return kdb_slice_of(text, len);
}

static const struct kdb_json *parse(struct segment_fixture *fixture, kdb_slice text)
{
    const struct kdb_json_limits limits = {.size_max = 65536, .depth_max = 16};
    const struct kdb_json *root;
    expect_ok(fixture, kdb_json_parse(&fixture->ctx, text, &limits, &root));
    return root;
}

static const struct kdb_json *member(const struct kdb_json *object, const char *name)
{
    const struct kdb_json *found = kdb_json_get(object, kdb_slice_cstr(name));
    if (!found)
        fail_msg("no member %s", name);
    return found;
}

static struct kdb_table *wide_table(uint32_t id, const char *name)
{
    static const struct kdb_column columns[] = {
        {.id = 1,
         .type = {.kind = KDB_BIGINT},
         .is_not_null = true,
         .default_kind = KDB_DEFAULT_SNOWFLAKE_ID},
        {.id = 2,
         .type = {.kind = KDB_TEXT},
         .default_kind = KDB_DEFAULT_VALUE,
         .default_value = {.bytes = {"it's \"new\"", 10}, .kind = KDB_TEXT},
         .comment = {"line\nbreak", 10}},
        {.id = 3, .type = {.kind = KDB_DECIMAL, .precision = 10, .scale = 2}},
        {.id = 4, .type = {.kind = KDB_DATETIME}},
        {.id = 5, .type = {.kind = KDB_EMBEDDING, .dimension = 3}},
        {.id = 6, .type = {.kind = KDB_UUID}},
        {.id = 7, .type = {.kind = KDB_BOOLEAN}},
        {.id = 8, .type = {.kind = KDB_SMALLINT}},
        {.id = 9, .type = {.kind = KDB_INT}},
        {.id = 10, .type = {.kind = KDB_FLOAT}},
        {.id = 11, .type = {.kind = KDB_DOUBLE}},
        {.id = 12, .type = {.kind = KDB_DATE}},
        {.id = 13, .type = {.kind = KDB_TIME}},
        {.id = 14, .type = {.kind = KDB_TIMESTAMP}},
        {.id = 15, .type = {.kind = KDB_BYTES}},
        {.id = 16, .type = {.kind = KDB_JSON}},
        {.id = 17, .type = {.kind = KDB_FILE}}};
    struct kdb_table *table = fixture_table(id, name);
    table->owner = KDB_LIT("alice");
    table->storage_id = KDB_LIT("local");
    table->has_flush_policy = true;
    table->flush = (struct kdb_flush_policy){500, 60};
    table->retention_ms = 3600000;
    table->created_at_us = INT64_C(1770000000000000);
    (void)fixture_add_schema(table, columns, 17);
    return table;
}

static void files_describe_the_table(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = wide_table(7, "wide");
    expect_ok(fixture, kdb_schema_files_write(fixture->service, &fixture->ctx, table));
    kdb_slice text = read_file(fixture, "wide/schema_v1.json");
    assert_true(kdb_slice_find(text, KDB_LIT("\n  \"arrow_schema\": {\n    \"fields\": [\n"), 0) !=
                SIZE_MAX);
    const struct kdb_json *root = parse(fixture, text);
    assert_int_equal(member(root, "version")->integer, 1);
    assert_int_equal(member(root, "table_id")->integer, 7);
    const struct kdb_json *fields = member(member(root, "arrow_schema"), "fields");
    assert_int_equal(fields->count, 20);
    const struct kdb_json *id = fields->first;
    assert_slice_equal(member(id, "name")->text, "c1");
    assert_slice_equal(member(id, "data_type")->text, "Int64");
    assert_int_equal(member(id, "nullable")->integer, 0);
    assert_slice_equal(member(member(id, "metadata"), "PARQUET:field_id")->text, "1");
    assert_slice_equal(member(member(id, "metadata"), "kalamdb:default_function")->text,
                       "SNOWFLAKE_ID()");
    const struct kdb_json *body = id->next;
    assert_slice_equal(member(member(body, "metadata"), "kalamdb:default")->text, "it's \"new\"");
    assert_slice_equal(member(member(body, "metadata"), "comment")->text, "line\nbreak");
    const struct kdb_json *price = body->next;
    assert_int_equal(member(member(price, "data_type"), "Decimal128")->first->integer, 10);
    const struct kdb_json *options = member(root, "options");
    assert_slice_equal(member(options, "table_type")->text, "USER");
    assert_slice_equal(member(options, "primary_key")->text, "c1");
    assert_slice_equal(member(options, "column_family")->text, "user_table:app:wide");
    assert_slice_equal(member(member(options, "flush_policy"), "type")->text, "combined");
    assert_int_equal(member(options, "location")->type, KDB_JSON_NULL);
    assert_true(kdb_slice_equal(read_file(fixture, "wide/current.json"), text));
    struct stat about;
    assert_int_equal(lstat(path_of(fixture, "wide/current.json"), &about), 0);
    assert_true(S_ISREG(about.st_mode)); // a copy, not a link
    const struct kdb_json *list = parse(fixture, read_file(fixture, "wide/manifest.json"));
    assert_int_equal(member(list, "current_version")->integer, 1);
    assert_slice_equal(member(member(list, "versions")->first, "file")->text, "schema_v1.json");
    assert_int_equal(fixture_count_files(path_of(fixture, "wide"), ""), 3);
    kdb_table_unref(table);
}

static void alter_adds_a_version(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = wide_table(8, "altered");
    expect_ok(fixture, kdb_schema_files_write(fixture->service, &fixture->ctx, table));
    kdb_slice first = read_file(fixture, "altered/schema_v1.json");
    (void)fixture_add_schema(table, table->schema->columns, 5);
    expect_ok(fixture, kdb_schema_files_write(fixture->service, &fixture->ctx, table));
    assert_true(kdb_slice_equal(read_file(fixture, "altered/schema_v1.json"), first));
    kdb_slice second = read_file(fixture, "altered/schema_v2.json");
    assert_true(kdb_slice_equal(read_file(fixture, "altered/current.json"), second));
    assert_int_equal(member(parse(fixture, second), "version")->integer, 2);
    assert_int_equal(
        member(parse(fixture, read_file(fixture, "altered/manifest.json")), "versions")->count, 2);
    kdb_schema_files_remove(fixture->service, &fixture->ctx, table);
    assert_null(read_file(fixture, "altered/schema_v1.json").data);
    assert_int_not_equal(access(path_of(fixture, "altered"), F_OK), 0);
    kdb_schema_files_remove(fixture->service, &fixture->ctx, table); // nothing is left to do
    assert_int_equal(fixture->ctx.error.status, KDB_OK);
    kdb_table_unref(table);
}

static void start_repairs_what_is_wrong(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_catalog *catalog = NULL;
    expect_ok(fixture, kdb_catalog_open(fixture->store, &fixture->ctx, &catalog));
    struct kdb_catalog_change change;
    kdb_catalog_begin(catalog, fixture->store, &change);
    struct kdb_table *known = wide_table(20, "known");
    struct kdb_table *ghost = wide_table(21, "ghost");
    kdb_catalog_put_table(&change, known);
    uint32_t changed = 0;
    expect_ok(fixture, kdb_schema_files_write(fixture->service, &fixture->ctx, ghost));
    expect_ok(fixture,
              kdb_schema_files_repair(fixture->service, &fixture->ctx, change.next, &changed));
    assert_true(changed >= 2);
    assert_non_null(read_file(fixture, "known/current.json").data);
    assert_null(read_file(fixture, "ghost/current.json").data);
    expect_ok(fixture,
              kdb_schema_files_repair(fixture->service, &fixture->ctx, change.next, &changed));
    assert_int_equal(changed, 0);
    // Cut short by a power failure; lost.
    kdb_slice whole = read_file(fixture, "known/schema_v1.json");
    assert_int_equal(truncate(path_of(fixture, "known/schema_v1.json"), 0), 0);
    assert_int_equal(unlink(path_of(fixture, "known/manifest.json")), 0);
    expect_ok(fixture,
              kdb_schema_files_repair(fixture->service, &fixture->ctx, change.next, &changed));
    assert_int_equal(changed, 1);
    assert_true(kdb_slice_equal(read_file(fixture, "known/schema_v1.json"), whole));
    assert_non_null(read_file(fixture, "known/manifest.json").data);
    kdb_catalog_abandon(&change);
    kdb_catalog_close(catalog);
    kdb_table_unref(known);
    kdb_table_unref(ghost);
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
    struct segment_fixture *fixture = *state;
    struct kdb_table *table = wide_table(30, "blocked");
    FILE *file = fopen(path_of(fixture, "blocked"), "w");
    assert_non_null(file);
    (void)fclose(file);
    kdb_status status = kdb_schema_files_write(fixture->service, &fixture->ctx, table);
    assert_null(strstr(fixture->ctx.error.message, fixture->folder));
    expect_failure(fixture, status, KDB_ERR_IO, "schema files: ");
    kdb_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_describe_the_table, fixture_reset),
        cmocka_unit_test_setup(alter_adds_a_version, fixture_reset),
        cmocka_unit_test_setup(start_repairs_what_is_wrong, fixture_reset),
        cmocka_unit_test_setup(a_folder_that_cannot_be_written_is_said, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
