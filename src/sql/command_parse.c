// SPDX-License-Identifier: Apache-2.0
// Every command by its first words, and who parses the rest.
#include "sql/command_priv.h"

typedef kdb_status (*rest_function)(struct sql_command *command, struct kdb_statement *statement);

// What a command's first words are; the first entry that matches counts, so longer ones stand
// first.
struct entry {
    const char *words;
    kdb_statement_kind kind;
    rest_function parse; // NULL: nothing follows (and for RESERVED: whatever follows is ignored)
    const char *what;    // RESERVED: the name in the answer when it is not `words`
};

static kdb_status create_user_table(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_parse_create_table(command, 'u', statement);
}

static kdb_status create_shared_table(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_parse_create_table(command, 's', statement);
}

static kdb_status create_stream_table(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_parse_create_table(command, 'e', statement);
}

static kdb_status create_table(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_parse_create_table(command, '\0', statement);
}

static kdb_status kill_job(struct sql_command *command, struct kdb_statement *statement)
{
    return sql_command_id(command, &statement->job);
}

// BEGIN [WORK|TRANSACTION] and modes, which are ignored. Other words are not: they may be a
// statement whose semicolon is missing.
static kdb_status begin(struct sql_command *command, struct kdb_statement *statement)
{
    static const char *const modes[] = {
        "ISOLATION LEVEL SERIALIZABLE",
        "ISOLATION LEVEL REPEATABLE READ",
        "ISOLATION LEVEL READ COMMITTED",
        "ISOLATION LEVEL READ UNCOMMITTED",
        "READ WRITE",
        "READ ONLY",
        "DEFERRABLE",
        "NOT DEFERRABLE",
    };
    (void)statement;
    if (!sql_command_accept(command, "WORK"))
        (void)sql_command_accept(command, "TRANSACTION");
    bool has_found = true;
    while (has_found) {
        has_found = sql_command_accept_sign(command, ",");
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]) && !has_found; i++)
            has_found = sql_command_accept(command, modes[i]);
    }
    return KDB_OK;
}

static kdb_status end_transaction(struct sql_command *command, struct kdb_statement *statement)
{
    (void)statement;
    if (!sql_command_accept(command, "WORK"))
        (void)sql_command_accept(command, "TRANSACTION");
    return KDB_OK;
}

