// SPDX-License-Identifier: Apache-2.0
// Making a plan from a statement, and turning a statement's constants into a plan's inputs.
#include "plan/plan.h"

#include "auth/rights.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "plan/bind_priv.h"
#include "types/number_text.h"

// Memory one plan may take: statements with tens of thousands of terms fit, nothing unbounded does.
#define PLAN_MEMORY ((size_t)64 * 1024 * 1024)

kdb_status bind_unsupported(struct bind *bind, const char *what, int position)
{
    kdb_error_at(bind->ctx, position);
    return kdb_fail(bind->ctx, KDB_ERR_INVALID_SQL, "%s: not supported", what);
}

kdb_status bind_enter(struct bind *bind, int position)
{
    bind->depth++;
    if ((uint32_t)bind->depth > bind->request->depth_max) {
        kdb_error_at(bind->ctx, position);
        return kdb_fail(bind->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "the statement is nested deeper than %u levels "
                        "(limits.max_expression_depth)",
                        bind->request->depth_max);
    }
    return kdb_ctx_check(bind->ctx);
}

kdb_status bind_count_terms(struct bind *bind, size_t count)
{
    bind->terms += count;
    if (bind->terms <= bind->request->terms_max)
        return KDB_OK;
    return kdb_fail(bind->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "the statement has more than %u operands of AND, OR and IN "
                    "(limits.row_terms)",
                    bind->request->terms_max);
}

void bind_fix_literal(struct bind *bind, int literal)
{
    struct kdb_statement *statement = &bind->plan->statement;
    if (literal < 0)
        return;
    size_t at = 0;
    while (at < statement->fixed_count && statement->fixed_literals[at] < literal)
        at++;
    if (at < statement->fixed_count && statement->fixed_literals[at] == literal)
        return;
    int *grown = kdb_arena_array(bind->arena, statement->fixed_count + 1, sizeof(int));
    for (size_t i = 0; i < at; i++)
        grown[i] = statement->fixed_literals[i];
    grown[at] = literal;
    for (size_t i = at; i < statement->fixed_count; i++)
        grown[i + 1] = statement->fixed_literals[i];
    statement->fixed_literals = grown;
    statement->fixed_count++;
}

static kdb_status find_table(struct bind *bind, const struct kdb_ast_name *name,
                             struct kdb_table **ret)
{
    kdb_slice space = name->space.data ? name->space : bind->request->space;
    *ret = kdb_catalog_table(bind->request->catalog, space, name->name);
    if (*ret)
        return KDB_OK;
    kdb_error_at(bind->ctx, name->position);
    return kdb_fail(bind->ctx, KDB_ERR_TABLE_NOT_FOUND, "table %.*s.%.*s does not exist",
                    KDB_ARG(space), KDB_ARG(name->name));
}

static void note_table(struct bind *bind, struct kdb_table *table)
{
    struct kdb_plan *plan = bind->plan;
    for (size_t i = 0; i < plan->table_count; i++) {
        if (plan->tables[i] == table)
            return;
    }
    KDB_PUSH(bind->arena, plan->tables, plan->table_count, plan->table_capacity,
             kdb_table_ref(table));
}

kdb_status bind_table(struct bind *bind, const struct kdb_ast_name *name, struct kdb_table **ret)
{
    struct kdb_table *table;
    KDB_TRY(find_table(bind, name, &table));
    kdb_status status = kdb_role_check_read(bind->request->role, bind->ctx, table);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, name->position);
        return status;
    }
    note_table(bind, table);
    *ret = table;
    return KDB_OK;
}

static bool is_execute_as(const struct kdb_statement *statement)
{
    while (statement->kind == KDB_STATEMENT_EXPLAIN)
        statement = statement->inner;
    return statement->kind == KDB_STATEMENT_EXECUTE_AS;
}

