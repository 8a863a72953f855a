// SPDX-License-Identifier: Apache-2.0
// Binding of FROM: tables, subqueries, common tables, functions and joins.
#include "base/assert.h"
#include "plan/bind_priv.h"

void bind_add_relation(struct bind *bind, struct kdb_relation *relation, struct bind_names *names)
{
    KDB_PUSH(bind->arena, names->relations, names->relation_count, names->relation_capacity,
             relation);
    for (uint32_t i = 0; i < relation->column_count; i++) {
        struct kdb_expr *expr = bind_new(bind, KDB_EXPR_COLUMN, relation->columns[i].type, 0);
        expr->relation = relation;
        expr->column = i;
        struct bind_entry entry = {relation->columns[i].name, expr, relation,
                                   relation->columns[i].is_system};
        KDB_PUSH(bind->arena, names->entries, names->entry_count, names->entry_capacity, entry);
    }
}

static struct kdb_relation *new_relation(struct bind *bind, kdb_relation_kind kind, kdb_slice name,
                                         uint32_t column_count)
{
    struct kdb_relation *relation = KDB_ARENA_NEW(bind->arena, struct kdb_relation);
    relation->kind = kind;
    relation->number = bind->relation_number++;
    relation->level = bind->scope ? bind->scope->level : 0;
    relation->name = name;
    relation->column_count = column_count;
    relation->columns =
        kdb_arena_array(bind->arena, column_count + 1, sizeof(struct kdb_relation_column));
    return relation;
}

struct kdb_relation *bind_relation_of_table(struct bind *bind, struct kdb_table *table,
                                            kdb_slice alias)
{
    static const struct {
        kdb_slice name;
        int32_t id;
        kdb_kind kind;
    } system_columns[] = {{KDB_LIT_INIT("_seq"), KDB_COLUMN_SEQ, KDB_BIGINT},
                          {KDB_LIT_INIT("_updated"), KDB_COLUMN_UPDATED, KDB_TIMESTAMP},
                          {KDB_LIT_INIT("_deleted"), KDB_COLUMN_DELETED, KDB_BOOLEAN}};
    uint32_t system_count = table->kind == KDB_TABLE_SYSTEM   ? 0
                            : table->kind == KDB_TABLE_STREAM ? 1
                                                              : 3;
    const struct kdb_schema *schema = table->schema;
    struct kdb_relation *relation =
        new_relation(bind, KDB_RELATION_TABLE, alias.data ? alias : table->name,
                     schema->column_count + system_count);
    relation->space = alias.data ? (kdb_slice){0} : table->space;
    relation->table = table;
    relation->is_column_used = kdb_arena_array(bind->arena, relation->column_count, sizeof(bool));
    // A stream's declared key is not unique, its rows have _seq for a key; system tables have none.
    bool has_key = table->kind == KDB_TABLE_USER || table->kind == KDB_TABLE_SHARED;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct kdb_column *column = &schema->columns[i];
        relation->columns[i] =
            (struct kdb_relation_column){.name = column->name,
                                         .type = column->type,
                                         .id = column->id,
                                         .is_not_null = column->is_not_null,
                                         .is_key = has_key && i == schema->key_index};
    }
    for (uint32_t i = 0; i < system_count; i++)
        relation->columns[schema->column_count + i] =
            (struct kdb_relation_column){.name = system_columns[i].name,
                                         .type = KDB_TYPE((uint8_t)system_columns[i].kind),
                                         .id = system_columns[i].id,
                                         .is_system = true,
                                         .is_not_null = true,
                                         .is_key = table->kind == KDB_TABLE_STREAM};
    return relation;
}

static kdb_status rename_columns(struct bind *bind, const struct kdb_ast_from *ast,
                                 struct kdb_relation *relation)
{
    uint32_t available = 0;
    while (available < relation->column_count && !relation->columns[available].is_system)
        available++;
    if (ast->column_alias_count > available) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "table \"%.*s\" has %u columns available but %zu columns specified",
                        KDB_ARG(relation->name), available, ast->column_alias_count);
    }
    for (size_t i = 0; i < ast->column_alias_count; i++)
        relation->columns[i].name = ast->column_aliases[i];
    return KDB_OK;
}

