// SPDX-License-Identifier: Apache-2.0
// The table of error codes in docs/ERRORS.md is the one of status.def.
//
// KDB_UPDATE=1 in the environment writes the table into the page instead of comparing.
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/status.h"
#include "lib/test.h"

#define PAGE  KDB_SOURCE_DIR "/docs/ERRORS.md"
#define BEGIN "<!-- from src/base/status.def -->\n"
#define END   "<!-- end -->\n"

static void write_table(struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "| Code | HTTP | SQLSTATE | The message begins | Again? | When |\n"
                     "|---|---|---|---|---|---|\n");
    for (int status = 1; status < (int)KDB_STATUS_COUNT; status++) {
        const struct kdb_status_info *info = kdb_status_info((kdb_status)status);
        if (status == KDB_ERR_BLOCKED)
            continue;
        size_t prefix_len = strlen(info->prefix);
        kdb_buf_printf(out, "| `%s` | %d | %s | ", info->wire, info->http, info->sqlstate);
        if (prefix_len > 0)
            kdb_buf_printf(out, "`%.*s`", (int)prefix_len - 1, info->prefix);
        kdb_buf_printf(out, " | %s | %s |\n", info->is_retryable ? "yes" : "no", info->meaning);
    }
}

static void read_page(struct kdb_buf *out)
{
    FILE *file = fopen(PAGE, "rb");
    assert_non_null(file);
    size_t len;
    do {
        char *at = kdb_buf_reserve(out, 4096);
        len = fread(at, 1, 4096, file);
        kdb_buf_advance(out, len);
    } while (len > 0);
    (void)fclose(file);
}

static void write_page(kdb_slice before, kdb_slice table, kdb_slice after)
{
    FILE *file = fopen(PAGE, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < 3; i++) {
        kdb_slice part = i == 0 ? before : i == 1 ? table : after;
        assert_int_equal(fwrite(part.data, 1, part.len, file), part.len);
    }
    assert_int_equal(fclose(file), 0);
}

static void test_the_page_has_the_table(void **state)
{
    (void)state;
    struct kdb_buf page = {0};
    struct kdb_buf table = {0};
    read_page(&page);
    write_table(&table);
    kdb_slice text = kdb_buf_view(&page);
    size_t first = kdb_slice_find(text, KDB_LIT(BEGIN), 0);
    size_t end = kdb_slice_find(text, KDB_LIT(END), 0);
    assert_true(first != SIZE_MAX && end != SIZE_MAX);
    first += sizeof(BEGIN) - 1;
    kdb_slice is = kdb_slice_of(text.data + first, end - first);
    if (getenv("KDB_UPDATE"))
        write_page(kdb_slice_of(text.data, first), kdb_buf_view(&table), kdb_slice_skip(text, end));
    else if (!kdb_slice_equal(is, kdb_buf_view(&table)))
        fail_msg("%s differs from status.def: run this test with KDB_UPDATE=1", PAGE);
    kdb_buf_deinit(&page);
    kdb_buf_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_page_has_the_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
