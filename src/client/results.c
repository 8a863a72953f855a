// SPDX-License-Identifier: Apache-2.0
// The envelope is walked by its brackets; each small piece of it is then parsed strictly.
#include "client/results.h"

#include <string.h>

#include "base/utf8.h"

// Deeper than any cell: a JSON value is sent as text.
#define DEPTH_MAX 64

// Of an answer that is no JSON, how much a message shows.
#define PLAIN_BYTES_SHOWN 300

// The members of an object or array, one after the other.
struct walk {
    const char *at;
    const char *end;
    bool is_object;
    bool is_started;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

// From a quote to behind the one that closes it; NULL when there is none.
static const char *string_end(const char *at, const char *end)
{
    const char *quote = at++;
    for (;;) {
        if (quote < at)
            quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        if (!quote)
            return NULL;
        const char *backslash = memchr(at, '\\', (size_t)(quote - at));
        if (!backslash)
            return quote + 1;
        at = backslash + 2;
    }
}

// From a bracket to behind the one that closes it.
static const char *container_end(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = string_end(at, end);
            if (!at)
                return NULL;
            continue;
        }
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        at++;
        if (depth == 0)
            return at;
    }
    return NULL;
}

// Behind the value that begins here; NULL when it does not end.
static const char *value_end(const char *at, const char *end)
{
    if (at == end)
        return NULL;
    if (*at == '"')
        return string_end(at, end);
    if (*at == '[' || *at == '{')
        return container_end(at, end);
    const char *begin = at;
    while (at < end && *at != ',' && *at != ']' && *at != '}' && !is_blank(*at))
        at++;
    return at > begin ? at : NULL;
}

static bool walk_begin(kdb_slice text, bool is_object, struct walk *ret_walk)
{
    const char *end = text.data + text.len;
    const char *at = skip_blanks(text.data, end);
    if (at == end || *at != (is_object ? '{' : '['))
        return false;
    *ret_walk = (struct walk){at + 1, end, is_object, false};
    return true;
}

enum walked { WALKED_MEMBER, WALKED_END, WALKED_BAD };

// The next member: its name as written between the quotes (objects only) and its value.
static enum walked walk_next(struct walk *walk, kdb_slice *ret_name, kdb_slice *ret_value)
{
    const char *end = walk->end;
    const char *at = skip_blanks(walk->at, end);
    if (at < end && *at == (walk->is_object ? '}' : ']'))
        return WALKED_END;
    if (walk->is_started) {
        if (at == end || *at != ',')
            return WALKED_BAD;
        at = skip_blanks(at + 1, end);
    }
    walk->is_started = true;
    if (walk->is_object) {
        const char *name_end = at < end && *at == '"' ? string_end(at, end) : NULL;
        if (!name_end)
            return WALKED_BAD;
        *ret_name = kdb_slice_of(at + 1, (size_t)(name_end - at) - 2);
        at = skip_blanks(name_end, end);
        if (at == end || *at != ':')
            return WALKED_BAD;
        at = skip_blanks(at + 1, end);
    }
    const char *behind = value_end(at, end);
    if (!behind)
        return WALKED_BAD;
    *ret_value = kdb_slice_of(at, (size_t)(behind - at));
    walk->at = behind;
    return WALKED_MEMBER;
}

static kdb_status malformed(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_CORRUPT, "the answer is malformed: %s", what);
}

static kdb_status parse(struct kdb_ctx *ctx, kdb_slice text, const struct kdb_json **ret_value)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = DEPTH_MAX};
    if (kdb_json_parse(ctx, text, &limits, ret_value) == KDB_OK)
        return KDB_OK;
    ctx->error.status = KDB_ERR_CORRUPT;
    return kdb_wrap(ctx, "the answer is malformed");
}

// A string's characters; the null slice for null.
static kdb_status parse_text(struct kdb_ctx *ctx, kdb_slice text, kdb_slice *ret_text)
{
    const struct kdb_json *value;
    KDB_TRY(parse(ctx, text, &value));
    if (value->type != KDB_JSON_STRING && value->type != KDB_JSON_NULL)
        return malformed(ctx, "a text was expected");
    *ret_text = value->type == KDB_JSON_STRING ? value->text : (kdb_slice){0};
    return KDB_OK;
}

// ---- the columns ----

