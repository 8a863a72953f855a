// SPDX-License-Identifier: Apache-2.0
// Reading cold rows: what point reads and scans share.
#ifndef KDB_SEGMENTS_COLD_PRIV_H
#define KDB_SEGMENTS_COLD_PRIV_H

#include "segments/cache_priv.h"
#include "segments/service.h"

// The block of one row group, referenced for the caller: from the cache, or read from the file.
// BLOCKED, CORRUPT, CONFLICT as kdb_cold_get.
KDB_NODISCARD kdb_status cold_block(const struct kdb_cold_reader *reader, struct kdb_ctx *ctx,
                                    const struct kdb_segment *segment, uint32_t group,
                                    struct block **ret_block);

// The row group whose keys `key` would be among: the last that does not begin behind it, 0 when all
// do.
uint32_t cold_group_of(const struct kdb_segment *segment, kdb_slice key);

#endif
