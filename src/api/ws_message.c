// SPDX-License-Identifier: Apache-2.0
// Client messages: names of fields, their types and limits.
#include "api/ws_message_priv.h"

#include "base/json_read.h"
#include "conf/limits.h"

// Rows one initial batch may be asked to have.
#define BATCH_SIZE_MAX 100000

// Subscriptions in one message of the array form.
#define REQUESTS_MAX 1000

static kdb_status wrong(struct kdb_ctx *ctx, const char *field, const char *wanted)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "\"%s\" must be %s", field, wanted);
}

static bool is_absent(const struct kdb_json *value)
{
    return !value || value->type == KDB_JSON_NULL;
}

static kdb_status read_text(struct kdb_ctx *ctx, const struct kdb_json *object, const char *field,
                            kdb_slice *ret)
{
    const struct kdb_json *value = kdb_json_get(object, kdb_slice_cstr(field));
    if (!value || value->type != KDB_JSON_STRING)
        return wrong(ctx, field, "a string");
    *ret = value->text;
    return KDB_OK;
}

// A sequence number: an integer, or its digits as a string (they go beyond what JavaScript counts).
static kdb_status read_seq(struct kdb_ctx *ctx, const struct kdb_json *value, const char *field,
                           bool *ret_has, int64_t *ret)
{
    *ret_has = !is_absent(value);
    if (!*ret_has)
        return KDB_OK;
    if (value->type == KDB_JSON_INT) {
        *ret = value->integer;
        return KDB_OK;
    }
    if (value->type == KDB_JSON_STRING && kdb_slice_to_i64(value->text, ret))
        return KDB_OK;
    return wrong(ctx, field, "a 64-bit integer");
}

static kdb_status read_count(struct kdb_ctx *ctx, const struct kdb_json *options, const char *field,
                             bool *ret_has, int64_t *ret)
{
    const struct kdb_json *value = kdb_json_get(options, kdb_slice_cstr(field));
    *ret_has = !is_absent(value);
    if (!*ret_has)
        return KDB_OK;
    if (value->type != KDB_JSON_INT || value->integer < 0)
        return wrong(ctx, field, "an integer from 0");
    *ret = value->integer;
    return KDB_OK;
}

static kdb_status read_options(struct kdb_ctx *ctx, const struct kdb_json *options,
                               struct ws_subscribe_request *request)
{
    int64_t batch_size = 0;
    int64_t last_rows = 0;
    if (is_absent(options))
        return KDB_OK;
    if (options->type != KDB_JSON_OBJECT)
        return wrong(ctx, "options", "an object or null");
    request->has_options = true;
    KDB_TRY(read_count(ctx, options, "batch_size", &request->has_batch_size, &batch_size));
    if (request->has_batch_size && (batch_size == 0 || batch_size > BATCH_SIZE_MAX))
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "\"batch_size\" must be from 1 to %d",
                        BATCH_SIZE_MAX);
    request->batch_size = (uint32_t)batch_size;
    KDB_TRY(read_count(ctx, options, "last_rows", &request->has_last_rows, &last_rows));
    request->last_rows = (uint64_t)last_rows;
    const struct kdb_json *from = kdb_json_get(options, KDB_LIT("from"));
    if (is_absent(from))
        from = kdb_json_get(options, KDB_LIT("from_seq_id"));
    return read_seq(ctx, from, "from", &request->has_from, &request->from);
}

static kdb_status read_request(struct kdb_ctx *ctx, const struct kdb_json *object,
                               const char *id_field, struct ws_subscribe_request *request)
{
    if (!object || object->type != KDB_JSON_OBJECT)
        return wrong(ctx, "subscription", "an object");
    KDB_TRY(read_text(ctx, object, id_field, &request->id));
    KDB_TRY(read_text(ctx, object, "sql", &request->sql));
    return read_options(ctx, kdb_json_get(object, KDB_LIT("options")), request);
}

