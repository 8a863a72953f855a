// SPDX-License-Identifier: Apache-2.0
// The meaning of errno values, without the static buffer of strerror.
#include "base/os_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *kdb_os_error_text(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

kdb_status kdb_os_error_status(int error)
{
    return error == ENOSPC || error == EDQUOT ? KDB_ERR_DISK_FULL : KDB_ERR_IO;
}

kdb_status kdb_fail_os(struct kdb_ctx *ctx, int error, const char *what_format, ...)
{
    char what[KDB_MESSAGE_BYTES];
    va_list args;
    va_start(args, what_format);
    (void)vsnprintf(what, sizeof(what), what_format, args);
    va_end(args);
    return kdb_fail(ctx, kdb_os_error_status(error), "%s: %s", what, kdb_os_error_text(error));
}
