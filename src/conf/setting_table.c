// SPDX-License-Identifier: Apache-2.0
// settings.def as arrays, and finding a row or a section by its name.
#include "conf/conf_priv.h"

const struct conf_row conf_rows[KDB_SETTING_COUNT] = {
#define KDB_SETTING(type, field, section, key, standard, min, max, form, environment, text)        \
    {KDB_SETTING_##type,                                                                           \
     offsetof(struct kdb_settings, field),                                                         \
     section,                                                                                      \
     key,                                                                                          \
     section "." key,                                                                              \
     standard,                                                                                     \
     min,                                                                                          \
     max,                                                                                          \
     form,                                                                                         \
     environment,                                                                                  \
     text},
#include "conf/settings.def"
};

const struct conf_section conf_sections[] = {
#define KDB_SETTING_SECTION(name, title, alias) {name, title, alias},
#include "conf/settings.def"
};

const size_t conf_section_count = sizeof(conf_sections) / sizeof(conf_sections[0]);

// Names far apart are no help: at most this many edits.
#define EDITS_MAX 3U
// The longest name that is compared; a longer one is no slip of a real one.
#define NAME_BYTES_MAX 64U

const struct conf_row *conf_find_row(kdb_slice name)
{
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(conf_rows[i].name)))
            return &conf_rows[i];
    }
    return NULL;
}

bool conf_is_section(kdb_slice name)
{
    for (size_t i = 0; i < conf_section_count; i++) {
        kdb_slice section = kdb_slice_cstr(conf_sections[i].name);
        if (kdb_slice_has_prefix(section, name) &&
            (section.len == name.len || section.data[name.len] == '.'))
            return true;
    }
    return false;
}

const char *conf_category(const struct conf_row *row)
{
    for (size_t i = 0; i < conf_section_count; i++) {
        if (strcmp(conf_sections[i].name, row->section) == 0)
            return conf_sections[i].title;
    }
    return "";
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Edits (insert, remove, replace, swap neighbours) that turn `a` into `b`; both at most
// NAME_BYTES_MAX long.
static unsigned edit_distance(kdb_slice a, kdb_slice b)
{
    unsigned rows[3][NAME_BYTES_MAX + 1]; // this line of the matrix and the two before it
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *line = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        const unsigned *above_that = rows[(i + 1) % 3];
        line[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool is_same = a.data[i - 1] == b.data[j - 1];
            line[j] = least(above[j - 1] + (is_same ? 0 : 1), least(above[j], line[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                line[j] = least(line[j], above_that[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

// Edits between two names, or more than EDITS_MAX when they are not worth naming.
static unsigned slip(kdb_slice written, const char *known)
{
    kdb_slice name = kdb_slice_cstr(known);
    size_t shorter = name.len < written.len ? name.len : written.len;
    size_t longer = name.len < written.len ? written.len : name.len;
    if (shorter == 0 || longer > NAME_BYTES_MAX || longer - shorter > EDITS_MAX)
        return EDITS_MAX + 1;
    unsigned edits = edit_distance(written, name);
    return edits > shorter / 3 ? EDITS_MAX + 1 : edits;
}

static kdb_slice last_part(kdb_slice name)
{
    size_t at = name.len;
    while (at > 0 && name.data[at - 1] != '.')
        at--;
    return kdb_slice_skip(name, at);
}

const char *conf_near_row(kdb_slice name)
{
    const char *nearest = NULL;
    unsigned fewest = EDITS_MAX + 1;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        unsigned edits = slip(name, conf_rows[i].name);
        if (edits < fewest) {
            fewest = edits;
            nearest = conf_rows[i].name;
        }
    }
    for (size_t i = 0; nearest == NULL && i < KDB_SETTING_COUNT; i++) {
        if (kdb_slice_equal(last_part(name), kdb_slice_cstr(conf_rows[i].key)))
            nearest = conf_rows[i].name;
    }
    return nearest;
}

const char *conf_near_section(kdb_slice name)
{
    const char *nearest = NULL;
    unsigned fewest = EDITS_MAX + 1;
    for (size_t i = 0; i < conf_section_count; i++) {
        // Section names are short: [oauth] is no slip of [auth].
        bool has_same_start = name.len > 0 && name.data[0] == conf_sections[i].name[0];
        unsigned edits = slip(name, conf_sections[i].name);
        if (has_same_start && edits < fewest) {
            fewest = edits;
            nearest = conf_sections[i].name;
        }
    }
    return nearest;
}

void *conf_field(struct kdb_settings *settings, const struct conf_row *row)
{
    return (char *)settings + row->offset;
}

const void *conf_field_const(const struct kdb_settings *settings, const struct conf_row *row)
{
    return (const char *)settings + row->offset;
}
