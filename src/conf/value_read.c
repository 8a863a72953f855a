// SPDX-License-Identifier: Apache-2.0
// From text to a typed value: what server.toml and the environment may write for each type.
#include "base/assert.h"
#include "base/utf8.h"
#include "conf/conf_priv.h"
#include "conf/limits.h"

struct unit {
    const char *name;
    int64_t factor;
};

// "k" is 1024 here, as in PostgreSQL's settings: nobody means 1000 bytes of cache.
static const struct unit size_units[] = {
    {"b", 1},
    {"k", KDB_KIB},
    {"kb", KDB_KIB},
    {"kib", KDB_KIB},
    {"m", KDB_MIB},
    {"mb", KDB_MIB},
    {"mib", KDB_MIB},
    {"g", KDB_GIB},
    {"gb", KDB_GIB},
    {"gib", KDB_GIB},
    {"t", 1024 * KDB_GIB},
    {"tb", 1024 * KDB_GIB},
    {"tib", 1024 * KDB_GIB},
};

static const struct unit duration_units[] = {
    {"ms", 1},
    {"s", KDB_SECOND_MS},
    {"m", KDB_MINUTE_MS},
    {"h", KDB_HOUR_MS},
    {"d", KDB_DAY_MS},
    {"second", KDB_SECOND_MS},
    {"seconds", KDB_SECOND_MS},
    {"minute", KDB_MINUTE_MS},
    {"minutes", KDB_MINUTE_MS},
    {"hour", KDB_HOUR_MS},
    {"hours", KDB_HOUR_MS},
    {"day", KDB_DAY_MS},
    {"days", KDB_DAY_MS},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// The factor of a unit's name, 0 when there is none of that name.
static int64_t factor_of(kdb_slice name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kdb_slice_equal_nocase(name, kdb_slice_cstr(units[i].name)))
            return units[i].factor;
    }
    return 0;
}

// Digits, then blanks, then a unit. A number without unit is in `bare_factor`s.
static bool read_quantity(kdb_slice text, const struct unit *units, size_t unit_count,
                          int64_t bare_factor, int64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    kdb_slice unit = kdb_slice_trim(kdb_slice_skip(text, digits));
    int64_t factor = unit.len == 0 ? bare_factor : factor_of(unit, units, unit_count);
    int64_t number = 0;
    if (factor == 0 || !kdb_slice_to_i64(kdb_slice_of(text.data, digits), &number) ||
        number > INT64_MAX / factor)
        return false;
    *ret_value = number * factor;
    return true;
}

static bool read_duration(kdb_slice text, const struct conf_row *row, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (!kdb_slice_equal_nocase(text, KDB_LIT("off"))) {
        int64_t bare =
            factor_of(kdb_slice_cstr(row->form), duration_units, COUNT_OF(duration_units));
        KDB_ASSERT(bare != 0);
        if (!read_quantity(text, duration_units, COUNT_OF(duration_units), bare, &ms))
            return false;
    }
    *ret_ms = ms;
    return true;
}

static bool read_bool(kdb_slice text, bool *ret_value)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    static const char *const no[] = {"false", "0", "no", "off"};
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        if (kdb_slice_equal_nocase(text, kdb_slice_cstr(yes[i])) ||
            kdb_slice_equal_nocase(text, kdb_slice_cstr(no[i]))) {
            *ret_value = kdb_slice_equal_nocase(text, kdb_slice_cstr(yes[i]));
            return true;
        }
    }
    return false;
}

// The index of a word of `words` ("sync|async").
static bool read_word(kdb_slice text, kdb_slice words, int *ret_index)
{
    for (int index = 0; words.len > 0; index++) {
        size_t bar = kdb_slice_find(words, KDB_LIT("|"), 0);
        size_t len = bar == SIZE_MAX ? words.len : bar;
        if (kdb_slice_equal_nocase(text, kdb_slice_of(words.data, len))) {
            *ret_index = index;
            return true;
        }
        words = kdb_slice_skip(words, len + 1);
    }
    return false;
}

static bool has_control_character(kdb_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == 0x7F)
            return true;
    }
    return false;
}

static bool is_allowed_text(kdb_slice text, const struct conf_row *row)
{
    if (text.len < (size_t)row->min || text.len > (size_t)row->max || !kdb_utf8_is_valid(text))
        return false;
    if (row->type == KDB_SETTING_SECRET)
        return text.len == 0 || memchr(text.data, '\0', text.len) == NULL;
    return !has_control_character(text);
}

