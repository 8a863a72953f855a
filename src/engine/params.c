// SPDX-License-Identifier: Apache-2.0
// Binding values to the parameters of a prepared statement.
//
// A value whose type differs from the parameter's makes DuckDB plan the statement again on every
// execution, so an integer is bound in the width the parameter has when it fits, a decimal in its
// precision.
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "engine/engine_priv.h"

static duckdb_state bind_integer(duckdb_prepared_statement statement, idx_t index, int64_t value,
                                 kdb_kind kind)
{
    duckdb_type wanted = duck.param_type(statement, index);
    if (wanted == DUCKDB_TYPE_BIGINT)
        return duck.bind_int64(statement, index, value);
    if (wanted == DUCKDB_TYPE_INTEGER && value >= INT32_MIN && value <= INT32_MAX)
        return duck.bind_int32(statement, index, (int32_t)value);
    if (wanted == DUCKDB_TYPE_SMALLINT && value >= INT16_MIN && value <= INT16_MAX)
        return duck.bind_int16(statement, index, (int16_t)value);
    if (kind == KDB_SMALLINT)
        return duck.bind_int16(statement, index, (int16_t)value);
    if (kind == KDB_INT)
        return duck.bind_int32(statement, index, (int32_t)value);
    return duck.bind_int64(statement, index, value);
}

static duckdb_state bind_real(duckdb_prepared_statement statement, idx_t index,
                              const kdb_value *value)
{
    duckdb_type wanted = duck.param_type(statement, index);
    bool is_float = value->kind == KDB_FLOAT && wanted != DUCKDB_TYPE_DOUBLE;
    return is_float ? duck.bind_float(statement, index, (float)value->real)
                    : duck.bind_double(statement, index, value->real);
}

static int digits_of(kdb_int128 scaled)
{
    kdb_uint128 rest = scaled < 0 ? (kdb_uint128)-scaled : (kdb_uint128)scaled;
    int digits = 0;
    for (; rest > 0; rest /= 10)
        digits++;
    return digits;
}

static duckdb_state bind_decimal(duckdb_prepared_statement statement, idx_t index,
                                 const kdb_value *value)
{
    int digits = digits_of(value->decimal);
    uint8_t width = (uint8_t)(digits < value->scale ? value->scale : digits);
    if (width == 0)
        width = 1;
    if (duck.param_type(statement, index) == DUCKDB_TYPE_DECIMAL) {
        duckdb_logical_type wanted = duck.param_logical_type(statement, index);
        if (duck.decimal_scale(wanted) == value->scale && duck.decimal_width(wanted) >= width)
            width = duck.decimal_width(wanted);
        duck.destroy_logical_type(&wanted);
    }
    kdb_uint128 bits = (kdb_uint128)value->decimal;
    duckdb_hugeint huge = {.lower = (uint64_t)bits, .upper = (int64_t)(uint64_t)(bits >> 64)};
    return duck.bind_decimal(
        statement, index, (duckdb_decimal){.width = width, .scale = value->scale, .value = huge});
}

static duckdb_state bind_owned(duckdb_prepared_statement statement, idx_t index, duckdb_value owned)
{
    duckdb_state state = owned ? duck.bind_value(statement, index, owned) : DuckDBError;
    duck.destroy_value(&owned);
    return state;
}

static duckdb_state bind_uuid(duckdb_prepared_statement statement, idx_t index,
                              const uint8_t uuid[16])
{
    uint64_t halves[2];
    memcpy(halves, uuid, sizeof(halves));
    duckdb_uhugeint number = {.upper = __builtin_bswap64(halves[0]),
                              .lower = __builtin_bswap64(halves[1])};
    return bind_owned(statement, index, duck.create_uuid(number));
}

static duckdb_state bind_embedding(duckdb_prepared_statement statement, idx_t index,
                                   kdb_slice bytes)
{
    size_t count = bytes.len / sizeof(float);
    duckdb_value *numbers = kdb_alloc_array(count, sizeof(*numbers));
    for (size_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, bytes.data + i * sizeof(number), sizeof(number));
        numbers[i] = duck.create_float(number);
    }
    duckdb_logical_type type = duck.create_logical_type(DUCKDB_TYPE_FLOAT);
    duckdb_state state =
        bind_owned(statement, index, duck.create_array_value(type, numbers, count));
    duck.destroy_logical_type(&type);
    for (size_t i = 0; i < count; i++)
        duck.destroy_value(&numbers[i]);
    kdb_free(numbers);
    return state;
}

static duckdb_state bind_value(duckdb_prepared_statement statement, idx_t index,
                               const kdb_value *value)
{
    if (value->is_null)
        return duck.bind_null(statement, index);
    switch ((kdb_kind)value->kind) {
    case KDB_BOOLEAN:
        return duck.bind_boolean(statement, index, value->boolean);
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        return bind_integer(statement, index, value->integer, (kdb_kind)value->kind);
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return bind_real(statement, index, value);
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        return duck.bind_varchar_length(
            statement, index, value->bytes.data ? value->bytes.data : "", value->bytes.len);
    case KDB_BYTES:
        return duck.bind_blob(statement, index, value->bytes.data ? value->bytes.data : "",
                              value->bytes.len);
    case KDB_TIMESTAMP:
        return duck.bind_timestamp(statement, index, (duckdb_timestamp){value->integer});
    case KDB_DATETIME:
        return duck.bind_timestamp_tz(statement, index, (duckdb_timestamp){value->integer});
    case KDB_DATE:
        return duck.bind_date(statement, index, (duckdb_date){(int32_t)value->integer});
    case KDB_TIME:
        return duck.bind_time(statement, index, (duckdb_time){value->integer});
    case KDB_INTERVAL:
        return duck.bind_interval(statement, index,
                                  (duckdb_interval){.months = value->interval.months,
                                                    .days = value->interval.days,
                                                    .micros = value->interval.micros});
    case KDB_UUID:
        return bind_uuid(statement, index, value->uuid);
    case KDB_DECIMAL:
        return bind_decimal(statement, index, value);
    case KDB_EMBEDDING:
        return bind_embedding(statement, index, value->bytes);
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

kdb_status engine_bind_params(struct engine_prepared *prepared, struct kdb_ctx *ctx,
                              const kdb_value *params, uint32_t param_count)
{
    KDB_ASSERT(prepared->param_count <= param_count);
    for (uint32_t i = 0; i < prepared->param_count; i++) {
        if (bind_value(prepared->statement, i + 1, &params[i]) != DuckDBSuccess)
            return kdb_fail(ctx, KDB_ERR_INVALID_PARAMETER, "parameter $%u cannot be used here",
                            i + 1);
    }
    return KDB_OK;
}
