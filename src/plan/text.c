// SPDX-License-Identifier: Apache-2.0
// Text functions that measure, cut and fill. Positions and lengths count characters.
#include "base/digest.h"
#include "base/text_make.h"
#include "base/utf8.h"
#include "plan/function_priv.h"
#include "plan/md5_priv.h"

kdb_status plan_text(struct kdb_eval *eval, size_t size, char **ret_text)
{
    if (size > PLAN_TEXT_BYTES_MAX)
        return kdb_fail(eval->ctx, KDB_ERR_LIMIT_EXCEEDED, "requested length too large");
    *ret_text = kdb_arena_alloc(eval->scratch, size);
    return KDB_OK;
}

kdb_status plan_lower(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text;
    (void)call;
    KDB_TRY(plan_text_lower(eval, args[0].bytes, &text));
    return plan_return_slice(text, ret_value);
}

kdb_status plan_upper(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text;
    (void)call;
    KDB_TRY(plan_text_upper(eval, args[0].bytes, &text));
    return plan_return_slice(text, ret_value);
}

// ---- lengths ----

static kdb_status return_count(size_t count, kdb_value *ret_value)
{
    *ret_value = kdb_value_int(KDB_INT, (int64_t)count);
    return KDB_OK;
}

kdb_status plan_length(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return return_count(kdb_utf8_count(args[0].bytes), ret_value);
}

kdb_status plan_octet_length(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return return_count(args[0].bytes.len, ret_value);
}

kdb_status plan_bit_length(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return return_count(args[0].bytes.len * 8, ret_value);
}

// ---- parts ----

// The part from character `start` (from 1, may be below) of `length` characters.
static kdb_slice part(kdb_slice text, int64_t start, int64_t length)
{
    int64_t end = start + length; // both fit 32 bits, or `length` reaches to the end
    if (start < 1)
        start = 1;
    if (end <= start)
        return (kdb_slice){text.data, 0};
    size_t from = kdb_utf8_offset(text, (size_t)(start - 1));
    kdb_slice rest = kdb_slice_skip(text, from);
    rest.len = kdb_utf8_offset(rest, (size_t)(end - start));
    return rest;
}

// More characters than any text has.
#define TO_THE_END ((int64_t)1 << 40)

static kdb_status fail_negative_length(struct kdb_eval *eval)
{
    return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "negative substring length not allowed");
}

kdb_status plan_substr(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    int64_t length = TO_THE_END;
    if (call->arg_count == 3) {
        length = args[2].integer;
        if (length < 0)
            return fail_negative_length(eval);
    }
    return plan_return_slice(part(args[0].bytes, args[1].integer, length), ret_value);
}

kdb_status plan_substr_bytes(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    int64_t start = args[1].integer;
    int64_t length = TO_THE_END;
    if (call->arg_count == 3) {
        length = args[2].integer;
        if (length < 0)
            return fail_negative_length(eval);
    }
    int64_t size = (int64_t)args[0].bytes.len;
    int64_t end = start + length > size + 1 ? size + 1 : start + length;
    if (start < 1)
        start = 1;
    kdb_slice found = {args[0].bytes.data, 0};
    if (end > start)
        found = (kdb_slice){args[0].bytes.data + (start - 1), (size_t)(end - start)};
    *ret_value = kdb_value_bytes(KDB_BYTES, found);
    return KDB_OK;
}

// A count of characters; below zero: all but so many.
static size_t kept_characters(kdb_slice text, int64_t count)
{
    if (count >= 0)
        return (size_t)count;
    size_t length = kdb_utf8_count(text);
    return (size_t)-count >= length ? 0 : length - (size_t)-count;
}

kdb_status plan_left(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    (void)eval;
    (void)call;
    text.len = kdb_utf8_offset(text, kept_characters(text, args[1].integer));
    return plan_return_slice(text, ret_value);
}

kdb_status plan_right(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    (void)eval;
    (void)call;
    size_t length = kdb_utf8_count(text);
    size_t kept = kept_characters(text, args[1].integer);
    size_t dropped = kept >= length ? 0 : length - kept;
    return plan_return_slice(kdb_slice_skip(text, kdb_utf8_offset(text, dropped)), ret_value);
}

