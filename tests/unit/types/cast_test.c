// SPDX-License-Identifier: Apache-2.0
// Casts: which pairs exist at which strength, and PostgreSQL's results and messages.
#include "types/cast.h"

#include <math.h>

#include "unit/types/random_value.h"
#include "unit/types/value_case.h"

struct pair {
    kdb_kind from;
    kdb_kind to;
    char strength; // i, a, e as in pg_cast
};

// PostgreSQL's pg_cast among these types, without the casts to and from text.
static const struct pair pg_cast[] = {
    {KDB_BOOLEAN, KDB_INT, 'e'},
    {KDB_SMALLINT, KDB_INT, 'i'},
    {KDB_SMALLINT, KDB_BIGINT, 'i'},
    {KDB_SMALLINT, KDB_FLOAT, 'i'},
    {KDB_SMALLINT, KDB_DOUBLE, 'i'},
    {KDB_SMALLINT, KDB_DECIMAL, 'i'},
    {KDB_INT, KDB_BOOLEAN, 'e'},
    {KDB_INT, KDB_SMALLINT, 'a'},
    {KDB_INT, KDB_BIGINT, 'i'},
    {KDB_INT, KDB_FLOAT, 'i'},
    {KDB_INT, KDB_DOUBLE, 'i'},
    {KDB_INT, KDB_DECIMAL, 'i'},
    {KDB_BIGINT, KDB_SMALLINT, 'a'},
    {KDB_BIGINT, KDB_INT, 'a'},
    {KDB_BIGINT, KDB_FLOAT, 'i'},
    {KDB_BIGINT, KDB_DOUBLE, 'i'},
    {KDB_BIGINT, KDB_DECIMAL, 'i'},
    {KDB_FLOAT, KDB_SMALLINT, 'a'},
    {KDB_FLOAT, KDB_INT, 'a'},
    {KDB_FLOAT, KDB_BIGINT, 'a'},
    {KDB_FLOAT, KDB_DOUBLE, 'i'},
    {KDB_FLOAT, KDB_DECIMAL, 'a'},
    {KDB_DOUBLE, KDB_SMALLINT, 'a'},
    {KDB_DOUBLE, KDB_INT, 'a'},
    {KDB_DOUBLE, KDB_BIGINT, 'a'},
    {KDB_DOUBLE, KDB_FLOAT, 'a'},
    {KDB_DOUBLE, KDB_DECIMAL, 'a'},
    {KDB_DECIMAL, KDB_SMALLINT, 'a'},
    {KDB_DECIMAL, KDB_INT, 'a'},
    {KDB_DECIMAL, KDB_BIGINT, 'a'},
    {KDB_DECIMAL, KDB_FLOAT, 'i'},
    {KDB_DECIMAL, KDB_DOUBLE, 'i'},
    {KDB_DATE, KDB_TIMESTAMP, 'i'},
    {KDB_DATE, KDB_DATETIME, 'i'},
    {KDB_TIME, KDB_INTERVAL, 'i'},
    {KDB_TIMESTAMP, KDB_DATE, 'a'},
    {KDB_TIMESTAMP, KDB_TIME, 'a'},
    {KDB_TIMESTAMP, KDB_DATETIME, 'i'},
    {KDB_DATETIME, KDB_DATE, 'a'},
    {KDB_DATETIME, KDB_TIME, 'a'},
    {KDB_DATETIME, KDB_TIMESTAMP, 'a'},
    {KDB_INTERVAL, KDB_TIME, 'a'},
    // Ours: integers as microseconds, FILE is JSON.
    {KDB_SMALLINT, KDB_TIMESTAMP, 'a'},
    {KDB_INT, KDB_TIMESTAMP, 'a'},
    {KDB_BIGINT, KDB_TIMESTAMP, 'a'},
    {KDB_SMALLINT, KDB_DATETIME, 'a'},
    {KDB_INT, KDB_DATETIME, 'a'},
    {KDB_BIGINT, KDB_DATETIME, 'a'},
    {KDB_FILE, KDB_JSON, 'a'},
};

