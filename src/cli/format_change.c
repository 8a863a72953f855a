// SPDX-License-Identifier: Apache-2.0
// Changes for eyes and for programs.
#include "cli/format_change_priv.h"

#include "cli/cell_priv.h"
#include "cli/format_priv.h"

struct cli_change_column {
    kdb_slice name;
    enum cli_cell_kind kind;
};

void cli_change_columns_deinit(struct cli_change_columns *columns)
{
    kdb_arena_deinit(&columns->arena);
    *columns = (struct cli_change_columns){0};
}

static kdb_slice text_of(const struct kdb_json *object, kdb_slice name)
{
    const struct kdb_json *value = kdb_json_get(object, name);
    return value && value->type == KDB_JSON_STRING ? value->text : KDB_LIT("");
}

void cli_print_change_head(struct cli_out *out, struct cli_change_columns *columns,
                           const struct kdb_json *schema)
{
    if (columns->columns || !schema || schema->type != KDB_JSON_ARRAY)
        return;
    kdb_arena_init(&columns->arena, 0);
    columns->columns =
        kdb_arena_array(&columns->arena, schema->count + 1, sizeof(struct cli_change_column));
    for (const struct kdb_json *at = schema->first; at; at = at->next)
        columns->columns[columns->count++] = (struct cli_change_column){
            kdb_arena_copy(&columns->arena, text_of(at, KDB_LIT("name"))),
            cli_cell_kind_of(text_of(at, KDB_LIT("data_type")))};
    if (out->format != CLI_FORMAT_CSV)
        return;
    KDB_BUF_LIT(&out->text, "change_type");
    for (size_t i = 0; i < columns->count; i++) {
        kdb_buf_put(&out->text, ',');
        cli_csv_field(&out->text, columns->columns[i].name);
    }
    kdb_buf_put(&out->text, '\n');
}

static char sign_of(kdb_slice kind)
{
    if (kdb_slice_equal(kind, KDB_LIT("insert")))
        return '+';
    if (kdb_slice_equal(kind, KDB_LIT("update")))
        return '~';
    return kdb_slice_equal(kind, KDB_LIT("delete")) ? '-' : '=';
}

static void put_line(struct kdb_buf *out, const struct cli_change_columns *columns, kdb_slice kind,
                     const struct kdb_json *row)
{
    struct kdb_buf raw = {0};
    kdb_buf_printf(out, "%c ", sign_of(kind));
    (void)cli_put_visible(kind, out);
    for (size_t i = 0; i < columns->count; i++) {
        const struct cli_change_column *column = &columns->columns[i];
        const struct kdb_json *cell = kdb_json_get(row, column->name);
        if (!cell)
            continue;
        KDB_BUF_LIT(out, "  ");
        (void)cli_put_visible(column->name, out);
        kdb_buf_put(out, '=');
        kdb_buf_clear(&raw);
        if (cell->type == KDB_JSON_NULL)
            KDB_BUF_LIT(&raw, "NULL");
        else
            cli_cell_write(cell, column->kind, &raw);
        (void)cli_put_visible(kdb_buf_view(&raw), out);
    }
    kdb_buf_put(out, '\n');
    kdb_buf_deinit(&raw);
}

static void put_record(struct kdb_buf *out, const struct cli_change_columns *columns,
                       kdb_slice kind, const struct kdb_json *row)
{
    struct kdb_buf raw = {0};
    cli_csv_field(out, kind);
    for (size_t i = 0; i < columns->count; i++) {
        const struct cli_change_column *column = &columns->columns[i];
        const struct kdb_json *cell = kdb_json_get(row, column->name);
        kdb_buf_put(out, ',');
        if (!cell || cell->type == KDB_JSON_NULL)
            continue;
        kdb_buf_clear(&raw);
        cli_cell_write(cell, column->kind, &raw);
        cli_csv_field(out, kdb_buf_view(&raw));
    }
    kdb_buf_put(out, '\n');
    kdb_buf_deinit(&raw);
}

void cli_print_change(struct cli_out *out, const struct cli_change_columns *columns, kdb_slice kind,
                      const struct kdb_json *row)
{
    if (out->format == CLI_FORMAT_CSV)
        put_record(&out->text, columns, kind, row);
    else
        put_line(&out->text, columns, kind, row);
    cli_row_done(out);
}
