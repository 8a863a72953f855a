// SPDX-License-Identifier: Apache-2.0
// The stored form of segments and manifest heads: fixed little-endian fields, lengths before bytes,
// a CRC-32C at the end (docs/FORMATS.md).
#include "base/alloc.h"
#include "base/digest.h"
#include "segments/filter.h"
#include "segments/segment_priv.h"
#include "types/key.h"
#include "types/schema.h"

#define RECORD_FORMAT 1
#define HEAD_FORMAT   1

#define FOLDER_IN_DATA  0 // the folder is relative to the data folder
#define FOLDER_ABSOLUTE 1

#define CRC_BYTES 4

// Fewest bytes of one column's statistics and of one group's key: they bound what a damaged count
// can make us allocate.
#define STATS_BYTES_MIN 15
#define GROUP_BYTES_MIN 4

// ---- writing ----

static void put_u32(struct kdb_buf *out, uint32_t value)
{
    kdb_buf_append(out, &value, sizeof(value));
}

static void put_i64(struct kdb_buf *out, int64_t value)
{
    kdb_buf_append(out, &value, sizeof(value));
}

static void put_bytes(struct kdb_buf *out, kdb_slice bytes)
{
    put_u32(out, (uint32_t)bytes.len);
    kdb_buf_slice(out, bytes);
}

static void put_crc(struct kdb_buf *out, size_t start)
{
    put_u32(out, kdb_crc32c(0, kdb_slice_skip(kdb_buf_view(out), start)));
}

// Bytes of a bound of fixed length; 0: length and bytes.
static uint32_t bound_bytes(kdb_kind kind)
{
    switch ((int)kind) {
    case KDB_BOOLEAN:
        return 1;
    case KDB_TEXT:
    case KDB_BYTES:
        return 0;
    case KDB_UUID:
    case KDB_DECIMAL:
        return 16;
    default:
        return 8;
    }
}

// True for the kinds whose smallest and largest value are kept.
static bool has_bounds(kdb_kind kind)
{
    return kdb_kind_is_key(kind);
}

static void put_bound(struct kdb_buf *out, const kdb_value *value)
{
    uint32_t size = bound_bytes((kdb_kind)value->kind);
    if (size == 0)
        put_bytes(out, value->bytes);
    else if (size == 1)
        kdb_buf_put(out, value->boolean ? 1 : 0);
    else // the members of the union begin at one place
        kdb_buf_append(out, size == 16 ? (const void *)value->uuid : (const void *)&value->integer,
                       size);
}

static void put_stats(struct kdb_buf *out, const struct kdb_column_stats *stats)
{
    put_u32(out, (uint32_t)stats->column_id);
    put_i64(out, stats->null_count);
    kdb_buf_put(out, (char)stats->min.kind);
    kdb_buf_put(out, (char)stats->min.scale);
    kdb_buf_put(out, stats->has_range ? 1 : 0);
    if (!stats->has_range)
        return;
    put_bound(out, &stats->min);
    put_bound(out, &stats->max);
}

static void put_folder(struct kdb_buf *out, kdb_slice path, kdb_slice data_path)
{
    size_t slash = path.len;
    while (slash > 0 && path.data[slash - 1] != '/')
        slash--;
    kdb_slice folder = kdb_slice_of(path.data, slash - 1);
    bool is_in_data = kdb_slice_has_prefix(folder, data_path) && folder.len > data_path.len &&
                      folder.data[data_path.len] == '/';
    kdb_buf_put(out, is_in_data ? FOLDER_IN_DATA : FOLDER_ABSOLUTE);
    put_bytes(out, is_in_data ? kdb_slice_skip(folder, data_path.len + 1) : folder);
}

void segment_record_write(const struct kdb_segment *segment, kdb_slice data_path,
                          struct kdb_buf *out)
{
    size_t start = out->len;
    kdb_buf_put(out, RECORD_FORMAT);
    put_i64(out, (int64_t)segment->number);
    put_u32(out, segment->table_id);
    put_u32(out, segment->schema_version);
    put_i64(out, segment->row_count);
    put_i64(out, segment->tombstone_count);
    put_i64(out, segment->size_bytes);
    put_i64(out, segment->created_at_ms);
    put_i64(out, segment->min_seq);
    put_i64(out, segment->max_seq);
    put_i64(out, segment->oldest_tombstone_ms);
    put_folder(out, segment->path, data_path);
    put_bytes(out, segment->max_key);
    put_u32(out, segment->stats_count);
    for (uint32_t i = 0; i < segment->stats_count; i++)
        put_stats(out, &segment->stats[i]);
    put_u32(out, segment->group_rows);
    put_u32(out, segment->group_count);
    for (uint32_t i = 0; i < segment->group_count; i++)
        put_bytes(out, segment->group_first_key[i]);
    put_bytes(out, segment->filter);
    put_crc(out, start);
}

