// SPDX-License-Identifier: Apache-2.0
// Fuzz target of durations: any text is one or an error, and the shortest form of one reads back as
// itself.
// links: exec
#include "base/assert.h"
#include "exec/command_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    int64_t ms = 0;
    if (duration_read(&ctx, "FLUSH", kdb_slice_of(data, size), 1000, &ms) == KDB_OK) {
        KDB_ASSERT(ms >= 0 || ms == KDB_DURATION_OFF);
        int64_t again = 0;
        KDB_ASSERT(duration_read(&ctx, "FLUSH", duration_text(&ctx.arena, ms), 1000, &again) ==
                   KDB_OK);
        KDB_ASSERT(again == ms);
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
