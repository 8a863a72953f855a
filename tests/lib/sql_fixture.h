// SPDX-License-Identifier: Apache-2.0
// Parsing in tests: what a text must parse to, and what it must be refused with. Link with sql.
#ifndef KDB_TESTS_LIB_SQL_FIXTURE_H
#define KDB_TESTS_LIB_SQL_FIXTURE_H

#include <stddef.h>

#include "base/ctx.h"
#include "sql/parse.h"

// A text, and its tree as ast_dump.h prints it.
struct test_tree {
    const char *sql;
    const char *tree;
};

// A text, and the INVALID_SQL it is refused with.
struct test_refusal {
    const char *sql;
    const char *message;
    int position; // character, 0: none
};

// For cmocka: the ctx that the other functions use.
int test_sql_setup(void **state);
int test_sql_teardown(void **state);
struct kdb_ctx *test_sql_ctx(void);

// The only statement of a text.
const struct kdb_scanned *test_sql_scan(const char *sql);

// Its parse, which must succeed.
void test_sql_parse(const char *sql, struct kdb_statement *ret_statement);

// Fails unless each text gives its tree; every text is a test of its own.
void test_sql_trees(const struct test_tree *trees, size_t count);

// Fails unless each text is refused with exactly this.
void test_sql_refusals(const struct test_refusal *refusals, size_t count);

// The same for one text and any status.
void test_sql_refused(const char *sql, kdb_status status, const char *message, int position);

// `head`, `count` times `part`, `tail`; free it.
char *test_sql_repeat(const char *head, const char *part, size_t count, const char *tail);

#define TEST_TREES(trees) test_sql_trees((trees), sizeof(trees) / sizeof((trees)[0]))
#define TEST_REFUSALS(refusals)                                                                    \
    test_sql_refusals((refusals), sizeof(refusals) / sizeof((refusals)[0]))

#endif
