// SPDX-License-Identifier: Apache-2.0
// One load of settings in a test: a text, a pretended environment, and what came out.
#ifndef KDB_TESTS_UNIT_CONF_SETTINGS_CASE_H
#define KDB_TESTS_UNIT_CONF_SETTINGS_CASE_H

#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "lib/test.h"

// Environment variables as names and values in turn, ended by NULL.
static inline const char *settings_case_variable(void *self, const char *name)
{
    const char *const *pairs = self;
    for (size_t i = 0; pairs != NULL && pairs[i] != NULL; i += 2) {
        if (strcmp(pairs[i], name) == 0)
            return pairs[i + 1];
    }
    return NULL;
}

struct settings_case {
    struct kdb_ctx ctx;
    struct kdb_text_list warnings;
    struct kdb_settings settings;
    kdb_status status;
};

// Parses `text` as "server.toml" with the variables in `pairs` (NULL: none).
static inline void settings_case_load(struct settings_case *at, const char *text,
                                      const char *const *pairs)
{
    memset(at, 0, sizeof(*at));
    kdb_ctx_init(&at->ctx, 0);
    const char *const *variables = pairs;
    void *self = NULL;
    memcpy(&self, &variables, sizeof(self));
    struct kdb_environment environment = {settings_case_variable, self};
    at->status = kdb_settings_parse(&at->ctx, kdb_slice_cstr(text), "server.toml", &environment,
                                    &at->warnings, &at->settings);
}

static inline void settings_case_end(struct settings_case *at)
{
    kdb_settings_deinit(&at->settings);
    kdb_ctx_deinit(&at->ctx);
}

// Fails unless the text is refused with exactly this message.
static inline void assert_refused(const char *text, const char *const *pairs, const char *message)
{
    struct settings_case at;
    settings_case_load(&at, text, pairs);
    assert_string_equal(at.ctx.error.message, message);
    assert_int_equal(at.status, KDB_ERR_CONFIG);
    assert_int_equal(at.warnings.count, 0);
    assert_null(at.settings.memory.chunks); // outputs untouched
    settings_case_end(&at);
}

// Fails unless the text loads with exactly this one warning (NULL: none).
static inline void assert_warned(const char *text, const char *const *pairs, const char *warning)
{
    struct settings_case at;
    settings_case_load(&at, text, pairs);
    assert_string_equal(at.ctx.error.message, "");
    assert_int_equal(at.status, KDB_OK);
    assert_int_equal(at.warnings.count, warning == NULL ? 0 : 1);
    if (warning != NULL)
        assert_slice_equal(at.warnings.items[0], warning);
    settings_case_end(&at);
}

#endif
