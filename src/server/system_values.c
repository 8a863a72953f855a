// SPDX-License-Identifier: Apache-2.0
// What system.settings and system.stats ask of the server.
#include "server/system_values.h"

#include <stdio.h>

#include "api/api.h"
#include "live/directory.h"
#include "net/listener.h"
#include "server/version.h"

struct settings_walk {
    kdb_setting_visit visit;
    void *arg;
};

static void visit_setting(void *self, const struct kdb_setting_view *view)
{
    const struct settings_walk *walk = self;
    const struct kdb_setting_row row = {.name = kdb_slice_cstr(view->name),
                                        .value = view->value,
                                        .description = kdb_slice_cstr(view->description),
                                        .category = kdb_slice_cstr(view->category)};
    walk->visit(walk->arg, &row);
}

static void settings(void *self, kdb_setting_visit visit, void *arg)
{
    const struct server_values *values = self;
    struct settings_walk walk = {visit, arg};
    kdb_settings_each(values->settings, visit_setting, &walk);
}

static void stats(void *self, kdb_metric_visit visit, void *arg)
{
    const struct server_values *values = self;
    if (!values->listener)
        return;
    const struct kdb_listener_stats now = kdb_listener_stats(values->listener);
    const struct kdb_plan_cache_stats plans = kdb_api_plan_stats(values->api);
    const struct {
        kdb_slice name;
        uint64_t value;
    } rows[] = {
        {KDB_LIT("active_connections"), now.connections_now},
        {KDB_LIT("connections_total"), now.connections_total},
        {KDB_LIT("connections_refused"), now.connections_refused},
        {KDB_LIT("requests_in_flight"), now.requests_now},
        {KDB_LIT("requests_total"), now.requests_total},
        {KDB_LIT("requests_refused"), now.requests_refused},
        {KDB_LIT("max_connections"), (uint64_t)values->settings->performance_max_connections},
        {KDB_LIT("server_workers_effective"), values->loop_count},
        {KDB_LIT("plan_cache_size"), plans.count},
        {KDB_LIT("plan_cache_hits"), plans.hits},
        {KDB_LIT("plan_cache_misses"), plans.misses},
        {KDB_LIT("active_subscriptions"), kdb_live_directory_count(values->directory)},
        {KDB_LIT("active_subscriptions_peak"), kdb_live_directory_peak(values->directory)}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[24];
        int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)rows[i].value);
        visit(arg, rows[i].name, kdb_slice_of(text, (size_t)len));
    }
}

struct kdb_system_tables server_values_tables(struct server_values *values, const char *data_path,
                                              int64_t started_at_us)
{
    return (struct kdb_system_tables){.self = values,
                                      .settings = settings,
                                      .stats = stats,
                                      .version = KDB_LIT(KDB_VERSION),
                                      .data_path = data_path,
                                      .started_at_us = started_at_us};
}