static kdb_status read_subscribe(struct kdb_ctx *ctx, const struct kdb_json *root,
                                 struct ws_message *message)
{
    const struct kdb_json *list = kdb_json_get(root, KDB_LIT("subscriptions"));
    if (is_absent(list)) {
        message->requests = KDB_ARENA_NEW(&ctx->arena, struct ws_subscribe_request);
        message->request_count = 1;
        return read_request(ctx, kdb_json_get(root, KDB_LIT("subscription")), "id",
                            &message->requests[0]);
    }
    if (list->type != KDB_JSON_ARRAY || list->count > REQUESTS_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "\"subscriptions\" must be an array of at most %d", REQUESTS_MAX);
    message->requests =
        kdb_arena_array(&ctx->arena, list->count + 1, sizeof(struct ws_subscribe_request));
    for (const struct kdb_json *at = list->first; at; at = at->next) {
        struct ws_subscribe_request *request = &message->requests[message->request_count];
        request->is_array_form = true;
        KDB_TRY(read_request(ctx, at, "query_id", request));
        // Clients of this form get initial rows unless they ask for none.
        request->has_options = !request->has_last_rows || request->last_rows > 0;
        message->request_count++;
    }
    return KDB_OK;
}

static kdb_status read_authenticate(struct kdb_ctx *ctx, const struct kdb_json *root,
                                    struct ws_message *message)
{
    const struct kdb_json *protocol = kdb_json_get(root, KDB_LIT("protocol"));
    const struct kdb_json *serialization = kdb_json_get(protocol, KDB_LIT("serialization"));
    const struct kdb_json *compression = kdb_json_get(protocol, KDB_LIT("compression"));
    message->is_packed = serialization && serialization->type == KDB_JSON_STRING &&
                         kdb_slice_equal_nocase(serialization->text, KDB_LIT("msgpack"));
    message->is_compressed = !(compression && compression->type == KDB_JSON_STRING &&
                               kdb_slice_equal_nocase(compression->text, KDB_LIT("none")));
    return read_text(ctx, root, "token", &message->token);
}

static kdb_status read_subscription_id(struct kdb_ctx *ctx, const struct kdb_json *root,
                                       struct ws_message *message)
{
    const struct kdb_json *query = kdb_json_get(root, KDB_LIT("query_id"));
    return read_text(ctx, root, is_absent(query) ? "subscription_id" : "query_id",
                     &message->subscription_id);
}

static kdb_status read_next_batch(struct kdb_ctx *ctx, const struct kdb_json *root,
                                  struct ws_message *message)
{
    KDB_TRY(read_subscription_id(ctx, root, message));
    return read_seq(ctx, kdb_json_get(root, KDB_LIT("last_seq_id")), "last_seq_id",
                    &message->has_last_seq, &message->last_seq);
}

static kdb_status read_ping(struct kdb_ctx *ctx, const struct kdb_json *root,
                            struct ws_message *message)
{
    (void)ctx;
    (void)root;
    (void)message;
    return KDB_OK;
}

kdb_status ws_message_read(struct kdb_ctx *ctx, kdb_slice text, size_t size_max,
                           struct ws_message *ret_message)
{
    static const struct {
        kdb_slice name;
        ws_message_kind kind;
        kdb_status (*read)(struct kdb_ctx *ctx, const struct kdb_json *root,
                           struct ws_message *message);
    } types[] = {{KDB_LIT_INIT("authenticate"), WS_AUTHENTICATE, read_authenticate},
                 {KDB_LIT_INIT("subscribe"), WS_SUBSCRIBE, read_subscribe},
                 {KDB_LIT_INIT("next_batch"), WS_NEXT_BATCH, read_next_batch},
                 {KDB_LIT_INIT("unsubscribe"), WS_UNSUBSCRIBE, read_subscription_id},
                 {KDB_LIT_INIT("ping"), WS_PING, read_ping}};
    const struct kdb_json_limits limits = {.size_max = size_max, .depth_max = KDB_LIMIT_JSON_DEPTH};
    const struct kdb_json *root;
    kdb_slice type;
    KDB_TRY(kdb_json_parse(ctx, text, &limits, &root));
    if (root->type != KDB_JSON_OBJECT)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "expected an object");
    KDB_TRY(read_text(ctx, root, "type", &type));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!kdb_slice_equal(type, types[i].name))
            continue;
        *ret_message = (struct ws_message){.kind = types[i].kind};
        return types[i].read(ctx, root, ret_message);
    }
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                    "unknown type \"%.*s\": authenticate, subscribe, next_batch, unsubscribe and "
                    "ping are known",
                    KDB_ARG(type));
}