static const struct entry entries[] = {
    {"CREATE NAMESPACE", KDB_STATEMENT_CREATE_NAMESPACE, sql_parse_create_namespace, NULL},
    {"ALTER NAMESPACE", KDB_STATEMENT_ALTER_NAMESPACE, sql_parse_alter_namespace, NULL},
    {"DROP NAMESPACE", KDB_STATEMENT_DROP_NAMESPACE, sql_parse_drop_namespace, NULL},
    {"SHOW NAMESPACES", KDB_STATEMENT_SHOW_NAMESPACES, NULL, NULL},
    {"USE", KDB_STATEMENT_USE, sql_parse_use, NULL},
    {"SET NAMESPACE", KDB_STATEMENT_USE, sql_parse_use, NULL},

    {"CREATE USER TABLE", KDB_STATEMENT_CREATE_TABLE, create_user_table, NULL},
    {"CREATE SHARED TABLE", KDB_STATEMENT_CREATE_TABLE, create_shared_table, NULL},
    {"CREATE STREAM TABLE", KDB_STATEMENT_CREATE_TABLE, create_stream_table, NULL},
    {"CREATE TABLE", KDB_STATEMENT_CREATE_TABLE, create_table, NULL},
    {"ALTER USER TABLE", KDB_STATEMENT_RESERVED, NULL, "ALTER TABLE"},
    {"ALTER SHARED TABLE", KDB_STATEMENT_RESERVED, NULL, "ALTER TABLE"},
    {"ALTER STREAM TABLE", KDB_STATEMENT_RESERVED, NULL, "ALTER TABLE"},
    {"ALTER TABLE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"DROP USER TABLE", KDB_STATEMENT_DROP_TABLE, sql_parse_drop_table, NULL},
    {"DROP SHARED TABLE", KDB_STATEMENT_DROP_TABLE, sql_parse_drop_table, NULL},
    {"DROP STREAM TABLE", KDB_STATEMENT_DROP_TABLE, sql_parse_drop_table, NULL},
    {"DROP TABLE", KDB_STATEMENT_DROP_TABLE, sql_parse_drop_table, NULL},

    {"SHOW TABLES", KDB_STATEMENT_SHOW_TABLES, sql_parse_show_tables, NULL},
    {"SHOW STATS FOR TABLE", KDB_STATEMENT_SHOW_STATS, sql_parse_show_stats, NULL},
    {"SHOW TABLE STATS", KDB_STATEMENT_SHOW_STATS, sql_parse_show_stats, NULL},
    {"SHOW STORAGES", KDB_STATEMENT_SHOW_STORAGES, NULL, NULL},
    {"SHOW MANIFEST", KDB_STATEMENT_SHOW_MANIFEST, sql_parse_show_manifest, NULL},
    {"SHOW JOBS", KDB_STATEMENT_SHOW_JOBS, NULL, NULL},
    {"DESCRIBE", KDB_STATEMENT_DESCRIBE_TABLE, sql_parse_describe, NULL},
    {"DESC", KDB_STATEMENT_DESCRIBE_TABLE, sql_parse_describe, NULL},

    {"CREATE STORAGE", KDB_STATEMENT_CREATE_STORAGE, sql_parse_create_storage, NULL},
    {"ALTER STORAGE", KDB_STATEMENT_ALTER_STORAGE, sql_parse_alter_storage, NULL},
    {"DROP STORAGE", KDB_STATEMENT_DROP_STORAGE, sql_parse_drop_storage, NULL},
    {"STORAGE FLUSH", KDB_STATEMENT_STORAGE_FLUSH, sql_parse_storage_scope, NULL},
    {"STORAGE COMPACT", KDB_STATEMENT_STORAGE_COMPACT, sql_parse_storage_scope, NULL},
    {"STORAGE CHECK", KDB_STATEMENT_STORAGE_CHECK, sql_parse_check_storage, NULL},

    {"CREATE USER", KDB_STATEMENT_CREATE_USER, sql_parse_create_user, NULL},
    {"ALTER USER", KDB_STATEMENT_ALTER_USER, sql_parse_alter_user, NULL},
    {"DROP USER", KDB_STATEMENT_DROP_USER, sql_parse_drop_user, NULL},

    {"KILL JOB", KDB_STATEMENT_KILL_JOB, kill_job, NULL},
    {"KILL LIVE QUERY", KDB_STATEMENT_KILL_LIVE_QUERY, kill_job, NULL},
    {"SUBSCRIBE", KDB_STATEMENT_SUBSCRIBE, sql_parse_subscribe, NULL},
    {"BEGIN", KDB_STATEMENT_BEGIN, begin, NULL},
    {"START TRANSACTION", KDB_STATEMENT_BEGIN, begin, NULL},
    {"ROLLBACK TO", KDB_STATEMENT_RESERVED, NULL, "SAVEPOINT"},
    {"COMMIT", KDB_STATEMENT_COMMIT, end_transaction, NULL},
    {"END", KDB_STATEMENT_COMMIT, end_transaction, NULL},
    {"ROLLBACK", KDB_STATEMENT_ROLLBACK, end_transaction, NULL},
    {"ABORT", KDB_STATEMENT_ROLLBACK, end_transaction, NULL},

    {"EXPLAIN", KDB_STATEMENT_EXPLAIN, sql_parse_explain, NULL},
    {"EXECUTE", KDB_STATEMENT_EXECUTE_AS, sql_parse_execute, NULL},

    {"CREATE VIEW", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE OR REPLACE VIEW", KDB_STATEMENT_RESERVED, NULL, "CREATE VIEW"},
    {"CREATE MATERIALIZED VIEW", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE TEMPORARY", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE TEMP", KDB_STATEMENT_RESERVED, NULL, "CREATE TEMPORARY"},
    {"DROP VIEW", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE INDEX", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE UNIQUE INDEX", KDB_STATEMENT_RESERVED, NULL, "CREATE INDEX"},
    {"CREATE VECTOR INDEX", KDB_STATEMENT_RESERVED, NULL, "CREATE INDEX"},
    {"DROP INDEX", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CREATE TOPIC", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"ALTER TOPIC", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"DROP TOPIC", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CLEAR TOPIC", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CONSUME", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"ACK", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"BACKUP", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"RESTORE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"EXPORT", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"SHOW BACKUP", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"SHOW EXPORT", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"SHOW COLUMNS", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"SHOW ALL", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"CLUSTER", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"SAVEPOINT", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"RELEASE", KDB_STATEMENT_RESERVED, NULL, "SAVEPOINT"},
    {"SET", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"MERGE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"TRUNCATE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"COPY", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"GRANT", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"REVOKE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"VACUUM", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"ANALYZE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"PREPARE", KDB_STATEMENT_RESERVED, NULL, NULL},
    {"DEALLOCATE", KDB_STATEMENT_RESERVED, NULL, NULL},
};

// No entry matches: the error points behind the words that some entry shares.
static kdb_status fail_unknown(struct sql_command *command)
{
    size_t longest = 0;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        size_t count = sql_command_match(command, entries[i].words);
        longest = count > longest ? count : longest;
    }
    for (size_t i = 0; i < longest; i++)
        sql_command_next(command);
    return sql_command_near(command);
}

kdb_status sql_command_parse(struct sql_parse *parse, struct sql_range range,
                             struct kdb_statement *ret_statement)
{
    struct sql_command command;
    sql_command_init(&command, parse, range);
    const struct entry *entry = NULL;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]) && !entry; i++) {
        if (sql_command_accept(&command, entries[i].words))
            entry = &entries[i];
    }
    if (!entry)
        return fail_unknown(&command);
    struct kdb_statement statement = {.kind = entry->kind};
    if (entry->kind == KDB_STATEMENT_RESERVED) {
        statement.what = entry->what ? entry->what : entry->words;
    } else {
        if (entry->parse)
            KDB_TRY(entry->parse(&command, &statement));
        if (statement.kind != KDB_STATEMENT_RESERVED && command.token.kind != SQL_TOKEN_END)
            return sql_command_near(&command);
    }
    *ret_statement = statement;
    return KDB_OK;
}
