// SPDX-License-Identifier: Apache-2.0
// What INSERT, UPDATE and DELETE share: defaults, NOT NULL, encoding rows into operations.
#include "exec/exec_priv.h"
#include "types/cast.h"
#include "types/row.h"

kdb_status write_check_not_null(struct kdb_exec *exec, const struct kdb_table *table,
                                const kdb_value *values, size_t row_number)
{
    const struct kdb_schema *schema = table->schema;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (values[i].is_null && schema->columns[i].is_not_null)
            return kdb_fail(exec->ctx, KDB_ERR_CONSTRAINT,
                            "null value in column \"%.*s\" of table %.*s.%.*s violates NOT NULL "
                            "(row %zu)",
                            KDB_ARG(schema->columns[i].name), KDB_ARG(table->space),
                            KDB_ARG(table->name), row_number);
    }
    return KDB_OK;
}

static kdb_status default_text(struct kdb_exec *exec, const struct kdb_column *column,
                               kdb_slice text, kdb_value *ret)
{
    kdb_value value = kdb_value_bytes(KDB_TEXT, kdb_arena_copy(&exec->ctx->arena, text));
    if (column->type.kind == KDB_TEXT) {
        *ret = value;
        return KDB_OK;
    }
    return kdb_value_parse(value.bytes, exec->ctx, column->type, ret);
}

kdb_status write_default(struct kdb_exec *exec, const struct kdb_column *column, kdb_value *ret)
{
    char text[KDB_UUID_TEXT + 1];
    switch (column->default_kind) {
    case KDB_DEFAULT_NONE:
        *ret = kdb_value_null((kdb_kind)column->type.kind);
        ret->scale = column->type.scale;
        return KDB_OK;
    case KDB_DEFAULT_VALUE:
        *ret = column->default_value;
        return KDB_OK;
    case KDB_DEFAULT_NOW: {
        kdb_value now = kdb_value_int(KDB_TIMESTAMP, exec->now_us);
        return kdb_cast(&now, exec->ctx, column->type, ret);
    }
    case KDB_DEFAULT_SNOWFLAKE_ID:
        *ret = kdb_value_int(KDB_BIGINT, kdb_snowflake_next(exec->services->ids));
        return KDB_OK;
    case KDB_DEFAULT_UUID_V7:
        kdb_uuid_v7_text(exec->services->id_source, text);
        return default_text(exec, column, kdb_slice_of(text, KDB_UUID_TEXT), ret);
    case KDB_DEFAULT_ULID:
        kdb_ulid_text(exec->services->id_source, text);
        return default_text(exec, column, kdb_slice_of(text, KDB_ULID_TEXT), ret);
    case KDB_DEFAULT_CURRENT_USER:
        return default_text(exec, column, exec->user, ret);
    }
    return kdb_fail(exec->ctx, KDB_ERR_INTERNAL, "a column has an unknown default");
}

kdb_status write_decode_row(struct kdb_exec *exec, const struct kdb_table *table, kdb_slice row,
                            kdb_value *values)
{
    const struct kdb_schema *schema = table->schema;
    const struct kdb_schema *row_schema = kdb_table_schema(table, kdb_row_schema_version(row));
    if (!row_schema)
        return kdb_fail(exec->ctx, KDB_ERR_CORRUPT, "a row has an unknown schema version");
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (row_schema == schema) {
            kdb_row_get(schema, row, i, &values[i]);
            continue;
        }
        // Written under an older version: converted to what the column is now.
        kdb_value value;
        kdb_row_get_column(row_schema, row, &schema->columns[i], &value);
        KDB_TRY(kdb_cast(&value, exec->ctx, schema->columns[i].type, &values[i]));
    }
    return KDB_OK;
}

void write_ops_deinit(struct write_ops *ops)
{
    kdb_buf_deinit(&ops->row);
}

kdb_status write_op_add(struct write_ops *ops, const kdb_value *values, bool is_deleted,
                        struct kdb_row_op op)
{
    struct kdb_ctx *ctx = ops->exec->ctx;
    kdb_buf_clear(&ops->row);
    KDB_TRY(kdb_row_encode(ops->table->schema, ctx, values, 0, is_deleted, &ops->row));
    op.row_len = ops->row.len;
    op.row = kdb_arena_alloc(&ctx->arena, op.row_len);
    memcpy(op.row, ops->row.data, op.row_len);
    KDB_PUSH(&ctx->arena, ops->items, ops->count, ops->capacity, op);
    return kdb_ctx_check(ctx);
}
