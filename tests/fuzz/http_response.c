// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the client: an answer from any bytes, the same however they are cut, and what its
// body says as a reply to SQL.
// links: client
#include "base/assert.h"
#include "client/response_priv.h"
#include "client/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_BYTES_MAX ((size_t)1 << 20)

// Feeds at most `step` bytes at a time; how many belonged to the answer.
static kdb_status read_answer(struct client_response *response, struct kdb_ctx *ctx,
                              kdb_slice bytes, size_t step, size_t *ret_used)
{
    *ret_used = 0;
    while (bytes.len > 0 && response->part != CLIENT_PART_COMPLETE) {
        size_t used = 0;
        kdb_slice piece = kdb_slice_of(bytes.data, bytes.len < step ? bytes.len : step);
        KDB_TRY(client_response_feed(response, ctx, piece, &used));
        KDB_ASSERT(used == piece.len || response->part == CLIENT_PART_COMPLETE);
        *ret_used += used;
        bytes = kdb_slice_skip(bytes, used);
    }
    if (response->part != CLIENT_PART_COMPLETE)
        return client_response_end(response, ctx);
    return KDB_OK;
}

static void read_rows(const struct kdb_results *results, struct kdb_ctx *ctx)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct kdb_json *row;
        if (!results->items[i].has_rows)
            continue;
        struct kdb_row_walk walk = kdb_result_rows(&results->items[i]);
        do {
            if (kdb_row_walk_next(&walk, ctx, &row) != KDB_OK)
                return;
            KDB_ASSERT(!row || row->count == results->items[i].column_count);
        } while (row);
    }
}

static void read_body(const struct client_response *response, struct kdb_ctx *ctx)
{
    struct kdb_results results = {0};
    const struct kdb_reply reply = {.http_status = response->status,
                                    .body = kdb_buf_view(&response->body)};
    if (kdb_results_read(&reply, ctx, &results) != KDB_OK)
        return;
    KDB_ASSERT(results.is_success || results.count == 0);
    read_rows(&results, ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_response answers[2] = {0};
    struct kdb_ctx ctxs[2];
    kdb_status statuses[2];
    size_t used[2];
    for (int i = 0; i < 2; i++) {
        kdb_ctx_init(&ctxs[i], 0);
        answers[i].body.limit = BODY_BYTES_MAX;
        client_response_reset(&answers[i]);
        statuses[i] = read_answer(&answers[i], &ctxs[i], kdb_slice_of(data, size),
                                  i == 0 ? SIZE_MAX : 1, &used[i]);
    }
    KDB_ASSERT(statuses[0] == statuses[1]);
    if (statuses[0] == KDB_OK) {
        KDB_ASSERT(used[0] == used[1] && answers[0].status == answers[1].status);
        KDB_ASSERT(answers[0].keeps_alive == answers[1].keeps_alive);
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&answers[0].body), kdb_buf_view(&answers[1].body)));
        read_body(&answers[0], &ctxs[0]);
    }
    for (int i = 0; i < 2; i++) {
        client_response_deinit(&answers[i]);
        kdb_ctx_deinit(&ctxs[i]);
    }
    return 0;
}
