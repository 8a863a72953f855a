// SPDX-License-Identifier: Apache-2.0
// Unicode's simple case mappings beyond ASCII, as glibc's C.UTF-8 (Unicode 15) has them: what
// lower(), upper() and ILIKE mean.
//
// A table of our own, because a locale object would be a writable global and its content would
// change with the machine. The test compares with the machine's C.UTF-8.
#include "base/utf8.h"
#include "plan/function_priv.h"

// Characters first, first + step, … last become themselves + delta.
struct case_range {
    uint32_t first, last;
    int32_t delta;
    uint32_t step;
};

#define RANGE(first, last, delta, step) {first, last, delta, step},
#define NONE(first, last, delta, step)

static const struct case_range lower_ranges[] = {
#define LOWER RANGE
#define UPPER NONE
#include "plan/unicode_case.def"
#undef LOWER
#undef UPPER
};

static const struct case_range upper_ranges[] = {
#define LOWER NONE
#define UPPER RANGE
#include "plan/unicode_case.def"
#undef LOWER
#undef UPPER
};

static uint32_t mapped(const struct case_range *ranges, size_t count, uint32_t character)
{
    size_t low = 0;
    while (count > 0) { // the last range that does not begin behind the character
        size_t half = count / 2;
        if (ranges[low + half].first <= character) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    if (low == 0)
        return character;
    const struct case_range *range = &ranges[low - 1];
    if (character > range->last || (character - range->first) % range->step != 0)
        return character;
    return (uint32_t)((int32_t)character + range->delta);
}

uint32_t plan_char_lower(uint32_t character)
{
    if (character < 0x80)
        return character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character;
    return mapped(lower_ranges, sizeof(lower_ranges) / sizeof(lower_ranges[0]), character);
}

uint32_t plan_char_upper(uint32_t character)
{
    if (character < 0x80)
        return character >= 'a' && character <= 'z' ? character - ('a' - 'A') : character;
    return mapped(upper_ranges, sizeof(upper_ranges) / sizeof(upper_ranges[0]), character);
}

// True when the text is ASCII.
static bool is_ascii(kdb_slice text)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < text.len; i++)
        seen |= (unsigned char)text.data[i];
    return seen < 0x80;
}

static kdb_status map_text(struct kdb_eval *eval, kdb_slice text, uint32_t (*map)(uint32_t),
                           kdb_slice *ret)
{
    // Characters grow from two bytes to three at most; a stray byte becomes three.
    char *out;
    bool is_plain = is_ascii(text);
    KDB_TRY(plan_text(eval, is_plain ? text.len : text.len * 3, &out));
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        if (is_plain)
            out[len++] = (char)map((unsigned char)text.data[at++]);
        else
            len += kdb_utf8_encode(map(kdb_utf8_next(text, &at)), out + len);
    }
    *ret = (kdb_slice){out, len};
    return KDB_OK;
}

kdb_status plan_text_lower(struct kdb_eval *eval, kdb_slice text, kdb_slice *ret)
{
    return map_text(eval, text, plan_char_lower, ret);
}

kdb_status plan_text_upper(struct kdb_eval *eval, kdb_slice text, kdb_slice *ret)
{
    return map_text(eval, text, plan_char_upper, ret);
}
