// SPDX-License-Identifier: Apache-2.0
// Server messages of the WebSocket protocol (contract: WebSocket, server messages).
//
// Every message is built as JSON; a connection that agreed on MessagePack gets the same structure
// in that form, and a client that can takes large initial batches compressed.
#include "api/encodings_priv.h"
#include "api/ws_priv.h"
#include "base/alloc.h"
#include "base/json_write.h"

// Initial batches from this size on are compressed, if that makes them smaller.
#define COMPRESS_FROM 512

// The longest head of a change message that is put together on the stack.
#define HEAD_BYTES_MAX 2048

static struct kdb_buf *scratch(struct ws_connection *connection)
{
    struct kdb_buf *text = &connection->loop->text;
    kdb_buf_clear(text);
    return text;
}

void ws_send_text(struct ws_connection *connection, kdb_slice json)
{
    if (connection->ws)
        kdb_ws_send(connection->ws, KDB_WS_OP_TEXT, json);
}

void ws_send(struct ws_connection *connection, kdb_slice json, bool may_compress)
{
    if (!connection->ws)
        return;
    struct kdb_buf packed = {0};
    struct kdb_buf compressed = {0};
    kdb_slice bytes = json;
    bool is_binary = connection->is_packed;
    if (connection->is_packed) {
        api_pack_json(json, &packed);
        bytes = kdb_buf_view(&packed);
    }
    if (may_compress && connection->may_compress && bytes.len >= COMPRESS_FROM &&
        gzip_compress(bytes, &compressed) && compressed.len < bytes.len) {
        bytes = kdb_buf_view(&compressed);
        is_binary = true;
    }
    kdb_ws_send(connection->ws, is_binary ? KDB_WS_OP_BINARY : KDB_WS_OP_TEXT, bytes);
    kdb_buf_deinit(&packed);
    kdb_buf_deinit(&compressed);
}

// ---- errors ----

static void write_member(struct kdb_buf *out, const char *name, kdb_slice value)
{
    kdb_buf_printf(out, ",\"%s\":", name);
    kdb_json_string(out, value);
}

void ws_send_error(struct ws_connection *connection, kdb_slice id, const char *code,
                   const char *message)
{
    struct kdb_buf *text = scratch(connection);
    const struct ws_subscription *subscription = kdb_map_get(&connection->subscriptions, id);
    bool is_array_form = subscription && subscription->is_array_form;
    KDB_BUF_LIT(text, "{\"type\":\"error\"");
    write_member(text, is_array_form ? "query_id" : "subscription_id", id);
    write_member(text, "code", kdb_slice_cstr(code));
    write_member(text, "message", kdb_slice_cstr(message));
    kdb_buf_put(text, '}');
    ws_send_text(connection, kdb_buf_view(text));
}

static const char *code_of(kdb_status status)
{
    switch ((int)status) {
    case KDB_ERR_TABLE_NOT_FOUND:
    case KDB_ERR_NAMESPACE_NOT_FOUND:
        return "NOT_FOUND";
    case KDB_ERR_PERMISSION_DENIED:
        return "UNAUTHORIZED";
    case KDB_ERR_HISTORY_GONE:
        return "HISTORY_GONE";
    case KDB_ERR_INVALID_OPERATION:
        return "UNSUPPORTED";
    case KDB_ERR_INVALID_SQL:
    case KDB_ERR_INVALID_QUERY:
    case KDB_ERR_EMPTY_SQL:
    case KDB_ERR_BATCH_PARSE:
    case KDB_ERR_COLUMN_NOT_FOUND:
    case KDB_ERR_TYPE_MISMATCH:
    case KDB_ERR_INVALID_VALUE:
    case KDB_ERR_OUT_OF_RANGE:
        return "INVALID_SQL";
    default:
        return "SUBSCRIPTION_FAILED";
    }
}

void ws_send_failure(struct ws_connection *connection, kdb_slice id, const struct kdb_error *error)
{
    const struct kdb_status_info *info = kdb_status_info(error->status);
    struct kdb_buf text = {0};
    if (info->http >= 500 && !kdb_role_is_admin(connection->role))
        KDB_BUF_LIT(&text, "the subscription failed inside the server");
    else if (error->status == KDB_ERR_TABLE_NOT_FOUND)
        kdb_buf_printf(&text, "Not found: Table not found: %s", error->message);
    else
        kdb_buf_printf(&text, "%s%s", info->prefix, error->message);
    if (error->position > 0)
        kdb_buf_printf(&text, " (at character %d)", error->position);
    kdb_buf_put(&text, '\0');
    ws_send_error(connection, id, code_of(error->status), text.data);
    kdb_buf_deinit(&text);
}

// ---- changes ----

kdb_slice ws_change_head(kdb_slice id, bool is_array_form)
{
    struct kdb_buf text = {0};
    KDB_BUF_LIT(&text, "{\"type\":\"change\"");
    write_member(&text, is_array_form ? "query_id" : "subscription_id", id);
    KDB_BUF_LIT(&text, ",\"change_type\":\"");
    kdb_slice head = kdb_slice_of(kdb_alloc_text(text.data, text.len), text.len);
    kdb_buf_deinit(&text);
    return head;
}

static const char *kind_name(const struct ws_subscription *subscription, kdb_live_kind kind)
{
    static const char *const capitals[] = {
        [KDB_LIVE_INSERT] = "INSERT", [KDB_LIVE_UPDATE] = "UPDATE", [KDB_LIVE_DELETE] = "DELETE"};
    return subscription->is_array_form ? capitals[kind] : kdb_live_kind_name(kind);
}

