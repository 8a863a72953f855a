// SPDX-License-Identifier: Apache-2.0
// FROM items: tables, subqueries, functions, joins.
#include "sql/pg_priv.h"

// Names of a list of String nodes.
static void read_names(struct pg_reader *reader, const List *list, kdb_slice **ret_names,
                       size_t *ret_count)
{
    *ret_count = pg_count(list);
    *ret_names = kdb_arena_array(pg_arena(reader), *ret_count, sizeof(kdb_slice));
    for (size_t i = 0; i < *ret_count; i++)
        (*ret_names)[i] = pg_name(reader, pg_string(pg_item(list, i)));
}

static void read_alias(struct pg_reader *reader, const Alias *alias, struct kdb_ast_from *from)
{
    if (!alias)
        return;
    from->alias = pg_name(reader, alias->aliasname);
    read_names(reader, alias->colnames, &from->column_aliases, &from->column_alias_count);
}

kdb_status sql_pg_table(struct pg_reader *reader, const RangeVar *table,
                        struct kdb_ast_name *ret_name)
{
    if (table->catalogname)
        return sql_pg_refuse(reader, table->location, "a table name of three parts");
    *ret_name = (struct kdb_ast_name){
        .space = pg_name(reader, table->schemaname),
        .name = pg_name(reader, table->relname),
        .position = pg_position(reader, table->location),
    };
    return KDB_OK;
}

static kdb_status table(struct pg_reader *reader, const RangeVar *range, struct kdb_ast_from *from)
{
    from->kind = KDB_FROM_TABLE;
    KDB_TRY(sql_pg_table(reader, range, &from->table));
    from->position = from->table.position;
    read_alias(reader, range->alias, from);
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status subselect(struct pg_reader *reader, const RangeSubselect *range,
                            struct kdb_ast_from *from)
{
    from->kind = KDB_FROM_SUBQUERY;
    from->is_lateral = range->lateral;
    KDB_TRY(sql_pg_select(reader, range->subquery, &from->select));
    from->position = from->select->position;
    read_alias(reader, range->alias, from);
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status function(struct pg_reader *reader, const RangeFunction *range,
                           struct kdb_ast_from *from)
{
    // Each item is a pair: the call, and column definitions.
    const List *pair = PG_AS(List, pg_item(range->functions, 0));
    if (range->is_rowsfrom)
        return sql_pg_refuse(reader, -1, "ROWS FROM");
    if (range->coldeflist || pg_item(pair, 1))
        return sql_pg_refuse(reader, -1, "a column definition list for a function");
    from->kind = KDB_FROM_FUNCTION;
    from->is_lateral = range->lateral;
    from->has_ordinality = range->ordinality;
    KDB_TRY(sql_pg_expr(reader, pg_item(pair, 0), &from->function));
    from->position = from->function->position;
    read_alias(reader, range->alias, from);
    return KDB_OK;
}

static kdb_join_kind join_kind(const JoinExpr *join)
{
    switch ((int)join->jointype) {
    case JOIN_LEFT:
        return KDB_JOIN_LEFT;
    case JOIN_RIGHT:
        return KDB_JOIN_RIGHT;
    case JOIN_FULL:
        return KDB_JOIN_FULL;
    default:
        break;
    }
    bool is_cross = !join->quals && !join->usingClause && !join->isNatural;
    return is_cross ? KDB_JOIN_CROSS : KDB_JOIN_INNER;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status join(struct pg_reader *reader, const JoinExpr *expr, struct kdb_ast_from *from)
{
    if (expr->join_using_alias)
        return sql_pg_refuse(reader, -1, "an alias for the columns of USING");
    from->kind = KDB_FROM_JOIN;
    from->join = join_kind(expr);
    from->is_natural = expr->isNatural;
    KDB_TRY(sql_pg_from(reader, expr->larg, &from->left));
    KDB_TRY(sql_pg_from(reader, expr->rarg, &from->right));
    from->position = from->left->position;
    read_names(reader, expr->usingClause, &from->using_columns, &from->using_count);
    KDB_TRY(sql_pg_expr(reader, expr->quals, &from->on));
    read_alias(reader, expr->alias, from);
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status convert(struct pg_reader *reader, Node *node, struct kdb_ast_from *from)
{
    switch ((int)nodeTag(node)) {
    case T_RangeVar:
        return table(reader, PG_AS(RangeVar, node), from);
    case T_RangeSubselect:
        return subselect(reader, PG_AS(RangeSubselect, node), from);
    case T_RangeFunction:
        return function(reader, PG_AS(RangeFunction, node), from);
    case T_JoinExpr:
        return join(reader, PG_AS(JoinExpr, node), from);
    case T_RangeTableSample:
        return sql_pg_refuse(reader, PG_AS(RangeTableSample, node)->location, "TABLESAMPLE");
    case T_RangeTableFunc:
        return sql_pg_refuse(reader, PG_AS(RangeTableFunc, node)->location, "XMLTABLE");
    default:
        return sql_pg_refuse(reader, -1, "this FROM item");
    }
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_from(struct pg_reader *reader, Node *node, struct kdb_ast_from **ret_from)
{
    KDB_TRY(sql_pg_enter(reader, -1));
    struct kdb_ast_from *from = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_from);
    KDB_TRY(convert(reader, node, from));
    pg_leave(reader);
    *ret_from = from;
    return KDB_OK;
}
