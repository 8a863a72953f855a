// SPDX-License-Identifier: Apache-2.0
// Looks at a statement's tokens before PostgreSQL's parser does, and changes the few that need it.
#include "sql/pg_text_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sql/chars_priv.h"

// A name of this many bytes is cut by PostgreSQL.
#define CUT_NAME_SIZE 64

// A statement with more different long names than this is no honest one.
#define LONG_NAMES_MAX 256

// How deep the operators and parentheses may make the tree, as estimated from the tokens. Our own
// limit is far below; this one keeps PostgreSQL's parser from walking a tree of any depth when it
// places an error.
#define TREE_DEPTH_MAX 2000

// Stand-ins: this, six digits, and filling up to the length of the name.
#define STAND_IN        "kdb_long_name_"
#define STAND_IN_DIGITS 6

// What a word means here.
enum meaning {
    MEANS_NOTHING,
    MEANS_VALUE,    // a function that PostgreSQL's grammar wants without parentheses
    MEANS_BREAK,    // an operand ends: what comes next is no deeper than what was before
    MEANS_OPERATOR, // makes the tree one level deeper
    MEANS_CASE,
    MEANS_END
};

static const struct {
    kdb_slice word;
    enum meaning meaning;
} words[] = {
    {KDB_LIT_INIT("AND"), MEANS_BREAK},
    {KDB_LIT_INIT("OR"), MEANS_BREAK},
    {KDB_LIT_INIT("WHEN"), MEANS_BREAK},
    {KDB_LIT_INIT("THEN"), MEANS_BREAK},
    {KDB_LIT_INIT("ELSE"), MEANS_BREAK},
    {KDB_LIT_INIT("FROM"), MEANS_BREAK},
    {KDB_LIT_INIT("SELECT"), MEANS_BREAK},
    {KDB_LIT_INIT("WHERE"), MEANS_BREAK},
    {KDB_LIT_INIT("ON"), MEANS_BREAK},
    {KDB_LIT_INIT("NOT"), MEANS_OPERATOR},
    {KDB_LIT_INIT("COLLATE"), MEANS_OPERATOR},
    {KDB_LIT_INIT("OPERATOR"), MEANS_OPERATOR},
    {KDB_LIT_INIT("CASE"), MEANS_CASE},
    {KDB_LIT_INIT("END"), MEANS_END},
    {KDB_LIT_INIT("CURRENT_USER"), MEANS_VALUE},
    {KDB_LIT_INIT("CURRENT_ROLE"), MEANS_VALUE},
    {KDB_LIT_INIT("CURRENT_DATE"), MEANS_VALUE},
    {KDB_LIT_INIT("CURRENT_TIME"), MEANS_VALUE},
    {KDB_LIT_INIT("CURRENT_TIMESTAMP"), MEANS_VALUE},
    {KDB_LIT_INIT("CURRENT_SCHEMA"), MEANS_VALUE},
    {KDB_LIT_INIT("SESSION_USER"), MEANS_VALUE},
    {KDB_LIT_INIT("LOCALTIME"), MEANS_VALUE},
    {KDB_LIT_INIT("LOCALTIMESTAMP"), MEANS_VALUE},
    {KDB_LIT_INIT("USER"), MEANS_VALUE},
};

// One open parenthesis (or none, at the bottom): how deep the tree inside it is so far.
struct level {
    size_t operators; // in the operand that goes on
    size_t inner;     // deepest parenthesis of that operand
    size_t deepest;   // of the operands before it
};

struct preparation {
    struct sql_pg_text *text;
    struct sql_parse *parse;
    struct sql_lexer lexer;
    bool is_after_dot;
    size_t case_depth;
    size_t depth;
    struct level levels[SQL_DEPTH_MAX + 1];
};

static enum meaning meaning_of(kdb_slice word)
{
    char first = word.data[0];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        kdb_slice known = words[i].word;
        if (known.len == word.len && sql_lower(known.data[0]) == sql_lower(first) &&
            kdb_slice_equal_nocase(known, word))
            return words[i].meaning;
    }
    return MEANS_NOTHING;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t level_depth(const struct level *level)
{
    return larger(level->deepest, level->operators + level->inner);
}

