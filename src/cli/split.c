// SPDX-License-Identifier: Apache-2.0
// A lexer that knows no more than where a token ends.
#include "cli/split_priv.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// Letters, underscore and every byte beyond ASCII begin a word.
static bool is_word_start(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word_byte(char c)
{
    return is_word_start(c) || is_digit(c) || c == '$';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static const char *skip_quoted(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end) {
        const char *found = memchr(at, quote, (size_t)(end - at));
        if (!found)
            return NULL;
        if (found + 1 == end || found[1] != quote)
            return found + 1;
        at = found + 2;
    }
    return NULL;
}

// E'…', where a backslash takes the next byte along.
static const char *skip_escaped(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '\\') {
            at++;
        } else if (*at == '\'') {
            if (at + 1 == end || at[1] != '\'')
                return at + 1;
            at++;
        }
    }
    return NULL;
}

// $tag$…$tag$, $1, or a $ alone.
static const char *skip_dollar(const char *at, const char *end)
{
    const char *tag = at + 1;
    if (tag < end && is_digit(*tag)) {
        while (tag < end && is_digit(*tag))
            tag++;
        return tag;
    }
    while (tag < end && *tag != '$' && is_word_byte(*tag))
        tag++;
    if (tag == end || *tag != '$')
        return at + 1;
    size_t size = (size_t)(tag + 1 - at);
    kdb_slice rest = kdb_slice_of(tag + 1, (size_t)(end - tag - 1));
    size_t close = kdb_slice_find(rest, kdb_slice_of(at, size), 0);
    return close == SIZE_MAX ? NULL : rest.data + close + size;
}

