// SPDX-License-Identifier: Apache-2.0
// Loading: defaults, then server.toml, then the environment, then what contradicts itself.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "conf/conf_priv.h"
#include "conf/limits.h"
#include "conf/toml_read.h"

#define ENVIRONMENT_PREFIX "KALAMDB_"
// Bytes of a refused value that a message shows.
#define SHOWN_BYTES_MAX ((size_t)60)

static const char *const origin_default = "default";

// A value of the file, kept until all of them are known and sorted by line.
struct entry {
    kdb_slice name;   // dotted, a section's alias replaced by its name
    kdb_slice parent; // the table it stands in
    enum kdb_toml_type type;
    int line;
    size_t order; // as visited
    int64_t integer;
    kdb_slice string;
    kdb_slice *items;
    size_t item_count;
};

struct entries {
    struct kdb_ctx *ctx;
    struct entry *items;
    size_t count;
    size_t capacity;
};

static const char *get_process_variable(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

const struct kdb_environment *kdb_environment_system(void)
{
    static const struct kdb_environment process = {get_process_variable, NULL};
    return &process;
}

void kdb_settings_init(struct kdb_settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    kdb_arena_init(&settings->memory, 0);
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        bool is_read =
            conf_read_text(settings, &conf_rows[i], kdb_slice_cstr(conf_rows[i].standard));
        KDB_ASSERT(is_read);
        settings->origins[i] = origin_default;
    }
}

void kdb_settings_deinit(struct kdb_settings *settings)
{
    kdb_arena_deinit(&settings->memory);
}

