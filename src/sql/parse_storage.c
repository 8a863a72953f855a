// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP STORAGE; STORAGE FLUSH, COMPACT and CHECK.
#include "sql/command_priv.h"

#include <stddef.h>

// A clause of CREATE or ALTER STORAGE and the member of the statement it fills.
struct clause {
    const char *word;
    size_t offset; // of a kdb_slice in struct kdb_statement
    bool can_alter;
};

#define CLAUSE(word, member, can_alter)                                                            \
    {                                                                                              \
        (word), offsetof(struct kdb_statement, storage.member), (can_alter)                        \
    }

static const struct clause clauses[] = {
    CLAUSE("TYPE", type, false),
    CLAUSE("NAME", name, true),
    CLAUSE("DESCRIPTION", description, true),
    CLAUSE("PATH", path, false),
    CLAUSE("BASE_DIRECTORY", path, false),
    CLAUSE("BUCKET", bucket, false),
    CLAUSE("REGION", region, false),
    CLAUSE("CREDENTIALS", credentials, false),
    CLAUSE("CONFIG", config, true),
    CLAUSE("SHARED_TABLES_TEMPLATE", shared_template, true),
    CLAUSE("USER_TABLES_TEMPLATE", user_template, true),
};

// One clause; the text is quoted but for the type, which may be a word.
static kdb_status read_clause(struct sql_command *command, struct kdb_statement *statement,
                              bool is_alter)
{
    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
        const struct clause *clause = &clauses[i];
        if ((is_alter && !clause->can_alter) || !sql_command_is(command, clause->word))
            continue;
        kdb_slice *member = (kdb_slice *)(void *)((char *)statement + clause->offset);
        if (member->data)
            return sql_command_fail(command, "the clause is given twice");
        // What follows CREDENTIALS and CONFIG may be a secret.
        command->parse->hides_text |=
            member == &statement->storage.credentials || member == &statement->storage.config;
        sql_command_next(command);
        (void)sql_command_accept_sign(command, "=");
        bool is_type = member == &statement->storage.type;
        return is_type ? sql_command_word(command, member) : sql_command_string(command, member);
    }
    return sql_command_near(command);
}

kdb_status sql_parse_create_storage(struct sql_command *command, struct kdb_statement *statement)
{
    statement->storage.if_exists = sql_command_accept(command, "IF NOT EXISTS");
    KDB_TRY(sql_command_id(command, &statement->storage.id));
    while (command->token.kind != SQL_TOKEN_END)
        KDB_TRY(read_clause(command, statement, false));
    if (!statement->storage.type.data)
        return sql_command_fail(command, "CREATE STORAGE needs a TYPE");
    return KDB_OK;
}

kdb_status sql_parse_alter_storage(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_id(command, &statement->storage.id));
    do {
        KDB_TRY(sql_command_expect(command, "SET"));
        KDB_TRY(read_clause(command, statement, true));
    } while (command->token.kind != SQL_TOKEN_END);
    return KDB_OK;
}

kdb_status sql_parse_drop_storage(struct sql_command *command, struct kdb_statement *statement)
{
    statement->storage.if_exists = sql_command_accept(command, "IF EXISTS");
    return sql_command_id(command, &statement->storage.id);
}

kdb_status sql_parse_check_storage(struct sql_command *command, struct kdb_statement *statement)
{
    KDB_TRY(sql_command_id(command, &statement->storage.id));
    statement->storage.is_extended = sql_command_accept(command, "EXTENDED");
    return KDB_OK;
}

// TABLE name | ALL [IN [NAMESPACE] name]
kdb_status sql_parse_storage_scope(struct sql_command *command, struct kdb_statement *statement)
{
    if (sql_command_accept(command, "TABLE"))
        return sql_command_table(command, &statement->scope.table);
    KDB_TRY(sql_command_expect(command, "ALL"));
    statement->scope.is_all = true;
    if (!sql_command_accept(command, "IN"))
        return KDB_OK;
    (void)sql_command_accept(command, "NAMESPACE");
    return sql_command_name(command, &statement->scope.space);
}
