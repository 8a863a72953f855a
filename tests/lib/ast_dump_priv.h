// SPDX-License-Identifier: Apache-2.0
// What the two files of the dump share.
#ifndef KDB_TESTS_LIB_AST_DUMP_PRIV_H
#define KDB_TESTS_LIB_AST_DUMP_PRIV_H

#include "base/buf.h"
#include "sql/statement.h"

// Appends [namespace.]name.
void test_dump_table(const struct kdb_ast_name *name, struct kdb_buf *out);

// Appends [a b c].
void test_dump_names(const kdb_slice *names, size_t count, struct kdb_buf *out);

// Appends <name numbers…>.
void test_dump_type(const struct kdb_ast_type *type, struct kdb_buf *out);

#endif
