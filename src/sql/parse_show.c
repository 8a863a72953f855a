// SPDX-License-Identifier: Apache-2.0
// SHOW TABLES, SHOW STATS, SHOW MANIFEST, DESCRIBE and DROP TABLE: commands that name a table or a
// namespace.
#include "sql/command_priv.h"

kdb_status sql_parse_show_tables(struct sql_command *command, struct kdb_statement *statement)
{
    if (!sql_command_accept(command, "IN") && !sql_command_accept(command, "FROM"))
        return KDB_OK;
    (void)sql_command_accept(command, "NAMESPACE");
    return sql_command_name(command, &statement->scope.space);
}

// DESCRIBE [TABLE] name [HISTORY]; without TABLE it is another command, for admins.
kdb_status sql_parse_describe(struct sql_command *command, struct kdb_statement *statement)
{
    statement->table.is_admin_form = !sql_command_accept(command, "TABLE");
    KDB_TRY(sql_command_table(command, &statement->table.name));
    statement->table.has_history = sql_command_accept(command, "HISTORY");
    return KDB_OK;
}

kdb_status sql_parse_show_stats(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_command_table(command, &statement->table.name);
}

kdb_status sql_parse_show_manifest(struct sql_command *command, struct kdb_statement *statement)
{
    (void)statement;
    (void)sql_command_accept(command, "CACHE");
    return KDB_OK;
}

kdb_status sql_parse_drop_table(struct sql_command *command, struct kdb_statement *statement)
{
    statement->table.if_exists = sql_command_accept(command, "IF EXISTS");
    KDB_TRY(sql_command_table(command, &statement->table.name));
    if (!sql_command_accept(command, "CASCADE"))
        (void)sql_command_accept(command, "RESTRICT");
    return KDB_OK;
}