static char expected_strength(kdb_kind from, kdb_kind to)
{
    if (from == to || from == KDB_UNKNOWN)
        return 'i';
    if (to == KDB_UNKNOWN || (from == KDB_TEXT && to == KDB_FILE))
        return '-';
    if (to == KDB_TEXT)
        return 'a';
    if (from == KDB_TEXT)
        return 'e';
    for (size_t i = 0; i < sizeof(pg_cast) / sizeof(pg_cast[0]); i++) {
        if (pg_cast[i].from == from && pg_cast[i].to == to)
            return pg_cast[i].strength;
    }
    return '-';
}

static void test_the_pairs_are_postgresqls(void **state)
{
    (void)state;
    for (int i = 0; i < KDB_KIND_COUNT; i++) {
        for (int j = 0; j < KDB_KIND_COUNT; j++) {
            kdb_kind from = (kdb_kind)i;
            kdb_kind to = (kdb_kind)j;
            char strength = expected_strength(from, to);
            bool allowed[] = {kdb_cast_allowed(from, to, KDB_CAST_IMPLICIT),
                              kdb_cast_allowed(from, to, KDB_CAST_ASSIGNMENT),
                              kdb_cast_allowed(from, to, KDB_CAST_EXPLICIT)};
            if (allowed[0] != (strength == 'i') ||
                allowed[1] != (strength == 'i' || strength == 'a') ||
                allowed[2] != (strength != '-'))
                fail_msg("%s to %s", kdb_kind_name(from), kdb_kind_name(to));
        }
    }
}

struct conversion {
    kdb_type from;
    const char *text;
    kdb_type to;
    const char *expected;
};

#define T(kind_)                                                                                   \
    {                                                                                              \
        .kind = KDB_##kind_                                                                        \
    }

