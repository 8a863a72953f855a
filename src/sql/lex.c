// SPDX-License-Identifier: Apache-2.0
// Where quotes, comments, numbers and operators end, by the rules of PostgreSQL 15.
#include "sql/lex.h"

#include <string.h>

#include "base/assert.h"
#include "sql/chars_priv.h"
#include "sql/lex_priv.h"

const char *sql_skip_quoted(const char *at, const char *end)
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

const char *sql_skip_escaped(const char *at, const char *end)
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

const char *sql_skip_dollar(const char *at, const char *end)
{
    const char *tag = at + 1;
    if (tag < end && sql_is_digit(*tag))
        return at;
    while (tag < end && *tag != '$' && sql_is_word_byte(*tag))
        tag++;
    if (tag == end || *tag != '$')
        return at;
    size_t size = (size_t)(tag + 1 - at);
    kdb_slice rest = kdb_slice_of(tag + 1, (size_t)(end - tag - 1));
    size_t close = kdb_slice_find(rest, kdb_slice_of(at, size), 0);
    return close == SIZE_MAX ? NULL : rest.data + close + size;
}

const char *sql_skip_line_comment(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at;
}

const char *sql_skip_block_comment(const char *at, const char *end)
{
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

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && sql_is_digit(*at))
        at++;
    return at;
}

// Behind the exponent that begins at `at`, or `at` when none does.
static const char *skip_exponent(const char *at, const char *end)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    const char *digits = at + 1;
    if (digits < end && (*digits == '+' || *digits == '-'))
        digits++;
    return digits < end && sql_is_digit(*digits) ? skip_digits(digits, end) : at;
}

struct sql_number sql_read_number(const char *at, const char *end)
{
    struct sql_number number = {0};
    const char *behind = skip_digits(at, end);
    number.whole_digits = (size_t)(behind - at);
    // 1..2 is the number 1 and the sign "..".
    bool is_range = end - behind >= 2 && behind[0] == '.' && behind[1] == '.';
    if (behind < end && *behind == '.' && !is_range) {
        number.has_point = true;
        const char *fraction = behind + 1;
        behind = skip_digits(fraction, end);
        number.scale = (size_t)(behind - fraction);
    }
    number.end = skip_exponent(behind, end);
    number.exponent_size = (size_t)(number.end - behind);
    return number;
}

bool kdb_sql_skip_blank(const char **at, const char *end)
{
    while (*at < end) {
        const char *behind = *at;
        if (sql_lead_at(behind) == SQL_LEAD_SPACE)
            behind++;
        else if (!sql_is_comment(behind, end))
            break;
        else
            behind = *behind == '-' ? sql_skip_line_comment(behind, end)
                                    : sql_skip_block_comment(behind, end);
        if (!behind)
            return false;
        *at = behind;
    }
    return true;
}

// Characters that let an operator end in + or -.
static bool is_strong(char c)
{
    return c != '\0' && strchr("~!@#%^&|`?", c) != NULL;
}

static const char *operator_end(const char *at, const char *end)
{
    const char *behind = at;
    bool has_strong = false;
    for (; behind < end && !sql_is_comment(behind, end); behind++) {
        sql_lead lead = sql_lead_at(behind);
        if (lead != SQL_LEAD_OPERATOR && lead != SQL_LEAD_MINUS && lead != SQL_LEAD_SLASH)
            break;
        if (*behind == ':')
            break;
        has_strong |= is_strong(*behind);
    }
    while (behind - at > 1 && !has_strong && (behind[-1] == '+' || behind[-1] == '-'))
        behind--;
    return behind;
}

// The end of an operator, a colon sign or a single character.
static const char *sign_end(const char *at, const char *end, sql_token_kind *ret_kind)
{
    sql_lead lead = sql_lead_at(at);
    bool is_operator =
        lead == SQL_LEAD_OPERATOR || lead == SQL_LEAD_MINUS || lead == SQL_LEAD_SLASH;
    *ret_kind = is_operator ? SQL_TOKEN_OPERATOR : SQL_TOKEN_CHAR;
    if (*at == ':') {
        if (end - at >= 2 && (at[1] == ':' || at[1] == '='))
            return at + 2;
        *ret_kind = SQL_TOKEN_CHAR;
        return at + 1;
    }
    return is_operator ? operator_end(at, end) : at + 1;
}

// The end of a word, or of the string it opens.
static const char *word_end(const char *at, const char *end, sql_token_kind *ret_kind)
{
    *ret_kind = SQL_TOKEN_WORD;
    const char *behind = at;
    while (behind < end && sql_is_word_byte(*behind))
        behind++;
    if (behind - at != 1 || behind == end || *behind != '\'')
        return behind;
    char prefix = sql_lower(*at);
    if (prefix != 'e' && prefix != 'b' && prefix != 'x' && prefix != 'n')
        return behind;
    *ret_kind = SQL_TOKEN_ODD_STRING;
    return prefix == 'e' ? sql_skip_escaped(behind, end) : sql_skip_quoted(behind, end);
}

