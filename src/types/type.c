// SPDX-License-Identifier: Apache-2.0
// The names of types: on the wire, in SQL, in PostgreSQL's messages, and all spellings that mean
// them.
#include "types/type.h"

#include "base/assert.h"

// What the numbers behind a type name in parentheses may be.
enum argument_rule {
    arguments_none,
    arguments_ignored,   // a length nobody enforces
    arguments_decimal,   // precision and scale
    arguments_dimension, // exactly one, the number of floats
    arguments_bits       // FLOAT(p): up to 24 bits are a FLOAT, up to 53 a DOUBLE
};

struct spelling {
    kdb_slice name;
    uint8_t kind;
    uint8_t rule; // enum argument_rule
    bool is_serial;
};

#define NAME(text, kind_, rule_)                                                                   \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = KDB_##kind_, .rule = arguments_##rule_           \
    }
#define SERIAL(text, kind_)                                                                        \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .kind = KDB_##kind_, .rule = arguments_none,             \
        .is_serial = true                                                                          \
    }

static const struct spelling spellings[] = {
    NAME("boolean", BOOLEAN, none),
    NAME("bool", BOOLEAN, none),
    NAME("int", INT, none),
    NAME("integer", INT, none),
    NAME("int4", INT, none),
    NAME("int32", INT, none),
    NAME("mediumint", INT, none),
    NAME("signed", INT, none),
    SERIAL("serial", INT),
    SERIAL("serial4", INT),
    NAME("bigint", BIGINT, none),
    NAME("int8", BIGINT, none),
    NAME("int64", BIGINT, none),
    SERIAL("bigserial", BIGINT),
    SERIAL("serial8", BIGINT),
    NAME("smallint", SMALLINT, none),
    NAME("int2", SMALLINT, none),
    NAME("int16", SMALLINT, none),
    SERIAL("smallserial", SMALLINT),
    SERIAL("serial2", SMALLINT),
    NAME("double", DOUBLE, none),
    NAME("double precision", DOUBLE, none),
    NAME("float8", DOUBLE, none),
    NAME("float64", DOUBLE, none),
    NAME("float", FLOAT, bits),
    NAME("real", FLOAT, none),
    NAME("float4", FLOAT, none),
    NAME("float32", FLOAT, none),
    NAME("text", TEXT, ignored),
    NAME("char", TEXT, ignored),
    NAME("character", TEXT, ignored),
    NAME("bpchar", TEXT, ignored),
    NAME("varchar", TEXT, ignored),
    NAME("character varying", TEXT, ignored),
    NAME("nvarchar", TEXT, ignored),
    NAME("string", TEXT, ignored),
    NAME("clob", TEXT, ignored),
    NAME("enum", TEXT, ignored),
    NAME("set", TEXT, ignored),
    NAME("struct", TEXT, ignored),
    NAME("array", TEXT, ignored),
    NAME("timestamp", TIMESTAMP, ignored),
    NAME("timestamp without time zone", TIMESTAMP, ignored),
    NAME("datetime", DATETIME, ignored),
    NAME("timestamptz", DATETIME, ignored),
    NAME("timestamp with time zone", DATETIME, ignored),
    NAME("date", DATE, none),
    NAME("time", TIME, ignored),
    NAME("time without time zone", TIME, ignored),
    NAME("interval", INTERVAL, ignored),
    NAME("json", JSON, none),
    NAME("jsonb", JSON, none),
    NAME("bytes", BYTES, ignored),
    NAME("binary", BYTES, ignored),
    NAME("varbinary", BYTES, ignored),
    NAME("blob", BYTES, ignored),
    NAME("bytea", BYTES, ignored),
    NAME("embedding", EMBEDDING, dimension),
    NAME("uuid", UUID, none),
    NAME("decimal", DECIMAL, decimal),
    NAME("dec", DECIMAL, decimal),
    NAME("numeric", DECIMAL, decimal),
    NAME("file", FILE, none),
};

