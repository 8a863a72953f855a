// SPDX-License-Identifier: Apache-2.0
// From a typed value to text, and what a row allows in words.
#include "base/assert.h"
#include "base/json_write.h"
#include "conf/conf_priv.h"
#include "conf/limits.h"

// Writes `value` in the largest of the units (largest first) that divides it.
static void write_in_units(struct kdb_buf *out, int64_t value, const int64_t *factors,
                           const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value % factors[i] == 0) {
            kdb_buf_i64(out, value / factors[i]);
            kdb_buf_slice(out, kdb_slice_cstr(names[i]));
            return;
        }
    }
}

static void write_size(struct kdb_buf *out, int64_t bytes)
{
    static const int64_t factors[] = {1024 * KDB_GIB, KDB_GIB, KDB_MIB, KDB_KIB, 1};
    static const char *const names[] = {"TiB", "GiB", "MiB", "KiB", ""};
    if (bytes == 0)
        KDB_BUF_LIT(out, "0");
    else
        write_in_units(out, bytes, factors, names, 5);
}

static void write_duration(struct kdb_buf *out, int64_t ms)
{
    static const int64_t factors[] = {KDB_DAY_MS, KDB_HOUR_MS, KDB_MINUTE_MS, KDB_SECOND_MS, 1};
    static const char *const names[] = {"d", "h", "m", "s", "ms"};
    if (ms == 0)
        KDB_BUF_LIT(out, "off");
    else
        write_in_units(out, ms, factors, names, 5);
}

// The word at `index` of "sync|async".
static kdb_slice word_at(kdb_slice words, int index)
{
    KDB_ASSERT(words.data != NULL);
    for (;; index--) {
        size_t bar = kdb_slice_find(words, KDB_LIT("|"), 0);
        size_t len = bar == SIZE_MAX ? words.len : bar;
        if (index == 0)
            return kdb_slice_of(words.data, len);
        KDB_ASSERT(len < words.len);
        words = kdb_slice_skip(words, len + 1);
    }
}

static void write_quoted(struct kdb_buf *out, kdb_slice text, bool is_quoted)
{
    if (is_quoted)
        kdb_json_string(out, text); // TOML's basic strings have JSON's escapes
    else
        kdb_buf_slice(out, text);
}

static void write_texts(struct kdb_buf *out, const struct kdb_text_list *list, bool is_toml)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            KDB_BUF_LIT(out, ", ");
        write_quoted(out, list->items[i], is_toml);
    }
}

static void write_ranges(struct kdb_buf *out, const struct kdb_address_ranges *ranges, bool is_toml)
{
    for (size_t i = 0; i < ranges->count; i++) {
        if (i > 0)
            KDB_BUF_LIT(out, ", ");
        if (is_toml)
            kdb_buf_put(out, '"');
        conf_write_range(out, &ranges->items[i]);
        if (is_toml)
            kdb_buf_put(out, '"');
    }
}

static void write_number(struct kdb_buf *out, enum kdb_setting_type type, int64_t number)
{
    if (type == KDB_SETTING_SIZE)
        write_size(out, number);
    else if (type == KDB_SETTING_DURATION)
        write_duration(out, number);
    else
        kdb_buf_i64(out, number);
}

void conf_write_value(struct kdb_buf *out, const struct kdb_settings *settings,
                      const struct conf_row *row)
{
    const void *field = conf_field_const(settings, row);
    switch (row->type) {
    case KDB_SETTING_BOOL:
        kdb_json_bool(out, *(const bool *)field);
        return;
    case KDB_SETTING_INT:
    case KDB_SETTING_SIZE:
    case KDB_SETTING_DURATION:
        write_number(out, row->type, *(const int64_t *)field);
        return;
    case KDB_SETTING_WORD:
        kdb_buf_slice(out, word_at(kdb_slice_cstr(row->form), *(const int *)field));
        return;
    case KDB_SETTING_TEXT:
        kdb_buf_slice(out, *(const kdb_slice *)field);
        return;
    case KDB_SETTING_SECRET:
        if (((const kdb_slice *)field)->len > 0)
            KDB_BUF_LIT(out, "***");
        return;
    case KDB_SETTING_LIST:
        write_texts(out, field, false);
        return;
    case KDB_SETTING_RANGES:
        write_ranges(out, field, false);
        return;
    }
    KDB_UNREACHABLE();
}

