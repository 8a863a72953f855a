// SPDX-License-Identifier: Apache-2.0
// Text functions of ours inside DuckDB, named kdb_…: what DuckDB's own do without looking at
// anybody's deadline, in time that grows with the square of the texts or worse, or into memory that
// no limit counts.
#include "base/alloc.h"
#include "base/buf.h"
#include "base/like.h"
#include "base/text_make.h"
#include "engine/engine_priv.h"

#define ARGUMENTS_MAX 3

// Bytes of one text made, and of all texts that one call makes (of up to 2048 rows).
#define TEXT_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define CHUNK_BYTES_MAX ((size_t)256 * 1024 * 1024)

static const char too_long[] = "kdb:LIMIT_EXCEEDED:requested length too large";
static const char too_much[] = "kdb:LIMIT_EXCEEDED:the texts of a function need too much memory";
static const char stopped[] = "the statement was stopped";

// One argument of all rows.
struct argument {
    const void *cells;
    const uint64_t *validity; // NULL: no nulls
};

// One call: a function over some rows.
struct call {
    struct kdb_engine_connection *connection;
    struct argument arguments[ARGUMENTS_MAX];
    duckdb_vector output;
    void *results; // cells of the output
    struct kdb_buf text;
    size_t bytes; // of the texts made so far
};

// Computes one row; NULL, or why it has no answer.
typedef const char *(*row_function)(struct call *call, idx_t row);

struct text_function {
    const char *name;
    duckdb_type arguments[ARGUMENTS_MAX];
    uint32_t argument_count;
    duckdb_type result;
    row_function run;
};

static kdb_slice text_of(const struct call *call, int argument, idx_t row)
{
    return kdb_text_cell_slice((const struct kdb_text_cell *)call->arguments[argument].cells + row);
}

static size_t count_of(const struct call *call, int argument, idx_t row)
{
    int32_t count = ((const int32_t *)call->arguments[argument].cells)[row];
    return count > 0 ? (size_t)count : 0;
}

static bool must_stop(void *connection)
{
    return engine_must_stop(connection);
}

// ---- texts made ----

// Room for the row's text; NULL when it would be too long.
static char *make_text(struct call *call, size_t len, const char **ret_failure)
{
    *ret_failure = NULL;
    if (len > TEXT_BYTES_MAX)
        *ret_failure = too_long;
    else if (call->bytes + len > CHUNK_BYTES_MAX)
        *ret_failure = too_much;
    if (*ret_failure)
        return NULL;
    call->bytes += len;
    kdb_buf_clear(&call->text);
    char *at = kdb_buf_reserve(&call->text, len + 1);
    kdb_buf_advance(&call->text, len);
    return at;
}

static const char *give_text(struct call *call, idx_t row)
{
    kdb_slice text = kdb_buf_view(&call->text);
    duck.vector_assign_string_element_len(call->output, row, text.data, text.len);
    return NULL;
}

static const char *append(struct call *call, idx_t row)
{
    kdb_slice first = text_of(call, 0, row);
    kdb_slice second = text_of(call, 1, row);
    const char *failure;
    char *at = make_text(call, first.len + second.len, &failure);
    if (!at)
        return failure;
    at += kdb_text_put(at, first);
    (void)kdb_text_put(at, second);
    return give_text(call, row);
}

static const char *repeat(struct call *call, idx_t row)
{
    kdb_slice text = text_of(call, 0, row);
    size_t count = text.len > 0 ? count_of(call, 1, row) : 0;
    const char *failure;
    char *at = make_text(call, text.len * count, &failure);
    if (!at)
        return failure;
    kdb_text_repeat(at, text, count);
    return give_text(call, row);
}

static const char *replace(struct call *call, idx_t row)
{
    kdb_slice text = text_of(call, 0, row);
    kdb_slice from = text_of(call, 1, row);
    kdb_slice to = text_of(call, 2, row);
    size_t found = kdb_text_count(text, from);
    const char *failure;
    char *out = make_text(call, text.len - found * from.len + found * to.len, &failure);
    if (!out)
        return failure;
    kdb_text_replace(out, text, from, to, found);
    return give_text(call, row);
}

