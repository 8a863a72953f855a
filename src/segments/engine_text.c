// SPDX-License-Identifier: Apache-2.0
// Cold rows as a table expression of the engine: the files that matter, newest versions, tombstones
// and hidden keys left out.
#include "engine/parquet.h"
#include "engine/quote.h"
#include "segments/segment_priv.h"
#include "segments/service.h"

// What the text reads beside the statement's columns, under names that no c<index> has.
#define KEY_NAME     "k"
#define SEQ_NAME     "s"
#define DELETED_NAME "d"

// The writing of one expression.
struct text {
    const struct kdb_cold_text *what;
    struct kdb_arena *arena;
    struct kdb_buf *out;
    kdb_slice *paths; // scratch
};

// ---- which files ----

struct chosen {
    struct kdb_segment **straight; // key ranges that meet no other's
    uint32_t straight_count;
    struct kdb_segment **merged; // the others
    uint32_t merged_count;
};

static void choose(const struct text *text, struct chosen *ret)
{
    const struct kdb_manifest *manifest = text->what->manifest;
    const struct kdb_cold_range *range = &text->what->range;
    const struct kdb_segment_skip *skip = &text->what->skip;
    struct kdb_segment **near =
        kdb_arena_array(text->arena, manifest->segment_count, sizeof(*near));
    uint32_t count = 0;
    for (uint32_t i = 0; i < manifest->segment_count; i++) {
        if (segment_meets(manifest->segments[i], range->first, range->end))
            near[count++] = manifest->segments[i];
    }
    bool *overlaps = kdb_arena_array(text->arena, count, sizeof(*overlaps));
    (void)segment_find_overlaps(near, count, range->first, range->end, overlaps);
    ret->straight = kdb_arena_array(text->arena, count, sizeof(*ret->straight));
    ret->merged = kdb_arena_array(text->arena, count, sizeof(*ret->merged));
    for (uint32_t i = 0; i < count; i++) {
        if (overlaps[i])
            ret->merged[ret->merged_count++] = near[i];
        else if (!skip->skips || !skip->skips(skip->self, near[i]))
            ret->straight[ret->straight_count++] = near[i];
    }
}

static bool has_tombstones(struct kdb_segment *const *segments, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (segments[i]->tombstone_count > 0)
            return true;
    }
    return false;
}

// ---- columns ----

// The columns read from the files. A field id may be there once only: what the text needs itself
// takes the statement's column when there is one.
struct columns {
    struct kdb_parquet_column *list;
    uint32_t count;
    kdb_slice key; // names, null when not needed
    kdb_slice seq;
    kdb_slice deleted;
};

static kdb_slice need_column(struct columns *columns, int32_t id, kdb_slice name, kdb_type type)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        if (columns->list[i].field_id == id)
            return columns->list[i].name;
    }
    columns->list[columns->count++] =
        (struct kdb_parquet_column){.field_id = id, .name = name, .type = type};
    return name;
}

// `is_merged`: newest versions are chosen. `hides_deleted`: tombstones are dropped.
static void list_columns(const struct text *text, bool is_merged, bool hides_deleted,
                         struct columns *columns)
{
    const struct kdb_cold_text *what = text->what;
    const struct kdb_schema *schema = what->table->schema;
    const struct kdb_column *key = &schema->columns[schema->key_index];
    *columns = (struct columns){
        .list = kdb_arena_array(text->arena, what->column_count + 3, sizeof(*columns->list))};
    for (uint32_t i = 0; i < what->column_count; i++) {
        const struct kdb_cold_column *column = &what->columns[i];
        columns->list[columns->count++] =
            (struct kdb_parquet_column){.field_id = column->column_id,
                                        .name = kdb_arena_printf(text->arena, "c%u", column->index),
                                        .type = column->type,
                                        .missing = column->missing};
    }
    if (is_merged || what->hot_keys.data || what->column_count == 0)
        columns->key = need_column(columns, key->id, KDB_LIT(KEY_NAME), key->type);
    if (is_merged)
        columns->seq =
            need_column(columns, KDB_COLUMN_SEQ, KDB_LIT(SEQ_NAME), KDB_TYPE(KDB_BIGINT));
    if (hides_deleted)
        columns->deleted =
            need_column(columns, KDB_COLUMN_DELETED, KDB_LIT(DELETED_NAME), KDB_TYPE(KDB_BOOLEAN));
}

