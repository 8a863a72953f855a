// SPDX-License-Identifier: Apache-2.0
// The seam to the TOML library: names, types, lines, errors, and texts made to break it.
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "conf/limits.h"
#include "conf/toml_read.h"
#include "lib/test.h"

static const char *const type_names[] = {"boolean", "integer", "float", "string",
                                         "strings", "array",   "time",  "table"};

// Writes "line name(parent) type value" per node.
static void note(void *self, const struct kdb_toml_value *value)
{
    struct kdb_buf *out = self;
    kdb_buf_printf(out, "%d %.*s(%zu) %s", value->line, (int)value->name.len, value->name.data,
                   value->parent_len, type_names[value->type]);
    if (value->type == KDB_TOML_INTEGER || value->type == KDB_TOML_BOOLEAN)
        kdb_buf_printf(out, " %lld", (long long)value->integer);
    if (value->type == KDB_TOML_STRING)
        kdb_buf_printf(out, " %.*s", (int)value->string.len, value->string.data);
    for (size_t i = 0; value->type == KDB_TOML_STRINGS && i < value->item_count; i++)
        kdb_buf_printf(out, " %.*s", (int)value->items[i].len, value->items[i].data);
    kdb_buf_put(out, '\n');
}

static void assert_nodes(const char *text, const char *expected)
{
    struct kdb_buf out = {0};
    struct kdb_toml_error error = {0};
    struct kdb_toml_text toml = {text, strlen(text)};
    if (!kdb_toml_read(toml, "f", note, &out, &error))
        fail_msg("%d:%d: %s", error.line, error.column, error.message);
    assert_slice_equal(kdb_buf_view(&out), expected);
    kdb_buf_deinit(&out);
}

static void nodes(void **state)
{
    (void)state;
    assert_nodes("", "");
    assert_nodes("# only a comment\n", "");
    assert_nodes("a = 1", "1 a(0) integer 1\n");
    assert_nodes("\n\na = true\nb = false\n", "3 a(0) boolean 1\n4 b(0) boolean 0\n");
    assert_nodes("a = 'x'\nb = \"\"\n", "1 a(0) string x\n2 b(0) string \n");
    assert_nodes("a = -9223372036854775808\n", "1 a(0) integer -9223372036854775808\n");
    assert_nodes("a = 0xff\nb = 1_000\n", "1 a(0) integer 255\n2 b(0) integer 1000\n");
    assert_nodes("a = 1.5\nb = 1979-05-27\n", "1 a(0) float\n2 b(0) time\n");
    assert_nodes("a = []\nb = ['x', \"y\"]\nc = ['x', 1]\nd = [[]]\n",
                 "1 a(0) strings\n2 b(0) strings x y\n3 c(0) array\n4 d(0) array\n");
    assert_nodes("[s]\r\nk = 1\r\n", "1 s(0) table\n2 s.k(1) integer 1\n");
    assert_nodes("\xef\xbb\xbf"
                 "a = 1\n",
                 "1 a(0) integer 1\n");
    assert_nodes("[[t]]\nk = 1\n[[t]]\n", "1 t(0) array\n");
}

static void names_cannot_be_forged(void **state)
{
    (void)state;
    assert_nodes("\"a.b\" = 1\n", "1 \"a.b\"(0) integer 1\n");
    assert_nodes("\"a\\\"b\" = 1\n", "1 \"a\\\"b\"(0) integer 1\n");
    assert_nodes("'' = 1\n", "1 \"\"(0) integer 1\n");
    assert_nodes("'a' = 1\n", "1 a(0) integer 1\n");
    assert_nodes("s.'x.y'.z = 1\n",
                 "1 s(0) table\n1 s.\"x.y\"(1) table\n1 s.\"x.y\".z(7) integer 1\n");
}