// The head of one change message up to where the shared bytes begin.
static void write_head(const struct ws_subscription *subscription, kdb_live_kind kind,
                       struct kdb_buf *out)
{
    kdb_buf_slice(out, subscription->change);
    kdb_buf_slice(out, kdb_slice_cstr(kind_name(subscription, kind)));
    KDB_BUF_LIT(out, "\",");
}

// The same for MessagePack: a map of as many members as follow, the first three of them.
static void write_packed_head(const struct ws_subscription *subscription, kdb_live_kind kind,
                              uint32_t member_count, struct kdb_buf *out)
{
    struct kdb_buf json = {0};
    kdb_buf_slice(&json, subscription->change);
    kdb_buf_slice(&json, kdb_slice_cstr(kind_name(subscription, kind)));
    KDB_BUF_LIT(&json, "\"}");
    uint32_t head_count = 0;
    api_pack_map_header(3 + member_count, out);
    api_pack_members(kdb_buf_view(&json), out, &head_count);
    kdb_buf_deinit(&json);
}

static void pack_event(struct kdb_live_event *event)
{
    if (event->packed)
        return;
    struct kdb_buf json = {0};
    struct kdb_buf packed = {0};
    kdb_buf_put(&json, '{');
    kdb_buf_slice(&json, kdb_shared_bytes_view(event->body));
    api_pack_members(kdb_buf_view(&json), &packed, &event->packed_count);
    event->packed = kdb_shared_bytes_take(&packed);
    kdb_buf_deinit(&json);
    kdb_buf_deinit(&packed);
}

void ws_send_event(struct ws_subscription *subscription, struct kdb_live_event *event)
{
    struct ws_connection *connection = subscription->connection;
    char space[HEAD_BYTES_MAX];
    struct kdb_buf head = {.data = space, .capacity = sizeof(space), .limit = sizeof(space)};
    if (connection->is_packed) {
        pack_event(event);
        write_packed_head(subscription, event->kind, event->packed_count, &head);
        kdb_ws_send_shared(connection->ws, KDB_WS_OP_BINARY, kdb_buf_view(&head), event->packed);
        return;
    }
    write_head(subscription, event->kind, &head);
    kdb_ws_send_shared(connection->ws, KDB_WS_OP_TEXT, kdb_buf_view(&head), event->body);
}

void ws_send_change(struct ws_subscription *subscription, kdb_live_kind kind, kdb_slice body)
{
    struct kdb_buf *text = scratch(subscription->connection);
    write_head(subscription, kind, text);
    kdb_buf_slice(text, body);
    ws_send(subscription->connection, kdb_buf_view(text), false);
}

// ---- initial rows ----

static void write_control(struct kdb_buf *out, const struct ws_batch_control *control)
{
    const char *status = !control->has_more     ? "ready"
                         : control->number == 0 ? "loading"
                                                : "loading_batch";
    kdb_buf_printf(out, ",\"batch_control\":{\"batch_num\":%u,\"has_more\":%s,\"status\":\"%s\"",
                   control->number, control->has_more ? "true" : "false", status);
    KDB_BUF_LIT(out, ",\"last_seq_id\":");
    if (control->has_seq)
        kdb_buf_i64(out, control->last_seq);
    else
        kdb_json_null(out);
    if (!control->has_more)
        kdb_buf_printf(out, ",\"resume_from\":\"%lld\"", (long long)control->resume_from);
    kdb_buf_put(out, '}');
}

static void write_schema(const struct ws_subscription *subscription, struct kdb_buf *out)
{
    const struct kdb_plan *plan = subscription->query->plan;
    KDB_BUF_LIT(out, ",\"schema\":");
    reply_write_schema(out, plan->outputs, plan->output_count);
}

void ws_send_ack(struct ws_subscription *subscription, const struct ws_batch_control *control)
{
    struct kdb_buf *text = scratch(subscription->connection);
    KDB_BUF_LIT(text, "{\"type\":\"subscription_ack\"");
    write_member(text, "subscription_id", subscription->id);
    KDB_BUF_LIT(text, ",\"total_rows\":0");
    write_control(text, control);
    write_schema(subscription, text);
    kdb_buf_put(text, '}');
    ws_send(subscription->connection, kdb_buf_view(text), false);
}

void ws_send_batch(struct ws_subscription *subscription, kdb_slice rows, uint64_t row_count,
                   const struct ws_batch_control *control)
{
    struct kdb_buf *text = scratch(subscription->connection);
    if (subscription->is_array_form) {
        KDB_BUF_LIT(text, "{\"type\":\"initial_data\"");
        write_member(text, "query_id", subscription->id);
        kdb_buf_printf(text, ",\"count\":%llu", (unsigned long long)row_count);
    } else {
        KDB_BUF_LIT(text, "{\"type\":\"initial_data_batch\"");
        write_member(text, "subscription_id", subscription->id);
    }
    KDB_BUF_LIT(text, ",\"rows\":[");
    kdb_buf_slice(text, rows);
    kdb_buf_put(text, ']');
    write_control(text, control);
    kdb_buf_put(text, '}');
    ws_send(subscription->connection, kdb_buf_view(text), true);
    if (text->capacity > (size_t)256 * 1024)
        kdb_buf_deinit(text);
}
