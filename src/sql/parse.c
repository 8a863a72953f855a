// SPDX-License-Identifier: Apache-2.0
// Which parser a statement goes to, and what is the same for both: places, literals, names of
// statements.
#include "sql/parse.h"

#include "base/assert.h"
#include "base/utf8.h"
#include "sql/chars_priv.h"
#include "sql/command_priv.h"
#include "sql/parse_priv.h"
#include "sql/pg_parse_priv.h"

// Bytes of a token that an error message shows at most.
#define NEAR_SIZE_MAX 64

kdb_status sql_error_at(struct sql_parse *parse, size_t offset)
{
    kdb_slice before = kdb_slice_of(parse->scanned->text.data, offset);
    kdb_error_at(parse->ctx, (int)kdb_utf8_count(before) + 1);
    return parse->ctx->error.status;
}

kdb_status sql_fail_near(struct sql_parse *parse, kdb_slice what, size_t offset, size_t end)
{
    struct sql_lexer lexer = {parse->scanned->text, offset, end};
    struct sql_token token = sql_lex(&lexer);
    kdb_slice near = sql_token_source(&lexer, token);
    const char *ellipsis = "";
    // A word that follows a number without a blank is what PostgreSQL complains about.
    while (near.len > 0 && token.start + near.len < end &&
           sql_is_word_byte(near.data[near.len - 1]) && sql_is_word_byte(near.data[near.len]))
        near.len++;
    if (near.len > NEAR_SIZE_MAX) {
        size_t size = NEAR_SIZE_MAX;
        while (((unsigned char)near.data[size] & 0xC0U) == 0x80U)
            size--;
        near.len = size;
        ellipsis = "…";
    }
    if (parse->hides_text)
        (void)kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL, "%.*s in the statement", KDB_ARG(what));
    else if (token.kind == SQL_TOKEN_END)
        (void)kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL, "%.*s at end of input", KDB_ARG(what));
    else
        (void)kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL, "%.*s at or near \"%.*s%s\"", KDB_ARG(what),
                       KDB_ARG(near), ellipsis);
    return sql_error_at(parse, token.start);
}

size_t sql_literal_from(const struct kdb_scanned *scanned, size_t offset)
{
    size_t low = 0;
    size_t high = scanned->literal_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scanned->literals[middle].start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// True for what PostgreSQL's grammar parses.
static bool is_query(const struct sql_lexer *lexer, struct sql_token first)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE",
                                        "WITH",   "VALUES", "TABLE"};
    if (sql_token_is_sign(lexer, first, "("))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (sql_token_is(lexer, first, words[i]))
            return true;
    }
    return false;
}

kdb_status sql_parse_range(struct sql_parse *parse, struct sql_range range,
                           struct kdb_statement *ret_statement)
{
    struct sql_lexer lexer = {parse->scanned->text, range.start, range.end};
    struct sql_token first = sql_lex(&lexer);
    struct kdb_statement statement = {0};
    if (is_query(&lexer, first))
        KDB_TRY(sql_pg_statement(parse, range, &statement));
    else
        KDB_TRY(sql_command_parse(parse, range, &statement));
    statement.text = kdb_slice_of(parse->scanned->text.data + range.start, range.end - range.start);
    statement.position = parse->scanned->position + (int)range.start;
    *ret_statement = statement;
    return KDB_OK;
}

// The literals that did not become nodes: the plan has looked at their values.
static void note_literals(const struct sql_parse *parse, struct kdb_statement *statement)
{
    size_t count = parse->scanned->literal_count;
    statement->param_max = parse->param_max;
    for (size_t i = 0; i < count; i++) {
        if (parse->is_node[i])
            continue;
        if (!statement->fixed_literals)
            statement->fixed_literals = kdb_arena_array(&parse->ctx->arena, count - i, sizeof(int));
        statement->fixed_literals[statement->fixed_count++] = (int)i;
    }
}

// The statement inside an EXPLAIN or EXECUTE AS USER, or NULL.
static struct kdb_statement *inner_of(const struct kdb_statement *statement)
{
    if (statement->kind == KDB_STATEMENT_EXPLAIN)
        return statement->inner;
    return statement->kind == KDB_STATEMENT_EXECUTE_AS ? statement->execute_as.inner : NULL;
}

