// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's input functions: what text means for a type.
#include <math.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_read.h"
#include "types/cast.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/interval.h"
#include "types/real_text.h"
#include "types/uuid_text.h"

// How deep a JSON document may nest.
#define JSON_DEPTH_MAX 512

static kdb_status fail_syntax(struct kdb_ctx *ctx, const char *type, kdb_slice text)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type %s: \"%.*s\"", type,
                    KDB_ARG(text));
}

// Whether `text` begins `word`, ignoring case, with at least `least` bytes.
static bool is_prefix(kdb_slice text, const char *word, size_t least)
{
    kdb_slice whole = kdb_slice_cstr(word);
    return text.len >= least && text.len <= whole.len &&
           kdb_slice_equal_nocase(text, kdb_slice_of(word, text.len));
}

static kdb_status parse_boolean(kdb_slice text, struct kdb_ctx *ctx, bool *ret_boolean)
{
    kdb_slice word = kdb_slice_trim(text);
    bool is_true = is_prefix(word, "true", 1) || is_prefix(word, "yes", 1) ||
                   is_prefix(word, "on", 2) || is_prefix(word, "1", 1);
    bool is_false = is_prefix(word, "false", 1) || is_prefix(word, "no", 1) ||
                    is_prefix(word, "off", 2) || is_prefix(word, "0", 1);
    if (!is_true && !is_false)
        return fail_syntax(ctx, "boolean", text);
    *ret_boolean = is_true;
    return KDB_OK;
}

static bool is_integer(kdb_slice text)
{
    if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = kdb_slice_skip(text, 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0;
}

static kdb_status parse_integer(kdb_slice text, struct kdb_ctx *ctx, kdb_kind kind,
                                int64_t *ret_integer)
{
    int64_t limit = kind == KDB_SMALLINT ? INT16_MAX : kind == KDB_INT ? INT32_MAX : INT64_MAX;
    kdb_slice digits = kdb_slice_trim(text);
    int64_t integer = 0;
    bool is_read = kdb_slice_to_i64(digits, &integer);
    if (!is_read && !is_integer(digits))
        return fail_syntax(ctx, kdb_kind_name(kind), text);
    if (!is_read || integer > limit || integer < -limit - 1)
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "value \"%.*s\" is out of range for type %s",
                        KDB_ARG(text), kdb_kind_name(kind));
    *ret_integer = integer;
    return KDB_OK;
}

static bool is_hex_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// The digits behind \x; blanks may stand between bytes.
static kdb_status parse_hex(kdb_slice digits, struct kdb_ctx *ctx, kdb_slice *ret_bytes)
{
    char *bytes = kdb_arena_alloc(&ctx->arena, digits.len / 2 + 1);
    size_t len = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (is_hex_blank(digits.data[i]))
            continue;
        int high = kdb_hex_digit(digits.data[i]);
        int low = i + 1 < digits.len ? kdb_hex_digit(digits.data[i + 1]) : 0;
        if (high < 0 || low < 0)
            return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid hexadecimal digit: \"%c\"",
                            digits.data[high < 0 ? i : i + 1]);
        if (i + 1 == digits.len)
            return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                            "invalid hexadecimal data: odd number of digits");
        bytes[len++] = (char)(unsigned char)(high * 16 + low);
        i++;
    }
    *ret_bytes = kdb_slice_of(bytes, len);
    return KDB_OK;
}

static kdb_status parse_bytes(kdb_slice text, struct kdb_ctx *ctx, kdb_slice *ret_bytes)
{
    if (kdb_slice_has_prefix(text, KDB_LIT("\\x")))
        return parse_hex(kdb_slice_skip(text, 2), ctx, ret_bytes);
    *ret_bytes = text;
    return KDB_OK;
}

