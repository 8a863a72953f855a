// SPDX-License-Identifier: Apache-2.0
// Bytes as text: hexadecimal, and base64url without padding (RFC 4648, section 5). Any thread.
#ifndef KDB_BASE_HEX_H
#define KDB_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/slice.h"

// 0..15, or -1 when `c` is no hexadecimal digit.
static inline int kdb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Lower-case digits, two for each byte; writes 2 * bytes.len characters and a NUL.
void kdb_hex_encode(kdb_slice bytes, char *ret_text);

// kdb_hex_encode into the arena.
kdb_slice kdb_hex_text(struct kdb_arena *arena, kdb_slice bytes);

// Reads digits of either case into the arena. False when a digit is wrong or the count is odd.
KDB_NODISCARD bool kdb_hex_decode(struct kdb_arena *arena, kdb_slice text, kdb_slice *ret_bytes);

// Letters, digits, '-' and '_' into the arena.
kdb_slice kdb_base64url_text(struct kdb_arena *arena, kdb_slice bytes);

// Reads base64url without padding into the arena. Strict: false for other characters, an impossible
// length, or bits set behind the last byte (so each byte string has exactly one text).
KDB_NODISCARD bool kdb_base64url_decode(struct kdb_arena *arena, kdb_slice text,
                                        kdb_slice *ret_bytes);

#endif
