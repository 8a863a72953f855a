// SPDX-License-Identifier: Apache-2.0
// INSERT, UPDATE and DELETE. Clauses that the plan refuses are noted as flags.
#include "sql/pg_priv.h"

static kdb_status insert_columns(struct pg_reader *reader, const List *list,
                                 struct kdb_ast_insert *insert)
{
    insert->column_count = pg_count(list);
    insert->columns = kdb_arena_array(pg_arena(reader), insert->column_count, sizeof(kdb_slice));
    for (size_t i = 0; i < insert->column_count; i++) {
        const ResTarget *column = PG_AS(ResTarget, pg_item(list, i));
        if (column->indirection)
            return sql_pg_refuse(reader, column->location, "assigning to a part of a column");
        insert->columns[i] = pg_name(reader, column->name);
    }
    return KDB_OK;
}

kdb_status sql_pg_insert(struct pg_reader *reader, const InsertStmt *insert,
                         struct kdb_ast_insert **ret_insert)
{
    struct kdb_ast_insert *read = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_insert);
    KDB_TRY(sql_pg_table(reader, insert->relation, &read->table));
    if (insert->override != OVERRIDING_NOT_SET)
        return sql_pg_refuse(reader, insert->relation->location, "OVERRIDING");
    KDB_TRY(insert_columns(reader, insert->cols, read));
    if (insert->selectStmt)
        KDB_TRY(sql_pg_select(reader, insert->selectStmt, &read->source));
    read->has_on_conflict = insert->onConflictClause != NULL;
    read->has_returning = insert->returningList != NIL;
    read->has_with = insert->withClause != NULL;
    *ret_insert = read;
    return KDB_OK;
}

// The expression for one column of (a, b) = (x, y): the row's own, which PostgreSQL hands to every
// column of it.
static kdb_status row_value(struct pg_reader *reader, const ResTarget *target, Node **ret_value)
{
    const MultiAssignRef *part = PG_AS(MultiAssignRef, target->val);
    const RowExpr *row = PG_AS(RowExpr, part->source);
    if (!IsA(part->source, RowExpr))
        return sql_pg_refuse(reader, target->location, "assigning a subquery to several columns");
    if (pg_count(row->args) != (size_t)part->ncolumns) {
        (void)kdb_fail(reader->parse->ctx, KDB_ERR_INVALID_SQL,
                       "number of columns does not match number of values");
        return sql_error_at(reader->parse,
                            sql_pg_text_offset(reader->text, (size_t)target->location));
    }
    *ret_value = pg_item(row->args, (size_t)part->colno - 1);
    return KDB_OK;
}

static kdb_status assignment(struct pg_reader *reader, const ResTarget *target,
                             struct kdb_ast_assignment *ret_assignment)
{
    if (target->indirection)
        return sql_pg_refuse(reader, target->location, "assigning to a part of a column");
    Node *value = target->val;
    if (IsA(value, MultiAssignRef))
        KDB_TRY(row_value(reader, target, &value));
    ret_assignment->column = pg_name(reader, target->name);
    ret_assignment->position = pg_position(reader, target->location);
    return sql_pg_expr(reader, value, &ret_assignment->value);
}

kdb_status sql_pg_update(struct pg_reader *reader, const UpdateStmt *update,
                         struct kdb_ast_update **ret_update)
{
    struct kdb_ast_update *read = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_update);
    KDB_TRY(sql_pg_table(reader, update->relation, &read->table));
    if (update->relation->alias)
        read->alias = pg_name(reader, update->relation->alias->aliasname);
    read->assignment_count = pg_count(update->targetList);
    read->assignments = kdb_arena_array(pg_arena(reader), read->assignment_count,
                                        sizeof(struct kdb_ast_assignment));
    for (size_t i = 0; i < read->assignment_count; i++)
        KDB_TRY(assignment(reader, PG_AS(ResTarget, pg_item(update->targetList, i)),
                           &read->assignments[i]));
    KDB_TRY(sql_pg_expr(reader, update->whereClause, &read->where));
    read->has_from = update->fromClause != NIL;
    read->has_returning = update->returningList != NIL;
    read->has_with = update->withClause != NULL;
    *ret_update = read;
    return KDB_OK;
}

kdb_status sql_pg_delete(struct pg_reader *reader, const DeleteStmt *delete_,
                         struct kdb_ast_delete **ret_delete)
{
    struct kdb_ast_delete *read = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast_delete);
    KDB_TRY(sql_pg_table(reader, delete_->relation, &read->table));
    if (delete_->relation->alias)
        read->alias = pg_name(reader, delete_->relation->alias->aliasname);
    KDB_TRY(sql_pg_expr(reader, delete_->whereClause, &read->where));
    read->has_using = delete_->usingClause != NIL;
    read->has_returning = delete_->returningList != NIL;
    read->has_with = delete_->withClause != NULL;
    *ret_delete = read;
    return KDB_OK;
}
