// SPDX-License-Identifier: Apache-2.0
// Rows: what goes in comes out, the layout stays as documented, damage is found before it is read.
#include "types/row.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "types/cast.h"
#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

// The same bytes at the end of a block of their own: reading beyond them is seen by the sanitizer.
static char *exact_copy(kdb_slice bytes)
{
    char *copy = kdb_alloc(bytes.len ? bytes.len : 1);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    return copy;
}

static void expect_same_bits(const kdb_value *a, const kdb_value *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->is_null, b->is_null);
    if (a->is_null)
        return;
    if (a->kind == KDB_DECIMAL)
        assert_int_equal(a->scale, b->scale);
    if (a->kind == KDB_DOUBLE)
        assert_memory_equal(&a->real, &b->real, sizeof(a->real));
    assert_true(kdb_value_same(a, b));
}

static void test_random_rows_come_back(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t round = 1; round <= 2000; round++) {
        uint64_t seed = round;
        kdb_ctx_reset(&c.ctx);
        kdb_buf_clear(&c.out);
        struct kdb_schema schema = random_schema(&seed, &c.ctx.arena);
        kdb_value *values = random_values(&seed, &c.ctx.arena, &schema);
        int64_t seq = (int64_t)(kdb_random_next(&seed) >> 1);
        bool is_deleted = seed % 2 == 0;
        KDB_BUF_LIT(&c.out, "before");
        assert_int_equal(kdb_row_encode(&schema, &c.ctx, values, seq, is_deleted, &c.out), KDB_OK);
        kdb_slice encoded = kdb_slice_skip(kdb_buf_view(&c.out), 6);
        char *copy = exact_copy(encoded);
        kdb_slice row = {copy, encoded.len};
        assert_int_equal(kdb_row_check(&schema, &c.ctx, row), KDB_OK);
        assert_int_equal(kdb_row_seq(row), seq);
        assert_int_equal(kdb_row_is_deleted(row), is_deleted);
        assert_int_equal(kdb_row_schema_version(row), schema.version);
        for (uint32_t i = schema.column_count; i-- > 0;) {
            kdb_value by_index;
            kdb_value by_id;
            kdb_row_get(&schema, row, i, &by_index);
            expect_same_bits(&values[i], &by_index);
            kdb_row_get_column(&schema, row, &schema.columns[i], &by_id);
            expect_same_bits(&values[i], &by_id);
        }
        kdb_free(copy);
    }
    case_deinit(&c);
}

// Reads, prints and writes every column.
static void read_all(struct value_case *c, const struct kdb_schema *schema, kdb_slice row)
{
    for (uint32_t i = 0; i < schema->column_count; i++) {
        kdb_value value;
        kdb_row_get(schema, row, i, &value);
        kdb_buf_clear(&c->out);
        if (!value.is_null)
            kdb_value_print(&value, &c->out);
        if (kdb_value_write_json(&value, &c->ctx, &c->out) != KDB_OK)
            kdb_ctx_clear_error(&c->ctx);
    }
}

static void check_damaged(struct value_case *c, const struct kdb_schema *schema, kdb_slice row)
{
    char *copy = exact_copy(row);
    kdb_slice damaged = {copy, row.len};
    if (kdb_row_check(schema, &c->ctx, damaged) == KDB_OK) {
        read_all(c, schema, damaged);
    } else {
        assert_int_equal(c->ctx.error.status, KDB_ERR_CORRUPT);
        kdb_ctx_clear_error(&c->ctx);
    }
    kdb_free(copy);
}

static void test_damaged_rows_never_lead_outside(void **state)
{
    (void)state;
    struct value_case c;
    struct kdb_buf row = {0};
    case_init(&c);
    for (uint64_t round = 1; round <= 60; round++) {
        uint64_t seed = round + 5000;
        kdb_ctx_reset(&c.ctx);
        kdb_buf_clear(&row);
        struct kdb_schema schema = random_schema(&seed, &c.ctx.arena);
        kdb_value *values = random_values(&seed, &c.ctx.arena, &schema);
        assert_int_equal(kdb_row_encode(&schema, &c.ctx, values, 1, false, &row), KDB_OK);
        for (size_t len = 0; len < row.len; len++) {
            assert_int_equal(kdb_row_check(&schema, &c.ctx, (kdb_slice){row.data, len}),
                             KDB_ERR_CORRUPT);
            kdb_ctx_clear_error(&c.ctx);
            check_damaged(&c, &schema, (kdb_slice){row.data, len});
        }
        for (size_t bit = 0; bit < row.len * 8; bit++) {
            row.data[bit / 8] = (char)(row.data[bit / 8] ^ (1 << bit % 8));
            check_damaged(&c, &schema, kdb_buf_view(&row));
            row.data[bit / 8] = (char)(row.data[bit / 8] ^ (1 << bit % 8));
        }
        kdb_buf_put(&row, 'x');
        assert_int_equal(kdb_row_check(&schema, &c.ctx, kdb_buf_view(&row)), KDB_ERR_CORRUPT);
    }
    kdb_buf_deinit(&row);
    case_deinit(&c);
}

