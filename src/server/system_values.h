// SPDX-License-Identifier: Apache-2.0
// What system.settings and system.stats ask of the server.
#ifndef KDB_SERVER_SYSTEM_VALUES_H
#define KDB_SERVER_SYSTEM_VALUES_H

#include "conf/conf.h"
#include "exec/system_tables.h"

struct kdb_api;
struct kdb_listener;

// Filled by the server; `listener` is NULL until it listens. Read by worker threads.
struct server_values {
    const struct kdb_settings *settings;
    const struct kdb_listener *_Atomic listener; // set while statements run already
    struct kdb_live_directory *directory;
    const struct kdb_api *api;
    size_t loop_count;
};

// The callbacks for exec; `values` and `data_path` outlive them.
struct kdb_system_tables server_values_tables(struct server_values *values, const char *data_path,
                                              int64_t started_at_us);

#endif