static void assert_error(const char *text, size_t len, int line)
{
    struct kdb_buf out = {0};
    struct kdb_toml_error error = {0};
    struct kdb_toml_text toml = {text, len};
    assert_false(kdb_toml_read(toml, "f", note, &out, &error));
    assert_int_equal(error.line, line);
    assert_true(error.column > 0);
    assert_true(strlen(error.message) > 0);
    assert_int_equal(out.len, 0);
    kdb_buf_deinit(&out);
}

static void errors_name_the_line(void **state)
{
    (void)state;
    assert_error("a = 1\nb = \n", 11, 2);
    assert_error("a = 1\n\n\na = 2\n", 14, 4);
    assert_error("[s]\n[s]\n", 8, 2);
    assert_error("a = \"x\n", 7, 1);
    assert_error("a = 99999999999999999999\n", 25, 1);
    assert_error("a = '\xff'\n", 8, 1);
    assert_error("a = 1\0b = 2\n", 12, 1);
    assert_error("= 1\n", 4, 1);
}

// Texts that version 3.3 of the library meets with an assert of its own.
static void what_the_library_asserts_is_an_error(void **state)
{
    (void)state;
    assert_error("[=]", 3, 1);
    assert_error("[=]\n", 4, 1);
    assert_error("[.server]\nport = 1\n", 19, 1);
    assert_error("a = 1\nb = \"\"\"\n[=]\n\"\"\"\n[s]\n[ =x]\n[t]\n", 37, 6);
    assert_error("a = 1\r\n\r\n[[?]]\r\nb = \r\n", 22, 3);
}

// As above, characters that the library declares unreachable.
static void letters_outside_of_strings_are_errors(void **state)
{
    (void)state;
    assert_error("\xc3\xa4 = 1\n", 7, 1);
    assert_error("a = \xc3\xa4\n", 7, 1);
    assert_error("a = 1 \xce\xb1\n", 9, 1);
    assert_error("[s]\n[\xc3\xa4]\n", 9, 2);
    assert_nodes("a = '\xc3\xa4' # \xce\xb1\n", "1 a(0) string \xc3\xa4\n");
    assert_nodes("a = \"\"\"x\\\n  \xc3\xa4\"\"\"\n", "1 a(0) string x\xc3\xa4\n");
}

// As deep as the loader lets through (conf_load.c counts dots before it calls).
static void deep_tables(void **state)
{
    (void)state;
    struct kdb_buf text = {0};
    struct kdb_buf out = {0};
    for (size_t i = 0; i < KDB_LIMIT_CONFIG_LINE_DOTS; i++)
        KDB_BUF_LIT(&text, "a.");
    KDB_BUF_LIT(&text, "a = 1\nb = ");
    for (size_t i = 0; i < 200; i++)
        KDB_BUF_LIT(&text, "[");
    for (size_t i = 0; i < 200; i++)
        KDB_BUF_LIT(&text, "]");
    struct kdb_toml_error error;
    struct kdb_toml_text toml = {text.data, text.len};
    assert_true(kdb_toml_read(toml, "f", note, &out, &error));
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++)
        lines += out.data[i] == '\n';
    assert_int_equal(lines, KDB_LIMIT_CONFIG_LINE_DOTS + 2);

    kdb_buf_clear(&text);
    KDB_BUF_LIT(&text, "b = ");
    for (size_t i = 0; i < 100000; i++)
        KDB_BUF_LIT(&text, "[");
    toml = (struct kdb_toml_text){text.data, text.len};
    assert_false(kdb_toml_read(toml, "f", note, &out, &error));
    kdb_buf_deinit(&text);
    kdb_buf_deinit(&out);
}

static void an_empty_text_may_have_no_address(void **state)
{
    (void)state;
    struct kdb_buf out = {0};
    struct kdb_toml_error error;
    struct kdb_toml_text toml = {NULL, 0};
    assert_true(kdb_toml_read(toml, "f", note, &out, &error));
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes),
        cmocka_unit_test(names_cannot_be_forged),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(what_the_library_asserts_is_an_error),
        cmocka_unit_test(letters_outside_of_strings_are_errors),
        cmocka_unit_test(deep_tables),
        cmocka_unit_test(an_empty_text_may_have_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
