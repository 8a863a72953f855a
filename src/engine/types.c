// SPDX-License-Identifier: Apache-2.0
// The correspondence of our types and DuckDB's.
#include "base/assert.h"
#include "engine/engine_priv.h"

static duckdb_type plain_type(kdb_kind kind)
{
    switch (kind) {
    case KDB_BOOLEAN:
        return DUCKDB_TYPE_BOOLEAN;
    case KDB_SMALLINT:
        return DUCKDB_TYPE_SMALLINT;
    case KDB_INT:
        return DUCKDB_TYPE_INTEGER;
    case KDB_BIGINT:
        return DUCKDB_TYPE_BIGINT;
    case KDB_DOUBLE:
        return DUCKDB_TYPE_DOUBLE;
    case KDB_FLOAT:
        return DUCKDB_TYPE_FLOAT;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        return DUCKDB_TYPE_VARCHAR;
    case KDB_TIMESTAMP:
        return DUCKDB_TYPE_TIMESTAMP;
    case KDB_DATE:
        return DUCKDB_TYPE_DATE;
    case KDB_DATETIME:
        return DUCKDB_TYPE_TIMESTAMP_TZ;
    case KDB_TIME:
        return DUCKDB_TYPE_TIME;
    case KDB_BYTES:
        return DUCKDB_TYPE_BLOB;
    case KDB_UUID:
        return DUCKDB_TYPE_UUID;
    case KDB_INTERVAL:
        return DUCKDB_TYPE_INTERVAL;
    case KDB_DECIMAL:
    case KDB_EMBEDDING:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

duckdb_logical_type engine_logical_type(kdb_type type)
{
    if (type.kind == KDB_DECIMAL)
        return duck.create_decimal_type(type.precision, type.scale);
    if (type.kind == KDB_EMBEDDING) {
        duckdb_logical_type number = duck.create_logical_type(DUCKDB_TYPE_FLOAT);
        duckdb_logical_type array = duck.create_array_type(number, type.dimension);
        duck.destroy_logical_type(&number);
        return array;
    }
    return duck.create_logical_type(plain_type(type.kind));
}

static uint8_t decimal_bytes(uint8_t precision)
{
    if (precision <= 4)
        return 2;
    if (precision <= 9)
        return 4;
    return precision <= 18 ? 8 : 16;
}

uint8_t engine_cell_bytes(kdb_type type)
{
    switch ((kdb_kind)type.kind) {
    case KDB_BOOLEAN:
        return 1;
    case KDB_SMALLINT:
        return 2;
    case KDB_INT:
    case KDB_DATE:
    case KDB_FLOAT:
    case KDB_EMBEDDING:
        return 4;
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        return 8;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
    case KDB_BYTES:
    case KDB_UUID:
    case KDB_INTERVAL:
        return 16;
    case KDB_DECIMAL:
        return decimal_bytes(type.precision);
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

struct type_row {
    duckdb_type type;
    const char *name;
    kdb_kind kind; // KDB_KIND_COUNT: none of ours
};

static const struct type_row type_rows[] = {
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN", KDB_BOOLEAN},
    {DUCKDB_TYPE_TINYINT, "TINYINT", KDB_SMALLINT},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT", KDB_SMALLINT},
    {DUCKDB_TYPE_INTEGER, "INTEGER", KDB_INT},
    {DUCKDB_TYPE_BIGINT, "BIGINT", KDB_BIGINT},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT", KDB_SMALLINT},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT", KDB_INT},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER", KDB_BIGINT},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT", KDB_BIGINT},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT", KDB_DECIMAL},
    {DUCKDB_TYPE_FLOAT, "FLOAT", KDB_FLOAT},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE", KDB_DOUBLE},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", KDB_TIMESTAMP},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", KDB_TIMESTAMP},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", KDB_TIMESTAMP},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", KDB_DATETIME},
    {DUCKDB_TYPE_DATE, "DATE", KDB_DATE},
    {DUCKDB_TYPE_TIME, "TIME", KDB_TIME},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL", KDB_INTERVAL},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR", KDB_TEXT},
    {DUCKDB_TYPE_BLOB, "BLOB", KDB_BYTES},
    {DUCKDB_TYPE_DECIMAL, "DECIMAL", KDB_DECIMAL},
    {DUCKDB_TYPE_UUID, "UUID", KDB_UUID},
    {DUCKDB_TYPE_ARRAY, "ARRAY", KDB_EMBEDDING},
    {DUCKDB_TYPE_SQLNULL, "NULL", KDB_UNKNOWN},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT", KDB_KIND_COUNT},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", KDB_KIND_COUNT},
    {DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE", KDB_KIND_COUNT},
    {DUCKDB_TYPE_LIST, "LIST", KDB_KIND_COUNT},
    {DUCKDB_TYPE_STRUCT, "STRUCT", KDB_KIND_COUNT},
    {DUCKDB_TYPE_MAP, "MAP", KDB_KIND_COUNT},
    {DUCKDB_TYPE_ENUM, "ENUM", KDB_KIND_COUNT},
    {DUCKDB_TYPE_UNION, "UNION", KDB_KIND_COUNT},
    {DUCKDB_TYPE_BIT, "BIT", KDB_KIND_COUNT},
};

static const struct type_row *find_type(duckdb_type type)
{
    for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++) {
        if (type_rows[i].type == type)
            return &type_rows[i];
    }
    return NULL;
}

const char *engine_type_name(duckdb_type type)
{
    const struct type_row *row = find_type(type);
    return row ? row->name : "a type not used here";
}

bool engine_type_of(duckdb_logical_type logical, kdb_type *ret_type)
{
    duckdb_type id = duck.get_type_id(logical);
    const struct type_row *row = find_type(id);
    if (!row || row->kind == KDB_KIND_COUNT)
        return false;
    kdb_type type = KDB_TYPE((uint8_t)row->kind);
    if (id == DUCKDB_TYPE_DECIMAL) {
        type.precision = duck.decimal_width(logical);
        type.scale = duck.decimal_scale(logical);
    } else if (id == DUCKDB_TYPE_HUGEINT) {
        type.precision = 38;
    } else if (id == DUCKDB_TYPE_ARRAY) {
        type.dimension = (uint16_t)duck.array_type_array_size(logical);
    }
    *ret_type = type;
    return true;
}
