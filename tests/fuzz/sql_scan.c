// SPDX-License-Identifier: Apache-2.0
// Any bytes as the SQL of a request: statements lie in order inside the text, and each scans alone
// as it did there.

// links: sql types base
#include "sql/parse.h"

#include <stdlib.h>

static void require(bool is_right)
{
    if (!is_right)
        abort();
}

static void check_literals(const struct kdb_scanned *scanned, struct kdb_arena *arena)
{
    uint32_t at = 0;
    for (size_t i = 0; i < scanned->literal_count; i++) {
        struct kdb_lifted lifted = scanned->literals[i];
        require(lifted.start >= at && lifted.len > 0);
        at = lifted.start + lifted.len;
        require(at <= scanned->text.len);
        kdb_slice text = kdb_lifted_text(scanned, arena, (int)i);
        require(text.len <= lifted.len);
    }
}

static void check_alone(const struct kdb_scanned *scanned, struct kdb_ctx *ctx)
{
    struct kdb_scan alone;
    require(kdb_sql_scan(scanned->text, ctx, &alone) == KDB_OK);
    require(alone.count == 1);
    require(alone.statements[0].text.len == scanned->text.len);
    require(alone.statements[0].position == 1);
    require(kdb_slice_equal(alone.statements[0].key, scanned->key));
    require(kdb_slice_equal(alone.statements[0].first_word, scanned->first_word));
    require(alone.statements[0].is_cacheable == scanned->is_cacheable);
    require(alone.statements[0].literal_count == scanned->literal_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    struct kdb_scan scan;
    kdb_ctx_init(&ctx, 0);
    kdb_slice sql = kdb_slice_of(data, size);
    if (kdb_sql_scan(sql, &ctx, &scan) != KDB_OK) {
        require(ctx.error.message[0] != '\0');
    } else {
        const char *behind = sql.data;
        for (size_t i = 0; i < scan.count; i++) {
            const struct kdb_scanned *scanned = &scan.statements[i];
            require(scanned->text.len > 0 && scanned->text.data >= behind);
            require(scanned->text.data == sql.data + scanned->position - 1);
            behind = scanned->text.data + scanned->text.len;
            require(behind <= sql.data + sql.len);
            check_literals(scanned, &ctx.arena);
            check_alone(scanned, &ctx);
        }
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
