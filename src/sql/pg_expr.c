// SPDX-License-Identifier: Apache-2.0
// Expressions: operators, predicates, CASE, casts, subqueries. Calls are in pg_function.c.
#include "sql/pg_priv.h"

#include <string.h>

#include <nodes/nodeFuncs.h>

#include "base/assert.h"

// An AND inside an AND (or OR inside OR) of at most this many arguments is spliced into it.
#define SPLICED_MAX 64

struct kdb_ast *sql_pg_node(const struct pg_reader *reader, kdb_ast_kind kind, int location)
{
    struct kdb_ast *node = KDB_ARENA_NEW(pg_arena(reader), struct kdb_ast);
    node->kind = kind;
    node->position = pg_position(reader, location);
    node->literal = -1;
    return node;
}

// A node with room for `count` arguments.
static struct kdb_ast *new_node(const struct pg_reader *reader, kdb_ast_kind kind, int location,
                                size_t count)
{
    struct kdb_ast *node = sql_pg_node(reader, kind, location);
    node->args = kdb_arena_array(pg_arena(reader), count, sizeof(struct kdb_ast *));
    node->arg_count = count;
    return node;
}

// Fills a node's first argument and gives the node.
static kdb_status with_operand(struct pg_reader *reader, struct kdb_ast *node, Node *operand,
                               struct kdb_ast **ret_expr)
{
    KDB_TRY(sql_pg_expr(reader, operand, &node->args[0]));
    *ret_expr = node;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_exprs(struct pg_reader *reader, const List *list, struct kdb_ast ***ret_exprs,
                        size_t *ret_count)
{
    size_t count = pg_count(list);
    struct kdb_ast **exprs = kdb_arena_array(pg_arena(reader), count, sizeof(struct kdb_ast *));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(sql_pg_expr(reader, pg_item(list, i), &exprs[i]));
    *ret_exprs = exprs;
    *ret_count = count;
    return KDB_OK;
}

// [[namespace.]table.]column, or a star at the end.
static kdb_status column(struct pg_reader *reader, const ColumnRef *ref, struct kdb_ast **ret_expr)
{
    size_t count = pg_count(ref->fields);
    if (count > 3)
        return sql_pg_refuse(reader, ref->location, "a name of more than three parts");
    kdb_slice parts[3] = {0};
    bool is_star = false;
    for (size_t i = 0; i < count; i++) {
        const Node *field = pg_item(ref->fields, i);
        is_star = IsA(field, A_Star);
        if (!is_star)
            parts[3 - count + i] = pg_name(reader, pg_string(field));
    }
    struct kdb_ast *node =
        sql_pg_node(reader, is_star ? KDB_AST_STAR : KDB_AST_COLUMN, ref->location);
    node->space = parts[0];
    node->table = parts[1];
    node->name = parts[2];
    *ret_expr = node;
    return KDB_OK;
}

static kdb_status param(struct pg_reader *reader, const ParamRef *ref, struct kdb_ast **ret_expr)
{
    size_t offset = sql_pg_text_offset(reader->text, (size_t)ref->location);
    if (ref->number < 1 || ref->number > SQL_PARAM_MAX) {
        (void)kdb_fail(reader->parse->ctx, KDB_ERR_INVALID_SQL, "parameters are $1 to $%d",
                       SQL_PARAM_MAX);
        return sql_error_at(reader->parse, offset);
    }
    struct kdb_ast *node = sql_pg_node(reader, KDB_AST_PARAM, ref->location);
    node->param = ref->number;
    sql_note_param(reader->parse, ref->number);
    *ret_expr = node;
    return KDB_OK;
}

// Appends to a growing argument list; a short operand of the same kind gives its own arguments. A
// long one stays as it is: copying it at every level of parentheses would be quadratic.
static void add_operand(struct pg_reader *reader, struct kdb_ast *node, size_t *capacity,
                        struct kdb_ast *operand)
{
    if (operand->kind != node->kind || operand->arg_count > SPLICED_MAX) {
        KDB_PUSH(pg_arena(reader), node->args, node->arg_count, *capacity, operand);
        return;
    }
    for (size_t i = 0; i < operand->arg_count; i++)
        KDB_PUSH(pg_arena(reader), node->args, node->arg_count, *capacity, operand->args[i]);
}

// AND and OR, which PostgreSQL's parser has made flat where they stand side by side.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status logic(struct pg_reader *reader, const BoolExpr *expr, struct kdb_ast **ret_expr)
{
    if (expr->boolop == NOT_EXPR) {
        struct kdb_ast *negation = new_node(reader, KDB_AST_NOT, expr->location, 1);
        return with_operand(reader, negation, pg_item(expr->args, 0), ret_expr);
    }
    kdb_ast_kind kind = expr->boolop == AND_EXPR ? KDB_AST_AND : KDB_AST_OR;
    size_t capacity = pg_count(expr->args);
    struct kdb_ast *node = new_node(reader, kind, expr->location, capacity);
    node->arg_count = 0;
    for (size_t i = 0; i < pg_count(expr->args); i++) {
        struct kdb_ast *operand = NULL;
        KDB_TRY(sql_pg_expr(reader, pg_item(expr->args, i), &operand));
        KDB_ASSERT(operand != NULL);
        add_operand(reader, node, &capacity, operand);
    }
    *ret_expr = node;
    return KDB_OK;
}

// The operator's spelling; OPERATOR(schema.+) is refused.
static kdb_status operator_name(struct pg_reader *reader, const List *name, int location,
                                kdb_slice *ret_name)
{
    if (pg_count(name) != 1)
        return sql_pg_refuse(reader, location, "OPERATOR() with a schema");
    *ret_name = kdb_arena_copy(pg_arena(reader), kdb_slice_cstr(pg_string(pg_item(name, 0))));
    return KDB_OK;
}

// A node of two operands.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status binary(struct pg_reader *reader, kdb_ast_kind kind, const A_Expr *expr,
                         struct kdb_ast **ret_expr)
{
    struct kdb_ast *node = new_node(reader, kind, expr->location, 2);
    KDB_TRY(sql_pg_expr(reader, expr->lexpr, &node->args[0]));
    KDB_TRY(sql_pg_expr(reader, expr->rexpr, &node->args[1]));
    *ret_expr = node;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status operation(struct pg_reader *reader, const A_Expr *expr, struct kdb_ast **ret_expr)
{
    kdb_slice name;
    KDB_TRY(operator_name(reader, expr->name, expr->location, &name));
    struct kdb_ast *node = NULL;
    if (expr->lexpr) {
        KDB_TRY(binary(reader, KDB_AST_OPERATOR, expr, &node));
    } else {
        node = new_node(reader, KDB_AST_OPERATOR, expr->location, 1);
        KDB_TRY(sql_pg_expr(reader, expr->rexpr, &node->args[0]));
    }
    node->name = name;
    *ret_expr = node;
    return KDB_OK;
}

static bool begins_negated(const A_Expr *expr, const char *plain)
{
    return strcmp(pg_string(pg_item(expr->name, 0)), plain) != 0;
}

// args[0] and then the items of a list.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status with_list(struct pg_reader *reader, kdb_ast_kind kind, const A_Expr *expr,
                            const List *list, struct kdb_ast **ret_expr)
{
    size_t count = pg_count(list);
    struct kdb_ast *node = new_node(reader, kind, expr->location, count + 1);
    KDB_TRY(sql_pg_expr(reader, expr->lexpr, &node->args[0]));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(sql_pg_expr(reader, pg_item(list, i), &node->args[i + 1]));
    *ret_expr = node;
    return KDB_OK;
}

