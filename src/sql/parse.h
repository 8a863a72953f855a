// SPDX-License-Identifier: Apache-2.0
// From the text of a request to statements: split, lift literals, parse.
//
// The scan is one pass over the text that every request pays; the parse (PostgreSQL's grammar
// through libpg_query for queries and data changes, our own recursive-descent parser for commands)
// runs only when the plan cache does not know the statement. All input is hostile: sizes and
// nesting are limited, malformed UTF-8 and NUL bytes are refused. Any thread.
#ifndef KDB_SQL_PARSE_H
#define KDB_SQL_PARSE_H

#include "base/ctx.h"
#include "sql/statement.h"

// A constant lifted out of the statement so that statements differing only in constants share one
// plan.
struct kdb_lifted {
    uint32_t start; // byte offset in the statement text
    uint32_t len;   // bytes there, quotes included
    char form;      // 'i' fits INT, 'I' fits BIGINT, 'n' other number, 's' plain '…' string
};

// One statement found by the scan, not parsed yet. Semicolons inside the parentheses of EXECUTE AS
// USER do not split.
struct kdb_scanned {
    kdb_slice text; // without separator, leading/trailing blanks and comments
    int position;   // 1-based byte in the request's SQL
    kdb_slice key;  // the token sequence with constants replaced by their form (and, for 'n',
                    // precision and scale), identifiers folded, comments gone: equal keys parse to
                    // equal trees but for the constants
    struct kdb_lifted *literals;
    size_t literal_count;
    bool is_cacheable;    // false when the key cannot stand for the text (odd string forms)
    kdb_slice first_word; // folded, for a first classification
};

struct kdb_scan {
    struct kdb_scanned *statements;
    size_t count;
};

// Splits `sql` into statements and lifts their literals. BATCH_PARSE for an unterminated quote or
// comment, EMPTY_SQL when there is none, INVALID_SQL for bytes that are no UTF-8 or NUL. Messages
// name the position. Memory: ctx arena; slices may point into `sql`.
KDB_NODISCARD kdb_status kdb_sql_scan(kdb_slice sql, struct kdb_ctx *ctx,
                                      struct kdb_scan *ret_scan);

// The value of lifted literal `index` as text: digits, or the string with '' undone (copied to the
// arena only then).
kdb_slice kdb_lifted_text(const struct kdb_scanned *scanned, struct kdb_arena *arena, int index);

// Parses one scanned statement. The tree lives in the ctx arena and refers to the text; its
// literals refer to `literals` only when the statement is cacheable. INVALID_SQL in PostgreSQL's
// words (syntax error at or near "x") or "<what> is not supported", INVALID_INPUT for the form of
// EXECUTE AS USER; the ctx's error position is the character of the statement. No message shows a
// password.
KDB_NODISCARD kdb_status kdb_sql_parse(const struct kdb_scanned *scanned, struct kdb_ctx *ctx,
                                       struct kdb_statement *ret_statement);

// What a statement is called in messages and in the log ("CREATE TABLE"). Static.
const char *kdb_statement_name(kdb_statement_kind kind);

#endif
