// SPDX-License-Identifier: Apache-2.0
// Names and values as DuckDB SQL text.
#include "engine/quote.h"

#include <math.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/double_text.h"
#include "types/cast.h"
#include "types/decimal.h"

// Microseconds from 1970 to 0001-01-01 and to 10000-01-01: inside, dates are written as people
// write them.
#define DAYS_FIRST   (-719162)
#define DAYS_END     2932897
#define MICROS_A_DAY INT64_C(86400000000)

static void quote_with(struct kdb_buf *out, kdb_slice text, char quote)
{
    kdb_buf_put(out, quote);
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != quote)
            continue;
        kdb_buf_append(out, text.data + from, i + 1 - from);
        from = i; // the quote again
    }
    kdb_buf_append(out, text.data + from, text.len - from);
    kdb_buf_put(out, quote);
}

void kdb_engine_quote_identifier(struct kdb_buf *out, kdb_slice name)
{
    KDB_ASSERT(kdb_slice_find(name, KDB_LIT("\0"), 0) == SIZE_MAX);
    quote_with(out, name, '"');
}

void kdb_engine_quote_text(struct kdb_buf *out, kdb_slice text)
{
    size_t nul = kdb_slice_find(text, KDB_LIT("\0"), 0);
    if (nul == SIZE_MAX) {
        quote_with(out, text, '\'');
        return;
    }
    kdb_buf_put(out, '(');
    while (nul != SIZE_MAX) {
        quote_with(out, (kdb_slice){text.data, nul}, '\'');
        KDB_BUF_LIT(out, " || chr(0) || ");
        text = kdb_slice_skip(text, nul + 1);
        nul = kdb_slice_find(text, KDB_LIT("\0"), 0);
    }
    quote_with(out, text, '\'');
    kdb_buf_put(out, ')');
}

