// SPDX-License-Identifier: Apache-2.0
// The server's settings: typed values from server.toml and the environment, read once at the start.
//
// settings.def has one row per setting; struct kdb_settings, the loader, its messages,
// system.settings and docs/SETTINGS.md are made from it. Order of precedence: environment, file,
// default. Unknown sections and keys are warnings; a known key with a value that is not allowed
// stops the load and says where it stands and what is allowed.
//
// Durations are milliseconds, sizes bytes; 0 is "off" where the row allows it. Texts have a NUL
// behind them that is not counted, and none inside. After loading, a struct kdb_settings does not
// change: any thread may read it.
#ifndef KDB_CONF_CONF_H
#define KDB_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/slice.h"

#define KDB_KIB       INT64_C(1024)
#define KDB_MIB       (1024 * KDB_KIB)
#define KDB_GIB       (1024 * KDB_MIB)
#define KDB_SECOND_MS INT64_C(1000)
#define KDB_MINUTE_MS (60 * KDB_SECOND_MS)
#define KDB_HOUR_MS   (60 * KDB_MINUTE_MS)
#define KDB_DAY_MS    (24 * KDB_HOUR_MS)

// A list of texts; the items belong to the settings.
struct kdb_text_list {
    const kdb_slice *items;
    size_t count;
};

// One address range: an IPv4 range is held in its IPv6 form (::ffff:a.b.c.d), so one comparison
// serves both.
struct kdb_address_range {
    uint8_t bytes[16]; // network order
    int prefix_bits;   // 0 to 128 leading bits that must be equal
};

struct kdb_address_ranges {
    const struct kdb_address_range *items;
    size_t count;
};

// Values of the fields whose type is WORD, in the order of their row in settings.def.
enum kdb_durability { KDB_DURABILITY_SYNC, KDB_DURABILITY_ASYNC };
enum kdb_logging_level {
    KDB_LOGGING_ERROR,
    KDB_LOGGING_WARN,
    KDB_LOGGING_INFO,
    KDB_LOGGING_DEBUG,
    KDB_LOGGING_TRACE
};
enum kdb_logging_format { KDB_LOGGING_COMPACT, KDB_LOGGING_PRETTY, KDB_LOGGING_JSON };

// The types of settings.def and what each becomes in the struct.
enum kdb_setting_type {
    KDB_SETTING_BOOL,
    KDB_SETTING_INT,
    KDB_SETTING_SIZE,
    KDB_SETTING_DURATION,
    KDB_SETTING_WORD,
    KDB_SETTING_TEXT,
    KDB_SETTING_SECRET,
    KDB_SETTING_LIST,
    KDB_SETTING_RANGES
};
#define KDB_SETTING_C_BOOL     bool
#define KDB_SETTING_C_INT      int64_t
#define KDB_SETTING_C_SIZE     int64_t // bytes
#define KDB_SETTING_C_DURATION int64_t // milliseconds
#define KDB_SETTING_C_WORD     int     // index of the word, see the enums above
#define KDB_SETTING_C_TEXT     kdb_slice
#define KDB_SETTING_C_SECRET   kdb_slice // never printed
#define KDB_SETTING_C_LIST     struct kdb_text_list
#define KDB_SETTING_C_RANGES   struct kdb_address_ranges

// Positions of the rows: KDB_SETTING_AT_server_port.
enum kdb_setting_index {
#define KDB_SETTING(type, field, section, key, standard, min, max, form, environment, text)        \
    KDB_SETTING_AT_##field,
#include "conf/settings.def"
    KDB_SETTING_COUNT
};

// Every setting: its field is named by its row in settings.def, which says what it does and in
// which unit.
struct kdb_settings {
#define KDB_SETTING(type, field, section, key, standard, min, max, form, environment, text)        \
    KDB_SETTING_C_##type field;
#include "conf/settings.def"
    const char *origins[KDB_SETTING_COUNT]; // where each value comes from: "default",
                                            // "server.toml:12", "KALAMDB_X"
    struct kdb_arena memory;                // texts and lists
};

// Where environment variables come from; tests pass their own.
struct kdb_environment {
    // The value of a variable or NULL; it stays valid during the load.
    const char *(*get)(void *self, const char *name);
    void *self; // passed to get
};

// The process's environment (getenv). Static storage.
const struct kdb_environment *kdb_environment_system(void);

// The defaults, without file or environment. Free with kdb_settings_deinit.
void kdb_settings_init(struct kdb_settings *settings);

// Frees what the settings own. Works on a zeroed struct.
void kdb_settings_deinit(struct kdb_settings *settings);

// Reads the file at `path` (NULL: none) and the environment. `ret_warnings` (in the ctx's arena)
// names unknown keys and doubtful values, one line each, with file and line. Errors: CONFIG with
// file and line or the variable, and what is allowed. Called once, by the thread that starts the
// server. Free with kdb_settings_deinit.
KDB_NODISCARD kdb_status kdb_settings_load(struct kdb_ctx *ctx, const char *path,
                                           const struct kdb_environment *environment,
                                           struct kdb_text_list *ret_warnings,
                                           struct kdb_settings *ret_settings);

// As kdb_settings_load, from a text; `name` stands for the file in messages.
KDB_NODISCARD kdb_status kdb_settings_parse(struct kdb_ctx *ctx, kdb_slice text, const char *name,
                                            const struct kdb_environment *environment,
                                            struct kdb_text_list *ret_warnings,
                                            struct kdb_settings *ret_settings);

// One setting as it is shown to people: system.settings, the start message.
struct kdb_setting_view {
    const char *name;   // "server.port"
    kdb_slice value;    // as an environment variable would hold it; "***" for a secret that is set
    kdb_slice standard; // the default, same form
    const char *description; // one sentence
    const char *category;    // title of its section
    const char *origin;      // "default", "server.toml:12", "KALAMDB_SERVER_PORT"
};

// Calls `visit` for each setting in the order of settings.def; the view's texts last for the call.
// Any thread.
void kdb_settings_each(const struct kdb_settings *settings,
                       void (*visit)(void *self, const struct kdb_setting_view *view), void *self);

// Appends docs/SETTINGS.md.
void kdb_settings_markdown(struct kdb_buf *out);

// Appends examples/server.toml: every setting with its default and description, commented out.
void kdb_settings_sample(struct kdb_buf *out);

// Whether an address, 4 or 16 bytes in network order, lies in one of the ranges. Any thread.
bool kdb_address_ranges_contain(const struct kdb_address_ranges *ranges, const uint8_t *address,
                                size_t address_bytes);

#endif
