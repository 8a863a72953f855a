// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's output functions: what a value is as text.
#include "base/assert.h"
#include "base/id.h"
#include "types/cast.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/interval.h"
#include "types/real_text.h"

static void print_bytes(kdb_slice bytes, struct kdb_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    char *at = kdb_buf_reserve(out, bytes.len * 2 + 2);
    if (!at)
        return;
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.data[i];
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    kdb_buf_advance(out, bytes.len * 2 + 2);
}

static void print_embedding(kdb_slice bytes, struct kdb_buf *out)
{
    kdb_buf_put(out, '[');
    for (size_t at = 0; at + sizeof(float) <= bytes.len; at += sizeof(float)) {
        float number;
        memcpy(&number, bytes.data + at, sizeof(number));
        if (at > 0)
            kdb_buf_put(out, ',');
        kdb_float_print(number, out);
    }
    kdb_buf_put(out, ']');
}

static void print_uuid(const uint8_t uuid[16], struct kdb_buf *out)
{
    char text[KDB_UUID_TEXT + 1];
    kdb_uuid_format(uuid, text);
    kdb_buf_append(out, text, KDB_UUID_TEXT);
}

void kdb_value_print(const kdb_value *value, struct kdb_buf *out)
{
    KDB_ASSERT(!value->is_null);
    switch ((kdb_kind)value->kind) {
    case KDB_BOOLEAN:
        kdb_buf_slice(out, value->boolean ? KDB_LIT("true") : KDB_LIT("false"));
        return;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        kdb_buf_i64(out, value->integer);
        return;
    case KDB_DOUBLE:
        kdb_double_print(value->real, out);
        return;
    case KDB_FLOAT:
        kdb_float_print((float)value->real, out);
        return;
    case KDB_DECIMAL:
        kdb_decimal_print(value->decimal, value->scale, out);
        return;
    case KDB_DATE:
        kdb_date_print(value->integer, out);
        return;
    case KDB_TIME:
        kdb_time_print(value->integer, out);
        return;
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        kdb_timestamp_print(value->integer, value->kind == KDB_DATETIME, out);
        return;
    case KDB_INTERVAL:
        kdb_interval_print(&value->interval, out);
        return;
    case KDB_UUID:
        print_uuid(value->uuid, out);
        return;
    case KDB_BYTES:
        print_bytes(value->bytes, out);
        return;
    case KDB_EMBEDDING:
        print_embedding(value->bytes, out);
        return;
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_FILE:
        kdb_buf_slice(out, value->bytes);
        return;
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}
