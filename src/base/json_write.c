// SPDX-License-Identifier: Apache-2.0
// Escaping of strings eight bytes at a time, and the layout of doubles.
#include "base/json_write.h"

#include <math.h>

#include "base/double_text.h"

#define EACH_BYTE(byte) (0x0101010101010101U * (uint64_t)(byte))

// Largest power of ten of the first digit that is written without an exponent, and smallest.
#define PLAIN_EXPONENT_MAX 15
#define PLAIN_EXPONENT_MIN (-5)

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

// Non-zero when one of the eight bytes needs an escape ("Bit Twiddling Hacks", S. E. Anderson:
// hasless and haszero).
static uint64_t has_escape(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    uint64_t control = (word - EACH_BYTE(0x20)) & ~word;
    quote = (quote - EACH_BYTE(1)) & ~quote;
    backslash = (backslash - EACH_BYTE(1)) & ~backslash;
    return (control | quote | backslash) & EACH_BYTE(0x80);
}

// Length of the prefix that can be copied as it is.
static size_t plain_prefix(const char *data, size_t len)
{
    size_t at = 0;
    for (; at + 8 <= len; at += 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        if (has_escape(word))
            break;
    }
    while (at < len && !needs_escape((unsigned char)data[at]))
        at++;
    return at;
}

static void put_escape(struct kdb_buf *buf, unsigned char c)
{
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    char letter = c < 0x20 ? short_form[c] : (char)c;
    if (letter) {
        kdb_buf_append(buf, (char[]){'\\', letter}, 2);
        return;
    }
    char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15U]};
    kdb_buf_append(buf, escape, sizeof(escape));
}

void kdb_json_escaped(struct kdb_buf *buf, kdb_slice text)
{
    while (text.len > 0) {
        size_t plain = plain_prefix(text.data, text.len);
        kdb_buf_append(buf, text.data, plain);
        if (plain == text.len)
            return;
        put_escape(buf, (unsigned char)text.data[plain]);
        text = (kdb_slice){text.data + plain + 1, text.len - plain - 1};
    }
}

void kdb_json_string(struct kdb_buf *buf, kdb_slice text)
{
    size_t plain = plain_prefix(text.data, text.len);
    char *at = kdb_buf_reserve(buf, plain + 2);
    if (!at)
        return;
    *at = '"';
    if (plain > 0)
        memcpy(at + 1, text.data, plain);
    kdb_buf_advance(buf, plain + 1);
    if (KDB_UNLIKELY(plain < text.len))
        kdb_json_escaped(buf, (kdb_slice){text.data + plain, text.len - plain});
    kdb_buf_put(buf, '"');
}

// Writes a number of one to four decimals, the usual prices and measurements, without the general
// algorithm. A whole number below 2^53 and a small power of ten are exact doubles, so their
// quotient is what reading the text gives; below 10^15 only one such text gives it.
static bool put_few_decimals(struct kdb_buf *buf, double magnitude)
{
    static const int64_t powers[] = {1, 10, 100, 1000, 10000};
    if (magnitude >= 1e10)
        return false;
    for (int decimals = 1; decimals <= 4; decimals++) {
        int64_t power = powers[decimals];
        int64_t scaled = (int64_t)(magnitude * (double)power + 0.5);
        if ((double)scaled / (double)power != magnitude)
            continue;
        kdb_buf_i64(buf, scaled / power);
        int64_t fraction = scaled % power;
        char text[5] = ".";
        for (int i = decimals; i >= 1; i--) {
            text[i] = (char)('0' + fraction % 10);
            fraction /= 10;
        }
        kdb_buf_append(buf, text, (size_t)decimals + 1);
        return true;
    }
    return false;
}

bool kdb_json_double(struct kdb_buf *buf, double value)
{
    if (!isfinite(value))
        return false;
    if (signbit(value))
        kdb_buf_put(buf, '-');
    double magnitude = fabs(value);
    if (magnitude < 1e15 && magnitude == (double)(int64_t)magnitude) {
        kdb_buf_i64(buf, (int64_t)magnitude);
        KDB_BUF_LIT(buf, ".0");
        return true;
    }
    if (put_few_decimals(buf, magnitude))
        return true;
    struct kdb_digits digits;
    kdb_double_digits(magnitude, &digits);
    char text[32];
    if (digits.exponent >= PLAIN_EXPONENT_MIN && digits.exponent <= PLAIN_EXPONENT_MAX) {
        kdb_buf_append(buf, text, kdb_digits_plain(&digits, text));
        if (digits.count <= digits.exponent + 1)
            KDB_BUF_LIT(buf, ".0");
        return true;
    }
    size_t len = 0;
    text[len++] = digits.text[0];
    if (digits.count > 1) {
        text[len++] = '.';
        memcpy(text + len, digits.text + 1, (size_t)digits.count - 1);
        len += (size_t)digits.count - 1;
    }
    text[len++] = 'e';
    kdb_buf_append(buf, text, len);
    kdb_buf_i64(buf, digits.exponent);
    return true;
}
