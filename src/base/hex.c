// SPDX-License-Identifier: Apache-2.0
// Hexadecimal and base64url, four and six bits at a time.
#include "base/hex.h"

void kdb_hex_encode(kdb_slice bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        *ret_text++ = digits[byte >> 4];
        *ret_text++ = digits[byte & 15U];
    }
    *ret_text = '\0';
}

kdb_slice kdb_hex_text(struct kdb_arena *arena, kdb_slice bytes)
{
    char *text = kdb_arena_alloc(arena, bytes.len * 2 + 1);
    kdb_hex_encode(bytes, text);
    return (kdb_slice){text, bytes.len * 2};
}

bool kdb_hex_decode(struct kdb_arena *arena, kdb_slice text, kdb_slice *ret_bytes)
{
    if (text.len % 2 != 0)
        return false;
    char *bytes = kdb_arena_alloc(arena, text.len / 2 + 1);
    for (size_t i = 0; i < text.len; i += 2) {
        int high = kdb_hex_digit(text.data[i]);
        int low = kdb_hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (char)(high * 16 + low);
    }
    *ret_bytes = (kdb_slice){bytes, text.len / 2};
    return true;
}

kdb_slice kdb_base64url_text(struct kdb_arena *arena, kdb_slice bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *text = kdb_arena_alloc(arena, bytes.len / 3 * 4 + 5);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0; // bits held, at most 12
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.data[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            text[len++] = letters[bits >> count & 63U];
        }
    }
    if (count > 0)
        text[len++] = letters[bits << (6 - count) & 63U];
    text[len] = '\0';
    return (kdb_slice){text, len};
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool kdb_base64url_decode(struct kdb_arena *arena, kdb_slice text, kdb_slice *ret_bytes)
{
    if (text.len % 4 == 1)
        return false;
    char *bytes = kdb_arena_alloc(arena, text.len / 4 * 3 + 3);
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0; // bits held, at most 12
    for (size_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(bits >> count & 0xFFU);
        }
    }
    if ((bits & ((1U << count) - 1)) != 0)
        return false;
    *ret_bytes = (kdb_slice){bytes, len};
    return true;
}