// The query's visible output columns become the relation's.
static void take_outputs(struct kdb_relation *relation, const struct kdb_query *query)
{
    for (uint32_t i = 0; i < relation->column_count; i++)
        relation->columns[i] = (struct kdb_relation_column){.name = query->targets[i].name,
                                                            .type = query->targets[i].expr->type};
}

static const struct bind_cte *find_cte(const struct bind *bind, const struct kdb_ast_name *name)
{
    const struct bind_cte *cte = name->space.data ? NULL : bind->ctes;
    while (cte && !kdb_slice_equal(cte->name, name->name))
        cte = cte->next;
    return cte;
}

static struct kdb_relation *relation_of_cte(struct bind *bind, struct kdb_common_table *cte,
                                            kdb_slice alias)
{
    struct kdb_relation *relation =
        new_relation(bind, KDB_RELATION_QUERY, alias.data ? alias : cte->name, cte->column_count);
    relation->cte = cte;
    cte->is_read = true;
    memcpy(relation->columns, cte->columns, cte->column_count * sizeof(*cte->columns));
    return relation;
}

static kdb_status bind_from_table(struct bind *bind, const struct kdb_ast_from *ast,
                                  struct kdb_relation **ret)
{
    const struct bind_cte *cte = find_cte(bind, &ast->table);
    if (cte && !cte->table) {
        kdb_error_at(bind->ctx, ast->table.position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY, "recursive query \"%.*s\" %s",
                        KDB_ARG(cte->name), cte->why);
    }
    if (cte) {
        *ret = relation_of_cte(bind, cte->table, ast->alias);
        return KDB_OK;
    }
    struct kdb_table *table;
    KDB_TRY(bind_table(bind, &ast->table, &table));
    *ret = bind_relation_of_table(bind, table, ast->alias);
    return KDB_OK;
}

// A subquery sees outer queries, and its neighbours to the left only when it is LATERAL.
static kdb_status bind_from_subquery(struct bind *bind, const struct kdb_ast_from *ast,
                                     struct kdb_relation **ret)
{
    struct bind_scope *scope = bind->scope;
    struct bind_names hidden = scope->names;
    if (!ast->is_lateral)
        scope->names = (struct bind_names){0};
    struct kdb_query *query;
    kdb_status status = bind_select(bind, ast->select, &query);
    scope->names = hidden;
    KDB_TRY(status);
    struct kdb_relation *relation =
        new_relation(bind, KDB_RELATION_QUERY, ast->alias, (uint32_t)query->target_count);
    relation->query = query;
    relation->is_lateral = ast->is_lateral;
    take_outputs(relation, query);
    *ret = relation;
    return KDB_OK;
}

static kdb_status bind_from_function(struct bind *bind, const struct kdb_ast_from *ast,
                                     struct kdb_relation **ret)
{
    const struct kdb_ast *call = ast->function;
    if (!kdb_slice_equal(call->name, KDB_LIT("generate_series")) || ast->has_ordinality) {
        kdb_error_at(bind->ctx, ast->position);
        return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                        "function \"%.*s\" is not allowed in FROM", KDB_ARG(call->name));
    }
    if (call->arg_count < 2 || call->arg_count > 3)
        return bind_unsupported(bind, "generate_series without 2 or 3 arguments", ast->position);
    struct kdb_expr **args =
        kdb_arena_array(bind->arena, call->arg_count, sizeof(struct kdb_expr *));
    kdb_type type = KDB_TYPE(KDB_INT);
    for (size_t i = 0; i < call->arg_count; i++) {
        KDB_TRY(bind_expr(bind, call->args[i], &args[i]));
        if (!kdb_expr_is_fixed(args[i]))
            return bind_unsupported(bind, "generate_series over columns or subqueries",
                                    call->args[i]->position);
        if (args[i]->type.kind == KDB_BIGINT)
            type = KDB_TYPE(KDB_BIGINT);
    }
    for (size_t i = 0; i < call->arg_count; i++)
        KDB_TRY(bind_coerce(bind, args[i], type, KDB_CAST_IMPLICIT, &args[i]));
    kdb_slice name = ast->alias.data ? ast->alias : call->name;
    struct kdb_relation *relation = new_relation(bind, KDB_RELATION_FUNCTION, name, 1);
    relation->columns[0] = (struct kdb_relation_column){.name = name, .type = type};
    relation->function = bind_new(bind, KDB_EXPR_CALL, type, ast->position);
    relation->function->args = args;
    relation->function->arg_count = call->arg_count;
    *ret = relation;
    return KDB_OK;
}

