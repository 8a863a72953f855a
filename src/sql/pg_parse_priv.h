// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL's grammar does for us, without its headers: statements, lone expressions,
// keywords.
#ifndef KDB_SQL_PG_PARSE_PRIV_H
#define KDB_SQL_PG_PARSE_PRIV_H

#include "sql/parse_priv.h"

// Parses a query, INSERT, UPDATE or DELETE. INVALID_SQL with PostgreSQL's message and the place; so
// is what PostgreSQL has and we do not.
KDB_NODISCARD kdb_status sql_pg_statement(struct sql_parse *parse, struct sql_range range,
                                          struct kdb_statement *ret_statement);

// Parses an expression (a column's DEFAULT).
KDB_NODISCARD kdb_status sql_pg_expression(struct sql_parse *parse, struct sql_range range,
                                           struct kdb_ast **ret_expr);

// True when PostgreSQL's grammar does not take this folded word as a column name unless it is
// quoted.
bool sql_pg_is_reserved(kdb_slice word);

#endif
