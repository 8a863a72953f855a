// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP USER. From the word PASSWORD on no error message shows a token of the
// statement.
#include "sql/command_priv.h"

static kdb_status set_text(struct sql_command *command, kdb_slice *member, bool is_string)
{
    if (member->data)
        return sql_command_fail(command, "the clause is given twice");
    (void)sql_command_accept_sign(command, "=");
    return is_string ? sql_command_string(command, member) : sql_command_word(command, member);
}

static kdb_status set_auth(struct sql_command *command, struct kdb_statement *statement, char auth)
{
    if (statement->user.auth)
        return sql_command_fail(command, "a user signs in by one of PASSWORD, OAUTH, INTERNAL");
    statement->user.auth = auth;
    return KDB_OK;
}

static kdb_status read_password(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(set_auth(command, statement, 'p'));
    command->parse->hides_text = true;
    (void)sql_command_accept_sign(command, "=");
    if (command->token.kind != SQL_TOKEN_STRING)
        return sql_command_fail(command, "a password stands in single quotes");
    return sql_command_string(command, &statement->user.password);
}

// OAUTH ['json']
static kdb_status read_oauth(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(set_auth(command, statement, 'o'));
    command->parse->hides_text = true;
    if (command->token.kind != SQL_TOKEN_STRING)
        return KDB_OK;
    return sql_command_string(command, &statement->user.oauth);
}

static kdb_status read_create_clause(struct sql_command *command, struct kdb_statement *statement)
{
    if (sql_command_accept(command, "ROLE"))
        return set_text(command, &statement->user.role, false);
    if (sql_command_accept(command, "EMAIL"))
        return set_text(command, &statement->user.email, true);
    (void)sql_command_accept(command, "WITH");
    if (sql_command_accept(command, "PASSWORD"))
        return read_password(command, statement);
    if (sql_command_accept(command, "OAUTH"))
        return read_oauth(command, statement);
    if (sql_command_accept(command, "INTERNAL"))
        return set_auth(command, statement, 'i');
    return sql_command_near(command);
}

kdb_status sql_parse_create_user(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_id(command, &statement->user.name));
    while (command->token.kind != SQL_TOKEN_END)
        KDB_TRY(read_create_clause(command, statement));
    return KDB_OK;
}

kdb_status sql_parse_alter_user(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_id(command, &statement->user.name));
    do {
        KDB_TRY(sql_command_expect(command, "SET"));
        if (sql_command_accept(command, "PASSWORD"))
            KDB_TRY(read_password(command, statement));
        else if (sql_command_accept(command, "ROLE"))
            KDB_TRY(set_text(command, &statement->user.role, false));
        else if (sql_command_accept(command, "EMAIL"))
            KDB_TRY(set_text(command, &statement->user.email, true));
        else
            return sql_command_near(command);
    } while (command->token.kind != SQL_TOKEN_END);
    return KDB_OK;
}

// Words behind the name (CASCADE) are ignored.
kdb_status sql_parse_drop_user(struct sql_command *command, struct kdb_statement *statement)
{
    statement->user.if_exists = sql_command_accept(command, "IF EXISTS");
    KDB_TRY(sql_command_id(command, &statement->user.name));
    while (command->token.kind == SQL_TOKEN_WORD)
        sql_command_next(command);
    return KDB_OK;
}
