// SPDX-License-Identifier: Apache-2.0
// Fuzz target of LIKE: any text against any pattern gives what the definition gives, taken
// literally.
// links: base
//
// Input: length of the pattern, pattern, text. Both are cut to valid UTF-8.
#include "base/like.h"
#include "base/assert.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The definition compares every split of the text: kept to what takes no time.
#define LITERAL_BYTES_MAX 64

static size_t character_bytes(kdb_slice text)
{
    size_t len = 1;
    while (len < text.len && ((unsigned char)text.data[len] & 0xC0) == 0x80)
        len++;
    return len;
}

// Which suffixes of the text the pattern's rest matches, from its end backwards; false when the
// pattern ends in its escape character.
static bool match_literally(kdb_slice text, kdb_slice pattern, bool *ret_matches)
{
    bool rest[LITERAL_BYTES_MAX + 1] = {0};
    kdb_slice parts[LITERAL_BYTES_MAX];
    size_t count = 0;
    while (pattern.len > 0) {
        size_t len = character_bytes(pattern);
        if (pattern.data[0] == '\\') {
            if (pattern.len == 1)
                return false;
            len = 1 + character_bytes(kdb_slice_skip(pattern, 1));
        }
        parts[count++] = kdb_slice_of(pattern.data, len);
        pattern = kdb_slice_skip(pattern, len);
    }
    rest[text.len] = true;
    while (count > 0) {
        kdb_slice part = parts[--count];
        bool next[LITERAL_BYTES_MAX + 1] = {0};
        for (size_t at = text.len + 1; at-- > 0;) {
            kdb_slice here = kdb_slice_skip(text, at);
            size_t len = here.len > 0 ? character_bytes(here) : 0;
            if (kdb_slice_equal(part, KDB_LIT("%"))) {
                next[at] = rest[at] || (len > 0 && next[at + len]);
            } else if (kdb_slice_equal(part, KDB_LIT("_"))) {
                next[at] = len > 0 && rest[at + len];
            } else {
                kdb_slice plain = part.data[0] == '\\' ? kdb_slice_skip(part, 1) : part;
                next[at] = kdb_slice_has_prefix(here, plain) && rest[at + plain.len];
            }
        }
        memcpy(rest, next, sizeof(rest));
    }
    *ret_matches = rest[0];
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t len = data[0] % size;
    kdb_slice pattern = kdb_slice_of(data + 1, len);
    kdb_slice text = kdb_slice_of(data + 1 + len, size - 1 - len);
    pattern.len = kdb_utf8_valid_prefix(pattern);
    text.len = kdb_utf8_valid_prefix(text);
    kdb_like_result result = kdb_like_match(NULL, text, pattern, '\\');
    bool matches;
    if (text.len > LITERAL_BYTES_MAX || pattern.len > LITERAL_BYTES_MAX)
        return 0;
    if (match_literally(text, pattern, &matches))
        KDB_ASSERT(result == (matches ? KDB_LIKE_YES : KDB_LIKE_NO));
    else
        KDB_ASSERT(result != KDB_LIKE_YES); // PostgreSQL's matcher need not get to the end
    return 0;
}
