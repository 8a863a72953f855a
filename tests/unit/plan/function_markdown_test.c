// SPDX-License-Identifier: Apache-2.0
// docs/SQL-FUNCTIONS.md says what the tables say. KDB_UPDATE=1 in the environment writes the page
// instead of comparing it.
#include <stdio.h>
#include <stdlib.h>

#include "call_case.h"

#define PAGE KDB_SOURCE_DIR "/docs/SQL-FUNCTIONS.md"

static void write_page(const struct kdb_buf *page)
{
    FILE *out = fopen(PAGE, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(page->data, 1, page->len, out), page->len);
    assert_int_equal(fclose(out), 0);
}

static void page_is_the_table(void **state)
{
    struct kdb_buf page = {0};
    (void)state;
    kdb_function_markdown(&page);
    if (getenv("KDB_UPDATE") != NULL)
        write_page(&page);
    FILE *in = fopen(PAGE, "r");
    assert_non_null(in);
    size_t at = 0;
    int line = 1;
    for (int c = getc(in); c != EOF; c = getc(in)) {
        if (at == page.len || page.data[at] != (char)c)
            fail_msg("%s:%d differs from the tables: run this test with KDB_UPDATE=1", PAGE, line);
        line += c == '\n';
        at++;
    }
    assert_int_equal(at, page.len);
    (void)fclose(in);
    kdb_buf_deinit(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_is_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
