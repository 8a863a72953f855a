// SPDX-License-Identifier: Apache-2.0
// Rows of a subscription's query: which ones match, and how they look on the wire.
#include "base/json_write.h"
#include "live/query.h"
#include "types/row.h"

static kdb_status stand_at(const struct kdb_live_query *query, struct kdb_eval *eval, kdb_slice row)
{
    eval->row = row;
    eval->row_schema = NULL;
    if (row.len >= KDB_ROW_HEADER_BYTES)
        eval->row_schema = kdb_table_schema(query->table, kdb_row_schema_version(row));
    if (!eval->row_schema)
        return kdb_fail(eval->ctx, KDB_ERR_CORRUPT, "a row has an unknown schema version");
    return KDB_OK;
}

kdb_status kdb_live_matches(const struct kdb_live_query *query, struct kdb_eval *eval,
                            kdb_slice row, bool *ret_is_match)
{
    *ret_is_match = false;
    if (!row.data)
        return KDB_OK;
    KDB_TRY(stand_at(query, eval, row));
    if (kdb_row_is_deleted(row))
        return KDB_OK;
    if (query->filter)
        return kdb_eval_filter(query->filter, eval, ret_is_match);
    *ret_is_match = true;
    return KDB_OK;
}

// Opens an object, or goes on in it.
static void begin_member(struct kdb_buf *out, size_t object_at)
{
    kdb_buf_put(out, out->len == object_at ? '{' : ',');
}

static kdb_status write_member(struct kdb_buf *out, size_t object_at,
                               const struct kdb_live_column *column, const kdb_value *value,
                               struct kdb_ctx *ctx)
{
    begin_member(out, object_at);
    kdb_buf_slice(out, column->label);
    return kdb_value_write_json(value, ctx, out);
}

static void write_seq(struct kdb_buf *out, size_t object_at, int64_t seq)
{
    begin_member(out, object_at);
    KDB_BUF_LIT(out, "\"_seq\":\"");
    kdb_buf_i64(out, seq);
    kdb_buf_put(out, '"');
}

kdb_status kdb_live_write_row(const struct kdb_live_query *query, struct kdb_eval *eval,
                              kdb_slice row, int64_t seq, bool is_deleted, struct kdb_buf *out)
{
    size_t object_at = out->len;
    KDB_TRY(stand_at(query, eval, row));
    for (size_t i = 0; i < query->column_count; i++) {
        kdb_value value;
        KDB_TRY(kdb_eval(query->columns[i].expr, eval, &value));
        KDB_TRY(write_member(out, object_at, &query->columns[i], &value, eval->ctx));
    }
    write_seq(out, object_at, seq);
    if (query->is_whole && query->table->kind != KDB_TABLE_STREAM) {
        KDB_BUF_LIT(out, ",\"_updated\":");
        kdb_json_i64(out, kdb_snowflake_ms(seq) * 1000);
        KDB_BUF_LIT(out, ",\"_deleted\":");
        kdb_json_bool(out, is_deleted);
    }
    kdb_buf_put(out, '}');
    return KDB_OK;
}

// The columns of one version; they stay until scratch is reset.
static kdb_status evaluate(const struct kdb_live_query *query, struct kdb_eval *eval, kdb_slice row,
                           kdb_value **ret_values)
{
    kdb_value *values =
        kdb_arena_alloc(eval->scratch, (query->column_count + 1) * sizeof(kdb_value));
    KDB_TRY(stand_at(query, eval, row));
    for (size_t i = 0; i < query->column_count; i++)
        KDB_TRY(kdb_eval(query->columns[i].expr, eval, &values[i]));
    *ret_values = values;
    return KDB_OK;
}

// The key in front, where the columns do not have it.
static kdb_status write_hidden_key(const struct kdb_live_query *query, struct kdb_eval *eval,
                                   size_t object_at, struct kdb_buf *out)
{
    if (query->has_key || !query->key.expr)
        return KDB_OK;
    kdb_value value;
    KDB_TRY(kdb_eval(query->key.expr, eval, &value));
    return write_member(out, object_at, &query->key, &value, eval->ctx);
}

kdb_status kdb_live_write_update(const struct kdb_live_query *query, struct kdb_eval *eval,
                                 kdb_slice old_row, kdb_slice new_row, struct kdb_buf *out)
{
    kdb_value *old_values;
    kdb_value *new_values;
    KDB_TRY(evaluate(query, eval, old_row, &old_values));
    KDB_TRY(evaluate(query, eval, new_row, &new_values));
    KDB_BUF_LIT(out, "\"rows\":[");
    size_t object_at = out->len;
    KDB_TRY(write_hidden_key(query, eval, object_at, out));
    for (size_t i = 0; i < query->column_count; i++) {
        // A column that was null and is null says nothing.
        if (!new_values[i].is_null || !old_values[i].is_null)
            KDB_TRY(write_member(out, object_at, &query->columns[i], &new_values[i], eval->ctx));
    }
    write_seq(out, object_at, kdb_row_seq(new_row));
    KDB_BUF_LIT(out, "}],\"old_values\":[");
    object_at = out->len;
    KDB_TRY(write_hidden_key(query, eval, object_at, out));
    for (size_t i = 0; i < query->column_count; i++) {
        if (query->columns[i].is_key || !kdb_value_same(&old_values[i], &new_values[i]))
            KDB_TRY(write_member(out, object_at, &query->columns[i], &old_values[i], eval->ctx));
    }
    write_seq(out, object_at, kdb_row_seq(old_row));
    KDB_BUF_LIT(out, "}]");
    return KDB_OK;
}
