// SPDX-License-Identifier: Apache-2.0
// Commands are parsed by recursive descent: the cursor over a statement's tokens, and one function
// per family.
//
// A parse function gets the cursor behind the words that named the statement, fills its member of
// the statement's union and returns; the dispatcher then wants the end of the text. `words` are
// upper case with one blank between two; they match any case and any blanks, quoted identifiers
// never. What is accepted is consumed.
#ifndef KDB_SQL_COMMAND_PRIV_H
#define KDB_SQL_COMMAND_PRIV_H

#include "sql/parse_priv.h"

struct sql_command {
    struct sql_parse *parse;
    struct sql_lexer lexer; // behind `token`
    struct sql_token token; // the current one
};

// Parses any command that is no query. INVALID_SQL; INVALID_INPUT for the form of EXECUTE AS USER.
KDB_NODISCARD kdb_status sql_command_parse(struct sql_parse *parse, struct sql_range range,
                                           struct kdb_statement *ret_statement);

// The cursor (command.c).

// Starts at the first token of the range.
void sql_command_init(struct sql_command *command, struct sql_parse *parse, struct sql_range range);

// Steps to the next token.
void sql_command_next(struct sql_command *command);

static inline bool sql_command_is(const struct sql_command *command, const char *word)
{
    return sql_token_is(&command->lexer, command->token, word);
}

static inline bool sql_command_is_sign(const struct sql_command *command, const char *sign)
{
    return sql_token_is_sign(&command->lexer, command->token, sign);
}

// How many of the words stand here; consumes nothing.
size_t sql_command_match(const struct sql_command *command, const char *words);

// True when all of the words stand here, which are then consumed.
bool sql_command_accept(struct sql_command *command, const char *words);

// The same for one sign.
bool sql_command_accept_sign(struct sql_command *command, const char *sign);

// As accept, but a syntax error when they do not stand here.
KDB_NODISCARD kdb_status sql_command_expect(struct sql_command *command, const char *words);
KDB_NODISCARD kdb_status sql_command_expect_sign(struct sql_command *command, const char *sign);

// Syntax error at the current token.
kdb_status sql_command_near(struct sql_command *command);

// Fails with INVALID_SQL and a message of our own, pointing at the current token.
kdb_status sql_command_fail(struct sql_command *command, const char *message);

// A name: a word, folded, or a quoted identifier as it is.
KDB_NODISCARD kdb_status sql_command_name(struct sql_command *command, kdb_slice *ret_name);

// [namespace.]name
KDB_NODISCARD kdb_status sql_command_table(struct sql_command *command,
                                           struct kdb_ast_name *ret_name);

// '…' without its quotes.
KDB_NODISCARD kdb_status sql_command_string(struct sql_command *command, kdb_slice *ret_text);

// '…', a quoted identifier or a word, folded.
KDB_NODISCARD kdb_status sql_command_word(struct sql_command *command, kdb_slice *ret_text);

// A user, storage or job id: in either kind of quotes, or bare bytes up to a blank, quote, comma,
// semicolon or parenthesis, as they are. INVALID_SQL for an empty one.
KDB_NODISCARD kdb_status sql_command_id(struct sql_command *command, kdb_slice *ret_id);

// Digits.
KDB_NODISCARD kdb_status sql_command_number(struct sql_command *command, kdb_slice *ret_digits);

// A span of time as text: '…', OFF, or a number with an optional unit ("300s", "5 minutes").
KDB_NODISCARD kdb_status sql_command_duration(struct sql_command *command, kdb_slice *ret_text);

// ( key [=] value {, key [=] value} ), where the value may be missing. Appends to `options`.
KDB_NODISCARD kdb_status sql_command_options(struct sql_command *command, bool folds_keys,
                                             struct kdb_ast_option **options, size_t *count);

// Steps from an opening parenthesis to behind the one that closes it.
KDB_NODISCARD kdb_status sql_command_skip_parentheses(struct sql_command *command);

// The families.

// CREATE [USER|SHARED|STREAM] TABLE: `kind` as in struct kdb_ast_create_table (parse_table.c).
KDB_NODISCARD kdb_status sql_parse_create_table(struct sql_command *command, char kind,
                                                struct kdb_statement *statement);

// One item of a table's column list (parse_column.c).
KDB_NODISCARD kdb_status sql_parse_table_item(struct sql_command *command,
                                              struct kdb_ast_create_table *table,
                                              size_t *column_capacity);

// parse_namespace.c
KDB_NODISCARD kdb_status sql_parse_create_namespace(struct sql_command *command,
                                                    struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_alter_namespace(struct sql_command *command,
                                                   struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_drop_namespace(struct sql_command *command,
                                                  struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_use(struct sql_command *command,
                                       struct kdb_statement *statement);

// parse_show.c
KDB_NODISCARD kdb_status sql_parse_show_tables(struct sql_command *command,
                                               struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_describe(struct sql_command *command,
                                            struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_show_stats(struct sql_command *command,
                                              struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_show_manifest(struct sql_command *command,
                                                 struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_drop_table(struct sql_command *command,
                                              struct kdb_statement *statement);

// parse_storage.c
KDB_NODISCARD kdb_status sql_parse_create_storage(struct sql_command *command,
                                                  struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_alter_storage(struct sql_command *command,
                                                 struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_drop_storage(struct sql_command *command,
                                                struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_check_storage(struct sql_command *command,
                                                 struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_storage_scope(struct sql_command *command,
                                                 struct kdb_statement *statement);

// parse_user.c
KDB_NODISCARD kdb_status sql_parse_create_user(struct sql_command *command,
                                               struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_alter_user(struct sql_command *command,
                                              struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_drop_user(struct sql_command *command,
                                             struct kdb_statement *statement);

// parse_subscribe.c
KDB_NODISCARD kdb_status sql_parse_subscribe(struct sql_command *command,
                                             struct kdb_statement *statement);

// parse_execute.c
KDB_NODISCARD kdb_status sql_parse_explain(struct sql_command *command,
                                           struct kdb_statement *statement);
KDB_NODISCARD kdb_status sql_parse_execute(struct sql_command *command,
                                           struct kdb_statement *statement);

#endif
