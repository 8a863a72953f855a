// SPDX-License-Identifier: Apache-2.0
// docs/SETTINGS.md and examples/server.toml say what settings.def says; system.settings shows no
// secret.
//
// KDB_UPDATE=1 in the environment writes the two files instead of comparing them.
#include <stdio.h>
#include <string.h>

#include "conf/conf_priv.h"
#include "unit/conf/settings_case.h"

static void read_whole(const char *path, struct kdb_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    for (;;) {
        char *at = kdb_buf_reserve(out, 4096);
        size_t count = fread(at, 1, 4096, file);
        if (count == 0)
            break;
        kdb_buf_advance(out, count);
    }
    (void)fclose(file);
}

// Fails unless the file holds exactly `expected`, naming the first line that differs.
static void assert_file(const char *path, const struct kdb_buf *expected)
{
    if (getenv("KDB_UPDATE") != NULL) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(expected->data, 1, expected->len, file), expected->len);
        assert_int_equal(fclose(file), 0);
    }
    struct kdb_buf is = {0};
    read_whole(path, &is);
    size_t at = 0;
    int line = 1;
    while (at < is.len && at < expected->len && is.data[at] == expected->data[at])
        line += is.data[at++] == '\n';
    if (at < is.len || at < expected->len)
        fail_msg("%s:%d differs from settings.def: run this test with KDB_UPDATE=1", path, line);
    kdb_buf_deinit(&is);
}

static void the_page_is_in_sync(void **state)
{
    (void)state;
    struct kdb_buf page = {0};
    kdb_settings_markdown(&page);
    assert_file(KDB_SOURCE_DIR "/docs/SETTINGS.md", &page);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        char cell[128];
        (void)snprintf(cell, sizeof(cell), "\n| `%s` | `", conf_rows[i].key);
        assert_true(kdb_slice_find(kdb_buf_view(&page), kdb_slice_cstr(cell), 0) != SIZE_MAX);
    }
    kdb_buf_deinit(&page);
}

static void the_sample_is_in_sync(void **state)
{
    (void)state;
    struct kdb_buf sample = {0};
    kdb_settings_sample(&sample);
    assert_file(KDB_SOURCE_DIR "/examples/server.toml", &sample);
    size_t columns = 0;
    for (size_t i = 0; i < sample.len; i++) {
        columns = sample.data[i] == '\n' ? 0 : columns + 1;
        assert_true(columns <= 140);
    }
    kdb_buf_deinit(&sample);
}

// The sample with the # before its keys taken away when `is_active`.
static void load_sample(struct settings_case *at, bool is_active)
{
    struct kdb_buf sample = {0};
    struct kdb_buf text = {0};
    kdb_settings_sample(&sample);
    for (size_t i = 0; i < sample.len; i++) {
        bool is_start = i == 0 || sample.data[i - 1] == '\n';
        bool is_mark = is_start && sample.data[i] == '#' && sample.data[i + 1] != ' ';
        if (!is_mark || !is_active)
            kdb_buf_put(&text, sample.data[i]);
    }
    kdb_buf_put(&text, '\0');
    settings_case_load(at, text.data, NULL);
    assert_string_equal(at->ctx.error.message, "");
    assert_int_equal(at->warnings.count, 0);
    kdb_buf_deinit(&sample);
    kdb_buf_deinit(&text);
}

static void the_sample_loads(void **state)
{
    (void)state;
    struct settings_case at;
    load_sample(&at, false);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++)
        assert_string_equal(at.settings.origins[i], "default");
    settings_case_end(&at);
}

// With every # taken away, each key is set by the file, to its default.
static void the_sample_is_the_defaults(void **state)
{
    (void)state;
    struct settings_case at;
    struct kdb_settings standard;
    struct kdb_buf is = {0};
    struct kdb_buf should = {0};
    load_sample(&at, true);
    kdb_settings_init(&standard);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        assert_string_not_equal(at.settings.origins[i], "default");
        kdb_buf_clear(&is);
        kdb_buf_clear(&should);
        conf_write_toml(&is, &at.settings, &conf_rows[i]);
        conf_write_toml(&should, &standard, &conf_rows[i]);
        assert_int_equal(is.len, should.len);
        assert_memory_equal(is.data, should.data, is.len);
    }
    kdb_buf_deinit(&is);
    kdb_buf_deinit(&should);
    kdb_settings_deinit(&standard);
    settings_case_end(&at);
}

struct seen {
    size_t count;
    struct kdb_buf text; // all views, one line each
};

static void note(void *self, const struct kdb_setting_view *view)
{
    struct seen *seen = self;
    assert_string_equal(view->name, conf_rows[seen->count].name);
    assert_string_equal(view->description, conf_rows[seen->count].description);
    seen->count++;
    kdb_buf_printf(&seen->text, "%s=%.*s (%.*s) %s %s\n", view->name, KDB_ARG(view->value),
                   KDB_ARG(view->standard), view->category, view->origin);
}

static void assert_line(const struct seen *seen, const char *line)
{
    if (kdb_slice_find(kdb_buf_view(&seen->text), kdb_slice_cstr(line), 0) == SIZE_MAX)
        fail_msg("no line \"%s\"", line);
}

static void every_setting_is_shown_and_no_secret(void **state)
{
    (void)state;
    static const char *const pairs[] = {"KALAMDB_JWT_SECRET",
                                        "hunter2-hunter2-hunter2-hunter2-hunter2",
                                        "KALAMDB_SERVER_PORT", "99", NULL};
    struct settings_case at;
    struct seen seen = {0};
    settings_case_load(&at, "[execution]\nhandler_timeout_seconds = \"off\"\n", pairs);
    kdb_settings_each(&at.settings, note, &seen);
    assert_int_equal(seen.count, KDB_SETTING_COUNT);
    assert_line(&seen, "server.port=99 (8080) Server KALAMDB_SERVER_PORT\n");
    assert_line(&seen, "execution.handler_timeout_seconds=off (30s) Execution server.toml:2\n");
    assert_line(&seen, "auth.jwt_secret=*** () Authentication KALAMDB_JWT_SECRET\n");
    assert_line(&seen, "auth.root_password= () Authentication default\n");
    assert_true(kdb_slice_find(kdb_buf_view(&seen.text), KDB_LIT("hunter"), 0) == SIZE_MAX);
    kdb_buf_deinit(&seen.text);
    settings_case_end(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_in_sync),
        cmocka_unit_test(the_sample_is_in_sync),
        cmocka_unit_test(the_sample_loads),
        cmocka_unit_test(the_sample_is_the_defaults),
        cmocka_unit_test(every_setting_is_shown_and_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
