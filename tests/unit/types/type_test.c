// SPDX-License-Identifier: Apache-2.0
// Type names: every spelling of the contract, what is refused, and the three ways a type is
// written.
#include "types/type.h"

#include "unit/types/value_case.h"

struct spelling {
    const char *name;
    kdb_kind kind;
};

static const struct spelling spellings[] = {
    {"BOOLEAN", KDB_BOOLEAN},
    {"BOOL", KDB_BOOLEAN},
    {"INT", KDB_INT},
    {"INTEGER", KDB_INT},
    {"INT4", KDB_INT},
    {"MEDIUMINT", KDB_INT},
    {"SIGNED", KDB_INT},
    {"BIGINT", KDB_BIGINT},
    {"INT8", KDB_BIGINT},
    {"INT64", KDB_BIGINT},
    {"SMALLINT", KDB_SMALLINT},
    {"INT2", KDB_SMALLINT},
    {"DOUBLE", KDB_DOUBLE},
    {"DOUBLE PRECISION", KDB_DOUBLE},
    {"FLOAT8", KDB_DOUBLE},
    {"FLOAT64", KDB_DOUBLE},
    {"FLOAT", KDB_FLOAT},
    {"REAL", KDB_FLOAT},
    {"FLOAT4", KDB_FLOAT},
    {"TEXT", KDB_TEXT},
    {"CHAR", KDB_TEXT},
    {"VARCHAR", KDB_TEXT},
    {"NVARCHAR", KDB_TEXT},
    {"STRING", KDB_TEXT},
    {"CLOB", KDB_TEXT},
    {"character varying", KDB_TEXT},
    {"ENUM", KDB_TEXT},
    {"SET", KDB_TEXT},
    {"STRUCT", KDB_TEXT},
    {"ARRAY", KDB_TEXT},
    {"LONGTEXT", KDB_TEXT},
    {"mediumText", KDB_TEXT},
    {"MyString", KDB_TEXT},
    {"TIMESTAMP", KDB_TIMESTAMP},
    {"timestamp without time zone", KDB_TIMESTAMP},
    {"DATE", KDB_DATE},
    {"DATETIME", KDB_DATETIME},
    {"timestamptz", KDB_DATETIME},
    {"timestamp with time zone", KDB_DATETIME},
    {"TIME", KDB_TIME},
    {"JSON", KDB_JSON},
    {"JSONB", KDB_JSON},
    {"BYTES", KDB_BYTES},
    {"BINARY", KDB_BYTES},
    {"VARBINARY", KDB_BYTES},
    {"BLOB", KDB_BYTES},
    {"BYTEA", KDB_BYTES},
    {"UUID", KDB_UUID},
    {"FILE", KDB_FILE},
    {"interval", KDB_INTERVAL},
};

static void test_every_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char mixed[64];
        kdb_slice name = kdb_slice_cstr(spellings[i].name);
        for (size_t at = 0; at < name.len; at++)
            mixed[at] = (char)(at % 2 ? name.data[at] | 0x20 : name.data[at]);
        for (int spelled = 0; spelled < 2; spelled++) {
            kdb_type type;
            bool is_serial = true;
            const char *why = "";
            if (!kdb_type_from_sql(spelled ? name : kdb_slice_of(mixed, name.len), NULL, 0, &type,
                                   &is_serial, &why))
                fail_msg("%s", spellings[i].name);
            assert_int_equal(type.kind, spellings[i].kind);
            assert_int_equal(type.precision | type.scale | type.dimension, 0);
            assert_false(is_serial);
        }
    }
}

static void test_serial_spellings(void **state)
{
    (void)state;
    static const struct spelling serials[] = {
        {"SERIAL", KDB_INT},     {"serial4", KDB_INT},          {"BigSerial", KDB_BIGINT},
        {"SERIAL8", KDB_BIGINT}, {"SMALLSERIAL", KDB_SMALLINT}, {"serial2", KDB_SMALLINT},
    };
    for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        kdb_type type;
        bool is_serial = false;
        const char *why = NULL;
        assert_true(
            kdb_type_from_sql(kdb_slice_cstr(serials[i].name), NULL, 0, &type, &is_serial, &why));
        assert_int_equal(type.kind, serials[i].kind);
        assert_true(is_serial);
    }
}

