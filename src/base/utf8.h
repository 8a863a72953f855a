// SPDX-License-Identifier: Apache-2.0
// UTF-8: checking what comes from outside, and stepping through text that was checked.
//
// Text is checked once, where it enters the server; everything behind that point may rely on it.
// The functions that expect valid text stay inside the slice whatever it holds. Any thread.
#ifndef KDB_BASE_UTF8_H
#define KDB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

// What kdb_utf8_next gives for bytes that are no character.
#define KDB_UTF8_REPLACEMENT 0xFFFDU

// Length of the longest prefix that is valid (RFC 3629: no overlong forms, no surrogates, nothing
// above U+10FFFF, no cut characters): the offset of the first bad byte, or text.len.
size_t kdb_utf8_valid_prefix(kdb_slice text);

static inline bool kdb_utf8_is_valid(kdb_slice text)
{
    return kdb_utf8_valid_prefix(text) == text.len;
}

// Checks text that arrives in pieces, which may cut characters anywhere. Zeroed memory is the start
// of a text.
struct kdb_utf8_check {
    uint8_t missing; // bytes the last character still needs
    uint8_t least;   // bounds of the next one of them
    uint8_t most;
};

// The next piece. False when what came so far cannot be the beginning of valid text.
bool kdb_utf8_check_piece(struct kdb_utf8_check *check, kdb_slice piece);

// Whether the text may end here: no character is cut.
static inline bool kdb_utf8_check_is_whole(const struct kdb_utf8_check *check)
{
    return check->missing == 0;
}

// Characters in valid text.
size_t kdb_utf8_count(kdb_slice text);

// Byte offset where character `index` (from 0) of valid text begins; text.len when there are not so
// many.
size_t kdb_utf8_offset(kdb_slice text, size_t index);

// The character at byte `*at`, which is less than text.len; moves `*at` behind it. A byte that
// begins no valid character is stepped over alone and gives KDB_UTF8_REPLACEMENT.
uint32_t kdb_utf8_next(kdb_slice text, size_t *at);

// Writes one character, 1 to 4 bytes, and returns how many. Surrogates and numbers above U+10FFFF
// are written as KDB_UTF8_REPLACEMENT.
size_t kdb_utf8_encode(uint32_t character, char out[4]);

#endif