kdb_status kdb_sql_parse(const struct kdb_scanned *scanned, struct kdb_ctx *ctx,
                         struct kdb_statement *ret_statement)
{
    struct sql_parse parse = {
        .scanned = scanned,
        .ctx = ctx,
        .is_node = kdb_arena_array(&ctx->arena, scanned->literal_count, sizeof(bool)),
    };
    struct kdb_statement statement = {0};
    KDB_TRY(sql_parse_range(&parse, (struct sql_range){0, scanned->text.len}, &statement));
    note_literals(&parse, &statement);
    for (struct kdb_statement *inner = inner_of(&statement); inner; inner = inner_of(inner)) {
        inner->fixed_literals = statement.fixed_literals;
        inner->fixed_count = statement.fixed_count;
        inner->param_max = statement.param_max;
    }
    *ret_statement = statement;
    return KDB_OK;
}

const char *kdb_statement_name(kdb_statement_kind kind)
{
    static const char *const names[KDB_STATEMENT_KIND_COUNT] = {
        [KDB_STATEMENT_SELECT] = "SELECT",
        [KDB_STATEMENT_INSERT] = "INSERT",
        [KDB_STATEMENT_UPDATE] = "UPDATE",
        [KDB_STATEMENT_DELETE] = "DELETE",
        [KDB_STATEMENT_EXPLAIN] = "EXPLAIN",
        [KDB_STATEMENT_EXECUTE_AS] = "EXECUTE AS USER",
        [KDB_STATEMENT_CREATE_NAMESPACE] = "CREATE NAMESPACE",
        [KDB_STATEMENT_ALTER_NAMESPACE] = "ALTER NAMESPACE",
        [KDB_STATEMENT_DROP_NAMESPACE] = "DROP NAMESPACE",
        [KDB_STATEMENT_SHOW_NAMESPACES] = "SHOW NAMESPACES",
        [KDB_STATEMENT_USE] = "USE",
        [KDB_STATEMENT_CREATE_TABLE] = "CREATE TABLE",
        [KDB_STATEMENT_DROP_TABLE] = "DROP TABLE",
        [KDB_STATEMENT_SHOW_TABLES] = "SHOW TABLES",
        [KDB_STATEMENT_DESCRIBE_TABLE] = "DESCRIBE TABLE",
        [KDB_STATEMENT_SHOW_STATS] = "SHOW STATS",
        [KDB_STATEMENT_SHOW_STORAGES] = "SHOW STORAGES",
        [KDB_STATEMENT_SHOW_MANIFEST] = "SHOW MANIFEST",
        [KDB_STATEMENT_SHOW_JOBS] = "SHOW JOBS",
        [KDB_STATEMENT_CREATE_STORAGE] = "CREATE STORAGE",
        [KDB_STATEMENT_ALTER_STORAGE] = "ALTER STORAGE",
        [KDB_STATEMENT_DROP_STORAGE] = "DROP STORAGE",
        [KDB_STATEMENT_STORAGE_FLUSH] = "STORAGE FLUSH",
        [KDB_STATEMENT_STORAGE_COMPACT] = "STORAGE COMPACT",
        [KDB_STATEMENT_STORAGE_CHECK] = "STORAGE CHECK",
        [KDB_STATEMENT_CREATE_USER] = "CREATE USER",
        [KDB_STATEMENT_ALTER_USER] = "ALTER USER",
        [KDB_STATEMENT_DROP_USER] = "DROP USER",
        [KDB_STATEMENT_KILL_JOB] = "KILL JOB",
        [KDB_STATEMENT_KILL_LIVE_QUERY] = "KILL LIVE QUERY",
        [KDB_STATEMENT_SUBSCRIBE] = "SUBSCRIBE TO",
        [KDB_STATEMENT_BEGIN] = "BEGIN",
        [KDB_STATEMENT_COMMIT] = "COMMIT",
        [KDB_STATEMENT_ROLLBACK] = "ROLLBACK",
        [KDB_STATEMENT_RESERVED] = "RESERVED",
    };
    KDB_ASSERT(kind < KDB_STATEMENT_KIND_COUNT);
    return names[kind];
}
