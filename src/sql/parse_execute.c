// SPDX-License-Identifier: Apache-2.0
// Statements that hold another: EXPLAIN and EXECUTE AS USER. The one inside is parsed in place, so
// that its literals and positions are those of the whole.
#include "sql/command_priv.h"

// EXPLAIN statement. Options are reserved: EXPLAIN ANALYZE …, EXPLAIN (…) ….
kdb_status sql_parse_explain(struct sql_command *command, struct kdb_statement *statement)
{
    struct sql_command ahead = *command;
    bool is_list = sql_command_accept_sign(&ahead, "(");
    static const char *const options[] = {"ANALYZE", "ANALYSE", "VERBOSE",
                                          "COSTS",   "FORMAT",  "BUFFERS"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (sql_command_is(&ahead, options[i])) {
            statement->kind = KDB_STATEMENT_RESERVED;
            statement->what = is_list ? "EXPLAIN with options" : "EXPLAIN ANALYZE";
            return KDB_OK;
        }
    }
    if (sql_command_is(command, "EXPLAIN") || sql_command_is(command, "EXECUTE"))
        return sql_command_near(command);
    if (command->token.kind == SQL_TOKEN_END)
        return sql_command_near(command);
    struct sql_range range = {command->token.start, command->lexer.end};
    statement->inner = KDB_ARENA_NEW(&command->parse->ctx->arena, struct kdb_statement);
    KDB_TRY(sql_parse_range(command->parse, range, statement->inner));
    while (command->token.kind != SQL_TOKEN_END)
        sql_command_next(command);
    return KDB_OK;
}

static kdb_status fail_input(struct sql_command *command, const char *message)
{
    (void)kdb_fail(command->parse->ctx, KDB_ERR_INVALID_INPUT, "EXECUTE AS USER: %s", message);
    return sql_error_at(command->parse, command->token.start);
}

static kdb_status read_user(struct sql_command *command, kdb_slice *ret_user)
{
    if (command->token.kind == SQL_TOKEN_END || sql_command_is_sign(command, "("))
        return fail_input(command, "the user name is missing");
    bool is_quoted =
        command->token.kind == SQL_TOKEN_STRING || command->token.kind == SQL_TOKEN_QUOTED;
    if (is_quoted && command->token.end - command->token.start == 2)
        return fail_input(command, "empty username");
    if (command->token.kind == SQL_TOKEN_CHAR)
        return fail_input(command, "the user name is missing");
    return sql_command_id(command, ret_user);
}

// The text between the parentheses: from the first token to the last one that is no semicolon.
static kdb_status read_body(struct sql_command *command, struct sql_range *ret_body)
{
    if (!sql_command_accept_sign(command, "("))
        return fail_input(command, "parentheses are required around the statement");
    struct sql_range body = {command->token.start, command->token.start};
    bool has_ended = false; // a semicolon was seen
    size_t depth = 1;
    for (;; sql_command_next(command)) {
        if (command->token.kind == SQL_TOKEN_END)
            return fail_input(command, "missing closing ')'");
        depth += sql_command_is_sign(command, "(");
        depth -= sql_command_is_sign(command, ")");
        if (depth == 0)
            break;
        if (sql_command_is_sign(command, ";")) {
            has_ended = true;
            continue;
        }
        if (has_ended)
            return fail_input(command, "the parentheses must hold a single SQL statement");
        body.end = command->token.end;
    }
    if (body.end == body.start)
        return fail_input(command, "a non-empty inner SQL statement is required");
    sql_command_next(command);
    *ret_body = body;
    return KDB_OK;
}

kdb_status sql_parse_execute(struct sql_command *command, struct kdb_statement *statement)
{
    if (!sql_command_accept(command, "AS USER"))
        return fail_input(command, "expected EXECUTE AS USER 'user' (statement)");
    KDB_TRY(read_user(command, &statement->execute_as.user));
    struct sql_range body = {0};
    KDB_TRY(read_body(command, &body));
    if (command->token.kind != SQL_TOKEN_END)
        return fail_input(command, "unexpected text after the closing parenthesis");
    struct sql_command inside;
    sql_command_init(&inside, command->parse, body);
    if (sql_command_is(&inside, "EXECUTE"))
        return fail_input(&inside, "it cannot be nested");
    statement->execute_as.inner = KDB_ARENA_NEW(&command->parse->ctx->arena, struct kdb_statement);
    return sql_parse_range(command->parse, body, statement->execute_as.inner);
}