// The numeric types: their value, not yet compared with min and max.
static bool read_number(kdb_slice text, const struct conf_row *row, int64_t *ret_value)
{
    if (row->type == KDB_SETTING_SIZE)
        return read_quantity(text, size_units, COUNT_OF(size_units), 1, ret_value);
    if (row->type == KDB_SETTING_DURATION)
        return read_duration(text, row, ret_value);
    return kdb_slice_to_i64(text, ret_value);
}

static bool read_ranges(struct kdb_arena *memory, const kdb_slice *items, size_t count,
                        struct kdb_address_ranges *ret_ranges, kdb_slice *ret_bad)
{
    struct kdb_address_range *ranges = kdb_arena_array(memory, count, sizeof(*ranges));
    for (size_t i = 0; i < count; i++) {
        if (!conf_read_range(items[i], &ranges[i])) {
            *ret_bad = items[i];
            return false;
        }
    }
    *ret_ranges = (struct kdb_address_ranges){ranges, count};
    return true;
}

static bool read_texts(struct kdb_arena *memory, const kdb_slice *items, size_t count,
                       struct kdb_text_list *ret_list, kdb_slice *ret_bad)
{
    kdb_slice *copies = kdb_arena_array(memory, count, sizeof(*copies));
    for (size_t i = 0; i < count; i++) {
        bool is_allowed = items[i].len > 0 && items[i].len <= KDB_LIMIT_LIST_ITEM_BYTES &&
                          kdb_utf8_is_valid(items[i]) && !has_control_character(items[i]);
        if (!is_allowed) {
            *ret_bad = items[i];
            return false;
        }
        copies[i] = kdb_arena_copy(memory, items[i]);
    }
    *ret_list = (struct kdb_text_list){copies, count};
    return true;
}

bool conf_read_items(struct kdb_settings *settings, const struct conf_row *row,
                     const kdb_slice *items, size_t count, kdb_slice *ret_bad)
{
    if (count < (size_t)row->min || count > (size_t)row->max) {
        *ret_bad = (kdb_slice){0};
        return false;
    }
    if (row->type == KDB_SETTING_RANGES)
        return read_ranges(&settings->memory, items, count, conf_field(settings, row), ret_bad);
    KDB_ASSERT(row->type == KDB_SETTING_LIST);
    return read_texts(&settings->memory, items, count, conf_field(settings, row), ret_bad);
}

// A list written as one text; items between commas, empty ones left out.
static bool read_list_text(struct kdb_settings *settings, const struct conf_row *row,
                           kdb_slice text)
{
    kdb_slice *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (text.len > 0) {
        size_t comma = kdb_slice_find(text, KDB_LIT(","), 0);
        size_t len = comma == SIZE_MAX ? text.len : comma;
        kdb_slice item = kdb_slice_trim(kdb_slice_of(text.data, len));
        if (item.len > 0)
            KDB_PUSH(&settings->memory, items, count, capacity, item);
        text = kdb_slice_skip(text, len + 1);
    }
    kdb_slice bad;
    return conf_read_items(settings, row, items, count, &bad);
}

static bool read_number_field(struct kdb_settings *settings, const struct conf_row *row,
                              kdb_slice text)
{
    int64_t number = 0;
    if (!read_number(text, row, &number) || number < row->min || number > row->max)
        return false;
    int64_t *field = conf_field(settings, row);
    *field = number;
    return true;
}

bool conf_read_text(struct kdb_settings *settings, const struct conf_row *row, kdb_slice text)
{
    switch (row->type) {
    case KDB_SETTING_BOOL:
        return read_bool(kdb_slice_trim(text), conf_field(settings, row));
    case KDB_SETTING_WORD:
        return read_word(kdb_slice_trim(text), kdb_slice_cstr(row->form),
                         conf_field(settings, row));
    case KDB_SETTING_INT:
    case KDB_SETTING_SIZE:
    case KDB_SETTING_DURATION:
        return read_number_field(settings, row, kdb_slice_trim(text));
    case KDB_SETTING_LIST:
    case KDB_SETTING_RANGES:
        return read_list_text(settings, row, text);
    case KDB_SETTING_TEXT:
    case KDB_SETTING_SECRET: {
        if (!is_allowed_text(text, row))
            return false;
        kdb_slice *field = conf_field(settings, row);
        *field = kdb_arena_copy(&settings->memory, text);
        return true;
    }
    }
    KDB_UNREACHABLE();
}