static const char *dollar_end(const char *at, const char *end, sql_token_kind *ret_kind)
{
    *ret_kind = SQL_TOKEN_PARAM;
    if (end - at >= 2 && sql_is_digit(at[1]))
        return skip_digits(at + 1, end);
    const char *behind = sql_skip_dollar(at, end);
    *ret_kind = behind == at ? SQL_TOKEN_CHAR : SQL_TOKEN_STRING;
    return behind == at ? at + 1 : behind;
}

static const char *token_end(const char *at, const char *end, sql_token_kind *ret_kind)
{
    switch (sql_lead_at(at)) {
    case SQL_LEAD_WORD:
        return word_end(at, end, ret_kind);
    case SQL_LEAD_QUOTE:
        *ret_kind = SQL_TOKEN_STRING;
        return sql_skip_quoted(at, end);
    case SQL_LEAD_DOUBLE_QUOTE:
    case SQL_LEAD_BACK_QUOTE:
        *ret_kind = SQL_TOKEN_QUOTED;
        return sql_skip_quoted(at, end);
    case SQL_LEAD_DOLLAR:
        return dollar_end(at, end, ret_kind);
    case SQL_LEAD_DOT:
        if (end - at < 2 || !sql_is_digit(at[1]))
            return sign_end(at, end, ret_kind);
        *ret_kind = SQL_TOKEN_NUMBER;
        return sql_read_number(at, end).end;
    case SQL_LEAD_DIGIT:
        *ret_kind = SQL_TOKEN_NUMBER;
        return sql_read_number(at, end).end;
    case SQL_LEAD_MINUS:
    case SQL_LEAD_SLASH:
    case SQL_LEAD_OPERATOR:
    case SQL_LEAD_PUNCTUATION:
    case SQL_LEAD_OPEN:
    case SQL_LEAD_CLOSE:
    case SQL_LEAD_SEMICOLON:
    case SQL_LEAD_ODD:
    case SQL_LEAD_SPACE:
        return sign_end(at, end, ret_kind);
    }
    KDB_UNREACHABLE();
}

const char *kdb_sql_skip_token(const char *at, const char *end)
{
    sql_token_kind kind;
    return token_end(at, end, &kind);
}

struct sql_token sql_lex(struct sql_lexer *lexer)
{
    const char *begin = lexer->text.data;
    const char *end = begin + lexer->end;
    const char *at = begin + lexer->at;
    if (!kdb_sql_skip_blank(&at, end))
        at = end;
    struct sql_token token = {.start = (size_t)(at - begin), .end = (size_t)(at - begin)};
    if (at < end) {
        const char *behind = token_end(at, end, &token.kind);
        token.end = behind ? (size_t)(behind - begin) : lexer->end;
    }
    lexer->at = token.end;
    return token;
}

kdb_slice sql_unquote(kdb_slice inside, char quote, struct kdb_arena *arena)
{
    if (inside.len == 0 || !memchr(inside.data, quote, inside.len))
        return inside;
    char *copy = kdb_arena_alloc(arena, inside.len);
    size_t len = 0;
    for (size_t i = 0; i < inside.len; i++) {
        copy[len++] = inside.data[i];
        if (inside.data[i] == quote)
            i++;
    }
    return kdb_slice_of(copy, len);
}

static kdb_slice fold_word(kdb_slice word, struct kdb_arena *arena)
{
    size_t upper = 0;
    while (upper < word.len && sql_lower(word.data[upper]) == word.data[upper])
        upper++;
    if (upper == word.len)
        return word;
    char *folded = kdb_arena_alloc(arena, word.len);
    for (size_t i = 0; i < word.len; i++)
        folded[i] = sql_lower(word.data[i]);
    return kdb_slice_of(folded, word.len);
}

// Without the quotes, which a token that was cut short may lack.
static kdb_slice inside_quotes(kdb_slice source, size_t open)
{
    return source.len >= 2 * open ? kdb_slice_of(source.data + open, source.len - 2 * open)
                                  : kdb_slice_of(source.data, 0);
}

kdb_slice sql_token_text(const struct sql_lexer *lexer, struct kdb_arena *arena,
                         struct sql_token token)
{
    kdb_slice source = sql_token_source(lexer, token);
    if (token.kind == SQL_TOKEN_WORD)
        return fold_word(source, arena);
    if (token.kind == SQL_TOKEN_STRING && source.data[0] == '$') {
        const char *tag = memchr(source.data + 1, '$', source.len - 1);
        return inside_quotes(source, tag ? (size_t)(tag + 1 - source.data) : source.len);
    }
    if (token.kind == SQL_TOKEN_STRING || token.kind == SQL_TOKEN_QUOTED)
        return sql_unquote(inside_quotes(source, 1), source.data[0], arena);
    return source;
}

bool sql_token_is(const struct sql_lexer *lexer, struct sql_token token, const char *word)
{
    return token.kind == SQL_TOKEN_WORD &&
           kdb_slice_equal_nocase(sql_token_source(lexer, token), kdb_slice_cstr(word));
}

bool sql_token_is_sign(const struct sql_lexer *lexer, struct sql_token token, const char *sign)
{
    return (token.kind == SQL_TOKEN_OPERATOR || token.kind == SQL_TOKEN_CHAR) &&
           kdb_slice_equal(sql_token_source(lexer, token), kdb_slice_cstr(sign));
}
