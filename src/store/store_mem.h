// SPDX-License-Identifier: Apache-2.0
// What tests can make an in-memory store do: fail commits, and claim that rows are not in memory.
#ifndef KDB_STORE_STORE_MEM_H
#define KDB_STORE_STORE_MEM_H

#include <stdint.h>

#include "store/store.h"

// Lets `successes` more commits succeed; from then on commits, syncs and resume fail as a real
// store does: DISK_FULL again and again, any other `status` once and UNAVAILABLE afterwards. Lasts
// until the next call; KDB_OK heals. Any thread.
void kdb_store_mem_fail_commits(struct kdb_store *store, uint64_t successes, kdb_status status);

// Answers `reads` more reads with KDB_READ_MEMORY (a get or a step of a scan each); those after it
// are reported as not cached. UINT64_MAX, as at open: all are cached. Any thread.
void kdb_store_mem_limit_cached(struct kdb_store *store, uint64_t reads);

#endif
