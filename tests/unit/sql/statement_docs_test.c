// SPDX-License-Identifier: Apache-2.0
// docs/SQL.md names every statement the parser knows.
#include <stdio.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "sql/parse.h"

static char *read_page(void)
{
    FILE *file = fopen(KDB_SOURCE_DIR "/docs/SQL.md", "re");
    assert_non_null(file);
    char *page = kdb_alloc((size_t)1 << 20);
    size_t len = fread(page, 1, ((size_t)1 << 20) - 1, file);
    assert_true(len > 0);
    (void)fclose(file);
    return page;
}

static void test_every_statement_is_documented(void **state)
{
    (void)state;
    char *page = read_page();
    for (int kind = 0; kind < KDB_STATEMENT_RESERVED; kind++) {
        const char *name = kdb_statement_name((kdb_statement_kind)kind);
        if (!strstr(page, name))
            fail_msg("docs/SQL.md does not mention %s", name);
    }
    kdb_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
