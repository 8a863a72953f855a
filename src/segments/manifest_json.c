// SPDX-License-Identifier: Apache-2.0
// manifest.json: the manifest as people and other tools read it.
#include <math.h>

#include "base/id.h"
#include "base/json_write.h"
#include "segments/manifest.h"
#include "segments/segment_priv.h"
#include "types/cast.h"

static void write_member(struct kdb_buf *out, const char *name, int64_t value)
{
    kdb_buf_printf(out, ",\"%s\":%lld", name, (long long)value);
}

// A number as text, so that readers without 64-bit integers keep it.
static void write_quoted(struct kdb_buf *out, const kdb_value *value)
{
    struct kdb_buf text = {0};
    kdb_value_print(value, &text);
    kdb_json_string(out, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

static void write_real(struct kdb_buf *out, const kdb_value *value)
{
    if (!isfinite(value->real) || !kdb_json_double(out, value->real))
        write_quoted(out, value);
}

static void write_bytes(struct kdb_buf *out, const char *bytes, size_t len)
{
    kdb_buf_put(out, '[');
    for (size_t i = 0; i < len; i++)
        kdb_buf_printf(out, "%s%u", i > 0 ? "," : "", (unsigned char)bytes[i]);
    kdb_buf_put(out, ']');
}

// {"Int64":"42"}: the value under the name of its Arrow type.
static void write_scalar(struct kdb_buf *out, const kdb_value *value, kdb_type type)
{
    static const char *const names[KDB_KIND_COUNT] = {[KDB_BOOLEAN] = "Boolean",
                                                      [KDB_SMALLINT] = "Int16",
                                                      [KDB_INT] = "Int32",
                                                      [KDB_BIGINT] = "Int64",
                                                      [KDB_DOUBLE] = "Float64",
                                                      [KDB_FLOAT] = "Float32",
                                                      [KDB_TEXT] = "Utf8",
                                                      [KDB_TIMESTAMP] = "TimestampMicrosecond",
                                                      [KDB_DATE] = "Date32",
                                                      [KDB_DATETIME] = "TimestampMicrosecond",
                                                      [KDB_TIME] = "Time64Microsecond",
                                                      [KDB_BYTES] = "Binary",
                                                      [KDB_UUID] = "FixedSizeBinary",
                                                      [KDB_DECIMAL] = "Decimal128"};
    kdb_buf_printf(out, "{\"%s\":", names[value->kind]);
    switch ((int)value->kind) {
    case KDB_BOOLEAN:
        kdb_json_bool(out, value->boolean);
        break;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_DATE:
        kdb_json_i64(out, value->integer);
        break;
    case KDB_DOUBLE:
    case KDB_FLOAT:
        write_real(out, value);
        break;
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        kdb_buf_printf(out, "{\"value\":\"%lld\",\"timezone\":%s}", (long long)value->integer,
                       value->kind == KDB_DATETIME ? "\"UTC\"" : "null");
        break;
    case KDB_BIGINT:
    case KDB_TIME:
        kdb_buf_printf(out, "\"%lld\"", (long long)value->integer);
        break;
    case KDB_BYTES:
        write_bytes(out, value->bytes.data, value->bytes.len);
        break;
    case KDB_UUID:
        write_bytes(out, (const char *)value->uuid, sizeof(value->uuid));
        break;
    case KDB_DECIMAL:
        KDB_BUF_LIT(out, "{\"value\":");
        write_quoted(out, value);
        kdb_buf_printf(out, ",\"precision\":%u,\"scale\":%u}", type.precision, type.scale);
        break;
    default: // text
        kdb_json_string(out, value->bytes);
        break;
    }
    kdb_buf_put(out, '}');
}

static kdb_type type_of(const struct kdb_table *table, const struct kdb_segment *segment,
                        const struct kdb_column_stats *stats)
{
    const struct kdb_schema *schema = kdb_table_schema(table, segment->schema_version);
    int index = schema ? kdb_schema_find_id(schema, stats->column_id) : -1;
    if (index >= 0)
        return schema->columns[index].type;
    return (kdb_type){.kind = stats->min.kind, .precision = 38, .scale = stats->min.scale};
}

static void write_stats(struct kdb_buf *out, const struct kdb_table *table,
                        const struct kdb_segment *segment, bool shows_values)
{
    KDB_BUF_LIT(out, ",\"column_stats\":{");
    for (uint32_t i = 0; i < segment->stats_count; i++) {
        const struct kdb_column_stats *stats = &segment->stats[i];
        kdb_type type = type_of(table, segment, stats);
        kdb_buf_printf(out, "%s\"%d\":{\"min\":", i > 0 ? "," : "", stats->column_id);
        if (stats->has_range && shows_values)
            write_scalar(out, &stats->min, type);
        else
            kdb_json_null(out);
        KDB_BUF_LIT(out, ",\"max\":");
        if (stats->has_range && shows_values)
            write_scalar(out, &stats->max, type);
        else
            kdb_json_null(out);
        write_member(out, "null_count", stats->null_count);
        kdb_buf_put(out, '}');
    }
    kdb_buf_put(out, '}');
}

static void write_segment(struct kdb_buf *out, const struct kdb_table *table,
                          const struct kdb_segment *segment, bool shows_values)
{
    const char *name = segment_name_of(segment);
    kdb_buf_printf(out, "{\"id\":\"%s\",\"path\":\"%s\"", name, name);
    write_member(out, "min_seq", segment->min_seq);
    write_member(out, "max_seq", segment->max_seq);
    write_member(out, "row_count", segment->row_count);
    write_member(out, "tombstone_count", segment->tombstone_count);
    write_member(out, "size_bytes", segment->size_bytes);
    write_member(out, "created_at", segment->created_at_ms);
    write_member(out, "schema_version", segment->schema_version);
    KDB_BUF_LIT(out, ",\"status\":\"committed\"");
    write_stats(out, table, segment, shows_values);
    kdb_buf_put(out, '}');
}

void kdb_manifest_write_json(const struct kdb_manifest *manifest, const struct kdb_table *table,
                             kdb_slice user, bool shows_values, struct kdb_buf *out)
{
    uint64_t last = 0;
    KDB_BUF_LIT(out, "{\"table_id\":{\"namespace_id\":");
    kdb_json_string(out, table->space);
    KDB_BUF_LIT(out, ",\"table_name\":");
    kdb_json_string(out, table->name);
    KDB_BUF_LIT(out, "},\"user_id\":");
    if (user.len > 0)
        kdb_json_string(out, user);
    else
        kdb_json_null(out);
    write_member(out, "version", (int64_t)manifest->version);
    write_member(out, "created_at", manifest->created_at_ms);
    write_member(out, "updated_at", manifest->updated_at_ms);
    KDB_BUF_LIT(out, ",\"segments\":[");
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (i > 0)
            kdb_buf_put(out, ',');
        write_segment(out, table, manifest->segments[i], shows_values);
        if (manifest->segments[i]->number > last)
            last = manifest->segments[i]->number;
    }
    kdb_buf_put(out, ']');
    write_member(out, "last_sequence_number", (int64_t)last);
    KDB_BUF_LIT(out, ",\"files\":null,\"vector_indexes\":{}}\n");
}
