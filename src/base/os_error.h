// SPDX-License-Identifier: Apache-2.0
// Failures of system calls as failures of the request.
#ifndef KDB_BASE_OS_ERROR_H
#define KDB_BASE_OS_ERROR_H

#include "base/ctx.h"

// What an errno value means, in English; static storage. Any thread.
const char *kdb_os_error_text(int error);

// The status of a failed system call: DISK_FULL when there is no space left, otherwise IO.
kdb_status kdb_os_error_status(int error);

// Fails with that status and the message "<what>: <meaning of error>". Pass errno.
kdb_status kdb_fail_os(struct kdb_ctx *ctx, int error, const char *what_format, ...)
    KDB_PRINTF(3, 4);

#endif
