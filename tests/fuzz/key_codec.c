// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the key decoder: what it accepts is exactly what the encoder writes, and two keys
// order as their values do.
// links: base types
//
// Input: kind, then one encoded key after the other.
#include "types/key.h"

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const kdb_kind kinds[] = {KDB_BOOLEAN, KDB_INT,  KDB_BIGINT,   KDB_DOUBLE,  KDB_FLOAT,
                                 KDB_TEXT,    KDB_DATE, KDB_DATETIME, KDB_TIME,    KDB_TIMESTAMP,
                                 KDB_BYTES,   KDB_UUID, KDB_DECIMAL,  KDB_SMALLINT};

static int sign(int order)
{
    return order < 0 ? -1 : order > 0;
}

// Reads the key at the front of `rest` and encodes it again; false when there is none.
static bool take_key(kdb_slice *rest, struct kdb_ctx *ctx, kdb_type type, kdb_value *ret_value)
{
    size_t taken = 0;
    if (kdb_key_read(*rest, ctx, type, ret_value, &taken) != KDB_OK) {
        kdb_ctx_clear_error(ctx);
        return false;
    }
    struct kdb_buf again = {0};
    KDB_ASSERT(taken > 0 && taken <= rest->len);
    kdb_status status = kdb_key_value(&again, ctx, ret_value);
    KDB_ASSERT((status == KDB_OK) == (taken <= KDB_KEY_BYTES_MAX));
    if (status == KDB_OK)
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&again), (kdb_slice){rest->data, taken}));
    kdb_ctx_clear_error(ctx);
    kdb_buf_deinit(&again);
    *rest = kdb_slice_skip(*rest, taken);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_type type = KDB_TYPE((uint8_t)kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))]);
    kdb_slice rest = kdb_slice_of(data + 1, size - 1);
    kdb_slice before = rest;
    kdb_value last;
    KDB_ASSERT(kdb_key_text_length(rest) <= rest.len);
    bool has_last = take_key(&rest, &ctx, type, &last);
    while (has_last) {
        kdb_slice start = rest;
        kdb_value value;
        if (!take_key(&rest, &ctx, type, &value))
            break;
        kdb_slice first = {before.data, before.len - start.len};
        kdb_slice second = {start.data, start.len - rest.len};
        KDB_ASSERT(sign(kdb_value_compare(&last, &value)) ==
                   sign(kdb_slice_compare(first, second)));
        before = start;
        last = value;
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
