// SPDX-License-Identifier: Apache-2.0
// A key filter: says for certain that a key is not in a segment, or that it may be (1 % false
// positives).
//
// A split-block Bloom filter as in the Parquet format specification (blocks of 256 bits, 8 words,
// one bit set per word), over the 64-bit xxHash (XXH64, seed 0) of the encoded key, so that it can
// be stored. Pure functions; any thread.
#ifndef KDB_SEGMENTS_FILTER_H
#define KDB_SEGMENTS_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

// A stable 64-bit hash of the key; the same in every process and version.
uint64_t kdb_filter_hash(kdb_slice key);

// Appends a filter over `count` hashes: about 1.3 bytes for each, a multiple of 32 bytes in all.
void kdb_filter_build(const uint64_t *hashes, uint64_t count, struct kdb_buf *out);

// False: certainly not in. A malformed filter answers true.
bool kdb_filter_may_hold(kdb_slice filter, uint64_t hash);

#endif
