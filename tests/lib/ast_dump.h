// SPDX-License-Identifier: Apache-2.0
// Syntax trees as short S-expressions, so that a test can say in one line what a text must parse
// to.
//
// A literal that is tied to lifted literal n ends in #n, and in #-n when it stands behind a minus.
#ifndef KDB_TESTS_LIB_AST_DUMP_H
#define KDB_TESTS_LIB_AST_DUMP_H

#include "base/buf.h"
#include "sql/statement.h"

// Appends an expression; NULL is "()".
void test_dump_expr(const struct kdb_ast *expr, struct kdb_buf *out);

// Appends a query.
void test_dump_select(const struct kdb_ast_select *select, struct kdb_buf *out);

// Appends any statement.
void test_dump_statement(const struct kdb_statement *statement, struct kdb_buf *out);

// The same, but of literals that are tied to lifted ones only which, and their kind. One thread.
void test_dump_shape(const struct kdb_statement *statement, struct kdb_buf *out);

#endif
