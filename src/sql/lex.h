// SPDX-License-Identifier: Apache-2.0
// Where blanks, comments and tokens end, by the rules of PostgreSQL's lexer: the server cuts SQL
// with them, and the command line cuts what is typed before it sends it.
//
// Pure functions over [at, end).
#ifndef KDB_SQL_LEX_H
#define KDB_SQL_LEX_H

#include <stdbool.h>

// Moves `*at` behind blanks and comments. False when it stops at a comment that does not end.
bool kdb_sql_skip_blank(const char **at, const char *end);

// Behind the token that begins at `at`, where something is and neither a blank nor a comment; NULL
// when it is a string or a quoted name that does not end.
const char *kdb_sql_skip_token(const char *at, const char *end);

#endif
