// SPDX-License-Identifier: Apache-2.0
// Cold rows as text, run by the engine: the same rows as a model has, whatever the segments, hot
// keys, tombstones and columns asked for.
#include "segment_fixture.h"

#define KEYS 3000

// The newest cold version of each key, its _seq and whether it is a tombstone.
struct version {
    int64_t seq; // 0: none
    bool is_deleted;
};

struct model {
    struct kdb_table *table;
    struct version keys[KEYS];
    int64_t next_seq;
};

static struct model *make_model(uint32_t id, const char *name)
{
    struct model *model = kdb_alloc(sizeof(*model));
    model->table = fixture_plain_table(id, name);
    model->next_seq = 1;
    return model;
}

static void drop_model(struct model *model)
{
    kdb_table_unref(model->table);
    kdb_free(model);
}

// Every `tombstones`-th version is one; 0: none.
static void add_segment(struct segment_fixture *fixture, struct model *model, int64_t first,
                        int64_t end, int64_t tombstones)
{
    struct kdb_arena *arena = &model->table->arena;
    struct fixture_row *rows = kdb_arena_array(arena, (size_t)(end - first), sizeof(*rows));
    for (int64_t id = first; id < end; id++) {
        struct version version = {model->next_seq, false};
        version.is_deleted = tombstones > 0 && version.seq % tombstones == 0;
        model->next_seq++;
        rows[id - first] =
            fixture_plain_row(fixture, arena, model->table, id, version.seq, version.is_deleted);
        model->keys[id] = version;
    }
    fixture_add_segment(fixture, model->table, KDB_LIT("o'neil"), rows, (size_t)(end - first));
}

// ---- running ----

struct query {
    struct kdb_cold_text text;
    bool has_hot; // every fifth key
};

static kdb_slice run_text(struct segment_fixture *fixture, const struct query *query,
                          const char *select, struct kdb_engine_result *ret)
{
    struct kdb_buf text = {0};
    kdb_buf_slice(&text, kdb_slice_cstr(select));
    KDB_BUF_LIT(&text, " FROM (");
    assert_true(kdb_cold_write_text(&query->text, &text));
    KDB_BUF_LIT(&text, ") ORDER BY ALL");
    kdb_slice sql = kdb_arena_copy(&fixture->ctx.arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    const struct kdb_engine_statement statement = {.sql = sql, .is_one_shot = true};
    expect_ok(fixture, kdb_engine_query(fixture->reader, &fixture->ctx, &statement, ret));
    return sql;
}

static const char *hot_keys(void)
{
    return "(SELECT range AS k FROM range(0, 3000, 5))";
}

// id, body, _seq, _updated, _deleted in an order of their own.
static const struct kdb_cold_column all_columns[] = {
    {.index = 0, .column_id = 1, .type = {.kind = KDB_BIGINT}},
    {.index = 3, .column_id = KDB_COLUMN_SEQ, .type = {.kind = KDB_BIGINT}},
    {.index = 5, .column_id = KDB_COLUMN_DELETED, .type = {.kind = KDB_BOOLEAN}},
    {.index = 4, .column_id = KDB_COLUMN_UPDATED, .type = {.kind = KDB_TIMESTAMP}},
    {.index = 1, .column_id = 2, .type = {.kind = KDB_TEXT}}};

static void expect_model(struct segment_fixture *fixture, const struct model *model, bool has_hot,
                         bool keeps_deleted)
{
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("o'neil"));
    struct query query = {.text = {.manifest = manifest,
                                   .table = model->table,
                                   .columns = all_columns,
                                   .column_count = 5,
                                   .keeps_deleted = keeps_deleted}};
    if (has_hot)
        query.text.hot_keys = kdb_slice_cstr(hot_keys());
    struct kdb_engine_result result;
    (void)run_text(fixture, &query, "SELECT c0, c3, c5, c4, c1", &result);
    uint64_t at = 0;
    for (int64_t id = 0; id < KEYS; id++) {
        const struct version *version = &model->keys[id];
        bool is_expected = version->seq > 0 && (keeps_deleted || !version->is_deleted) &&
                           !(has_hot && id % 5 == 0);
        if (!is_expected)
            continue;
        assert_true(at < result.row_count);
        const kdb_value *row = &result.values[5 * at++];
        assert_int_equal(row[0].integer, id);
        assert_int_equal(row[1].integer, version->seq);
        assert_int_equal(row[2].boolean, version->is_deleted);
        assert_int_equal(row[3].integer, kdb_snowflake_ms(version->seq) * 1000);
        kdb_slice body = kdb_arena_printf(&fixture->ctx.arena, "row %lld at %lld", (long long)id,
                                          (long long)version->seq);
        assert_true(kdb_slice_equal(row[4].bytes, body));
    }
    assert_int_equal(at, result.row_count);
    // No column at all: rows are counted.
    query.text.column_count = 1;
    query.text.columns = &all_columns[4]; // without the key
    (void)run_text(fixture, &query, "SELECT count(*)", &result);
    assert_int_equal(result.values[0].integer, at);
    kdb_manifest_unref(manifest);
}

static void expect_every_way(struct segment_fixture *fixture, const struct model *model)
{
    for (int i = 0; i < 4; i++)
        expect_model(fixture, model, i % 2 == 1, i / 2 == 1);
    kdb_ctx_reset(&fixture->ctx);
}

static void segments_side_by_side(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(1, "apart");
    add_segment(fixture, model, 2000, 3000, 0);
    expect_every_way(fixture, model);
    add_segment(fixture, model, 0, 1000, 7);
    expect_every_way(fixture, model);
    drop_model(model);
}

