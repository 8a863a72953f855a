// SPDX-License-Identifier: Apache-2.0
// What the files of conf/ share: the table's rows, reading a value, writing a value.
#ifndef KDB_CONF_CONF_PRIV_H
#define KDB_CONF_CONF_PRIV_H

#include "conf/conf.h"

// One row of settings.def.
struct conf_row {
    enum kdb_setting_type type;
    size_t offset;           // of the field in struct kdb_settings
    const char *section;     // "storage.rocksdb"
    const char *key;         // "block_cache_size"
    const char *name;        // "storage.rocksdb.block_cache_size"
    const char *standard;    // default, as conf_read_text takes it
    int64_t min;             // see settings.def
    int64_t max;             // see settings.def
    const char *form;        // unit of a bare number, or the words
    const char *environment; // names without KALAMDB_, separated by blanks
    const char *description; // one sentence
};

struct conf_section {
    const char *name;
    const char *title;
    const char *alias; // another name in the file, or ""
};

extern const struct conf_row conf_rows[KDB_SETTING_COUNT];
extern const struct conf_section conf_sections[];
extern const size_t conf_section_count;

// The row called `name`, or NULL.
const struct conf_row *conf_find_row(kdb_slice name);

// Whether `name` is a section, or a table that only holds sections ("shutdown" holds itself and
// "shutdown.flush").
bool conf_is_section(kdb_slice name);

// The title of a row's section.
const char *conf_category(const struct conf_row *row);

// The row or section that somebody who wrote `name` may have meant, or NULL.
const char *conf_near_row(kdb_slice name);
const char *conf_near_section(kdb_slice name);

// The field of a row.
void *conf_field(struct kdb_settings *settings, const struct conf_row *row);
const void *conf_field_const(const struct kdb_settings *settings, const struct conf_row *row);

// Sets a row from one text: a default, an environment variable, the string or number of a file.
// Lists are separated by commas. False when it is not allowed; then nothing is changed.
KDB_NODISCARD bool conf_read_text(struct kdb_settings *settings, const struct conf_row *row,
                                  kdb_slice text);

// Sets a LIST or RANGES row from its items. False when one is not allowed: `ret_bad` is it, or the
// null slice when their number is wrong.
KDB_NODISCARD bool conf_read_items(struct kdb_settings *settings, const struct conf_row *row,
                                   const kdb_slice *items, size_t count, kdb_slice *ret_bad);

// Appends what the row allows: "an integer from 0 to 65535".
void conf_write_allowed(struct kdb_buf *out, const struct conf_row *row);

// The same in a few words, for the documentation: "0 to 65535".
void conf_write_bounds(struct kdb_buf *out, const struct conf_row *row);

// Appends the row's value as conf_read_text takes it; a secret as it is shown to people.
void conf_write_value(struct kdb_buf *out, const struct kdb_settings *settings,
                      const struct conf_row *row);

// Appends the row's value as server.toml has it: texts in quotes, lists in brackets.
void conf_write_toml(struct kdb_buf *out, const struct kdb_settings *settings,
                     const struct conf_row *row);

// Reads "10.0.0.0/8", "::1", "fe80::/10".
KDB_NODISCARD bool conf_read_range(kdb_slice text, struct kdb_address_range *ret_range);

// Appends a range in its shortest form.
void conf_write_range(struct kdb_buf *out, const struct kdb_address_range *range);

// What a load collects; the texts lie in the ctx's arena.
struct conf_load {
    struct kdb_ctx *ctx;
    struct kdb_settings *settings;
    kdb_slice *warnings;
    size_t warning_count;
    size_t warning_capacity;
};

// Adds a warning; those beyond KDB_LIMIT_CONFIG_WARNINGS are only counted.
void conf_warn(struct conf_load *load, const char *format, ...) KDB_PRINTF(2, 3);

// What no single row can say: values that contradict each other. Errors: CONFIG.
KDB_NODISCARD kdb_status conf_check(struct conf_load *load);

#endif