static bool apply_decimal(const int64_t *args, int count, kdb_type *type, const char **ret_why)
{
    int64_t precision = count > 0 ? args[0] : 38;
    int64_t scale = count > 1 ? args[1] : count > 0 ? 0 : 10;
    if (count > 2)
        *ret_why = "DECIMAL takes a precision and a scale";
    else if (precision < 1 || precision > 38)
        *ret_why = "DECIMAL precision must be between 1 and 38";
    else if (scale < 0 || scale > precision)
        *ret_why = "DECIMAL scale must be between 0 and the precision";
    type->precision = (uint8_t)precision;
    type->scale = (uint8_t)scale;
    return !*ret_why;
}

static bool apply_dimension(const int64_t *args, int count, kdb_type *type, const char **ret_why)
{
    if (count != 1)
        *ret_why = "EMBEDDING needs its dimension, as in EMBEDDING(3)";
    else if (args[0] < 1 || args[0] > KDB_DIMENSION_MAX)
        *ret_why = "EMBEDDING dimension must be between 1 and 8192";
    else
        type->dimension = (uint16_t)args[0];
    return !*ret_why;
}

static bool apply_bits(const int64_t *args, int count, kdb_type *type, const char **ret_why)
{
    if (count > 1)
        *ret_why = "FLOAT takes one number, its precision in bits";
    else if (count == 1 && (args[0] < 1 || args[0] > 53))
        *ret_why = "FLOAT precision must be between 1 and 53 bits";
    else if (count == 1 && args[0] > 24)
        type->kind = KDB_DOUBLE;
    return !*ret_why;
}

static bool apply_arguments(const struct spelling *spelling, const int64_t *args, int count,
                            kdb_type *type, const char **ret_why)
{
    switch ((enum argument_rule)spelling->rule) {
    case arguments_none:
        if (count > 0)
            *ret_why = "this type takes no number in parentheses";
        break;
    case arguments_ignored:
        if (count > 1)
            *ret_why = "this type takes at most one number in parentheses";
        else if (count == 1 && args[0] < 0)
            *ret_why = "the number in parentheses must not be negative";
        break;
    case arguments_decimal:
        return apply_decimal(args, count, type, ret_why);
    case arguments_dimension:
        return apply_dimension(args, count, type, ret_why);
    case arguments_bits:
        return apply_bits(args, count, type, ret_why);
    }
    return !*ret_why;
}

static bool has_suffix_nocase(kdb_slice name, kdb_slice suffix)
{
    return name.len > suffix.len &&
           kdb_slice_equal_nocase(kdb_slice_skip(name, name.len - suffix.len), suffix);
}

bool kdb_type_from_sql(kdb_slice name, const int64_t *args, int arg_count, kdb_type *ret_type,
                       bool *ret_is_serial, const char **ret_why)
{
    static const struct spelling text = NAME("text", TEXT, ignored);
    const struct spelling *found = NULL;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]) && !found; i++) {
        if (kdb_slice_equal_nocase(name, spellings[i].name))
            found = &spellings[i];
    }
    if (!found &&
        (has_suffix_nocase(name, KDB_LIT("text")) || has_suffix_nocase(name, KDB_LIT("string"))))
        found = &text;
    const char *why = NULL;
    kdb_type type = found ? KDB_TYPE(found->kind) : KDB_TYPE(KDB_UNKNOWN);
    if (!found || !apply_arguments(found, args, arg_count, &type, &why)) {
        *ret_why = why;
        return false;
    }
    *ret_type = type;
    *ret_is_serial = found->is_serial;
    return true;
}

