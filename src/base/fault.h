// SPDX-License-Identifier: Apache-2.0
// Named fault points, for tests only: places where a test makes the process die, a step fail, or a
// thread wait.
//
//     if (kdb_fault_point("flush.after_rename"))
//         return kdb_fail(ctx, KDB_ERR_IO, "injected: flush.after_rename");
//
// They are compiled into every build, so that what is tested is what is shipped; while none is set,
// a point costs one load. Names are "<folder>.<moment>". The table is the process's: a documented
// global.
#ifndef KDB_BASE_FAULT_H
#define KDB_BASE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/ctx.h"
#include "base/slice.h"

// How many faults may be set at once.
#define KDB_FAULTS_MAX 16

// How many are set; read with kdb_fault_point.
extern atomic_uint kdb_fault_count;

// Replaces the set faults by a comma-separated list of name:action[:hit]. Actions: "kill" (the
// process gets SIGKILL at the point), "fail" (the point returns true) and "hold" (the thread waits
// at the point as long as the file named by the environment variable KALAMDB_FAULT_HOLD is there).
// The action happens at that hit only (1 is the first and the default), or at every one when it is
// 0. Empty text clears. Fails with CONFIG, changing nothing. Call it before other threads pass
// points.
KDB_NODISCARD kdb_status kdb_fault_set(struct kdb_ctx *ctx, kdb_slice list);

// kdb_fault_set with the environment variable KALAMDB_FAULT; nothing when it is not there.
KDB_NODISCARD kdb_status kdb_fault_set_from_environment(struct kdb_ctx *ctx);

// The slow path of kdb_fault_point.
bool kdb_fault_hit(const char *name);

// Passes the point `name`: true when the caller must fail here. Any thread.
static inline bool kdb_fault_point(const char *name)
{
    if (KDB_LIKELY(atomic_load_explicit(&kdb_fault_count, memory_order_relaxed) == 0))
        return false;
    return kdb_fault_hit(name);
}

#endif
