// SPDX-License-Identifier: Apache-2.0
// An allowance of bytes that many requests share, so that together they cannot take more memory
// than the operator gave them.
//
// Who takes gives back, also through others: what was taken travels with the memory it was taken
// for. Any thread.
#ifndef KDB_BASE_BUDGET_H
#define KDB_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/assert.h"

struct kdb_budget {
    size_t max_bytes;
    atomic_size_t used_bytes;
};

// False when that much is not left; then nothing was taken.
static inline bool kdb_budget_take(struct kdb_budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_add_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    if (before + bytes <= budget->max_bytes)
        return true;
    atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    return false;
}

static inline void kdb_budget_give(struct kdb_budget *budget, size_t bytes)
{
    size_t before = atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    KDB_ASSERT(before >= bytes);
}

#endif
