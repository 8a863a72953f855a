// SPDX-License-Identifier: Apache-2.0
// Ordered, self-delimiting key bytes: memcmp order of the encodings is the SQL order of the values.
//
// Text and bytes: 00 becomes 00 FF, the end is 00 00. Integers, dates and times: big-endian with
// the sign bit flipped. FLOAT in 4, DOUBLE in 8 bytes: total order, -0 = 0, NaN last. Decimals: the
// scaled value as a sign-flipped big-endian int128 (all values of one column have one scale).
// Booleans: one byte. UUID: its 16 bytes. No encoding is a prefix of another of the same kind, so
// keys can be concatenated and a user `a` can never reach the rows of a user `a:b`. Pure functions;
// any thread.
#ifndef KDB_TYPES_KEY_H
#define KDB_TYPES_KEY_H

#include "base/buf.h"
#include "base/ctx.h"
#include "types/value.h"

// An encoded primary key may have at most this many bytes.
#define KDB_KEY_BYTES_MAX 1024

// True for kinds that may be a primary key: all but JSON, FILE, EMBEDDING (and the expression-only
// kinds).
bool kdb_kind_is_key(kdb_kind kind);

// Appends the encoding of text (a user id) to `out`.
void kdb_key_text(struct kdb_buf *out, kdb_slice text);

// Appends an unsigned 32-bit integer, big-endian (table ids).
void kdb_key_u32(struct kdb_buf *out, uint32_t value);

// Appends a signed 64-bit integer, sign-flipped big-endian.
void kdb_key_i64(struct kdb_buf *out, int64_t value);

// Appends the encoding of a non-null value of a key kind. INVALID_VALUE when it is longer than
// KDB_KEY_BYTES_MAX.
KDB_NODISCARD kdb_status kdb_key_value(struct kdb_buf *out, struct kdb_ctx *ctx,
                                       const kdb_value *value);

// Decodes the value at the front of `key` (text is unescaped into the arena when it holds 00 bytes,
// else borrowed) and tells how many bytes it took. `type` says what was encoded. CORRUPT when the
// bytes are no such encoding.
KDB_NODISCARD kdb_status kdb_key_read(kdb_slice key, struct kdb_ctx *ctx, kdb_type type,
                                      kdb_value *ret_value, size_t *ret_taken);

// Length of the encoded text at the front of `key` including its terminator, or 0 when it is
// malformed.
size_t kdb_key_text_length(kdb_slice key);

#endif
