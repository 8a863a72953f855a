// SPDX-License-Identifier: Apache-2.0
// Text functions that put new text together.
#include <locale.h>
#include <wctype.h>

#include "base/text_make.h"
#include "base/utf8.h"
#include "plan/function_priv.h"

// The non-null arguments from `from` on, with a separator between them.
static kdb_status join(struct kdb_eval *eval, const kdb_value *args, size_t count, size_t from,
                       kdb_slice separator, kdb_slice *ret_text)
{
    size_t size = 0;
    for (size_t i = from; i < count; i++)
        size += args[i].is_null ? 0 : args[i].bytes.len + separator.len;
    char *out;
    KDB_TRY(plan_text(eval, size, &out));
    size_t len = 0;
    bool is_first = true;
    for (size_t i = from; i < count; i++) {
        if (args[i].is_null)
            continue;
        if (!is_first)
            len += kdb_text_put(out + len, separator);
        is_first = false;
        len += kdb_text_put(out + len, args[i].bytes);
    }
    *ret_text = (kdb_slice){out, len};
    return KDB_OK;
}

// Text or bytes.
kdb_status plan_append(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    kdb_slice joined;
    KDB_TRY(join(eval, args, 2, 0, KDB_LIT(""), &joined));
    *ret_value = kdb_value_bytes((kdb_kind)call->type.kind, joined);
    return KDB_OK;
}

kdb_status plan_concat(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    kdb_slice joined;
    KDB_TRY(join(eval, args, call->arg_count, 0, KDB_LIT(""), &joined));
    return plan_return_slice(joined, ret_value);
}

kdb_status plan_concat_ws(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    kdb_slice joined;
    if (args[0].is_null) {
        *ret_value = kdb_value_null(KDB_TEXT);
        return KDB_OK;
    }
    KDB_TRY(join(eval, args, call->arg_count, 1, args[0].bytes, &joined));
    return plan_return_slice(joined, ret_value);
}

kdb_status plan_print_boolean(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    (void)eval;
    (void)call;
    return plan_return_slice(args[0].boolean ? KDB_LIT("t") : KDB_LIT("f"), ret_value);
}

kdb_status plan_repeat(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                       kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    size_t count = args[1].integer < 0 ? 0 : (size_t)args[1].integer;
    char *out;
    (void)call;
    KDB_TRY(plan_text(eval, text.len * count, &out)); // 2^31 times less than 2^32 bytes
    kdb_text_repeat(out, text, count);
    return plan_return_text(out, text.len * count, ret_value);
}

kdb_status plan_replace(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    kdb_slice from = args[1].bytes;
    kdb_slice to = args[2].bytes;
    (void)call;
    size_t found = kdb_text_count(text, from);
    if (found == 0)
        return plan_return_slice(text, ret_value);
    char *out;
    size_t len = text.len - found * from.len + found * to.len;
    KDB_TRY(plan_text(eval, len, &out));
    kdb_text_replace(out, text, from, to, found);
    return plan_return_text(out, len, ret_value);
}

kdb_status plan_reverse(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    char *out;
    (void)call;
    KDB_TRY(plan_text(eval, text.len, &out));
    kdb_text_reverse(out, text);
    return plan_return_text(out, text.len, ret_value);
}

// What replaces the character at `at`: itself, nothing, or the one at its place in `to`.
static kdb_slice translated(kdb_slice character, kdb_slice from, kdb_slice to)
{
    size_t index = 0;
    for (size_t at = 0; at < from.len; index++) {
        size_t next = at;
        (void)kdb_utf8_next(from, &next);
        if (kdb_slice_equal((kdb_slice){from.data + at, next - at}, character)) {
            kdb_slice rest = kdb_slice_skip(to, kdb_utf8_offset(to, index));
            rest.len = kdb_utf8_offset(rest, 1);
            return rest;
        }
        at = next;
    }
    return character;
}

kdb_status plan_translate(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    char *out;
    (void)call;
    KDB_TRY(plan_text(eval, text.len * 4, &out));
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        size_t next = at;
        (void)kdb_utf8_next(text, &next);
        kdb_slice character = {text.data + at, next - at};
        KDB_TRY(plan_work(eval, args[1].bytes.len));
        len += kdb_text_put(out + len, translated(character, args[1].bytes, args[2].bytes));
        at = next;
    }
    return plan_return_text(out, len, ret_value);
}

static bool is_alphanumeric(uint32_t character, locale_t *locale)
{
    if (character < 0x80)
        return (character >= '0' && character <= '9') || (character | 0x20) - 'a' < 26;
    if (!*locale)
        *locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return *locale && iswalnum_l((wint_t)character, *locale) != 0;
}

// Letters behind a letter or digit in lower case, the others in upper case.
kdb_status plan_initcap(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                        kdb_value *ret_value)
{
    kdb_slice text = args[0].bytes;
    locale_t locale = NULL;
    char *out;
    (void)call;
    KDB_TRY(plan_text(eval, text.len * 3, &out));
    size_t len = 0;
    bool was_alphanumeric = false;
    for (size_t at = 0; at < text.len;) {
        uint32_t character = kdb_utf8_next(text, &at);
        uint32_t mapped =
            was_alphanumeric ? plan_char_lower(character) : plan_char_upper(character);
        len += kdb_utf8_encode(mapped, out + len);
        was_alphanumeric = is_alphanumeric(mapped, &locale);
    }
    if (locale)
        freelocale(locale);
    return plan_return_text(out, len, ret_value);
}
