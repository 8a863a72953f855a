// SPDX-License-Identifier: Apache-2.0
// Bound expressions as DuckDB SQL: PostgreSQL's meaning spelled out.
#include "base/assert.h"
#include "engine/quote.h"
#include "exec/engine_text_priv.h"
#include "plan/function.h"
#include "types/decimal.h"

static struct kdb_buf *out(struct printer *printer)
{
    return &printer->text->sql;
}

// Text of a statement without its tables. A template may have an argument several times, so that
// functions inside functions grow the text by a factor each.
#define TEXT_BYTES_MAX ((size_t)4 * 1024 * 1024)

static kdb_status check_text(struct printer *printer)
{
    if (out(printer)->len - printer->table_bytes <= TEXT_BYTES_MAX)
        return KDB_OK;
    return kdb_fail(printer->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "the statement has more than %zu bytes as the engine needs it (%s): functions "
                    "inside functions are written out",
                    TEXT_BYTES_MAX, printer->exec->plan->reason);
}

static kdb_status count_terms(struct printer *printer, size_t count)
{
    uint32_t terms_max = printer->exec->services->engine_terms_max;
    printer->terms += count;
    if (printer->terms <= terms_max)
        return KDB_OK;
    return kdb_fail(printer->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "a statement that needs the engine (%s) may have at most %u operands of AND "
                    "and OR besides equality with constants (limits.engine_terms)",
                    printer->exec->plan->reason, terms_max);
}

static void print_param(struct printer *printer, size_t number, kdb_type type)
{
    kdb_buf_printf(out(printer), "CAST($%zu AS ", number);
    kdb_engine_quote_type(out(printer), type);
    kdb_buf_put(out(printer), ')');
}

static size_t add_param(struct printer *printer, struct engine_param param)
{
    struct engine_text *text = printer->text;
    KDB_PUSH(&printer->exec->ctx->arena, text->params, text->param_count, text->param_capacity,
             param);
    return text->param_count;
}

// Inputs become parameters in the order they are met; the cast tells DuckDB the type before a value
// is bound.
static void print_input(struct printer *printer, const struct kdb_expr *expr)
{
    const struct engine_text *text = printer->text;
    size_t at = 0;
    while (at < text->param_count &&
           !(text->params[at].is_input && text->params[at].input == expr->input))
        at++;
    size_t number =
        at < text->param_count
            ? at + 1
            : add_param(printer, (struct engine_param){.is_input = true, .input = expr->input});
    kdb_type type = expr->type;
    if (type.kind == KDB_DECIMAL && type.precision == 0) // as many digits as the value has
        type = (kdb_type){.kind = KDB_DECIMAL,
                          .precision = KDB_DECIMAL_DIGITS,
                          .scale = printer->exec->inputs[expr->input].scale};
    print_param(printer, number, type);
}

// What is the same for every row of the statement (NOW(), CURRENT_USER()) is computed by the
// evaluator, so that both paths see one instant.
static kdb_status print_value_of(struct printer *printer, const struct kdb_expr *call)
{
    struct kdb_eval eval;
    exec_eval_init(printer->exec, NULL, &printer->exec->ctx->arena, &eval);
    struct engine_param param = {.is_input = false};
    KDB_TRY(kdb_eval(call, &eval, &param.value));
    print_param(printer, add_param(printer, param), call->type);
    return KDB_OK;
}

static void print_column(struct printer *printer, const struct kdb_expr *expr)
{
    // A query's own output (ORDER BY of a UNION) has no relation in FROM.
    if (expr->relation->kind == KDB_RELATION_QUERY && !expr->relation->query &&
        !expr->relation->cte)
        kdb_buf_printf(out(printer), "c%u", expr->column);
    else
        kdb_buf_printf(out(printer), "r%u.c%u", expr->relation->number, expr->column);
}

// NOLINTBEGIN(misc-no-recursion): the bound tree is no deeper than limits.max_expression_depth

