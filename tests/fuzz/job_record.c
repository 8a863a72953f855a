// SPDX-License-Identifier: Apache-2.0
// Fuzz target of stored jobs: any text is one or an error.
// links: jobs
#include "base/assert.h"
#include "jobs/jobs_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    struct kdb_job_record record;
    kdb_ctx_init(&ctx, 0);
    kdb_status status = record_read(kdb_slice_of(data, size), &ctx, &record);
    KDB_ASSERT(status == KDB_OK || status == ctx.error.status);
    if (status == KDB_OK) {
        KDB_ASSERT(kdb_job_kind_name(record.kind)[0] != '\0');
        KDB_ASSERT(kdb_job_prefix(record.kind)[0] != '\0');
        KDB_ASSERT(kdb_job_state_name(record.state)[0] != '\0');
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
