// SPDX-License-Identifier: Apache-2.0
// Encoding and decoding of ordered key bytes (the forms are in key.h).
#include "types/key.h"

#include <math.h>

#include "base/assert.h"
#include "types/decimal.h"

// A zero byte inside text is followed by ESCAPE, the end is two zero bytes: shorter texts come
// first.
#define ESCAPE ((char)0xFF)

bool kdb_kind_is_key(kdb_kind kind)
{
    return kdb_kind_is_column(kind) && kind != KDB_JSON && kind != KDB_FILE &&
           kind != KDB_EMBEDDING;
}

static void store_u64(char *at, uint64_t word)
{
    word = __builtin_bswap64(word);
    memcpy(at, &word, sizeof(word));
}

static uint64_t load_u64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return __builtin_bswap64(word);
}

static void store_u32(char *at, uint32_t word)
{
    word = __builtin_bswap32(word);
    memcpy(at, &word, sizeof(word));
}

static uint32_t load_u32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return __builtin_bswap32(word);
}

static void store_u128(char *at, kdb_uint128 word)
{
    store_u64(at, (uint64_t)(word >> 64));
    store_u64(at + 8, (uint64_t)word);
}

static kdb_uint128 load_u128(const char *at)
{
    return (kdb_uint128)load_u64(at) << 64 | load_u64(at + 8);
}

static void store_u16(char *at, uint16_t word)
{
    word = __builtin_bswap16(word);
    memcpy(at, &word, sizeof(word));
}

static uint16_t load_u16(const char *at)
{
    uint16_t word;
    memcpy(&word, at, sizeof(word));
    return __builtin_bswap16(word);
}

static size_t zero_bytes(kdb_slice text)
{
    size_t count = 0;
    const char *at = text.len > 0 ? memchr(text.data, 0, text.len) : NULL;
    while (at) {
        size_t rest = text.len - (size_t)(at + 1 - text.data);
        count++;
        at = memchr(at + 1, 0, rest);
    }
    return count;
}

static char *put_text(char *at, kdb_slice text, size_t zeros)
{
    if (KDB_LIKELY(zeros == 0)) {
        if (text.len > 0)
            memcpy(at, text.data, text.len);
        at += text.len;
    } else {
        for (size_t i = 0; i < text.len; i++) {
            *at++ = text.data[i];
            if (text.data[i] == 0)
                *at++ = ESCAPE;
        }
    }
    *at++ = 0;
    *at++ = 0;
    return at;
}

void kdb_key_text(struct kdb_buf *out, kdb_slice text)
{
    size_t zeros = zero_bytes(text);
    char *at = kdb_buf_reserve(out, text.len + zeros + 2);
    if (at)
        kdb_buf_advance(out, (size_t)(put_text(at, text, zeros) - at));
}

void kdb_key_u32(struct kdb_buf *out, uint32_t value)
{
    char bytes[4];
    store_u32(bytes, value);
    kdb_buf_append(out, bytes, sizeof(bytes));
}

void kdb_key_i64(struct kdb_buf *out, int64_t value)
{
    char bytes[8];
    store_u64(bytes, (uint64_t)value ^ (UINT64_C(1) << 63));
    kdb_buf_append(out, bytes, sizeof(bytes));
}