void kdb_engine_quote_type(struct kdb_buf *out, kdb_type type)
{
    switch ((kdb_kind)type.kind) {
    case KDB_BOOLEAN:
        KDB_BUF_LIT(out, "BOOLEAN");
        return;
    case KDB_SMALLINT:
        KDB_BUF_LIT(out, "SMALLINT");
        return;
    case KDB_INT:
        KDB_BUF_LIT(out, "INTEGER");
        return;
    case KDB_BIGINT:
        KDB_BUF_LIT(out, "BIGINT");
        return;
    case KDB_DOUBLE:
        KDB_BUF_LIT(out, "DOUBLE");
        return;
    case KDB_FLOAT:
        KDB_BUF_LIT(out, "FLOAT");
        return;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        KDB_BUF_LIT(out, "VARCHAR");
        return;
    case KDB_TIMESTAMP:
        KDB_BUF_LIT(out, "TIMESTAMP");
        return;
    case KDB_DATETIME:
        KDB_BUF_LIT(out, "TIMESTAMP WITH TIME ZONE");
        return;
    case KDB_DATE:
        KDB_BUF_LIT(out, "DATE");
        return;
    case KDB_TIME:
        KDB_BUF_LIT(out, "TIME");
        return;
    case KDB_BYTES:
        KDB_BUF_LIT(out, "BLOB");
        return;
    case KDB_UUID:
        KDB_BUF_LIT(out, "UUID");
        return;
    case KDB_INTERVAL:
        KDB_BUF_LIT(out, "INTERVAL");
        return;
    case KDB_DECIMAL:
        kdb_buf_printf(out, "DECIMAL(%d,%d)", type.precision, type.scale);
        return;
    case KDB_EMBEDDING:
        kdb_buf_printf(out, "FLOAT[%d]", type.dimension);
        return;
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void cast_to(struct kdb_buf *out, kdb_type type)
{
    KDB_BUF_LIT(out, "::");
    kdb_engine_quote_type(out, type);
}

static void quote_integer(struct kdb_buf *out, int64_t value)
{
    if (value < 0)
        kdb_buf_put(out, '('); // a cast binds closer than the sign
    kdb_buf_i64(out, value);
    if (value < 0)
        kdb_buf_put(out, ')');
}

// Shortest digits that read back as the same number, in quotes: a bare 0.1 would be a DECIMAL on
// its way.
static void quote_real(struct kdb_buf *out, double value, bool is_float)
{
    if (isnan(value)) {
        KDB_BUF_LIT(out, "'nan'");
        return;
    }
    const char *sign = signbit(value) ? "-" : "";
    if (isinf(value)) {
        kdb_buf_printf(out, "'%sinf'", sign);
        return;
    }
    struct kdb_digits digits;
    if (is_float)
        kdb_float_digits((float)value, &digits);
    else
        kdb_double_digits(value, &digits);
    kdb_buf_printf(out, "'%s%.*se%d'", sign, digits.count, digits.text,
                   digits.exponent - digits.count + 1);
}

static void quote_bytes(struct kdb_buf *out, kdb_slice bytes)
{
    static const char hex[] = "0123456789ABCDEF";
    kdb_buf_put(out, '\'');
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        char text[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
        kdb_buf_append(out, text, sizeof(text));
    }
    kdb_buf_put(out, '\'');
}

static void quote_printed(struct kdb_buf *out, const char *before, const kdb_value *value)
{
    kdb_buf_printf(out, "%s '", before);
    kdb_value_print(value, out);
    kdb_buf_put(out, '\'');
}

static void quote_instant(struct kdb_buf *out, const kdb_value *value)
{
    bool has_zone = value->kind == KDB_DATETIME;
    if (value->integer >= DAYS_FIRST * MICROS_A_DAY && value->integer < DAYS_END * MICROS_A_DAY)
        quote_printed(out, has_zone ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP", value);
    else if (has_zone)
        kdb_buf_printf(out, "make_timestamptz(%lld)", (long long)value->integer);
    else
        kdb_buf_printf(out, "make_timestamp(%lld)", (long long)value->integer);
}

static void quote_date(struct kdb_buf *out, const kdb_value *value)
{
    if (value->integer >= DAYS_FIRST && value->integer < DAYS_END)
        quote_printed(out, "DATE", value);
    else
        kdb_buf_printf(out, "make_date(%lld)", (long long)value->integer);
}

static void quote_embedding(struct kdb_buf *out, kdb_slice bytes)
{
    kdb_buf_put(out, '[');
    for (size_t i = 0; i + sizeof(float) <= bytes.len; i += sizeof(float)) {
        float number;
        memcpy(&number, bytes.data + i, sizeof(number));
        if (i > 0)
            kdb_buf_put(out, ',');
        quote_real(out, (double)number, true);
    }
    kdb_buf_put(out, ']');
}

static void quote_plain(struct kdb_buf *out, kdb_type type, const kdb_value *value)
{
    switch ((kdb_kind)value->kind) {
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        quote_integer(out, value->integer);
        break;
    case KDB_DOUBLE:
    case KDB_FLOAT:
        quote_real(out, value->real, value->kind == KDB_FLOAT);
        break;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        kdb_engine_quote_text(out, value->bytes);
        break;
    case KDB_BYTES:
        quote_bytes(out, value->bytes);
        break;
    case KDB_EMBEDDING:
        quote_embedding(out, value->bytes);
        break;
    case KDB_DECIMAL:
    case KDB_UUID:
    case KDB_TIME:
        quote_printed(out, "", value);
        break;
    case KDB_INTERVAL:
        kdb_buf_printf(out, "(to_months(%d) + to_days(%d) + to_microseconds(%lld))",
                       value->interval.months, value->interval.days,
                       (long long)value->interval.micros);
        break;
    case KDB_BOOLEAN:
    case KDB_DATE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_KIND_COUNT:
        KDB_UNREACHABLE();
    }
    if (value->kind != KDB_UNKNOWN)
        cast_to(out, type);
}

// A DECIMAL of any digits has none as NULL: the fewest, which change no other's.
static kdb_type type_of_null(kdb_type type)
{
    if (type.kind == KDB_DECIMAL && type.precision == 0)
        type.precision = 1;
    return type;
}

void kdb_engine_quote_value(struct kdb_buf *out, kdb_type type, const kdb_value *value)
{
    if (value->is_null) {
        type = type_of_null(type);
        KDB_BUF_LIT(out, "NULL");
        if (type.kind != KDB_UNKNOWN)
            cast_to(out, type);
    } else if (value->kind == KDB_BOOLEAN) {
        kdb_buf_slice(out, value->boolean ? KDB_LIT("true") : KDB_LIT("false"));
    } else if (value->kind == KDB_DATE) {
        quote_date(out, value);
    } else if (value->kind == KDB_TIMESTAMP || value->kind == KDB_DATETIME) {
        quote_instant(out, value);
    } else {
        quote_plain(out, type, value);
    }
}

void kdb_engine_quote_error(struct kdb_buf *out, kdb_status status, kdb_slice message)
{
    KDB_ASSERT(status != KDB_OK);
    KDB_BUF_LIT(out, "error('kdb:");
    kdb_buf_slice(out, kdb_slice_cstr(kdb_status_info(status)->name));
    kdb_buf_put(out, ':');
    for (size_t i = 0; i < message.len; i++) {
        if (message.data[i] == '\'')
            kdb_buf_put(out, '\'');
        if (message.data[i] != '\0')
            kdb_buf_put(out, message.data[i]);
    }
    KDB_BUF_LIT(out, "')");
}