// Who acts for somebody else acts on that user's rows: what belongs to everyone is out of reach,
// whatever the role.
static kdb_status check_target(struct bind *bind, const struct kdb_table *table)
{
    if (table->kind == KDB_TABLE_SHARED && is_execute_as(&bind->plan->statement))
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_OPERATION,
                        "EXECUTE AS USER is not allowed on SHARED tables: %.*s.%.*s has no rows of "
                        "a single user",
                        KDB_ARG(table->space), KDB_ARG(table->name));
    return kdb_role_check_write(bind->request->role, bind->ctx, table);
}

kdb_status bind_target_table(struct bind *bind, const struct kdb_ast_name *name,
                             struct kdb_table **ret)
{
    struct kdb_table *table;
    KDB_TRY(find_table(bind, name, &table));
    kdb_status status = check_target(bind, table);
    if (status != KDB_OK) {
        kdb_error_at(bind->ctx, name->position);
        return status;
    }
    note_table(bind, table);
    *ret = table;
    return KDB_OK;
}

// The columns a client sees, from the bound query.
static void make_outputs(struct bind *bind, const struct kdb_query *query)
{
    struct kdb_plan *plan = bind->plan;
    plan->output_count = query->target_count;
    plan->outputs =
        kdb_arena_array(bind->arena, query->target_count + 1, sizeof(struct kdb_output_column));
    for (size_t i = 0; i < query->target_count; i++) {
        const struct kdb_expr *expr = query->targets[i].expr;
        struct kdb_output_column output = {.name = query->targets[i].name, .type = expr->type};
        if (expr->kind == KDB_EXPR_COLUMN && expr->relation->kind == KDB_RELATION_TABLE) {
            const struct kdb_relation_column *column = &expr->relation->columns[expr->column];
            output.is_key = column->is_key && !column->is_system && !expr->relation->is_nullable;
            output.is_not_null = column->is_not_null && !expr->relation->is_nullable;
        }
        output.is_masked = bind->request->role < KDB_ROLE_DBA &&
                           (kdb_slice_equal(output.name, KDB_LIT("credentials")) ||
                            kdb_slice_equal(output.name, KDB_LIT("password_hash")));
        plan->outputs[i] = output;
    }
}

// Chooses the path of the plan's query.
static kdb_status route(struct bind *bind)
{
    struct kdb_plan *plan = bind->plan;
    if (!plan->query) { // INSERT … VALUES
        plan->path = KDB_PATH_ROW;
        plan->reason = "VALUES";
        return KDB_OK;
    }
    engine_collect_sources(bind, plan->query);
    const char *obstacle = row_path_obstacle(plan->query);
    if (!obstacle && bind->request->forces_engine)
        obstacle = "forced";
    if (obstacle) {
        plan->path = KDB_PATH_ENGINE;
        plan->reason = obstacle;
        return KDB_OK;
    }
    plan->path = KDB_PATH_ROW;
    plan->reason = plan->query->source ? "one table, row expressions" : "no table";
    plan->row_select = KDB_ARENA_NEW(bind->arena, struct kdb_row_select);
    return row_path_plan(bind, plan->query, plan->row_select);
}

static kdb_status bind_statement(struct bind *bind, const struct kdb_statement *statement)
{
    const struct bind_place outermost = {.is_outermost = true};
    switch ((int)statement->kind) {
    case KDB_STATEMENT_SELECT:
        KDB_TRY(bind_query(bind, statement->select, outermost, &bind->plan->query));
        KDB_TRY(route(bind));
        make_outputs(bind, bind->plan->query);
        return KDB_OK;
    case KDB_STATEMENT_INSERT:
        KDB_TRY(bind_insert(bind, statement->insert));
        return route(bind);
    case KDB_STATEMENT_UPDATE:
        KDB_TRY(bind_update(bind, statement->update));
        return route(bind);
    case KDB_STATEMENT_DELETE:
        KDB_TRY(bind_delete(bind, statement->delete_));
        return route(bind);
    default:
        bind->plan->path = KDB_PATH_COMMAND;
        bind->plan->reason = "a command";
        return KDB_OK;
    }
}

