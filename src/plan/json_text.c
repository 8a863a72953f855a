// SPDX-License-Identifier: Apache-2.0
// One pass over JSON text.
#include "plan/json_text_priv.h"

#include "base/hex.h"
#include "base/json_read.h"
#include "base/utf8.h"

struct scan {
    const char *at;
    const char *end;
};

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static bool take(struct scan *scan, char c)
{
    if (scan->at >= scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

// Four digits behind \u; negative when they are not there.
static int32_t hex_word(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t word = 0;
    for (int i = 0; i < 4; i++) {
        int digit = kdb_hex_digit(at[i]);
        if (digit < 0)
            return -1;
        word = word * 16 + digit;
    }
    return word;
}

// The escape behind a backslash at `*at`, which moves behind it; -1 when it is none.
static int32_t read_escape(const char **at, const char *end)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (*at >= end)
        return -1;
    char c = *(*at)++;
    if (c != 'u') {
        const char *found = c != '\0' ? strchr(letters, c) : NULL;
        return found ? (unsigned char)meanings[found - letters] : -1;
    }
    int32_t high = hex_word(*at, end);
    if (high < 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return -1;
    *at += 4;
    if (high < 0xD800 || high > 0xDBFF)
        return high;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    int32_t low = hex_word(*at + 2, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return -1;
    *at += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

// Behind the opening quote.
static bool skip_string(struct scan *scan)
{
    const char *at = kdb_json_find_special(scan->at, scan->end);
    while (at < scan->end) {
        char c = *at++;
        if (c == '"') {
            scan->at = at;
            return true;
        }
        if ((unsigned char)c < 0x20)
            return false;
        if (c == '\\' && read_escape(&at, scan->end) < 0)
            return false;
    }
    return false;
}

static bool skip_digits(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > start;
}

static bool skip_number(struct scan *scan)
{
    (void)take(scan, '-');
    if (!take(scan, '0') && !skip_digits(scan))
        return false;
    if (take(scan, '.') && !skip_digits(scan))
        return false;
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (!take(scan, '+'))
            (void)take(scan, '-');
        return skip_digits(scan);
    }
    return true;
}

static bool skip_word(struct scan *scan, const char *word, size_t len)
{
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return false;
    scan->at += len;
    return true;
}

static bool skip_scalar(struct scan *scan)
{
    switch (*scan->at) {
    case '"':
        scan->at++;
        return skip_string(scan);
    case 't':
        return skip_word(scan, "true", 4);
    case 'f':
        return skip_word(scan, "false", 5);
    case 'n':
        return skip_word(scan, "null", 4);
    default:
        return skip_number(scan);
    }
}

// Name and colon before a member's value.
static bool skip_name(struct scan *scan)
{
    skip_blanks(scan);
    if (!take(scan, '"') || !skip_string(scan))
        return false;
    skip_blanks(scan);
    return take(scan, ':');
}

// The containers a place is inside of, one bit each: set for objects.
struct nesting {
    uint64_t bits[PLAN_JSON_DEPTH_MAX / 64];
    unsigned depth;
};

static bool is_in_object(const struct nesting *nesting)
{
    unsigned top = nesting->depth - 1;
    return (nesting->bits[top / 64] >> (top % 64) & 1) != 0;
}

static bool open_container(struct nesting *nesting, bool is_object)
{
    if (nesting->depth == PLAN_JSON_DEPTH_MAX)
        return false;
    uint64_t bit = (uint64_t)1 << (nesting->depth % 64);
    uint64_t *word = &nesting->bits[nesting->depth / 64];
    uint64_t outer = bit == 1 ? 0 : *word & (bit - 1);
    *word = is_object ? outer | bit : outer;
    nesting->depth++;
    return true;
}

// Behind a value: closes what ends here, or goes on to the next value of the container.
static bool finish_value(struct scan *scan, struct nesting *nesting)
{
    while (nesting->depth > 0) {
        bool is_object = is_in_object(nesting);
        skip_blanks(scan);
        if (take(scan, ','))
            return !is_object || skip_name(scan);
        if (!take(scan, is_object ? '}' : ']'))
            return false;
        nesting->depth--;
    }
    return true;
}

// A value, checked to its end.
static bool skip_value(struct scan *scan)
{
    struct nesting nesting;
    nesting.depth = 0;
    do {
        skip_blanks(scan);
        if (scan->at >= scan->end)
            return false;
        bool is_object = *scan->at == '{';
        if (!is_object && *scan->at != '[') {
            if (!skip_scalar(scan))
                return false;
        } else {
            scan->at++;
            skip_blanks(scan);
            if (!take(scan, is_object ? '}' : ']')) {
                if (!open_container(&nesting, is_object) || (is_object && !skip_name(scan)))
                    return false;
                continue;
            }
        }
        if (!finish_value(scan, &nesting))
            return false;
    } while (nesting.depth > 0);
    return true;
}

static plan_json_kind kind_of(char first)
{
    switch (first) {
    case '{':
    case '[':
    case '"':
    case 't':
    case 'f':
    case 'n':
        return (plan_json_kind)first;
    default:
        return PLAN_JSON_NUMBER;
    }
}

static bool read_value(struct scan *scan, struct plan_json *ret_value)
{
    skip_blanks(scan);
    const char *start = scan->at;
    if (!skip_value(scan))
        return false;
    *ret_value = (struct plan_json){kind_of(*start), {start, (size_t)(scan->at - start)}};
    return true;
}

bool plan_json_read(kdb_slice text, struct plan_json *ret_value)
{
    struct plan_json value;
    if (text.len == 0)
        return false;
    struct scan scan = {text.data, text.data + text.len};
    if (!read_value(&scan, &value))
        return false;
    skip_blanks(&scan);
    if (scan.at != scan.end)
        return false;
    *ret_value = value;
    return true;
}

bool plan_json_next(const struct plan_json *container, size_t *at, kdb_slice *ret_name,
                    struct plan_json *ret_value)
{
    kdb_slice raw = container->raw;
    struct scan scan = {raw.data + (*at == 0 ? 1 : *at), raw.data + raw.len};
    skip_blanks(&scan);
    if (*at != 0 && !take(&scan, ','))
        return false;
    skip_blanks(&scan);
    if (*scan.at == '}' || *scan.at == ']')
        return false;
    kdb_slice name = {NULL, 0};
    if (container->kind == PLAN_JSON_OBJECT) {
        const char *start = scan.at++;
        (void)skip_string(&scan);
        name = (kdb_slice){start, (size_t)(scan.at - start)};
        skip_blanks(&scan);
        (void)take(&scan, ':');
    }
    (void)read_value(&scan, ret_value);
    *ret_name = name;
    *at = (size_t)(scan.at - raw.data);
    return true;
}

bool plan_json_unescape(kdb_slice raw, struct kdb_arena *scratch, kdb_slice *ret_text)
{
    kdb_slice inner = {raw.data + 1, raw.len - 2};
    if (inner.len == 0 || !memchr(inner.data, '\\', inner.len)) {
        *ret_text = inner;
        return true;
    }
    char *out = kdb_arena_alloc(scratch, inner.len);
    size_t len = 0;
    const char *end = inner.data + inner.len;
    for (const char *at = inner.data; at < end;) {
        char c = *at++;
        if (c != '\\') {
            out[len++] = c;
            continue;
        }
        int32_t character = read_escape(&at, end);
        if (character <= 0)
            return false;
        len += kdb_utf8_encode((uint32_t)character, out + len); // never longer than the escape
    }
    *ret_text = (kdb_slice){out, len};
    return true;
}

static bool is_name(kdb_slice raw, struct kdb_arena *scratch, kdb_slice wanted)
{
    kdb_slice name = {raw.data + 1, raw.len - 2};
    if (kdb_slice_equal(name, wanted)) // with a backslash it means something shorter
        return wanted.len == 0 || memchr(wanted.data, '\\', wanted.len) == NULL;
    return memchr(raw.data, '\\', raw.len) && plan_json_unescape(raw, scratch, &name) &&
           kdb_slice_equal(name, wanted);
}

static bool find_member(const struct plan_json *object, struct kdb_arena *scratch, kdb_slice wanted,
                        struct plan_json *ret_value)
{
    struct plan_json value;
    struct plan_json found;
    kdb_slice name;
    bool is_found = false;
    for (size_t at = 0; plan_json_next(object, &at, &name, &value);) {
        if (!is_name(name, scratch, wanted))
            continue;
        found = value;
        is_found = true;
    }
    if (is_found)
        *ret_value = found; // which may be the object itself
    return is_found;
}

static bool find_element(const struct plan_json *array, int64_t index, struct plan_json *ret_value)
{
    struct plan_json value;
    kdb_slice name;
    if (index < 0) {
        for (size_t at = 0; plan_json_next(array, &at, &name, &value);)
            index++;
        if (index < 0)
            return false;
    }
    for (size_t at = 0; plan_json_next(array, &at, &name, &value); index--) {
        if (index == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool plan_json_step(const struct plan_json *value, struct kdb_arena *scratch,
                    const struct plan_json_step *step, struct plan_json *ret_value)
{
    int64_t index = step->index;
    switch (value->kind) {
    case PLAN_JSON_OBJECT:
        return step->is_name && find_member(value, scratch, step->name, ret_value);
    case PLAN_JSON_ARRAY:
        if (step->is_name && !(step->is_loose && kdb_slice_to_i64(step->name, &index)))
            return false;
        return find_element(value, index, ret_value);
    case PLAN_JSON_STRING:
    case PLAN_JSON_NUMBER:
    case PLAN_JSON_TRUE:
    case PLAN_JSON_FALSE:
    case PLAN_JSON_NULL:
        return false;
    }
    return false;
}