static kdb_status parse_json(kdb_slice text, struct kdb_ctx *ctx, kdb_slice *ret_bytes)
{
    static const struct kdb_json_limits limits = {.size_max = SIZE_MAX,
                                                  .depth_max = JSON_DEPTH_MAX};
    const struct kdb_json *root = NULL;
    kdb_status status = kdb_json_parse(ctx, text, &limits, &root);
    if (status == KDB_ERR_INVALID_INPUT) {
        kdb_slice why = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(ctx->error.message));
        kdb_ctx_clear_error(ctx);
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type json: %.*s",
                        KDB_ARG(why));
    }
    if (status == KDB_OK)
        *ret_bytes = text;
    return status;
}

// The number at the front of `rest`, up to a comma or the closing bracket.
static kdb_slice take_element(kdb_slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ',' && rest->data[len] != ']')
        len++;
    kdb_slice element = kdb_slice_of(rest->data, len);
    *rest = kdb_slice_skip(*rest, len);
    return element;
}

static kdb_status parse_embedding(kdb_slice text, struct kdb_ctx *ctx, uint16_t dimension,
                                  kdb_slice *ret_bytes)
{
    kdb_slice rest = kdb_slice_trim(text);
    size_t count = 0;
    if (rest.len < 2 || rest.data[0] != '[' || rest.data[rest.len - 1] != ']')
        return fail_syntax(ctx, "embedding", text);
    size_t capacity = dimension ? dimension : KDB_DIMENSION_MAX;
    float *numbers = kdb_arena_alloc(&ctx->arena, capacity * sizeof(float));
    while (rest.data[0] != ']') {
        double number = 0;
        rest = kdb_slice_skip(rest, 1); // the bracket or a comma
        KDB_TRY(kdb_real_parse(take_element(&rest), ctx, KDB_FLOAT, &number));
        if (!isfinite(number))
            return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "an embedding cannot hold NaN or infinity");
        if (count < capacity)
            numbers[count] = (float)number;
        count++;
    }
    if (rest.len > 1)
        return fail_syntax(ctx, "embedding", text);
    if (count > capacity || (dimension && count != dimension))
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "expected %zu dimensions, not %zu", capacity,
                        count);
    *ret_bytes = kdb_slice_of(numbers, count * sizeof(float));
    return KDB_OK;
}

static kdb_status parse_uuid(kdb_slice text, struct kdb_ctx *ctx, uint8_t ret_uuid[16])
{
    return kdb_uuid_parse(text, ret_uuid) ? KDB_OK : fail_syntax(ctx, "uuid", text);
}

static kdb_status parse_into(kdb_slice text, struct kdb_ctx *ctx, kdb_type type, kdb_value *value)
{
    switch ((kdb_kind)type.kind) {
    case KDB_BOOLEAN:
        return parse_boolean(text, ctx, &value->boolean);
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
        return parse_integer(text, ctx, type.kind, &value->integer);
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return kdb_real_parse(text, ctx, type.kind, &value->real);
    case KDB_DECIMAL:
        return kdb_decimal_parse(text, ctx, type, value);
    case KDB_DATE:
        return kdb_date_parse(text, ctx, &value->integer);
    case KDB_TIME:
        return kdb_time_parse(text, ctx, &value->integer);
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        return kdb_timestamp_parse(text, ctx, type.kind == KDB_DATETIME, &value->integer);
    case KDB_INTERVAL:
        return kdb_interval_parse(text, ctx, KDB_UNIT_SECOND, &value->interval);
    case KDB_JSON:
        return parse_json(text, ctx, &value->bytes);
    case KDB_BYTES:
        return parse_bytes(text, ctx, &value->bytes);
    case KDB_EMBEDDING:
        return parse_embedding(text, ctx, type.dimension, &value->bytes);
    case KDB_UUID:
        return parse_uuid(text, ctx, value->uuid);
    case KDB_FILE:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                        "text is no FILE: use FILE(\"name\") with an upload");
    case KDB_TEXT:
    case KDB_UNKNOWN:
        value->bytes = text;
        return KDB_OK;
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

kdb_status kdb_value_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_type type, kdb_value *ret_value)
{
    kdb_value value = {.kind = type.kind};
    KDB_TRY(parse_into(text, ctx, type, &value));
    *ret_value = value;
    return KDB_OK;
}
