// SPDX-License-Identifier: Apache-2.0
// What WebSocket clients say, from arbitrary bytes: as JSON, as MessagePack and compressed. What is
// understood as MessagePack is JSON, and stays the same when it is packed and unpacked.
// links: api
#include "api/encodings_priv.h"
#include "api/ws_message_priv.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE_BYTES_MAX ((size_t)1 << 16)
#define MEMORY_MAX        ((size_t)64 << 20)

static void read_message(struct kdb_ctx *ctx, kdb_slice json)
{
    struct ws_message message;
    if (ws_message_read(ctx, json, MESSAGE_BYTES_MAX, &message) != KDB_OK)
        return;
    KDB_ASSERT(message.kind != WS_SUBSCRIBE || message.requests != NULL);
    for (size_t i = 0; i < message.request_count; i++)
        KDB_ASSERT(message.requests[i].id.data && message.requests[i].sql.data);
}

// Packs our JSON and unpacks that.
static void repack(struct kdb_ctx *ctx, const struct kdb_buf *json, struct kdb_buf *ret_json)
{
    struct kdb_buf packed = {0};
    api_pack_json(kdb_buf_view(json), &packed);
    KDB_ASSERT(api_unpack_json(ctx, kdb_buf_view(&packed), ret_json) == KDB_OK);
    kdb_buf_deinit(&packed);
}

static void read_packed(struct kdb_ctx *ctx, kdb_slice packed)
{
    struct kdb_buf forms[3] = {0};
    if (api_unpack_json(ctx, packed, &forms[0]) == KDB_OK) {
        read_message(ctx, kdb_buf_view(&forms[0]));
        // The first form may have integers that only a double holds.
        repack(ctx, &forms[0], &forms[1]);
        repack(ctx, &forms[1], &forms[2]);
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&forms[1]), kdb_buf_view(&forms[2])));
    }
    for (int i = 0; i < 3; i++)
        kdb_buf_deinit(&forms[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kdb_slice bytes = kdb_slice_of(data, size);
    struct kdb_ctx ctx;
    struct kdb_buf expanded = {0};
    kdb_ctx_init(&ctx, MEMORY_MAX);
    read_message(&ctx, bytes);
    kdb_ctx_reset(&ctx);
    if (!gzip_is(bytes))
        read_packed(&ctx, bytes);
    else if (gzip_expand(&ctx, bytes, MESSAGE_BYTES_MAX, &expanded) == KDB_OK)
        read_packed(&ctx, kdb_buf_view(&expanded));
    KDB_ASSERT(expanded.len <= MESSAGE_BYTES_MAX);
    kdb_buf_deinit(&expanded);
    kdb_ctx_deinit(&ctx);
    return 0;
}