// ---- reading ----

// The bytes not read yet. After the first that is missing everything reads as zero.
struct input {
    const char *at;
    size_t left;
    bool is_bad;
};

static const char *take(struct input *input, size_t size)
{
    if (input->is_bad || input->left < size) {
        input->is_bad = true;
        return NULL;
    }
    const char *at = input->at;
    input->at += size;
    input->left -= size;
    return at;
}

static uint8_t take_u8(struct input *input)
{
    const char *at = take(input, 1);
    return at ? (uint8_t)*at : 0;
}

static uint32_t take_u32(struct input *input)
{
    const char *at = take(input, sizeof(uint32_t));
    uint32_t value = 0;
    if (at)
        memcpy(&value, at, sizeof(value));
    return value;
}

static int64_t take_i64(struct input *input)
{
    const char *at = take(input, sizeof(int64_t));
    int64_t value = 0;
    if (at)
        memcpy(&value, at, sizeof(value));
    return value;
}

static kdb_slice take_bytes(struct input *input, size_t size_max)
{
    uint32_t size = take_u32(input);
    if (size > size_max)
        input->is_bad = true;
    const char *at = take(input, size);
    return at ? kdb_slice_of(at, size) : KDB_LIT("");
}

// A count of things that take at least `size_min` bytes each.
static uint32_t take_count(struct input *input, size_t size_min)
{
    uint32_t count = take_u32(input);
    if (count > input->left / size_min)
        input->is_bad = true;
    return input->is_bad ? 0 : count;
}

// Checks and takes off the CRC at the end.
static bool check_crc(kdb_slice *bytes)
{
    if (bytes->len < CRC_BYTES)
        return false;
    bytes->len -= CRC_BYTES;
    uint32_t stored;
    memcpy(&stored, bytes->data + bytes->len, sizeof(stored));
    return stored == kdb_crc32c(0, *bytes);
}

static kdb_value take_bound(struct input *input, kdb_kind kind, uint8_t scale)
{
    kdb_value value = {.kind = (uint8_t)kind, .scale = scale};
    uint32_t size = bound_bytes(kind);
    if (size == 0) {
        value.bytes = take_bytes(input, KDB_STATS_BYTES_MAX);
        return value;
    }
    const char *at = take(input, size);
    if (!at)
        return value;
    if (size == 1) {
        value.boolean = *at == 1;
        input->is_bad = (unsigned char)*at > 1;
    } else {
        memcpy(size == 16 ? (void *)value.uuid : (void *)&value.integer, at, size);
    }
    return value;
}

static void take_stats(struct input *input, struct kdb_column_stats *stats, int64_t row_count)
{
    stats->column_id = (int32_t)take_u32(input);
    stats->null_count = take_i64(input);
    uint8_t kind = take_u8(input);
    uint8_t scale = take_u8(input);
    uint8_t has_range = take_u8(input);
    bool is_sound =
        stats->column_id > 0 && kdb_kind_is_column((kdb_kind)kind) && has_range <= 1 &&
        stats->null_count >= 0 && stats->null_count <= row_count &&
        (has_range == 0 || (has_bounds((kdb_kind)kind) && stats->null_count < row_count));
    if (!is_sound)
        input->is_bad = true;
    stats->has_range = has_range == 1;
    stats->min = (kdb_value){.kind = kind, .scale = scale};
    stats->max = stats->min;
    if (!stats->has_range || input->is_bad)
        return;
    stats->min = take_bound(input, (kdb_kind)kind, scale);
    stats->max = take_bound(input, (kdb_kind)kind, scale);
    if (!input->is_bad && kdb_value_compare(&stats->min, &stats->max) > 0)
        input->is_bad = true;
}

// Takes every column's statistics; the first pass only measures (`stats` NULL).
static uint32_t take_all_stats(struct input *input, struct kdb_column_stats *stats,
                               int64_t row_count)
{
    uint32_t count = take_count(input, STATS_BYTES_MIN);
    if (count > KDB_COLUMNS_MAX)
        input->is_bad = true;
    for (uint32_t i = 0; i < count && !input->is_bad; i++) {
        struct kdb_column_stats measured;
        take_stats(input, stats ? &stats[i] : &measured, row_count);
    }
    return count;
}

