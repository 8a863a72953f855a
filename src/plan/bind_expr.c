// SPDX-License-Identifier: Apache-2.0
// Binding of expressions: literals, parameters, names, operators and the special forms.
#include "plan/bind_priv.h"

#include "base/assert.h"
#include "types/number_text.h"

static struct kdb_expr *with_args(struct bind *bind, struct kdb_expr *expr, struct kdb_expr **args,
                                  size_t count)
{
    expr->args = args;
    expr->arg_count = count;
    for (size_t i = 0; i < count; i++)
        expr->is_volatile = expr->is_volatile || args[i]->is_volatile;
    (void)bind;
    return expr;
}

static struct kdb_expr **new_args(struct bind *bind, size_t count)
{
    return kdb_arena_array(bind->arena, count ? count : 1, sizeof(struct kdb_expr *));
}

static kdb_status bind_args(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr ***ret)
{
    struct kdb_expr **args = new_args(bind, ast->arg_count);
    for (size_t i = 0; i < ast->arg_count; i++)
        KDB_TRY(bind_expr(bind, ast->args[i], &args[i]));
    *ret = args;
    return KDB_OK;
}

static void number_type(const struct kdb_ast *ast, kdb_type *ret)
{
    int64_t value;
    if (ast->literal_kind == KDB_AST_INTEGER && kdb_slice_to_i64(ast->text, &value)) {
        bool is_int = value >= INT32_MIN && value <= INT32_MAX;
        *ret = KDB_TYPE(is_int ? KDB_INT : KDB_BIGINT);
        return;
    }
    // PostgreSQL's numeric has no limit; what does not fit 38 digits here is a double
    // (docs/SQL.md).
    if (!kdb_decimal_type_of(ast->text, ret))
        *ret = KDB_TYPE(KDB_DOUBLE);
}

static kdb_status bind_input(struct bind *bind, struct kdb_input input, int position,
                             struct kdb_expr **ret)
{
    struct kdb_plan *plan = bind->plan;
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_INPUT, input.type, position);
    expr->input = (uint32_t)plan->input_count;
    KDB_PUSH(bind->arena, plan->inputs, plan->input_count, plan->input_capacity, input);
    *ret = expr;
    return KDB_OK;
}

static kdb_status bind_bits(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    // X'00ff' is a byte string here (PostgreSQL would make a bit string of it).
    if (ast->text.len == 0 || (ast->text.data[0] | 0x20) != 'x')
        return bind_unsupported(bind, "bit string literals", ast->position);
    kdb_slice hex = kdb_slice_skip(ast->text, 1);
    kdb_slice text = kdb_arena_printf(bind->arena, "\\x%.*s", KDB_ARG(hex));
    kdb_value value;
    kdb_status status = kdb_value_parse(text, bind->ctx, KDB_TYPE(KDB_BYTES), &value);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, ast->position);
        return status;
    }
    *ret = bind_const(bind, value, KDB_TYPE(KDB_BYTES));
    return KDB_OK;
}

static kdb_status bind_literal(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    kdb_type type = KDB_TYPE(KDB_UNKNOWN);
    switch (ast->literal_kind) {
    case KDB_AST_NULL:
        *ret = bind_null(bind, type);
        (*ret)->position = ast->position;
        return KDB_OK;
    case KDB_AST_BOOLEAN:
        *ret = bind_const(bind, kdb_value_bool(kdb_slice_equal(ast->text, KDB_LIT("true"))),
                          KDB_TYPE(KDB_BOOLEAN));
        return KDB_OK;
    case KDB_AST_BITS:
        return bind_bits(bind, ast, ret);
    case KDB_AST_INTEGER:
    case KDB_AST_DECIMAL:
        number_type(ast, &type);
        break;
    case KDB_AST_STRING:
        break;
    }
    if (ast->literal >= 0) {
        struct kdb_input input = {
            .index = (uint32_t)ast->literal, .is_minus = ast->is_minus, .type = type};
        return bind_input(bind, input, ast->position, ret);
    }
    kdb_value value = kdb_value_bytes(KDB_UNKNOWN, ast->text);
    if (type.kind != KDB_UNKNOWN)
        KDB_TRY(kdb_value_parse(ast->text, bind->ctx, type, &value));
    *ret = bind_const(bind, value, type);
    (*ret)->position = ast->position;
    return KDB_OK;
}