static void expect_type(const char *name, int64_t first, int64_t second, kdb_type expected)
{
    const int64_t args[] = {first, second};
    kdb_type type;
    bool is_serial = false;
    const char *why = NULL;
    int count = first < 0 ? 0 : second < 0 ? 1 : 2;
    if (!kdb_type_from_sql(kdb_slice_cstr(name), args, count, &type, &is_serial, &why))
        fail_msg("%s: %s", name, why);
    assert_true(kdb_type_equal(type, expected));
}

static void test_numbers_in_parentheses(void **state)
{
    (void)state;
    expect_type("DECIMAL", -1, -1, DECIMAL(38, 10));
    expect_type("decimal", 12, -1, DECIMAL(12, 0));
    expect_type("NUMERIC", 38, 38, DECIMAL(38, 38));
    expect_type("dec", 1, 0, DECIMAL(1, 0));
    expect_type("EMBEDDING", 1, -1, (kdb_type){.kind = KDB_EMBEDDING, .dimension = 1});
    expect_type("Embedding", 8192, -1, (kdb_type){.kind = KDB_EMBEDDING, .dimension = 8192});
    expect_type("VARCHAR", 20, -1, KDB_TYPE(KDB_TEXT));
    expect_type("CHAR", 0, -1, KDB_TYPE(KDB_TEXT));
    expect_type("TIMESTAMP", 3, -1, KDB_TYPE(KDB_TIMESTAMP));
    expect_type("VARBINARY", 16, -1, KDB_TYPE(KDB_BYTES));
    expect_type("FLOAT", 24, -1, KDB_TYPE(KDB_FLOAT));
    expect_type("FLOAT", 25, -1, KDB_TYPE(KDB_DOUBLE));
}

static void expect_no_type(const char *name, const int64_t *args, int count, const char *expected)
{
    kdb_type type = {.kind = KDB_KIND_COUNT};
    bool is_serial = false;
    const char *why = "not set";
    assert_false(kdb_type_from_sql(kdb_slice_cstr(name), args, count, &type, &is_serial, &why));
    assert_int_equal(type.kind, KDB_KIND_COUNT);
    if (expected)
        assert_string_equal(why, expected);
    else
        assert_null(why);
}