// "BigInt", or the one name in {"Decimal":{…}}.
static kdb_slice type_name(const struct kdb_json *type)
{
    if (type && type->type == KDB_JSON_STRING)
        return type->text;
    if (type && type->type == KDB_JSON_OBJECT && type->count == 1)
        return type->first->name;
    return (kdb_slice){0};
}

static bool has_flag(const struct kdb_json *column, kdb_slice wanted)
{
    const struct kdb_json *flags = kdb_json_get(column, KDB_LIT("flags"));
    const struct kdb_json *flag = flags && flags->type == KDB_JSON_ARRAY ? flags->first : NULL;
    while (flag && !kdb_slice_equal(flag->text, wanted))
        flag = flag->next;
    return flag != NULL;
}

static kdb_status read_columns(struct kdb_ctx *ctx, kdb_slice text, struct kdb_result *result)
{
    const struct kdb_json *schema;
    KDB_TRY(parse(ctx, text, &schema));
    if (schema->type != KDB_JSON_ARRAY)
        return malformed(ctx, "a schema is no list");
    result->columns = kdb_arena_array(&ctx->arena, schema->count, sizeof(*result->columns));
    result->column_count = 0;
    for (const struct kdb_json *at = schema->first; at; at = at->next) {
        const struct kdb_json *name = kdb_json_get(at, KDB_LIT("name"));
        kdb_slice type = type_name(kdb_json_get(at, KDB_LIT("data_type")));
        if (!name || name->type != KDB_JSON_STRING || !type.data)
            return malformed(ctx, "a column has no name or no type");
        result->columns[result->column_count++] =
            (struct kdb_result_column){name->text, type, has_flag(at, KDB_LIT("pk"))};
    }
    return KDB_OK;
}

// ---- one result ----

static kdb_status read_row_count(struct kdb_ctx *ctx, kdb_slice text, int64_t *ret_count)
{
    if (!kdb_slice_to_i64(text, ret_count) || *ret_count < 0)
        return malformed(ctx, "a row_count is no number");
    return KDB_OK;
}

static kdb_status read_member(struct kdb_ctx *ctx, kdb_slice name, kdb_slice value,
                              struct kdb_result *result)
{
    bool is_null = kdb_slice_equal(value, KDB_LIT("null"));
    if (kdb_slice_equal(name, KDB_LIT("schema")))
        return is_null ? KDB_OK : read_columns(ctx, value, result);
    if (kdb_slice_equal(name, KDB_LIT("row_count")))
        return read_row_count(ctx, value, &result->row_count);
    if (kdb_slice_equal(name, KDB_LIT("message")))
        return parse_text(ctx, value, &result->message);
    if (kdb_slice_equal(name, KDB_LIT("as_user")))
        return parse_text(ctx, value, &result->as_user);
    if (kdb_slice_equal(name, KDB_LIT("rows")) && !is_null) {
        result->has_rows = true;
        result->rows = value;
    }
    return KDB_OK;
}

static kdb_status read_result(struct kdb_ctx *ctx, kdb_slice text, struct kdb_result *result)
{
    struct walk walk;
    if (!walk_begin(text, true, &walk))
        return malformed(ctx, "a result is no object");
    kdb_slice name = {0};
    kdb_slice value = {0};
    enum walked walked;
    while ((walked = walk_next(&walk, &name, &value)) == WALKED_MEMBER)
        KDB_TRY(read_member(ctx, name, value, result));
    return walked == WALKED_END ? KDB_OK : malformed(ctx, "a result is cut or misses a sign");
}

static kdb_status read_items(struct kdb_ctx *ctx, struct kdb_results *results)
{
    struct walk walk;
    size_t capacity = 0;
    if (!walk_begin(results->text, false, &walk))
        return malformed(ctx, "its results are no list");
    kdb_slice value = {0};
    enum walked walked;
    while ((walked = walk_next(&walk, NULL, &value)) == WALKED_MEMBER) {
        struct kdb_result result = {0};
        KDB_TRY(read_result(ctx, value, &result));
        KDB_PUSH(&ctx->arena, results->items, results->count, capacity, result);
    }
    return walked == WALKED_END ? KDB_OK : malformed(ctx, "its results are cut or miss a sign");
}

// ---- the envelope ----

