// SPDX-License-Identifier: Apache-2.0
// Reading JSON in place, against the reader that makes a tree.
#include "plan/json_text_priv.h"

#include "base/json_read.h"
#include "base/random.h"
#include "call_case.h"

static const struct kdb_json_limits limits = {.size_max = 1 << 20,
                                              .depth_max = PLAN_JSON_DEPTH_MAX};

// Random text made of pieces of JSON, most of it wrong, some of it right.
static size_t compose(uint64_t *random, char *out)
{
    static const char *const pieces[] = {
        "{",     "}",           "[",         "]",    ",",      ":",     " ",     "\n",
        "\"a\"", "\"b\"",       "1",         "-2.5", "0",      "1e3",   "null",  "true",
        "false", "{}",          "[]",        "01",   "\"\"",   "\"\\n", "\"é\"", "\\u00",
        "tru",   "\"\\u0041\"", "{\"a\":1}", "[1]",  "\"a\":", "-",
    };
    size_t len = 0;
    for (uint64_t left = kdb_random_next(random) % 12; left > 0; left--) {
        const char *piece = pieces[kdb_random_next(random) % (sizeof(pieces) / sizeof(pieces[0]))];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return len;
}

// Members and elements are the same, in the same order.
static void compare_members(struct call_case *test, const struct plan_json *value,
                            const struct kdb_json *tree)
{
    assert_true(kdb_slice_equal(value->raw, tree->raw));
    if (tree->type != KDB_JSON_ARRAY && tree->type != KDB_JSON_OBJECT)
        return;
    const struct kdb_json *member = tree->first;
    struct plan_json found;
    kdb_slice name;
    for (size_t at = 0; plan_json_next(value, &at, &name, &found); member = member->next) {
        assert_non_null(member);
        assert_true(kdb_slice_equal(found.raw, member->raw));
        if (tree->type != KDB_JSON_OBJECT)
            continue;
        kdb_slice text;
        assert_true(plan_json_unescape(name, &test->scratch, &text));
        assert_true(kdb_slice_equal(text, member->name));
        const struct plan_json_step step = {.is_name = true, .name = text};
        assert_true(plan_json_step(value, &test->scratch, &step, &found));
        assert_true(kdb_slice_equal(found.raw, kdb_json_get(tree, text)->raw));
    }
    assert_null(member);
}

static void the_tree_reader_agrees(void **state)
{
    struct call_case test;
    uint64_t random = 20240504;
    char text[256];
    size_t valid = 0;
    (void)state;
    call_open(&test);
    for (int i = 0; i < 100000; i++) {
        kdb_slice json = {text, compose(&random, text)};
        struct plan_json value;
        const struct kdb_json *tree;
        bool is_json = plan_json_read(json, &value);
        if (is_json != (kdb_json_parse(&test.ctx, json, &limits, &tree) == KDB_OK))
            fail_msg("'%.*s' is %d", KDB_ARG(json), is_json);
        if (is_json)
            compare_members(&test, &value, tree);
        valid += is_json;
        call_reset(&test);
    }
    assert_true(valid > 2000);
    call_close(&test);
}

static void steps_lead_to_parts(void **state)
{
    struct call_case test;
    struct plan_json value;
    struct plan_json found;
    (void)state;
    call_open(&test);
    assert_true(plan_json_read(KDB_LIT(" {\"a\": [1, {\"b\" : 2}, 3], \"a\\u0062\":4, \"x\":5, "
                                       "\"x\":6} "),
                               &value));
    struct plan_json_step step = {.is_name = true, .name = KDB_LIT("ab")};
    assert_true(plan_json_step(&value, &test.scratch, &step, &found));
    assert_slice_equal(found.raw, "4");
    step.name = KDB_LIT("x");
    assert_true(plan_json_step(&value, &test.scratch, &step, &found));
    assert_slice_equal(found.raw, "6"); // the last one counts
    step.name = KDB_LIT("a\\u0062");
    assert_false(plan_json_step(&value, &test.scratch, &step, &found));
    step.name = KDB_LIT("a");
    assert_true(plan_json_step(&value, &test.scratch, &step, &value)); // in place
    assert_slice_equal(value.raw, "[1, {\"b\" : 2}, 3]");
    static const struct {
        int64_t index;
        const char *raw;
    } rows[] = {{0, "1"}, {1, "{\"b\" : 2}"}, {-1, "3"}, {-3, "1"}, {3, NULL}, {-4, NULL}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct plan_json_step index = {.index = rows[i].index};
        bool is_there = plan_json_step(&value, &test.scratch, &index, &found);
        assert_int_equal(is_there, rows[i].raw != NULL);
        if (rows[i].raw)
            assert_slice_equal(found.raw, rows[i].raw);
    }
    struct plan_json_step loose = {.is_name = true, .name = KDB_LIT("2")};
    assert_false(plan_json_step(&value, &test.scratch, &loose, &found));
    loose.is_loose = true;
    assert_true(plan_json_step(&value, &test.scratch, &loose, &found));
    assert_slice_equal(found.raw, "3");
    call_close(&test);
}

static void strings_lose_their_escapes(void **state)
{
    struct call_case test;
    kdb_slice text;
    (void)state;
    call_open(&test);
    assert_true(plan_json_unescape(KDB_LIT("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\""),
                                   &test.scratch, &text));
    assert_slice_equal(text, "a\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80");
    assert_false(plan_json_unescape(KDB_LIT("\"\\u0000\""), &test.scratch, &text));
    call_close(&test);
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * PLAN_JSON_DEPTH_MAX + 2];
    struct plan_json value;
    (void)state;
    memset(text, '[', PLAN_JSON_DEPTH_MAX);
    memset(text + PLAN_JSON_DEPTH_MAX, ']', PLAN_JSON_DEPTH_MAX);
    assert_true(plan_json_read((kdb_slice){text, 2 * PLAN_JSON_DEPTH_MAX}, &value));
    memset(text, '[', PLAN_JSON_DEPTH_MAX + 1);
    memset(text + PLAN_JSON_DEPTH_MAX + 1, ']', PLAN_JSON_DEPTH_MAX + 1);
    // The innermost pair is empty and opens no level of its own: one more would.
    assert_true(plan_json_read((kdb_slice){text, 2 * PLAN_JSON_DEPTH_MAX + 2}, &value));
    memmove(text + 2, text, 2 * PLAN_JSON_DEPTH_MAX);
    text[PLAN_JSON_DEPTH_MAX + 1] = '1';
    assert_false(plan_json_read((kdb_slice){text, 2 * PLAN_JSON_DEPTH_MAX + 2}, &value));
    assert_false(plan_json_read((kdb_slice){NULL, 0}, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_reader_agrees),
        cmocka_unit_test(steps_lead_to_parts),
        cmocka_unit_test(strings_lose_their_escapes),
        cmocka_unit_test(nesting_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