// An operand ends.
static void break_operand(struct preparation *preparation)
{
    struct level *level = &preparation->levels[preparation->depth];
    *level = (struct level){.deepest = level_depth(level)};
}

static char *text_at(const struct preparation *preparation, size_t offset)
{
    const struct sql_pg_text *text = preparation->text;
    return text->text + text->prefix + (offset - text->start);
}

static kdb_status too_deep(const struct preparation *preparation, struct sql_token token)
{
    (void)kdb_fail(preparation->parse->ctx, KDB_ERR_INVALID_SQL,
                   "the statement is nested too deeply, the limit is %d levels", SQL_DEPTH_MAX);
    return sql_error_at(preparation->parse, token.start);
}

// Index of the name among the long ones, added when it is new.
static kdb_status find_long_name(struct preparation *preparation, kdb_slice name, size_t *ret_index)
{
    struct sql_pg_text *text = preparation->text;
    size_t index = 0;
    while (index < text->long_count && !kdb_slice_equal(text->long_names[index], name))
        index++;
    if (index == LONG_NAMES_MAX)
        return kdb_fail(preparation->parse->ctx, KDB_ERR_INVALID_SQL,
                        "the statement has more than %d names of more than %d bytes",
                        LONG_NAMES_MAX, CUT_NAME_SIZE - 1);
    if (index == text->long_count)
        KDB_PUSH(&preparation->parse->ctx->arena, text->long_names, text->long_count,
                 text->long_capacity, name);
    *ret_index = index;
    return KDB_OK;
}

// Replaces a name that PostgreSQL would cut.
static kdb_status stand_in(struct preparation *preparation, struct sql_token token)
{
    size_t quote = token.kind == SQL_TOKEN_QUOTED ? 1 : 0;
    size_t size = token.end - token.start - 2 * quote;
    if (size < CUT_NAME_SIZE)
        return KDB_OK;
    kdb_slice name = sql_token_text(&preparation->lexer, &preparation->parse->ctx->arena, token);
    if (name.len < CUT_NAME_SIZE)
        return KDB_OK;
    size_t index = 0;
    KDB_TRY(find_long_name(preparation, name, &index));
    char head[sizeof(STAND_IN) + STAND_IN_DIGITS];
    (void)snprintf(head, sizeof(head), STAND_IN "%0*zu", STAND_IN_DIGITS, index);
    char *at = text_at(preparation, token.start + quote);
    memset(at, 'x', size);
    memcpy(at, head, sizeof(head) - 1);
    return KDB_OK;
}

// Blanks out the empty parentheses behind a value function.
static void drop_parentheses(struct preparation *preparation)
{
    struct sql_lexer ahead = preparation->lexer;
    struct sql_token open = sql_lex(&ahead);
    struct sql_token close = sql_lex(&ahead);
    if (!sql_token_is_sign(&ahead, open, "(") || !sql_token_is_sign(&ahead, close, ")"))
        return;
    *text_at(preparation, open.start) = ' ';
    *text_at(preparation, close.start) = ' ';
    preparation->lexer.at = close.end;
}

// An operator makes the operand that goes on one level deeper.
static kdb_status deepen(struct preparation *preparation, struct sql_token token)
{
    struct level *level = &preparation->levels[preparation->depth];
    level->operators++;
    return level_depth(level) > TREE_DEPTH_MAX ? too_deep(preparation, token) : KDB_OK;
}

static kdb_status open_level(struct preparation *preparation, struct sql_token token)
{
    if (preparation->depth == SQL_DEPTH_MAX)
        return too_deep(preparation, token);
    preparation->levels[++preparation->depth] = (struct level){0};
    return KDB_OK;
}

static kdb_status close_level(struct preparation *preparation, struct sql_token token)
{
    if (preparation->depth == 0)
        return KDB_OK;
    size_t closed = level_depth(&preparation->levels[preparation->depth--]) + 1;
    struct level *level = &preparation->levels[preparation->depth];
    level->inner = larger(level->inner, closed);
    return level_depth(level) > TREE_DEPTH_MAX ? too_deep(preparation, token) : KDB_OK;
}

