// SPDX-License-Identifier: Apache-2.0
// The cursor of the command parser: words, names, strings, ids, durations, options.
#include "sql/command_priv.h"

#include <string.h>

#include "sql/chars_priv.h"

// What a number may be counted in.
static const char *const units[] = {
    "S", "SEC",  "SECS",  "SECOND", "SECONDS", "M",    "MIN", "MINS", "MINUTE", "MINUTES",
    "H", "HOUR", "HOURS", "D",      "DAY",     "DAYS", "W",   "WEEK", "WEEKS"};

void sql_command_init(struct sql_command *command, struct sql_parse *parse, struct sql_range range)
{
    *command = (struct sql_command){
        .parse = parse,
        .lexer = {parse->scanned->text, range.start, range.end},
    };
    sql_command_next(command);
}

void sql_command_next(struct sql_command *command)
{
    command->token = sql_lex(&command->lexer);
}

static struct kdb_arena *arena_of(struct sql_command *command)
{
    return &command->parse->ctx->arena;
}

// The text of the current token, which is then consumed.
static kdb_slice take(struct sql_command *command)
{
    kdb_slice text = sql_token_text(&command->lexer, arena_of(command), command->token);
    sql_command_next(command);
    return text;
}

// Steps over the words as far as they stand there; returns how many, and whether that was all.
static size_t step_over(struct sql_command *command, const char *words, bool *ret_is_all)
{
    size_t count = 0;
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        kdb_slice source = sql_token_source(&command->lexer, command->token);
        if (command->token.kind != SQL_TOKEN_WORD ||
            !kdb_slice_equal_nocase(source, kdb_slice_of(words, len)))
            break;
        sql_command_next(command);
        count++;
        words += len;
        words += *words == ' ';
    }
    *ret_is_all = *words == '\0';
    return count;
}

size_t sql_command_match(const struct sql_command *command, const char *words)
{
    struct sql_command ahead = *command;
    bool is_all = false;
    return step_over(&ahead, words, &is_all);
}

bool sql_command_accept(struct sql_command *command, const char *words)
{
    struct sql_command ahead = *command;
    bool is_all = false;
    (void)step_over(&ahead, words, &is_all);
    if (is_all)
        *command = ahead;
    return is_all;
}

bool sql_command_accept_sign(struct sql_command *command, const char *sign)
{
    bool is_here = sql_command_is_sign(command, sign);
    if (is_here)
        sql_command_next(command);
    return is_here;
}

kdb_status sql_command_near(struct sql_command *command)
{
    return sql_fail_near(command->parse, KDB_LIT("syntax error"), command->token.start,
                         command->lexer.end);
}

kdb_status sql_command_fail(struct sql_command *command, const char *message)
{
    (void)kdb_fail(command->parse->ctx, KDB_ERR_INVALID_SQL, "%s", message);
    return sql_error_at(command->parse, command->token.start);
}

kdb_status sql_command_expect(struct sql_command *command, const char *words)
{
    bool is_all = false;
    (void)step_over(command, words, &is_all);
    return is_all ? KDB_OK : sql_command_near(command);
}

kdb_status sql_command_expect_sign(struct sql_command *command, const char *sign)
{
    return sql_command_accept_sign(command, sign) ? KDB_OK : sql_command_near(command);
}

kdb_status sql_command_name(struct sql_command *command, kdb_slice *ret_name)
{
    sql_token_kind kind = command->token.kind;
    if (kind != SQL_TOKEN_WORD && kind != SQL_TOKEN_QUOTED)
        return sql_command_near(command);
    if (command->token.end - command->token.start == 2 && kind == SQL_TOKEN_QUOTED)
        return sql_command_fail(command, "a quoted name must not be empty");
    *ret_name = take(command);
    return KDB_OK;
}

kdb_status sql_command_table(struct sql_command *command, struct kdb_ast_name *ret_name)
{
    struct kdb_ast_name name = {.position = (int)command->token.start + 1};
    KDB_TRY(sql_command_name(command, &name.name));
    if (sql_command_accept_sign(command, ".")) {
        name.space = name.name;
        KDB_TRY(sql_command_name(command, &name.name));
    }
    *ret_name = name;
    return KDB_OK;
}

kdb_status sql_command_string(struct sql_command *command, kdb_slice *ret_text)
{
    if (command->token.kind != SQL_TOKEN_STRING)
        return sql_command_near(command);
    *ret_text = take(command);
    return KDB_OK;
}

kdb_status sql_command_word(struct sql_command *command, kdb_slice *ret_text)
{
    sql_token_kind kind = command->token.kind;
    if (kind != SQL_TOKEN_WORD && kind != SQL_TOKEN_QUOTED && kind != SQL_TOKEN_STRING)
        return sql_command_near(command);
    *ret_text = take(command);
    return KDB_OK;
}

kdb_status sql_command_id(struct sql_command *command, kdb_slice *ret_id)
{
    if (command->token.kind == SQL_TOKEN_END)
        return sql_command_near(command);
    kdb_slice text = command->lexer.text;
    size_t start = command->token.start;
    size_t end = start;
    while (end < command->lexer.end && !sql_ends_id(text.data[end]))
        end++;
    if (end > start) {
        command->lexer.at = end;
        sql_command_next(command);
        *ret_id = kdb_slice_of(text.data + start, end - start);
        return KDB_OK;
    }
    if (command->token.kind == SQL_TOKEN_CHAR)
        return sql_command_near(command);
    if (command->token.end - command->token.start <= 2)
        return sql_command_fail(command, "the id must not be empty");
    return sql_command_word(command, ret_id);
}

