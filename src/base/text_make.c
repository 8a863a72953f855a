// SPDX-License-Identifier: Apache-2.0
// One pass each over what is read and what is written.
#include "base/text_make.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

size_t kdb_text_put(char *out, kdb_slice text)
{
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    return text.len;
}

void kdb_text_repeat(char *out, kdb_slice text, size_t count)
{
    for (size_t i = 0; i < count && text.len > 0; i++)
        out += kdb_text_put(out, text);
}

void kdb_text_reverse(char *out, kdb_slice text)
{
    for (size_t at = 0; at < text.len;) {
        size_t next = at;
        (void)kdb_utf8_next(text, &next);
        memcpy(out + text.len - next, text.data + at, next - at);
        at = next;
    }
}

size_t kdb_text_count(kdb_slice text, kdb_slice part)
{
    size_t count = 0;
    size_t at = 0;
    while (part.len > 0 && (at = kdb_slice_find(text, part, at)) != SIZE_MAX) {
        at += part.len;
        count++;
    }
    return count;
}

void kdb_text_replace(char *out, kdb_slice text, kdb_slice from, kdb_slice to, size_t found)
{
    for (; found > 0; found--) {
        size_t at = kdb_slice_find(text, from, 0);
        out += kdb_text_put(out, kdb_slice_of(text.data, at));
        out += kdb_text_put(out, to);
        text = kdb_slice_skip(text, at + from.len);
    }
    (void)kdb_text_put(out, text);
}

size_t kdb_text_position(kdb_slice text, kdb_slice part)
{
    size_t at = part.len == 0 ? 0 : kdb_slice_find(text, part, 0);
    return at == SIZE_MAX ? 0 : kdb_utf8_count(kdb_slice_of(text.data, at)) + 1;
}

struct kdb_text_padding kdb_text_padding_of(kdb_slice text, size_t wanted, kdb_slice fill)
{
    size_t present = kdb_utf8_count(text);
    struct kdb_text_padding padding = {.text = text, .fill = fill};
    if (present > wanted)
        padding.text.len = kdb_utf8_offset(text, wanted);
    if (present >= wanted || fill.len == 0)
        return padding;
    size_t fill_characters = kdb_utf8_count(fill);
    padding.whole = (wanted - present) / fill_characters;
    padding.rest = kdb_utf8_offset(fill, (wanted - present) % fill_characters);
    return padding;
}

size_t kdb_text_padding_bytes(const struct kdb_text_padding *padding)
{
    return padding->whole * padding->fill.len + padding->rest;
}

void kdb_text_pad(char *out, const struct kdb_text_padding *padding, bool is_left)
{
    if (!is_left)
        out += kdb_text_put(out, padding->text);
    kdb_text_repeat(out, padding->fill, padding->whole);
    out += padding->whole * padding->fill.len;
    out += kdb_text_put(out, kdb_slice_of(padding->fill.data, padding->rest));
    if (is_left)
        (void)kdb_text_put(out, padding->text);
}