// id BIGINT, name TEXT, ok BOOLEAN, tag TEXT, price DECIMAL(5,2).
static struct kdb_schema small_schema(struct kdb_arena *arena)
{
    struct kdb_schema schema = {.version = 3, .column_count = 5};
    const kdb_type types[] = {KDB_TYPE(KDB_BIGINT), KDB_TYPE(KDB_TEXT), KDB_TYPE(KDB_BOOLEAN),
                              KDB_TYPE(KDB_TEXT), DECIMAL(5, 2)};
    const char *const names[] = {"id", "name", "ok", "tag", "price"};
    schema.columns = kdb_arena_array(arena, 5, sizeof(*schema.columns));
    for (int i = 0; i < 5; i++) {
        schema.columns[i].id = i + 1;
        schema.columns[i].name = kdb_slice_cstr(names[i]);
        schema.columns[i].type = types[i];
    }
    kdb_schema_finish(&schema, arena);
    return schema;
}

static void small_row(struct value_case *c, const struct kdb_schema *schema, struct kdb_buf *out)
{
    const kdb_value values[] = {kdb_value_int(KDB_BIGINT, 0x0102030405060708),
                                kdb_value_bytes(KDB_TEXT, KDB_LIT("ann")), kdb_value_bool(true),
                                kdb_value_null(KDB_TEXT), kdb_value_decimal(-12345, 2)};
    assert_int_equal(kdb_row_encode(schema, &c->ctx, values, INT64_C(7) << 22, true, out), KDB_OK);
}

static void test_layout_is_the_documented_one(void **state)
{
    (void)state;
    // Format, flags, columns, schema version, _seq, null bits, id, end of name, ok, end of tag,
    // price, heap.
    static const unsigned char expected[] = {
        0x01, 0x01, 0x05, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x01, 0x00, 0x00,
        0x00, 0x00, 0x08, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x03, 0x00, 0x00,
        0x00, 0x01, 0x03, 0x00, 0x00, 0x00, 0xC7, 0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'a',  'n',  'n'};
    struct value_case c;
    case_init(&c);
    struct kdb_schema schema = small_schema(&c.ctx.arena);
    small_row(&c, &schema, &c.out);
    assert_int_equal(c.out.len, sizeof(expected));
    assert_memory_equal(c.out.data, expected, sizeof(expected));
    case_deinit(&c);
}

static void test_header_fields_can_be_set_later(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    struct kdb_schema schema = small_schema(&c.ctx.arena);
    small_row(&c, &schema, &c.out);
    kdb_slice row = kdb_buf_view(&c.out);
    assert_true(kdb_row_is_deleted(row));
    kdb_row_set_seq(c.out.data, (INT64_C(1500) << 22) | 4095);
    assert_int_equal(kdb_row_seq(row), (INT64_C(1500) << 22) | 4095);
    // 1.5 seconds after 2024-01-01.
    assert_int_equal(kdb_row_updated_us(row), INT64_C(1704067201500000));
    assert_int_equal(kdb_row_check(&schema, &c.ctx, row), KDB_OK);
    case_deinit(&c);
}

static void test_system_columns_come_from_the_header(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    struct kdb_schema schema = small_schema(&c.ctx.arena);
    small_row(&c, &schema, &c.out);
    kdb_slice row = kdb_buf_view(&c.out);
    struct kdb_column column = {.id = KDB_COLUMN_SEQ};
    kdb_value value;
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_BIGINT);
    assert_int_equal(value.integer, INT64_C(7) << 22);
    column.id = KDB_COLUMN_UPDATED;
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_TIMESTAMP);
    assert_int_equal(value.integer, INT64_C(1704067200007000));
    column.id = KDB_COLUMN_DELETED;
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_BOOLEAN);
    assert_true(value.boolean);
    case_deinit(&c);
}

