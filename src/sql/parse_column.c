// SPDX-License-Identifier: Apache-2.0
// What stands in a CREATE TABLE's parentheses: columns with type and constraints, and table
// constraints.
#include "sql/command_priv.h"

#include <string.h>

#include "sql/pg_parse_priv.h"

// What was seen of one column besides its struct.
struct column_state {
    struct kdb_ast_create_table *table;
    struct kdb_ast_column *column;
    bool has_null; // NULL was written
};

static kdb_slice current(const struct sql_command *command)
{
    return sql_token_source(&command->lexer, command->token);
}

static bool is_any(const struct sql_command *command, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sql_command_is(command, words[i]))
            return true;
    }
    return false;
}

// Types.

// The angle brackets of STRUCT<a INT>: two of them side by side are one operator.
static kdb_status skip_angles(struct sql_command *command)
{
    size_t depth = 0;
    do {
        kdb_slice source = current(command);
        if (command->token.kind == SQL_TOKEN_END)
            return sql_command_near(command);
        bool is_operator = command->token.kind == SQL_TOKEN_OPERATOR;
        for (size_t i = 0; i < source.len && is_operator; i++) {
            depth += source.data[i] == '<';
            depth -= source.data[i] == '>' && depth > 0;
        }
        sql_command_next(command);
    } while (depth > 0);
    return KDB_OK;
}

// ENUM('a', 'b') and its like: what is inside means nothing to us.
static kdb_status skip_members(struct sql_command *command, kdb_slice name)
{
    static const char *const composite[] = {"enum", "set", "struct", "array", "map", "list"};
    for (size_t i = 0; i < sizeof(composite) / sizeof(composite[0]); i++) {
        if (!kdb_slice_equal(name, kdb_slice_cstr(composite[i])))
            continue;
        if (sql_command_is_sign(command, "("))
            return sql_command_skip_parentheses(command);
        if (sql_command_is_sign(command, "<"))
            return skip_angles(command);
    }
    return KDB_OK;
}

// (n) or (n, m)
static kdb_status type_numbers(struct sql_command *command, struct kdb_ast_type *type)
{
    if (!sql_command_accept_sign(command, "("))
        return KDB_OK;
    do {
        if (type->arg_count == 2)
            return sql_command_near(command);
        int64_t value = 0;
        if (command->token.kind != SQL_TOKEN_NUMBER || !kdb_slice_to_i64(current(command), &value))
            return sql_command_near(command);
        type->args[type->arg_count++] = value;
        sql_command_next(command);
    } while (sql_command_accept_sign(command, ","));
    return sql_command_expect_sign(command, ")");
}

static kdb_status array_suffix(struct sql_command *command, struct kdb_ast_type *type)
{
    type->is_array = sql_command_accept(command, "ARRAY");
    while (sql_command_accept_sign(command, "[")) {
        type->is_array = true;
        if (command->token.kind == SQL_TOKEN_NUMBER)
            sql_command_next(command);
        KDB_TRY(sql_command_expect_sign(command, "]"));
    }
    return KDB_OK;
}

static bool is_name(kdb_slice name, const char *text)
{
    return kdb_slice_equal(name, kdb_slice_cstr(text));
}

// The words behind a type's first one.
static void more_words(struct sql_command *command, struct kdb_ast_type *type)
{
    if (is_name(type->name, "national") &&
        (sql_command_accept(command, "CHARACTER") || sql_command_accept(command, "CHAR")))
        type->name = KDB_LIT("char");
    if (is_name(type->name, "double") && sql_command_accept(command, "PRECISION"))
        type->name = KDB_LIT("double precision");
    bool is_char = is_name(type->name, "character") || is_name(type->name, "char");
    if (is_char)
        type->name = sql_command_accept(command, "VARYING") ? KDB_LIT("varchar") : KDB_LIT("char");
}

static void time_zone(struct sql_command *command, struct kdb_ast_type *type)
{
    bool is_timestamp = is_name(type->name, "timestamp");
    if (!is_timestamp && !is_name(type->name, "time"))
        return;
    if (sql_command_accept(command, "WITH TIME ZONE"))
        type->name = is_timestamp ? KDB_LIT("timestamptz") : KDB_LIT("timetz");
    else
        (void)sql_command_accept(command, "WITHOUT TIME ZONE");
}

