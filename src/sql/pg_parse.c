// SPDX-License-Identifier: Apache-2.0
// Runs PostgreSQL's parser on one statement and turns its tree or its error into ours.
#include "sql/pg_parse_priv.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "sql/pg_priv.h"

#include <common/keywords.h>

// How many nodes are converted between two looks at the request's limits.
#define NODES_PER_CHECK 256

// What to make of a raw statement; fails or fills what `result` points to.
typedef kdb_status (*convert_function)(struct pg_reader *reader, Node *statement, void *result);

kdb_status sql_pg_refuse(struct pg_reader *reader, int location, const char *what)
{
    (void)kdb_fail(reader->parse->ctx, KDB_ERR_INVALID_SQL, "%s is not supported", what);
    if (location < 0)
        return KDB_ERR_INVALID_SQL;
    return sql_error_at(reader->parse, sql_pg_text_offset(reader->text, (size_t)location));
}

kdb_status sql_pg_enter(struct pg_reader *reader, int location)
{
    if (++reader->nodes % NODES_PER_CHECK == 0)
        KDB_TRY(kdb_ctx_check(reader->parse->ctx));
    if (reader->depth == SQL_DEPTH_MAX) {
        (void)kdb_fail(reader->parse->ctx, KDB_ERR_INVALID_SQL,
                       "the statement is nested too deeply, the limit is %d levels", SQL_DEPTH_MAX);
        if (location < 0)
            return KDB_ERR_INVALID_SQL;
        return sql_error_at(reader->parse, sql_pg_text_offset(reader->text, (size_t)location));
    }
    reader->depth++;
    return KDB_OK;
}

// The parser's error in our words: the place in the statement, and what stands there as the user
// wrote it.
static kdb_status fail_parse(struct sql_parse *parse, const struct sql_pg_text *text,
                             struct sql_range range, const PgQueryError *error)
{
    kdb_slice message = kdb_slice_cstr(error->message);
    size_t near = kdb_slice_find(message, KDB_LIT(" at or near \""), 0);
    if (near != SIZE_MAX)
        message.len = near;
    if (kdb_slice_equal(message, KDB_LIT("memory exhausted")))
        return kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL,
                        "the statement is nested too deeply for the parser");
    if (error->cursorpos <= 0)
        return kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL, "%.*s", KDB_ARG(message));
    // The parser counts characters of the text it got.
    size_t location = kdb_utf8_offset(kdb_slice_cstr(text->text), (size_t)error->cursorpos - 1);
    size_t offset = sql_pg_text_offset(text, location);
    if (near != SIZE_MAX)
        return sql_fail_near(parse, message, offset, range.end);
    (void)kdb_fail(parse->ctx, KDB_ERR_INVALID_SQL, "%.*s", KDB_ARG(message));
    return sql_error_at(parse, offset);
}

static kdb_status convert_tree(struct pg_reader *reader, const List *tree, convert_function convert,
                               void *result)
{
    if (pg_count(tree) != 1)
        return kdb_fail(reader->parse->ctx, KDB_ERR_INVALID_SQL, "expected one statement");
    return convert(reader, PG_AS(RawStmt, pg_item(tree, 0))->stmt, result);
}

static kdb_status run(struct sql_parse *parse, struct sql_range range, kdb_slice prefix,
                      convert_function convert, void *result)
{
    struct sql_pg_text text;
    KDB_TRY(sql_pg_text_init(&text, parse, range, prefix));
    struct pg_reader reader = {.parse = parse, .text = &text};
    MemoryContext memory = pg_query_enter_memory_context();
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(text.text);
    kdb_status status = parsed.error ? fail_parse(parse, &text, range, parsed.error)
                                     : convert_tree(&reader, parsed.tree, convert, result);
    if (parsed.error)
        pg_query_free_error(parsed.error);
    free(parsed.stderr_buffer);
    pg_query_exit_memory_context(memory);
    return status;
}

static kdb_status convert_statement(struct pg_reader *reader, Node *node, void *result)
{
    struct kdb_statement *statement = result;
    switch ((int)nodeTag(node)) {
    case T_SelectStmt:
        statement->kind = KDB_STATEMENT_SELECT;
        return sql_pg_select(reader, node, &statement->select);
    case T_InsertStmt:
        statement->kind = KDB_STATEMENT_INSERT;
        return sql_pg_insert(reader, PG_AS(InsertStmt, node), &statement->insert);
    case T_UpdateStmt:
        statement->kind = KDB_STATEMENT_UPDATE;
        return sql_pg_update(reader, PG_AS(UpdateStmt, node), &statement->update);
    case T_DeleteStmt:
        statement->kind = KDB_STATEMENT_DELETE;
        return sql_pg_delete(reader, PG_AS(DeleteStmt, node), &statement->delete_);
    case T_MergeStmt:
        return sql_pg_refuse(reader, -1, "MERGE");
    default:
        return sql_pg_refuse(reader, -1, "this statement");
    }
}

kdb_status sql_pg_statement(struct sql_parse *parse, struct sql_range range,
                            struct kdb_statement *ret_statement)
{
    struct kdb_statement statement = {0};
    KDB_TRY(run(parse, range, KDB_LIT(""), convert_statement, &statement));
    *ret_statement = statement;
    return KDB_OK;
}

// SELECT <expression> and nothing else.
static kdb_status convert_expression(struct pg_reader *reader, Node *node, void *result)
{
    const SelectStmt *select = PG_AS(SelectStmt, node);
    bool is_plain = IsA(node, SelectStmt) && pg_count(select->targetList) == 1 &&
                    !select->distinctClause && !select->intoClause && !select->fromClause &&
                    !select->whereClause && !select->groupClause && !select->havingClause &&
                    !select->windowClause && !select->sortClause && !select->limitOffset &&
                    !select->limitCount && !select->lockingClause && select->op == SETOP_NONE;
    const ResTarget *target = is_plain ? PG_AS(ResTarget, pg_item(select->targetList, 0)) : NULL;
    if (!target || target->name)
        return sql_pg_refuse(reader, (int)reader->text->prefix, "a default of this form");
    return sql_pg_expr(reader, target->val, (struct kdb_ast **)result);
}

kdb_status sql_pg_expression(struct sql_parse *parse, struct sql_range range,
                             struct kdb_ast **ret_expr)
{
    struct kdb_ast *expr = NULL;
    KDB_TRY(run(parse, range, KDB_LIT("SELECT "), convert_expression, (void *)&expr));
    *ret_expr = expr;
    return KDB_OK;
}

bool sql_pg_is_reserved(kdb_slice word)
{
    char text[32];
    if (word.len >= sizeof(text))
        return false;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    int index = ScanKeywordLookup(text, &ScanKeywords);
    return index >= 0 && (ScanKeywordCategories[index] == RESERVED_KEYWORD ||
                          ScanKeywordCategories[index] == TYPE_FUNC_NAME_KEYWORD);
}