void conf_warn(struct conf_load *load, const char *format, ...)
{
    if (load->warning_count >= KDB_LIMIT_CONFIG_WARNINGS) {
        load->warning_count++;
        return;
    }
    char message[KDB_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    size_t kept = len < 0 ? 0 : (size_t)len;
    if (kept >= sizeof(message))
        kept = kdb_utf8_valid_prefix(kdb_slice_of(message, sizeof(message) - 1));
    kdb_slice warning = kdb_arena_copy(&load->ctx->arena, kdb_slice_of(message, kept));
    KDB_PUSH(&load->ctx->arena, load->warnings, load->warning_count, load->warning_capacity,
             warning);
}

// Replaces the warnings beyond the limit by one that counts them.
static struct kdb_text_list finish_warnings(struct conf_load *load)
{
    size_t kept = load->warning_count;
    if (kept > KDB_LIMIT_CONFIG_WARNINGS) {
        kept = KDB_LIMIT_CONFIG_WARNINGS;
        load->warnings[kept - 1] =
            kdb_arena_printf(&load->ctx->arena, "and %zu more warnings of this kind",
                             load->warning_count - kept + 1);
    }
    return (struct kdb_text_list){load->warnings, kept};
}

// A text in quotes for a message: escaped, and cut when it is long.
static kdb_slice shown(struct kdb_ctx *ctx, kdb_slice text)
{
    struct kdb_buf buf = {0};
    size_t valid = kdb_utf8_valid_prefix(text);
    bool is_cut = valid > SHOWN_BYTES_MAX;
    if (is_cut)
        valid = kdb_utf8_valid_prefix(kdb_slice_of(text.data, SHOWN_BYTES_MAX));
    kdb_json_string(&buf, kdb_slice_of(text.data, valid));
    kdb_slice copy = kdb_arena_printf(&ctx->arena, "%.*s%s", KDB_ARG(kdb_buf_view(&buf)),
                                      is_cut ? " (and more)" : "");
    kdb_buf_deinit(&buf);
    return copy;
}

static kdb_slice allowed(struct kdb_ctx *ctx, const struct conf_row *row)
{
    struct kdb_buf buf = {0};
    conf_write_allowed(&buf, row);
    kdb_slice copy = kdb_arena_copy(&ctx->arena, kdb_buf_view(&buf));
    kdb_buf_deinit(&buf);
    return copy;
}

static size_t row_index(const struct conf_row *row)
{
    return (size_t)(row - conf_rows);
}

// ---- the file ----

// "authentication.jwt_secret" as "auth.jwt_secret".
static kdb_slice replace_alias(struct kdb_ctx *ctx, kdb_slice name)
{
    for (size_t i = 0; i < conf_section_count; i++) {
        kdb_slice alias = kdb_slice_cstr(conf_sections[i].alias);
        if (alias.len == 0 || !kdb_slice_has_prefix(name, alias))
            continue;
        if (name.len == alias.len || name.data[alias.len] == '.')
            return kdb_arena_printf(&ctx->arena, "%s%.*s", conf_sections[i].name,
                                    KDB_ARG(kdb_slice_skip(name, alias.len)));
    }
    return kdb_arena_copy(&ctx->arena, name);
}

static kdb_slice copy_text(struct kdb_ctx *ctx, struct kdb_toml_text text)
{
    return kdb_arena_copy(&ctx->arena, kdb_slice_of(text.data, text.len));
}

static void keep_value(void *self, const struct kdb_toml_value *value)
{
    struct entries *entries = self;
    struct kdb_arena *arena = &entries->ctx->arena;
    struct entry entry = {
        .name = replace_alias(entries->ctx, kdb_slice_of(value->name.data, value->name.len)),
        .parent = replace_alias(entries->ctx, kdb_slice_of(value->name.data, value->parent_len)),
        .type = value->type,
        .line = value->line,
        .order = entries->count,
        .integer = value->integer,
        .string = copy_text(entries->ctx, value->string),
        .items = kdb_arena_array(arena, value->item_count, sizeof(kdb_slice)),
        .item_count = value->item_count,
    };
    for (size_t i = 0; i < value->item_count; i++)
        entry.items[i] = copy_text(entries->ctx, value->items[i]);
    KDB_PUSH(arena, entries->items, entries->count, entries->capacity, entry);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool is_type_allowed(enum kdb_setting_type setting, enum kdb_toml_type toml)
{
    switch (setting) {
    case KDB_SETTING_BOOL:
        return toml == KDB_TOML_BOOLEAN;
    case KDB_SETTING_INT:
        return toml == KDB_TOML_INTEGER;
    case KDB_SETTING_SIZE:
    case KDB_SETTING_DURATION:
        return toml == KDB_TOML_INTEGER || toml == KDB_TOML_STRING;
    case KDB_SETTING_WORD:
    case KDB_SETTING_TEXT:
    case KDB_SETTING_SECRET:
        return toml == KDB_TOML_STRING;
    case KDB_SETTING_LIST:
    case KDB_SETTING_RANGES:
        return toml == KDB_TOML_STRINGS;
    }
    KDB_UNREACHABLE();
}

// The entry's value as conf_read_text takes it.
static kdb_slice entry_text(struct kdb_ctx *ctx, const struct entry *entry)
{
    if (entry->type == KDB_TOML_INTEGER)
        return kdb_arena_printf(&ctx->arena, "%lld", (long long)entry->integer);
    if (entry->type == KDB_TOML_BOOLEAN)
        return entry->integer != 0 ? KDB_LIT("true") : KDB_LIT("false");
    return entry->string;
}

// The entry's value for a message.
static kdb_slice entry_shown(struct kdb_ctx *ctx, const struct entry *entry)
{
    switch (entry->type) {
    case KDB_TOML_BOOLEAN:
    case KDB_TOML_INTEGER:
        return entry_text(ctx, entry);
    case KDB_TOML_STRING:
        return shown(ctx, entry->string);
    case KDB_TOML_FLOAT:
        return KDB_LIT("a number with a fraction");
    case KDB_TOML_STRINGS:
        return entry->item_count == 0
                   ? KDB_LIT("an empty list")
                   : kdb_arena_printf(&ctx->arena, "a list of %zu texts", entry->item_count);
    case KDB_TOML_ARRAY:
        return KDB_LIT("a list of other things than texts");
    case KDB_TOML_TIME:
        return KDB_LIT("a date or time");
    case KDB_TOML_TABLE:
        return KDB_LIT("a section");
    }
    KDB_UNREACHABLE();
}

static kdb_status refuse_entry(struct kdb_ctx *ctx, const char *file, const struct entry *entry,
                               const struct conf_row *row, kdb_slice bad_item)
{
    kdb_slice expected = allowed(ctx, row);
    if (row->type == KDB_SETTING_SECRET)
        return kdb_fail(ctx, KDB_ERR_CONFIG,
                        "%s:%d: %s has a value that is not allowed; allowed is %.*s", file,
                        entry->line, row->name, KDB_ARG(expected));
    if (bad_item.data != NULL)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "%s:%d: %s must not hold %.*s; allowed is %.*s", file,
                        entry->line, row->name, KDB_ARG(shown(ctx, bad_item)), KDB_ARG(expected));
    return kdb_fail(ctx, KDB_ERR_CONFIG, "%s:%d: %s must not be %.*s; allowed is %.*s", file,
                    entry->line, row->name, KDB_ARG(entry_shown(ctx, entry)), KDB_ARG(expected));
}

static kdb_status apply_row(struct conf_load *load, const char *file, const struct entry *entry,
                            const struct conf_row *row)
{
    const char **origin = &load->settings->origins[row_index(row)];
    if (*origin != origin_default)
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s:%d: %s is set twice, first at %s", file,
                        entry->line, row->name, *origin);
    kdb_slice bad_item = {0};
    bool is_read = is_type_allowed(row->type, entry->type);
    if (is_read && entry->type == KDB_TOML_STRINGS)
        is_read = conf_read_items(load->settings, row, entry->items, entry->item_count, &bad_item);
    else if (is_read)
        is_read = conf_read_text(load->settings, row, entry_text(load->ctx, entry));
    if (!is_read)
        return refuse_entry(load->ctx, file, entry, row, bad_item);
    *origin = kdb_arena_printf(&load->settings->memory, "%s:%d", file, entry->line).data;
    return KDB_OK;
}

