// SPDX-License-Identifier: Apache-2.0
// What system tables and STORAGE CHECK show that exec cannot reach by itself: settings, figures of
// the network and of the process, where the data folder is.
//
// Filled by the server before the first statement; lives as long as it. The functions are called by
// worker threads, several at a time.
#ifndef KDB_EXEC_SYSTEM_TABLES_H
#define KDB_EXEC_SYSTEM_TABLES_H

#include <stdint.h>

#include "base/slice.h"

// One row of system.settings; borrowed for the call. Secrets are masked by whoever fills it.
struct kdb_setting_row {
    kdb_slice name;
    kdb_slice value;
    kdb_slice description;
    kdb_slice category;
};

typedef void (*kdb_setting_visit)(void *arg, const struct kdb_setting_row *row);
typedef void (*kdb_metric_visit)(void *arg, kdb_slice name, kdb_slice value);

struct kdb_system_tables {
    void *self; // passed to the functions
    // Calls `visit` for every setting in the order to show them; NULL: there are none.
    void (*settings)(void *self, kdb_setting_visit visit, void *arg);
    // Calls `visit` for further rows of system.stats (connections, requests, …); NULL: none.
    void (*stats)(void *self, kdb_metric_visit visit, void *arg);
    kdb_slice version;     // of the server
    const char *data_path; // absolute: where storage `local` is; NULL: unknown
    int64_t started_at_us; // microseconds since 1970
};

#endif