// The query inside EXPLAIN or EXECUTE AS is what gets bound.
static const struct kdb_statement *innermost(const struct kdb_statement *statement)
{
    while (statement->kind == KDB_STATEMENT_EXPLAIN || statement->kind == KDB_STATEMENT_EXECUTE_AS)
        statement = statement->kind == KDB_STATEMENT_EXPLAIN ? statement->inner
                                                             : statement->execute_as.inner;
    return statement;
}

// The binder notes places as bytes of the text, errors count characters.
static void position_to_characters(const struct kdb_plan *plan, struct kdb_error *error)
{
    if (error->position < 1 || (size_t)error->position > plan->scanned.text.len)
        return;
    kdb_slice before = kdb_slice_of(plan->scanned.text.data, (size_t)error->position - 1);
    error->position = (int)kdb_utf8_count(before) + 1;
}

static void copy_scanned(struct kdb_arena *arena, const struct kdb_scanned *from,
                         struct kdb_scanned *to)
{
    *to = *from;
    to->text = kdb_arena_copy(arena, from->text);
    to->key = kdb_arena_copy(arena, from->key);
    to->first_word = kdb_arena_copy(arena, from->first_word);
    to->literals = kdb_arena_array(arena, from->literal_count + 1, sizeof(struct kdb_lifted));
    if (from->literal_count > 0)
        memcpy(to->literals, from->literals, from->literal_count * sizeof(struct kdb_lifted));
}

kdb_status kdb_plan_make(const struct kdb_plan_request *request, struct kdb_ctx *ctx,
                         struct kdb_plan **ret_plan)
{
    struct kdb_plan *plan = kdb_alloc(sizeof(*plan));
    atomic_init(&plan->references, 1);
    kdb_ctx_init(&plan->memory, PLAN_MEMORY);
    plan->memory.deadline_ns = ctx->deadline_ns;
    copy_scanned(&plan->memory.arena, request->scanned, &plan->scanned);
    struct bind bind = {
        .plan = plan, .ctx = &plan->memory, .arena = &plan->memory.arena, .request = request};
    kdb_status status = kdb_sql_parse(&plan->scanned, &plan->memory, &plan->statement);
    if (status == KDB_OK) {
        status = bind_statement(&bind, innermost(&plan->statement));
        if (status != KDB_OK)
            position_to_characters(plan, &plan->memory.error);
    }
    if (status != KDB_OK) {
        status = kdb_fail_at(ctx, status, plan->memory.error.file, plan->memory.error.line, "%s",
                             plan->memory.error.message);
        kdb_error_at(ctx, plan->memory.error.position);
        kdb_plan_unref(plan);
        return status;
    }
    plan->term_count = bind.terms;
    plan->memory.deadline_ns = 0;
    *ret_plan = plan;
    return KDB_OK;
}

struct kdb_plan *kdb_plan_ref(struct kdb_plan *plan)
{
    atomic_fetch_add_explicit(&plan->references, 1, memory_order_relaxed);
    return plan;
}

