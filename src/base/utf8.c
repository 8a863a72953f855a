// SPDX-License-Identifier: Apache-2.0
// UTF-8 by the table of well-formed byte sequences (Unicode standard, table 3-7), ASCII by words.
#include "base/utf8.h"

#define HIGH_BITS 0x8080808080808080U
#define LOW_BITS  0x0101010101010101U

static uint64_t load_word(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0U) == 0x80U;
}

// Bytes of the well-formed character at the start of the slice, 0 when there is none.
static size_t character_size(const unsigned char *data, size_t len)
{
    unsigned char first = data[0];
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (len < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(data[i]))
            return 0;
    }
    unsigned char second = data[1];
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return 0;
    return size;
}

// Length of the ASCII prefix, rounded down to words.
static size_t ascii_words(const char *data, size_t len)
{
    size_t at = 0;
    for (; at + 32 <= len; at += 32) {
        uint64_t low = load_word(data + at) | load_word(data + at + 8);
        uint64_t high = load_word(data + at + 16) | load_word(data + at + 24);
        if (((low | high) & HIGH_BITS) != 0)
            break;
    }
    while (at + 8 <= len && (load_word(data + at) & HIGH_BITS) == 0)
        at += 8;
    return at;
}

size_t kdb_utf8_valid_prefix(kdb_slice text)
{
    size_t at = 0;
    while (at < text.len) {
        at += ascii_words(text.data + at, text.len - at);
        // At most a word of ASCII stands before what stopped the words.
        size_t stop = text.len - at > 16 ? at + 16 : text.len;
        while (at < stop) {
            size_t size = character_size((const unsigned char *)text.data + at, text.len - at);
            if (size == 0)
                return at;
            at += size;
        }
    }
    return at;
}

// Begins a character, whose first byte is not ASCII. False when none begins so.
static bool begin_character(struct kdb_utf8_check *check, unsigned char first)
{
    if (first < 0xC2 || first > 0xF4)
        return false;
    check->missing = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    check->least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    check->most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return true;
}

bool kdb_utf8_check_piece(struct kdb_utf8_check *check, kdb_slice piece)
{
    size_t at = 0;
    while (at < piece.len) {
        if (check->missing == 0) {
            at += kdb_utf8_valid_prefix(kdb_slice_skip(piece, at));
            if (at < piece.len && !begin_character(check, (unsigned char)piece.data[at++]))
                return false;
            continue;
        }
        unsigned char next = (unsigned char)piece.data[at++];
        if (next < check->least || next > check->most)
            return false;
        check->missing--;
        check->least = 0x80;
        check->most = 0xBF;
    }
    return true;
}

// How many of the eight bytes are not continuation bytes.
static size_t starts_in(uint64_t word)
{
    uint64_t continuations = (word >> 7) & ~(word >> 6) & LOW_BITS;
    return 8 - (size_t)((continuations * LOW_BITS) >> 56);
}

size_t kdb_utf8_count(kdb_slice text)
{
    size_t count = 0;
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8)
        count += starts_in(load_word(text.data + at));
    for (; at < text.len; at++)
        count += !is_continuation((unsigned char)text.data[at]);
    return count;
}

size_t kdb_utf8_offset(kdb_slice text, size_t index)
{
    size_t at = 0;
    while (at + 8 <= text.len) {
        size_t starts = starts_in(load_word(text.data + at));
        if (starts > index)
            break;
        index -= starts;
        at += 8;
    }
    for (; at < text.len; at++) {
        if (is_continuation((unsigned char)text.data[at]))
            continue;
        if (index == 0)
            return at;
        index--;
    }
    return text.len;
}

uint32_t kdb_utf8_next(kdb_slice text, size_t *at)
{
    const unsigned char *data = (const unsigned char *)text.data + *at;
    size_t size = character_size(data, text.len - *at);
    *at += size ? size : 1;
    switch (size) {
    case 1:
        return data[0];
    case 2:
        return (data[0] & 0x1FU) << 6 | (data[1] & 0x3FU);
    case 3:
        return (data[0] & 0x0FU) << 12 | (data[1] & 0x3FU) << 6 | (data[2] & 0x3FU);
    case 4:
        return (data[0] & 0x07U) << 18 | (data[1] & 0x3FU) << 12 | (data[2] & 0x3FU) << 6 |
               (data[3] & 0x3FU);
    default:
        return KDB_UTF8_REPLACEMENT;
    }
}

size_t kdb_utf8_encode(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0U | character >> 6);
        out[1] = (char)(0x80U | (character & 0x3FU));
        return 2;
    }
    if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
        character = KDB_UTF8_REPLACEMENT;
    if (character < 0x10000) {
        out[0] = (char)(0xE0U | character >> 12);
        out[1] = (char)(0x80U | (character >> 6 & 0x3FU));
        out[2] = (char)(0x80U | (character & 0x3FU));
        return 3;
    }
    out[0] = (char)(0xF0U | character >> 18);
    out[1] = (char)(0x80U | (character >> 12 & 0x3FU));
    out[2] = (char)(0x80U | (character >> 6 & 0x3FU));
    out[3] = (char)(0x80U | (character & 0x3FU));
    return 4;
}