// x = ANY (ARRAY[…]) is x IN (…), x <> ALL (ARRAY[…]) is x NOT IN (…); other arrays are refused.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status over_array(struct pg_reader *reader, const A_Expr *expr,
                             struct kdb_ast **ret_expr)
{
    bool is_all = expr->kind == AEXPR_OP_ALL;
    kdb_slice name;
    KDB_TRY(operator_name(reader, expr->name, expr->location, &name));
    bool is_in = kdb_slice_equal(name, is_all ? KDB_LIT("<>") : KDB_LIT("="));
    const A_ArrayExpr *array = PG_AS(A_ArrayExpr, expr->rexpr);
    if (!is_in || !IsA(expr->rexpr, A_ArrayExpr) || pg_count(array->elements) == 0)
        return sql_pg_refuse(reader, expr->location, "ANY or ALL over this array");
    KDB_TRY(with_list(reader, KDB_AST_IN, expr, array->elements, ret_expr));
    (*ret_expr)->is_negated = is_all;
    return KDB_OK;
}

// [NOT] LIKE and ILIKE; ESCAPE arrives as a call of like_escape around the pattern.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status like(struct pg_reader *reader, const A_Expr *expr, struct kdb_ast **ret_expr)
{
    bool is_ilike = expr->kind == AEXPR_ILIKE;
    const FuncCall *call = PG_AS(FuncCall, expr->rexpr);
    bool has_escape = IsA(expr->rexpr, FuncCall) && call->funcformat == COERCE_EXPLICIT_CALL &&
                      pg_count(call->funcname) == 2 && pg_count(call->args) == 2 &&
                      strcmp(pg_string(pg_item(call->funcname, 1)), "like_escape") == 0;
    struct kdb_ast *node = new_node(reader, KDB_AST_LIKE, expr->location, has_escape ? 3 : 2);
    KDB_TRY(sql_pg_expr(reader, expr->lexpr, &node->args[0]));
    Node *pattern = has_escape ? pg_item(call->args, 0) : expr->rexpr;
    KDB_TRY(sql_pg_expr(reader, pattern, &node->args[1]));
    if (has_escape)
        KDB_TRY(sql_pg_expr(reader, pg_item(call->args, 1), &node->args[2]));
    node->name = is_ilike ? KDB_LIT("ilike") : KDB_LIT("like");
    node->is_negated = begins_negated(expr, is_ilike ? "~~*" : "~~");
    *ret_expr = node;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status between(struct pg_reader *reader, const A_Expr *expr, struct kdb_ast **ret_expr)
{
    KDB_TRY(with_list(reader, KDB_AST_BETWEEN, expr, PG_AS(List, expr->rexpr), ret_expr));
    (*ret_expr)->is_negated =
        expr->kind == AEXPR_NOT_BETWEEN || expr->kind == AEXPR_NOT_BETWEEN_SYM;
    (*ret_expr)->is_symmetric =
        expr->kind == AEXPR_BETWEEN_SYM || expr->kind == AEXPR_NOT_BETWEEN_SYM;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status a_expr(struct pg_reader *reader, const A_Expr *expr, struct kdb_ast **ret_expr)
{
    switch (expr->kind) {
    case AEXPR_OP:
        return operation(reader, expr, ret_expr);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return over_array(reader, expr, ret_expr);
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
        KDB_TRY(binary(reader, KDB_AST_IS_DISTINCT, expr, ret_expr));
        (*ret_expr)->is_negated = expr->kind == AEXPR_NOT_DISTINCT;
        return KDB_OK;
    case AEXPR_NULLIF:
        return binary(reader, KDB_AST_NULLIF, expr, ret_expr);
    case AEXPR_IN:
        KDB_TRY(with_list(reader, KDB_AST_IN, expr, PG_AS(List, expr->rexpr), ret_expr));
        (*ret_expr)->is_negated = begins_negated(expr, "=");
        return KDB_OK;
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
        return like(reader, expr, ret_expr);
    case AEXPR_SIMILAR:
        return sql_pg_refuse(reader, expr->location, "SIMILAR TO");
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        return between(reader, expr, ret_expr);
    }
    return sql_pg_refuse(reader, expr->location, "this operator");
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status null_test(struct pg_reader *reader, const NullTest *test,
                            struct kdb_ast **ret_expr)
{
    struct kdb_ast *node = new_node(reader, KDB_AST_IS_NULL, test->location, 1);
    node->is_negated = test->nulltesttype == IS_NOT_NULL;
    return with_operand(reader, node, (Node *)test->arg, ret_expr);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status boolean_test(struct pg_reader *reader, const BooleanTest *test,
                               struct kdb_ast **ret_expr)
{
    struct kdb_ast *node = new_node(reader, KDB_AST_IS_BOOLEAN, test->location, 1);
    BoolTestType type = test->booltesttype;
    node->is_negated = type == IS_NOT_TRUE || type == IS_NOT_FALSE || type == IS_NOT_UNKNOWN;
    if (type == IS_TRUE || type == IS_NOT_TRUE)
        node->name = KDB_LIT("true");
    else if (type == IS_FALSE || type == IS_NOT_FALSE)
        node->name = KDB_LIT("false");
    else
        node->name = KDB_LIT("unknown");
    return with_operand(reader, node, (Node *)test->arg, ret_expr);
}

// A cast; TRUE and FALSE are casts of constants to PostgreSQL's parser, and literals to us.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status cast(struct pg_reader *reader, const TypeCast *cast_, struct kdb_ast **ret_expr)
{
    const A_Const *constant = PG_AS(A_Const, cast_->arg);
    bool is_constant = IsA(cast_->arg, A_Const) && !constant->isnull;
    if (is_constant && cast_->location < 0 && IsA(&constant->val, Boolean)) {
        *ret_expr = sql_pg_literal(reader, constant);
        return KDB_OK;
    }
    int location = cast_->location >= 0 ? cast_->location : cast_->typeName->location;
    struct kdb_ast *node = new_node(reader, KDB_AST_CAST, location, 1);
    KDB_TRY(sql_pg_type(reader, cast_->typeName, &node->type));
    return with_operand(reader, node, cast_->arg, ret_expr);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status case_(struct pg_reader *reader, const CaseExpr *expr, struct kdb_ast **ret_expr)
{
    size_t count = pg_count(expr->args);
    struct kdb_ast *node = new_node(reader, KDB_AST_CASE, expr->location, 2 * count);
    KDB_TRY(sql_pg_expr(reader, (Node *)expr->arg, &node->operand));
    for (size_t i = 0; i < count; i++) {
        const CaseWhen *when = PG_AS(CaseWhen, pg_item(expr->args, i));
        KDB_TRY(sql_pg_expr(reader, (Node *)when->expr, &node->args[2 * i]));
        KDB_TRY(sql_pg_expr(reader, (Node *)when->result, &node->args[2 * i + 1]));
    }
    KDB_TRY(sql_pg_expr(reader, (Node *)expr->defresult, &node->otherwise));
    *ret_expr = node;
    return KDB_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status of_list(struct pg_reader *reader, kdb_ast_kind kind, const List *list,
                          int location, struct kdb_ast **ret_expr)
{
    struct kdb_ast *node = sql_pg_node(reader, kind, location);
    KDB_TRY(sql_pg_exprs(reader, list, &node->args, &node->arg_count));
    *ret_expr = node;
    return KDB_OK;
}

// CURRENT_DATE and its like. A precision is dropped, as everywhere: times have microseconds.
static kdb_status special(const struct pg_reader *reader, const SQLValueFunction *function,
                          struct kdb_ast **ret_expr)
{
    static const char *const names[] = {
        [SVFOP_CURRENT_DATE] = "current_date",
        [SVFOP_CURRENT_TIME] = "current_time",
        [SVFOP_CURRENT_TIME_N] = "current_time",
        [SVFOP_CURRENT_TIMESTAMP] = "current_timestamp",
        [SVFOP_CURRENT_TIMESTAMP_N] = "current_timestamp",
        [SVFOP_LOCALTIME] = "localtime",
        [SVFOP_LOCALTIME_N] = "localtime",
        [SVFOP_LOCALTIMESTAMP] = "localtimestamp",
        [SVFOP_LOCALTIMESTAMP_N] = "localtimestamp",
        [SVFOP_CURRENT_ROLE] = "current_role",
        [SVFOP_CURRENT_USER] = "current_user",
        [SVFOP_USER] = "user",
        [SVFOP_SESSION_USER] = "session_user",
        [SVFOP_CURRENT_CATALOG] = "current_catalog",
        [SVFOP_CURRENT_SCHEMA] = "current_schema",
    };
    struct kdb_ast *node = sql_pg_node(reader, KDB_AST_SPECIAL, function->location);
    node->name = kdb_slice_cstr(names[function->op]);
    *ret_expr = node;
    return KDB_OK;
}

// [x op] ANY or ALL (subquery); IN is = ANY.
// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status quantified(struct pg_reader *reader, const SubLink *link, struct kdb_ast *node)
{
    node->is_all = link->subLinkType == ALL_SUBLINK;
    node->name = KDB_LIT("=");
    if (link->operName)
        KDB_TRY(operator_name(reader, link->operName, link->location, &node->name));
    return sql_pg_expr(reader, link->testexpr, &node->args[0]);
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status subquery(struct pg_reader *reader, const SubLink *link, struct kdb_ast **ret_expr)
{
    struct kdb_ast *node = NULL;
    switch (link->subLinkType) {
    case EXISTS_SUBLINK:
        node = sql_pg_node(reader, KDB_AST_EXISTS, link->location);
        break;
    case EXPR_SUBLINK:
        node = sql_pg_node(reader, KDB_AST_SCALAR, link->location);
        break;
    case ANY_SUBLINK:
    case ALL_SUBLINK:
        node = new_node(reader, KDB_AST_QUANTIFIED, link->location, 1);
        KDB_TRY(quantified(reader, link, node));
        break;
    case ROWCOMPARE_SUBLINK:
    case MULTIEXPR_SUBLINK:
    case ARRAY_SUBLINK:
    case CTE_SUBLINK:
        return sql_pg_refuse(reader, link->location, "ARRAY(subquery)");
    }
    KDB_TRY(sql_pg_select(reader, link->subselect, &node->select));
    *ret_expr = node;
    return KDB_OK;
}

// What the grammar has and we have not.
static kdb_status refuse_node(struct pg_reader *reader, const Node *node)
{
    const Node *first = node;
    while (IsA(first, A_Indirection))
        first = PG_AS(A_Indirection, first)->arg;
    int location = exprLocation(first);
    switch ((int)nodeTag(node)) {
    case T_A_Indirection:
        return sql_pg_refuse(reader, location, "a subscript or field selection");
    case T_CollateClause:
        return sql_pg_refuse(reader, location, "COLLATE");
    case T_GroupingFunc:
        return sql_pg_refuse(reader, location, "GROUPING");
    case T_NamedArgExpr:
        return sql_pg_refuse(reader, location, "a named argument");
    case T_XmlExpr:
    case T_XmlSerialize:
        return sql_pg_refuse(reader, location, "XML");
    case T_CurrentOfExpr:
        return sql_pg_refuse(reader, location, "WHERE CURRENT OF");
    default:
        return sql_pg_refuse(reader, location, "this expression");
    }
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
static kdb_status convert(struct pg_reader *reader, Node *node, struct kdb_ast **ret_expr)
{
    switch ((int)nodeTag(node)) {
    case T_ColumnRef:
        return column(reader, PG_AS(ColumnRef, node), ret_expr);
    case T_A_Const:
        *ret_expr = sql_pg_literal(reader, PG_AS(A_Const, node));
        return KDB_OK;
    case T_ParamRef:
        return param(reader, PG_AS(ParamRef, node), ret_expr);
    case T_A_Expr:
        return a_expr(reader, PG_AS(A_Expr, node), ret_expr);
    case T_BoolExpr:
        return logic(reader, PG_AS(BoolExpr, node), ret_expr);
    case T_NullTest:
        return null_test(reader, PG_AS(NullTest, node), ret_expr);
    case T_BooleanTest:
        return boolean_test(reader, PG_AS(BooleanTest, node), ret_expr);
    case T_FuncCall:
        return sql_pg_function(reader, PG_AS(FuncCall, node), ret_expr);
    case T_TypeCast:
        return cast(reader, PG_AS(TypeCast, node), ret_expr);
    case T_CaseExpr:
        return case_(reader, PG_AS(CaseExpr, node), ret_expr);
    case T_CoalesceExpr: {
        const CoalesceExpr *expr = PG_AS(CoalesceExpr, node);
        return of_list(reader, KDB_AST_COALESCE, expr->args, expr->location, ret_expr);
    }
    case T_MinMaxExpr: {
        const MinMaxExpr *expr = PG_AS(MinMaxExpr, node);
        kdb_ast_kind kind = expr->op == IS_GREATEST ? KDB_AST_GREATEST : KDB_AST_LEAST;
        return of_list(reader, kind, expr->args, expr->location, ret_expr);
    }
    case T_RowExpr: {
        const RowExpr *expr = PG_AS(RowExpr, node);
        return of_list(reader, KDB_AST_ROW, expr->args, expr->location, ret_expr);
    }
    case T_A_ArrayExpr: {
        const A_ArrayExpr *expr = PG_AS(A_ArrayExpr, node);
        return of_list(reader, KDB_AST_ARRAY, expr->elements, expr->location, ret_expr);
    }
    case T_SQLValueFunction:
        return special(reader, PG_AS(SQLValueFunction, node), ret_expr);
    case T_SubLink:
        return subquery(reader, PG_AS(SubLink, node), ret_expr);
    case T_SetToDefault:
        *ret_expr = sql_pg_node(reader, KDB_AST_DEFAULT, PG_AS(SetToDefault, node)->location);
        return KDB_OK;
    default:
        return refuse_node(reader, node);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): SQL_DEPTH_MAX
kdb_status sql_pg_expr(struct pg_reader *reader, Node *node, struct kdb_ast **ret_expr)
{
    if (!node) {
        *ret_expr = NULL;
        return KDB_OK;
    }
    KDB_TRY(sql_pg_enter(reader, -1));
    KDB_TRY(convert(reader, node, ret_expr));
    pg_leave(reader);
    return KDB_OK;
}