static kdb_status prepare_word(struct preparation *preparation, struct sql_token token)
{
    enum meaning meaning = MEANS_NOTHING;
    // Behind a point every word is a name.
    if (!preparation->is_after_dot)
        meaning = meaning_of(sql_token_source(&preparation->lexer, token));
    switch (meaning) {
    case MEANS_CASE:
        break_operand(preparation);
        if (++preparation->case_depth > SQL_DEPTH_MAX)
            return too_deep(preparation, token);
        return KDB_OK;
    case MEANS_END:
        preparation->case_depth -= preparation->case_depth > 0;
        return KDB_OK;
    case MEANS_VALUE:
        drop_parentheses(preparation);
        return KDB_OK;
    case MEANS_BREAK:
        break_operand(preparation);
        return KDB_OK;
    case MEANS_OPERATOR:
        return deepen(preparation, token);
    case MEANS_NOTHING:
        return stand_in(preparation, token);
    }
    KDB_UNREACHABLE();
}

static kdb_status prepare_char(struct preparation *preparation, struct sql_token token)
{
    switch (preparation->lexer.text.data[token.start]) {
    case '(':
    case '[':
        return open_level(preparation, token);
    case ')':
    case ']':
        return close_level(preparation, token);
    case ',':
        break_operand(preparation);
        return KDB_OK;
    default:
        return KDB_OK;
    }
}

static kdb_status prepare_token(struct preparation *preparation, struct sql_token token)
{
    switch (token.kind) {
    case SQL_TOKEN_WORD:
        return prepare_word(preparation, token);
    case SQL_TOKEN_QUOTED:
        // To PostgreSQL ` is an operator, and it would cut what follows into other tokens.
        if (preparation->lexer.text.data[token.start] == '`')
            return sql_fail_near(preparation->parse, KDB_LIT("syntax error"), token.start,
                                 preparation->lexer.end);
        return stand_in(preparation, token);
    case SQL_TOKEN_OPERATOR:
        return deepen(preparation, token);
    case SQL_TOKEN_CHAR:
        return prepare_char(preparation, token);
    case SQL_TOKEN_END:
    case SQL_TOKEN_STRING:
    case SQL_TOKEN_ODD_STRING:
    case SQL_TOKEN_NUMBER:
    case SQL_TOKEN_PARAM:
        return KDB_OK;
    }
    KDB_UNREACHABLE();
}

kdb_status sql_pg_text_init(struct sql_pg_text *text, struct sql_parse *parse,
                            struct sql_range range, kdb_slice prefix)
{
    kdb_slice source =
        kdb_slice_of(parse->scanned->text.data + range.start, range.end - range.start);
    *text = (struct sql_pg_text){
        .text = kdb_arena_alloc(&parse->ctx->arena, prefix.len + source.len + 1),
        .prefix = prefix.len,
        .start = range.start,
    };
    memcpy(text->text, prefix.data, prefix.len);
    memcpy(text->text + prefix.len, source.data, source.len);
    text->text[prefix.len + source.len] = '\0';

    struct preparation preparation = {
        .text = text,
        .parse = parse,
        .lexer = {parse->scanned->text, range.start, range.end},
    };
    for (;;) {
        struct sql_token token = sql_lex(&preparation.lexer);
        if (token.kind == SQL_TOKEN_END)
            return kdb_ctx_check(parse->ctx);
        KDB_TRY(prepare_token(&preparation, token));
        preparation.is_after_dot = sql_token_is_sign(&preparation.lexer, token, ".");
    }
}

kdb_slice sql_pg_text_name(const struct sql_pg_text *text, struct kdb_arena *arena,
                           const char *name)
{
    kdb_slice copied = kdb_slice_cstr(name);
    if (text->long_count > 0 && copied.len == CUT_NAME_SIZE - 1 &&
        kdb_slice_has_prefix(copied, KDB_LIT(STAND_IN))) {
        int64_t index = -1;
        kdb_slice digits = kdb_slice_of(copied.data + sizeof(STAND_IN) - 1, STAND_IN_DIGITS);
        if (kdb_slice_to_i64(digits, &index) && index >= 0 && (size_t)index < text->long_count)
            return text->long_names[index];
    }
    return kdb_arena_copy(arena, copied);
}
