// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE in its three syntaxes: the columns, WITH (…), and the older clauses in any order.
#include "sql/command_priv.h"

typedef kdb_status (*clause_function)(struct sql_command *command,
                                      struct kdb_ast_create_table *table);

// Refuses a clause that was there before.
static kdb_status once(struct sql_command *command, bool is_set)
{
    return is_set ? sql_command_fail(command, "the clause is given twice") : KDB_OK;
}

// LOCATION 'path' | LOCATION REFERENCE 'name'
static kdb_status location(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->location.data || table->location_reference.data));
    if (sql_command_accept(command, "REFERENCE"))
        return sql_command_id(command, &table->location_reference);
    return sql_command_string(command, &table->location);
}

static kdb_status storage(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->location.data || table->location_reference.data));
    return sql_command_id(command, &table->location_reference);
}

// One of ROWS n, SECONDS n, INTERVAL duration and their synonyms; false when none stands here.
static kdb_status flush_part(struct sql_command *command, struct kdb_ast_create_table *table,
                             bool *ret_found)
{
    *ret_found = true;
    if (sql_command_accept(command, "ROWS") || sql_command_accept(command, "ROW_LIMIT") ||
        sql_command_accept(command, "ROW_THRESHOLD")) {
        KDB_TRY(once(command, table->flush_rows.data != NULL));
        return sql_command_number(command, &table->flush_rows);
    }
    if (sql_command_accept(command, "INTERVAL")) {
        KDB_TRY(once(command, table->flush_interval.data != NULL));
        return sql_command_duration(command, &table->flush_interval);
    }
    if (sql_command_accept(command, "SECONDS")) {
        KDB_TRY(once(command, table->flush_interval.data != NULL));
        kdb_slice seconds;
        KDB_TRY(sql_command_number(command, &seconds));
        table->flush_interval =
            kdb_arena_printf(&command->parse->ctx->arena, "%.*ss", KDB_ARG(seconds));
        return KDB_OK;
    }
    *ret_found = false;
    return KDB_OK;
}

// FLUSH [POLICY] and one or more parts.
static kdb_status flush(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->has_flush));
    table->has_flush = true;
    (void)sql_command_accept(command, "POLICY");
    bool has_found = false;
    KDB_TRY(flush_part(command, table, &has_found));
    if (!has_found)
        return sql_command_near(command);
    while (has_found) {
        (void)sql_command_accept_sign(command, ",");
        KDB_TRY(flush_part(command, table, &has_found));
    }
    return KDB_OK;
}

static kdb_status user_storage(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->use_user_storage != '\0'));
    table->use_user_storage = sql_command_accept(command, "FALSE") ? 'f' : 't';
    if (table->use_user_storage == 't')
        (void)sql_command_accept(command, "TRUE");
    return KDB_OK;
}

static kdb_status access_level(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->access_level.data != NULL));
    return sql_command_word(command, &table->access_level);
}

static kdb_status ttl(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->ttl.data != NULL));
    return sql_command_duration(command, &table->ttl);
}

static kdb_status retention(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->retention.data != NULL));
    return sql_command_duration(command, &table->retention);
}

static kdb_status max_buffer(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->max_buffer.data != NULL));
    return sql_command_number(command, &table->max_buffer);
}

static kdb_status ephemeral(struct sql_command *command, struct kdb_ast_create_table *table)
{
    KDB_TRY(once(command, table->is_ephemeral));
    table->is_ephemeral = true;
    return KDB_OK;
}

static kdb_status with(struct sql_command *command, struct kdb_ast_create_table *table)
{
    return sql_command_options(command, true, &table->options, &table->option_count);
}

// USING engine: accepted, there is one.
static kdb_status using(struct sql_command *command, struct kdb_ast_create_table *table)
{
    (void)table;
    kdb_slice ignored;
    return sql_command_word(command, &ignored);
}

static kdb_status table_type(struct sql_command *command, struct kdb_ast_create_table *table)
{
    (void)table;
    return sql_command_fail(command, "TABLE_TYPE is no longer accepted: write CREATE USER TABLE, "
                                     "or WITH (TYPE = 'USER')");
}

static kdb_status owner_id(struct sql_command *command, struct kdb_ast_create_table *table)
{
    (void)table;
    return sql_command_fail(command, "OWNER_ID is no longer accepted: a table belongs to the user "
                                     "who creates it");
}

static const struct {
    const char *words;
    clause_function read;
} clauses[] = {
    {"LOCATION", location},
    {"STORAGE", storage},
    {"FLUSH", flush},
    {"USE_USER_STORAGE", user_storage},
    {"ACCESS LEVEL", access_level},
    {"TTL", ttl},
    {"RETENTION", retention},
    {"MAX_BUFFER", max_buffer},
    {"BUFFER_SIZE", max_buffer},
    {"EPHEMERAL", ephemeral},
    {"WITH", with},
    {"USING", using},
    {"TABLE_TYPE", table_type},
    {"OWNER_ID", owner_id},
};

static kdb_status read_clause(struct sql_command *command, struct kdb_ast_create_table *table)
{
    for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
        if (sql_command_accept(command, clauses[i].words))
            return clauses[i].read(command, table);
    }
    return sql_command_near(command);
}

// ( item {, item} [,] )
static kdb_status read_items(struct sql_command *command, struct kdb_ast_create_table *table)
{
    size_t capacity = 0;
    KDB_TRY(sql_command_expect_sign(command, "("));
    if (sql_command_is_sign(command, ")"))
        return sql_command_fail(command, "a table needs at least one column");
    do {
        if (sql_command_is_sign(command, ")"))
            break;
        KDB_TRY(kdb_ctx_check(command->parse->ctx));
        KDB_TRY(sql_parse_table_item(command, table, &capacity));
    } while (sql_command_accept_sign(command, ","));
    return sql_command_expect_sign(command, ")");
}

kdb_status sql_parse_create_table(struct sql_command *command, char kind,
                                  struct kdb_statement *statement)
{
    struct kdb_ast_create_table *table =
        KDB_ARENA_NEW(&command->parse->ctx->arena, struct kdb_ast_create_table);
    table->kind = kind;
    table->if_not_exists = sql_command_accept(command, "IF NOT EXISTS");
    KDB_TRY(sql_command_table(command, &table->table));
    KDB_TRY(read_items(command, table));
    if (table->column_count == 0)
        return sql_command_fail(command, "a table needs at least one column");
    while (command->token.kind != SQL_TOKEN_END)
        KDB_TRY(read_clause(command, table));
    statement->create_table = table;
    return KDB_OK;
}
