// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP NAMESPACE, USE.
#include "sql/command_priv.h"

kdb_status sql_parse_create_namespace(struct sql_command *command, struct kdb_statement *statement)
{
    statement->space.if_exists = sql_command_accept(command, "IF NOT EXISTS");
    return sql_command_name(command, &statement->space.name);
}

kdb_status sql_parse_alter_namespace(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_name(command, &statement->space.name));
    KDB_TRY(sql_command_expect(command, "SET OPTIONS"));
    return sql_command_options(command, false, &statement->space.options,
                               &statement->space.option_count);
}

kdb_status sql_parse_drop_namespace(struct sql_command *command, struct kdb_statement *statement)
{
    statement->space.if_exists = sql_command_accept(command, "IF EXISTS");
    KDB_TRY(sql_command_name(command, &statement->space.name));
    statement->space.is_cascade = sql_command_accept(command, "CASCADE");
    if (!statement->space.is_cascade)
        (void)sql_command_accept(command, "RESTRICT");
    return KDB_OK;
}

// USE [NAMESPACE] name; a namespace may be called "namespace".
kdb_status sql_parse_use(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_name(command, &statement->space.name));
    bool was_keyword = kdb_slice_equal(statement->space.name, KDB_LIT("namespace"));
    if (was_keyword && command->token.kind != SQL_TOKEN_END)
        return sql_command_name(command, &statement->space.name);
    return KDB_OK;
}