// Two tables of one name from different namespaces can be told apart; a name given by an alias
// cannot.
static bool is_name_taken(const struct kdb_relation *a, const struct kdb_relation *b)
{
    if (!a->name.data || !kdb_slice_equal(a->name, b->name))
        return false;
    return !a->space.data || !b->space.data || kdb_slice_equal(a->space, b->space);
}

static kdb_status check_names(struct bind *bind, const struct bind_names *names,
                              const struct kdb_relation *relation, int position)
{
    for (size_t i = 0; i < names->relation_count; i++) {
        if (is_name_taken(relation, names->relations[i])) {
            kdb_error_at(bind->ctx, position);
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "table name \"%.*s\" specified more than once",
                            KDB_ARG(relation->name));
        }
    }
    return KDB_OK;
}

static kdb_status bind_item(struct bind *bind, const struct kdb_ast_from *ast,
                            struct kdb_source **ret, struct bind_names *names);

static kdb_status bind_leaf(struct bind *bind, const struct kdb_ast_from *ast,
                            struct kdb_source **ret, struct bind_names *names)
{
    struct kdb_relation *relation = NULL;
    if (ast->kind == KDB_FROM_TABLE)
        KDB_TRY(bind_from_table(bind, ast, &relation));
    else if (ast->kind == KDB_FROM_SUBQUERY)
        KDB_TRY(bind_from_subquery(bind, ast, &relation));
    else
        KDB_TRY(bind_from_function(bind, ast, &relation));
    KDB_ASSERT(relation != NULL);
    KDB_TRY(rename_columns(bind, ast, relation));
    KDB_TRY(check_names(bind, &bind->scope->names, relation, ast->position));
    bind_add_relation(bind, relation, names);
    struct kdb_source *source = KDB_ARENA_NEW(bind->arena, struct kdb_source);
    source->relation = relation;
    *ret = source;
    return KDB_OK;
}

static struct bind_entry *find_entry(const struct bind_names *names, kdb_slice name,
                                     bool *ret_is_ambiguous)
{
    struct bind_entry *found = NULL;
    *ret_is_ambiguous = false;
    for (size_t i = 0; i < names->entry_count; i++) {
        if (!kdb_slice_equal(names->entries[i].name, name))
            continue;
        *ret_is_ambiguous = found != NULL;
        found = &names->entries[i];
    }
    return found;
}

static void append_names(struct bind *bind, struct bind_names *to, const struct bind_names *from,
                         const kdb_slice *without, size_t without_count)
{
    for (size_t i = 0; i < from->entry_count; i++) {
        bool is_merged = false;
        for (size_t j = 0; j < without_count; j++)
            is_merged = is_merged || kdb_slice_equal(from->entries[i].name, without[j]);
        if (!is_merged)
            KDB_PUSH(bind->arena, to->entries, to->entry_count, to->entry_capacity,
                     from->entries[i]);
    }
    for (size_t i = 0; i < from->relation_count; i++)
        KDB_PUSH(bind->arena, to->relations, to->relation_count, to->relation_capacity,
                 from->relations[i]);
}

// Columns both sides have, for NATURAL: system columns never count.
static void natural_columns(struct bind *bind, const struct bind_names *left,
                            const struct bind_names *right, kdb_slice **ret, size_t *ret_count)
{
    size_t capacity = 0;
    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < left->entry_count; i++) {
        bool is_ambiguous;
        const struct bind_entry *entry = &left->entries[i];
        const struct bind_entry *other = find_entry(right, entry->name, &is_ambiguous);
        if (other && !entry->is_system && !other->is_system)
            KDB_PUSH(bind->arena, *ret, *ret_count, capacity, entry->name);
    }
}

