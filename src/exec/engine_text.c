// SPDX-License-Identifier: Apache-2.0
// Bound queries as DuckDB SQL.
#include "base/assert.h"
#include "engine/quote.h"
#include "exec/engine_text_priv.h"

// Nesting of queries inside each other; DuckDB's parser has a stack too.
#define DEPTH_MAX 128

// Subqueries, common tables and arms of set operations in one statement: DuckDB's plans of them
// take memory, outside of its own limit, and time that grow with the square of their number.
#define QUERIES_MAX 200

static struct kdb_buf *out(struct printer *printer)
{
    return &printer->text->sql;
}

kdb_status engine_print_orders(struct printer *printer, const struct kdb_expr_order *order,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kdb_buf_slice(out(printer), i == 0 ? KDB_LIT(" ORDER BY ") : KDB_LIT(", "));
        KDB_TRY(engine_print_expr(printer, order[i].expr));
        kdb_buf_slice(out(printer), order[i].is_descending ? KDB_LIT(" DESC") : KDB_LIT(" ASC"));
        kdb_buf_slice(out(printer),
                      order[i].nulls_first ? KDB_LIT(" NULLS FIRST") : KDB_LIT(" NULLS LAST"));
    }
    return KDB_OK;
}

static kdb_status print_list(struct printer *printer, struct kdb_expr *const *exprs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            KDB_BUF_LIT(out(printer), ", ");
        KDB_TRY(engine_print_expr(printer, exprs[i]));
    }
    return KDB_OK;
}

static void print_column_names(struct printer *printer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kdb_buf_printf(out(printer), "%sc%zu", i == 0 ? "" : ", ", i);
}

static void print_table(struct printer *printer, const struct kdb_relation *relation)
{
    const struct kdb_plan *plan = printer->exec->plan;
    size_t at = 0;
    while (at < plan->source_count && plan->sources[at].relation != relation)
        at++;
    KDB_ASSERT(at < plan->source_count);
    kdb_buf_slice(out(printer), printer->source_texts[at]);
    printer->table_bytes += printer->source_texts[at].len;
}

// NOLINTBEGIN(misc-no-recursion): the bound tree is no deeper than limits.max_expression_depth

// DuckDB looks for the order of joins in time that grows with the fourth power of their number and
// does not look up while it does. It takes subqueries in FROM apart, so their tables count.
static kdb_status add_sources(struct printer *printer, size_t before, size_t count)
{
    uint32_t tables_max = printer->exec->services->engine_tables_max;
    printer->sources = before + count;
    if (printer->sources <= tables_max)
        return KDB_OK;
    return kdb_fail(printer->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                    "a statement that needs the engine (%s) may join at most %u tables in one FROM "
                    "(limits.engine_tables)",
                    printer->exec->plan->reason, tables_max);
}

static kdb_status print_relation(struct printer *printer, const struct kdb_relation *relation)
{
    size_t before = printer->sources;
    size_t count = 1;
    if (relation->kind == KDB_RELATION_TABLE) {
        print_table(printer, relation);
        kdb_buf_printf(out(printer), " AS r%u", relation->number);
    } else if (relation->cte) {
        kdb_buf_printf(out(printer), "t%u AS r%u", relation->cte->number, relation->number);
    } else if (relation->kind == KDB_RELATION_QUERY) {
        kdb_buf_slice(out(printer), relation->is_lateral ? KDB_LIT("LATERAL (") : KDB_LIT("("));
        KDB_TRY(engine_print_query(printer, relation->query, false));
        kdb_buf_printf(out(printer), ") AS r%u", relation->number);
        count = printer->sources > 0 ? printer->sources : 1;
    } else {
        // DuckDB's numbers are BIGINT whatever it is given.
        KDB_BUF_LIT(out(printer), "(SELECT CAST(g AS ");
        kdb_engine_quote_type(out(printer), relation->columns[0].type);
        KDB_BUF_LIT(out(printer), ") AS c0 FROM generate_series(");
        KDB_TRY(print_list(printer, relation->function->args, relation->function->arg_count));
        kdb_buf_printf(out(printer), ") AS s(g)) AS r%u", relation->number);
    }
    return add_sources(printer, before, count);
}