static kdb_type param_type(const struct kdb_param *param)
{
    switch (param->form) {
    case 'b':
        return KDB_TYPE(KDB_BOOLEAN);
    case 'i':
        return KDB_TYPE(KDB_INT);
    case 'I':
        return KDB_TYPE(KDB_BIGINT);
    case 'd':
        return KDB_TYPE(KDB_DOUBLE);
    default:
        return KDB_TYPE(KDB_UNKNOWN);
    }
}

static kdb_status bind_param(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    const struct kdb_plan_request *request = bind->request;
    if (ast->param < 1 || (size_t)ast->param > request->param_count) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_PARAMETER,
                        "parameter $%d is not given: the request has %zu parameter(s)", ast->param,
                        request->param_count);
    }
    struct kdb_input input = {.is_param = true,
                              .index = (uint32_t)ast->param - 1,
                              .type = param_type(&request->params[ast->param - 1])};
    return bind_input(bind, input, ast->position, ret);
}

static kdb_status freeze_argument(void *self, struct kdb_expr *expr)
{
    return bind_freeze(self, expr);
}

// A call of what the registry finds for the name and the types of the arguments.
static kdb_status resolve(struct bind *bind, struct kdb_function_call *call, int position,
                          struct kdb_expr **ret)
{
    const struct kdb_function *function;
    kdb_type type;
    call->kind = KDB_FUNCTION_SCALAR;
    call->coerce = bind_coerce_implicit;
    call->freeze = freeze_argument;
    call->self = bind;
    kdb_status status = kdb_function_resolve(bind->ctx, call, &function, &type);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, position);
        return status;
    }
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_CALL, type, position);
    expr->function = function;
    expr->is_volatile = function->is_volatile;
    *ret = with_args(bind, expr, call->args, call->arg_count);
    return KDB_OK;
}

kdb_status bind_call(struct bind *bind, kdb_slice name, struct kdb_expr **args, size_t count,
                     int position, struct kdb_expr **ret)
{
    struct kdb_function_call call = {.name = name, .args = args, .arg_count = count};
    return resolve(bind, &call, position, ret);
}

kdb_status bind_operation(struct bind *bind, kdb_slice name, struct kdb_expr **args, size_t count,
                          int position, struct kdb_expr **ret)
{
    struct kdb_function_call call = {
        .name = name, .is_operator = true, .args = args, .arg_count = count};
    return resolve(bind, &call, position, ret);
}

static bool is_row(const struct kdb_ast *left, const struct kdb_ast *right)
{
    return left->kind == KDB_AST_ROW || right->kind == KDB_AST_ROW;
}

static kdb_status bind_operator(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **args;
    if (ast->arg_count == 2 && is_row(ast->args[0], ast->args[1])) {
        const struct row_pair rows = {ast->args[0], ast->args[1], ast->position};
        return bind_row_comparison(bind, &rows, ast->name, ret);
    }
    KDB_TRY(bind_args(bind, ast, &args));
    return bind_operation(bind, ast->name, args, ast->arg_count, ast->position, ret);
}

kdb_status bind_boolean(struct bind *bind, const struct kdb_ast *ast, const char *clause,
                        struct kdb_expr **ret)
{
    struct kdb_expr *expr;
    KDB_TRY(bind_expr(bind, ast, &expr));
    if (expr->type.kind != KDB_BOOLEAN && expr->type.kind != KDB_UNKNOWN) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_TYPE_MISMATCH,
                        "argument of %s must be type boolean, not type %s", clause,
                        kdb_kind_name((kdb_kind)expr->type.kind));
    }
    return bind_coerce(bind, expr, KDB_TYPE(KDB_BOOLEAN), KDB_CAST_IMPLICIT, ret);
}

static kdb_status bind_logic(struct bind *bind, const struct kdb_ast *ast, kdb_expr_kind kind,
                             struct kdb_expr **ret)
{
    const char *clause = kind == KDB_EXPR_AND ? "AND" : kind == KDB_EXPR_OR ? "OR" : "NOT";
    KDB_TRY(bind_count_terms(bind, ast->arg_count));
    struct kdb_expr **args = new_args(bind, ast->arg_count);
    for (size_t i = 0; i < ast->arg_count; i++)
        KDB_TRY(bind_boolean(bind, ast->args[i], clause, &args[i]));
    *ret = with_args(bind, bind_new(bind, kind, KDB_TYPE(KDB_BOOLEAN), ast->position), args,
                     ast->arg_count);
    return KDB_OK;
}