// OVERLAY(text PLACING other FROM start FOR length).
kdb_status plan_overlay(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    kdb_slice other = args[1].bytes;
    int64_t start = args[2].integer;
    int64_t length =
        call->arg_count == 4 ? args[3].integer : (int64_t)kdb_utf8_count(args[1].bytes);
    if (start <= 0)
        return fail_negative_length(eval);
    if (start + length > INT32_MAX || start + length < INT32_MIN)
        return plan_fail_range(eval, KDB_INT);
    kdb_slice head = part(text, 1, start - 1);
    kdb_slice tail = part(text, start + length, TO_THE_END);
    char *out;
    KDB_TRY(plan_text(eval, head.len + other.len + tail.len, &out));
    size_t len = 0;
    const kdb_slice pieces[] = {head, other, tail};
    for (size_t i = 0; i < 3; i++) {
        if (pieces[i].len > 0)
            memcpy(out + len, pieces[i].data, pieces[i].len);
        len += pieces[i].len;
    }
    return plan_return_text(out, len, ret_value);
}

// ---- search ----

kdb_status plan_strpos(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return return_count(kdb_text_position(args[0].bytes, args[1].bytes), ret_value);
}

kdb_status plan_starts_with(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return plan_return_bool(kdb_slice_has_prefix(args[0].bytes, args[1].bytes), ret_value);
}

// Pieces of `text` between separators.
static size_t count_pieces(kdb_slice text, kdb_slice separator)
{
    size_t count = 1;
    for (size_t at = 0; (at = kdb_slice_find(text, separator, at)) != SIZE_MAX; count++)
        at += separator.len;
    return count;
}

kdb_status plan_split_part(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    kdb_slice separator = args[1].bytes;
    int64_t wanted = args[2].integer;
    const kdb_slice none = {text.data, 0};
    (void)call;
    if (wanted == 0)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "field position must not be zero");
    if (text.len == 0)
        return plan_return_slice(none, ret_value);
    if (separator.len == 0)
        return plan_return_slice(wanted == 1 || wanted == -1 ? text : none, ret_value);
    if (wanted < 0) {
        wanted += (int64_t)count_pieces(text, separator) + 1;
        if (wanted <= 0)
            return plan_return_slice(none, ret_value);
    }
    for (; wanted > 1; wanted--) {
        size_t at = kdb_slice_find(text, separator, 0);
        if (at == SIZE_MAX)
            return plan_return_slice(none, ret_value);
        text = kdb_slice_skip(text, at + separator.len);
    }
    size_t end = kdb_slice_find(text, separator, 0);
    if (end != SIZE_MAX)
        text.len = end;
    return plan_return_slice(text, ret_value);
}

// ---- trimming ----

// Whether the character at `at` (of `len` bytes) is one of `set`.
static bool is_in_set(const char *at, size_t len, kdb_slice set)
{
    if (len == 1)
        return set.len > 0 && memchr(set.data, *at, set.len) != NULL;
    return kdb_slice_find(set, (kdb_slice){at, len}, 0) != SIZE_MAX;
}

static kdb_status trim_left(struct kdb_eval *eval, kdb_slice *text, kdb_slice set)
{
    while (text->len > 0) {
        size_t len = 0;
        (void)kdb_utf8_next(*text, &len);
        KDB_TRY(plan_work(eval, set.len));
        if (!is_in_set(text->data, len, set))
            break;
        *text = kdb_slice_skip(*text, len);
    }
    return KDB_OK;
}

static kdb_status trim_right(struct kdb_eval *eval, kdb_slice *ret_text, kdb_slice set)
{
    kdb_slice text = *ret_text;
    while (text.len > 0) {
        size_t len = 1;
        while (len < text.len && len < 4 &&
               ((unsigned char)text.data[text.len - len] & 0xC0U) == 0x80U)
            len++;
        KDB_TRY(plan_work(eval, set.len));
        if (!is_in_set(text.data + text.len - len, len, set))
            break;
        text.len -= len;
    }
    *ret_text = text;
    return KDB_OK;
}