static kdb_slice text_of(const struct kdb_json *object, kdb_slice name)
{
    const struct kdb_json *value = kdb_json_get(object, name);
    return value && value->type == KDB_JSON_STRING ? value->text : (kdb_slice){0};
}

// Text that nothing promised anything about: cut short and only what is UTF-8.
static kdb_slice plain_message(const struct kdb_reply *reply, struct kdb_ctx *ctx)
{
    kdb_slice shown = reply->body;
    shown.len = shown.len < PLAIN_BYTES_SHOWN ? shown.len : PLAIN_BYTES_SHOWN;
    shown.len = kdb_utf8_valid_prefix(shown);
    shown = kdb_slice_trim(shown);
    return kdb_arena_printf(&ctx->arena, "the server answered with HTTP status %d%s%.*s",
                            reply->http_status, shown.len > 0 ? ": " : "", KDB_ARG(shown));
}

// An error in any of its shapes: the envelope's object, {"error":"CODE","message":…}, a text.
static void read_error(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                       struct kdb_results *results)
{
    const struct kdb_json *root = NULL;
    results->is_success = false;
    results->text = KDB_LIT("[]");
    if (kdb_client_parse(reply, ctx, &root) != KDB_OK)
        kdb_ctx_clear_error(ctx);
    const struct kdb_json *error = kdb_json_get(root, KDB_LIT("error"));
    if (error && error->type == KDB_JSON_OBJECT) {
        results->code = text_of(error, KDB_LIT("code"));
        results->message = text_of(error, KDB_LIT("message"));
        results->details = text_of(error, KDB_LIT("details"));
    } else {
        results->code = text_of(root, KDB_LIT("error"));
        results->message = text_of(root, KDB_LIT("message"));
    }
    if (!results->message.data)
        results->message = plain_message(reply, ctx);
}

kdb_status kdb_results_read(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                            struct kdb_results *ret_results)
{
    struct kdb_results results = {0};
    struct walk walk;
    if (reply->http_status != 200) {
        read_error(reply, ctx, &results);
        *ret_results = results;
        return KDB_OK;
    }
    if (!walk_begin(reply->body, true, &walk))
        return malformed(ctx, "it is no JSON object");
    kdb_slice name;
    kdb_slice value;
    enum walked walked;
    while ((walked = walk_next(&walk, &name, &value)) == WALKED_MEMBER) {
        if (kdb_slice_equal(name, KDB_LIT("status")))
            results.is_success = kdb_slice_equal(value, KDB_LIT("\"success\""));
        else if (kdb_slice_equal(name, KDB_LIT("results")))
            results.text = value;
    }
    if (walked == WALKED_BAD)
        return malformed(ctx, "it is cut or misses a sign");
    if (!results.is_success)
        read_error(reply, ctx, &results);
    else if (results.text.data)
        KDB_TRY(read_items(ctx, &results));
    else
        return malformed(ctx, "it has no results");
    *ret_results = results;
    return KDB_OK;
}

// ---- rows ----

struct kdb_row_walk kdb_result_rows(const struct kdb_result *result)
{
    return (struct kdb_row_walk){.at = result->rows.data,
                                 .end = result->rows.data + result->rows.len,
                                 .column_count = result->column_count};
}

kdb_status kdb_row_walk_next(struct kdb_row_walk *walk, struct kdb_ctx *ctx,
                             const struct kdb_json **ret_row)
{
    struct walk rows = {walk->at, walk->end, false, walk->index > 0};
    *ret_row = NULL;
    if (!walk->at)
        return KDB_OK;
    if (walk->index == 0 &&
        !walk_begin(kdb_slice_of(walk->at, (size_t)(walk->end - walk->at)), false, &rows))
        return malformed(ctx, "rows are no list");
    kdb_slice text;
    enum walked walked = walk_next(&rows, NULL, &text);
    if (walked == WALKED_END)
        return KDB_OK;
    const struct kdb_json *row = NULL;
    if (walked == WALKED_MEMBER)
        KDB_TRY(parse(ctx, text, &row));
    if (!row || row->type != KDB_JSON_ARRAY || row->count != walk->column_count)
        return malformed(ctx, "a row does not have one cell for each column");
    walk->at = rows.at;
    walk->index++;
    *ret_row = row;
    return KDB_OK;
}
