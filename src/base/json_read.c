// SPDX-License-Identifier: Apache-2.0
// One pass over the text; the containers that are still open are found through `parent`.
#include "base/json_read.h"

#include <math.h>

#include "base/double_text.h"
#include "base/utf8.h"

#define EACH_BYTE(byte) (0x0101010101010101U * (uint64_t)(byte))

// How many values are made between two looks at the request's budgets.
#define CHECK_INTERVAL 64

struct reader {
    struct kdb_ctx *ctx;
    const char *begin;
    const char *at;
    const char *end;
    struct kdb_json *parent;   // innermost open container
    struct kdb_json *previous; // its latest member, NULL when it has none yet
    uint32_t depth;            // open containers
    uint32_t depth_max;
    uint32_t made; // values so far
};

static kdb_status expected(struct reader *in, const char *what)
{
    return kdb_fail(in->ctx, KDB_ERR_INVALID_INPUT, "expected %s at byte %zu%s", what,
                    (size_t)(in->at - in->begin), in->at == in->end ? ", where the text ends" : "");
}

static void skip_blanks(struct reader *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

static bool is_digit(const struct reader *in)
{
    return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

const char *kdb_json_find_special(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t quote = word ^ EACH_BYTE('"');
        uint64_t backslash = word ^ EACH_BYTE('\\');
        uint64_t special = (word - EACH_BYTE(0x20)) & ~word;
        special |= (quote - EACH_BYTE(1)) & ~quote;
        special |= (backslash - EACH_BYTE(1)) & ~backslash;
        if (special & EACH_BYTE(0x80))
            break;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

// The four hexadecimal digits behind \u, or -1.
static int32_t read_hex4(struct reader *in)
{
    if (in->end - in->at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = in->at[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    in->at += 4;
    return value;
}

// What follows "\u": one unit, or a surrogate pair.
static kdb_status read_unicode(struct reader *in, uint32_t *ret_character)
{
    int32_t unit = read_hex4(in);
    if (unit < 0)
        return expected(in, "four hexadecimal digits");
    uint32_t character = (uint32_t)unit;
    if (character >= 0xD800 && character <= 0xDFFF) {
        bool has_second = in->end - in->at >= 6 && in->at[0] == '\\' && in->at[1] == 'u';
        if (character >= 0xDC00 || !has_second)
            return expected(in, "a surrogate pair");
        in->at += 2;
        int32_t second = read_hex4(in);
        if (second < 0xDC00 || second > 0xDFFF)
            return expected(in, "the second half of a surrogate pair");
        character = 0x10000 + ((character - 0xD800) << 10) + ((uint32_t)second - 0xDC00);
    }
    *ret_character = character;
    return KDB_OK;
}

// What follows a backslash, resolved into `out`.
static kdb_status read_escape(struct reader *in, char **out)
{
    static const char meaning[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    unsigned char c = in->at < in->end ? (unsigned char)*in->at : 0;
    if (c == 'u') {
        in->at++;
        uint32_t character = 0;
        KDB_TRY(read_unicode(in, &character));
        *out += kdb_utf8_encode(character, *out);
        return KDB_OK;
    }
    if (c >= sizeof(meaning) || !meaning[c])
        return expected(in, "one of \"\\/bfnrtu");
    *(*out)++ = meaning[c];
    in->at++;
    return KDB_OK;
}

// The byte length of a string's body: everything up to the quote that ends it.
static size_t body_size(const struct reader *in)
{
    const char *at = kdb_json_find_special(in->at, in->end);
    while (at < in->end && *at == '\\')
        at = kdb_json_find_special(at + (in->end - at > 1 ? 2 : 1), in->end);
    return (size_t)(at - in->at);
}

// A string with escapes; they never grow, so the body's size is enough.
static kdb_status read_escaped(struct reader *in, kdb_slice *ret_text)
{
    char *text = kdb_arena_alloc(&in->ctx->arena, body_size(in) + 1);
    char *out = text;
    for (;;) {
        const char *special = kdb_json_find_special(in->at, in->end);
        size_t plain = (size_t)(special - in->at);
        if (plain > 0)
            memcpy(out, in->at, plain);
        out += plain;
        in->at = special;
        if (special == in->end)
            return expected(in, "the quote that ends a string");
        if (*special != '"' && *special != '\\')
            return expected(in, "an escape instead of a control character");
        in->at++;
        if (*special == '"')
            break;
        KDB_TRY(read_escape(in, &out));
    }
    *ret_text = (kdb_slice){text, (size_t)(out - text)};
    return KDB_OK;
}

// Behind the opening quote of a string.
static kdb_status read_string(struct reader *in, kdb_slice *ret_text)
{
    const char *special = kdb_json_find_special(in->at, in->end);
    if (KDB_UNLIKELY(special == in->end || *special != '"'))
        return read_escaped(in, ret_text);
    *ret_text = (kdb_slice){in->at, (size_t)(special - in->at)};
    in->at = special + 1;
    return KDB_OK;
}

static kdb_status read_digits(struct reader *in)
{
    if (!is_digit(in))
        return expected(in, "a digit");
    while (is_digit(in))
        in->at++;
    return KDB_OK;
}

static kdb_status read_number(struct reader *in, struct kdb_json *value)
{
    const char *begin = in->at;
    bool is_integer = true;
    if (*in->at == '-')
        in->at++;
    if (is_digit(in) && *in->at == '0')
        in->at++;
    else
        KDB_TRY(read_digits(in));
    if (in->at < in->end && *in->at == '.') {
        is_integer = false;
        in->at++;
        KDB_TRY(read_digits(in));
    }
    if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
        is_integer = false;
        in->at++;
        if (in->at < in->end && (*in->at == '+' || *in->at == '-'))
            in->at++;
        KDB_TRY(read_digits(in));
    }
    value->text = (kdb_slice){begin, (size_t)(in->at - begin)};
    is_integer = is_integer && kdb_slice_to_i64(value->text, &value->integer);
    value->type = is_integer ? KDB_JSON_INT : KDB_JSON_NUMBER;
    return KDB_OK;
}

static kdb_status read_word(struct reader *in, kdb_slice word)
{
    if (!kdb_slice_has_prefix((kdb_slice){in->at, (size_t)(in->end - in->at)}, word))
        return expected(in, "a value");
    in->at += word.len;
    return KDB_OK;
}

// Opens a container; its members follow.
static kdb_status open_container(struct reader *in, struct kdb_json *value, enum kdb_json_type type)
{
    if (in->depth == in->depth_max)
        return kdb_fail(in->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "JSON is nested deeper than %u levels at byte %zu", (unsigned)in->depth_max,
                        (size_t)(in->at - in->begin));
    in->depth++;
    in->at++;
    value->type = type;
    in->parent = value;
    in->previous = NULL;
    return KDB_OK;
}

// Reads what a value begins with: all of a plain value, the bracket of a container.
static kdb_status read_value(struct reader *in, struct kdb_json *value)
{
    char c = in->at < in->end ? *in->at : '\0';
    switch (c) {
    case '"':
        in->at++;
        value->type = KDB_JSON_STRING;
        return read_string(in, &value->text);
    case '{':
        return open_container(in, value, KDB_JSON_OBJECT);
    case '[':
        return open_container(in, value, KDB_JSON_ARRAY);
    case 't':
        value->type = KDB_JSON_BOOL;
        value->integer = 1;
        return read_word(in, KDB_LIT("true"));
    case 'f':
        value->type = KDB_JSON_BOOL;
        return read_word(in, KDB_LIT("false"));
    case 'n':
        return read_word(in, KDB_LIT("null"));
    default:
        if (c != '-' && (c < '0' || c > '9'))
            return expected(in, "a value");
        return read_number(in, value);
    }
}

// Makes the next value and links it into the open container.
static kdb_status add_value(struct reader *in, kdb_slice name)
{
    if (++in->made % CHECK_INTERVAL == 0)
        KDB_TRY(kdb_ctx_check(in->ctx));
    struct kdb_json *value = KDB_ARENA_NEW(&in->ctx->arena, struct kdb_json);
    value->name = name;
    value->parent = in->parent;
    if (in->previous)
        in->previous->next = value;
    else if (in->parent)
        in->parent->first = value;
    if (in->parent)
        in->parent->count++;
    in->previous = value;
    const char *begin = in->at;
    KDB_TRY(read_value(in, value));
    value->raw = (kdb_slice){begin, (size_t)(in->at - begin)};
    return KDB_OK;
}

// The name and colon of an object's next member.
static kdb_status read_name(struct reader *in, kdb_slice *ret_name)
{
    if (in->at == in->end || *in->at != '"')
        return expected(in, in->parent->first ? "a quoted name" : "a quoted name or '}'");
    in->at++;
    KDB_TRY(read_string(in, ret_name));
    skip_blanks(in);
    if (in->at == in->end || *in->at != ':')
        return expected(in, "':'");
    in->at++;
    skip_blanks(in);
    return KDB_OK;
}

// Closes the open container; it becomes the latest member of the one around it.
static void close_container(struct reader *in)
{
    struct kdb_json *closed = in->parent;
    in->at++;
    closed->raw.len = (size_t)(in->at - closed->raw.data);
    in->previous = closed;
    in->parent = closed->parent;
    in->depth--;
}

// Inside a container: one member, or its end.
static kdb_status read_member(struct reader *in)
{
    bool is_object = in->parent->type == KDB_JSON_OBJECT;
    bool is_end = in->at < in->end && *in->at == (is_object ? '}' : ']');
    if (is_end) {
        close_container(in);
        return KDB_OK;
    }
    if (in->previous) {
        if (in->at == in->end || *in->at != ',')
            return expected(in, is_object ? "',' or '}'" : "',' or ']'");
        in->at++;
        skip_blanks(in);
    }
    kdb_slice name = {0};
    if (is_object)
        KDB_TRY(read_name(in, &name));
    return add_value(in, name);
}

static kdb_status check_text(struct kdb_ctx *ctx, kdb_slice text,
                             const struct kdb_json_limits *limits)
{
    if (text.len > limits->size_max)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "JSON of %zu bytes, %zu are allowed", text.len,
                        limits->size_max);
    size_t valid = kdb_utf8_valid_prefix(text);
    if (valid < text.len)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "expected valid UTF-8 at byte %zu", valid);
    return KDB_OK;
}

kdb_status kdb_json_parse(struct kdb_ctx *ctx, kdb_slice text, const struct kdb_json_limits *limits,
                          const struct kdb_json **ret_root)
{
    KDB_TRY(check_text(ctx, text, limits));
    const char *begin = text.data ? text.data : "";
    struct reader in = {.ctx = ctx,
                        .begin = begin,
                        .at = begin,
                        .end = begin + text.len,
                        .depth_max = limits->depth_max};
    skip_blanks(&in);
    KDB_TRY(add_value(&in, (kdb_slice){0}));
    const struct kdb_json *root = in.parent ? in.parent : in.previous;
    skip_blanks(&in);
    while (in.parent) {
        KDB_TRY(read_member(&in));
        skip_blanks(&in);
    }
    if (in.at != in.end)
        return expected(&in, "the end of the text");
    *ret_root = root;
    return KDB_OK;
}

const struct kdb_json *kdb_json_get(const struct kdb_json *object, kdb_slice name)
{
    if (!object || object->type != KDB_JSON_OBJECT)
        return NULL;
    const struct kdb_json *found = NULL;
    for (const struct kdb_json *member = object->first; member; member = member->next) {
        if (kdb_slice_equal(member->name, name))
            found = member;
    }
    return found;
}

const struct kdb_json *kdb_json_at(const struct kdb_json *array, size_t index)
{
    if (!array || array->type != KDB_JSON_ARRAY || index >= array->count)
        return NULL;
    const struct kdb_json *member = array->first;
    while (index-- > 0)
        member = member->next;
    return member;
}

bool kdb_json_to_double(const struct kdb_json *value, double *ret_value)
{
    if (value->type == KDB_JSON_INT) {
        *ret_value = (double)value->integer;
        return true;
    }
    double number = 0;
    if (value->type != KDB_JSON_NUMBER || !kdb_double_parse(value->text, &number) ||
        !isfinite(number))
        return false;
    *ret_value = number;
    return true;
}