static kdb_status read_type(struct sql_command *command, struct kdb_ast_type *ret_type)
{
    struct kdb_ast_type type = {0};
    KDB_TRY(sql_command_name(command, &type.name));
    more_words(command, &type);
    KDB_TRY(skip_members(command, type.name));
    KDB_TRY(type_numbers(command, &type));
    time_zone(command, &type);
    KDB_TRY(array_suffix(command, &type));
    *ret_type = type;
    return KDB_OK;
}

static bool is_serial(kdb_slice name)
{
    static const char *const names[] = {"serial",  "bigserial", "smallserial",
                                        "serial2", "serial4",   "serial8"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_name(name, names[i]))
            return true;
    }
    return false;
}

// Constraints.

// Words that begin the next constraint, so that a default ends before them.
static const char *const constraint_words[] = {
    "NOT",        "NULL",       "PRIMARY",   "UNIQUE",         "CHECK",
    "REFERENCES", "CONSTRAINT", "COMMENT",   "AUTO_INCREMENT", "AUTOINCREMENT",
    "AUTO",       "IDENTITY",   "GENERATED", "DEFAULT",        "COLLATE"};

// The expression up to a comma or parenthesis that is not its own, or to the next constraint.
static kdb_status read_default(struct sql_command *command, struct kdb_ast **ret_expr)
{
    struct sql_range range = {command->token.start, command->token.start};
    size_t depth = 0;
    while (command->token.kind != SQL_TOKEN_END) {
        bool is_close = sql_command_is_sign(command, ")") || sql_command_is_sign(command, "]");
        if (depth == 0 && (is_close || sql_command_is_sign(command, ",")))
            break;
        if (depth == 0 && range.end > range.start &&
            is_any(command, constraint_words,
                   sizeof(constraint_words) / sizeof(constraint_words[0])))
            break;
        depth += sql_command_is_sign(command, "(") || sql_command_is_sign(command, "[");
        depth -= is_close;
        range.end = command->token.end;
        sql_command_next(command);
    }
    if (range.end == range.start)
        return sql_command_near(command);
    return sql_pg_expression(command->parse, range, ret_expr);
}

static kdb_status default_(struct sql_command *command, struct column_state *state)
{
    if (state->column->default_expr)
        return sql_command_fail(command, "a column has one DEFAULT");
    return read_default(command, &state->column->default_expr);
}

static kdb_status not_null(struct sql_command *command, struct column_state *state)
{
    state->column->is_not_null = true;
    return state->has_null ? sql_command_fail(command, "a column is NULL or NOT NULL, not both")
                           : KDB_OK;
}

static kdb_status null(struct sql_command *command, struct column_state *state)
{
    state->has_null = true;
    return state->column->is_not_null
               ? sql_command_fail(command, "a column is NULL or NOT NULL, not both")
               : KDB_OK;
}

static kdb_status primary_key(struct sql_command *command, struct column_state *state)
{
    (void)command;
    state->column->is_primary_key = true;
    state->table->key_clause_count++;
    return KDB_OK;
}

static kdb_status serial(struct sql_command *command, struct column_state *state)
{
    (void)command;
    state->column->is_serial = true;
    return KDB_OK;
}

// IDENTITY [(start, step)]
static kdb_status identity(struct sql_command *command, struct column_state *state)
{
    state->column->is_serial = true;
    return sql_command_is_sign(command, "(") ? sql_command_skip_parentheses(command) : KDB_OK;
}

static kdb_status comment(struct sql_command *command, struct column_state *state)
{
    return sql_command_string(command, &state->column->comment);
}

static kdb_status ignored(struct sql_command *command, struct column_state *state)
{
    (void)command;
    (void)state;
    return KDB_OK;
}

static kdb_status skip_check(struct sql_command *command, struct column_state *state)
{
    (void)state;
    return sql_command_skip_parentheses(command);
}

static kdb_status skip_name(struct sql_command *command, struct column_state *state)
{
    (void)state;
    kdb_slice name;
    return sql_command_name(command, &name);
}

// ON DELETE and ON UPDATE with what they do.
static kdb_status skip_actions(struct sql_command *command)
{
    static const char *const actions[] = {"CASCADE", "RESTRICT", "NO ACTION", "SET NULL",
                                          "SET DEFAULT"};
    while (sql_command_accept(command, "ON DELETE") || sql_command_accept(command, "ON UPDATE")) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && !is_known; i++)
            is_known = sql_command_accept(command, actions[i]);
        if (!is_known)
            return sql_command_near(command);
    }
    return KDB_OK;
}

