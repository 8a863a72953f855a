// SPDX-License-Identifier: Apache-2.0
// Constants of PostgreSQL's tree, each tied to the literal that the scan lifted, so that a cached
// plan can take another statement's value in its place.
#include <string.h>

#include "sql/pg_priv.h"

// The lifted literal that a constant at byte `offset` comes from, or -1. PostgreSQL folds minus
// signs into a number and moves its location to the first of them: then there are only signs and
// parentheses in between, and an odd number of signs makes it negative.
static int find_lifted(const struct pg_reader *reader, size_t offset, bool *ret_is_minus)
{
    const struct kdb_scanned *scanned = reader->parse->scanned;
    size_t index = sql_literal_from(scanned, offset);
    if (index == scanned->literal_count)
        return -1;
    struct sql_lexer lexer = {scanned->text, offset, scanned->text.len};
    bool is_minus = false;
    for (;;) {
        struct sql_token token = sql_lex(&lexer);
        if (token.start == scanned->literals[index].start) {
            *ret_is_minus = is_minus;
            return (int)index;
        }
        if (sql_token_is_sign(&lexer, token, "-"))
            is_minus = !is_minus;
        else if (!sql_token_is_sign(&lexer, token, "("))
            return -1;
    }
}

static kdb_slice lifted_text(const struct pg_reader *reader, int index, bool is_minus)
{
    kdb_slice text = kdb_lifted_text(reader->parse->scanned, pg_arena(reader), index);
    if (!is_minus)
        return text;
    char *signed_text = kdb_arena_alloc(pg_arena(reader), text.len + 1);
    signed_text[0] = '-';
    memcpy(signed_text + 1, text.data, text.len);
    return kdb_slice_of(signed_text, text.len + 1);
}

static kdb_ast_literal_kind number_kind(const char *digits)
{
    int64_t value = 0;
    return kdb_slice_to_i64(kdb_slice_cstr(digits), &value) ? KDB_AST_INTEGER : KDB_AST_DECIMAL;
}

static kdb_slice integer_text(const struct pg_reader *reader, int value)
{
    char digits[12];
    size_t at = sizeof(digits);
    unsigned magnitude = value < 0 ? 0U - (unsigned)value : (unsigned)value;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (value < 0)
        digits[--at] = '-';
    return kdb_arena_copy(pg_arena(reader), kdb_slice_of(digits + at, sizeof(digits) - at));
}

// Kind and text of a constant that is not NULL.
static void read_value(const struct pg_reader *reader, const A_Const *constant,
                       struct kdb_ast *ret_literal)
{
    const char *text = NULL;
    switch ((int)nodeTag(&constant->val)) {
    case T_Integer:
        ret_literal->literal_kind = KDB_AST_INTEGER;
        ret_literal->text = integer_text(reader, constant->val.ival.ival);
        return;
    case T_Boolean:
        ret_literal->literal_kind = KDB_AST_BOOLEAN;
        ret_literal->text = constant->val.boolval.boolval ? KDB_LIT("true") : KDB_LIT("false");
        return;
    case T_Float:
        text = constant->val.fval.fval;
        ret_literal->literal_kind = number_kind(text);
        break;
    case T_BitString:
        text = constant->val.bsval.bsval;
        ret_literal->literal_kind = KDB_AST_BITS;
        break;
    default:
        text = constant->val.sval.sval;
        ret_literal->literal_kind = KDB_AST_STRING;
        break;
    }
    ret_literal->text = kdb_arena_copy(pg_arena(reader), kdb_slice_cstr(text));
}

struct kdb_ast *sql_pg_literal(struct pg_reader *reader, const A_Const *constant)
{
    struct kdb_ast *literal = sql_pg_node(reader, KDB_AST_LITERAL, constant->location);
    literal->literal_kind = KDB_AST_NULL;
    if (constant->isnull)
        return literal;
    bool is_minus = false;
    int index = -1;
    // Where the scan was not sure of its tokens, PostgreSQL's value counts and nothing stays open.
    if (reader->parse->scanned->is_cacheable && constant->location >= (int)reader->text->prefix) {
        size_t location = (size_t)constant->location;
        index = find_lifted(reader, sql_pg_text_offset(reader->text, location), &is_minus);
    }
    if (index < 0) {
        read_value(reader, constant, literal);
        return literal;
    }
    char form = reader->parse->scanned->literals[index].form;
    // A minus before a string moves the constant's location too, but is an operator on it.
    is_minus = is_minus && form != 's';
    literal->literal = index;
    literal->is_minus = is_minus;
    literal->text = lifted_text(reader, index, is_minus);
    literal->literal_kind = form == 's'   ? KDB_AST_STRING
                            : form == 'n' ? KDB_AST_DECIMAL
                                          : KDB_AST_INTEGER;
    reader->parse->is_node[index] = true;
    return literal;
}
