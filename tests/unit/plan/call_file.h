// SPDX-License-Identifier: Apache-2.0
// Files of calls with what PostgreSQL 15 answered: tests/unit/plan/cases/*.cases.
#ifndef KDB_TESTS_UNIT_PLAN_CALL_FILE_H
#define KDB_TESTS_UNIT_PLAN_CALL_FILE_H

#include <stdio.h>

#include "call_case.h"

static inline kdb_kind call_kind(kdb_slice name)
{
    static const struct {
        const char *name;
        kdb_kind kind;
    } kinds[] = {
        {"unknown", KDB_UNKNOWN}, {"boolean", KDB_BOOLEAN},     {"smallint", KDB_SMALLINT},
        {"int", KDB_INT},         {"bigint", KDB_BIGINT},       {"decimal", KDB_DECIMAL},
        {"float", KDB_FLOAT},     {"double", KDB_DOUBLE},       {"text", KDB_TEXT},
        {"bytes", KDB_BYTES},     {"uuid", KDB_UUID},           {"date", KDB_DATE},
        {"time", KDB_TIME},       {"timestamp", KDB_TIMESTAMP}, {"datetime", KDB_DATETIME},
        {"json", KDB_JSON},       {"interval", KDB_INTERVAL},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(kinds[i].name)))
            return kinds[i].kind;
    }
    fail_msg("there is no kind %.*s", KDB_ARG(name));
    return KDB_UNKNOWN;
}

// \\n, \\t and \\\\ in a field of a file.
static inline kdb_slice call_unescape(struct call_case *test, kdb_slice field)
{
    char *out = kdb_arena_alloc(&test->ctx.arena, field.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < field.len; i++) {
        char c = field.data[i];
        if (c == '\\' && i + 1 < field.len) {
            char next = field.data[++i];
            c = next == 'n' ? '\n' : next == 't' ? '\t' : next;
        }
        out[len++] = c;
    }
    return (kdb_slice){out, len};
}

// The text up to the next tab or the end; *rest moves behind it.
static inline kdb_slice call_field(kdb_slice *rest)
{
    size_t end = kdb_slice_find(*rest, KDB_LIT("\t"), 0);
    kdb_slice field = {rest->data, end == SIZE_MAX ? rest->len : end};
    *rest = end == SIZE_MAX ? (kdb_slice){NULL, 0} : kdb_slice_skip(*rest, end + 1);
    return field;
}

static inline struct kdb_expr *call_argument(struct call_case *test, kdb_slice field)
{
    size_t colon = kdb_slice_find(field, KDB_LIT(":"), 0);
    if (colon == SIZE_MAX)
        return call_null(test, call_kind(field));
    kdb_kind kind = call_kind((kdb_slice){field.data, colon});
    return call_literal(test, kind, call_unescape(test, kdb_slice_skip(field, colon + 1)));
}

static inline void call_run_line(struct call_case *test, const char *file, int line, kdb_slice text)
{
    struct kdb_expr *args[KDB_FUNCTION_ARGS_TOTAL];
    size_t count = 0;
    kdb_slice rest = text;
    kdb_slice name = call_field(&rest);
    kdb_slice expected = call_unescape(test, call_field(&rest));
    while (rest.data)
        args[count++] = call_argument(test, call_field(&rest));
    struct kdb_expr *call = NULL;
    kdb_slice found;
    if (call_resolve(test, kdb_arena_copy(&test->ctx.arena, name).data, args, count, &call) !=
        KDB_OK)
        found = kdb_arena_printf(&test->ctx.arena, "? %s", test->ctx.error.message);
    else
        found = call_value(test, call);
    // An argument that cannot be converted fails while the call is resolved.
    bool is_same = kdb_slice_equal(found, expected) ||
                   (found.data[0] == '?' && expected.len > 0 && expected.data[0] == '!' &&
                    kdb_slice_equal(kdb_slice_skip(found, 1), kdb_slice_skip(expected, 1)));
    if (!is_same)
        fail_msg("%s:%d: %.*s: expected \"%.*s\", found \"%.*s\"", file, line, KDB_ARG(text),
                 KDB_ARG(expected), KDB_ARG(found));
}

// Runs every line of tests/unit/plan/cases/<file>: name, expectation and arguments between tabs;
// arguments are kind:text, kind alone is NULL; \n, \t and \\ are escapes. An expectation that
// begins with "! " is an error's text, with "? " that of a call that does not resolve.
static inline void call_run_file(const char *file)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/unit/plan/cases/%s", KDB_SOURCE_DIR, file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    struct call_case test;
    call_open(&test);
    char text[4096];
    int count = 0;
    for (int line = 1; fgets(text, sizeof(text), in); line++) {
        kdb_slice whole = kdb_slice_cstr(text);
        assert_true(whole.len > 0 && whole.data[whole.len - 1] == '\n');
        whole.len--;
        if (line == 1)
            continue;
        call_run_line(&test, file, line, whole);
        call_reset(&test);
        count++;
    }
    assert_true(count > 100);
    call_close(&test);
    (void)fclose(in);
}

#endif
