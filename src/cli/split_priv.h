// SPDX-License-Identifier: Apache-2.0
// Cutting text into statements as the server does (sql/lex.h).
//
// Quotes ('…', "…", `…`, E'…', $tag$…$tag$), comments (-- and nested /* */) and the parentheses of
// EXECUTE AS USER hide a semicolon; everything else does not. A contract test holds this beside the
// server's own scan. Pure functions.
#ifndef KDB_CLI_SPLIT_PRIV_H
#define KDB_CLI_SPLIT_PRIV_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum cli_split {
    CLI_SPLIT_STATEMENT, // one statement, without its semicolon
    CLI_SPLIT_META,      // a line that begins with a backslash
    CLI_SPLIT_MORE,      // what is there is not complete; only where more may come
    CLI_SPLIT_END,       // nothing but blanks and comments is left
};

struct cli_piece {
    kdb_slice text; // from its first to its last sign; comments between them stay
    size_t start;   // where that is in the text that was cut
    size_t used;    // where the rest begins: behind the semicolon, or behind the line
};

// Cuts the first piece off `text`. `is_final`: no more text will come, so what is not ended ends
// here. For MORE only `start` is set: what stands before it is not needed again.
enum cli_split cli_split(kdb_slice text, bool is_final, struct cli_piece *ret_piece);

// The token at or after `*at`, blanks and comments skipped; empty at the end. Moves `*at` behind
// it. A string or quoted name comes with its quotes.
kdb_slice cli_next_token(kdb_slice text, size_t *at);

// The name that a token stands for: a quoted one without its quotes, any other in lower case.
kdb_slice cli_name_text(kdb_slice token, struct kdb_arena *arena);

#endif
