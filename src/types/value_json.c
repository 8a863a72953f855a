// SPDX-License-Identifier: Apache-2.0
// Values as the wire's JSON cells.
#include <math.h>

#include "base/assert.h"
#include "base/id.h"
#include "base/json_write.h"
#include "types/decimal.h"
#include "types/interval.h"
#include "types/value.h"

static kdb_status fail_number(struct kdb_ctx *ctx, double number)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                    "the number %s cannot be sent: JSON has no such value",
                    isnan(number) ? "NaN"
                    : number > 0  ? "Infinity"
                                  : "-Infinity");
}

// "[222,173]"
static void write_bytes(kdb_slice bytes, struct kdb_buf *out)
{
    char *start = kdb_buf_reserve(out, bytes.len * 4 + 2);
    if (!start)
        return;
    char *at = start;
    *at++ = '[';
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.data[i];
        if (byte >= 100)
            *at++ = (char)('0' + byte / 100);
        if (byte >= 10)
            *at++ = (char)('0' + byte / 10 % 10);
        *at++ = (char)('0' + byte % 10);
        *at++ = ',';
    }
    at -= bytes.len > 0;
    *at++ = ']';
    kdb_buf_advance(out, (size_t)(at - start));
}

static float embedding_at(kdb_slice bytes, size_t index)
{
    float number;
    memcpy(&number, bytes.data + index * sizeof(number), sizeof(number));
    return number;
}

static kdb_status write_embedding(kdb_slice bytes, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    size_t count = bytes.len / sizeof(float);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(embedding_at(bytes, i)))
            return fail_number(ctx, (double)embedding_at(bytes, i));
    }
    kdb_buf_put(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        KDB_ASSERT(kdb_json_float(out, embedding_at(bytes, i)));
    }
    kdb_buf_put(out, ']');
    return KDB_OK;
}

// A number in quotes.
static void write_quoted(const char *text, size_t len, struct kdb_buf *out)
{
    char *at = kdb_buf_reserve(out, len + 2);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, text, len);
    at[len + 1] = '"';
    kdb_buf_advance(out, len + 2);
}

static void write_decimal(const kdb_value *value, struct kdb_buf *out)
{
    char text[KDB_DECIMAL_TEXT_BYTES];
    write_quoted(text, kdb_decimal_format(value->decimal, value->scale, text), out);
}

static void write_uuid(const kdb_value *value, struct kdb_buf *out)
{
    char text[KDB_UUID_TEXT + 1];
    kdb_uuid_format(value->uuid, text);
    write_quoted(text, KDB_UUID_TEXT, out);
}

static void write_interval(const kdb_value *value, struct kdb_buf *out)
{
    kdb_buf_put(out, '"');
    kdb_interval_print(&value->interval, out);
    kdb_buf_put(out, '"');
}

kdb_status kdb_value_write_json(const kdb_value *value, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    if (value->is_null) {
        kdb_json_null(out);
        return KDB_OK;
    }
    switch ((kdb_kind)value->kind) {
    case KDB_BOOLEAN:
        kdb_json_bool(out, value->boolean);
        return KDB_OK;
    case KDB_BIGINT:
        kdb_buf_put(out, '"');
        kdb_json_i64(out, value->integer);
        kdb_buf_put(out, '"');
        return KDB_OK;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_TIMESTAMP:
    case KDB_DATE:
    case KDB_DATETIME:
    case KDB_TIME:
        kdb_json_i64(out, value->integer);
        return KDB_OK;
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return kdb_json_double(out, value->real) ? KDB_OK : fail_number(ctx, value->real);
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        kdb_json_string(out, value->bytes);
        return KDB_OK;
    case KDB_BYTES:
        write_bytes(value->bytes, out);
        return KDB_OK;
    case KDB_EMBEDDING:
        return write_embedding(value->bytes, ctx, out);
    case KDB_UUID:
        write_uuid(value, out);
        return KDB_OK;
    case KDB_DECIMAL:
        write_decimal(value, out);
        return KDB_OK;
    case KDB_INTERVAL:
        write_interval(value, out);
        return KDB_OK;
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}
