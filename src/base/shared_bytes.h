// SPDX-License-Identifier: Apache-2.0
// Immutable bytes with many owners: what is encoded once and sent to many.
//
// Counted by reference; the last owner frees them, on any thread. Nobody writes to them after they
// were made.
#ifndef KDB_BASE_SHARED_BYTES_H
#define KDB_BASE_SHARED_BYTES_H

#include "base/buf.h"
#include "base/slice.h"

struct kdb_shared_bytes;

// A copy of `bytes`; the caller owns one reference.
struct kdb_shared_bytes *kdb_shared_bytes_create(kdb_slice bytes);

// Takes over the memory of a buffer, which is empty afterwards (limit kept); the caller owns one
// reference.
struct kdb_shared_bytes *kdb_shared_bytes_take(struct kdb_buf *buf);

// One owner more; returns `shared`.
struct kdb_shared_bytes *kdb_shared_bytes_ref(struct kdb_shared_bytes *shared);

// One owner less. Accepts NULL.
void kdb_shared_bytes_unref(struct kdb_shared_bytes *shared);

// The bytes; they live as long as the caller's reference.
kdb_slice kdb_shared_bytes_view(const struct kdb_shared_bytes *shared);

#endif