static const char *reverse(struct call *call, idx_t row)
{
    kdb_slice text = text_of(call, 0, row);
    const char *failure;
    char *out = make_text(call, text.len, &failure);
    if (!out)
        return failure;
    kdb_text_reverse(out, text);
    return give_text(call, row);
}

// LPAD and RPAD: to so many characters, or cut to them.
static const char *pad(struct call *call, idx_t row, bool is_left)
{
    const struct kdb_text_padding padding =
        kdb_text_padding_of(text_of(call, 0, row), count_of(call, 1, row), text_of(call, 2, row));
    const char *failure;
    char *at = make_text(call, padding.text.len + kdb_text_padding_bytes(&padding), &failure);
    if (!at)
        return failure;
    kdb_text_pad(at, &padding, is_left);
    return give_text(call, row);
}

static const char *pad_left(struct call *call, idx_t row)
{
    return pad(call, row, true);
}

static const char *pad_right(struct call *call, idx_t row)
{
    return pad(call, row, false);
}

// ---- answers ----

static const char *position(struct call *call, idx_t row)
{
    ((int32_t *)call->results)[row] =
        (int32_t)kdb_text_position(text_of(call, 0, row), text_of(call, 1, row));
    return NULL;
}

// LIKE as the row path has it: DuckDB's tries every way to share a text out among the % of a
// pattern.
static const char *like(struct call *call, idx_t row)
{
    const struct kdb_like_watch watch = {must_stop, call->connection};
    kdb_slice escape = text_of(call, 2, row);
    if (escape.len > 1)
        return "kdb:INVALID_VALUE:invalid escape string";
    kdb_like_result result = kdb_like_match(&watch, text_of(call, 0, row), text_of(call, 1, row),
                                            escape.len > 0 ? escape.data[0] : '\0');
    if (result == KDB_LIKE_BAD_PATTERN)
        return "kdb:INVALID_VALUE:LIKE pattern must not end with escape character";
    ((bool *)call->results)[row] = result == KDB_LIKE_YES;
    return result == KDB_LIKE_STOPPED ? stopped : NULL;
}

#define TEXT DUCKDB_TYPE_VARCHAR
#define INT  DUCKDB_TYPE_INTEGER

static const struct text_function functions[] = {
    {"kdb_append", {TEXT, TEXT}, 2, TEXT, append},
    {"kdb_like", {TEXT, TEXT, TEXT}, 3, DUCKDB_TYPE_BOOLEAN, like},
    {"kdb_lpad", {TEXT, INT, TEXT}, 3, TEXT, pad_left},
    {"kdb_position", {TEXT, TEXT}, 2, INT, position},
    {"kdb_repeat", {TEXT, INT}, 2, TEXT, repeat},
    {"kdb_replace", {TEXT, TEXT, TEXT}, 3, TEXT, replace},
    {"kdb_reverse", {TEXT}, 1, TEXT, reverse},
    {"kdb_rpad", {TEXT, INT, TEXT}, 3, TEXT, pad_right},
};

// ---- the functions in DuckDB ----

// What DuckDB keeps for each of them.
struct registered {
    const struct text_function *function;
    struct engine_database *database;
};

static void *copy_bound(void *connection)
{
    return connection;
}

static void bind_call(duckdb_bind_info info)
{
    const struct registered *registered = duck.scalar_function_bind_get_extra_info(info);
    duckdb_client_context context = NULL;
    duck.scalar_function_get_client_context(info, &context);
    struct kdb_engine_connection *connection =
        engine_find_connection(registered->database, context);
    if (!connection) {
        duck.scalar_function_bind_set_error(info, "a text function on an unknown connection");
        return;
    }
    duck.scalar_function_set_bind_data(info, connection, NULL);
    duck.scalar_function_set_bind_data_copy(info, copy_bound);
}

static bool has_null(const struct call *call, uint32_t argument_count, idx_t row)
{
    for (uint32_t i = 0; i < argument_count; i++) {
        const uint64_t *validity = call->arguments[i].validity;
        if (validity && !(validity[row / 64] >> (row % 64) & 1))
            return true;
    }
    return false;
}