static const struct conversion conversions[] = {
    {T(DOUBLE), "1.5", T(INT), "2"},
    {T(DOUBLE), "2.5", T(INT), "2"},
    {T(DOUBLE), "-2.5", T(INT), "-2"},
    {T(FLOAT), "3.5", T(BIGINT), "4"},
    {T(DOUBLE), "2147483647.4", T(INT), "2147483647"},
    {T(DECIMAL), "2.5", T(INT), "3"},
    {T(DECIMAL), "-2.5", T(INT), "-3"},
    {T(DECIMAL), "0.5", T(SMALLINT), "1"},
    {T(DECIMAL), "0.49999", T(SMALLINT), "0"},
    {T(BIGINT), "-32768", T(SMALLINT), "-32768"},
    {T(INT), "7", T(DECIMAL), "7"},
    {T(INT), "7", {.kind = KDB_DECIMAL, .precision = 5, .scale = 2}, "7.00"},
    {T(FLOAT), "0.1", T(DOUBLE), "0.10000000149011612"},
    {T(FLOAT), "0.1", T(DECIMAL), "0.1"},
    {T(DOUBLE), "0.1", T(FLOAT), "0.1"},
    {T(DOUBLE), "1.005", {.kind = KDB_DECIMAL, .precision = 10, .scale = 2}, "1.01"},
    {T(DOUBLE), "Infinity", T(FLOAT), "Infinity"},
    {T(DOUBLE), "NaN", T(FLOAT), "NaN"},
    {T(BIGINT), "9223372036854775807", T(DOUBLE), "9.223372036854776e+18"},
    {T(BIGINT), "16777217", T(FLOAT), "1.6777216e+07"},
    {T(DECIMAL), "0.1", T(DOUBLE), "0.1"},
    {{.kind = KDB_DECIMAL, .precision = 10, .scale = 4},
     "1.2345",
     {.kind = KDB_DECIMAL, .precision = 4, .scale = 3},
     "1.235"},
    {T(BOOLEAN), "t", T(INT), "1"},
    {T(INT), "0", T(BOOLEAN), "false"},
    {T(INT), "-5", T(BOOLEAN), "true"},
    {T(BOOLEAN), "f", T(TEXT), "false"},
    {T(TIMESTAMP), "2026-05-04 10:00:00.5", T(DATE), "2026-05-04"},
    {T(TIMESTAMP), "1969-12-31 23:59:59", T(DATE), "1969-12-31"},
    {T(TIMESTAMP), "1969-12-31 23:59:59", T(TIME), "23:59:59"},
    {T(TIMESTAMP), "2026-05-04 10:00:00", T(DATETIME), "2026-05-04 10:00:00+00"},
    {T(DATETIME), "2026-05-04 10:00:00+02", T(TIMESTAMP), "2026-05-04 08:00:00"},
    {T(DATE), "2026-05-04", T(TIMESTAMP), "2026-05-04 00:00:00"},
    {T(BIGINT), "1777888800000000", T(TIMESTAMP), "2026-05-04 10:00:00"},
    {T(INT), "1000000", T(DATETIME), "1970-01-01 00:00:01+00"},
    {T(INTERVAL), "1 day 25:00", T(TIME), "01:00:00"},
    {T(INTERVAL), "-1 hour", T(TIME), "23:00:00"},
    {T(TIME), "10:00", T(INTERVAL), "10:00:00"},
    {T(TIMESTAMP), "2026-05-04 10:00:00.5", T(TEXT), "2026-05-04 10:00:00.5"},
    {T(DATETIME), "2026-05-04 10:00:00", T(TEXT), "2026-05-04 10:00:00+00"},
    {T(BYTES), "\\x00ff", T(TEXT), "\\x00ff"},
    {T(JSON), "{ }", T(TEXT), "{ }"},
    {T(UUID), "A0EEBC999C0B4EF8BB6D6BB9BD380A11", T(TEXT), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {T(EMBEDDING), "[1,0.1]", T(TEXT), "[1,0.1]"},
    {T(TEXT), "12", T(INT), "12"},
    {T(UNKNOWN), "12", T(INT), "12"},
    {T(UNKNOWN), "12", T(TEXT), "12"},
    {T(TEXT), "2026-05-04", T(DATE), "2026-05-04"},
    {T(TEXT), "1 day", T(INTERVAL), "1 day"},
    {T(UNKNOWN), "0.005", {.kind = KDB_DECIMAL, .precision = 10, .scale = 2}, "0.01"},
};

static void test_conversions(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++) {
        kdb_value value = parsed(&c, conversions[i].from, conversions[i].text);
        kdb_value result;
        if (kdb_cast(&value, &c.ctx, conversions[i].to, &result) != KDB_OK)
            fail_msg("%s: %s", conversions[i].text, c.ctx.error.message);
        assert_int_equal(result.kind, conversions[i].to.kind);
        expect_text(&c, &result, conversions[i].expected);
    }
    case_deinit(&c);
}

static void expect_failure(struct value_case *c, kdb_type from, const char *text, kdb_type to,
                           const char *message)
{
    kdb_value value = parsed(c, from, text);
    kdb_value result = kdb_value_null(KDB_KIND_COUNT);
    kdb_status status = kdb_cast(&value, &c->ctx, to, &result);
    expect_error(c, status, status, message);
    assert_int_not_equal(status, KDB_OK);
    assert_int_equal(result.kind, KDB_KIND_COUNT);
}