static kdb_slice trim_set(const struct kdb_expr *call, const kdb_value *args)
{
    return call->arg_count == 2 ? args[1].bytes : KDB_LIT(" ");
}

kdb_status plan_ltrim(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    KDB_TRY(trim_left(eval, &text, trim_set(call, args)));
    return plan_return_slice(text, ret_value);
}

kdb_status plan_rtrim(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    KDB_TRY(trim_right(eval, &text, trim_set(call, args)));
    return plan_return_slice(text, ret_value);
}

kdb_status plan_btrim(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    kdb_slice set = trim_set(call, args);
    KDB_TRY(trim_left(eval, &text, set));
    KDB_TRY(trim_right(eval, &text, set));
    return plan_return_slice(text, ret_value);
}

// ---- filling ----

static kdb_status pad(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      bool is_left, kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    kdb_slice fill = call->arg_count == 3 ? args[2].bytes : KDB_LIT(" ");
    size_t wanted = args[1].integer < 0 ? 0 : (size_t)args[1].integer;
    const struct kdb_text_padding padding = kdb_text_padding_of(text, wanted, fill);
    size_t filled = kdb_text_padding_bytes(&padding);
    if (filled == 0)
        return plan_return_slice(padding.text, ret_value);
    char *out;
    KDB_TRY(plan_text(eval, padding.text.len + filled, &out));
    kdb_text_pad(out, &padding, is_left);
    return plan_return_text(out, padding.text.len + filled, ret_value);
}

kdb_status plan_lpad(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    return pad(eval, call, args, true, ret_value);
}

kdb_status plan_rpad(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    return pad(eval, call, args, false, ret_value);
}

// ---- characters and digests ----

kdb_status plan_ascii(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    size_t at = 0;
    (void)eval;
    (void)call;
    return return_count(args[0].bytes.len == 0 ? 0 : kdb_utf8_next(args[0].bytes, &at), ret_value);
}

kdb_status plan_chr(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    int64_t number = args[0].integer;
    (void)call;
    if (number < 0)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "character number must be positive");
    if (number == 0)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "null character not permitted");
    if (number > 0x10FFFF)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE,
                        "requested character too large for encoding: %lld", (long long)number);
    if (number >= 0xD800 && number <= 0xDFFF)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE,
                        "requested character not valid for encoding: %lld", (long long)number);
    char *out = kdb_arena_alloc(eval->scratch, 4);
    return plan_return_text(out, kdb_utf8_encode((uint32_t)number, out), ret_value);
}

static kdb_status return_hex(struct kdb_eval *eval, const uint8_t *bytes, size_t size,
                             kdb_value *ret_value)
{
    static const char digits[] = "0123456789abcdef";
    char *out;
    KDB_TRY(plan_text(eval, 2 * size, &out));
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return plan_return_text(out, 2 * size, ret_value);
}

kdb_status plan_md5(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                    kdb_value *ret_value)
{
    uint8_t digest[PLAN_MD5_BYTES];
    (void)call;
    plan_md5_digest(args[0].bytes, digest);
    return return_hex(eval, digest, sizeof(digest), ret_value);
}

kdb_status plan_sha256(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    uint8_t *digest = kdb_arena_alloc(eval->scratch, KDB_SHA256_BYTES);
    (void)call;
    kdb_sha256(args[0].bytes, digest);
    *ret_value = kdb_value_bytes(KDB_BYTES, kdb_slice_of(digest, KDB_SHA256_BYTES));
    return KDB_OK;
}

// Digits of the number's bits: negative numbers of the argument's width.
kdb_status plan_to_hex(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    bool is_wide = call->args[0]->type.kind == KDB_BIGINT;
    uint64_t bits = is_wide ? (uint64_t)args[0].integer : (uint32_t)args[0].integer;
    kdb_slice text = kdb_arena_printf(eval->scratch, "%llx", (unsigned long long)bits);
    return plan_return_slice(text, ret_value);
}
