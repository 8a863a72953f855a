// SPDX-License-Identifier: Apache-2.0
// Output functions: each kind once, and that what prints reads back as the same value.
#include <math.h>

#include "types/cast.h"
#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

static void test_each_kind(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    const float numbers[] = {1.0F, 0.1F, -1e10F};
    const kdb_value values[] = {
        kdb_value_bool(true),
        kdb_value_int(KDB_SMALLINT, -5),
        kdb_value_int(KDB_BIGINT, INT64_MIN),
        kdb_value_double(0.1),
        {.kind = KDB_FLOAT, .real = (double)0.1F},
        kdb_value_decimal(-50, 2),
        kdb_value_bytes(KDB_TEXT, KDB_LIT("a\0b")),
        kdb_value_bytes(KDB_JSON, KDB_LIT("{ }")),
        kdb_value_bytes(KDB_BYTES, KDB_LIT("\0\xFF")),
        kdb_value_bytes(KDB_EMBEDDING, kdb_slice_of(numbers, sizeof(numbers))),
        {.kind = KDB_UUID, .uuid = {0xA0, [15] = 0x0F}},
        kdb_value_int(KDB_DATE, 0),
        kdb_value_int(KDB_TIME, 1),
        kdb_value_int(KDB_TIMESTAMP, 0),
        kdb_value_int(KDB_DATETIME, 0),
        {.kind = KDB_INTERVAL, .interval = {.days = 2}},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        kdb_value_print(&values[i], &c.out);
        kdb_buf_put(&c.out, '|');
    }
    static const char expected[] =
        "true|-5|-9223372036854775808|0.1|0.1|-0.50|a\0b|{ }|\\x00ff|[1,0.1,-1e+10]|"
        "a0000000-0000-0000-0000-00000000000f|1970-01-01|00:00:00.000001|1970-01-01 00:00:00|"
        "1970-01-01 00:00:00+00|2 days|";
    assert_int_equal(c.out.len, sizeof(expected) - 1);
    assert_memory_equal(c.out.data, expected, sizeof(expected) - 1);
    case_deinit(&c);
}

static void test_what_prints_reads_back(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 12, round = 0; round < 10000; round++) {
        kdb_ctx_reset(&c.ctx);
        kdb_type type = random_type(&seed);
        kdb_value value = random_value(&seed, &c.ctx.arena, type);
        // Random bytes are no JSON; text is no FILE; dates before year 1 are not read.
        bool is_point = type.kind == KDB_TIMESTAMP || type.kind == KDB_DATETIME;
        if (type.kind == KDB_JSON || type.kind == KDB_FILE ||
            (is_point && value.integer < INT64_C(-62135596800000000)) ||
            (is_point && value.integer > INT64_C(9223339708799999999)) ||
            (type.kind == KDB_DATE && (value.integer < -719162 || value.integer > 2145042541)))
            continue;
        kdb_buf_clear(&c.out);
        kdb_value_print(&value, &c.out);
        kdb_value read;
        if (kdb_value_parse(kdb_buf_view(&c.out), &c.ctx, type, &read) != KDB_OK)
            fail_msg("%.*s: %s", KDB_ARG(kdb_buf_view(&c.out)), c.ctx.error.message);
        assert_true(kdb_value_same(&value, &read));
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_what_prints_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
