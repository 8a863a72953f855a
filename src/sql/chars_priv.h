// SPDX-License-Identifier: Apache-2.0
// What each byte means to PostgreSQL's lexer: two tables that the scan and the lexer read.
#ifndef KDB_SQL_CHARS_PRIV_H
#define KDB_SQL_CHARS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

// What a token may be that begins with a byte.
typedef enum {
    SQL_LEAD_ODD, // begins nothing: control characters, braces, backslash
    SQL_LEAD_SPACE,
    SQL_LEAD_WORD, // letters, underscore, every byte of a character beyond ASCII
    SQL_LEAD_DIGIT,
    SQL_LEAD_QUOTE,        // '
    SQL_LEAD_DOUBLE_QUOTE, // "
    SQL_LEAD_BACK_QUOTE,   // `
    SQL_LEAD_DOLLAR,
    SQL_LEAD_DOT,
    SQL_LEAD_MINUS, // an operator, or a comment
    SQL_LEAD_SLASH, // the same
    SQL_LEAD_OPERATOR,
    SQL_LEAD_PUNCTUATION, // comma, brackets
    SQL_LEAD_OPEN,        // (
    SQL_LEAD_CLOSE,       // )
    SQL_LEAD_SEMICOLON
} sql_lead;

// The sql_lead of every byte.
extern const uint8_t sql_lead_of[256];

// The byte folded to lower case when it can stand inside an unquoted word, else 0.
extern const uint8_t sql_fold[256];

static inline sql_lead sql_lead_at(const char *at)
{
    return (sql_lead)sql_lead_of[(unsigned char)*at];
}

static inline bool sql_is_word_byte(char c)
{
    return sql_fold[(unsigned char)c] != 0;
}

// True for what begins an unquoted word, which digits and $ do not.
static inline bool sql_is_word_start(char c)
{
    return sql_lead_of[(unsigned char)c] == SQL_LEAD_WORD;
}

static inline bool sql_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Lower case of an ASCII letter, any other byte as it is.
static inline char sql_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