#define ARGS(...)                                                                                  \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static void test_what_is_no_type(void **state)
{
    (void)state;
    static const char *const names[] = {"",         "TINYINT", "unsigned", "INT UNSIGNED", "point",
                                        "integers", "text ",   "json[]",   "timetz",       "int 8"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_no_type(names[i], NULL, 0, NULL);
    expect_no_type("DECIMAL", ARGS(0), "DECIMAL precision must be between 1 and 38");
    expect_no_type("DECIMAL", ARGS(39), "DECIMAL precision must be between 1 and 38");
    expect_no_type("DECIMAL", ARGS(5, 6), "DECIMAL scale must be between 0 and the precision");
    expect_no_type("NUMERIC", ARGS(5, -1), "DECIMAL scale must be between 0 and the precision");
    expect_no_type("NUMERIC", ARGS(5, 1, 1), "DECIMAL takes a precision and a scale");
    expect_no_type("EMBEDDING", NULL, 0, "EMBEDDING needs its dimension, as in EMBEDDING(3)");
    expect_no_type("EMBEDDING", ARGS(0), "EMBEDDING dimension must be between 1 and 8192");
    expect_no_type("EMBEDDING", ARGS(8193), "EMBEDDING dimension must be between 1 and 8192");
    expect_no_type("FLOAT", ARGS(54), "FLOAT precision must be between 1 and 53 bits");
    expect_no_type("FLOAT", ARGS(1, 2), "FLOAT takes one number, its precision in bits");
    expect_no_type("BIGINT", ARGS(20), "this type takes no number in parentheses");
    expect_no_type("VARCHAR", ARGS(1, 2), "this type takes at most one number in parentheses");
    expect_no_type("VARCHAR", ARGS(-1), "the number in parentheses must not be negative");
}

struct written {
    kdb_type type;
    const char *wire;
    const char *sql;
    const char *name;
};

static void test_how_types_are_written(void **state)
{
    (void)state;
    static const struct written types[] = {
        {{.kind = KDB_UNKNOWN}, "\"Text\"", "unknown", "unknown"},
        {{.kind = KDB_BOOLEAN}, "\"Boolean\"", "BOOLEAN", "boolean"},
        {{.kind = KDB_SMALLINT}, "\"SmallInt\"", "SMALLINT", "smallint"},
        {{.kind = KDB_INT}, "\"Int\"", "INT", "integer"},
        {{.kind = KDB_BIGINT}, "\"BigInt\"", "BIGINT", "bigint"},
        {{.kind = KDB_FLOAT}, "\"Float\"", "FLOAT", "real"},
        {{.kind = KDB_DOUBLE}, "\"Double\"", "DOUBLE", "double precision"},
        {{.kind = KDB_TEXT}, "\"Text\"", "TEXT", "text"},
        {{.kind = KDB_BYTES}, "\"Bytes\"", "BYTES", "bytea"},
        {{.kind = KDB_JSON}, "\"Json\"", "JSON", "json"},
        {{.kind = KDB_TIMESTAMP}, "\"Timestamp\"", "TIMESTAMP", "timestamp without time zone"},
        {{.kind = KDB_DATETIME}, "\"DateTime\"", "DATETIME", "timestamp with time zone"},
        {{.kind = KDB_DATE}, "\"Date\"", "DATE", "date"},
        {{.kind = KDB_TIME}, "\"Time\"", "TIME", "time without time zone"},
        {{.kind = KDB_UUID}, "\"Uuid\"", "UUID", "uuid"},
        {{.kind = KDB_FILE}, "\"File\"", "FILE", "file"},
        {{.kind = KDB_INTERVAL}, "\"Text\"", "interval", "interval"},
        {{.kind = KDB_EMBEDDING, .dimension = 384},
         "{\"Embedding\":384}",
         "EMBEDDING(384)",
         "embedding"},
        {{.kind = KDB_DECIMAL, .precision = 10, .scale = 2},
         "{\"Decimal\":{\"precision\":10,\"scale\":2}}",
         "DECIMAL(10,2)",
         "numeric"},
        {{.kind = KDB_DECIMAL},
         "{\"Decimal\":{\"precision\":38,\"scale\":0}}",
         "DECIMAL",
         "numeric"},
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        kdb_buf_clear(&c.out);
        kdb_type_write_wire(&c.out, types[i].type);
        assert_slice_equal(kdb_buf_view(&c.out), types[i].wire);
        assert_slice_equal(kdb_type_sql(&c.ctx.arena, types[i].type), types[i].sql);
        assert_string_equal(kdb_kind_name(types[i].type.kind), types[i].name);
    }
    case_deinit(&c);
}

static void test_the_persistent_tags(void **state)
{
    (void)state;
    // These numbers are in every stored schema.
    static const kdb_kind tags[] = {
        KDB_UNKNOWN,   KDB_BOOLEAN, KDB_INT,      KDB_BIGINT, KDB_DOUBLE,  KDB_FLOAT, KDB_TEXT,
        KDB_TIMESTAMP, KDB_DATE,    KDB_DATETIME, KDB_TIME,   KDB_JSON,    KDB_BYTES, KDB_EMBEDDING,
        KDB_UUID,      KDB_DECIMAL, KDB_SMALLINT, KDB_FILE,   KDB_INTERVAL};
    for (int i = 0; i < KDB_KIND_COUNT; i++)
        assert_int_equal(tags[i], i);
    assert_int_equal(sizeof(tags) / sizeof(tags[0]), KDB_KIND_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_spelling),         cmocka_unit_test(test_serial_spellings),
        cmocka_unit_test(test_numbers_in_parentheses), cmocka_unit_test(test_what_is_no_type),
        cmocka_unit_test(test_how_types_are_written),  cmocka_unit_test(test_the_persistent_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
