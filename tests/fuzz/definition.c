// SPDX-License-Identifier: Apache-2.0
// Fuzz target of stored definitions: no text may crash the readers, and what is accepted is written
// back as something that reads as the same.
// links: catalog
//
// Input: which definition, text.
#include "catalog/definition.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Each kind of definition: reads `json`, appends what it would be stored as.
typedef kdb_status (*rewrite)(kdb_slice json, struct kdb_ctx *ctx, struct kdb_buf *out);

static kdb_status rewrite_namespace(kdb_slice json, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    struct kdb_namespace *space;
    KDB_TRY(kdb_namespace_read(json, ctx, &space));
    kdb_namespace_write(space, out);
    kdb_namespace_unref(space);
    return KDB_OK;
}

static kdb_status rewrite_storage(kdb_slice json, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    struct kdb_storage *storage;
    KDB_TRY(kdb_storage_read(json, ctx, &storage));
    kdb_storage_write(storage, out);
    kdb_storage_unref(storage);
    return KDB_OK;
}

static kdb_status rewrite_user(kdb_slice json, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    struct kdb_user *user;
    KDB_TRY(kdb_user_read(json, ctx, &user));
    kdb_user_write(user, out);
    kdb_user_unref(user);
    return KDB_OK;
}

static kdb_status rewrite_table(kdb_slice json, struct kdb_ctx *ctx, struct kdb_buf *out)
{
    struct kdb_table *table;
    KDB_TRY(kdb_table_read(json, ctx, &table));
    for (uint32_t version = 1; version <= table->schema_count; version++) {
        const struct kdb_schema *schema = kdb_table_schema(table, version);
        KDB_ASSERT(schema != NULL);
        KDB_ASSERT(schema->key_index < schema->column_count ||
                   (schema->key_index == KDB_NO_KEY && table->kind == KDB_TABLE_STREAM));
        for (uint32_t i = 0; i < schema->column_count; i++)
            KDB_ASSERT(kdb_schema_find_id(schema, schema->columns[i].id) == (int)i);
    }
    kdb_table_write(table, out);
    kdb_table_unref(table);
    return KDB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const rewrite rewrites[] = {rewrite_namespace, rewrite_storage, rewrite_user,
                                       rewrite_table};
    if (size == 0)
        return 0;
    struct kdb_ctx ctx;
    struct kdb_buf first = {0};
    struct kdb_buf second = {0};
    kdb_ctx_init(&ctx, 0);
    rewrite again = rewrites[data[0] % (sizeof(rewrites) / sizeof(rewrites[0]))];
    kdb_status status = again(kdb_slice_of(data + 1, size - 1), &ctx, &first);
    KDB_ASSERT(status == KDB_OK || status == ctx.error.status);
    if (status == KDB_OK) {
        KDB_ASSERT(again(kdb_buf_view(&first), &ctx, &second) == KDB_OK);
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&first), kdb_buf_view(&second)));
    }
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&second);
    kdb_ctx_deinit(&ctx);
    return 0;
}
