// SPDX-License-Identifier: Apache-2.0
// The context of one request: its memory, its error, its deadline. Passed explicitly to whatever
// can fail.
//
// Made when a request (or a job step) begins, reset after its answer is written. It moves between
// threads with the request but is used by one at a time; only `is_cancelled` may be set by another
// thread.
#ifndef KDB_BASE_CTX_H
#define KDB_BASE_CTX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/slice.h"
#include "base/status.h"

#define KDB_MESSAGE_BYTES    1024
#define KDB_REQUEST_ID_BYTES 64 // of a client's id; ours are UUIDs

// The first failure of a request; later ones do not overwrite it.
struct kdb_error {
    kdb_status status;
    int line;         // where it was raised, for the log only
    const char *file; // same
    int position;     // 1-based character of the statement text the error points at, 0: none
    char
        message[KDB_MESSAGE_BYTES]; // NUL-terminated UTF-8, cut at a character boundary when longer
};

struct kdb_ctx {
    struct kdb_arena arena;   // request memory
    struct kdb_error error;   // first failure
    int64_t deadline_ns;      // kdb_monotonic_ns() after which the request gives up; 0: none
    atomic_bool is_cancelled; // set by KILL or shutdown
    char request_id[KDB_REQUEST_ID_BYTES + 1]; // in logs and internal errors; empty: none yet
};

// Prepares a ctx whose arena may hold `limit_bytes` (0: no limit).
void kdb_ctx_init(struct kdb_ctx *ctx, size_t limit_bytes);

// Frees everything the request allocated. Works on a zeroed struct.
void kdb_ctx_deinit(struct kdb_ctx *ctx);

// Ready for the next request: memory, error, deadline and cancel flag are cleared.
void kdb_ctx_reset(struct kdb_ctx *ctx);

// Forgets the error so that the request can go on (a retry, the next statement).
void kdb_ctx_clear_error(struct kdb_ctx *ctx);

// Records the failure unless one is recorded already and returns `status`. Use kdb_fail.
kdb_status kdb_fail_at(struct kdb_ctx *ctx, kdb_status status, const char *file, int line,
                       const char *format, ...) KDB_PRINTF(5, 6);

#ifndef __clang_analyzer__
#define kdb_fail(ctx, status, ...) kdb_fail_at((ctx), (status), __FILE__, __LINE__, __VA_ARGS__)
#else // the same, said so that the analyzer knows which status comes back
#define kdb_fail(ctx, status, ...)                                                                 \
    (kdb_fail_at((ctx), (status), __FILE__, __LINE__, __VA_ARGS__), (status))
#endif

// Puts "prefix: " before the recorded message; returns the recorded status.
kdb_status kdb_wrap(struct kdb_ctx *ctx, const char *format, ...) KDB_PRINTF(2, 3);

// Notes where in the statement the recorded error points (1-based characters); the first call wins.
void kdb_error_at(struct kdb_ctx *ctx, int position);

// Fails with TIMEOUT, CANCELLED or LIMIT_EXCEEDED when the request must stop; call it in every loop
// over input.
KDB_NODISCARD kdb_status kdb_ctx_check(struct kdb_ctx *ctx);

// Returns the callee's failure to the caller.
#define KDB_TRY(call)                                                                              \
    do {                                                                                           \
        kdb_status kdb_try_status = (call);                                                        \
        if (KDB_UNLIKELY(kdb_try_status))                                                          \
            return kdb_try_status;                                                                 \
    } while (0)

#endif