// Comparable operands for IN, IS DISTINCT FROM, NULLIF: resolves "=" to convert both sides as the
// operator would.
static kdb_status bind_comparable(struct bind *bind, struct kdb_expr **left,
                                  struct kdb_expr **right, int position)
{
    struct kdb_expr *pair[2] = {*left, *right};
    struct kdb_expr *call;
    KDB_TRY(bind_operation(bind, KDB_LIT("="), pair, 2, position, &call));
    *left = pair[0];
    *right = pair[1];
    return KDB_OK;
}

// x IN (a, b, …): all sides agree on a type. One element alone is a comparison, as in PostgreSQL.
static kdb_status bind_in(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **args;
    if (ast->args[0]->kind == KDB_AST_ROW)
        return bind_row_in(bind, ast, ret);
    KDB_TRY(bind_args(bind, ast, &args));
    KDB_TRY(bind_count_terms(bind, ast->arg_count - 1));
    if (ast->arg_count == 2)
        return bind_operation(bind, ast->is_negated ? KDB_LIT("<>") : KDB_LIT("="), args, 2,
                              ast->position, ret);
    kdb_type type;
    KDB_TRY(bind_common(bind, args, ast->arg_count, "IN", &type));
    struct kdb_expr *probe[2] = {args[0], args[1]};
    struct kdb_expr *call;
    KDB_TRY(bind_operation(bind, KDB_LIT("="), probe, 2, ast->position, &call));
    struct kdb_expr *in = bind_new(bind, KDB_EXPR_IN, KDB_TYPE(KDB_BOOLEAN), ast->position);
    in->is_negated = ast->is_negated;
    *ret = with_args(bind, in, args, ast->arg_count);
    return KDB_OK;
}

struct kdb_expr *bind_combine(struct bind *bind, kdb_expr_kind kind, struct kdb_expr *a,
                              struct kdb_expr *b)
{
    struct kdb_expr **args = new_args(bind, 2);
    args[0] = a;
    args[1] = b;
    return with_args(bind, bind_new(bind, kind, KDB_TYPE(KDB_BOOLEAN), a->position), args, 2);
}

struct kdb_expr *bind_not(struct bind *bind, struct kdb_expr *expr)
{
    struct kdb_expr **args = new_args(bind, 1);
    args[0] = expr;
    return with_args(bind, bind_new(bind, KDB_EXPR_NOT, KDB_TYPE(KDB_BOOLEAN), expr->position),
                     args, 1);
}

// low <= x AND x <= high, each side resolved on its own as PostgreSQL does.
static kdb_status between_half(struct bind *bind, const struct kdb_ast *ast, size_t low,
                               size_t high, struct kdb_expr **ret)
{
    static const char *const operators[2][2] = {{">=", "<="}, {"<", ">"}};
    struct kdb_expr *sides[2];
    for (size_t i = 0; i < 2; i++) {
        struct kdb_expr **args = new_args(bind, 2);
        KDB_TRY(bind_expr(bind, ast->args[0], &args[0]));
        KDB_TRY(bind_expr(bind, ast->args[i == 0 ? low : high], &args[1]));
        kdb_slice name = kdb_slice_cstr(operators[ast->is_negated ? 1 : 0][i]);
        KDB_TRY(bind_operation(bind, name, args, 2, ast->position, &sides[i]));
    }
    *ret = bind_combine(bind, ast->is_negated ? KDB_EXPR_OR : KDB_EXPR_AND, sides[0], sides[1]);
    return KDB_OK;
}

static kdb_status bind_between(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr *straight;
    KDB_TRY(between_half(bind, ast, 1, 2, &straight));
    if (!ast->is_symmetric) {
        *ret = straight;
        return KDB_OK;
    }
    struct kdb_expr *swapped;
    KDB_TRY(between_half(bind, ast, 2, 1, &swapped));
    *ret = bind_combine(bind, ast->is_negated ? KDB_EXPR_AND : KDB_EXPR_OR, straight, swapped);
    return KDB_OK;
}