static bool is_integer(kdb_slice digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (!sql_is_digit(digits.data[i]))
            return false;
    }
    return true;
}

kdb_status sql_command_number(struct sql_command *command, kdb_slice *ret_digits)
{
    kdb_slice source = sql_token_source(&command->lexer, command->token);
    if (command->token.kind != SQL_TOKEN_NUMBER || !is_integer(source))
        return sql_command_near(command);
    *ret_digits = take(command);
    return KDB_OK;
}

static bool is_unit(const struct sql_command *command)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (sql_command_is(command, units[i]))
            return true;
    }
    return false;
}

// A number is consumed; adds the unit behind it when there is one.
static kdb_slice with_unit(struct sql_command *command, kdb_slice number)
{
    if (!is_unit(command))
        return number;
    bool is_adjacent = number.data + number.len == command->lexer.text.data + command->token.start;
    kdb_slice unit = sql_token_source(&command->lexer, command->token);
    sql_command_next(command);
    return kdb_arena_printf(arena_of(command), "%.*s%s%.*s", KDB_ARG(number),
                            is_adjacent ? "" : " ", KDB_ARG(unit));
}

kdb_status sql_command_duration(struct sql_command *command, kdb_slice *ret_text)
{
    if (command->token.kind == SQL_TOKEN_STRING)
        return sql_command_string(command, ret_text);
    if (sql_command_accept(command, "OFF")) {
        *ret_text = KDB_LIT("off");
        return KDB_OK;
    }
    kdb_slice number = {0};
    KDB_TRY(sql_command_number(command, &number));
    *ret_text = with_unit(command, number);
    return KDB_OK;
}

// A number with an optional sign and unit.
static kdb_status number_value(struct sql_command *command, struct kdb_ast_option *option)
{
    bool is_minus = sql_command_accept_sign(command, "-");
    if (command->token.kind != SQL_TOKEN_NUMBER)
        return sql_command_near(command);
    kdb_slice number = take(command);
    option->form = is_integer(number) ? 'i' : 'f';
    option->value = with_unit(command, number);
    if (option->value.data != number.data)
        option->form = 'd';
    if (is_minus)
        option->value = kdb_arena_printf(arena_of(command), "-%.*s", KDB_ARG(option->value));
    return KDB_OK;
}

static kdb_status option_value(struct sql_command *command, struct kdb_ast_option *option)
{
    if (command->token.kind == SQL_TOKEN_STRING) {
        option->form = 's';
        return sql_command_string(command, &option->value);
    }
    if (sql_command_accept(command, "TRUE") || sql_command_is(command, "FALSE")) {
        bool is_false = sql_command_accept(command, "FALSE");
        option->form = 'b';
        option->value = is_false ? KDB_LIT("false") : KDB_LIT("true");
        return KDB_OK;
    }
    if (command->token.kind == SQL_TOKEN_WORD || command->token.kind == SQL_TOKEN_QUOTED) {
        option->form = 'w';
        return sql_command_word(command, &option->value);
    }
    return number_value(command, option);
}

static kdb_slice upper_case(struct kdb_arena *arena, kdb_slice text)
{
    char *upper = kdb_arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return kdb_slice_of(upper, text.len);
}

static kdb_status option_key(struct sql_command *command, bool folds_keys, kdb_slice *ret_key)
{
    kdb_slice source = sql_token_source(&command->lexer, command->token);
    bool is_word = command->token.kind == SQL_TOKEN_WORD;
    KDB_TRY(sql_command_word(command, ret_key));
    if (folds_keys)
        *ret_key = upper_case(arena_of(command), *ret_key);
    else if (is_word)
        *ret_key = source;
    return KDB_OK;
}

kdb_status sql_command_options(struct sql_command *command, bool folds_keys,
                               struct kdb_ast_option **options, size_t *count)
{
    size_t capacity = *count;
    KDB_TRY(sql_command_expect_sign(command, "("));
    do {
        if (*count > 0 && sql_command_is_sign(command, ")"))
            break;
        struct kdb_ast_option option = {.position = (int)command->token.start + 1};
        KDB_TRY(option_key(command, folds_keys, &option.key));
        bool has_value = sql_command_accept_sign(command, "=") ||
                         (!sql_command_is_sign(command, ",") && !sql_command_is_sign(command, ")"));
        option.form = 'b';
        option.value = KDB_LIT("true");
        if (has_value)
            KDB_TRY(option_value(command, &option));
        KDB_PUSH(arena_of(command), *options, *count, capacity, option);
    } while (sql_command_accept_sign(command, ","));
    return sql_command_expect_sign(command, ")");
}

kdb_status sql_command_skip_parentheses(struct sql_command *command)
{
    if (!sql_command_is_sign(command, "("))
        return sql_command_near(command);
    size_t depth = 0;
    do {
        if (command->token.kind == SQL_TOKEN_END)
            return sql_command_near(command);
        if (sql_command_is_sign(command, "("))
            depth++;
        if (sql_command_is_sign(command, ")"))
            depth--;
        sql_command_next(command);
    } while (depth > 0);
    return KDB_OK;
}
