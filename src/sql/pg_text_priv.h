// SPDX-License-Identifier: Apache-2.0
// The text that PostgreSQL's parser gets: the statement's own, byte for byte in its place but for
// three things.
//
// 1. Nesting is measured before the parser sees it, and what is too deep is refused.
// 2. CURRENT_USER() and its like are keywords to PostgreSQL and take no parentheses: an empty pair
// becomes blanks.
// 3. PostgreSQL cuts names at 63 bytes, ours may be longer: a longer one becomes a stand-in of the
// same length, and
//    sql_pg_text_name gives the name back.
#ifndef KDB_SQL_PG_TEXT_PRIV_H
#define KDB_SQL_PG_TEXT_PRIV_H

#include "sql/parse_priv.h"

struct sql_pg_text {
    char *text;            // NUL-terminated, in the arena
    size_t prefix;         // bytes before the statement's ("SELECT " before a lone expression)
    size_t start;          // byte of the statement where the part begins that follows the prefix
    kdb_slice *long_names; // what the stand-ins stand for
    size_t long_count;
    size_t long_capacity;
};

// Prepares `range` of the statement, with `prefix` before it.
KDB_NODISCARD kdb_status sql_pg_text_init(struct sql_pg_text *text, struct sql_parse *parse,
                                          struct sql_range range, kdb_slice prefix);

// The name as the user wrote it, for one that PostgreSQL's parser gave back: a copy in the arena.
kdb_slice sql_pg_text_name(const struct sql_pg_text *text, struct kdb_arena *arena,
                           const char *name);

// Byte offset in the statement of a byte offset in the parser's text, which may lie in the prefix.
static inline size_t sql_pg_text_offset(const struct sql_pg_text *text, size_t location)
{
    return text->start + (location > text->prefix ? location - text->prefix : 0);
}

#endif
