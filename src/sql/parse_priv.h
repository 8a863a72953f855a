// SPDX-License-Identifier: Apache-2.0
// What the parts of the parser share: the statement, which of its literals became nodes, how errors
// point into it.
#ifndef KDB_SQL_PARSE_PRIV_H
#define KDB_SQL_PARSE_PRIV_H

#include "sql/lex_priv.h"
#include "sql/parse.h"

// How deep expressions, subqueries, parentheses and CASE may nest. PostgreSQL's parser keeps its
// own stack on the heap; what has to fit the C stack is our recursion over its tree and everybody's
// over ours.
#define SQL_DEPTH_MAX 512

// Parameters beyond this number are refused by the grammar; how many a request may send is the
// protocol's limit.
#define SQL_PARAM_MAX 65535

// One parse of one scanned statement; lives during kdb_sql_parse.
struct sql_parse {
    const struct kdb_scanned *scanned;
    struct kdb_ctx *ctx;
    bool *is_node; // per lifted literal: it became a LITERAL node, so the plan may leave its value
                   // open
    int param_max;
    bool hides_text; // the statement holds a password: error messages show none of its tokens
};

// A part of the statement's text, in bytes.
struct sql_range {
    size_t start;
    size_t end;
};

// Parses the statement that fills `range`: a query, a data change or a command.
KDB_NODISCARD kdb_status sql_parse_range(struct sql_parse *parse, struct sql_range range,
                                         struct kdb_statement *ret_statement);

// Notes in the ctx that its error points at byte `offset` of the statement text; returns the
// error's status.
kdb_status sql_error_at(struct sql_parse *parse, size_t offset);

// Fails with INVALID_SQL in PostgreSQL's words: `what` at or near "x", where x is the token that
// begins at `offset`, or `what` at end of input when there is none before `end`.
kdb_status sql_fail_near(struct sql_parse *parse, kdb_slice what, size_t offset, size_t end);

// Index of the lifted literal that begins at byte `offset`, or of the first one behind it;
// literal_count when there is none.
size_t sql_literal_from(const struct kdb_scanned *scanned, size_t offset);

// Raises the highest parameter number seen.
static inline void sql_note_param(struct sql_parse *parse, int number)
{
    if (number > parse->param_max)
        parse->param_max = number;
}

#endif