// ---- text ----

static void write_list(const struct text *text)
{
    const struct kdb_cold_text *what = text->what;
    for (uint32_t i = 0; i < what->column_count; i++)
        kdb_buf_printf(text->out, "%sc%u", i > 0 ? ", " : "", what->columns[i].index);
}

static void write_files(const struct text *text, struct kdb_segment *const *segments,
                        uint32_t count, const struct columns *columns)
{
    int64_t row_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        text->paths[i] = segments[i]->path;
        row_count += segments[i]->row_count;
    }
    kdb_parquet_quote_files(text->out, text->paths, count, columns->list, columns->count,
                            (uint64_t)row_count);
}

static void write_hidden(const struct text *text, const struct columns *columns)
{
    if (text->what->hot_keys.data)
        kdb_buf_printf(text->out, " ANTI JOIN %.*s AS hot ON (cold.%.*s = hot.k)",
                       KDB_ARG(text->what->hot_keys), KDB_ARG(columns->key));
}

// SELECT … FROM files [ANTI JOIN hot] [WHERE NOT deleted]
static void write_straight(const struct text *text, const struct chosen *chosen)
{
    struct columns columns;
    bool hides_deleted =
        !text->what->keeps_deleted && has_tombstones(chosen->straight, chosen->straight_count);
    list_columns(text, false, hides_deleted, &columns);
    KDB_BUF_LIT(text->out, "SELECT ");
    write_list(text);
    KDB_BUF_LIT(text->out, " FROM ");
    write_files(text, chosen->straight, chosen->straight_count, &columns);
    KDB_BUF_LIT(text->out, " AS cold");
    write_hidden(text, &columns);
    if (hides_deleted)
        kdb_buf_printf(text->out, " WHERE NOT cold.%.*s", KDB_ARG(columns.deleted));
}

// The same over the newest version of each key. Row numbers rather than a maximum per key: the same
// version may lie in two files.
static void write_merged(const struct text *text, const struct chosen *chosen)
{
    struct columns columns;
    bool hides_deleted =
        !text->what->keeps_deleted && has_tombstones(chosen->merged, chosen->merged_count);
    list_columns(text, true, hides_deleted, &columns);
    KDB_BUF_LIT(text->out, "SELECT ");
    write_list(text);
    KDB_BUF_LIT(text->out, " FROM (SELECT * FROM ");
    write_files(text, chosen->merged, chosen->merged_count, &columns);
    kdb_buf_printf(text->out,
                   " QUALIFY row_number() OVER (PARTITION BY %.*s ORDER BY %.*s DESC) = 1) AS cold",
                   KDB_ARG(columns.key), KDB_ARG(columns.seq));
    write_hidden(text, &columns);
    if (hides_deleted)
        kdb_buf_printf(text->out, " WHERE NOT cold.%.*s", KDB_ARG(columns.deleted));
}

bool kdb_cold_write_text(const struct kdb_cold_text *what, struct kdb_buf *out)
{
    struct kdb_arena arena;
    kdb_arena_init(&arena, 0);
    struct text text = {.what = what, .arena = &arena, .out = out};
    struct chosen chosen = {0};
    choose(&text, &chosen);
    text.paths = kdb_arena_array(&arena, chosen.straight_count + chosen.merged_count + 1U,
                                 sizeof(*text.paths));
    if (chosen.straight_count > 0)
        write_straight(&text, &chosen);
    if (chosen.straight_count > 0 && chosen.merged_count > 0)
        KDB_BUF_LIT(out, " UNION ALL ");
    if (chosen.merged_count > 0)
        write_merged(&text, &chosen);
    kdb_arena_deinit(&arena);
    return chosen.straight_count + chosen.merged_count > 0;
}
