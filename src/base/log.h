// SPDX-License-Identifier: Apache-2.0
// Structured log lines to standard error and, if asked for, a file.
//
// Only whoever ends a request or a job logs; libraries return errors. The sink and its level are
// the process's (one of the few globals). A line is one write(2), so lines of several threads never
// mix. Everything that is printed may come from a client: control characters, line ends and bytes
// that are no UTF-8 are escaped, so that nobody can forge a line. Secrets are the caller's care.
// Any thread.
//
// compact: 2026-05-04T10:00:00.123+00:00 INFO  api [0190...] statement took long ms=1250
// sql="SELECT 1" json:
// {"timestamp":"...","level":"INFO","thread":"loop-0","target":"api","line":42,"message":"...",
//          "request_id":"...","ms":1250,"sql":"SELECT 1"}
#ifndef KDB_BASE_LOG_H
#define KDB_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/ctx.h"
#include "base/slice.h"

enum kdb_log_level { KDB_LOG_ERROR, KDB_LOG_WARN, KDB_LOG_INFO, KDB_LOG_DEBUG };

enum kdb_log_format { KDB_LOG_COMPACT, KDB_LOG_JSON };

struct kdb_log_options {
    enum kdb_log_level level;   // lines above it are dropped
    enum kdb_log_format format; // of both destinations
    bool to_console;            // write to standard error
    const char *path;           // file to append to; NULL: none, or the one already open stays
};

// A named value of a line: text, or a number when `text.data` is NULL.
struct kdb_log_field {
    const char *key; // [a-z_]+, ours
    kdb_slice text;
    int64_t number;
};

// One line.
struct kdb_log_event {
    enum kdb_log_level level;
    int line;               // of the source, in JSON only
    const char *component;  // folder or thread that speaks
    const char *request_id; // NULL or empty: none
    kdb_slice message;
    const struct kdb_log_field *fields;
    size_t field_count;
};

// The least important level that is written; read with kdb_log_is_on.
extern atomic_int kdb_log_threshold;

// Directs the log. Before the first call INFO and above go to standard error, compact. May be
// called again at any time (another level; a file that was moved away is opened anew). Fails with
// CONFIG when the file cannot be opened, and then changes nothing.
KDB_NODISCARD kdb_status kdb_log_open(struct kdb_ctx *ctx, const struct kdb_log_options *options);

// Closes the file and returns to the state before kdb_log_open. No other thread may be logging.
void kdb_log_close(void);

// "error", "warn", "info", "debug" in either case; false for anything else.
KDB_NODISCARD bool kdb_log_level_parse(kdb_slice name, enum kdb_log_level *ret_level);

static inline bool kdb_log_is_on(enum kdb_log_level level)
{
    return (int)level <= atomic_load_explicit(&kdb_log_threshold, memory_order_relaxed);
}

// Writes a line if its level is on. Long texts are cut. Never fails: what cannot be written is
// lost.
void kdb_log_event(const struct kdb_log_event *event);

// As kdb_log_event with a printf message and no fields. Use the macros.
void kdb_log_at(enum kdb_log_level level, int line, const char *component, const char *request_id,
                const char *format, ...) KDB_PRINTF(5, 6);

// kdb_log_info("jobs", ctx->request_id, "flushed %zu rows", count); the id may be NULL. The
// arguments are not evaluated when the level is off.
#define KDB_LOG(level, component, request_id, ...)                                                 \
    (kdb_log_is_on(level) ? kdb_log_at((level), __LINE__, (component), (request_id), __VA_ARGS__)  \
                          : (void)0)
#define kdb_log_error(component, request_id, ...)                                                  \
    KDB_LOG(KDB_LOG_ERROR, component, request_id, __VA_ARGS__)
#define kdb_log_warn(component, request_id, ...)                                                   \
    KDB_LOG(KDB_LOG_WARN, component, request_id, __VA_ARGS__)
#define kdb_log_info(component, request_id, ...)                                                   \
    KDB_LOG(KDB_LOG_INFO, component, request_id, __VA_ARGS__)
#define kdb_log_debug(component, request_id, ...)                                                  \
    KDB_LOG(KDB_LOG_DEBUG, component, request_id, __VA_ARGS__)

#endif