// The bits of a double in an order that is the numbers' order: negative ones turned around,
// positive ones above them.
static uint64_t ordered_double(double number)
{
    uint64_t bits;
    if (isnan(number))
        return UINT64_MAX;
    if (number == 0)
        number = 0; // -0
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint32_t ordered_float(float number)
{
    uint32_t bits;
    if (isnan(number))
        return UINT32_MAX;
    if (number == 0)
        number = 0; // -0
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

// Bytes of the encoding of fixed-length kinds, 0 for text and bytes.
static size_t fixed_bytes(kdb_kind kind)
{
    switch (kind) {
    case KDB_BOOLEAN:
        return 1;
    case KDB_SMALLINT:
        return 2;
    case KDB_INT:
    case KDB_DATE:
    case KDB_FLOAT:
        return 4;
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
    case KDB_DOUBLE:
        return 8;
    case KDB_UUID:
    case KDB_DECIMAL:
        return 16;
    case KDB_TEXT:
    case KDB_BYTES:
        return 0;
    case KDB_UNKNOWN:
    case KDB_JSON:
    case KDB_EMBEDDING:
    case KDB_FILE:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void put_fixed(char *at, const kdb_value *value)
{
    switch ((kdb_kind)value->kind) {
    case KDB_BOOLEAN:
        *at = value->boolean ? 1 : 0;
        return;
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        store_u64(at, (uint64_t)value->integer ^ (UINT64_C(1) << 63));
        return;
    case KDB_SMALLINT:
        store_u16(at, (uint16_t)((uint16_t)value->integer ^ 0x8000U));
        return;
    case KDB_INT:
    case KDB_DATE:
        store_u32(at, (uint32_t)value->integer ^ 0x80000000U);
        return;
    case KDB_DOUBLE:
        store_u64(at, ordered_double(value->real));
        return;
    case KDB_FLOAT:
        store_u32(at, ordered_float((float)value->real));
        return;
    case KDB_DECIMAL:
        store_u128(at, (kdb_uint128)value->decimal ^ (kdb_uint128)1 << 127);
        return;
    case KDB_UUID:
        memcpy(at, value->uuid, sizeof(value->uuid));
        return;
    case KDB_TEXT:
    case KDB_BYTES:
    case KDB_UNKNOWN:
    case KDB_JSON:
    case KDB_EMBEDDING:
    case KDB_FILE:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static kdb_status fail_limit(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "a key does not fit its buffer");
}

kdb_status kdb_key_value(struct kdb_buf *out, struct kdb_ctx *ctx, const kdb_value *value)
{
    KDB_ASSERT(!value->is_null);
    size_t size = fixed_bytes(value->kind);
    if (size > 0) {
        char *at = kdb_buf_reserve(out, size);
        if (!at)
            return fail_limit(ctx);
        put_fixed(at, value);
        kdb_buf_advance(out, size);
        return KDB_OK;
    }
    size_t zeros = zero_bytes(value->bytes);
    size = value->bytes.len + zeros + 2;
    if (size > KDB_KEY_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                        "a primary key may have at most %d bytes; this one has %zu",
                        KDB_KEY_BYTES_MAX, size);
    char *at = kdb_buf_reserve(out, size);
    if (!at)
        return fail_limit(ctx);
    (void)put_text(at, value->bytes, zeros);
    kdb_buf_advance(out, size);
    return KDB_OK;
}

size_t kdb_key_text_length(kdb_slice key)
{
    size_t at = 0;
    while (at + 1 < key.len) {
        const char *zero = memchr(key.data + at, 0, key.len - 1 - at);
        if (!zero)
            return 0;
        at = (size_t)(zero - key.data) + 2;
        if (key.data[at - 1] == 0)
            return at;
        if (key.data[at - 1] != ESCAPE)
            return 0;
    }
    return 0;
}

static kdb_status fail_corrupt(struct kdb_ctx *ctx, kdb_type type)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "damaged key: no %s", kdb_kind_name(type.kind));
}

// Undoes put_text; the escapes are known to be right. Borrows when there are none.
static kdb_slice read_text(kdb_slice escaped, struct kdb_arena *arena)
{
    if (escaped.len == 0 || !memchr(escaped.data, 0, escaped.len))
        return escaped;
    char *text = kdb_arena_alloc(arena, escaped.len);
    size_t len = 0;
    for (size_t i = 0; i < escaped.len; i++) {
        text[len++] = escaped.data[i];
        if (escaped.data[i] == 0)
            i++;
    }
    return kdb_slice_of(text, len);
}

// The double with these ordered bits; false for bits that no number is written as.
static bool read_double(uint64_t ordered, double *ret_number)
{
    uint64_t bits = ordered >> 63 ? ordered & ~(UINT64_C(1) << 63) : ~ordered;
    double number;
    memcpy(&number, &bits, sizeof(number));
    if (ordered == UINT64_MAX)
        number = (double)NAN;
    *ret_number = number;
    return ordered_double(number) == ordered;
}

static bool read_float(uint32_t ordered, double *ret_number)
{
    uint32_t bits = ordered >> 31 ? ordered & ~(UINT32_C(1) << 31) : ~ordered;
    float number;
    memcpy(&number, &bits, sizeof(number));
    if (ordered == UINT32_MAX)
        number = NAN;
    *ret_number = (double)number;
    return ordered_float(number) == ordered;
}

// Reads a fixed-length value; false when the bytes are no encoding of one.
static bool read_fixed(const char *at, kdb_type type, kdb_value *ret_value)
{
    switch ((kdb_kind)type.kind) {
    case KDB_BOOLEAN:
        ret_value->boolean = *at == 1;
        return (unsigned char)*at <= 1;
    case KDB_SMALLINT:
        ret_value->integer = (int16_t)(load_u16(at) ^ 0x8000U);
        return true;
    case KDB_INT:
    case KDB_DATE:
        ret_value->integer = (int32_t)(load_u32(at) ^ 0x80000000U);
        return true;
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        ret_value->integer = (int64_t)(load_u64(at) ^ UINT64_C(1) << 63);
        return true;
    case KDB_DOUBLE:
        return read_double(load_u64(at), &ret_value->real);
    case KDB_FLOAT:
        return read_float(load_u32(at), &ret_value->real);
    case KDB_DECIMAL:
        ret_value->decimal = (kdb_int128)(load_u128(at) ^ (kdb_uint128)1 << 127);
        ret_value->scale = type.scale;
        return kdb_decimal_fits(ret_value->decimal, KDB_DECIMAL_DIGITS);
    case KDB_UUID:
        memcpy(ret_value->uuid, at, sizeof(ret_value->uuid));
        return true;
    case KDB_TEXT:
    case KDB_BYTES:
    case KDB_UNKNOWN:
    case KDB_JSON:
    case KDB_EMBEDDING:
    case KDB_FILE:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

kdb_status kdb_key_read(kdb_slice key, struct kdb_ctx *ctx, kdb_type type, kdb_value *ret_value,
                        size_t *ret_taken)
{
    size_t size = fixed_bytes(type.kind);
    kdb_value value = {.kind = type.kind};
    if (size == 0) {
        size = kdb_key_text_length(key);
        if (size == 0)
            return fail_corrupt(ctx, type);
        value.bytes = read_text(kdb_slice_of(key.data, size - 2), &ctx->arena);
    } else if (key.len < size || !read_fixed(key.data, type, &value)) {
        return fail_corrupt(ctx, type);
    }
    *ret_value = value;
    *ret_taken = size;
    return KDB_OK;
}
