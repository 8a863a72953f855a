// SPDX-License-Identifier: Apache-2.0
// LIKE and ILIKE: bytes compared in place, without a compiled pattern.
//
// A mismatch behind a % goes back to the latest % only: what the earlier ones matched cannot help.
// So the work is at most text times pattern, and counted. ILIKE compares both sides in lower case,
// as PostgreSQL does under UTF-8.
#include "plan/like_priv.h"

#include "base/utf8.h"
#include "plan/function_priv.h"

// One comparison as it goes: places in the text and in the pattern.
struct match {
    const char *text, *text_end;
    const char *pattern, *pattern_end;
    const char *star_text;    // where the latest % may go on, NULL: no % yet
    const char *star_pattern; // behind that %
    char escape;              // 0: none
};

static void skip_character(struct match *match)
{
    match->text++;
    while (match->text < match->text_end && ((unsigned char)*match->text & 0xC0U) == 0x80U)
        match->text++;
}

// Behind a %: further % and _ are taken at once. False when the text ends before the pattern's
// characters do.
static bool take_star(struct match *match, bool *ret_has_ended)
{
    for (; match->pattern < match->pattern_end; match->pattern++) {
        if (*match->pattern == '%' && match->escape != '%')
            continue;
        if (*match->pattern != '_' || match->escape == '_')
            break;
        if (match->text >= match->text_end) {
            *ret_has_ended = true;
            return false;
        }
        skip_character(match);
    }
    *ret_has_ended = match->pattern >= match->pattern_end;
    match->star_text = match->text;
    match->star_pattern = match->pattern;
    return true;
}

// One step of the text against a pattern character; false on a mismatch.
static bool take_one(struct match *match)
{
    char wanted = *match->pattern;
    if (match->escape && wanted == match->escape) {
        match->pattern++; // the caller made sure that something follows
        wanted = *match->pattern;
    } else if (wanted == '_') {
        skip_character(match);
        match->pattern++;
        return true;
    }
    if (*match->text != wanted)
        return false;
    match->text++;
    match->pattern++;
    return true;
}

static bool ends_with_escape(const struct match *match)
{
    return match->escape && match->pattern + 1 == match->pattern_end &&
           *match->pattern == match->escape;
}

// Back to the latest %: it takes one character more, and then up to where the pattern's next
// character is. False when there is no such place.
static bool try_next(struct match *match)
{
    match->text = match->star_text;
    if (match->text >= match->text_end)
        return false;
    skip_character(match);
    match->pattern = match->star_pattern;
    // At the pattern's end, or at an escape, the next round decides.
    if (match->pattern < match->pattern_end && *match->pattern != match->escape) {
        size_t left = (size_t)(match->text_end - match->text);
        match->text = left > 0 ? memchr(match->text, *match->pattern, left) : NULL;
    }
    match->star_text = match->text;
    return match->text != NULL;
}

// The text is used up: only % may be left. (A bad end of the pattern is not looked at, as in
// PostgreSQL.)
static plan_like_result at_text_end(struct match *match)
{
    while (match->pattern < match->pattern_end && *match->pattern == '%' && match->escape != '%')
        match->pattern++;
    return match->pattern >= match->pattern_end ? PLAN_LIKE_YES : PLAN_LIKE_NO;
}

// One step where both text and pattern are left. *ret_result is set when that decides; else
// *ret_fits says whether the step matched.
static bool decides(struct match *match, bool *ret_fits, plan_like_result *ret_result)
{
    if (*match->pattern == '%' && match->escape != '%') {
        bool has_ended;
        bool is_short = !take_star(match, &has_ended);
        if (is_short || has_ended) {
            *ret_result = is_short ? PLAN_LIKE_NO : PLAN_LIKE_YES;
            return true;
        }
    }
    if (ends_with_escape(match)) {
        *ret_result = PLAN_LIKE_BAD_PATTERN;
        return true;
    }
    *ret_fits = match->text < match->text_end && take_one(match);
    return false;
}

