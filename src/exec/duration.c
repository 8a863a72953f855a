// SPDX-License-Identifier: Apache-2.0
// Durations of clauses and options: a number and a unit, or off.
#include "exec/command_priv.h"

// Longer ones are "off" in all but name, and would overflow when added to a time.
#define DURATION_MAX_MS (INT64_C(36500) * 24 * 3600 * 1000)

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"s", 1000},        {"sec", 1000},       {"secs", 1000},       {"second", 1000},
    {"seconds", 1000},  {"m", 60000},        {"min", 60000},       {"mins", 60000},
    {"minute", 60000},  {"minutes", 60000},  {"h", 3600000},       {"hour", 3600000},
    {"hours", 3600000}, {"d", 86400000},     {"day", 86400000},    {"days", 86400000},
    {"w", 604800000},   {"week", 604800000}, {"weeks", 604800000}, {"ms", 1},
};

static bool find_unit(kdb_slice name, int64_t *ret_ms)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (kdb_slice_equal_nocase(name, kdb_slice_cstr(units[i].name))) {
            *ret_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

kdb_status duration_read(struct kdb_ctx *ctx, const char *what, kdb_slice text, int64_t unit_ms,
                         int64_t *ret_ms)
{
    kdb_slice trimmed = kdb_slice_trim(text);
    if (kdb_slice_equal_nocase(trimmed, KDB_LIT("off"))) {
        *ret_ms = KDB_DURATION_OFF;
        return KDB_OK;
    }
    size_t digits = 0;
    while (digits < trimmed.len && trimmed.data[digits] >= '0' && trimmed.data[digits] <= '9')
        digits++;
    int64_t number = 0;
    bool is_number = kdb_slice_to_i64(kdb_slice_of(trimmed.data, digits), &number);
    kdb_slice unit = kdb_slice_trim(kdb_slice_skip(trimmed, digits));
    if (digits == 0 || (unit.len > 0 && !find_unit(unit, &unit_ms)))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "%s: '%.*s' is no duration: write it as 10s, 5m, 24h, 7d or off", what,
                        KDB_ARG(text));
    if (!is_number || number > DURATION_MAX_MS / unit_ms)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "%s: '%.*s' is more than 100 years", what,
                        KDB_ARG(text));
    *ret_ms = number * unit_ms;
    return KDB_OK;
}

kdb_slice duration_text(struct kdb_arena *arena, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } forms[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
    if (ms < 0)
        return KDB_LIT("off");
    if (ms == 0)
        return KDB_LIT("0s");
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (ms % forms[i].ms == 0)
            return kdb_arena_printf(arena, "%lld%s", (long long)(ms / forms[i].ms), forms[i].name);
    }
    return kdb_arena_printf(arena, "%lldms", (long long)ms);
}
