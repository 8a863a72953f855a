// SPDX-License-Identifier: Apache-2.0
// The error table as data.
#include "base/status.h"

#include "base/assert.h"

static const struct kdb_status_info rows[KDB_STATUS_COUNT] = {
#define KDB_STATUS(name, http, sqlstate, wire, prefix, retryable, meaning)                         \
    {#name, http, sqlstate, wire, prefix, retryable, meaning},
#include "base/status.def"
#undef KDB_STATUS
};

const struct kdb_status_info *kdb_status_info(kdb_status status)
{
    KDB_ASSERT((unsigned)status < KDB_STATUS_COUNT);
    return &rows[status];
}