static uint32_t take_all_groups(struct input *input, kdb_slice *first_keys)
{
    uint32_t count = take_count(input, GROUP_BYTES_MIN);
    for (uint32_t i = 0; i < count && !input->is_bad; i++) {
        kdb_slice key = take_bytes(input, KDB_KEY_BYTES_MAX);
        if (first_keys)
            first_keys[i] = key;
    }
    return count;
}

// The fields before the lists.
static void take_fixed(struct input *input, struct kdb_segment *segment)
{
    if (take_u8(input) != RECORD_FORMAT)
        input->is_bad = true;
    segment->number = (uint64_t)take_i64(input);
    segment->table_id = take_u32(input);
    segment->schema_version = take_u32(input);
    segment->row_count = take_i64(input);
    segment->tombstone_count = take_i64(input);
    segment->size_bytes = take_i64(input);
    segment->created_at_ms = take_i64(input);
    segment->min_seq = take_i64(input);
    segment->max_seq = take_i64(input);
    segment->oldest_tombstone_ms = take_i64(input);
}

// A folder that write could have been given: no way out of it, no NUL.
static bool is_folder(kdb_slice folder, uint8_t kind)
{
    if (folder.len == 0 || memchr(folder.data, 0, folder.len) || folder.len > 4096)
        return false;
    if ((folder.data[0] == '/') != (kind == FOLDER_ABSOLUTE) || kind > FOLDER_ABSOLUTE)
        return false;
    kdb_slice rest = folder;
    while (rest.len > 0) {
        size_t slash = kdb_slice_find(rest, KDB_LIT("/"), 0);
        size_t len = slash == SIZE_MAX ? rest.len : slash;
        if (kdb_slice_equal(kdb_slice_of(rest.data, len), KDB_LIT("..")))
            return false;
        rest = kdb_slice_skip(rest, len + 1);
    }
    return true;
}

static bool has_sound_numbers(const struct kdb_segment *segment)
{
    // Bounded before anything is added to it.
    if (segment->row_count < 1 || segment->row_count > INT64_MAX / 2 || segment->group_rows == 0)
        return false;
    int64_t groups = (segment->row_count + segment->group_rows - 1) / segment->group_rows;
    return segment->number != 0 && segment->schema_version != 0 && segment->tombstone_count >= 0 &&
           segment->tombstone_count <= segment->row_count && segment->size_bytes >= 0 &&
           segment->min_seq <= segment->max_seq && groups == segment->group_count;
}

static bool is_sound(const struct kdb_segment *segment)
{
    if (!has_sound_numbers(segment))
        return false;
    for (uint32_t i = 1; i < segment->group_count; i++) {
        if (kdb_slice_compare(segment->group_first_key[i - 1], segment->group_first_key[i]) >= 0)
            return false;
    }
    for (uint32_t i = 1; i < segment->stats_count; i++) {
        if (segment->stats[i - 1].column_id == segment->stats[i].column_id)
            return false;
    }
    return kdb_slice_compare(segment->group_first_key[segment->group_count - 1],
                             segment->max_key) <= 0;
}

// What a record holds beside fixed fields and lists.
struct layout {
    kdb_slice folder;
    uint8_t folder_kind;
    uint32_t stats_count;
    uint32_t group_count;
};

// Goes over the record once, without keeping anything, to learn how much memory it needs.
static bool measure(kdb_slice bytes, struct layout *ret)
{
    struct input input = {bytes.data, bytes.len, false};
    struct kdb_segment fixed;
    take_fixed(&input, &fixed);
    ret->folder_kind = take_u8(&input);
    ret->folder = take_bytes(&input, SIZE_MAX);
    (void)take_bytes(&input, KDB_KEY_BYTES_MAX);
    ret->stats_count = take_all_stats(&input, NULL, fixed.row_count);
    (void)take_u32(&input);
    ret->group_count = take_all_groups(&input, NULL);
    (void)take_bytes(&input, SIZE_MAX);
    return !input.is_bad && input.left == 0 && is_folder(ret->folder, ret->folder_kind);
}

// Puts the path of the file together behind the copied record.
static kdb_slice make_path(char *at, const struct layout *layout, kdb_slice data_path,
                           const char *name)
{
    char *start = at;
    if (layout->folder_kind == FOLDER_IN_DATA) {
        memcpy(at, data_path.data, data_path.len);
        at += data_path.len;
        *at++ = '/';
    }
    memcpy(at, layout->folder.data, layout->folder.len);
    at += layout->folder.len;
    *at++ = '/';
    size_t name_len = strlen(name);
    memcpy(at, name, name_len + 1);
    return kdb_slice_of(start, (size_t)(at - start) + name_len);
}