void kdb_plan_unref(struct kdb_plan *plan)
{
    if (!plan || atomic_fetch_sub_explicit(&plan->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < plan->table_count; i++)
        kdb_table_unref(plan->tables[i]);
    kdb_ctx_deinit(&plan->memory);
    kdb_free(plan);
}

bool kdb_plan_is_stale(const struct kdb_plan *plan)
{
    for (size_t i = 0; i < plan->table_count; i++) {
        if (atomic_load_explicit(&plan->tables[i]->is_obsolete, memory_order_relaxed))
            return true;
    }
    return false;
}

bool kdb_plan_fits(const struct kdb_plan *plan, const struct kdb_scanned *scanned)
{
    const struct kdb_statement *statement = &plan->statement;
    for (size_t i = 0; i < statement->fixed_count; i++) {
        size_t index = (size_t)statement->fixed_literals[i];
        KDB_ASSERT(index < plan->scanned.literal_count && index < scanned->literal_count);
        const struct kdb_lifted *a = &plan->scanned.literals[index];
        const struct kdb_lifted *b = &scanned->literals[index];
        if (!kdb_slice_equal(kdb_slice_of(plan->scanned.text.data + a->start, a->len),
                             kdb_slice_of(scanned->text.data + b->start, b->len)))
            return false;
    }
    return true;
}

// An integer literal straight to a number: by far the most common input.
static bool read_integer(const struct kdb_input *input, kdb_slice text, kdb_value *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    int64_t number = input->is_minus ? -(int64_t)value : (int64_t)value;
    bool fits = input->type.kind == KDB_BIGINT ||
                (input->type.kind == KDB_INT && number >= INT32_MIN && number <= INT32_MAX) ||
                (input->type.kind == KDB_SMALLINT && number >= INT16_MIN && number <= INT16_MAX);
    if (!fits)
        return false;
    *ret = kdb_value_int((kdb_kind)input->type.kind, number);
    return true;
}

// The type a lifted number has by itself.
static kdb_status read_number(struct kdb_ctx *ctx, kdb_slice text, char form, kdb_value *ret)
{
    kdb_type type = KDB_TYPE(form == 'i' ? KDB_INT : KDB_BIGINT);
    if (form == 'n' && !kdb_decimal_type_of(text, &type))
        type = KDB_TYPE(KDB_DOUBLE);
    return kdb_value_parse(text, ctx, type, ret);
}

static kdb_status convert(struct kdb_ctx *ctx, const kdb_value *value,
                          const struct kdb_input *input, kdb_value *ret)
{
    if (value->is_null) {
        *ret = kdb_value_null((kdb_kind)input->type.kind);
        ret->scale = input->type.scale;
        return KDB_OK;
    }
    if (value->kind != KDB_UNKNOWN) {
        if (value->kind == input->type.kind && value->kind != KDB_DECIMAL &&
            value->kind != KDB_EMBEDDING) {
            *ret = *value;
            return KDB_OK;
        }
        return kdb_cast(value, ctx, input->type, ret);
    }
    if (input->type.kind == KDB_UNKNOWN || input->type.kind == KDB_TEXT) {
        *ret = kdb_value_bytes((kdb_kind)input->type.kind, value->bytes);
        return KDB_OK;
    }
    return kdb_value_parse(value->bytes, ctx, input->type, ret);
}

static kdb_status literal_input(const struct kdb_scanned *scanned, struct kdb_ctx *ctx,
                                const struct kdb_input *input, kdb_value *ret)
{
    KDB_ASSERT(input->index < scanned->literal_count);
    const struct kdb_lifted *lifted = &scanned->literals[input->index];
    kdb_slice text = kdb_lifted_text(scanned, &ctx->arena, (int)input->index);
    if (lifted->form == 's') {
        kdb_value value = kdb_value_bytes(KDB_UNKNOWN, text);
        return convert(ctx, &value, input, ret);
    }
    if (read_integer(input, text, ret))
        return KDB_OK;
    if (input->is_minus)
        text = kdb_arena_printf(&ctx->arena, "-%.*s", KDB_ARG(text));
    kdb_value number;
    KDB_TRY(read_number(ctx, text, lifted->form, &number));
    return convert(ctx, &number, input, ret);
}

kdb_status kdb_plan_inputs(const struct kdb_plan *plan, struct kdb_ctx *ctx,
                           const struct kdb_scanned *scanned, const struct kdb_param *params,
                           size_t param_count, const kdb_value **ret_inputs)
{
    kdb_value *inputs = kdb_arena_alloc(&ctx->arena, (plan->input_count + 1) * sizeof(kdb_value));
    for (size_t i = 0; i < plan->input_count; i++) {
        const struct kdb_input *input = &plan->inputs[i];
        kdb_status status;
        if (input->is_param) {
            KDB_ASSERT(input->index < param_count);
            status = convert(ctx, &params[input->index].value, input, &inputs[i]);
        } else {
            status = literal_input(scanned, ctx, input, &inputs[i]);
        }
        if (status != KDB_OK && input->is_assigned)
            return kdb_wrap(ctx, "column \"%.*s\"", KDB_ARG(input->column));
        KDB_TRY(status);
    }
    *ret_inputs = inputs;
    return KDB_OK;
}