static kdb_status bind_like(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **args;
    KDB_TRY(bind_args(bind, ast, &args));
    bool is_ilike = kdb_slice_equal(ast->name, KDB_LIT("ilike"));
    struct kdb_expr *like;
    KDB_TRY(bind_operation(bind, is_ilike ? KDB_LIT("~~*") : KDB_LIT("~~"), args, ast->arg_count,
                           ast->position, &like));
    *ret = ast->is_negated ? bind_not(bind, like) : like;
    return KDB_OK;
}

static kdb_status bind_test(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **args = new_args(bind, ast->arg_count);
    struct kdb_expr *expr;
    if (ast->kind == KDB_AST_IS_BOOLEAN) {
        KDB_TRY(bind_boolean(bind, ast->args[0], "IS", &args[0]));
        expr = bind_new(bind, KDB_EXPR_IS_BOOLEAN, KDB_TYPE(KDB_BOOLEAN), ast->position);
        expr->truth = ast->name.data[0];
    } else {
        for (size_t i = 0; i < ast->arg_count; i++)
            KDB_TRY(bind_expr(bind, ast->args[i], &args[i]));
        bool is_null_test = ast->kind == KDB_AST_IS_NULL;
        expr = bind_new(bind, is_null_test ? KDB_EXPR_IS_NULL : KDB_EXPR_IS_DISTINCT,
                        KDB_TYPE(KDB_BOOLEAN), ast->position);
        if (is_null_test)
            KDB_TRY(
                args[0]->type.kind == KDB_UNKNOWN
                    ? bind_coerce(bind, args[0], KDB_TYPE(KDB_TEXT), KDB_CAST_IMPLICIT, &args[0])
                    : KDB_OK);
        else
            KDB_TRY(bind_comparable(bind, &args[0], &args[1], ast->position));
    }
    expr->is_negated = ast->is_negated;
    *ret = with_args(bind, expr, args, ast->arg_count);
    return KDB_OK;
}

static kdb_status bind_condition(struct bind *bind, const struct kdb_ast *ast, size_t index,
                                 struct kdb_expr **ret)
{
    if (!ast->operand)
        return bind_boolean(bind, ast->args[index], "CASE/WHEN", ret);
    struct kdb_expr **args = new_args(bind, 2);
    KDB_TRY(bind_expr(bind, ast->operand, &args[0]));
    KDB_TRY(bind_expr(bind, ast->args[index], &args[1]));
    return bind_operation(bind, KDB_LIT("="), args, 2, ast->position, ret);
}

static kdb_status bind_case(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    size_t pairs = ast->arg_count / 2;
    size_t count = ast->arg_count + 1; // ELSE is always there, NULL when not written
    struct kdb_expr **args = new_args(bind, count);
    struct kdb_expr **results = new_args(bind, pairs + 1);
    for (size_t i = 0; i < pairs; i++) {
        KDB_TRY(bind_condition(bind, ast, 2 * i, &args[2 * i]));
        KDB_TRY(bind_expr(bind, ast->args[2 * i + 1], &results[i]));
    }
    if (ast->otherwise)
        KDB_TRY(bind_expr(bind, ast->otherwise, &results[pairs]));
    else
        results[pairs] = bind_null(bind, KDB_TYPE(KDB_UNKNOWN));
    kdb_type type;
    KDB_TRY(bind_common(bind, results, pairs + 1, "CASE", &type));
    for (size_t i = 0; i < pairs; i++)
        args[2 * i + 1] = results[i];
    args[count - 1] = results[pairs];
    *ret = with_args(bind, bind_new(bind, KDB_EXPR_CASE, type, ast->position), args, count);
    return KDB_OK;
}

static kdb_status bind_choice(struct bind *bind, const struct kdb_ast *ast, kdb_expr_kind kind,
                              const char *what, struct kdb_expr **ret)
{
    struct kdb_expr **args;
    KDB_TRY(bind_args(bind, ast, &args));
    kdb_type type;
    KDB_TRY(bind_common(bind, args, ast->arg_count, what, &type));
    *ret = with_args(bind, bind_new(bind, kind, type, ast->position), args, ast->arg_count);
    return KDB_OK;
}

static kdb_status bind_nullif(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **args;
    KDB_TRY(bind_args(bind, ast, &args));
    KDB_TRY(bind_comparable(bind, &args[0], &args[1], ast->position));
    *ret = with_args(bind, bind_new(bind, KDB_EXPR_NULLIF, args[0]->type, ast->position), args, 2);
    return KDB_OK;
}