// A segment as it is allocated, so that the lists behind it are aligned.
struct aligned_segment {
    _Alignas(16) struct kdb_segment segment;
};

// One block: the segment, its lists, a copy of the record that its slices point into, its path.
static struct kdb_segment *build(kdb_slice bytes, const struct layout *layout, kdb_slice data_path)
{
    size_t stats_bytes = layout->stats_count * sizeof(struct kdb_column_stats);
    size_t group_bytes = layout->group_count * sizeof(kdb_slice);
    size_t path_bytes = data_path.len + layout->folder.len + SEGMENT_NAME_BYTES + 2;
    struct aligned_segment *block =
        kdb_alloc(sizeof(*block) + stats_bytes + group_bytes + bytes.len + path_bytes);
    struct kdb_segment *segment = &block->segment;
    segment->stats = (struct kdb_column_stats *)(block + 1);
    segment->group_first_key = (kdb_slice *)(segment->stats + layout->stats_count);
    char *copy = (char *)(segment->group_first_key + layout->group_count);
    memcpy(copy, bytes.data, bytes.len);

    struct input input = {copy, bytes.len, false};
    take_fixed(&input, segment);
    (void)take_u8(&input);
    (void)take_bytes(&input, SIZE_MAX);
    segment->max_key = take_bytes(&input, KDB_KEY_BYTES_MAX);
    segment->stats_count = take_all_stats(&input, segment->stats, segment->row_count);
    segment->group_rows = take_u32(&input);
    segment->group_count = take_all_groups(&input, segment->group_first_key);
    segment->filter = take_bytes(&input, SIZE_MAX);
    segment->min_key = segment->group_count > 0 ? segment->group_first_key[0] : KDB_LIT("");
    char name[SEGMENT_NAME_BYTES];
    (void)segment_file_name(segment->number, name);
    segment->path = make_path(copy + bytes.len, layout, data_path, name);
    return segment;
}

static kdb_status fail_newer(struct kdb_ctx *ctx, const char *what, uint8_t format)
{
    return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                    "a stored %s has format %u, which this server does not know: it was written "
                    "by a newer release",
                    what, format);
}

kdb_status segment_record_read(struct kdb_segment_service *service, kdb_slice data_path,
                               kdb_slice bytes, struct kdb_ctx *ctx,
                               struct kdb_segment **ret_segment)
{
    struct layout layout;
    if (!check_crc(&bytes) || bytes.len == 0)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored segment record is damaged");
    if ((uint8_t)bytes.data[0] > RECORD_FORMAT)
        return fail_newer(ctx, "segment record", (uint8_t)bytes.data[0]);
    if (!measure(bytes, &layout))
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored segment record is damaged");
    struct kdb_segment *segment = build(bytes, &layout, data_path);
    if (segment->group_count == 0 || !is_sound(segment)) {
        kdb_free(segment);
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored segment record contradicts itself");
    }
    atomic_init(&segment->references, 1);
    segment->service = service;
    *ret_segment = segment;
    return KDB_OK;
}

// ---- heads ----

void manifest_head_write(const struct manifest_head *head, struct kdb_buf *out)
{
    size_t start = out->len;
    kdb_buf_put(out, HEAD_FORMAT);
    put_i64(out, (int64_t)head->version);
    put_i64(out, head->created_at_ms);
    put_i64(out, head->updated_at_ms);
    put_u32(out, head->segment_count);
    put_crc(out, start);
}

kdb_status manifest_head_read(kdb_slice bytes, struct kdb_ctx *ctx, struct manifest_head *ret_head)
{
    bool is_whole = check_crc(&bytes);
    struct input input = {bytes.data, bytes.len, !is_whole};
    uint8_t format = take_u8(&input);
    if (format > HEAD_FORMAT)
        return fail_newer(ctx, "manifest", format);
    struct manifest_head head;
    head.version = (uint64_t)take_i64(&input);
    head.created_at_ms = take_i64(&input);
    head.updated_at_ms = take_i64(&input);
    head.segment_count = take_u32(&input);
    if (input.is_bad || input.left > 0 || format != HEAD_FORMAT || head.version == 0)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored manifest is damaged");
    *ret_head = head;
    return KDB_OK;
}
