// SPDX-License-Identifier: Apache-2.0
// Any text as server.toml, and behind its first NUL any text in one environment variable.
// links: conf base
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Gives `value` for one of the variables asked for.
struct variable {
    int index; // counts down to it
    const char *value;
};

static const char *get_variable(void *self, const char *name)
{
    struct variable *variable = self;
    (void)name;
    return variable->index-- == 0 ? variable->value : NULL;
}

static void check_number(const struct kdb_settings *settings, const struct conf_row *row)
{
    if (row->type != KDB_SETTING_INT && row->type != KDB_SETTING_SIZE &&
        row->type != KDB_SETTING_DURATION)
        return;
    const int64_t *number = conf_field_const(settings, row);
    KDB_ASSERT(*number >= row->min && *number <= row->max);
}

// What was loaded is within its bounds, and reads back as what was written.
static void check_loaded(struct kdb_settings *settings)
{
    struct kdb_buf first = {0};
    struct kdb_buf second = {0};
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        check_number(settings, row);
        if (row->type == KDB_SETTING_SECRET || row->type == KDB_SETTING_LIST)
            continue; // masked; an item may hold a comma
        kdb_buf_clear(&first);
        kdb_buf_clear(&second);
        conf_write_value(&first, settings, row);
        bool is_read = conf_read_text(settings, row, kdb_buf_view(&first));
        KDB_ASSERT(is_read);
        conf_write_value(&second, settings, row);
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&first), kdb_buf_view(&second)));
    }
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t text_len = nul == NULL ? size : (size_t)(nul - data);
    size_t rest = nul == NULL ? 0 : size - text_len - 1;
    char *value = calloc(1, rest + 1);
    if (value == NULL)
        return 0;
    struct variable variable = {.index = -1, .value = value};
    if (rest > 0) {
        variable.index = nul[1];
        memcpy(value, nul + 2, rest - 1);
    }
    struct kdb_ctx ctx;
    struct kdb_settings settings = {0};
    struct kdb_text_list warnings = {0};
    struct kdb_environment environment = {get_variable, &variable};
    kdb_ctx_init(&ctx, 0);
    kdb_status status = kdb_settings_parse(&ctx, kdb_slice_of(data, text_len), "server.toml",
                                           &environment, &warnings, &settings);
    KDB_ASSERT(status == KDB_OK || status == KDB_ERR_CONFIG);
    KDB_ASSERT((status == KDB_OK) == (ctx.error.message[0] == '\0'));
    if (status == KDB_OK)
        check_loaded(&settings);
    kdb_settings_deinit(&settings);
    kdb_ctx_deinit(&ctx);
    free(value);
    return 0;
}
