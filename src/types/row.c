// SPDX-License-Identifier: Apache-2.0
// Encoding, checking and reading of rows (the layout is in row.h).
//
// Multi-byte fields are little-endian; the build refuses other machines rather than swapping bytes
// per column.
#include "types/row.h"

#include "base/assert.h"
#include "base/civil.h"
#include "types/decimal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are little-endian");

#define FLAG_DELETED 1U

static uint32_t load_u32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static bool is_null_at(const char *row, uint32_t index)
{
    unsigned bits = (unsigned char)row[KDB_ROW_HEADER_BYTES + index / 8];
    return (bits >> (index % 8) & 1U) != 0;
}

static void put_header(char *row, const struct kdb_schema *schema, int64_t seq, bool is_deleted)
{
    uint16_t column_count = (uint16_t)schema->column_count;
    row[0] = KDB_ROW_FORMAT;
    row[1] = (char)(is_deleted ? FLAG_DELETED : 0);
    memcpy(row + 2, &column_count, sizeof(column_count));
    memcpy(row + 4, &schema->version, sizeof(schema->version));
    memcpy(row + 8, &seq, sizeof(seq));
}

// Writes a fixed-length value into its slot.
static void put_fixed(char *at, const struct kdb_slot *slot, const kdb_value *value)
{
    switch ((kdb_kind)slot->kind) {
    case KDB_BOOLEAN:
        *at = value->boolean ? 1 : 0;
        return;
    case KDB_SMALLINT: {
        int16_t narrow = (int16_t)value->integer;
        memcpy(at, &narrow, sizeof(narrow));
        return;
    }
    case KDB_INT:
    case KDB_DATE: {
        int32_t narrow = (int32_t)value->integer;
        memcpy(at, &narrow, sizeof(narrow));
        return;
    }
    case KDB_FLOAT: {
        float narrow = (float)value->real;
        memcpy(at, &narrow, sizeof(narrow));
        return;
    }
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        memcpy(at, &value->integer, 8);
        return;
    case KDB_DECIMAL:
        KDB_ASSERT(value->scale == slot->scale);
        memcpy(at, &value->decimal, 16);
        return;
    case KDB_UUID:
        memcpy(at, value->uuid, 16);
        return;
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE:
    case KDB_UNKNOWN:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

// Bytes the variable-length values need together.
static size_t heap_bytes(const struct kdb_schema *schema, const kdb_value *values)
{
    size_t total = 0;
    for (uint32_t i = 0; i < schema->variable_count; i++) {
        const kdb_value *value = &values[schema->variable_columns[i]];
        total += value->is_null ? 0 : value->bytes.len;
    }
    return total;
}

kdb_status kdb_row_encode(const struct kdb_schema *schema, struct kdb_ctx *ctx,
                          const kdb_value *values, int64_t seq, bool is_deleted,
                          struct kdb_buf *out)
{
    size_t size = schema->heap_offset + heap_bytes(schema, values);
    char *row = size <= UINT32_MAX ? kdb_buf_reserve(out, size) : NULL;
    if (!row)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "a row of %zu bytes is too large", size);
    memset(row, 0, schema->heap_offset);
    put_header(row, schema, seq, is_deleted);
    char *heap = row + schema->heap_offset;
    uint32_t end = 0;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct kdb_slot *slot = &schema->slots[i];
        const kdb_value *value = &values[i];
        KDB_ASSERT(value->kind == slot->kind);
        bool is_variable = kdb_kind_is_variable(slot->kind);
        if (value->is_null) {
            char *bits = row + KDB_ROW_HEADER_BYTES + i / 8;
            *bits = (char)(*bits | (1 << (i % 8)));
        } else if (is_variable) {
            KDB_ASSERT(slot->kind != KDB_EMBEDDING ||
                       value->bytes.len == slot->dimension * sizeof(float));
            if (value->bytes.len > 0)
                memcpy(heap + end, value->bytes.data, value->bytes.len);
            end += (uint32_t)value->bytes.len;
        } else {
            put_fixed(row + slot->offset, slot, value);
        }
        if (is_variable)
            memcpy(row + slot->offset, &end, sizeof(end));
    }
    KDB_ASSERT(schema->heap_offset + (size_t)end == size);
    kdb_buf_advance(out, size);
    return KDB_OK;
}

static const char *check_header(const struct kdb_schema *schema, kdb_slice row)
{
    if (row.len < schema->heap_offset)
        return "too short";
    if (row.data[0] != KDB_ROW_FORMAT)
        return "unknown format version";
    if (((unsigned char)row.data[1] & ~FLAG_DELETED) != 0)
        return "unknown flags";
    uint16_t column_count;
    memcpy(&column_count, row.data + 2, sizeof(column_count));
    if (column_count != schema->column_count)
        return "wrong number of columns";
    if (kdb_row_schema_version(row) != schema->version)
        return "another schema version";
    if (schema->column_count % 8 != 0) {
        unsigned char last =
            (unsigned char)row.data[KDB_ROW_HEADER_BYTES + schema->column_count / 8];
        if (last >> (schema->column_count % 8) != 0)
            return "null bits beyond the last column";
    }
    return NULL;
}