static void warn_unknown(struct conf_load *load, const char *file, const struct entry *entry)
{
    bool is_section = entry->type == KDB_TOML_TABLE || entry->type == KDB_TOML_ARRAY;
    const char *near = is_section ? conf_near_section(entry->name) : conf_near_row(entry->name);
    kdb_slice hint = near == NULL
                         ? KDB_LIT("")
                         : kdb_arena_printf(&load->ctx->arena, " (did you mean %s?)", near);
    kdb_slice name =
        kdb_slice_of(entry->name.data,
                     entry->name.len < SHOWN_BYTES_MAX
                         ? entry->name.len
                         : kdb_utf8_valid_prefix(kdb_slice_of(entry->name.data, SHOWN_BYTES_MAX)));
    conf_warn(load, "%s:%d: unknown %s %.*s is ignored%.*s", file, entry->line,
              is_section ? "section" : "setting", KDB_ARG(name), KDB_ARG(hint));
}

static kdb_status apply_entry(struct conf_load *load, const char *file, const struct entry *entry)
{
    const struct conf_row *row = conf_find_row(entry->name);
    if (row != NULL)
        return apply_row(load, file, entry, row);
    if (conf_is_section(entry->name)) {
        if (entry->type == KDB_TOML_TABLE)
            return KDB_OK;
        return kdb_fail(load->ctx, KDB_ERR_CONFIG,
                        "%s:%d: %.*s must not be %.*s; it is a section: [%.*s]", file, entry->line,
                        KDB_ARG(entry->name), KDB_ARG(entry_shown(load->ctx, entry)),
                        KDB_ARG(entry->name));
    }
    // What stands in an unknown table needs no warning of its own.
    if (entry->parent.len == 0 || conf_is_section(entry->parent))
        warn_unknown(load, file, entry);
    return KDB_OK;
}

// Deeply nested tables are freed by recursion; no real file comes near this.
static kdb_status check_dots(struct kdb_ctx *ctx, kdb_slice text, const char *file)
{
    size_t dots = 0;
    int line = 1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n') {
            line++;
            dots = 0;
        } else if (text.data[i] == '.' && ++dots > KDB_LIMIT_CONFIG_LINE_DOTS) {
            return kdb_fail(ctx, KDB_ERR_CONFIG, "%s:%d: more than %zu dots in one line", file,
                            line, KDB_LIMIT_CONFIG_LINE_DOTS);
        }
    }
    return KDB_OK;
}

static kdb_status apply_text(struct conf_load *load, kdb_slice text, const char *file)
{
    if (text.len > KDB_LIMIT_CONFIG_BYTES)
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s is larger than %zu bytes", file,
                        KDB_LIMIT_CONFIG_BYTES);
    KDB_TRY(check_dots(load->ctx, text, file));
    struct entries entries = {.ctx = load->ctx};
    struct kdb_toml_error error;
    struct kdb_toml_text toml = {text.data, text.len};
    if (!kdb_toml_read(toml, file, keep_value, &entries, &error))
        return kdb_fail(load->ctx, KDB_ERR_CONFIG, "%s:%d: column %d: %s", file, error.line,
                        error.column, error.message);
    if (entries.count > 1)
        qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
    for (size_t i = 0; i < entries.count; i++)
        KDB_TRY(apply_entry(load, file, &entries.items[i]));
    return KDB_OK;
}

