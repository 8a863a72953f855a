// SPDX-License-Identifier: Apache-2.0
// The layout of a table's rows, and looking columns up.
#include "types/schema.h"

#include "base/assert.h"
#include "types/row.h"

static uint32_t slot_bytes(kdb_kind kind)
{
    switch (kind) {
    case KDB_BOOLEAN:
        return 1;
    case KDB_SMALLINT:
        return 2;
    case KDB_INT:
    case KDB_DATE:
    case KDB_FLOAT:
        return 4;
    case KDB_BIGINT:
    case KDB_DOUBLE:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
    case KDB_TIME:
        return 8;
    case KDB_UUID:
    case KDB_DECIMAL:
        return 16;
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE:
        return 4; // the end offset in the heap
    case KDB_UNKNOWN:
    case KDB_INTERVAL:
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

static void index_ids(struct kdb_schema *schema, struct kdb_arena *arena)
{
    schema->id_max = 0;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (schema->columns[i].id > schema->id_max)
            schema->id_max = schema->columns[i].id;
    }
    KDB_ASSERT(schema->id_max <= KDB_COLUMN_ID_MAX);
    schema->by_id = kdb_arena_array(arena, (size_t)schema->id_max + 1, sizeof(*schema->by_id));
    for (uint32_t i = 0; i < schema->column_count; i++) {
        int32_t id = schema->columns[i].id;
        KDB_ASSERT(id > 0 && schema->by_id[id] == 0);
        schema->by_id[id] = (uint16_t)(i + 1);
    }
}

void kdb_schema_finish(struct kdb_schema *schema, struct kdb_arena *arena)
{
    uint32_t count = schema->column_count;
    KDB_ASSERT(count > 0 && count <= KDB_COLUMNS_MAX &&
               (schema->key_index < count || schema->key_index == KDB_NO_KEY));
    schema->slots = kdb_arena_array(arena, count, sizeof(*schema->slots));
    schema->variable_columns = kdb_arena_array(arena, count, sizeof(*schema->variable_columns));
    schema->variable_count = 0;
    schema->heap_end_slot = 0;
    uint32_t offset = KDB_ROW_HEADER_BYTES + (count + 7) / 8;
    for (uint32_t i = 0; i < count; i++) {
        kdb_type type = schema->columns[i].type;
        struct kdb_slot *slot = &schema->slots[i];
        KDB_ASSERT(kdb_kind_is_column(type.kind));
        *slot = (struct kdb_slot){.offset = offset,
                                  .before = schema->heap_end_slot,
                                  .dimension = type.dimension,
                                  .kind = type.kind,
                                  .scale = type.scale,
                                  .precision = type.precision};
        if (kdb_kind_is_variable(type.kind)) {
            schema->heap_end_slot = offset;
            schema->variable_columns[schema->variable_count++] = (uint16_t)i;
        }
        offset += slot_bytes(type.kind);
    }
    schema->heap_offset = offset;
    index_ids(schema, arena);
}

int kdb_schema_find(const struct kdb_schema *schema, kdb_slice name)
{
    for (uint32_t i = 0; i < schema->column_count; i++) {
        if (kdb_slice_equal(schema->columns[i].name, name))
            return (int)i;
    }
    return -1;
}

int kdb_schema_find_id(const struct kdb_schema *schema, int32_t id)
{
    return id > 0 && id <= schema->id_max ? schema->by_id[id] - 1 : -1;
}
