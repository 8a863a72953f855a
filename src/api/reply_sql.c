// SPDX-License-Identifier: Apache-2.0
// The SQL envelope: results as they come, or one error (contract: SQL endpoint, success and error
// envelopes).
#include <string.h>

#include "api/api_priv.h"
#include "base/json_write.h"
#include "base/log.h"

void reply_begin(struct reply *reply, size_t limit)
{
    kdb_buf_clear(&reply->body);
    reply->body.limit = limit;
    reply->has_results = false;
    KDB_BUF_LIT(&reply->body, "{\"status\":\"success\",\"results\":[");
}

static void open_entry(struct reply *reply)
{
    if (reply->has_results)
        kdb_buf_put(&reply->body, ',');
    reply->has_results = true;
    kdb_buf_put(&reply->body, '{');
}

static void close_entry(struct reply *reply, uint64_t row_count)
{
    KDB_BUF_LIT(&reply->body, "\"row_count\":");
    kdb_buf_i64(&reply->body, (int64_t)row_count);
    KDB_BUF_LIT(&reply->body, ",\"as_user\":");
    kdb_json_string(&reply->body, reply->as_user);
    kdb_buf_put(&reply->body, '}');
}

// Of each reply, not counted in the budget of all.
#define FREE_BYTES ((size_t)64 * 1024)

static kdb_status take(struct reply *reply, struct kdb_ctx *ctx)
{
    size_t more = reply->body.capacity - FREE_BYTES - reply->taken_bytes;
    if (!kdb_budget_take(reply->budget, more))
        return kdb_fail(ctx, KDB_ERR_OVERLOADED,
                        "the replies of all requests together are larger than %zu bytes "
                        "(limits.response_budget_bytes); try again later or select less",
                        reply->budget->max_bytes);
    reply->taken_bytes += more;
    return KDB_OK;
}

static kdb_status check_size(struct reply *reply, struct kdb_ctx *ctx)
{
    if (KDB_UNLIKELY(reply->body.capacity > reply->taken_bytes + FREE_BYTES))
        KDB_TRY(take(reply, ctx));
    if (!reply->body.is_exceeded)
        return KDB_OK;
    return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "the result is larger than %zu bytes (limits.max_response_bytes); add a LIMIT "
                    "or select fewer columns",
                    reply->body.limit);
}

static void write_flags(struct kdb_buf *out, const struct kdb_output_column *column)
{
    if (column->is_key)
        KDB_BUF_LIT(out, ",\"flags\":[\"pk\",\"nn\",\"uq\"]");
    else if (column->is_not_null)
        KDB_BUF_LIT(out, ",\"flags\":[\"nn\"]");
}

void reply_write_schema(struct kdb_buf *out, const struct kdb_output_column *columns, size_t count)
{
    kdb_buf_put(out, '[');
    for (size_t i = 0; i < count; i++) {
        kdb_buf_slice(out, i == 0 ? KDB_LIT("{\"name\":") : KDB_LIT(",{\"name\":"));
        kdb_json_string(out, columns[i].name);
        KDB_BUF_LIT(out, ",\"data_type\":");
        kdb_type_write_wire(out, columns[i].type);
        KDB_BUF_LIT(out, ",\"index\":");
        kdb_buf_i64(out, (int64_t)i);
        write_flags(out, &columns[i]);
        kdb_buf_put(out, '}');
    }
    kdb_buf_put(out, ']');
}

static kdb_status sink_begin(void *self, struct kdb_ctx *ctx,
                             const struct kdb_output_column *columns, size_t count)
{
    struct reply *reply = self;
    reply->columns = columns;
    reply->column_count = count;
    reply->row_count = 0;
    open_entry(reply);
    KDB_BUF_LIT(&reply->body, "\"schema\":");
    reply_write_schema(&reply->body, columns, count);
    KDB_BUF_LIT(&reply->body, ",\"rows\":[");
    return check_size(reply, ctx);
}

static kdb_status sink_row(void *self, struct kdb_ctx *ctx, const kdb_value *values)
{
    struct reply *reply = self;
    kdb_buf_slice(&reply->body, reply->row_count == 0 ? KDB_LIT("[") : KDB_LIT(",["));
    for (size_t i = 0; i < reply->column_count; i++) {
        if (i > 0)
            kdb_buf_put(&reply->body, ',');
        if (reply->columns[i].is_masked && !values[i].is_null)
            KDB_BUF_LIT(&reply->body, "\"***\"");
        else
            KDB_TRY(kdb_value_write_json(&values[i], ctx, &reply->body));
    }
    kdb_buf_put(&reply->body, ']');
    reply->row_count++;
    return check_size(reply, ctx);
}