// INTERVAL '3' DAY and the like: a number of the field's unit. What names several fields is written
// out ('1 2:03').
static kdb_status bind_interval(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    kdb_slice unit = kdb_slice_skip(ast->type.name, sizeof("interval ") - 1);
    const struct kdb_ast *inner = ast->args[0];
    if (inner->kind != KDB_AST_LITERAL || inner->literal_kind != KDB_AST_STRING)
        return bind_unsupported(bind, "interval fields on anything but a literal", ast->position);
    kdb_slice text = kdb_slice_trim(inner->text);
    kdb_type number;
    if (kdb_decimal_type_of(text, &number))
        text = kdb_arena_printf(bind->arena, "%.*s %.*s", KDB_ARG(text), KDB_ARG(unit));
    else if (kdb_slice_find(unit, KDB_LIT(" "), 0) == SIZE_MAX)
        return bind_unsupported(bind, "interval fields on anything but a number", ast->position);
    kdb_value value;
    kdb_status status = kdb_value_parse(text, bind->ctx, KDB_TYPE(KDB_INTERVAL), &value);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, inner->position);
        return status;
    }
    bind_fix_literal(bind, inner->literal);
    *ret = bind_const(bind, value, KDB_TYPE(KDB_INTERVAL));
    return KDB_OK;
}

// A bare DECIMAL in a cast keeps the digits there are, as PostgreSQL's numeric does, where they are
// known.
static kdb_type bare_decimal(struct bind *bind, const struct kdb_ast *inner,
                             const struct kdb_expr *expr, kdb_type type)
{
    kdb_type known;
    switch ((int)expr->type.kind) {
    case KDB_DECIMAL:
        return expr->type;
    case KDB_SMALLINT:
        return (kdb_type){.kind = KDB_DECIMAL, .precision = 5};
    case KDB_INT:
        return (kdb_type){.kind = KDB_DECIMAL, .precision = 10};
    case KDB_BIGINT:
        return (kdb_type){.kind = KDB_DECIMAL, .precision = 19};
    case KDB_UNKNOWN:
        if (inner->kind != KDB_AST_LITERAL || inner->literal_kind != KDB_AST_STRING ||
            !kdb_decimal_type_of(kdb_slice_trim(inner->text), &known))
            return type;
        bind_fix_literal(bind, inner->literal);
        return known;
    default:
        return type;
    }
}

static kdb_status bind_cast(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    kdb_type type;
    bool is_serial = false;
    const char *why = NULL;
    if (kdb_slice_has_prefix(ast->type.name, KDB_LIT("interval ")))
        return bind_interval(bind, ast, ret);
    if (ast->type.is_array || !kdb_type_from_sql(ast->type.name, ast->type.args,
                                                 ast->type.arg_count, &type, &is_serial, &why)) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "%s \"%.*s\"%s",
                        why ? why : "there is no type", KDB_ARG(ast->type.name),
                        ast->type.is_array ? " (arrays are not supported)" : "");
    }
    struct kdb_expr *inner;
    KDB_TRY(bind_expr(bind, ast->args[0], &inner));
    if (type.kind == KDB_DECIMAL && ast->type.arg_count == 0)
        type = bare_decimal(bind, ast->args[0], inner, type);
    return bind_coerce(bind, inner, type, KDB_CAST_EXPLICIT, ret);
}

