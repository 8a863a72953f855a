// SPDX-License-Identifier: Apache-2.0
// Which conversions exist, and doing them.
#include "types/cast.h"

#include <math.h>

#include "base/assert.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/interval.h"
#include "types/real_text.h"

// One row per source kind, one letter per target kind, both in the order of kdb_kind: the weakest
// strength that may do it, i(mplicit), a(ssignment), e(xplicit) or - for never. PostgreSQL's
// pg_cast, with its rule that everything goes to text by assignment and comes from text explicitly;
// integers as microseconds of a timestamp are ours, as are FILE, EMBEDDING.
static const char allowed[KDB_KIND_COUNT][KDB_KIND_COUNT + 1] = {
    // columns: UNKNOWN BOOLEAN INT BIGINT DOUBLE FLOAT TEXT TIMESTAMP DATE DATETIME TIME JSON BYTES
    // EMBEDDING UUID
    // DECIMAL SMALLINT FILE INTERVAL
    [KDB_UNKNOWN] = "iiiiiiiiiiiiiiiiiii",  [KDB_BOOLEAN] = "-ie---a------------",
    [KDB_INT] = "-eiiiiaa-a-----ia--",      [KDB_BIGINT] = "--aiiiaa-a-----ia--",
    [KDB_DOUBLE] = "--aaiaa--------aa--",   [KDB_FLOAT] = "--aaiia--------aa--",
    [KDB_TEXT] = "-eeeeeieeeeeeeeee-e",     [KDB_TIMESTAMP] = "------aiaia--------",
    [KDB_DATE] = "------aiii---------",     [KDB_DATETIME] = "------aaaia--------",
    [KDB_TIME] = "------a---i-------i",     [KDB_JSON] = "------a----i-------",
    [KDB_BYTES] = "------a-----i------",    [KDB_EMBEDDING] = "------a------i-----",
    [KDB_UUID] = "------a-------i----",     [KDB_DECIMAL] = "--aaiia--------ia--",
    [KDB_SMALLINT] = "--iiiiaa-a-----ii--", [KDB_FILE] = "------a----a-----i-",
    [KDB_INTERVAL] = "------a---a-------i",
};

bool kdb_cast_allowed(kdb_kind from, kdb_kind to, kdb_cast_strength strength)
{
    KDB_ASSERT(from < KDB_KIND_COUNT && to < KDB_KIND_COUNT);
    char needed = allowed[from][to];
    return needed == 'i' || (needed == 'a' && strength != KDB_CAST_IMPLICIT) ||
           (needed == 'e' && strength == KDB_CAST_EXPLICIT);
}

static kdb_status fail_pair(struct kdb_ctx *ctx, const kdb_value *value, kdb_type type)
{
    return kdb_fail(ctx, KDB_ERR_TYPE_MISMATCH, "cannot cast type %s to %s",
                    kdb_kind_name(value->kind), kdb_kind_name(type.kind));
}

static kdb_status fail_range(struct kdb_ctx *ctx, kdb_kind kind)
{
    return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "%s out of range", kdb_kind_name(kind));
}

