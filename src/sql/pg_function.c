// SPDX-License-Identifier: Apache-2.0
// Calls, aggregates and window calls. SQL's own syntax for functions (EXTRACT, SUBSTRING FROM, AT
// TIME ZONE …) arrives as calls of catalog functions and stays that, without the catalog's name.
#include "sql/pg_priv.h"

#include <string.h>

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_order(struct pg_reader *reader, const List *list,
                        struct kdb_ast_order **ret_order, size_t *ret_count)
{
    size_t count = pg_count(list);
    struct kdb_ast_order *order =
        kdb_arena_array(pg_arena(reader), count, sizeof(struct kdb_ast_order));
    for (size_t i = 0; i < count; i++) {
        const SortBy *item = PG_AS(SortBy, pg_item(list, i));
        if (item->sortby_dir == SORTBY_USING)
            return sql_pg_refuse(reader, item->location, "ORDER BY USING");
        KDB_TRY(sql_pg_expr(reader, item->node, &order[i].expr));
        order[i].is_descending = item->sortby_dir == SORTBY_DESC;
        if (item->sortby_nulls == SORTBY_NULLS_FIRST)
            order[i].nulls = 'f';
        else if (item->sortby_nulls == SORTBY_NULLS_LAST)
            order[i].nulls = 'l';
    }
    *ret_order = order;
    *ret_count = count;
    return KDB_OK;
}

static char frame_start(int options)
{
    if (options & FRAMEOPTION_START_UNBOUNDED_PRECEDING)
        return 'u';
    if (options & FRAMEOPTION_START_OFFSET_PRECEDING)
        return 'p';
    return options & FRAMEOPTION_START_CURRENT_ROW ? 'c' : 'f';
}

static char frame_end(int options)
{
    if (options & FRAMEOPTION_END_UNBOUNDED_FOLLOWING)
        return 'U';
    if (options & FRAMEOPTION_END_OFFSET_FOLLOWING)
        return 'f';
    return options & FRAMEOPTION_END_CURRENT_ROW ? 'c' : 'p';
}

static char frame_exclusion(int options)
{
    if (options & FRAMEOPTION_EXCLUDE_CURRENT_ROW)
        return 'c';
    if (options & FRAMEOPTION_EXCLUDE_GROUP)
        return 'g';
    return options & FRAMEOPTION_EXCLUDE_TIES ? 't' : '\0';
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status read_frame(struct pg_reader *reader, const WindowDef *window,
                             struct kdb_ast_window *read)
{
    int options = window->frameOptions;
    if ((options & FRAMEOPTION_NONDEFAULT) == 0)
        return KDB_OK;
    if (options & FRAMEOPTION_ROWS)
        read->frame_mode = 'R';
    else
        read->frame_mode = options & FRAMEOPTION_GROUPS ? 'g' : 'r';
    read->frame_start = frame_start(options);
    read->frame_end = frame_end(options);
    read->exclude = frame_exclusion(options);
    KDB_TRY(sql_pg_expr(reader, window->startOffset, &read->start_offset));
    return sql_pg_expr(reader, window->endOffset, &read->end_offset);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_window(struct pg_reader *reader, const WindowDef *window,
                         struct kdb_ast_window *ret_window)
{
    if (window->name && window->refname)
        return sql_pg_refuse(reader, window->location, "a window that extends another window");
    struct kdb_ast_window read = {0};
    read.name = pg_name(reader, window->name ? window->name : window->refname);
    KDB_TRY(sql_pg_exprs(reader, window->partitionClause, &read.partition, &read.partition_count));
    KDB_TRY(sql_pg_order(reader, window->orderClause, &read.order, &read.order_count));
    KDB_TRY(read_frame(reader, window, &read));
    *ret_window = read;
    return KDB_OK;
}

static kdb_status refuse_odd_call(struct pg_reader *reader, const FuncCall *call)
{
    if (call->agg_within_group)
        return sql_pg_refuse(reader, call->location, "WITHIN GROUP");
    if (call->func_variadic)
        return sql_pg_refuse(reader, call->location, "VARIADIC");
    if (pg_count(call->funcname) > 2)
        return sql_pg_refuse(reader, call->location, "a function name of more than two parts");
    return KDB_OK;
}

// The name, and the schema when it is not PostgreSQL's catalog.
static void read_name(struct pg_reader *reader, const List *names, struct kdb_ast *node)
{
    size_t count = pg_count(names);
    node->name = pg_name(reader, pg_string(pg_item(names, count - 1)));
    if (count == 2 && strcmp(pg_string(pg_item(names, 0)), "pg_catalog") != 0)
        node->space = pg_name(reader, pg_string(pg_item(names, 0)));
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_function(struct pg_reader *reader, const FuncCall *call,
                           struct kdb_ast **ret_expr)
{
    KDB_TRY(refuse_odd_call(reader, call));
    struct kdb_ast *node = sql_pg_node(reader, KDB_AST_FUNCTION, call->location);
    read_name(reader, call->funcname, node);
    node->is_star = call->agg_star;
    node->is_distinct = call->agg_distinct;
    KDB_TRY(sql_pg_exprs(reader, call->args, &node->args, &node->arg_count));
    KDB_TRY(sql_pg_order(reader, call->agg_order, &node->order, &node->order_count));
    KDB_TRY(sql_pg_expr(reader, call->agg_filter, &node->filter));
    if (call->over) {
        node->has_over = true;
        node->window = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_window);
        KDB_TRY(sql_pg_window(reader, call->over, node->window));
    }
    *ret_expr = node;
    return KDB_OK;
}
