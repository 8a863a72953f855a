// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE TO and KILL LIVE QUERY: live queries as far as SQL over HTTP has to do with them.
#include "auth/rights.h"
#include "base/json_write.h"
#include "exec/command_priv.h"
#include "exec/explain_priv.h"
#include "exec/row_writer.h"
#include "live/directory.h"
#include "live/query.h"

kdb_status command_kill_live_query(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    struct kdb_live_directory *directory = exec->services->live;
    kdb_slice owner = kdb_role_is_admin(exec->role) ? (kdb_slice){0} : exec->user;
    if (!directory || !kdb_live_directory_kill(directory, statement->job, owner))
        return kdb_fail(exec->ctx, KDB_ERR_NOT_FOUND,
                        "live query '%.*s' does not exist; system.live lists them",
                        KDB_ARG(statement->job));
    return command_done(exec, "Live query killed: %.*s", KDB_ARG(statement->job));
}

static kdb_status check_option(struct kdb_exec *exec, const struct kdb_ast_option *option)
{
    static const char *const known[] = {"LAST_ROWS", "BATCH_SIZE", "FROM", "FROM_SEQ_ID"};
    int64_t value;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!kdb_slice_equal_nocase(option->key, kdb_slice_cstr(known[i])))
            continue;
        if (kdb_slice_to_i64(option->value, &value) && value >= 0)
            return KDB_OK;
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_SQL, "OPTIONS: %.*s must be an integer from 0",
                        KDB_ARG(option->key));
    }
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_SQL,
                    "OPTIONS: unknown option %.*s; last_rows, batch_size and from are known",
                    KDB_ARG(option->key));
}

// The live query a SUBSCRIBE TO stands for; unreference it.
static kdb_status make_query(struct kdb_exec *exec, const struct kdb_statement *statement,
                             struct kdb_live_query **ret)
{
    for (size_t i = 0; i < statement->subscribe.option_count; i++)
        KDB_TRY(check_option(exec, &statement->subscribe.options[i]));
    const struct kdb_ast_name unqualified = {0};
    const struct kdb_live_request request = {.sql = statement->subscribe.sql,
                                             .space = command_space(exec, &unqualified),
                                             .catalog = exec->snapshot,
                                             .user = exec->user,
                                             .role = exec->role,
                                             .terms_max = exec->services->terms_max,
                                             .depth_max = exec->services->depth_max};
    return kdb_live_query_make(&request, exec->ctx, ret);
}

static void write_options(const struct kdb_statement *statement, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, ",\"options\":{");
    for (size_t i = 0; i < statement->subscribe.option_count; i++) {
        const struct kdb_ast_option *option = &statement->subscribe.options[i];
        kdb_buf_printf(out, "%s\"", i == 0 ? "" : ",");
        for (size_t at = 0; at < option->key.len; at++) {
            char byte = option->key.data[at];
            kdb_buf_put(out, byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte);
        }
        kdb_buf_printf(out, "\":%.*s", KDB_ARG(option->value));
    }
    kdb_buf_put(out, '}');
}

static kdb_slice subscription_json(struct kdb_exec *exec, const struct kdb_statement *statement,
                                   kdb_slice sql)
{
    struct kdb_buf text = {0};
    char id[KDB_UUID_TEXT + 1];
    kdb_uuid_v7_text(exec->services->id_source, id);
    kdb_buf_printf(&text, "{\"id\":\"sub-%s\",\"sql\":", id);
    kdb_json_string(&text, sql);
    write_options(statement, &text);
    kdb_buf_put(&text, '}');
    kdb_slice copy = kdb_arena_copy(&exec->ctx->arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return copy;
}

kdb_status command_subscribe(struct kdb_exec *exec, const struct kdb_statement *statement)
{
    static const struct kdb_output_column columns[] = {
        {.name = KDB_LIT_INIT("status"), .type = {.kind = KDB_TEXT}},
        {.name = KDB_LIT_INIT("ws_url"), .type = {.kind = KDB_TEXT}},
        {.name = KDB_LIT_INIT("subscription"), .type = {.kind = KDB_JSON}},
        {.name = KDB_LIT_INIT("message"), .type = {.kind = KDB_TEXT}}};
    struct kdb_live_query *query;
    KDB_TRY(make_query(exec, statement, &query));
    kdb_slice subscription = subscription_json(exec, statement, query->sql);
    kdb_live_query_unref(query);
    struct row_writer writer;
    KDB_TRY(row_writer_begin(&writer, exec, columns, sizeof(columns) / sizeof(columns[0])));
    row_writer_cstr(&writer, "active");
    row_writer_cstr(&writer, exec->services->ws_url ? exec->services->ws_url : "/v1/ws");
    row_writer_text(&writer, subscription);
    row_writer_cstr(&writer, "The query can be subscribed to: open a WebSocket at ws_url on this "
                             "server and send {\"type\":\"subscribe\",\"subscription\":…} with the "
                             "subscription above");
    return row_writer_end(&writer);
}

kdb_status explain_subscription(struct row_writer *writer, const struct kdb_statement *statement)
{
    struct kdb_exec *exec = writer->exec;
    struct kdb_arena *arena = &exec->ctx->arena;
    struct kdb_live_query *query;
    KDB_TRY(make_query(exec, statement, &query));
    const struct kdb_table *table = query->table;
    kdb_slice whose = table->kind == KDB_TABLE_SHARED ? KDB_LIT("everyone's changes")
                                                      : KDB_LIT("changes of the user's own rows");
    kdb_slice column = kdb_live_index_column(query);
    kdb_slice match;
    if (column.data)
        match = kdb_arena_printf(arena, "found by the value of column \"%.*s\", then the filter",
                                 KDB_ARG(column));
    else
        match = query->filter ? KDB_LIT("every change is held against the filter")
                              : KDB_LIT("every change, there is no filter");
    kdb_slice group = query->uses_session
                          ? KDB_LIT("evaluated once for all subscriptions of this user with the "
                                    "same text")
                          : KDB_LIT("evaluated once for all subscriptions with the same text");
    kdb_slice from = kdb_arena_printf(arena, "%.*s.%.*s: %.*s", KDB_ARG(table->space),
                                      KDB_ARG(table->name), KDB_ARG(whose));
    match = kdb_arena_copy(arena, match);
    kdb_live_query_unref(query);
    KDB_TRY(explain_line(writer, "live", from));
    KDB_TRY(explain_line(writer, "match", match));
    return explain_line(writer, "shared", group);
}