static kdb_status print_joined(struct printer *printer, const struct kdb_expr *expr, size_t from,
                               const char *separator)
{
    for (size_t i = from; i < expr->arg_count; i++) {
        if (i > from)
            kdb_buf_slice(out(printer), kdb_slice_cstr(separator));
        KDB_TRY(engine_print_expr(printer, expr->args[i]));
    }
    return KDB_OK;
}

// ---- AND, OR ----

// IN compares like = between these, for DuckDB too: 5 is an INT beside a BIGINT column.
static bool is_comparable(kdb_type one, kdb_type other)
{
    return kdb_type_equal(one, other) ||
           (kdb_kind_is_integer(one.kind) && kdb_kind_is_integer(other.kind));
}

static bool is_equal_to_fixed(const struct kdb_expr *expr, const struct kdb_expr *column)
{
    return expr->kind == KDB_EXPR_CALL && expr->arg_count == 2 &&
           strcmp(expr->function->name, "=") == 0 && expr->args[0]->kind == KDB_EXPR_COLUMN &&
           expr->args[0]->relation == column->relation && expr->args[0]->column == column->column &&
           kdb_expr_is_fixed(expr->args[1]) &&
           is_comparable(expr->args[0]->type, expr->args[1]->type);
}

// How many operands from `from` on are equalities of one column with constants.
static size_t equality_run(const struct kdb_expr *expr, size_t from)
{
    const struct kdb_expr *first = expr->args[from];
    if (first->kind != KDB_EXPR_CALL || first->arg_count != 2 ||
        first->args[0]->kind != KDB_EXPR_COLUMN)
        return 0;
    size_t count = 0;
    while (from + count < expr->arg_count &&
           is_equal_to_fixed(expr->args[from + count], first->args[0]))
        count++;
    return count;
}