// A word, or the string that a lone letter opens.
static const char *skip_word(const char *at, const char *end)
{
    const char *behind = at;
    while (behind < end && is_word_byte(*behind))
        behind++;
    if (behind - at != 1 || behind == end || *behind != '\'')
        return behind;
    switch (lower(*at)) {
    case 'e':
        return skip_escaped(behind, end);
    case 'b':
    case 'x':
    case 'n':
        return skip_quoted(behind, end);
    default:
        return behind;
    }
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static const char *skip_number(const char *at, const char *end)
{
    const char *behind = skip_digits(at, end);
    bool is_range = end - behind >= 2 && behind[0] == '.' && behind[1] == '.';
    if (behind < end && *behind == '.' && !is_range)
        behind = skip_digits(behind + 1, end);
    if (behind == end || lower(*behind) != 'e')
        return behind;
    const char *digits = behind + 1;
    if (digits < end && (*digits == '+' || *digits == '-'))
        digits++;
    return digits < end && is_digit(*digits) ? skip_digits(digits, end) : behind;
}

static bool is_comment(const char *at, const char *end)
{
    return end - at >= 2 && ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*'));
}

static const char *skip_comment(const char *at, const char *end)
{
    if (*at == '-') {
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        return at;
    }
    size_t depth = 0;
    while (end - at >= 2) {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return NULL;
}

// Behind blanks and comments; NULL in a comment that does not end.
static const char *skip_space(const char *at, const char *end)
{
    while (at && at < end) {
        if (is_blank(*at))
            at++;
        else if (is_comment(at, end))
            at = skip_comment(at, end);
        else
            break;
    }
    return at;
}

// Behind the token at `at`; NULL when it does not end.
static const char *skip_token(const char *at, const char *end)
{
    if (*at == '\'' || *at == '"' || *at == '`')
        return skip_quoted(at, end);
    if (*at == '$')
        return skip_dollar(at, end);
    if (is_word_start(*at))
        return skip_word(at, end);
    if (is_digit(*at) || (*at == '.' && end - at >= 2 && is_digit(at[1])))
        return skip_number(at, end);
    return at + 1;
}

kdb_slice cli_next_token(kdb_slice text, size_t *at)
{
    const char *end = text.data + text.len;
    const char *begin = skip_space(text.data + *at, end);
    if (!begin || begin == end) {
        *at = text.len;
        return (kdb_slice){0};
    }
    const char *behind = skip_token(begin, end);
    behind = behind ? behind : end;
    *at = (size_t)(behind - text.data);
    return kdb_slice_of(begin, (size_t)(behind - begin));
}

kdb_slice cli_name_text(kdb_slice token, struct kdb_arena *arena)
{
    if (token.len >= 2 && (token.data[0] == '"' || token.data[0] == '`'))
        return kdb_slice_of(token.data + 1, token.len - 2);
    char *folded = kdb_arena_alloc(arena, token.len);
    for (size_t i = 0; i < token.len; i++)
        folded[i] = lower(token.data[i]);
    return kdb_slice_of(folded, token.len);
}

// A backslash where a statement could begin: everything up to the end of the line.
static enum cli_split split_meta(kdb_slice text, size_t start, bool is_final,
                                 struct cli_piece *ret_piece)
{
    size_t newline = kdb_slice_find(text, KDB_LIT("\n"), start);
    if (newline == SIZE_MAX && !is_final)
        return CLI_SPLIT_MORE;
    size_t end = newline == SIZE_MAX ? text.len : newline;
    ret_piece->text = kdb_slice_trim(kdb_slice_of(text.data + start, end - start));
    ret_piece->used = newline == SIZE_MAX ? text.len : newline + 1;
    return CLI_SPLIT_META;
}

// Where a statement that begins at `first` ends.
struct statement_end {
    const char *last;      // behind its last token
    const char *semicolon; // that ends it, NULL: none
};

static struct statement_end find_end(const char *first, const char *end)
{
    struct statement_end found = {.last = first};
    size_t depth = 0;
    bool is_execute = false;
    const char *at = first;
    while (at && at < end) {
        if (*at == ';' && (depth == 0 || !is_execute)) {
            found.semicolon = at;
            return found;
        }
        const char *behind = skip_token(at, end);
        if (at == first && behind)
            is_execute =
                kdb_slice_equal_nocase(kdb_slice_of(at, (size_t)(behind - at)), KDB_LIT("execute"));
        depth += *at == '(';
        depth -= *at == ')' && depth > 0;
        found.last = behind ? behind : end;
        at = behind ? skip_space(behind, end) : NULL;
    }
    return found;
}

// Behind blanks, comments and semicolons that end nothing, or where a comment begins that does not
// end (`ret_is_open`).
static const char *skip_to_statement(const char *at, const char *end, bool *ret_is_open)
{
    *ret_is_open = false;
    while (at < end) {
        if (is_blank(*at) || *at == ';') {
            at++;
        } else if (is_comment(at, end)) {
            const char *behind = skip_comment(at, end);
            *ret_is_open = behind == NULL;
            if (!behind)
                return at;
            at = behind;
        } else {
            break;
        }
    }
    return at;
}

enum cli_split cli_split(kdb_slice text, bool is_final, struct cli_piece *ret_piece)
{
    const char *end = text.data + text.len;
    bool is_open = false;
    const char *first = skip_to_statement(text.data, end, &is_open);
    *ret_piece = (struct cli_piece){.used = text.len};
    ret_piece->start = (size_t)(first - text.data);
    if (first == end) {
        // A line comment that the text cuts off may go on.
        if (!is_final && text.len > 0 && end[-1] != '\n')
            ret_piece->start = 0;
        return is_final ? CLI_SPLIT_END : CLI_SPLIT_MORE;
    }
    if (*first == '\\')
        return split_meta(text, ret_piece->start, is_final, ret_piece);
    struct statement_end found = {.last = end};
    if (!is_open)
        found = find_end(first, end);
    if (!found.semicolon && !is_final)
        return CLI_SPLIT_MORE;
    ret_piece->text = kdb_slice_of(first, (size_t)(found.last - first));
    if (found.semicolon)
        ret_piece->used = (size_t)(found.semicolon + 1 - text.data);
    return CLI_SPLIT_STATEMENT;
}