// ---- the environment ----

static kdb_status refuse_variable(struct kdb_ctx *ctx, const char *variable, kdb_slice value,
                                  const struct conf_row *row)
{
    kdb_slice expected = allowed(ctx, row);
    if (row->type == KDB_SETTING_SECRET)
        return kdb_fail(ctx, KDB_ERR_CONFIG,
                        "%s (%s) has a value that is not allowed; allowed is %.*s", variable,
                        row->name, KDB_ARG(expected));
    return kdb_fail(ctx, KDB_ERR_CONFIG, "%s (%s) must not be %.*s; allowed is %.*s", variable,
                    row->name, KDB_ARG(shown(ctx, value)), KDB_ARG(expected));
}

// Sets a row from the first of its variables that is set. An empty one counts as not set, as
// container files write it.
static kdb_status apply_variables(struct conf_load *load, const struct conf_row *row,
                                  const struct kdb_environment *environment)
{
    kdb_slice names = kdb_slice_cstr(row->environment);
    while (names.len > 0) {
        size_t blank = kdb_slice_find(names, KDB_LIT(" "), 0);
        size_t len = blank == SIZE_MAX ? names.len : blank;
        const char *variable = kdb_arena_printf(&load->settings->memory, ENVIRONMENT_PREFIX "%.*s",
                                                (int)len, names.data)
                                   .data;
        kdb_slice value = kdb_slice_cstr(environment->get(environment->self, variable));
        if (value.len > 0) {
            if (!conf_read_text(load->settings, row, value))
                return refuse_variable(load->ctx, variable, value, row);
            load->settings->origins[row_index(row)] = variable;
            return KDB_OK;
        }
        names = kdb_slice_skip(names, len + 1);
    }
    return KDB_OK;
}

static kdb_status apply_environment(struct conf_load *load,
                                    const struct kdb_environment *environment)
{
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++)
        KDB_TRY(apply_variables(load, &conf_rows[i], environment));
    return KDB_OK;
}

// ---- both ----

// `file` NULL: there is no file and `text` is not looked at.
static kdb_status load_all(struct conf_load *load, kdb_slice text, const char *file,
                           const struct kdb_environment *environment)
{
    if (file != NULL)
        KDB_TRY(apply_text(load, text, file));
    KDB_TRY(apply_environment(load, environment));
    return conf_check(load);
}

kdb_status kdb_settings_parse(struct kdb_ctx *ctx, kdb_slice text, const char *name,
                              const struct kdb_environment *environment,
                              struct kdb_text_list *ret_warnings, struct kdb_settings *ret_settings)
{
    struct kdb_settings settings;
    kdb_settings_init(&settings);
    struct conf_load load = {.ctx = ctx, .settings = &settings};
    kdb_status status = load_all(&load, text, name, environment);
    if (status != KDB_OK) {
        kdb_settings_deinit(&settings);
        return status;
    }
    *ret_warnings = finish_warnings(&load);
    *ret_settings = settings;
    return KDB_OK;
}

static kdb_status read_open_file(struct kdb_ctx *ctx, int file, const char *path,
                                 kdb_slice *ret_text)
{
    size_t capacity = KDB_LIMIT_CONFIG_BYTES + 1;
    char *text = kdb_arena_alloc(&ctx->arena, capacity);
    size_t len = 0;
    while (len < capacity) {
        ssize_t count = read(file, text + len, capacity - len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
        if (count == 0)
            break;
        len += (size_t)count;
    }
    *ret_text = kdb_slice_of(text, len);
    return KDB_OK;
}

static kdb_status read_file(struct kdb_ctx *ctx, const char *path, kdb_slice *ret_text)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot open the settings file %s: %s", path,
                        strerror(errno));
    kdb_status status = read_open_file(ctx, file, path, ret_text);
    (void)close(file);
    return status;
}

kdb_status kdb_settings_load(struct kdb_ctx *ctx, const char *path,
                             const struct kdb_environment *environment,
                             struct kdb_text_list *ret_warnings, struct kdb_settings *ret_settings)
{
    kdb_slice text = {0};
    if (path != NULL)
        KDB_TRY(read_file(ctx, path, &text));
    return kdb_settings_parse(ctx, text, path, environment, ret_warnings, ret_settings);
}