// DuckDB prepares long ORs in quadratic time: runs of equalities become IN.
static kdb_status print_or(struct printer *printer, const struct kdb_expr *expr)
{
    kdb_buf_put(out(printer), '(');
    for (size_t i = 0; i < expr->arg_count;) {
        if (i > 0)
            KDB_BUF_LIT(out(printer), " OR ");
        size_t run = equality_run(expr, i);
        if (run < 2) {
            KDB_TRY(count_terms(printer, 1));
            KDB_TRY(engine_print_expr(printer, expr->args[i++]));
            continue;
        }
        KDB_TRY(engine_print_expr(printer, expr->args[i]->args[0]));
        for (size_t j = 0; j < run; j++) {
            kdb_buf_slice(out(printer), j == 0 ? KDB_LIT(" IN (") : KDB_LIT(", "));
            KDB_TRY(engine_print_expr(printer, expr->args[i + j]->args[1]));
        }
        kdb_buf_put(out(printer), ')');
        i += run;
    }
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

static kdb_status print_and(struct printer *printer, const struct kdb_expr *expr)
{
    KDB_TRY(count_terms(printer, expr->arg_count));
    kdb_buf_put(out(printer), '(');
    KDB_TRY(print_joined(printer, expr, 0, " AND "));
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

// ---- calls ----

static kdb_status print_frame_end(struct printer *printer, char end, const struct kdb_expr *offset)
{
    switch (end) {
    case 'u':
        KDB_BUF_LIT(out(printer), "UNBOUNDED PRECEDING");
        return KDB_OK;
    case 'U':
        KDB_BUF_LIT(out(printer), "UNBOUNDED FOLLOWING");
        return KDB_OK;
    case 'c':
        KDB_BUF_LIT(out(printer), "CURRENT ROW");
        return KDB_OK;
    default:
        KDB_TRY(engine_print_expr(printer, offset));
        kdb_buf_slice(out(printer), end == 'p' ? KDB_LIT(" PRECEDING") : KDB_LIT(" FOLLOWING"));
        return KDB_OK;
    }
}

static kdb_status print_frame(struct printer *printer, const struct kdb_window *window)
{
    if (!window->frame_mode)
        return KDB_OK;
    kdb_buf_slice(out(printer), window->frame_mode == 'R'   ? KDB_LIT(" ROWS BETWEEN ")
                                : window->frame_mode == 'r' ? KDB_LIT(" RANGE BETWEEN ")
                                                            : KDB_LIT(" GROUPS BETWEEN "));
    KDB_TRY(print_frame_end(printer, window->frame_start, window->start_offset));
    KDB_BUF_LIT(out(printer), " AND ");
    KDB_TRY(print_frame_end(printer, window->frame_end, window->end_offset));
    if (window->exclude)
        kdb_buf_slice(out(printer), window->exclude == 'c'   ? KDB_LIT(" EXCLUDE CURRENT ROW")
                                    : window->exclude == 'g' ? KDB_LIT(" EXCLUDE GROUP")
                                                             : KDB_LIT(" EXCLUDE TIES"));
    return KDB_OK;
}

// FILTER and OVER, where the template of an aggregate or window function has $F.
static kdb_status print_call_tail(struct printer *printer, const struct kdb_expr *call)
{
    if (call->filter) {
        KDB_BUF_LIT(out(printer), " FILTER (WHERE ");
        KDB_TRY(engine_print_expr(printer, call->filter));
        kdb_buf_put(out(printer), ')');
    }
    const struct kdb_window *window = call->window;
    if (!window)
        return KDB_OK;
    KDB_BUF_LIT(out(printer), " OVER (");
    for (size_t i = 0; i < window->partition_count; i++) {
        kdb_buf_slice(out(printer), i == 0 ? KDB_LIT("PARTITION BY ") : KDB_LIT(", "));
        KDB_TRY(engine_print_expr(printer, window->partition[i]));
    }
    KDB_TRY(engine_print_orders(printer, window->order, window->order_count));
    KDB_TRY(print_frame(printer, window));
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

// Fills a template: $1…$9 arguments, $* all of them, $D DISTINCT, $O the call's ORDER BY, $F FILTER
// and OVER.
static kdb_status print_template(struct printer *printer, const struct kdb_expr *call)
{
    for (const char *at = call->function->engine; *at; at++) {
        if (*at != '$') {
            kdb_buf_put(out(printer), *at);
            continue;
        }
        at++;
        if (*at >= '1' && *at <= '9') {
            size_t index = (size_t)(*at - '1');
            KDB_ASSERT(index < call->arg_count);
            KDB_TRY(engine_print_expr(printer, call->args[index]));
        } else if (*at == '*') {
            KDB_TRY(print_joined(printer, call, 0, ", "));
        } else if (*at == 'D') {
            kdb_buf_slice(out(printer), call->is_distinct ? KDB_LIT("DISTINCT ") : KDB_LIT(""));
        } else if (*at == 'T') {
            kdb_engine_quote_type(out(printer), call->type);
        } else if (*at == 'V') {
            KDB_TRY(print_value_of(printer, call));
        } else if (*at == 'O') {
            KDB_TRY(engine_print_orders(printer, call->order, call->order_count));
        } else {
            KDB_ASSERT(*at == 'F');
            KDB_TRY(print_call_tail(printer, call));
        }
    }
    return KDB_OK;
}

static kdb_status print_call(struct printer *printer, const struct kdb_expr *expr)
{
    if (!expr->function->engine) {
        kdb_error_at(printer->exec->ctx, expr->position);
        return kdb_fail(printer->exec->ctx, KDB_ERR_INVALID_SQL,
                        "function %s is not supported in a statement that needs the engine (%s)",
                        expr->function->name, printer->exec->plan->reason);
    }
    return print_template(printer, expr);
}

// ---- casts ----

static kdb_status print_around(struct printer *printer, const char *before,
                               const struct kdb_expr *expr, const char *after)
{
    kdb_buf_slice(out(printer), kdb_slice_cstr(before));
    KDB_TRY(engine_print_expr(printer, expr));
    kdb_buf_slice(out(printer), kdb_slice_cstr(after));
    return KDB_OK;
}

// Casts to text whose spelling differs from PostgreSQL's.
static kdb_status print_text_cast(struct printer *printer, const struct kdb_expr *arg)
{
    switch ((int)arg->type.kind) {
    case KDB_DOUBLE:
        return print_around(printer, "kdb_real_text(", arg, ", 1e15)");
    case KDB_FLOAT:
        return print_around(printer, "kdb_real_text(", arg, ", 1e6)");
    case KDB_BYTES:
        return print_around(printer, "('\\x' || lower(hex(", arg, ")))");
    case KDB_INTERVAL: // 1 mon, -1 days, +01:00:00 behind what is negative
        return print_around(
            printer, "regexp_replace(regexp_replace(replace(CAST(", arg,
            " AS VARCHAR), 'month', 'mon'), '(-1 [a-z]+?)s?( |$)', '\\1s\\2', 'g'), "
            "'(-\\d+ [a-z]+) (\\d)', '\\1 +\\2', 'g')");
    default:
        // Joined to nothing: a bare cast that is compared with a constant, the engine undoes, and
        // compares values of the other type instead of texts.
        return print_around(printer, "(CAST(", arg, " AS VARCHAR) || '')");
    }
}

static kdb_status print_cast(struct printer *printer, const struct kdb_expr *expr)
{
    const struct kdb_expr *arg = expr->args[0];
    kdb_kind from = (kdb_kind)arg->type.kind;
    kdb_kind to = (kdb_kind)expr->type.kind;
    bool is_text = to == KDB_TEXT || to == KDB_JSON || to == KDB_FILE;
    bool from_text = from == KDB_TEXT || from == KDB_JSON || from == KDB_FILE;
    if (is_text && !from_text)
        return print_text_cast(printer, arg);
    if (from == KDB_TEXT && to == KDB_JSON) { // a document is text that was looked at
        KDB_TRY(print_around(printer, "(CASE WHEN NOT json_valid(", arg,
                             ") THEN error('kdb:INVALID_VALUE:invalid input syntax for type "
                             "json') ELSE "));
        return print_around(printer, "", arg, " END)");
    }
    if (from_text && to == KDB_BYTES)
        return print_around(printer, "encode(", arg, ")");
    if (kdb_kind_is_integer(from) && (to == KDB_TIMESTAMP || to == KDB_DATETIME))
        return print_around(printer, "make_timestamp(", arg, ")");
    KDB_TRY(print_around(printer, "CAST(", arg, " AS "));
    kdb_engine_quote_type(out(printer), expr->type);
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

// ---- the rest ----

static kdb_status print_case(struct printer *printer, const struct kdb_expr *expr)
{
    KDB_BUF_LIT(out(printer), "(CASE");
    size_t pairs = expr->arg_count / 2;
    for (size_t i = 0; i < pairs; i++) {
        KDB_TRY(print_around(printer, " WHEN ", expr->args[2 * i], " THEN "));
        KDB_TRY(engine_print_expr(printer, expr->args[2 * i + 1]));
    }
    if (expr->arg_count % 2 == 1)
        KDB_TRY(print_around(printer, " ELSE ", expr->args[expr->arg_count - 1], ""));
    KDB_BUF_LIT(out(printer), " END)");
    return KDB_OK;
}

static kdb_status print_in(struct printer *printer, const struct kdb_expr *expr)
{
    kdb_buf_put(out(printer), '(');
    KDB_TRY(engine_print_expr(printer, expr->args[0]));
    kdb_buf_slice(out(printer), expr->is_negated ? KDB_LIT(" NOT IN (") : KDB_LIT(" IN ("));
    KDB_TRY(print_joined(printer, expr, 1, ", "));
    KDB_BUF_LIT(out(printer), "))");
    return KDB_OK;
}

static kdb_status print_test(struct printer *printer, const struct kdb_expr *expr)
{
    kdb_buf_put(out(printer), '(');
    KDB_TRY(engine_print_expr(printer, expr->args[0]));
    const char *negation = expr->is_negated ? "NOT " : "";
    if (expr->kind == KDB_EXPR_IS_NULL || expr->truth == 'u')
        kdb_buf_printf(out(printer), " IS %sNULL)", negation);
    else if (expr->kind == KDB_EXPR_IS_BOOLEAN)
        kdb_buf_printf(out(printer), " IS %s DISTINCT FROM %s)", expr->is_negated ? "" : "NOT",
                       expr->truth == 't' ? "TRUE" : "FALSE");
    else {
        kdb_buf_printf(out(printer), " IS %sDISTINCT FROM ", negation);
        KDB_TRY(engine_print_expr(printer, expr->args[1]));
        kdb_buf_put(out(printer), ')');
    }
    return KDB_OK;
}

static kdb_status print_subquery(struct printer *printer, const struct kdb_expr *expr)
{
    if (expr->subquery_kind == KDB_SUBQUERY_EXISTS || expr->subquery_kind == KDB_SUBQUERY_SCALAR) {
        kdb_buf_slice(out(printer), expr->subquery_kind == KDB_SUBQUERY_EXISTS ? KDB_LIT("EXISTS (")
                                                                               : KDB_LIT("("));
        KDB_TRY(engine_print_apart(printer, expr->query));
        kdb_buf_put(out(printer), ')');
        return KDB_OK;
    }
    kdb_buf_put(out(printer), '(');
    KDB_TRY(engine_print_expr(printer, expr->args[0]));
    kdb_buf_printf(out(printer), " %s %s (SELECT ", expr->function->name,
                   expr->subquery_kind == KDB_SUBQUERY_ANY ? "ANY" : "ALL");
    KDB_TRY(engine_print_expr(printer, expr->args[1]));
    KDB_BUF_LIT(out(printer), " FROM (");
    KDB_TRY(engine_print_apart(printer, expr->query));
    KDB_BUF_LIT(out(printer), ") AS q))");
    return KDB_OK;
}

static kdb_status print_named(struct printer *printer, const char *name,
                              const struct kdb_expr *expr)
{
    kdb_buf_slice(out(printer), kdb_slice_cstr(name));
    KDB_TRY(print_joined(printer, expr, 0, ", "));
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

kdb_status engine_print_expr(struct printer *printer, const struct kdb_expr *expr)
{
    KDB_TRY(check_text(printer));
    switch (expr->kind) {
    case KDB_EXPR_CONST:
        kdb_engine_quote_value(out(printer), expr->type, &expr->constant);
        return KDB_OK;
    case KDB_EXPR_INPUT:
        print_input(printer, expr);
        return KDB_OK;
    case KDB_EXPR_COLUMN:
        print_column(printer, expr);
        return KDB_OK;
    case KDB_EXPR_CALL:
    case KDB_EXPR_AGGREGATE:
    case KDB_EXPR_WINDOW:
        return print_call(printer, expr);
    case KDB_EXPR_CAST:
        return print_cast(printer, expr);
    case KDB_EXPR_AND:
        return print_and(printer, expr);
    case KDB_EXPR_OR:
        return print_or(printer, expr);
    case KDB_EXPR_NOT:
        return print_around(printer, "(NOT ", expr->args[0], ")");
    case KDB_EXPR_IS_NULL:
    case KDB_EXPR_IS_BOOLEAN:
    case KDB_EXPR_IS_DISTINCT:
        return print_test(printer, expr);
    case KDB_EXPR_IN:
        return print_in(printer, expr);
    case KDB_EXPR_CASE:
        return print_case(printer, expr);
    case KDB_EXPR_COALESCE:
        return print_named(printer, "coalesce(", expr);
    case KDB_EXPR_GREATEST:
        return print_named(printer, "greatest(", expr);
    case KDB_EXPR_LEAST:
        return print_named(printer, "least(", expr);
    case KDB_EXPR_NULLIF:
        return print_named(printer, "nullif(", expr);
    case KDB_EXPR_SUBQUERY:
        return print_subquery(printer, expr);
    }
    KDB_UNREACHABLE();
}

// NOLINTEND(misc-no-recursion)
