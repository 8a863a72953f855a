// SPDX-License-Identifier: Apache-2.0
// Schemas: where slots lie, and looking columns up by name and id.
#include "types/schema.h"

#include "types/row.h"
#include "unit/types/value_case.h"

static struct kdb_schema make(struct kdb_arena *arena, const kdb_type *types, uint32_t count)
{
    struct kdb_schema schema = {.version = 1, .column_count = count};
    schema.columns = kdb_arena_array(arena, count, sizeof(*schema.columns));
    for (uint32_t i = 0; i < count; i++) {
        schema.columns[i].id = (int32_t)(2 * i + 1);
        schema.columns[i].name = kdb_arena_printf(arena, "c%u", i);
        schema.columns[i].type = types[i];
    }
    kdb_schema_finish(&schema, arena);
    return schema;
}

static void test_slots_follow_each_other(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    const kdb_type types[] = {KDB_TYPE(KDB_BOOLEAN), KDB_TYPE(KDB_SMALLINT), KDB_TYPE(KDB_TEXT),
                              KDB_TYPE(KDB_INT),     KDB_TYPE(KDB_BYTES),    KDB_TYPE(KDB_BIGINT),
                              KDB_TYPE(KDB_UUID),    KDB_TYPE(KDB_JSON),     DECIMAL(9, 4)};
    const uint32_t offsets[] = {18, 19, 21, 25, 29, 33, 41, 57, 61};
    const uint32_t before[] = {0, 0, 0, 0, 21, 0, 0, 29, 0};
    struct kdb_schema schema = make(&c.ctx.arena, types, 9);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(schema.slots[i].offset, offsets[i]);
        assert_int_equal(schema.slots[i].kind, types[i].kind);
        if (kdb_kind_is_variable(types[i].kind))
            assert_int_equal(schema.slots[i].before, before[i]);
    }
    assert_int_equal(schema.slots[8].scale, 4);
    assert_int_equal(schema.slots[8].precision, 9);
    assert_int_equal(schema.heap_offset, 77);
    assert_int_equal(schema.variable_count, 3);
    assert_int_equal(schema.variable_columns[2], 7);
    case_deinit(&c);
}

static void test_the_bitmap_grows_with_the_columns(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint32_t count = 1; count <= 40; count++) {
        kdb_type types[40];
        for (uint32_t i = 0; i < count; i++)
            types[i] = KDB_TYPE(KDB_BOOLEAN);
        struct kdb_schema schema = make(&c.ctx.arena, types, count);
        assert_int_equal(schema.slots[0].offset, KDB_ROW_HEADER_BYTES + (count + 7) / 8);
        assert_int_equal(schema.heap_offset, schema.slots[0].offset + count);
        assert_int_equal(schema.variable_count, 0);
    }
    case_deinit(&c);
}

static void test_columns_are_found_by_exact_name_and_by_id(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    const kdb_type types[] = {KDB_TYPE(KDB_INT), KDB_TYPE(KDB_INT), KDB_TYPE(KDB_INT)};
    struct kdb_schema schema = make(&c.ctx.arena, types, 3);
    assert_int_equal(kdb_schema_find(&schema, KDB_LIT("c0")), 0);
    assert_int_equal(kdb_schema_find(&schema, KDB_LIT("c2")), 2);
    assert_int_equal(kdb_schema_find(&schema, KDB_LIT("C2")), -1);
    assert_int_equal(kdb_schema_find(&schema, KDB_LIT("c")), -1);
    assert_int_equal(kdb_schema_find(&schema, KDB_LIT("")), -1);
    assert_int_equal(kdb_schema_find_id(&schema, 1), 0);
    assert_int_equal(kdb_schema_find_id(&schema, 3), 1);
    assert_int_equal(kdb_schema_find_id(&schema, 5), 2);
    const int32_t unknown[] = {0, 2, 4, 6, 1000000, INT32_MAX, -1, KDB_COLUMN_DELETED, INT32_MIN};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(kdb_schema_find_id(&schema, unknown[i]), -1);
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_follow_each_other),
        cmocka_unit_test(test_the_bitmap_grows_with_the_columns),
        cmocka_unit_test(test_columns_are_found_by_exact_name_and_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