void conf_write_toml(struct kdb_buf *out, const struct kdb_settings *settings,
                     const struct conf_row *row)
{
    const void *field = conf_field_const(settings, row);
    switch (row->type) {
    case KDB_SETTING_BOOL:
    case KDB_SETTING_INT:
        conf_write_value(out, settings, row);
        return;
    case KDB_SETTING_TEXT:
        kdb_json_string(out, *(const kdb_slice *)field);
        return;
    case KDB_SETTING_LIST:
        kdb_buf_put(out, '[');
        write_texts(out, field, true);
        kdb_buf_put(out, ']');
        return;
    case KDB_SETTING_RANGES:
        kdb_buf_put(out, '[');
        write_ranges(out, field, true);
        kdb_buf_put(out, ']');
        return;
    case KDB_SETTING_SIZE:
    case KDB_SETTING_DURATION:
    case KDB_SETTING_WORD:
    case KDB_SETTING_SECRET:
        kdb_buf_put(out, '"');
        conf_write_value(out, settings, row);
        kdb_buf_put(out, '"');
        return;
    }
    KDB_UNREACHABLE();
}

static void write_words(struct kdb_buf *out, kdb_slice words)
{
    for (size_t i = 0; i < words.len; i++) {
        if (words.data[i] == '|')
            KDB_BUF_LIT(out, ", ");
        else
            kdb_buf_put(out, words.data[i]);
    }
}

static const char *unit_word(const char *unit)
{
    if (strcmp(unit, "ms") == 0)
        return "milliseconds";
    return strcmp(unit, "h") == 0 ? "hours" : "seconds";
}

void conf_write_bounds(struct kdb_buf *out, const struct conf_row *row)
{
    switch (row->type) {
    case KDB_SETTING_BOOL:
        KDB_BUF_LIT(out, "true or false");
        return;
    case KDB_SETTING_WORD:
        write_words(out, kdb_slice_cstr(row->form));
        return;
    case KDB_SETTING_INT:
    case KDB_SETTING_SIZE:
        write_number(out, row->type, row->min);
        KDB_BUF_LIT(out, " to ");
        write_number(out, row->type, row->max);
        return;
    case KDB_SETTING_DURATION:
        write_duration(out, row->min == 0 ? 1 : row->min);
        KDB_BUF_LIT(out, " to ");
        write_duration(out, row->max);
        if (row->min == 0)
            KDB_BUF_LIT(out, ", or off");
        return;
    case KDB_SETTING_TEXT:
        kdb_buf_printf(out, "%lld to %lld bytes", (long long)row->min, (long long)row->max);
        return;
    case KDB_SETTING_SECRET:
        kdb_buf_printf(out, "at most %lld bytes", (long long)row->max);
        return;
    case KDB_SETTING_LIST:
        kdb_buf_printf(out, "at most %lld texts", (long long)row->max);
        return;
    case KDB_SETTING_RANGES:
        kdb_buf_printf(out, "at most %lld ranges", (long long)row->max);
        return;
    }
    KDB_UNREACHABLE();
}

// What stands before the bounds in a message, and behind them.
static const char *bounds_opening(enum kdb_setting_type type)
{
    switch (type) {
    case KDB_SETTING_BOOL:
        return "";
    case KDB_SETTING_WORD:
        return "one of ";
    case KDB_SETTING_INT:
        return "an integer from ";
    case KDB_SETTING_SIZE:
        return "a size from ";
    case KDB_SETTING_DURATION:
        return "a duration from ";
    case KDB_SETTING_TEXT:
    case KDB_SETTING_SECRET:
        return "a text of ";
    case KDB_SETTING_LIST:
    case KDB_SETTING_RANGES:
        return "a list of ";
    }
    KDB_UNREACHABLE();
}

static void write_bounds_ending(struct kdb_buf *out, const struct conf_row *row)
{
    if (row->type == KDB_SETTING_SIZE)
        KDB_BUF_LIT(out, ": a number of bytes, or a text such as \"64MiB\"");
    if (row->type == KDB_SETTING_DURATION)
        kdb_buf_printf(out, ": a number of %s, or a text such as \"10s\", \"5m\", \"24h\", \"7d\"",
                       unit_word(row->form));
    if (row->type == KDB_SETTING_TEXT)
        KDB_BUF_LIT(out, " without control characters");
    if (row->type == KDB_SETTING_LIST)
        kdb_buf_printf(out, " of 1 to %zu bytes", KDB_LIMIT_LIST_ITEM_BYTES);
    if (row->type == KDB_SETTING_RANGES)
        KDB_BUF_LIT(out, " such as \"10.0.0.0/8\" or \"::1\"");
}

void conf_write_allowed(struct kdb_buf *out, const struct conf_row *row)
{
    kdb_buf_slice(out, kdb_slice_cstr(bounds_opening(row->type)));
    conf_write_bounds(out, row);
    write_bounds_ending(out, row);
}
