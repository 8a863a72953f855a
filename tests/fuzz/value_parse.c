// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the input functions: any text is a value or an error, and a value that prints
// reads back as itself.
// links: base types
//
// Input: kind, parameter, text.
#include "base/assert.h"
#include "types/cast.h"
#include "types/datetime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static kdb_type type_of(uint8_t kind, uint8_t parameter)
{
    kdb_type type = KDB_TYPE((uint8_t)(kind % KDB_KIND_COUNT));
    if (type.kind == KDB_DECIMAL) {
        type.precision = (uint8_t)(parameter % 39);
        type.scale = (uint8_t)(parameter % (type.precision + 1));
    }
    if (type.kind == KDB_EMBEDDING)
        type.dimension = (uint16_t)(parameter % 8);
    return type;
}

// Points in time before year 1 print but are not read.
static bool is_readable(const kdb_value *value)
{
    if (value->kind == KDB_TIMESTAMP || value->kind == KDB_DATETIME)
        return kdb_timestamp_to_date(value->integer) >= kdb_civil_days(1, 1, 1);
    return value->kind != KDB_FILE;
}

static void use_value(struct kdb_ctx *ctx, kdb_type type, const kdb_value *value)
{
    struct kdb_buf out = {0};
    kdb_value again;
    kdb_value as_text;
    kdb_value_print(value, &out);
    KDB_ASSERT(kdb_cast(value, ctx, KDB_TYPE(KDB_TEXT), &as_text) == KDB_OK);
    KDB_ASSERT(kdb_slice_equal(as_text.bytes, kdb_buf_view(&out)));
    if (is_readable(value)) {
        KDB_ASSERT(kdb_value_parse(kdb_buf_view(&out), ctx, type, &again) == KDB_OK);
        KDB_ASSERT(kdb_value_same(value, &again));
        KDB_ASSERT(kdb_value_hash(value) == kdb_value_hash(&again));
    }
    for (int kind = 1; kind < KDB_KIND_COUNT; kind++) {
        if (kdb_cast(value, ctx, KDB_TYPE((uint8_t)kind), &again) != KDB_OK)
            kdb_ctx_clear_error(ctx);
    }
    if (kdb_value_write_json(value, ctx, &out) != KDB_OK)
        kdb_ctx_clear_error(ctx);
    kdb_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_type type = type_of(data[0], data[1]);
    kdb_value value;
    kdb_status status = kdb_value_parse(kdb_slice_of(data + 2, size - 2), &ctx, type, &value);
    KDB_ASSERT((status == KDB_OK) == (ctx.error.message[0] == '\0'));
    if (status == KDB_OK)
        use_value(&ctx, type, &value);
    kdb_ctx_deinit(&ctx);
    return 0;
}