static kdb_status print_source(struct printer *printer, const struct kdb_source *source)
{
    static const char *const words[] = {[KDB_JOIN_INNER] = " JOIN ",
                                        [KDB_JOIN_LEFT] = " LEFT JOIN ",
                                        [KDB_JOIN_RIGHT] = " RIGHT JOIN ",
                                        [KDB_JOIN_FULL] = " FULL JOIN ",
                                        [KDB_JOIN_CROSS] = " CROSS JOIN "};
    if (source->relation)
        return print_relation(printer, source->relation);
    kdb_buf_put(out(printer), '(');
    KDB_TRY(print_source(printer, source->left));
    kdb_buf_slice(out(printer), kdb_slice_cstr(words[source->join]));
    KDB_TRY(print_source(printer, source->right));
    if (source->on) {
        KDB_BUF_LIT(out(printer), " ON ");
        KDB_TRY(engine_print_expr(printer, source->on));
    }
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

static kdb_status print_with(struct printer *printer, const struct kdb_query *query)
{
    bool is_recursive = false;
    for (size_t i = 0; i < query->cte_count; i++)
        is_recursive = is_recursive || query->ctes[i]->is_recursive;
    for (size_t i = 0; i < query->cte_count; i++) {
        const struct kdb_common_table *cte = query->ctes[i];
        kdb_buf_slice(out(printer), i > 0          ? KDB_LIT(", ")
                                    : is_recursive ? KDB_LIT("WITH RECURSIVE ")
                                                   : KDB_LIT("WITH "));
        kdb_buf_printf(out(printer), "t%u(", cte->number);
        print_column_names(printer, cte->column_count);
        KDB_BUF_LIT(out(printer), ") AS (");
        KDB_TRY(engine_print_apart(printer, cte->query));
        kdb_buf_put(out(printer), ')');
    }
    if (query->cte_count > 0)
        kdb_buf_put(out(printer), ' ');
    return KDB_OK;
}

static kdb_status print_set(struct printer *printer, const struct kdb_query *query)
{
    static const char *const words[] = {"", "UNION", "INTERSECT", "EXCEPT"};
    kdb_buf_put(out(printer), '(');
    KDB_TRY(engine_print_apart(printer, query->left));
    kdb_buf_printf(out(printer), ") %s%s (", words[query->set], query->is_set_all ? " ALL" : "");
    KDB_TRY(engine_print_apart(printer, query->right));
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

static kdb_status print_values(struct printer *printer, const struct kdb_query *query)
{
    KDB_BUF_LIT(out(printer), "SELECT * FROM (VALUES ");
    for (size_t row = 0; row < query->value_row_count; row++) {
        kdb_buf_slice(out(printer), row == 0 ? KDB_LIT("(") : KDB_LIT(", ("));
        KDB_TRY(print_list(printer, query->value_rows[row], query->target_count));
        kdb_buf_put(out(printer), ')');
        KDB_TRY(kdb_ctx_check(printer->exec->ctx));
    }
    KDB_BUF_LIT(out(printer), ") AS v(");
    print_column_names(printer, query->target_count);
    kdb_buf_put(out(printer), ')');
    return KDB_OK;
}

// The engine may compute in another type than ours (a wider integer, say); what leaves a query has
// ours.
static kdb_status print_target(struct printer *printer, const struct kdb_target *target,
                               size_t index)
{
    kdb_type type = target->expr->type;
    bool is_exact = target->expr->kind == KDB_EXPR_COLUMN || target->expr->kind == KDB_EXPR_CAST ||
                    target->expr->kind == KDB_EXPR_INPUT || target->expr->kind == KDB_EXPR_CONST ||
                    (type.kind == KDB_DECIMAL && type.precision == 0);
    if (!is_exact)
        KDB_BUF_LIT(out(printer), "CAST(");
    KDB_TRY(engine_print_expr(printer, target->expr));
    if (!is_exact) {
        KDB_BUF_LIT(out(printer), " AS ");
        kdb_engine_quote_type(out(printer), type);
        kdb_buf_put(out(printer), ')');
    }
    kdb_buf_printf(out(printer), " AS c%zu", index);
    return KDB_OK;
}

static kdb_status print_plain(struct printer *printer, const struct kdb_query *query)
{
    KDB_BUF_LIT(out(printer), "SELECT ");
    if (query->is_distinct)
        KDB_BUF_LIT(out(printer), "DISTINCT ");
    if (query->distinct_on_count > 0) {
        KDB_BUF_LIT(out(printer), "DISTINCT ON (");
        KDB_TRY(print_list(printer, query->distinct_on, query->distinct_on_count));
        KDB_BUF_LIT(out(printer), ") ");
    }
    for (size_t i = 0; i < query->target_count; i++) {
        if (i > 0)
            KDB_BUF_LIT(out(printer), ", ");
        KDB_TRY(print_target(printer, &query->targets[i], i));
    }
    if (query->target_count == 0)
        KDB_BUF_LIT(out(printer), "1");
    if (query->source) {
        KDB_BUF_LIT(out(printer), " FROM ");
        KDB_TRY(print_source(printer, query->source));
    }
    if (query->where) {
        KDB_BUF_LIT(out(printer), " WHERE ");
        KDB_TRY(engine_print_expr(printer, query->where));
    }
    if (query->group_count > 0) {
        KDB_BUF_LIT(out(printer), " GROUP BY ");
        KDB_TRY(print_list(printer, query->group_by, query->group_count));
    }
    if (query->having) {
        KDB_BUF_LIT(out(printer), " HAVING ");
        KDB_TRY(engine_print_expr(printer, query->having));
    }
    return KDB_OK;
}

// A SELECT on one table has key order when nothing else was asked for, as on the row path.
static kdb_status print_key_order(struct printer *printer, const struct kdb_query *query)
{
    const struct kdb_relation *relation = query->source ? query->source->relation : NULL;
    bool is_plain = relation && relation->kind == KDB_RELATION_TABLE && !query->is_grouped &&
                    !query->has_windows && !query->is_distinct && query->distinct_on_count == 0;
    if (!is_plain || relation->table->kind == KDB_TABLE_SYSTEM)
        return KDB_OK;
    for (uint32_t i = 0; i < relation->column_count; i++) {
        if (relation->columns[i].is_key)
            kdb_buf_printf(out(printer), " ORDER BY r%u.c%u", relation->number, i);
    }
    return KDB_OK;
}

// As numbers: DuckDB takes no parameter there in a correlated subquery.
static kdb_status print_limit(struct printer *printer, const struct kdb_query *query)
{
    uint64_t limit;
    uint64_t offset;
    KDB_TRY(exec_limits_written(printer->exec, query->limit, query->offset, &limit, &offset));
    if (limit != UINT64_MAX)
        kdb_buf_printf(out(printer), " LIMIT %llu", (unsigned long long)limit);
    if (offset > 0)
        kdb_buf_printf(out(printer), " OFFSET %llu", (unsigned long long)offset);
    return KDB_OK;
}

kdb_status engine_print_query(struct printer *printer, const struct kdb_query *query,
                              bool is_outermost)
{
    if (++printer->depth > DEPTH_MAX)
        return kdb_fail(printer->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "queries are nested deeper than %d levels", DEPTH_MAX);
    if (++printer->queries > QUERIES_MAX)
        return kdb_fail(printer->exec->ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "a statement that needs the engine (%s) may have at most %d subqueries, "
                        "common tables and parts of set operations",
                        printer->exec->plan->reason, QUERIES_MAX);
    printer->sources = 0;
    KDB_TRY(print_with(printer, query));
    if (query->set != KDB_SET_NONE)
        KDB_TRY(print_set(printer, query));
    else if (query->value_row_count > 0)
        KDB_TRY(print_values(printer, query));
    else
        KDB_TRY(print_plain(printer, query));
    KDB_TRY(engine_print_orders(printer, query->order, query->order_count));
    if (query->order_count == 0 && (is_outermost || query->limit || query->offset))
        KDB_TRY(print_key_order(printer, query));
    KDB_TRY(print_limit(printer, query));
    printer->depth--;
    return KDB_OK;
}

kdb_status engine_print_apart(struct printer *printer, const struct kdb_query *query)
{
    size_t sources = printer->sources;
    KDB_TRY(engine_print_query(printer, query, false));
    printer->sources = sources;
    return KDB_OK;
}

kdb_status engine_text_write(struct kdb_exec *exec, const kdb_slice *source_texts,
                             struct engine_text *ret)
{
    struct printer printer = {.exec = exec, .text = ret, .source_texts = source_texts};
    return engine_print_query(&printer, exec->plan->query, true);
}

// NOLINTEND(misc-no-recursion)