static void test_columns_of_newer_versions(void **state)
{
    (void)state;
    struct value_case c;
    kdb_value value;
    case_init(&c);
    struct kdb_schema schema = small_schema(&c.ctx.arena);
    small_row(&c, &schema, &c.out);
    kdb_slice row = kdb_buf_view(&c.out);
    // Renamed: the id counts.
    struct kdb_column column = {.id = 2, .name = KDB_LIT("other"), .type = KDB_TYPE(KDB_TEXT)};
    kdb_row_get_column(&schema, row, &column, &value);
    assert_slice_equal(value.bytes, "ann");
    // Added without default, with a constant, with a function.
    column = (struct kdb_column){.id = 9, .type = KDB_TYPE(KDB_INT)};
    kdb_row_get_column(&schema, row, &column, &value);
    assert_true(value.is_null);
    assert_int_equal(value.kind, KDB_INT);
    column.default_kind = KDB_DEFAULT_VALUE;
    column.default_value = kdb_value_int(KDB_INT, 42);
    kdb_row_get_column(&schema, row, &column, &value);
    assert_false(value.is_null);
    assert_int_equal(value.integer, 42);
    column.default_kind = KDB_DEFAULT_NOW;
    kdb_row_get_column(&schema, row, &column, &value);
    assert_true(value.is_null);
    case_deinit(&c);
}

static void test_widened_columns(void **state)
{
    (void)state;
    struct value_case c;
    kdb_value value;
    case_init(&c);
    struct kdb_schema schema = {.version = 1, .column_count = 2};
    schema.columns = kdb_arena_array(&c.ctx.arena, 2, sizeof(*schema.columns));
    schema.columns[0] = (struct kdb_column){.id = 1, .type = KDB_TYPE(KDB_SMALLINT)};
    schema.columns[1] = (struct kdb_column){.id = 2, .type = KDB_TYPE(KDB_FLOAT)};
    kdb_schema_finish(&schema, &c.ctx.arena);
    const kdb_value values[] = {kdb_value_int(KDB_SMALLINT, -5), {.kind = KDB_FLOAT, .real = 1.25}};
    assert_int_equal(kdb_row_encode(&schema, &c.ctx, values, 1, false, &c.out), KDB_OK);
    kdb_slice row = kdb_buf_view(&c.out);
    struct kdb_column column = {.id = 1, .type = KDB_TYPE(KDB_BIGINT)};
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_BIGINT);
    assert_int_equal(value.integer, -5);
    column.type = KDB_TYPE(KDB_TEXT);
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_SMALLINT);
    column = (struct kdb_column){.id = 2, .type = KDB_TYPE(KDB_DOUBLE)};
    kdb_row_get_column(&schema, row, &column, &value);
    assert_int_equal(value.kind, KDB_DOUBLE);
    assert_true(value.real == 1.25);
    case_deinit(&c);
}

static void test_a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    struct kdb_schema schema = small_schema(&c.ctx.arena);
    struct kdb_buf out = {.limit = 52};
    const kdb_value values[] = {kdb_value_int(KDB_BIGINT, 1),
                                kdb_value_bytes(KDB_TEXT, KDB_LIT("ann")), kdb_value_bool(true),
                                kdb_value_null(KDB_TEXT), kdb_value_decimal(0, 2)};
    kdb_status status = kdb_row_encode(&schema, &c.ctx, values, 1, false, &out);
    expect_error(&c, status, KDB_ERR_LIMIT_EXCEEDED, "a row of 53 bytes is too large");
    assert_int_equal(out.len, 0);
    kdb_buf_deinit(&out);
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rows_come_back),
        cmocka_unit_test(test_damaged_rows_never_lead_outside),
        cmocka_unit_test(test_layout_is_the_documented_one),
        cmocka_unit_test(test_header_fields_can_be_set_later),
        cmocka_unit_test(test_system_columns_come_from_the_header),
        cmocka_unit_test(test_columns_of_newer_versions),
        cmocka_unit_test(test_widened_columns),
        cmocka_unit_test(test_a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