// REFERENCES table [(column)] [actions]
static kdb_status skip_reference(struct sql_command *command, struct column_state *state)
{
    (void)state;
    struct kdb_ast_name name;
    KDB_TRY(sql_command_table(command, &name));
    if (sql_command_is_sign(command, "("))
        KDB_TRY(sql_command_skip_parentheses(command));
    return skip_actions(command);
}

static const struct {
    const char *words;
    kdb_status (*read)(struct sql_command *command, struct column_state *state);
} constraints[] = {
    {"NOT NULL", not_null},
    {"NULL", null},
    {"PRIMARY KEY", primary_key},
    {"DEFAULT", default_},
    {"AUTO_INCREMENT", serial},
    {"AUTOINCREMENT", serial},
    {"AUTO INCREMENT", serial},
    {"IDENTITY", identity},
    {"GENERATED ALWAYS AS IDENTITY", identity},
    {"GENERATED BY DEFAULT AS IDENTITY", identity},
    {"UNIQUE", ignored},
    {"COMMENT", comment},
    {"CHECK", skip_check},
    {"CONSTRAINT", skip_name},
    {"REFERENCES", skip_reference},
};

// One constraint; false when the column ends here.
static kdb_status read_constraint(struct sql_command *command, struct column_state *state,
                                  bool *ret_found)
{
    *ret_found = true;
    for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
        if (sql_command_accept(command, constraints[i].words))
            return constraints[i].read(command, state);
    }
    *ret_found = false;
    return KDB_OK;
}

static kdb_status read_column(struct sql_command *command, struct kdb_ast_create_table *table,
                              size_t *capacity)
{
    struct kdb_ast_column column = {.position = (int)command->token.start + 1};
    bool is_word = command->token.kind == SQL_TOKEN_WORD;
    struct sql_command before = *command;
    KDB_TRY(sql_command_name(command, &column.name));
    if (is_word && sql_pg_is_reserved(column.name))
        return sql_command_near(&before);
    KDB_TRY(read_type(command, &column.type));
    column.is_serial = is_serial(column.type.name);
    struct column_state state = {.table = table, .column = &column};
    for (bool has_found = true; has_found;)
        KDB_TRY(read_constraint(command, &state, &has_found));
    KDB_PUSH(&command->parse->ctx->arena, table->columns, table->column_count, *capacity, column);
    return KDB_OK;
}

// PRIMARY KEY (column {, column})
static kdb_status read_key(struct sql_command *command, struct kdb_ast_create_table *table)
{
    table->key_clause_count++;
    KDB_TRY(sql_command_expect_sign(command, "("));
    do {
        kdb_slice name;
        KDB_TRY(sql_command_name(command, &name));
        if (table->table_key_count++ == 0)
            table->table_key = name;
    } while (sql_command_accept_sign(command, ","));
    return sql_command_expect_sign(command, ")");
}

// FOREIGN KEY (columns) REFERENCES …
static kdb_status skip_foreign_key(struct sql_command *command)
{
    KDB_TRY(sql_command_skip_parentheses(command));
    KDB_TRY(sql_command_expect(command, "REFERENCES"));
    return skip_reference(command, NULL);
}

// A constraint of the whole table; false when the item is a column. A column may be called "unique"
// or "check" only when it is quoted, and these are quoted tokens then.
static kdb_status read_table_constraint(struct sql_command *command,
                                        struct kdb_ast_create_table *table, bool *ret_found)
{
    *ret_found = true;
    bool is_named = sql_command_accept(command, "CONSTRAINT");
    if (is_named)
        KDB_TRY(skip_name(command, NULL));
    if (sql_command_accept(command, "PRIMARY KEY"))
        return read_key(command, table);
    if (sql_command_accept(command, "UNIQUE") || sql_command_accept(command, "CHECK"))
        return sql_command_skip_parentheses(command);
    if (sql_command_accept(command, "FOREIGN KEY"))
        return skip_foreign_key(command);
    *ret_found = false;
    return is_named ? sql_command_near(command) : KDB_OK;
}

kdb_status sql_parse_table_item(struct sql_command *command, struct kdb_ast_create_table *table,
                                size_t *column_capacity)
{
    bool is_constraint = false;
    KDB_TRY(read_table_constraint(command, table, &is_constraint));
    return is_constraint ? KDB_OK : read_column(command, table, column_capacity);
}
