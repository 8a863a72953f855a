// SPDX-License-Identifier: Apache-2.0
// Where a statement or a meta-command ends, token by token.
#include "cli/split_priv.h"

#include "sql/lex.h"

kdb_slice cli_next_token(kdb_slice text, size_t *at)
{
    const char *end = text.data + text.len;
    const char *begin = text.data + *at;
    if (!kdb_sql_skip_blank(&begin, end) || begin == end) {
        *at = text.len;
        return (kdb_slice){0};
    }
    const char *behind = kdb_sql_skip_token(begin, end);
    behind = behind ? behind : end;
    *at = (size_t)(behind - text.data);
    return kdb_slice_of(begin, (size_t)(behind - begin));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
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
    while (at < end) {
        if (*at == ';' && (depth == 0 || !is_execute)) {
            found.semicolon = at;
            return found;
        }
        const char *behind = kdb_sql_skip_token(at, end);
        if (at == first && behind)
            is_execute =
                kdb_slice_equal_nocase(kdb_slice_of(at, (size_t)(behind - at)), KDB_LIT("execute"));
        depth += *at == '(';
        depth -= *at == ')' && depth > 0;
        found.last = behind ? behind : end;
        at = found.last;
        if (!kdb_sql_skip_blank(&at, end))
            break;
    }
    return found;
}

// Moves behind blanks, comments and semicolons that end nothing. False when it stops at a comment
// that does not end.
static bool skip_to_statement(const char **at, const char *end)
{
    while (kdb_sql_skip_blank(at, end)) {
        if (*at == end || **at != ';')
            return true;
        (*at)++;
    }
    return false;
}

enum cli_split cli_split(kdb_slice text, bool is_final, struct cli_piece *ret_piece)
{
    const char *end = text.data + text.len;
    const char *first = text.data;
    bool is_open = !skip_to_statement(&first, end);
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
