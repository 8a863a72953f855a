// SPDX-License-Identifier: Apache-2.0
// The inside of the service: what segments of all partitions share.
#ifndef KDB_SEGMENTS_SERVICE_PRIV_H
#define KDB_SEGMENTS_SERVICE_PRIV_H

#include <pthread.h>

#include "base/map.h"
#include "segments/service.h"

struct cache;

struct kdb_segment_service {
    struct kdb_store *store;
    struct kdb_engine *engine;
    const struct kdb_clock *clock;
    kdb_slice data_path; // owned, NUL behind it
    kdb_slice *roots;    // owned, each with a NUL behind it
    uint32_t root_count;
    uint32_t row_group_rows; // what DuckDB makes of the setting
    struct cache *cache;     // decoded row groups

    pthread_mutex_t segments_lock;
    struct kdb_map segments; // every segment in memory by number; a reference goes to 0 under the
                             // lock only

    pthread_mutex_t number_lock;
    uint64_t next_number; // 0: not read yet
    uint64_t number_end;  // numbers below are reserved
};

#endif