// Both columns count as read: a merged column is made of them.
static void use_columns(struct bind *bind, const struct kdb_expr *expr)
{
    if (expr->kind == KDB_EXPR_COLUMN)
        (void)bind_column_of(bind, expr->relation, expr->column);
    for (size_t i = 0; i < expr->arg_count; i++)
        use_columns(bind, expr->args[i]);
}

static kdb_status merged_column(struct bind *bind, kdb_join_kind join, struct kdb_expr *left,
                                struct kdb_expr *right, struct kdb_expr **ret)
{
    struct kdb_expr **pair = kdb_arena_array(bind->arena, 2, sizeof(struct kdb_expr *));
    pair[0] = left;
    pair[1] = right;
    kdb_type type;
    KDB_TRY(bind_common(bind, pair, 2, "JOIN/USING", &type));
    if (join == KDB_JOIN_FULL) {
        *ret = bind_new(bind, KDB_EXPR_COALESCE, type, 0);
        (*ret)->args = pair;
        (*ret)->arg_count = 2;
    } else {
        *ret = join == KDB_JOIN_RIGHT ? pair[1] : pair[0];
    }
    return KDB_OK;
}

// What a join has on either side, and the names behind it.
struct sides {
    const struct bind_names *left, *right;
    struct bind_names *both;
};

static kdb_status merge_using(struct bind *bind, const struct kdb_ast_from *ast,
                              const struct sides *sides, kdb_slice column, struct kdb_expr **ret_on)
{
    bool is_ambiguous[2];
    struct bind_entry *l = find_entry(sides->left, column, &is_ambiguous[0]);
    struct bind_entry *r = find_entry(sides->right, column, &is_ambiguous[1]);
    if (!l || !r || is_ambiguous[0] || is_ambiguous[1]) {
        kdb_error_at(bind->ctx, ast->position);
        if (l && r)
            return kdb_fail(bind->ctx, KDB_ERR_INVALID_QUERY,
                            "common column name \"%.*s\" appears more than once in %s table",
                            KDB_ARG(column), is_ambiguous[0] ? "left" : "right");
        return kdb_fail(bind->ctx, KDB_ERR_COLUMN_NOT_FOUND,
                        "column \"%.*s\" specified in USING clause does not exist in %s table",
                        KDB_ARG(column), l ? "right" : "left");
    }
    use_columns(bind, l->expr);
    use_columns(bind, r->expr);
    struct kdb_expr **args = kdb_arena_array(bind->arena, 2, sizeof(struct kdb_expr *));
    args[0] = l->expr;
    args[1] = r->expr;
    struct bind_entry merged = {.name = column};
    KDB_TRY(merged_column(bind, ast->join, l->expr, r->expr, &merged.expr));
    struct bind_names *both = sides->both;
    KDB_PUSH(bind->arena, both->entries, both->entry_count, both->entry_capacity, merged);
    return bind_operation(bind, KDB_LIT("="), args, 2, ast->position, ret_on);
}

static kdb_status bind_using(struct bind *bind, const struct kdb_ast_from *ast,
                             const struct sides *sides, struct kdb_expr **ret_on)
{
    kdb_slice *columns = ast->using_columns;
    size_t count = ast->using_count;
    if (ast->is_natural)
        natural_columns(bind, sides->left, sides->right, &columns, &count);
    struct kdb_expr **conditions =
        kdb_arena_array(bind->arena, count + 1, sizeof(struct kdb_expr *));
    for (size_t i = 0; i < count; i++)
        KDB_TRY(merge_using(bind, ast, sides, columns[i], &conditions[i]));
    append_names(bind, sides->both, sides->left, columns, count);
    append_names(bind, sides->both, sides->right, columns, count);
    if (count == 0) {
        *ret_on = NULL;
    } else if (count == 1) {
        *ret_on = conditions[0];
    } else {
        *ret_on = bind_new(bind, KDB_EXPR_AND, KDB_TYPE(KDB_BOOLEAN), ast->position);
        (*ret_on)->args = conditions;
        (*ret_on)->arg_count = count;
    }
    return KDB_OK;
}

