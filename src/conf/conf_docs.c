// SPDX-License-Identifier: Apache-2.0
// The settings for people: system.settings, docs/SETTINGS.md, examples/server.toml.
#include "conf/conf_priv.h"

// Columns of examples/server.toml.
#define SAMPLE_COLUMNS 100U

void kdb_settings_each(const struct kdb_settings *settings,
                       void (*visit)(void *self, const struct kdb_setting_view *view), void *self)
{
    struct kdb_settings standard;
    kdb_settings_init(&standard);
    struct kdb_buf value = {0};
    struct kdb_buf standard_value = {0};
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        kdb_buf_clear(&value);
        kdb_buf_clear(&standard_value);
        conf_write_value(&value, settings, row);
        conf_write_value(&standard_value, &standard, row);
        struct kdb_setting_view view = {
            .name = row->name,
            .value = kdb_buf_view(&value),
            .standard = kdb_buf_view(&standard_value),
            .description = row->description,
            .category = conf_category(row),
            .origin = settings->origins[i],
        };
        visit(self, &view);
    }
    kdb_buf_deinit(&value);
    kdb_buf_deinit(&standard_value);
    kdb_settings_deinit(&standard);
}

// "`KALAMDB_A`, `KALAMDB_B`", each between two `marks`.
static void write_variables(struct kdb_buf *out, const struct conf_row *row, const char *mark)
{
    kdb_slice names = kdb_slice_cstr(row->environment);
    while (names.len > 0) {
        size_t blank = kdb_slice_find(names, KDB_LIT(" "), 0);
        size_t len = blank == SIZE_MAX ? names.len : blank;
        kdb_buf_printf(out, "%sKALAMDB_%.*s%s", mark, (int)len, names.data, mark);
        names = kdb_slice_skip(names, len + 1);
        if (names.len > 0)
            KDB_BUF_LIT(out, ", ");
    }
}

static void write_markdown_row(struct kdb_buf *out, const struct kdb_settings *standard,
                               const struct conf_row *row)
{
    kdb_buf_printf(out, "| `%s` | `", row->key);
    conf_write_toml(out, standard, row);
    KDB_BUF_LIT(out, "` | ");
    conf_write_bounds(out, row);
    if (row->type == KDB_SETTING_DURATION)
        kdb_buf_printf(out, " (%s)", row->form);
    KDB_BUF_LIT(out, " | ");
    write_variables(out, row, "`");
    kdb_buf_printf(out, " | %s |\n", row->description);
}

static void write_markdown_section(struct kdb_buf *out, const struct kdb_settings *standard,
                                   const struct conf_section *section)
{
    kdb_buf_printf(out, "\n## `[%s]` %s\n", section->name, section->title);
    if (section->alias[0] != '\0')
        kdb_buf_printf(out, "\nMay also be written `[%s]`.\n", section->alias);
    KDB_BUF_LIT(out, "\n| Key | Default | Allowed | Environment | What it does |\n"
                     "|---|---|---|---|---|\n");
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        if (strcmp(conf_rows[i].section, section->name) == 0)
            write_markdown_row(out, standard, &conf_rows[i]);
    }
}

void kdb_settings_markdown(struct kdb_buf *out)
{
    struct kdb_settings standard;
    kdb_settings_init(&standard);
    static const char *const lines[] = {
        "# Settings",
        "",
        "This page is made from `src/conf/settings.def`; a test compares the two.",
        "",
        "`kalamdb [server.toml]` reads the file that is named, and none when none is. An",
        "environment variable wins over the file, the file over the default; an empty variable",
        "counts as not set. A section or key that is not on this page is ignored with a warning.",
        "A value that is not allowed stops the start: the message names the line of the file or",
        "the variable, and what is allowed.",
        "",
        "- A size is a number of bytes, or a text with `KiB`, `MiB`, `GiB` or `TiB` (`KB` and `K`",
        "  mean `KiB`, and so on).",
        "- A duration is a text with `ms`, `s`, `m`, `h` or `d`, or a number in the unit that",
        "  stands in brackets below. `off` and 0 are the same.",
        "- In a variable, the items of a list are separated by commas.",
        "",
        "`SELECT * FROM system.settings` shows what a running server uses; a secret is shown as",
        "`***`. `examples/server.toml` has every key with its default, ready to be changed.",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        kdb_buf_printf(out, "%s\n", lines[i]);
    for (size_t i = 0; i < conf_section_count; i++)
        write_markdown_section(out, &standard, &conf_sections[i]);
    kdb_settings_deinit(&standard);
}

// A comment of words, broken into lines.
static void write_comment(struct kdb_buf *out, kdb_slice text)
{
    while (text.len > 0) {
        size_t len = text.len;
        if (len > SAMPLE_COLUMNS - 2) {
            len = SAMPLE_COLUMNS - 2;
            while (len > 0 && text.data[len] != ' ')
                len--;
            if (len == 0)
                len = text.len; // one word longer than a line
        }
        kdb_buf_printf(out, "# %.*s\n", (int)len, text.data);
        text = kdb_slice_trim(kdb_slice_skip(text, len));
    }
}

static void write_sample_row(struct kdb_buf *out, const struct kdb_settings *standard,
                             const struct conf_row *row)
{
    struct kdb_buf about = {0};
    KDB_BUF_LIT(&about, "Allowed: ");
    conf_write_allowed(&about, row);
    kdb_buf_put(&about, '.');
    if (row->environment[0] != '\0') {
        KDB_BUF_LIT(&about, " Environment: ");
        write_variables(&about, row, "");
        kdb_buf_put(&about, '.');
    }
    kdb_buf_put(out, '\n');
    write_comment(out, kdb_slice_cstr(row->description));
    write_comment(out, kdb_buf_view(&about));
    kdb_buf_printf(out, "#%s = ", row->key);
    conf_write_toml(out, standard, row);
    kdb_buf_put(out, '\n');
    kdb_buf_deinit(&about);
}

void kdb_settings_sample(struct kdb_buf *out)
{
    struct kdb_settings standard;
    kdb_settings_init(&standard);
    KDB_BUF_LIT(out,
                "# Every setting of kalamdb with its default. Remove the # before a key to change "
                "it, then start\n"
                "# the server with this file: kalamdb server.toml\n"
                "# docs/SETTINGS.md has the same as a table.\n");
    for (size_t i = 0; i < conf_section_count; i++) {
        kdb_buf_printf(out, "\n[%s]\n", conf_sections[i].name);
        for (size_t j = 0; j < KDB_SETTING_COUNT; j++) {
            if (strcmp(conf_rows[j].section, conf_sections[i].name) == 0)
                write_sample_row(out, &standard, &conf_rows[j]);
        }
    }
    kdb_settings_deinit(&standard);
}
