// SPDX-License-Identifier: Apache-2.0
// kdb_like(text, pattern, escape): LIKE as the row path has it. DuckDB's own tries every way to
// share a text out among the % of a pattern, which takes for ever, and nothing interrupts it.
#include "base/like.h"
#include "engine/engine_priv.h"

#define ARGUMENTS 3

static struct kdb_engine_connection *bound_connection(duckdb_bind_info info)
{
    struct engine_database *database = duck.scalar_function_bind_get_extra_info(info);
    duckdb_client_context context = NULL;
    duck.scalar_function_get_client_context(info, &context);
    uint64_t id = duck.client_context_get_connection_id(context);
    duck.destroy_client_context(&context);
    return engine_find_connection(database, id);
}

static void *copy_bound(void *connection)
{
    return connection;
}

static void bind_like(duckdb_bind_info info)
{
    struct kdb_engine_connection *connection = bound_connection(info);
    if (!connection) {
        duck.scalar_function_bind_set_error(info, "kdb_like is called on an unknown connection");
        return;
    }
    duck.scalar_function_set_bind_data(info, connection, NULL);
    duck.scalar_function_set_bind_data_copy(info, copy_bound);
}

static bool must_stop(void *connection)
{
    return engine_must_stop(connection);
}

// One argument of all rows.
struct argument {
    const struct kdb_text_cell *cells;
    const uint64_t *validity; // NULL: no nulls
};

static bool is_null(const struct argument *argument, idx_t row)
{
    return argument->validity && !(argument->validity[row / 64] >> (row % 64) & 1);
}

// NULL, or why the row has no answer.
static const char *match_row(const struct kdb_like_watch *watch, const struct argument *arguments,
                             idx_t row, bool *ret_matches)
{
    kdb_slice escape = kdb_text_cell_slice(&arguments[2].cells[row]);
    if (escape.len > 1)
        return "kdb:INVALID_VALUE:invalid escape string";
    kdb_like_result result = kdb_like_match(watch, kdb_text_cell_slice(&arguments[0].cells[row]),
                                            kdb_text_cell_slice(&arguments[1].cells[row]),
                                            escape.len > 0 ? escape.data[0] : '\0');
    if (result == KDB_LIKE_BAD_PATTERN)
        return "kdb:INVALID_VALUE:LIKE pattern must not end with escape character";
    *ret_matches = result == KDB_LIKE_YES;
    return result == KDB_LIKE_STOPPED ? "the statement was stopped" : NULL;
}

static void match_rows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const struct kdb_like_watch watch = {must_stop, duck.scalar_function_get_bind_data(info)};
    struct argument arguments[ARGUMENTS];
    for (idx_t i = 0; i < ARGUMENTS; i++) {
        duckdb_vector vector = duck.data_chunk_get_vector(input, i);
        arguments[i] =
            (struct argument){duck.vector_get_data(vector), duck.vector_get_validity(vector)};
    }
    bool *matches = duck.vector_get_data(output);
    uint64_t *validity = NULL;
    idx_t count = duck.data_chunk_get_size(input);
    for (idx_t row = 0; row < count; row++) {
        matches[row] = false;
        if (is_null(&arguments[0], row) || is_null(&arguments[1], row) ||
            is_null(&arguments[2], row)) {
            if (!validity) {
                duck.vector_ensure_validity_writable(output);
                validity = duck.vector_get_validity(output);
            }
            validity[row / 64] &= ~(UINT64_C(1) << (row % 64));
            continue;
        }
        const char *failure = match_row(&watch, arguments, row, &matches[row]);
        if (failure) {
            duck.scalar_function_set_error(info, failure);
            return;
        }
    }
}

kdb_status engine_like_register(struct engine_database *database, struct kdb_ctx *ctx,
                                duckdb_connection connection)
{
    duckdb_scalar_function function = duck.create_scalar_function();
    duckdb_logical_type text = duck.create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type boolean = duck.create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duck.scalar_function_set_name(function, "kdb_like");
    for (int i = 0; i < ARGUMENTS; i++)
        duck.scalar_function_add_parameter(function, text);
    duck.scalar_function_set_return_type(function, boolean);
    duck.scalar_function_set_extra_info(function, database, NULL);
    duck.scalar_function_set_bind(function, bind_like);
    duck.scalar_function_set_function(function, match_rows);
    duckdb_state state = duck.register_scalar_function(connection, function);
    duck.destroy_logical_type(&text);
    duck.destroy_logical_type(&boolean);
    duck.destroy_scalar_function(&function);
    if (state != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: kdb_like could not be registered");
    return KDB_OK;
}