static kdb_status bind_subquery(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_query *query;
    if (ast->kind == KDB_AST_QUANTIFIED && ast->args[0]->kind == KDB_AST_ROW)
        return bind_unsupported(bind, "comparing a row with a subquery; write EXISTS",
                                ast->position);
    KDB_TRY(bind_select(bind, ast->select, &query));
    struct kdb_expr *expr = bind_new(bind, KDB_EXPR_SUBQUERY, KDB_TYPE(KDB_BOOLEAN), ast->position);
    expr->query = query;
    if (ast->kind == KDB_AST_EXISTS) {
        expr->subquery_kind = KDB_SUBQUERY_EXISTS;
        *ret = expr;
        return KDB_OK;
    }
    if (query->target_count != 1) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "subquery must return only one column");
    }
    if (ast->kind == KDB_AST_SCALAR) {
        expr->subquery_kind = KDB_SUBQUERY_SCALAR;
        expr->type = query->targets[0].expr->type;
        *ret = expr;
        return KDB_OK;
    }
    expr->subquery_kind = ast->is_all ? KDB_SUBQUERY_ALL : KDB_SUBQUERY_ANY;
    struct kdb_expr **sides = new_args(bind, 2);
    KDB_TRY(bind_expr(bind, ast->args[0], &sides[0]));
    // The subquery's column stands in as a typed placeholder; only the operator's choice of types
    // matters here.
    struct kdb_expr *column = bind_new(bind, KDB_EXPR_COLUMN, query->targets[0].expr->type, 0);
    column->relation = query->output;
    sides[1] = column;
    struct kdb_expr *call;
    KDB_TRY(bind_operation(bind, ast->name, sides, 2, ast->position, &call));
    if (call->function->family != KDB_FAMILY_COMPARISON) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_SQL,
                        "%s %s (subquery): not supported, only comparisons are",
                        call->function->name, ast->is_all ? "ALL" : "ANY");
    }
    expr->args = sides; // left operand, then the subquery's column as the operator wants it
    expr->arg_count = 2;
    expr->function = call->function;
    *ret = expr;
    return KDB_OK;
}

static kdb_status bind_special(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    struct kdb_expr **none = new_args(bind, 0);
    bind->plan->uses_now = true;
    return bind_call(bind, ast->name, none, 0, ast->position, ret);
}

static kdb_status bind_any(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    switch (ast->kind) {
    case KDB_AST_LITERAL:
        return bind_literal(bind, ast, ret);
    case KDB_AST_PARAM:
        return bind_param(bind, ast, ret);
    case KDB_AST_COLUMN:
        return bind_column(bind, ast, ret);
    case KDB_AST_OPERATOR:
        return bind_operator(bind, ast, ret);
    case KDB_AST_AND:
        return bind_logic(bind, ast, KDB_EXPR_AND, ret);
    case KDB_AST_OR:
        return bind_logic(bind, ast, KDB_EXPR_OR, ret);
    case KDB_AST_NOT:
        return bind_logic(bind, ast, KDB_EXPR_NOT, ret);
    case KDB_AST_IS_NULL:
    case KDB_AST_IS_BOOLEAN:
    case KDB_AST_IS_DISTINCT:
        return bind_test(bind, ast, ret);
    case KDB_AST_IN:
        return bind_in(bind, ast, ret);
    case KDB_AST_BETWEEN:
        return bind_between(bind, ast, ret);
    case KDB_AST_LIKE:
        return bind_like(bind, ast, ret);
    case KDB_AST_FUNCTION:
        return bind_function(bind, ast, ret);
    case KDB_AST_SPECIAL:
        return bind_special(bind, ast, ret);
    case KDB_AST_CASE:
        return bind_case(bind, ast, ret);
    case KDB_AST_CAST:
        return bind_cast(bind, ast, ret);
    case KDB_AST_COALESCE:
        return bind_choice(bind, ast, KDB_EXPR_COALESCE, "COALESCE", ret);
    case KDB_AST_GREATEST:
        return bind_choice(bind, ast, KDB_EXPR_GREATEST, "GREATEST", ret);
    case KDB_AST_LEAST:
        return bind_choice(bind, ast, KDB_EXPR_LEAST, "LEAST", ret);
    case KDB_AST_NULLIF:
        return bind_nullif(bind, ast, ret);
    case KDB_AST_EXISTS:
    case KDB_AST_SCALAR:
    case KDB_AST_QUANTIFIED:
        return bind_subquery(bind, ast, ret);
    case KDB_AST_STAR:
        return bind_unsupported(bind, "* in this place", ast->position);
    case KDB_AST_DEFAULT:
        return bind_unsupported(bind, "DEFAULT outside VALUES and SET", ast->position);
    case KDB_AST_ROW:
        return bind_unsupported(bind, "row values", ast->position);
    case KDB_AST_ARRAY:
        return bind_unsupported(bind, "arrays", ast->position);
    }
    KDB_UNREACHABLE();
}

kdb_status bind_expr(struct bind *bind, const struct kdb_ast *ast, struct kdb_expr **ret)
{
    KDB_TRY(bind_enter(bind, ast->position));
    kdb_status status = bind_any(bind, ast, ret);
    bind->depth--;
    return status;
}
