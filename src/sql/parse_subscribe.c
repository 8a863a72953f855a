// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE TO: the SELECT it stands for is kept as text, as a WebSocket client would send it.
#include "sql/command_priv.h"

// OPTIONS ( … ) or LAST n, which end the statement.
static bool is_tail(const struct sql_command *command)
{
    struct sql_command ahead = *command;
    if (sql_command_accept(&ahead, "OPTIONS"))
        return sql_command_is_sign(&ahead, "(");
    return sql_command_accept(&ahead, "LAST") && ahead.token.kind == SQL_TOKEN_NUMBER;
}

// Steps to the tail, or to the end; where the text before it ends.
static size_t skip_query(struct sql_command *command)
{
    size_t depth = 0;
    size_t end = command->token.start;
    while (command->token.kind != SQL_TOKEN_END && !(depth == 0 && is_tail(command))) {
        depth += sql_command_is_sign(command, "(");
        depth -= depth > 0 && sql_command_is_sign(command, ")");
        end = command->token.end;
        sql_command_next(command);
    }
    return end;
}

static kdb_status read_last(struct sql_command *command, struct kdb_statement *statement)
{
    struct kdb_ast_option *option =
        KDB_ARENA_NEW(&command->parse->ctx->arena, struct kdb_ast_option);
    *option = (struct kdb_ast_option){.key = KDB_LIT("LAST_ROWS"), .form = 'i'};
    statement->subscribe.options = option;
    statement->subscribe.option_count = 1;
    return sql_command_number(command, &option->value);
}

// SUBSCRIBE [TO] [namespace.]table [WHERE …] | SELECT … [OPTIONS (…)] [LAST n]
kdb_status sql_parse_subscribe(struct sql_command *command, struct kdb_statement *statement)
{
    (void)sql_command_accept(command, "TO");
    if (command->token.kind == SQL_TOKEN_END)
        return sql_command_near(command);
    bool is_select = sql_command_is(command, "SELECT");
    size_t start = command->token.start;
    kdb_slice text = kdb_slice_skip(command->lexer.text, start);
    text.len = skip_query(command) - start;
    struct kdb_arena *arena = &command->parse->ctx->arena;
    statement->subscribe.sql =
        is_select ? text : kdb_arena_printf(arena, "SELECT * FROM %.*s", KDB_ARG(text));
    if (sql_command_accept(command, "OPTIONS"))
        return sql_command_options(command, true, &statement->subscribe.options,
                                   &statement->subscribe.option_count);
    if (sql_command_accept(command, "LAST"))
        return read_last(command, statement);
    return KDB_OK;
}