// The most bytes the text of a value has.
static size_t text_bytes_max(const kdb_value *value)
{
    switch ((kdb_kind)value->kind) {
    case KDB_BYTES:
        return value->bytes.len * 2 + 2;
    case KDB_EMBEDDING:
        return value->bytes.len / sizeof(float) * KDB_REAL_TEXT_BYTES + 2;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        return value->bytes.len;
    case KDB_BOOLEAN:
    case KDB_INT:
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_FLOAT:
    case KDB_TIMESTAMP:
    case KDB_DATE:
    case KDB_DATETIME:
    case KDB_TIME:
    case KDB_UUID:
    case KDB_DECIMAL:
    case KDB_SMALLINT:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    return 128;
}

static kdb_value to_text(const kdb_value *value, struct kdb_arena *arena)
{
    kdb_kind kind = value->kind;
    if (kind == KDB_UNKNOWN || kind == KDB_JSON || kind == KDB_FILE)
        return kdb_value_bytes(KDB_TEXT, value->bytes);
    // A buffer over arena memory: its limit is its capacity, so it never grows.
    size_t size = text_bytes_max(value);
    struct kdb_buf out = {.data = kdb_arena_alloc(arena, size), .capacity = size, .limit = size};
    kdb_value_print(value, &out);
    KDB_ASSERT(!out.is_exceeded);
    return kdb_value_bytes(KDB_TEXT, kdb_buf_view(&out));
}

static kdb_status narrow(int64_t integer, struct kdb_ctx *ctx, kdb_kind kind, kdb_value *ret_value)
{
    if ((kind == KDB_SMALLINT && integer != (int16_t)integer) ||
        (kind == KDB_INT && integer != (int32_t)integer))
        return fail_range(ctx, kind);
    *ret_value = kdb_value_int(kind, integer);
    return KDB_OK;
}

static kdb_status to_integer(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                             kdb_value *ret_value)
{
    kdb_value whole;
    double rounded = 0;
    switch ((kdb_kind)value->kind) {
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        return narrow(value->integer, ctx, type.kind, ret_value);
    case KDB_BOOLEAN:
        if (type.kind != KDB_INT)
            break;
        *ret_value = kdb_value_int(KDB_INT, value->boolean ? 1 : 0);
        return KDB_OK;
    case KDB_DOUBLE:
    case KDB_FLOAT:
        rounded = rint(value->real);
        // 2^63 itself is a double and does not fit; NaN fails both comparisons.
        if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0))
            return fail_range(ctx, type.kind);
        return narrow((int64_t)rounded, ctx, type.kind, ret_value);
    case KDB_DECIMAL:
        KDB_TRY(kdb_decimal_round(value, ctx, 0, KDB_ROUND_HALF_AWAY, &whole));
        if (whole.decimal > INT64_MAX || whole.decimal < INT64_MIN)
            return fail_range(ctx, type.kind);
        return narrow((int64_t)whole.decimal, ctx, type.kind, ret_value);
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_TIMESTAMP:
    case KDB_DATE:
    case KDB_DATETIME:
    case KDB_TIME:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_UUID:
    case KDB_FILE:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    return fail_pair(ctx, value, type);
}

// A number of any kind as a double; false for other kinds.
static bool number_of(const kdb_value *value, double *ret_number)
{
    kdb_kind kind = value->kind;
    if (!kdb_kind_is_numeric(kind))
        return false;
    if (kind == KDB_DECIMAL)
        *ret_number = kdb_decimal_to_double(value->decimal, value->scale);
    else if (kdb_kind_is_integer(kind))
        *ret_number = (double)value->integer;
    else
        *ret_number = value->real;
    return true;
}

static kdb_status to_real(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                          kdb_value *ret_value)
{
    double number = 0;
    if (!number_of(value, &number))
        return fail_pair(ctx, value, type);
    if (type.kind == KDB_FLOAT) {
        float narrowed = kdb_kind_is_integer(value->kind) ? (float)value->integer : (float)number;
        if (isinf(narrowed) && !isinf(number))
            return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "value out of range: overflow");
        if (narrowed == 0 && number != 0)
            return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "value out of range: underflow");
        number = (double)narrowed;
    }
    *ret_value = (kdb_value){.kind = type.kind, .real = number};
    return KDB_OK;
}

static kdb_status to_decimal(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                             kdb_value *ret_value)
{
    kdb_kind kind = value->kind;
    if (kind == KDB_DECIMAL)
        return kdb_decimal_convert(value, ctx, type, ret_value);
    if (kind == KDB_DOUBLE || kind == KDB_FLOAT)
        return kdb_decimal_from_double(value->real, ctx, kind == KDB_FLOAT ? 6 : 15, type,
                                       ret_value);
    if (!kdb_kind_is_integer(kind))
        return fail_pair(ctx, value, type);
    kdb_value whole = kdb_value_decimal(value->integer, 0);
    return kdb_decimal_convert(&whole, ctx, type, ret_value);
}