static void segments_over_each_other(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(2, "over");
    add_segment(fixture, model, 0, 1000, 0);
    add_segment(fixture, model, 500, 1500, 3);
    expect_every_way(fixture, model);
    add_segment(fixture, model, 1400, 2500, 0);
    add_segment(fixture, model, 2600, 3000, 4); // alone
    add_segment(fixture, model, 100, 900, 0);   // over a tombstone and a live row
    expect_every_way(fixture, model);
    drop_model(model);
}

static void the_same_version_twice_counts_once(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(3, "twice");
    add_segment(fixture, model, 0, 100, 0);
    model->next_seq = 1; // the same versions again
    add_segment(fixture, model, 0, 50, 0);
    expect_every_way(fixture, model);
    drop_model(model);
}

static void added_columns_have_their_default(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(4, "added");
    add_segment(fixture, model, 0, 10, 0);
    const kdb_value missing = kdb_value_bytes(KDB_TEXT, KDB_LIT("it's"));
    const struct kdb_cold_column columns[] = {
        {.index = 0, .column_id = 9, .type = {.kind = KDB_TEXT}, .missing = &missing},
        {.index = 1, .column_id = 10, .type = {.kind = KDB_UUID}},
        {.index = 2, .column_id = 3, .type = {.kind = KDB_BIGINT}}}; // widened since
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("o'neil"));
    const struct query query = {
        .text = {
            .manifest = manifest, .table = model->table, .columns = columns, .column_count = 3}};
    struct kdb_engine_result result;
    (void)run_text(fixture, &query, "SELECT c0, c1, c2", &result);
    assert_int_equal(result.row_count, 10);
    for (uint64_t i = 0; i < 10; i++) {
        assert_slice_equal(result.values[3 * i].bytes, "it's");
        assert_true(result.values[3 * i + 1].is_null);
        assert_int_equal(result.values[3 * i + 2].kind, KDB_BIGINT);
    }
    kdb_manifest_unref(manifest);
    drop_model(model);
}

// ---- what is left out ----

static bool skips_all(void *self, const struct kdb_segment *segment)
{
    (void)segment;
    ++*(unsigned *)self;
    return true;
}

static kdb_slice key_of(struct kdb_arena *arena, int64_t id)
{
    struct kdb_buf key = {0};
    kdb_key_i64(&key, id);
    kdb_slice copy = kdb_arena_copy(arena, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    return copy;
}

static unsigned count_files(kdb_slice sql)
{
    unsigned count = 0;
    for (size_t at = 0; (at = kdb_slice_find(sql, KDB_LIT(".parquet"), at)) != SIZE_MAX; at++)
        count++;
    return count;
}

static void files_that_cannot_matter_are_left_out(void **state)
{
    struct segment_fixture *fixture = *state;
    struct model *model = make_model(5, "pruned");
    add_segment(fixture, model, 0, 1000, 0);
    add_segment(fixture, model, 1000, 2000, 0);
    add_segment(fixture, model, 1500, 2500, 0);
    struct kdb_manifest *manifest = fixture_manifest(fixture, model->table, KDB_LIT("o'neil"));
    unsigned asked = 0;
    struct query query = {.text = {.manifest = manifest,
                                   .table = model->table,
                                   .columns = all_columns,
                                   .column_count = 1}};
    struct kdb_arena *arena = &fixture->ctx.arena;
    struct kdb_engine_result result;
    query.text.range =
        (struct kdb_cold_range){.first = key_of(arena, 10), .end = key_of(arena, 20)};
    kdb_slice sql = run_text(fixture, &query, "SELECT count(*)", &result);
    assert_int_equal(count_files(sql), 1);
    assert_int_equal(kdb_slice_find(sql, KDB_LIT("row_number"), 0), SIZE_MAX);
    assert_int_equal(result.values[0].integer, 1000);
    // Between 1000 and 1500 the second stands alone.
    query.text.range.first = key_of(arena, 1100);
    query.text.range.end = key_of(arena, 1200);
    sql = run_text(fixture, &query, "SELECT count(*)", &result);
    assert_int_equal(count_files(sql), 1);
    assert_int_equal(kdb_slice_find(sql, KDB_LIT("row_number"), 0), SIZE_MAX);
    query.text.range.end = key_of(arena, 1501);
    sql = run_text(fixture, &query, "SELECT count(*)", &result);
    assert_int_equal(count_files(sql), 2);
    assert_true(kdb_slice_find(sql, KDB_LIT("row_number"), 0) != SIZE_MAX);
    assert_int_equal(result.values[0].integer, 1500);
    // Statistics are asked only where no other version can come up.
    query.text.range = (struct kdb_cold_range){0};
    query.text.skip = (struct kdb_segment_skip){skips_all, &asked};
    sql = run_text(fixture, &query, "SELECT count(*)", &result);
    assert_int_equal(asked, 1);
    assert_int_equal(count_files(sql), 2);
    struct kdb_buf text = {0};
    query.text.range = (struct kdb_cold_range){.first = key_of(arena, 5000)};
    assert_false(kdb_cold_write_text(&query.text, &text));
    assert_int_equal(text.len, 0);
    query.text.range = (struct kdb_cold_range){.end = key_of(arena, 900)};
    assert_false(kdb_cold_write_text(&query.text, &text)); // skipped
    assert_int_equal(text.len, 0);
    kdb_buf_deinit(&text);
    kdb_manifest_unref(manifest);
    drop_model(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(segments_side_by_side, fixture_reset),
        cmocka_unit_test_setup(segments_over_each_other, fixture_reset),
        cmocka_unit_test_setup(the_same_version_twice_counts_once, fixture_reset),
        cmocka_unit_test_setup(added_columns_have_their_default, fixture_reset),
        cmocka_unit_test_setup(files_that_cannot_matter_are_left_out, fixture_reset),
    };
    return cmocka_run_group_tests(tests, fixture_open_with_engine, fixture_close);
}