// Steps of one match that are counted together.
#define STEPS_COUNTED 65536

plan_like_result plan_like_match(struct kdb_eval *eval, kdb_slice text, kdb_slice pattern,
                                 char escape)
{
    if (text.len == 0 && pattern.len == 0)
        return PLAN_LIKE_YES;
    struct match match = {.text = text.data,
                          .text_end = text.data + text.len,
                          .pattern = pattern.data,
                          .pattern_end = pattern.data + pattern.len,
                          .escape = escape};
    for (uint64_t steps = 1;; steps++) {
        plan_like_result result;
        bool fits = false;
        if (eval && steps % STEPS_COUNTED == 0 && plan_work(eval, STEPS_COUNTED) != KDB_OK)
            return PLAN_LIKE_STOPPED;
        if (match.text >= match.text_end)
            return at_text_end(&match);
        if (match.pattern < match.pattern_end && decides(&match, &fits, &result))
            return result;
        if (!fits && (!match.star_text || !try_next(&match)))
            return PLAN_LIKE_NO;
    }
}

// The pattern with a backslash in place of its escape character.
static kdb_status with_backslash(struct kdb_eval *eval, kdb_slice escape, kdb_slice *pattern)
{
    char *out;
    KDB_TRY(plan_text(eval, pattern->len * 2, &out));
    size_t len = 0;
    bool is_behind_escape = false;
    for (size_t at = 0; at < pattern->len;) {
        size_t next = at;
        (void)kdb_utf8_next(*pattern, &next);
        kdb_slice character = {pattern->data + at, next - at};
        at = next;
        if (!is_behind_escape && kdb_slice_equal(character, escape)) {
            out[len++] = '\\';
            is_behind_escape = true;
            continue;
        }
        if (!is_behind_escape && character.data[0] == '\\')
            out[len++] = '\\';
        memcpy(out + len, character.data, character.len);
        len += character.len;
        is_behind_escape = false;
    }
    *pattern = (kdb_slice){out, len};
    return KDB_OK;
}

// ESCAPE '…': none when empty, else one character. One of several bytes, or one that must survive a
// change of case, is brought to a backslash in a copy of the pattern.
static kdb_status read_escape(struct kdb_eval *eval, kdb_slice escape, bool ignores_case,
                              kdb_slice *pattern, char *ret_escape)
{
    *ret_escape = escape.len > 0 ? escape.data[0] : '\0';
    if (escape.len == 0 || (escape.len == 1 && !ignores_case))
        return KDB_OK;
    if (kdb_utf8_offset(escape, 1) != escape.len)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "invalid escape string");
    *ret_escape = '\\';
    return with_backslash(eval, escape, pattern);
}

static kdb_status like(struct kdb_eval *eval, kdb_slice text, kdb_slice pattern, char escape,
                       kdb_value *ret_value)
{
    plan_like_result result = plan_like_match(eval, text, pattern, escape);
    if (result == PLAN_LIKE_STOPPED)
        return eval->ctx->error.status;
    if (result == PLAN_LIKE_BAD_PATTERN)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE,
                        "LIKE pattern must not end with escape character");
    return plan_return_bool(result == PLAN_LIKE_YES, ret_value);
}

kdb_status plan_like(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    kdb_slice pattern = args[1].bytes;
    char escape = '\\';
    if (call->arg_count == 3)
        KDB_TRY(read_escape(eval, args[2].bytes, false, &pattern, &escape));
    return like(eval, args[0].bytes, pattern, escape, ret_value);
}

kdb_status plan_ilike(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text;
    kdb_slice pattern = args[1].bytes;
    char escape = '\\';
    if (call->arg_count == 3)
        KDB_TRY(read_escape(eval, args[2].bytes, true, &pattern, &escape));
    KDB_TRY(plan_text_lower(eval, args[0].bytes, &text));
    KDB_TRY(plan_text_lower(eval, pattern, &pattern));
    return like(eval, text, pattern, escape, ret_value);
}
