// SPDX-License-Identifier: Apache-2.0
// Bounds and NULL counts of one column. Long text is cut: a smaller lower bound and a larger upper
// bound are bounds too.
#include "base/utf8.h"
#include "segments/segment_write_priv.h"
#include "types/key.h"

static bool is_bytes(const struct stats_collector *collector)
{
    return collector->type.kind == KDB_TEXT || collector->type.kind == KDB_BYTES;
}

static kdb_slice cut(kdb_slice bytes)
{
    return kdb_slice_of(bytes.data,
                        bytes.len < KDB_STATS_BYTES_MAX ? bytes.len : KDB_STATS_BYTES_MAX);
}

static void keep(kdb_value *bound, char *buffer, kdb_slice bytes)
{
    if (bytes.len > 0)
        memcpy(buffer, bytes.data, bytes.len);
    bound->bytes = kdb_slice_of(buffer, bytes.len);
}

// The first bytes decide: cutting keeps the order of different values.
static void add_bytes(struct stats_collector *collector, const kdb_value *value)
{
    kdb_slice bytes = cut(value->bytes);
    bool is_cut = bytes.len < value->bytes.len;
    if (!collector->has_value) {
        collector->min = *value;
        collector->max = *value;
        keep(&collector->min, collector->min_bytes, bytes);
        keep(&collector->max, collector->max_bytes, bytes);
        collector->is_max_cut = is_cut;
        return;
    }
    if (kdb_slice_compare(bytes, collector->min.bytes) < 0)
        keep(&collector->min, collector->min_bytes, bytes);
    int above = kdb_slice_compare(bytes, collector->max.bytes);
    if (above > 0) {
        keep(&collector->max, collector->max_bytes, bytes);
        collector->is_max_cut = is_cut;
    } else if (above == 0) {
        collector->is_max_cut = collector->is_max_cut || is_cut;
    }
}

static bool is_integer_like(kdb_kind kind)
{
    return kdb_kind_is_integer(kind) || kind == KDB_DATE || kind == KDB_TIME ||
           kind == KDB_TIMESTAMP || kind == KDB_DATETIME;
}

void stats_add(struct stats_collector *collector, const kdb_value *value)
{
    kdb_kind kind = (kdb_kind)collector->type.kind;
    if (value->is_null) {
        collector->null_count++;
        return;
    }
    if (is_bytes(collector)) {
        add_bytes(collector, value);
    } else if (!kdb_kind_is_key(kind)) {
        return; // JSON, FILE, EMBEDDING have no order
    } else if (!collector->has_value) {
        collector->min = *value;
        collector->max = *value;
    } else if (is_integer_like(kind)) {
        if (value->integer < collector->min.integer)
            collector->min.integer = value->integer;
        if (value->integer > collector->max.integer)
            collector->max.integer = value->integer;
    } else {
        if (kdb_value_compare(value, &collector->min) < 0)
            collector->min = *value;
        if (kdb_value_compare(value, &collector->max) > 0)
            collector->max = *value;
    }
    collector->has_value = true;
}

// Makes the cut upper bound larger than everything that begins with it, in place. False when there
// is no such text.
static bool raise_bound(char *bytes, size_t *len, bool is_text)
{
    // Of text, an ASCII character is raised and stays one, so that the bound is valid UTF-8.
    unsigned char top = is_text ? 0x7E : 0xFE;
    while (*len > 0) {
        unsigned char last = (unsigned char)bytes[*len - 1];
        if (last <= top) {
            bytes[*len - 1] = (char)(last + 1);
            return true;
        }
        (*len)--;
    }
    return false;
}

static bool finish_bytes(struct stats_collector *collector)
{
    bool is_text = collector->type.kind == KDB_TEXT;
    if (is_text)
        collector->min.bytes.len = kdb_utf8_valid_prefix(collector->min.bytes);
    if (!collector->is_max_cut)
        return true;
    return raise_bound(collector->max_bytes, &collector->max.bytes.len, is_text);
}

void stats_finish(struct stats_collector *collector, int32_t column_id,
                  struct kdb_column_stats *ret_stats)
{
    bool has_range = collector->has_value;
    if (has_range && is_bytes(collector))
        has_range = finish_bytes(collector);
    if (!has_range) {
        collector->min = kdb_value_null((kdb_kind)collector->type.kind);
        collector->min.scale = collector->type.scale;
        collector->max = collector->min;
    }
    *ret_stats = (struct kdb_column_stats){.column_id = column_id,
                                           .has_range = has_range,
                                           .min = collector->min,
                                           .max = collector->max,
                                           .null_count = collector->null_count};
}