static void set_null(struct call *call, uint64_t **validity, idx_t row)
{
    if (!*validity) {
        duck.vector_ensure_validity_writable(call->output);
        *validity = duck.vector_get_validity(call->output);
    }
    (*validity)[row / 64] &= ~(UINT64_C(1) << (row % 64));
}

static size_t cell_bytes(duckdb_type type)
{
    if (type == DUCKDB_TYPE_BOOLEAN)
        return sizeof(bool);
    return type == DUCKDB_TYPE_VARCHAR ? sizeof(struct kdb_text_cell) : sizeof(int32_t);
}

// Constants come as so many times the same cell: they are computed once.
static bool is_as_before(const struct call *call, const struct text_function *function, idx_t row)
{
    if (row == 0 || has_null(call, function->argument_count, row - 1))
        return false;
    for (uint32_t i = 0; i < function->argument_count; i++) {
        size_t bytes = cell_bytes(function->arguments[i]);
        const char *cell = (const char *)call->arguments[i].cells + row * bytes;
        if (memcmp(cell, cell - bytes, bytes) != 0)
            return false;
    }
    return true;
}

static void repeat_result(struct call *call, const struct text_function *function, idx_t row)
{
    size_t bytes = cell_bytes(function->result);
    char *cell = (char *)call->results + row * bytes;
    memcpy(cell, cell - bytes, bytes);
}

static const char *run_rows(struct call *call, const struct text_function *function, idx_t count)
{
    uint64_t *validity = NULL;
    for (idx_t row = 0; row < count; row++) {
        if (has_null(call, function->argument_count, row)) {
            set_null(call, &validity, row);
            continue;
        }
        if (is_as_before(call, function, row)) {
            repeat_result(call, function, row);
            continue;
        }
        size_t before = call->bytes;
        const char *failure = function->run(call, row);
        bool is_long = call->bytes - before > KDB_LIKE_STEPS;
        if (!failure && is_long && must_stop(call->connection))
            failure = stopped;
        if (failure)
            return failure;
    }
    return NULL;
}

static void run_call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const struct registered *registered = duck.scalar_function_get_extra_info(info);
    struct call call = {.connection = duck.scalar_function_get_bind_data(info),
                        .output = output,
                        .results = duck.vector_get_data(output)};
    for (idx_t i = 0; i < registered->function->argument_count; i++) {
        duckdb_vector vector = duck.data_chunk_get_vector(input, i);
        call.arguments[i] =
            (struct argument){duck.vector_get_data(vector), duck.vector_get_validity(vector)};
    }
    const char *failure = run_rows(&call, registered->function, duck.data_chunk_get_size(input));
    kdb_buf_deinit(&call.text);
    if (failure)
        duck.scalar_function_set_error(info, failure);
}

static void add_parameter(duckdb_scalar_function function, duckdb_type type)
{
    duckdb_logical_type logical = duck.create_logical_type(type);
    duck.scalar_function_add_parameter(function, logical);
    duck.destroy_logical_type(&logical);
}

static kdb_status register_one(struct engine_database *database, struct kdb_ctx *ctx,
                               duckdb_connection connection, const struct text_function *what)
{
    duckdb_scalar_function function = duck.create_scalar_function();
    duckdb_logical_type result = duck.create_logical_type(what->result);
    struct registered *registered = kdb_alloc(sizeof(*registered));
    *registered = (struct registered){what, database};
    duck.scalar_function_set_name(function, what->name);
    for (uint32_t i = 0; i < what->argument_count; i++)
        add_parameter(function, what->arguments[i]);
    duck.scalar_function_set_return_type(function, result);
    duck.scalar_function_set_extra_info(function, registered, kdb_free);
    duck.scalar_function_set_bind(function, bind_call);
    duck.scalar_function_set_function(function, run_call);
    duckdb_state state = duck.register_scalar_function(connection, function);
    duck.destroy_logical_type(&result);
    duck.destroy_scalar_function(&function);
    if (state != DuckDBSuccess)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: %s could not be registered", what->name);
    return KDB_OK;
}

kdb_status engine_text_register(struct engine_database *database, struct kdb_ctx *ctx,
                                duckdb_connection connection)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        KDB_TRY(register_one(database, ctx, connection, &functions[i]));
    return KDB_OK;
}
