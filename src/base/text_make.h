// SPDX-License-Identifier: Apache-2.0
// Texts made of texts, for the row path's functions and those that run inside the engine.
//
// The caller learns how long the result is, provides that many bytes, and has them written: who
// counts memory, and where it comes from, differs. Texts are valid UTF-8. Any thread.
#ifndef KDB_BASE_TEXT_MAKE_H
#define KDB_BASE_TEXT_MAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

// Writes the bytes of `text`; returns how many.
size_t kdb_text_put(char *out, kdb_slice text);

// Writes `text` so many times: text.len * count bytes.
void kdb_text_repeat(char *out, kdb_slice text, size_t count);

// Writes the characters from the last to the first: text.len bytes.
void kdb_text_reverse(char *out, kdb_slice text);

// How often `part` is in the text, one behind the other; an empty one never.
size_t kdb_text_count(kdb_slice text, kdb_slice part);

// Writes the text with the first `found` of `from`, which are there, replaced: text.len - found *
// from.len + found * to.len bytes.
void kdb_text_replace(char *out, kdb_slice text, kdb_slice from, kdb_slice to, size_t found);

// The character, from 1, at which `part` begins; 0: it is not there. An empty one begins at 1.
size_t kdb_text_position(kdb_slice text, kdb_slice part);

// A text that is filled up, or cut, to a number of characters.
struct kdb_text_padding {
    kdb_slice text; // what is kept of it
    kdb_slice fill;
    size_t whole; // times all of `fill`
    size_t rest;  // bytes of it behind them
};

// The padding of `text` to `wanted` characters; with an empty `fill` it is only cut.
struct kdb_text_padding kdb_text_padding_of(kdb_slice text, size_t wanted, kdb_slice fill);
// Bytes that are filled in, text and filling together have text.len more.
size_t kdb_text_padding_bytes(const struct kdb_text_padding *padding);
// Writes text and filling, the filling first when `is_left`.
void kdb_text_pad(char *out, const struct kdb_text_padding *padding, bool is_left);

#endif