void kdb_type_write_wire(struct kdb_buf *out, kdb_type type)
{
    static const char *const names[KDB_KIND_COUNT] = {
        [KDB_UNKNOWN] = "\"Text\"",      [KDB_BOOLEAN] = "\"Boolean\"",
        [KDB_INT] = "\"Int\"",           [KDB_BIGINT] = "\"BigInt\"",
        [KDB_DOUBLE] = "\"Double\"",     [KDB_FLOAT] = "\"Float\"",
        [KDB_TEXT] = "\"Text\"",         [KDB_TIMESTAMP] = "\"Timestamp\"",
        [KDB_DATE] = "\"Date\"",         [KDB_DATETIME] = "\"DateTime\"",
        [KDB_TIME] = "\"Time\"",         [KDB_JSON] = "\"Json\"",
        [KDB_BYTES] = "\"Bytes\"",       [KDB_UUID] = "\"Uuid\"",
        [KDB_SMALLINT] = "\"SmallInt\"", [KDB_FILE] = "\"File\"",
        [KDB_INTERVAL] = "\"Text\"",
    };
    KDB_ASSERT(type.kind < KDB_KIND_COUNT);
    if (type.kind == KDB_DECIMAL) {
        kdb_buf_printf(out, "{\"Decimal\":{\"precision\":%d,\"scale\":%d}}",
                       type.precision ? type.precision : 38, type.scale);
    } else if (type.kind == KDB_EMBEDDING) {
        kdb_buf_printf(out, "{\"Embedding\":%d}", type.dimension);
    } else {
        kdb_buf_slice(out, kdb_slice_cstr(names[type.kind]));
    }
}

kdb_slice kdb_type_sql(struct kdb_arena *arena, kdb_type type)
{
    static const char *const names[KDB_KIND_COUNT] = {
        [KDB_UNKNOWN] = "unknown",   [KDB_BOOLEAN] = "BOOLEAN",     [KDB_INT] = "INT",
        [KDB_BIGINT] = "BIGINT",     [KDB_DOUBLE] = "DOUBLE",       [KDB_FLOAT] = "FLOAT",
        [KDB_TEXT] = "TEXT",         [KDB_TIMESTAMP] = "TIMESTAMP", [KDB_DATE] = "DATE",
        [KDB_DATETIME] = "DATETIME", [KDB_TIME] = "TIME",           [KDB_JSON] = "JSON",
        [KDB_BYTES] = "BYTES",       [KDB_EMBEDDING] = "EMBEDDING", [KDB_UUID] = "UUID",
        [KDB_DECIMAL] = "DECIMAL",   [KDB_SMALLINT] = "SMALLINT",   [KDB_FILE] = "FILE",
        [KDB_INTERVAL] = "interval",
    };
    KDB_ASSERT(type.kind < KDB_KIND_COUNT);
    if (type.kind == KDB_DECIMAL && type.precision > 0)
        return kdb_arena_printf(arena, "DECIMAL(%d,%d)", type.precision, type.scale);
    if (type.kind == KDB_EMBEDDING && type.dimension > 0)
        return kdb_arena_printf(arena, "EMBEDDING(%d)", type.dimension);
    return kdb_slice_cstr(names[type.kind]);
}

const char *kdb_kind_name(kdb_kind kind)
{
    static const char *const names[KDB_KIND_COUNT] = {
        [KDB_UNKNOWN] = "unknown",
        [KDB_BOOLEAN] = "boolean",
        [KDB_INT] = "integer",
        [KDB_BIGINT] = "bigint",
        [KDB_DOUBLE] = "double precision",
        [KDB_FLOAT] = "real",
        [KDB_TEXT] = "text",
        [KDB_TIMESTAMP] = "timestamp without time zone",
        [KDB_DATE] = "date",
        [KDB_DATETIME] = "timestamp with time zone",
        [KDB_TIME] = "time without time zone",
        [KDB_JSON] = "json",
        [KDB_BYTES] = "bytea",
        [KDB_EMBEDDING] = "embedding",
        [KDB_UUID] = "uuid",
        [KDB_DECIMAL] = "numeric",
        [KDB_SMALLINT] = "smallint",
        [KDB_FILE] = "file",
        [KDB_INTERVAL] = "interval",
    };
    KDB_ASSERT(kind < KDB_KIND_COUNT);
    return names[kind];
}