static kdb_status to_timestamp(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                               kdb_value *ret_value)
{
    kdb_kind kind = value->kind;
    int64_t us = value->integer;
    if (kind == KDB_DATE)
        KDB_TRY(kdb_date_to_timestamp(value->integer, ctx, &us));
    else if (kind != KDB_TIMESTAMP && kind != KDB_DATETIME && !kdb_kind_is_integer(kind))
        return fail_pair(ctx, value, type);
    *ret_value = kdb_value_int(type.kind, us);
    return KDB_OK;
}

static kdb_status to_date_or_time(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                                  kdb_value *ret_value)
{
    bool is_timestamp = value->kind == KDB_TIMESTAMP || value->kind == KDB_DATETIME;
    if (type.kind == KDB_DATE && is_timestamp)
        *ret_value = kdb_value_int(KDB_DATE, kdb_timestamp_to_date(value->integer));
    else if (type.kind == KDB_TIME && is_timestamp)
        *ret_value = kdb_value_int(KDB_TIME, kdb_timestamp_to_time(value->integer));
    else if (type.kind == KDB_TIME && value->kind == KDB_INTERVAL)
        *ret_value = kdb_value_int(KDB_TIME, kdb_timestamp_to_time(value->interval.micros));
    else
        return fail_pair(ctx, value, type);
    return KDB_OK;
}

static kdb_status check_embedding(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                                  kdb_value *ret_value)
{
    if (type.dimension && value->bytes.len != type.dimension * sizeof(float))
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "expected %d dimensions, not %zu",
                        type.dimension, value->bytes.len / sizeof(float));
    *ret_value = *value;
    return KDB_OK;
}

// A value of another kind than the target's that is no text.
static kdb_status convert(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                          kdb_value *ret_value)
{
    switch ((kdb_kind)type.kind) {
    case KDB_TEXT:
        *ret_value = to_text(value, &ctx->arena);
        return KDB_OK;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        return to_integer(value, ctx, type, ret_value);
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return to_real(value, ctx, type, ret_value);
    case KDB_DECIMAL:
        return to_decimal(value, ctx, type, ret_value);
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        return to_timestamp(value, ctx, type, ret_value);
    case KDB_DATE:
    case KDB_TIME:
        return to_date_or_time(value, ctx, type, ret_value);
    case KDB_BOOLEAN:
        if (value->kind != KDB_INT)
            break;
        *ret_value = kdb_value_bool(value->integer != 0);
        return KDB_OK;
    case KDB_INTERVAL:
        if (value->kind != KDB_TIME)
            break;
        *ret_value = (kdb_value){.kind = KDB_INTERVAL, .interval = {.micros = value->integer}};
        return KDB_OK;
    case KDB_JSON:
        if (value->kind != KDB_FILE)
            break;
        *ret_value = kdb_value_bytes(KDB_JSON, value->bytes);
        return KDB_OK;
    case KDB_UNKNOWN:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_UUID:
    case KDB_FILE:
    case KDB_KIND_COUNT:
        break;
    }
    return fail_pair(ctx, value, type);
}

kdb_status kdb_cast(const kdb_value *value, struct kdb_ctx *ctx, kdb_type type,
                    kdb_value *ret_value)
{
    if (value->is_null) {
        *ret_value = kdb_value_null(type.kind);
        return KDB_OK;
    }
    if (value->kind == type.kind) {
        if (type.kind == KDB_DECIMAL)
            return kdb_decimal_convert(value, ctx, type, ret_value);
        if (type.kind == KDB_EMBEDDING)
            return check_embedding(value, ctx, type, ret_value);
        *ret_value = *value;
        return KDB_OK;
    }
    if (value->kind == KDB_UNKNOWN || (value->kind == KDB_TEXT && type.kind != KDB_UNKNOWN))
        return kdb_value_parse(value->bytes, ctx, type, ret_value);
    return convert(value, ctx, type, ret_value);
}
