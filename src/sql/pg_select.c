// SPDX-License-Identifier: Apache-2.0
// Queries: SELECT, VALUES, set operations, WITH.
#include "sql/pg_priv.h"

// LIMIT_OPTION_WITH_TIES as libpg_query numbers it: the one enum whose order it has changed.
#define LIBRARY_WITH_TIES 2

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_cte(struct pg_reader *reader, const CommonTableExpr *cte,
                           struct kdb_ast_cte *ret_cte)
{
    if (cte->search_clause || cte->cycle_clause)
        return sql_pg_refuse(reader, cte->location, "SEARCH or CYCLE");
    if (!IsA(cte->ctequery, SelectStmt))
        return sql_pg_refuse(reader, cte->location, "a data change inside WITH");
    ret_cte->name = pg_name(reader, cte->ctename);
    ret_cte->position = pg_position(reader, cte->location);
    ret_cte->column_count = pg_count(cte->aliascolnames);
    ret_cte->columns = kdb_arena_array(pg_arena(reader), ret_cte->column_count, sizeof(kdb_slice));
    for (size_t i = 0; i < ret_cte->column_count; i++)
        ret_cte->columns[i] = pg_name(reader, pg_string(pg_item(cte->aliascolnames, i)));
    return sql_pg_select(reader, cte->ctequery, &ret_cte->select);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_with(struct pg_reader *reader, const WithClause *with,
                            struct kdb_ast_select *select)
{
    if (!with)
        return KDB_OK;
    select->is_recursive = with->recursive;
    select->cte_count = pg_count(with->ctes);
    select->ctes = kdb_arena_array(pg_arena(reader), select->cte_count, sizeof(struct kdb_ast_cte));
    for (size_t i = 0; i < select->cte_count; i++)
        KDB_TRY(read_cte(reader, PG_AS(CommonTableExpr, pg_item(with->ctes, i)), &select->ctes[i]));
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_targets(struct pg_reader *reader, const List *list,
                               struct kdb_ast_select *select)
{
    select->target_count = pg_count(list);
    select->targets =
        kdb_arena_array(pg_arena(reader), select->target_count, sizeof(struct kdb_ast_target));
    for (size_t i = 0; i < select->target_count; i++) {
        const ResTarget *target = PG_AS(ResTarget, pg_item(list, i));
        select->targets[i].alias = pg_name(reader, target->name);
        KDB_TRY(sql_pg_expr(reader, target->val, &select->targets[i].expr));
    }
    if (select->target_count > 0)
        select->position = pg_position(reader, PG_AS(ResTarget, pg_item(list, 0))->location);
    return KDB_OK;
}

// DISTINCT is a list of one empty item, DISTINCT ON a list of expressions.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_distinct(struct pg_reader *reader, const List *list,
                                struct kdb_ast_select *select)
{
    if (!list)
        return KDB_OK;
    if (!pg_item(list, 0)) {
        select->is_distinct = true;
        return KDB_OK;
    }
    return sql_pg_exprs(reader, list, &select->distinct_on, &select->distinct_on_count);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_group(struct pg_reader *reader, const SelectStmt *statement,
                             struct kdb_ast_select *select)
{
    if (statement->groupDistinct)
        return sql_pg_refuse(reader, -1, "GROUP BY DISTINCT");
    for (size_t i = 0; i < pg_count(statement->groupClause); i++)
        select->has_grouping_sets |= IsA(pg_item(statement->groupClause, i), GroupingSet);
    if (select->has_grouping_sets)
        return KDB_OK;
    return sql_pg_exprs(reader, statement->groupClause, &select->group_by, &select->group_count);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_windows(struct pg_reader *reader, const List *list,
                               struct kdb_ast_select *select)
{
    select->window_count = pg_count(list);
    select->windows =
        kdb_arena_array(pg_arena(reader), select->window_count, sizeof(struct kdb_ast_window));
    for (size_t i = 0; i < select->window_count; i++)
        KDB_TRY(sql_pg_window(reader, PG_AS(WindowDef, pg_item(list, i)), &select->windows[i]));
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_plain(struct pg_reader *reader, const SelectStmt *statement,
                             struct kdb_ast_select *select)
{
    if (statement->intoClause)
        return sql_pg_refuse(reader, statement->intoClause->rel->location, "SELECT INTO");
    KDB_TRY(read_distinct(reader, statement->distinctClause, select));
    KDB_TRY(read_targets(reader, statement->targetList, select));
    select->from_count = pg_count(statement->fromClause);
    select->from =
        kdb_arena_array(pg_arena(reader), select->from_count, sizeof(struct kdb_ast_from *));
    for (size_t i = 0; i < select->from_count; i++)
        KDB_TRY(sql_pg_from(reader, pg_item(statement->fromClause, i), &select->from[i]));
    KDB_TRY(sql_pg_expr(reader, statement->whereClause, &select->where));
    KDB_TRY(read_group(reader, statement, select));
    KDB_TRY(sql_pg_expr(reader, statement->havingClause, &select->having));
    return read_windows(reader, statement->windowClause, select);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_values(struct pg_reader *reader, const List *rows,
                              struct kdb_ast_select *select)
{
    size_t count = pg_count(rows);
    select->value_row_count = count;
    select->value_rows = kdb_arena_array(pg_arena(reader), count, sizeof(struct kdb_ast **));
    select->value_counts = kdb_arena_array(pg_arena(reader), count, sizeof(size_t));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(sql_pg_exprs(reader, PG_AS(List, pg_item(rows, i)), &select->value_rows[i],
                             &select->value_counts[i]));
    return KDB_OK;
}

static kdb_set_kind set_kind(SetOperation operation)
{
    switch (operation) {
    case SETOP_NONE:
        return KDB_SET_NONE;
    case SETOP_UNION:
        return KDB_SET_UNION;
    case SETOP_INTERSECT:
        return KDB_SET_INTERSECT;
    case SETOP_EXCEPT:
        return KDB_SET_EXCEPT;
    }
    return KDB_SET_NONE;
}

// LIMIT ALL and LIMIT NULL are no limit.
static bool is_null(Node *node)
{
    return node && IsA(node, A_Const) && PG_AS(A_Const, node)->isnull;
}

// ORDER BY, LIMIT and locks, which a set operation has too.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_tail(struct pg_reader *reader, const SelectStmt *statement,
                            struct kdb_ast_select *select)
{
    KDB_TRY(sql_pg_order(reader, statement->sortClause, &select->order, &select->order_count));
    if (!is_null(statement->limitCount))
        KDB_TRY(sql_pg_expr(reader, statement->limitCount, &select->limit));
    if (!is_null(statement->limitOffset))
        KDB_TRY(sql_pg_expr(reader, statement->limitOffset, &select->offset));
    select->has_ties = (int)statement->limitOption == LIBRARY_WITH_TIES;
    select->has_locking = statement->lockingClause != NIL;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status convert(struct pg_reader *reader, const SelectStmt *statement,
                          struct kdb_ast_select *select)
{
    KDB_TRY(read_with(reader, statement->withClause, select));
    select->set = set_kind(statement->op);
    select->is_set_all = statement->all;
    if (select->set != KDB_SET_NONE) {
        KDB_TRY(sql_pg_select(reader, (Node *)statement->larg, &select->left));
        KDB_TRY(sql_pg_select(reader, (Node *)statement->rarg, &select->right));
        select->position = select->left->position;
    } else if (statement->valuesLists) {
        KDB_TRY(read_values(reader, statement->valuesLists, select));
    } else {
        KDB_TRY(read_plain(reader, statement, select));
    }
    return read_tail(reader, statement, select);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_select(struct pg_reader *reader, Node *node, struct kdb_ast_select **ret_select)
{
    if (!IsA(node, SelectStmt))
        return sql_pg_refuse(reader, -1, "a data change inside a query");
    KDB_TRY(sql_pg_enter(reader, -1));
    struct kdb_ast_select *select = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_select);
    KDB_TRY(convert(reader, PG_AS(SelectStmt, node), select));
    pg_leave(reader);
    *ret_select = select;
    return KDB_OK;
}
