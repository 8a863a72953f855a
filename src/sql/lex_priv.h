// SPDX-License-Identifier: Apache-2.0
// Tokens as PostgreSQL 15 lexes them, one at a time, for the command parser and for looking at a
// statement before PostgreSQL's own parser gets it.
//
// The skip functions are the only place that knows how a quote or a comment ends; the scan uses
// them too, so that the two cannot disagree. Offsets are bytes of the statement text. Nothing here
// allocates but sql_token_text.
#ifndef KDB_SQL_LEX_PRIV_H
#define KDB_SQL_LEX_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/slice.h"
#include "sql/chars_priv.h"

typedef enum {
    SQL_TOKEN_END,
    SQL_TOKEN_WORD,       // unquoted identifier or keyword
    SQL_TOKEN_QUOTED,     // "identifier" or `identifier`
    SQL_TOKEN_STRING,     // '…' or $tag$…$tag$
    SQL_TOKEN_ODD_STRING, // E'…', B'…', X'…', N'…'
    SQL_TOKEN_NUMBER,
    SQL_TOKEN_PARAM,    // $n
    SQL_TOKEN_OPERATOR, // as PostgreSQL cuts runs of operator characters; :: and := and => too
    SQL_TOKEN_CHAR,     // one of . , ( ) [ ] ; : or a byte that is no SQL
} sql_token_kind;

struct sql_token {
    sql_token_kind kind;
    size_t start; // first byte
    size_t end;   // behind the last byte
};

struct sql_lexer {
    kdb_slice text; // the statement
    size_t at;      // where the next token is looked for
    size_t end;     // where to stop, at most text.len
};

// From an opening ' (or " or `) to behind the closing one, doubled ones inside stepped over; NULL
// when there is none.
const char *sql_skip_quoted(const char *at, const char *end);

// The same for the string of E'…', where a backslash takes the next byte along.
const char *sql_skip_escaped(const char *at, const char *end);

// From the $ of $tag$ to behind the closing $tag$; `at` itself when no such tag begins there, NULL
// when it is not closed.
const char *sql_skip_dollar(const char *at, const char *end);

// From a -- to the end of the line.
const char *sql_skip_line_comment(const char *at, const char *end);

// From a /* to behind its */, comments inside counted; NULL when it is not closed.
const char *sql_skip_block_comment(const char *at, const char *end);

// What ends an id that is no quoted one: ids are read as they stand, not as tokens.
static inline bool sql_ends_id(char c)
{
    return sql_lead_at(&c) == SQL_LEAD_SPACE || (c != '\0' && strchr("(),;'\"`", c) != NULL);
}

// True when a comment begins here.
static inline bool sql_is_comment(const char *at, const char *end)
{
    return end - at >= 2 && ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*'));
}

// A number: digits, point, exponent.
struct sql_number {
    const char *end;      // behind it
    size_t whole_digits;  // before the point
    size_t scale;         // behind the point
    size_t exponent_size; // bytes of the exponent from its e, 0: none
    bool has_point;
};

// Measures the number that begins at a digit, or at a point with a digit behind.
struct sql_number sql_read_number(const char *at, const char *end);

// The next token; SQL_TOKEN_END at the end. A quote that is not closed runs to the end.
struct sql_token sql_lex(struct sql_lexer *lexer);

// The bytes of a token.
static inline kdb_slice sql_token_source(const struct sql_lexer *lexer, struct sql_token token)
{
    return kdb_slice_of(lexer->text.data + token.start, token.end - token.start);
}

// What a token stands for: a word folded, a quoted identifier or string without its quotes, else
// its bytes. Copies to the arena only where something changes.
kdb_slice sql_token_text(const struct sql_lexer *lexer, struct kdb_arena *arena,
                         struct sql_token token);

// The text inside quotes, `quote` doubled undone; copied to the arena only when there is such a
// pair.
kdb_slice sql_unquote(kdb_slice inside, char quote, struct kdb_arena *arena);

// True when the token is this unquoted word; `word` is upper case.
bool sql_token_is(const struct sql_lexer *lexer, struct sql_token token, const char *word);

// True when the token is these bytes: an operator or a single character.
bool sql_token_is_sign(const struct sql_lexer *lexer, struct sql_token token, const char *sign);

#endif
