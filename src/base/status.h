// SPDX-License-Identifier: Apache-2.0
// Status codes: what a function that can fail returns. Zero is success; the detail is in the ctx
// (ctx.h).
#ifndef KDB_BASE_STATUS_H
#define KDB_BASE_STATUS_H

#include <stdbool.h>

typedef enum {
#define KDB_STATUS(name, http, sqlstate, wire, prefix, retryable, meaning) KDB_ERR_##name,
#include "base/status.def"
#undef KDB_STATUS
    KDB_STATUS_COUNT
} kdb_status;

#define KDB_OK KDB_ERR_OK

// One row of status.def.
struct kdb_status_info {
    const char *name;     // identifier in status.def, for logs
    int http;             // HTTP status of the reply
    const char *sqlstate; // five characters, PostgreSQL's where it has one
    const char *wire;     // error.code on the wire
    const char *prefix;   // opens the message of a failed statement, may be empty
    bool is_retryable;    // the same request may succeed later unchanged
    const char *meaning;  // for docs/ERRORS.md
};

// The row of `status`; static storage. Any thread.
const struct kdb_status_info *kdb_status_info(kdb_status status);

#endif
