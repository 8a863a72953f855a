// SPDX-License-Identifier: Apache-2.0
// From conditions on the primary key to encoded points or a range.
#include <stdlib.h>

#include "exec/exec_priv.h"
#include "types/key.h"

struct builder {
    struct kdb_exec *exec;
    kdb_type key_type;
    struct kdb_eval eval;
    struct key_bounds *bounds;
};

// Where an integer beyond the key's type lies: below (-1) or above (+1) everything, 0: it fits.
static int beyond(const struct builder *builder, const kdb_value *value)
{
    int64_t min = INT64_MIN;
    int64_t max = INT64_MAX;
    if (builder->key_type.kind == KDB_INT) {
        min = INT32_MIN;
        max = INT32_MAX;
    } else if (builder->key_type.kind == KDB_SMALLINT) {
        min = INT16_MIN;
        max = INT16_MAX;
    } else {
        return 0;
    }
    return value->integer < min ? -1 : value->integer > max;
}

// The encoded value; `ret_side` as in `beyond`. Text longer than a key may be is larger than some
// keys and smaller than others: it is no bound.
static kdb_status encode(struct builder *builder, kdb_value value, kdb_slice *ret_key,
                         int *ret_side)
{
    *ret_side = beyond(builder, &value);
    *ret_key = (kdb_slice){0};
    if (*ret_side != 0)
        return KDB_OK;
    value.kind = builder->key_type.kind;
    struct kdb_buf buf = {0};
    kdb_status status = kdb_key_value(&buf, builder->exec->ctx, &value);
    if (status == KDB_OK)
        *ret_key = kdb_arena_copy(&builder->exec->ctx->arena, kdb_buf_view(&buf));
    else
        kdb_ctx_clear_error(builder->exec->ctx);
    kdb_buf_deinit(&buf);
    return KDB_OK;
}

// The smallest byte string above `key` and everything it is a prefix of: encodings are no prefixes
// of each other.
static kdb_slice just_above(struct builder *builder, kdb_slice key)
{
    char *bytes = kdb_arena_alloc(&builder->exec->ctx->arena, key.len + 1);
    memcpy(bytes, key.data, key.len);
    bytes[key.len] = '\0';
    return kdb_slice_of(bytes, key.len + 1);
}

static void raise_first(struct key_bounds *bounds, kdb_slice first)
{
    if (!bounds->first.data || kdb_slice_compare(first, bounds->first) > 0)
        bounds->first = first;
}

static void lower_end(struct key_bounds *bounds, kdb_slice end)
{
    if (!bounds->end.data || kdb_slice_compare(end, bounds->end) < 0)
        bounds->end = end;
}

static kdb_status add_range(struct builder *builder, kdb_key_op op, const kdb_value *value)
{
    struct key_bounds *bounds = builder->bounds;
    bool is_upper = op == KDB_KEY_LESS || op == KDB_KEY_LESS_EQUAL;
    kdb_slice key;
    int side;
    KDB_TRY(encode(builder, *value, &key, &side));
    if (side != 0) {
        // key < (something below every key), or key > (something above every key): nothing matches.
        bounds->is_empty = bounds->is_empty || (is_upper ? side < 0 : side > 0);
        return KDB_OK;
    }
    if (!key.data)
        return KDB_OK;
    if (is_upper)
        lower_end(bounds, op == KDB_KEY_LESS ? key : just_above(builder, key));
    else
        raise_first(bounds, op == KDB_KEY_GREATER ? just_above(builder, key) : key);
    return KDB_OK;
}

static int compare_points(const void *a, const void *b)
{
    return kdb_slice_compare(*(const kdb_slice *)a, *(const kdb_slice *)b);
}

// The first list of points is taken; a second one is left to the filter.
static kdb_status add_points(struct builder *builder, const struct kdb_key_condition *condition)
{
    struct key_bounds *bounds = builder->bounds;
    if (bounds->has_points && bounds->point_count <= condition->value_count)
        return KDB_OK;
    struct kdb_exec *exec = builder->exec;
    kdb_slice *points =
        kdb_arena_array(&exec->ctx->arena, condition->value_count, sizeof(kdb_slice));
    size_t count = 0;
    for (size_t i = 0; i < condition->value_count; i++) {
        kdb_value value;
        KDB_TRY(kdb_eval(condition->values[i], &builder->eval, &value));
        if (value.is_null)
            continue;
        int side;
        kdb_slice key;
        KDB_TRY(encode(builder, value, &key, &side));
        if (key.data)
            points[count++] = key;
    }
    if (count > 1)
        qsort(points, count, sizeof(*points), compare_points);
    size_t unique = count > 0;
    for (size_t i = 1; i < count; i++) {
        if (!kdb_slice_equal(points[i], points[unique - 1]))
            points[unique++] = points[i];
    }
    bounds->has_points = true;
    bounds->points = points;
    bounds->point_count = unique;
    return KDB_OK;
}

// Rows of a stream that have reached their TTL are no more, whether they were removed yet or not.
static void leave_out_expired(struct builder *builder, const struct kdb_table *table)
{
    struct key_bounds *bounds = builder->bounds;
    struct kdb_buf key = {0};
    kdb_key_i64(&key, exec_first_alive(builder->exec, table));
    kdb_slice first = kdb_arena_copy(&builder->exec->ctx->arena, kdb_buf_view(&key));
    kdb_buf_deinit(&key);
    raise_first(bounds, first);
    while (bounds->point_count > 0 && kdb_slice_compare(bounds->points[0], first) < 0) {
        bounds->points++;
        bounds->point_count--;
    }
}

kdb_status key_bounds_make(struct kdb_exec *exec, const struct kdb_table *table,
                           const struct kdb_key_condition *keys, size_t key_count,
                           struct key_bounds *ret)
{
    struct key_bounds bounds = {0};
    struct builder builder = {.exec = exec, .bounds = &bounds};
    bool is_stream = table->kind == KDB_TABLE_STREAM;
    builder.key_type = is_stream ? KDB_TYPE(KDB_BIGINT) // _seq
                                 : table->schema->columns[table->schema->key_index].type;
    exec_eval_init(exec, table, &exec->ctx->arena, &builder.eval);
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].op == KDB_KEY_EQUAL || keys[i].op == KDB_KEY_IN) {
            KDB_TRY(add_points(&builder, &keys[i]));
            continue;
        }
        kdb_value value;
        KDB_TRY(kdb_eval(keys[i].values[0], &builder.eval, &value));
        if (value.is_null)
            bounds.is_empty = true;
        else
            KDB_TRY(add_range(&builder, keys[i].op, &value));
    }
    if (is_stream)
        leave_out_expired(&builder, table);
    bounds.is_empty =
        bounds.is_empty || (bounds.has_points && bounds.point_count == 0) ||
        (bounds.first.data && bounds.end.data && kdb_slice_compare(bounds.first, bounds.end) >= 0);
    *ret = bounds;
    return KDB_OK;
}