struct kdb_sink reply_sink(struct reply *reply)
{
    static const struct kdb_sink_ops ops = {sink_begin, sink_row};
    return (struct kdb_sink){&ops, reply};
}

void reply_end_rows(struct reply *reply)
{
    KDB_BUF_LIT(&reply->body, "],");
    close_entry(reply, reply->row_count);
}

void reply_message(struct reply *reply, kdb_slice message, uint64_t row_count)
{
    open_entry(reply);
    if (message.data) {
        KDB_BUF_LIT(&reply->body, "\"message\":");
        kdb_json_string(&reply->body, message);
        kdb_buf_put(&reply->body, ',');
    }
    close_entry(reply, row_count);
}

static void write_took(struct reply *reply, int64_t started_ns)
{
    int64_t took_us = (kdb_monotonic_ns() - started_ns) / 1000;
    KDB_BUF_LIT(&reply->body, "\"took\":");
    kdb_buf_i64(&reply->body, took_us / 1000);
    const char fraction[4] = {'.', (char)('0' + took_us / 100 % 10),
                              (char)('0' + took_us / 10 % 10), (char)('0' + took_us % 10)};
    kdb_buf_append(&reply->body, fraction, sizeof(fraction));
}

void reply_finish(struct reply *reply, int64_t started_ns)
{
    reply->body.limit = 0;
    KDB_BUF_LIT(&reply->body, "],");
    write_took(reply, started_ns);
    kdb_buf_put(&reply->body, '}');
}

// What somebody who is not an admin may not see: which tables exist, and our own failures' details.
static bool hides_message(kdb_status status, kdb_role role)
{
    return !kdb_role_is_admin(role) && status == KDB_ERR_TABLE_NOT_FOUND;
}

static bool is_internal(kdb_status status)
{
    return kdb_status_info(status)->http >= 500 && status != KDB_ERR_OVERLOADED &&
           status != KDB_ERR_UNAVAILABLE;
}

static void write_message(struct reply *reply, const struct reply_error *error)
{
    const struct kdb_error *what = &error->ctx->error;
    const struct kdb_status_info *info = kdb_status_info(what->status);
    struct kdb_buf text = {0};
    if (hides_message(what->status, error->role)) {
        KDB_BUF_LIT(&text, "SQL statement failed");
    } else if (is_internal(what->status) && !kdb_role_is_admin(error->role)) {
        kdb_buf_printf(&text, "SQL request failed (request %s)", error->ctx->request_id);
    } else {
        // A request refused as a whole, for the kind of a statement, is told just that.
        bool is_refusal = error->statement == 0 && what->status == KDB_ERR_PERMISSION_DENIED;
        if (error->statement > 0)
            kdb_buf_printf(&text, "Statement %zu failed: ", error->statement);
        kdb_buf_printf(&text, "%s%s", is_refusal ? "" : info->prefix, what->message);
        if (what->position > 0)
            kdb_buf_printf(&text, " (at character %d)", what->position);
        if (is_internal(what->status))
            kdb_buf_printf(&text, " (request %s)", error->ctx->request_id);
    }
    kdb_json_string(&reply->body, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
}

int reply_error(struct reply *reply, const struct reply_error *error, int64_t started_ns)
{
    const struct kdb_error *what = &error->ctx->error;
    const struct kdb_status_info *info = kdb_status_info(what->status);
    if (is_internal(what->status))
        kdb_log_error("api", error->ctx->request_id, "%s: %s (%s:%d)", info->name, what->message,
                      what->file, what->line);
    reply->body.limit = 0;
    kdb_buf_clear(&reply->body);
    KDB_BUF_LIT(&reply->body, "{\"status\":\"error\",\"results\":[],");
    write_took(reply, started_ns);
    KDB_BUF_LIT(&reply->body, ",\"error\":{\"code\":");
    kdb_json_string(&reply->body, kdb_slice_cstr(error->code ? error->code : info->wire));
    KDB_BUF_LIT(&reply->body, ",\"message\":");
    write_message(reply, error);
    if (error->text.data && kdb_role_is_admin(error->role)) {
        KDB_BUF_LIT(&reply->body, ",\"details\":");
        kdb_json_string(&reply->body, error->text);
    }
    KDB_BUF_LIT(&reply->body, "}}");
    return info->http;
}