#define FAILURE(from, text, to, message)                                                           \
    expect_failure(&c, KDB_TYPE(KDB_##from), text, KDB_TYPE(KDB_##to), message)

static void test_values_that_do_not_fit(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    FAILURE(DOUBLE, "2147483647.5", INT, "integer out of range");
    FAILURE(DOUBLE, "NaN", INT, "integer out of range");
    FAILURE(DOUBLE, "1e300", BIGINT, "bigint out of range");
    FAILURE(DOUBLE, "9223372036854775808", BIGINT, "bigint out of range");
    FAILURE(DECIMAL, "32767.5", SMALLINT, "smallint out of range");
    FAILURE(DECIMAL, "9223372036854775807.5", BIGINT, "bigint out of range");
    FAILURE(INT, "40000", SMALLINT, "smallint out of range");
    FAILURE(BIGINT, "-2147483649", INT, "integer out of range");
    FAILURE(DOUBLE, "1e40", FLOAT, "value out of range: overflow");
    FAILURE(DOUBLE, "1e-50", FLOAT, "value out of range: underflow");
    FAILURE(DOUBLE, "NaN", DECIMAL, "type numeric cannot hold NaN or infinity");
    FAILURE(DATE, "5874897-12-31", TIMESTAMP, "date out of range for timestamp");
    FAILURE(TEXT, "x", INT, "invalid input syntax for type integer: \"x\"");
    FAILURE(UNKNOWN, "", DATE, "invalid input syntax for type date: \"\"");
    FAILURE(BOOLEAN, "t", DATE, "cannot cast type boolean to date");
    FAILURE(DATE, "2026-05-04", TIME, "cannot cast type date to time without time zone");
    FAILURE(BOOLEAN, "t", BIGINT, "cannot cast type boolean to bigint");
    FAILURE(BIGINT, "1", BOOLEAN, "cannot cast type bigint to boolean");
    FAILURE(TEXT, "1", UNKNOWN, "cannot cast type text to unknown");
    FAILURE(UUID, "A0EEBC999C0B4EF8BB6D6BB9BD380A11", BYTES, "cannot cast type uuid to bytea");
    expect_failure(&c, KDB_TYPE(KDB_INT), "1000", DECIMAL(5, 2),
                   "numeric field overflow: a field with precision 5, scale 2 must round to an "
                   "absolute value less than 10^3");
    expect_failure(&c, KDB_TYPE(KDB_EMBEDDING), "[1,2]",
                   (kdb_type){.kind = KDB_EMBEDDING, .dimension = 3},
                   "expected 3 dimensions, not 2");
    case_deinit(&c);
}

static void test_null_stays_null_of_the_new_kind(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (int from = 0; from < KDB_KIND_COUNT; from++) {
        for (int to = 0; to < KDB_KIND_COUNT; to++) {
            kdb_value null = kdb_value_null((kdb_kind)from);
            kdb_value result;
            assert_int_equal(kdb_cast(&null, &c.ctx, KDB_TYPE((uint8_t)to), &result), KDB_OK);
            assert_true(result.is_null);
            assert_int_equal(result.kind, to);
        }
    }
    case_deinit(&c);
}

static void test_allowed_pairs_convert_or_say_why(void **state)
{
    (void)state;
    struct value_case c;
    case_init(&c);
    for (uint64_t seed = 5, round = 0; round < 20000; round++) {
        kdb_ctx_reset(&c.ctx);
        kdb_type from = random_type(&seed);
        kdb_type to = random_type(&seed);
        kdb_value value = random_value(&seed, &c.ctx.arena, from);
        kdb_value result = kdb_value_null(KDB_KIND_COUNT);
        kdb_status status = kdb_cast(&value, &c.ctx, to, &result);
        if (!kdb_cast_allowed(from.kind, to.kind, KDB_CAST_EXPLICIT))
            assert_true(status == KDB_ERR_TYPE_MISMATCH || from.kind == KDB_TEXT);
        else if (status == KDB_OK)
            assert_int_equal(result.kind, to.kind);
        else
            assert_true(status == KDB_ERR_INVALID_VALUE || status == KDB_ERR_OUT_OF_RANGE);
    }
    case_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pairs_are_postgresqls),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_values_that_do_not_fit),
        cmocka_unit_test(test_null_stays_null_of_the_new_kind),
        cmocka_unit_test(test_allowed_pairs_convert_or_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
