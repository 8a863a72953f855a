// SPDX-License-Identifier: Apache-2.0
// Cells into rows.
#include "exec/row_writer.h"

#include "auth/rights.h"
#include "base/assert.h"
#include "types/row.h"

static const struct kdb_output_column *columns_of(struct kdb_exec *exec,
                                                  const struct kdb_schema *schema)
{
    struct kdb_output_column *columns =
        kdb_arena_array(&exec->ctx->arena, schema->column_count, sizeof(*columns));
    for (uint32_t i = 0; i < schema->column_count; i++)
        columns[i] = (struct kdb_output_column){
            .name = schema->columns[i].name,
            .type = schema->columns[i].type,
            .is_not_null = schema->columns[i].is_not_null,
            .is_masked = !kdb_role_is_admin(exec->role) &&
                         kdb_slice_equal(schema->columns[i].name, KDB_LIT("credentials"))};
    return columns;
}

static void prepare(struct row_writer *writer, struct kdb_exec *exec,
                    const struct kdb_output_column *columns, size_t count)
{
    *writer =
        (struct row_writer){.exec = exec,
                            .columns = columns,
                            .column_count = (uint32_t)count,
                            .values = kdb_arena_array(&exec->ctx->arena, count, sizeof(kdb_value))};
}

void row_writer_collect(struct row_writer *writer, struct kdb_exec *exec,
                        const struct kdb_table *table)
{
    prepare(writer, exec, columns_of(exec, table->schema), table->schema->column_count);
    writer->schema = table->schema;
}

kdb_status row_writer_begin(struct row_writer *writer, struct kdb_exec *exec,
                            const struct kdb_output_column *columns, size_t count)
{
    prepare(writer, exec, columns, count);
    exec->has_rows = true;
    return kdb_sink_begin(exec->sink, exec->ctx, columns, count);
}

kdb_status row_writer_begin_table(struct row_writer *writer, struct kdb_exec *exec,
                                  const struct kdb_table *table)
{
    return row_writer_begin(writer, exec, columns_of(exec, table->schema),
                            table->schema->column_count);
}

// The kind of the column whose turn it is.
static kdb_kind kind_of(const struct row_writer *writer)
{
    KDB_ASSERT(writer->at < writer->column_count);
    return (kdb_kind)writer->columns[writer->at].type.kind;
}

static void put(struct row_writer *writer, kdb_value value)
{
    writer->values[writer->at++] = value;
}

void row_writer_null(struct row_writer *writer)
{
    put(writer, kdb_value_null(kind_of(writer)));
}

void row_writer_text(struct row_writer *writer, kdb_slice text)
{
    kdb_kind kind = kind_of(writer);
    KDB_ASSERT(kind == KDB_TEXT || kind == KDB_JSON);
    put(writer, text.data ? kdb_value_bytes(kind, text) : kdb_value_null(kind));
}

void row_writer_cstr(struct row_writer *writer, const char *text)
{
    row_writer_text(writer, kdb_slice_cstr(text));
}

void row_writer_int(struct row_writer *writer, int64_t value)
{
    kdb_kind kind = kind_of(writer);
    KDB_ASSERT(kdb_kind_is_integer(kind));
    put(writer, kdb_value_int(kind, value));
}

void row_writer_bool(struct row_writer *writer, bool value)
{
    KDB_ASSERT(kind_of(writer) == KDB_BOOLEAN);
    put(writer, kdb_value_bool(value));
}

void row_writer_time(struct row_writer *writer, int64_t us)
{
    KDB_ASSERT(kind_of(writer) == KDB_TIMESTAMP);
    put(writer, kdb_value_int(KDB_TIMESTAMP, us));
}

void row_writer_time_or_null(struct row_writer *writer, int64_t us)
{
    if (us == 0)
        row_writer_null(writer);
    else
        row_writer_time(writer, us);
}

kdb_status row_writer_end(struct row_writer *writer)
{
    struct kdb_ctx *ctx = writer->exec->ctx;
    KDB_ASSERT(writer->at == writer->column_count);
    writer->at = 0;
    KDB_TRY(kdb_ctx_check(ctx));
    if (!writer->schema)
        return kdb_sink_row(writer->exec->sink, ctx, writer->values);
    struct kdb_buf row = {0};
    kdb_status status = kdb_row_encode(writer->schema, ctx, writer->values, 0, false, &row);
    if (status == KDB_OK)
        KDB_PUSH(&ctx->arena, writer->rows, writer->count, writer->capacity,
                 kdb_arena_copy(&ctx->arena, kdb_buf_view(&row)));
    kdb_buf_deinit(&row);
    return status;
}