static kdb_status bind_on(struct bind *bind, const struct kdb_ast_from *ast,
                          const struct bind_names *names, struct kdb_expr **ret)
{
    struct bind_scope *scope = bind->scope;
    struct bind_names outer = scope->names;
    bind_clause clause = scope->clause;
    scope->names = *names;
    scope->clause = BIND_ON;
    kdb_status status = bind_boolean(bind, ast->on, "JOIN/ON", ret);
    scope->names = outer;
    scope->clause = clause;
    return status;
}

// Names of the left side are visible to a LATERAL right side.
static kdb_status bind_right(struct bind *bind, const struct kdb_ast_from *ast,
                             const struct bind_names *left, struct kdb_source **ret,
                             struct bind_names *names)
{
    struct bind_scope *scope = bind->scope;
    struct bind_names before = scope->names;
    struct bind_names both = {0};
    append_names(bind, &both, &before, NULL, 0);
    append_names(bind, &both, left, NULL, 0);
    scope->names = both;
    kdb_status status = bind_item(bind, ast->right, ret, names);
    scope->names = before;
    return status;
}

static kdb_status bind_join(struct bind *bind, const struct kdb_ast_from *ast,
                            struct kdb_source **ret, struct bind_names *names)
{
    struct kdb_source *source = KDB_ARENA_NEW(bind->arena, struct kdb_source);
    struct bind_names left = {0};
    struct bind_names right = {0};
    struct bind_names both = {0};
    source->join = ast->join;
    KDB_TRY(bind_item(bind, ast->left, &source->left, &left));
    KDB_TRY(bind_right(bind, ast, &left, &source->right, &right));
    if (ast->is_natural || ast->using_count > 0) {
        const struct sides sides = {&left, &right, &both};
        KDB_TRY(bind_using(bind, ast, &sides, &source->on));
    } else {
        append_names(bind, &both, &left, NULL, 0);
        append_names(bind, &both, &right, NULL, 0);
        if (ast->on)
            KDB_TRY(bind_on(bind, ast, &both, &source->on));
    }
    if (!source->on && (ast->join == KDB_JOIN_INNER || ast->join == KDB_JOIN_CROSS))
        source->join = KDB_JOIN_CROSS;
    else if (!source->on) // an outer NATURAL JOIN without common columns
        source->on = bind_const(bind, kdb_value_bool(true), KDB_TYPE(KDB_BOOLEAN));
    if (ast->alias.data)
        return bind_unsupported(bind, "an alias on a join", ast->position);
    append_names(bind, names, &both, NULL, 0);
    *ret = source;
    return KDB_OK;
}

static kdb_status bind_item(struct bind *bind, const struct kdb_ast_from *ast,
                            struct kdb_source **ret, struct bind_names *names)
{
    KDB_TRY(bind_enter(bind, ast->position));
    kdb_status status = ast->kind == KDB_FROM_JOIN ? bind_join(bind, ast, ret, names)
                                                   : bind_leaf(bind, ast, ret, names);
    bind->depth--;
    return status;
}

kdb_status bind_from(struct bind *bind, struct kdb_ast_from **items, size_t count,
                     struct kdb_source **ret_source, struct bind_names *names)
{
    struct kdb_source *all = NULL;
    for (size_t i = 0; i < count; i++) {
        struct kdb_source *source;
        struct bind_names more = {0};
        KDB_TRY(bind_item(bind, items[i], &source, &more));
        append_names(bind, names, &more, NULL, 0);
        if (!all) {
            all = source;
            continue;
        }
        struct kdb_source *cross = KDB_ARENA_NEW(bind->arena, struct kdb_source);
        *cross = (struct kdb_source){.join = KDB_JOIN_CROSS, .left = all, .right = source};
        all = cross;
    }
    *ret_source = all;
    return KDB_OK;
}