static const char *check_fixed(const struct kdb_slot *slot, const char *at)
{
    int64_t word;
    kdb_int128 decimal;
    switch ((kdb_kind)slot->kind) {
    case KDB_BOOLEAN:
        return (unsigned char)*at > 1 ? "a boolean is neither 0 nor 1" : NULL;
    case KDB_TIME:
        memcpy(&word, at, sizeof(word));
        return word < 0 || word > KDB_US_PER_DAY ? "a time is not within a day" : NULL;
    case KDB_DECIMAL:
        memcpy(&decimal, at, sizeof(decimal));
        return kdb_decimal_fits(decimal, slot->precision) ? NULL : "a decimal is too large";
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_DATE:
    case KDB_FLOAT:
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_UUID:
        return NULL; // every bit pattern is a value
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE:
    case KDB_UNKNOWN:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static const char *check_variable(const struct kdb_slot *slot, bool is_null, uint32_t len)
{
    if (is_null)
        return len != 0 ? "a NULL has bytes" : NULL;
    if (slot->kind == KDB_EMBEDDING && len != slot->dimension * sizeof(float))
        return "an embedding has the wrong length";
    return NULL;
}

// What is wrong with the row, or NULL.
static const char *find_damage(const struct kdb_schema *schema, kdb_slice row)
{
    const char *damage = check_header(schema, row);
    size_t heap = damage ? 0 : row.len - schema->heap_offset;
    uint32_t start = 0;
    for (uint32_t i = 0; i < schema->column_count && !damage; i++) {
        const struct kdb_slot *slot = &schema->slots[i];
        bool is_null = is_null_at(row.data, i);
        if (!kdb_kind_is_variable(slot->kind)) {
            damage = is_null ? NULL : check_fixed(slot, row.data + slot->offset);
            continue;
        }
        uint32_t end = load_u32(row.data + slot->offset);
        if (end < start || end > heap)
            return "an offset is out of order";
        damage = check_variable(slot, is_null, end - start);
        start = end;
    }
    if (!damage && start != heap)
        return "bytes behind the last value";
    return damage;
}

kdb_status kdb_row_check(const struct kdb_schema *schema, struct kdb_ctx *ctx, kdb_slice row)
{
    const char *damage = find_damage(schema, row);
    if (damage)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "damaged row: %s", damage);
    return KDB_OK;
}

void kdb_row_get(const struct kdb_schema *schema, kdb_slice row, uint32_t index,
                 kdb_value *ret_value)
{
    KDB_ASSERT(index < schema->column_count);
    const struct kdb_slot *slot = &schema->slots[index];
    const char *at = row.data + slot->offset;
    ret_value->kind = slot->kind;
    ret_value->scale = slot->scale;
    ret_value->is_null = is_null_at(row.data, index);
    if (ret_value->is_null)
        return;
    switch ((kdb_kind)slot->kind) {
    case KDB_BOOLEAN:
        ret_value->boolean = *at != 0;
        return;
    case KDB_SMALLINT: {
        int16_t narrow;
        memcpy(&narrow, at, sizeof(narrow));
        ret_value->integer = narrow;
        return;
    }
    case KDB_INT:
    case KDB_DATE: {
        int32_t narrow;
        memcpy(&narrow, at, sizeof(narrow));
        ret_value->integer = narrow;
        return;
    }
    case KDB_FLOAT: {
        float narrow;
        memcpy(&narrow, at, sizeof(narrow));
        ret_value->real = (double)narrow;
        return;
    }
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        memcpy(&ret_value->integer, at, 8);
        return;
    case KDB_UUID:
    case KDB_DECIMAL:
        memcpy(&ret_value->decimal, at, 16);
        return;
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE: {
        uint32_t start = slot->before ? load_u32(row.data + slot->before) : 0;
        ret_value->bytes =
            kdb_slice_of(row.data + schema->heap_offset + start, load_u32(at) - start);
        return;
    }
    case KDB_UNKNOWN:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void get_system(kdb_slice row, int32_t id, kdb_value *ret_value)
{
    switch (id) {
    case KDB_COLUMN_SEQ:
        *ret_value = kdb_value_int(KDB_BIGINT, kdb_row_seq(row));
        return;
    case KDB_COLUMN_UPDATED:
        *ret_value = kdb_value_int(KDB_TIMESTAMP, kdb_row_updated_us(row));
        return;
    case KDB_COLUMN_DELETED:
        *ret_value = kdb_value_bool(kdb_row_is_deleted(row));
        return;
    default:
        KDB_UNREACHABLE();
    }
}

// Numbers of a narrower kind are the same numbers in the wider one.
static void widen(kdb_value *value, kdb_kind kind)
{
    bool is_wider = kind == KDB_DOUBLE
                        ? value->kind == KDB_FLOAT
                        : kdb_kind_is_integer(kind) && kdb_kind_is_integer(value->kind);
    if (is_wider)
        value->kind = (uint8_t)kind;
}

void kdb_row_get_column(const struct kdb_schema *row_schema, kdb_slice row,
                        const struct kdb_column *column, kdb_value *ret_value)
{
    if (column->id < 0) {
        get_system(row, column->id, ret_value);
        return;
    }
    int index = kdb_schema_find_id(row_schema, column->id);
    if (index >= 0) {
        kdb_row_get(row_schema, row, (uint32_t)index, ret_value);
        if (ret_value->kind != column->type.kind)
            widen(ret_value, column->type.kind);
    } else if (column->default_kind == KDB_DEFAULT_VALUE) {
        *ret_value = column->default_value;
    } else {
        *ret_value = kdb_value_null(column->type.kind);
    }
}
