// SPDX-License-Identifier: Apache-2.0
// LIKE: bytes compared in place, without a compiled pattern.
//
// A mismatch behind a % goes back to the latest % only: what the earlier ones matched cannot help.
// So the work is at most text times pattern, and counted.
#include "base/like.h"

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
static kdb_like_result at_text_end(struct match *match)
{
    while (match->pattern < match->pattern_end && *match->pattern == '%' && match->escape != '%')
        match->pattern++;
    return match->pattern >= match->pattern_end ? KDB_LIKE_YES : KDB_LIKE_NO;
}

// One step where both text and pattern are left. *ret_result is set when that decides; else
// *ret_fits says whether the step matched.
static bool decides(struct match *match, bool *ret_fits, kdb_like_result *ret_result)
{
    if (*match->pattern == '%' && match->escape != '%') {
        bool has_ended;
        bool is_short = !take_star(match, &has_ended);
        if (is_short || has_ended) {
            *ret_result = is_short ? KDB_LIKE_NO : KDB_LIKE_YES;
            return true;
        }
    }
    if (ends_with_escape(match)) {
        *ret_result = KDB_LIKE_BAD_PATTERN;
        return true;
    }
    *ret_fits = match->text < match->text_end && take_one(match);
    return false;
}

kdb_like_result kdb_like_match(const struct kdb_like_watch *watch, kdb_slice text,
                               kdb_slice pattern, char escape)
{
    if (text.len == 0 && pattern.len == 0)
        return KDB_LIKE_YES;
    struct match match = {.text = text.data,
                          .text_end = text.data + text.len,
                          .pattern = pattern.data,
                          .pattern_end = pattern.data + pattern.len,
                          .escape = escape};
    for (uint64_t steps = 1;; steps++) {
        kdb_like_result result;
        bool fits = false;
        if (watch && steps % KDB_LIKE_STEPS == 0 && watch->must_stop(watch->self))
            return KDB_LIKE_STOPPED;
        if (match.text >= match.text_end)
            return at_text_end(&match);
        if (match.pattern < match.pattern_end && decides(&match, &fits, &result))
            return result;
        if (!fits && (!match.star_text || !try_next(&match)))
            return KDB_LIKE_NO;
    }
}
