// SPDX-License-Identifier: Apache-2.0
// So many requests a second for each key (a user, an address), over all loops: token buckets as
// deep as their rate.
//
// Spread over locks by key, so that loops seldom wait for each other. A shard that is full of keys
// starts over: everyone in it has a full bucket again, which is the generous mistake. Time comes in
// as an argument. Any thread.
#ifndef KDB_API_RATE_LIMIT_PRIV_H
#define KDB_API_RATE_LIMIT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct rate_limit;

struct rate_limit *rate_limit_create(int64_t per_second);
void rate_limit_destroy(struct rate_limit *limit); // accepts NULL

// Takes a token from the bucket of `key`; false when it has none left.
bool rate_limit_allows(struct rate_limit *limit, kdb_slice key, int64_t now_ns);

#endif
