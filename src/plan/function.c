// SPDX-License-Identifier: Apache-2.0
// Resolution of calls: which row of the registry a name with these argument types means.
//
// The steps are those of PostgreSQL's func_select_candidate; each keeps the better candidates and
// goes on while more than one is left.
#include "plan/function.h"

#include "base/assert.h"
#include "plan/function_priv.h"
#include "types/cast.h"

// More rows than any name has.
#define CANDIDATES_MAX 64

struct resolution {
    struct kdb_ctx *ctx;
    const struct kdb_function_call *call;
    const struct kdb_function *candidates[CANDIDATES_MAX];
    size_t count;
    uint8_t kinds[KDB_FUNCTION_ARGS_TOTAL]; // of the arguments
    size_t unknown_count;                   // of them UNKNOWN
};

// ---- the tables ----

static int compare_names(const char *row_name, kdb_slice name)
{
    return kdb_slice_compare(kdb_slice_cstr(row_name), name);
}

// The first row of that name, and how many there are.
static const struct kdb_function *find_rows(const struct plan_function_table *table, kdb_slice name,
                                            size_t *ret_count)
{
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(table->rows[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t count = 0;
    while (low + count < table->count && compare_names(table->rows[low + count].name, name) == 0)
        count++;
    *ret_count = count;
    return &table->rows[low];
}

static bool has_name(const struct plan_function_table *table, kdb_slice name,
                     kdb_function_kind kind)
{
    size_t count;
    const struct kdb_function *rows = find_rows(table, name, &count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == kind)
            return true;
    }
    return false;
}

bool kdb_function_is_aggregate(kdb_slice name)
{
    return has_name(&plan_aggregates, name, KDB_FUNCTION_AGGREGATE);
}

// ---- kinds ----

static unsigned slot_of(const struct kdb_function *function, size_t index)
{
    return function->arg_kinds[index < function->arg_count ? index : function->arg_count];
}

static bool takes_as_it_is(unsigned slot, kdb_kind kind)
{
    switch (slot) {
    case KDB_ANY_INTEGER:
        return kdb_kind_is_integer(kind);
    case KDB_ANY_REAL:
        return kind == KDB_FLOAT || kind == KDB_DOUBLE;
    case KDB_ANY_DOCUMENT:
        return kind == KDB_JSON || kind == KDB_TEXT || kind == KDB_FILE;
    case KDB_ANY_STEP:
        return kdb_kind_is_integer(kind) || kind == KDB_TEXT;
    default:
        return slot == (unsigned)kind;
    }
}

static bool takes(unsigned slot, kdb_kind kind)
{
    if (kind == KDB_UNKNOWN || slot == KDB_ANY || slot == KDB_ANY_PRINTED)
        return true;
    if (slot == KDB_ANY_AS_TEXT)
        return kind != KDB_TEXT;
    if (takes_as_it_is(slot, kind))
        return true;
    return slot < KDB_KIND_COUNT && kdb_cast_allowed(kind, (kdb_kind)slot, KDB_CAST_IMPLICIT);
}

// PostgreSQL's type category, and whether the type is the preferred one of it.
static char category_of(unsigned slot, bool *ret_is_preferred)
{
    *ret_is_preferred = slot == KDB_DOUBLE || slot == KDB_TEXT || slot == KDB_DATETIME ||
                        slot == KDB_BOOLEAN || slot == KDB_INTERVAL || slot == KDB_ANY_STEP;
    switch (slot) {
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
    case KDB_DECIMAL:
    case KDB_FLOAT:
    case KDB_DOUBLE:
    case KDB_ANY_INTEGER:
    case KDB_ANY_REAL:
        return 'N';
    case KDB_TEXT:
    case KDB_ANY_STEP:
        return 'S';
    case KDB_DATE:
    case KDB_TIME:
    case KDB_TIMESTAMP:
    case KDB_DATETIME:
        return 'D';
    case KDB_INTERVAL:
        return 'T';
    case KDB_BOOLEAN:
        return 'B';
    case KDB_ANY:
    case KDB_ANY_AS_TEXT:
    case KDB_ANY_PRINTED:
        return 'P';
    default:
        return 'U';
    }
}

// ---- errors ----

static kdb_slice type_list(struct resolution *find)
{
    kdb_slice text = KDB_LIT("");
    for (size_t i = 0; i < find->call->arg_count; i++)
        text = kdb_arena_printf(&find->ctx->arena, "%.*s%s%s", KDB_ARG(text), i > 0 ? ", " : "",
                                kdb_kind_name((kdb_kind)find->kinds[i]));
    return text;
}

// "does not exist" or "is not unique".
static kdb_status refuse(struct resolution *find, bool exists)
{
    const struct kdb_function_call *call = find->call;
    if (!call->is_operator || call->arg_count < 1 || call->arg_count > 2)
        return kdb_fail(find->ctx, KDB_ERR_INVALID_OPERATION, "function %.*s(%.*s) %s",
                        KDB_ARG(call->name), KDB_ARG(type_list(find)),
                        exists ? "is not unique" : "does not exist");
    const char *left = call->arg_count == 2 ? kdb_kind_name((kdb_kind)find->kinds[0]) : "";
    const char *right = kdb_kind_name((kdb_kind)find->kinds[call->arg_count - 1]);
    return kdb_fail(find->ctx, KDB_ERR_INVALID_OPERATION, "operator %s: %s%s%.*s %s",
                    exists ? "is not unique" : "does not exist", left,
                    call->arg_count == 2 ? " " : "", KDB_ARG(call->name), right);
}

static kdb_status refuse_missing(struct resolution *find)
{
    const struct kdb_function_call *call = find->call;
    if (call->is_over && has_name(&plan_functions, call->name, KDB_FUNCTION_SCALAR))
        return kdb_fail(find->ctx, KDB_ERR_INVALID_OPERATION,
                        "OVER specified, but %.*s is not a window function nor an aggregate "
                        "function",
                        KDB_ARG(call->name));
    if (!call->is_over && !call->is_operator &&
        has_name(&plan_aggregates, call->name, KDB_FUNCTION_WINDOW))
        return kdb_fail(find->ctx, KDB_ERR_INVALID_OPERATION,
                        "window function %.*s requires an OVER clause", KDB_ARG(call->name));
    return refuse(find, false);
}

// ---- choosing ----

static bool has_arity(const struct kdb_function *function, size_t count)
{
    return count == function->arg_count || (function->is_variadic && count > function->arg_count);
}

static void collect(struct resolution *find)
{
    const struct kdb_function_call *call = find->call;
    const struct plan_function_table *table = &plan_functions;
    if (call->is_operator)
        table = &plan_operators;
    else if (call->kind == KDB_FUNCTION_AGGREGATE || call->is_over)
        table = &plan_aggregates;
    size_t count;
    const struct kdb_function *rows = find_rows(table, call->name, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_wanted = rows[i].kind != KDB_FUNCTION_WINDOW || call->is_over;
        for (size_t j = 0; is_wanted && j < call->arg_count; j++)
            is_wanted = has_arity(&rows[i], call->arg_count) &&
                        takes(slot_of(&rows[i], j), (kdb_kind)find->kinds[j]);
        if (!is_wanted || !has_arity(&rows[i], call->arg_count))
            continue;
        KDB_ASSERT(find->count < CANDIDATES_MAX);
        find->candidates[find->count++] = &rows[i];
    }
}

// The row whose slots are exactly these kinds.
static const struct kdb_function *find_exact(const struct resolution *find, const uint8_t *kinds)
{
    for (size_t i = 0; i < find->count; i++) {
        bool is_exact = true;
        for (size_t j = 0; is_exact && j < find->call->arg_count; j++)
            is_exact = takes_as_it_is(slot_of(find->candidates[i], j), (kdb_kind)kinds[j]);
        if (is_exact)
            return find->candidates[i];
    }
    return NULL;
}

// A binary operator with one UNKNOWN side first tries the other side's kind for it.
static const struct kdb_function *find_exact_operator(const struct resolution *find)
{
    if (!find->call->is_operator || find->call->arg_count != 2 || find->unknown_count != 1)
        return NULL;
    uint8_t known = find->kinds[0] == KDB_UNKNOWN ? find->kinds[1] : find->kinds[0];
    const uint8_t kinds[2] = {known, known};
    return find_exact(find, kinds);
}

// Keeps the candidates with the highest score.
static void keep_best(struct resolution *find,
                      unsigned (*score)(const struct resolution *find,
                                        const struct kdb_function *function))
{
    unsigned scores[CANDIDATES_MAX];
    unsigned best = 0;
    for (size_t i = 0; i < find->count; i++) {
        scores[i] = score(find, find->candidates[i]);
        best = scores[i] > best ? scores[i] : best;
    }
    size_t kept = 0;
    for (size_t i = 0; i < find->count; i++) {
        if (scores[i] == best)
            find->candidates[kept++] = find->candidates[i];
    }
    find->count = kept;
}

static unsigned count_exact(const struct resolution *find, const struct kdb_function *function)
{
    unsigned count = 0;
    for (size_t i = 0; i < find->call->arg_count; i++)
        count += takes_as_it_is(slot_of(function, i), (kdb_kind)find->kinds[i]);
    return count;
}

static unsigned count_preferred(const struct resolution *find, const struct kdb_function *function)
{
    unsigned count = 0;
    for (size_t i = 0; i < find->call->arg_count; i++) {
        bool is_preferred;
        bool ignored;
        unsigned slot = slot_of(function, i);
        if (find->kinds[i] == KDB_UNKNOWN)
            continue;
        char category = category_of(slot, &is_preferred);
        count += takes_as_it_is(slot, (kdb_kind)find->kinds[i]) ||
                 (is_preferred && category == category_of(find->kinds[i], &ignored));
    }
    return count;
}

// The category that the candidates suggest for an UNKNOWN argument: text if any of them takes it,
// else the one they agree on; 0 when they do not.
static char suggest_category(const struct resolution *find, size_t index, bool *ret_has_preferred)
{
    char chosen = '\0';
    bool has_conflict = false;
    for (size_t i = 0; i < find->count; i++) {
        bool is_preferred;
        char category = category_of(slot_of(find->candidates[i], index), &is_preferred);
        if (chosen == '\0' || (category != chosen && category == 'S')) {
            chosen = category;
            *ret_has_preferred = is_preferred;
        } else if (category == chosen) {
            *ret_has_preferred = *ret_has_preferred || is_preferred;
        } else {
            has_conflict = true;
        }
    }
    return has_conflict && chosen != 'S' ? '\0' : chosen;
}

static void keep_suggested(struct resolution *find)
{
    char categories[KDB_FUNCTION_ARGS_TOTAL] = {0};
    bool has_preferred[KDB_FUNCTION_ARGS_TOTAL] = {0};
    for (size_t i = 0; i < find->call->arg_count; i++) {
        if (find->kinds[i] != KDB_UNKNOWN)
            continue;
        categories[i] = suggest_category(find, i, &has_preferred[i]);
        if (categories[i] == '\0')
            return;
    }
    size_t kept = 0;
    const struct kdb_function *fitting[CANDIDATES_MAX];
    for (size_t i = 0; i < find->count; i++) {
        bool fits = true;
        for (size_t j = 0; fits && j < find->call->arg_count; j++) {
            bool is_preferred;
            if (find->kinds[j] != KDB_UNKNOWN)
                continue;
            fits = category_of(slot_of(find->candidates[i], j), &is_preferred) == categories[j] &&
                   (!has_preferred[j] || is_preferred);
        }
        if (fits)
            fitting[kept++] = find->candidates[i];
    }
    if (kept == 0)
        return;
    memcpy(find->candidates, fitting, kept * sizeof(fitting[0]));
    find->count = kept;
}

// The last resort: UNKNOWN arguments are of the kind that all the others have.
static const struct kdb_function *find_by_known(const struct resolution *find)
{
    uint8_t known = KDB_UNKNOWN;
    for (size_t i = 0; i < find->call->arg_count; i++) {
        if (find->kinds[i] == KDB_UNKNOWN)
            continue;
        if (known != KDB_UNKNOWN && known != find->kinds[i])
            return NULL;
        known = find->kinds[i];
    }
    const struct kdb_function *found = NULL;
    for (size_t i = 0; known != KDB_UNKNOWN && i < find->count; i++) {
        bool fits = true;
        for (size_t j = 0; fits && j < find->call->arg_count; j++)
            fits = takes(slot_of(find->candidates[i], j), (kdb_kind)known);
        if (fits && found)
            return NULL;
        if (fits)
            found = find->candidates[i];
    }
    return found;
}

static kdb_status choose(struct resolution *find, const struct kdb_function **ret_function)
{
    collect(find);
    if (find->count == 0)
        return refuse_missing(find);
    const struct kdb_function *exact = NULL;
    if (find->unknown_count == 0)
        exact = find_exact(find, find->kinds);
    else
        exact = find_exact_operator(find);
    if (exact) {
        *ret_function = exact;
        return KDB_OK;
    }
    if (find->count > 1)
        keep_best(find, count_exact);
    if (find->count > 1)
        keep_best(find, count_preferred);
    if (find->count > 1 && find->unknown_count > 0)
        keep_suggested(find);
    if (find->count > 1) {
        const struct kdb_function *found = find->unknown_count > 0 ? find_by_known(find) : NULL;
        if (!found)
            return refuse(find, true);
        find->candidates[0] = found;
    }
    *ret_function = find->candidates[0];
    return KDB_OK;
}

// ---- converting the arguments ----

// DECIMAL is wide enough for all integers of the kind; an UNKNOWN literal keeps its own digits.
static kdb_type decimal_for(kdb_kind kind)
{
    kdb_type type = KDB_TYPE(KDB_DECIMAL);
    if (kdb_kind_is_integer(kind))
        type.precision = kind == KDB_SMALLINT ? 5 : kind == KDB_INT ? 10 : 19;
    return type;
}

static kdb_type target_type(unsigned slot, kdb_kind kind)
{
    return slot == KDB_DECIMAL ? decimal_for(kind) : KDB_TYPE((uint8_t)slot);
}

// A decimal type that holds the values of both.
static kdb_type wider_decimal(kdb_type a, kdb_type b)
{
    if (a.precision == 0 || b.precision == 0)
        return KDB_TYPE(KDB_DECIMAL);
    int whole = a.precision - a.scale > b.precision - b.scale ? a.precision - a.scale
                                                              : b.precision - b.scale;
    int scale = a.scale > b.scale ? a.scale : b.scale;
    return (kdb_type){.kind = KDB_DECIMAL,
                      .precision = (uint8_t)(whole + scale > 38 ? 38 : whole + scale),
                      .scale = (uint8_t)scale};
}

static bool becomes(kdb_type from, kdb_type to)
{
    return kdb_cast_allowed((kdb_kind)from.kind, (kdb_kind)to.kind, KDB_CAST_IMPLICIT);
}

// An integer beside a DECIMAL counts as a DECIMAL.
static kdb_type beside(kdb_type type, kdb_type other)
{
    bool is_integer = kdb_kind_is_integer((kdb_kind)type.kind);
    return is_integer && other.kind == KDB_DECIMAL ? decimal_for((kdb_kind)type.kind) : type;
}

// The type two known types agree on; false when there is none.
static bool agree_on(kdb_type a, kdb_type b, kdb_type *ret_type)
{
    kdb_type left = beside(a, b);
    kdb_type right = beside(b, a);
    if (left.kind == KDB_DECIMAL && right.kind == KDB_DECIMAL) {
        *ret_type = wider_decimal(left, right);
        return true;
    }
    *ret_type = becomes(left, right) ? right : left;
    return becomes(left, right) || becomes(right, left);
}

// The type that the arguments in ANY slots agree on: TEXT when all are UNKNOWN.
static kdb_status agree(struct resolution *find, const struct kdb_function *function,
                        kdb_type *ret_type)
{
    kdb_type agreed = KDB_TYPE(KDB_UNKNOWN);
    for (size_t i = 0; i < find->call->arg_count; i++) {
        kdb_type type = find->call->args[i]->type;
        if (slot_of(function, i) != KDB_ANY || type.kind == KDB_UNKNOWN)
            continue;
        if (agreed.kind == KDB_UNKNOWN)
            agreed = type;
        else if (!agree_on(agreed, type, &agreed))
            return refuse(find, false);
    }
    *ret_type = agreed.kind == KDB_UNKNOWN ? KDB_TYPE(KDB_TEXT) : agreed;
    return KDB_OK;
}

// An integer kind for an UNKNOWN argument: that of another argument, or INT.
static kdb_type integer_beside(const struct resolution *find)
{
    for (size_t i = 0; i < find->call->arg_count; i++) {
        if (kdb_kind_is_integer((kdb_kind)find->kinds[i]))
            return KDB_TYPE(find->kinds[i]);
    }
    return KDB_TYPE(KDB_INT);
}

static struct kdb_expr *wrap(struct resolution *find, kdb_expr_kind kind, struct kdb_expr *inner)
{
    struct kdb_expr *expr = KDB_ARENA_NEW(&find->ctx->arena, struct kdb_expr);
    expr->kind = kind;
    expr->type = KDB_TYPE(KDB_TEXT);
    expr->position = inner->position;
    expr->is_volatile = inner->is_volatile;
    expr->args = kdb_arena_array(&find->ctx->arena, 1, sizeof(struct kdb_expr *));
    expr->args[0] = inner;
    expr->arg_count = 1;
    return expr;
}

// Any kind as text.
static struct kdb_expr *as_text(struct resolution *find, unsigned slot, struct kdb_expr *arg)
{
    if (slot != KDB_ANY_PRINTED || arg->type.kind != KDB_BOOLEAN)
        return wrap(find, KDB_EXPR_CAST, arg);
    size_t count;
    struct kdb_expr *expr = wrap(find, KDB_EXPR_CALL, arg);
    expr->function = find_rows(&plan_functions, KDB_LIT("(boolean)"), &count);
    KDB_ASSERT(count == 1);
    return expr;
}

static kdb_status convert_arg(struct resolution *find, unsigned slot, kdb_type agreed,
                              struct kdb_expr **arg)
{
    kdb_kind kind = (kdb_kind)(*arg)->type.kind;
    kdb_type type;
    switch (slot) {
    case KDB_ANY:
        type = agreed;
        if (kdb_type_equal((*arg)->type, type))
            return KDB_OK;
        break;
    case KDB_ANY_INTEGER:
        if (kind != KDB_UNKNOWN)
            return KDB_OK;
        type = integer_beside(find);
        break;
    case KDB_ANY_REAL:
        if (kind != KDB_UNKNOWN)
            return KDB_OK;
        type = KDB_TYPE(KDB_DOUBLE);
        break;
    case KDB_ANY_DOCUMENT:
    case KDB_ANY_STEP:
        if (kind != KDB_UNKNOWN)
            return KDB_OK;
        type = KDB_TYPE(KDB_TEXT);
        break;
    case KDB_ANY_AS_TEXT:
    case KDB_ANY_PRINTED:
        if (kind == KDB_TEXT)
            return KDB_OK;
        if (kind != KDB_UNKNOWN) {
            *arg = as_text(find, slot, *arg);
            return KDB_OK;
        }
        type = KDB_TYPE(KDB_TEXT);
        break;
    default:
        if (kind == (kdb_kind)slot)
            return KDB_OK;
        type = target_type(slot, kind);
        break;
    }
    return find->call->coerce(find->call->self, *arg, type, arg);
}

// DuckDB adds and multiplies decimals of up to 18 digits in 64 bits, even where the result has
// more: one operand of 19 digits makes it use 128.
static kdb_status widen_decimal(struct resolution *find, kdb_type result)
{
    const struct kdb_function_call *call = find->call;
    if (result.kind != KDB_DECIMAL || result.precision <= 18 || call->arg_count != 2)
        return KDB_OK;
    for (size_t i = 0; i < 2; i++) {
        if (call->args[i]->type.kind != KDB_DECIMAL || call->args[i]->type.precision > 18)
            return KDB_OK;
    }
    kdb_type type = call->args[0]->type;
    type.precision = 19;
    return call->coerce(call->self, call->args[0], type, &call->args[0]);
}

static kdb_status convert(struct resolution *find, const struct kdb_function *function,
                          kdb_type *ret_type)
{
    const struct kdb_function_call *call = find->call;
    kdb_type agreed;
    KDB_TRY(agree(find, function, &agreed));
    for (size_t i = 0; i < call->arg_count; i++)
        KDB_TRY(convert_arg(find, slot_of(function, i), agreed, &call->args[i]));
    if (function->result_type == plan_type_decimal_round && call->freeze)
        KDB_TRY(call->freeze(call->self, call->args[1]));
    kdb_type type = function->result_kind == KDB_ANY ? agreed : KDB_TYPE(function->result_kind);
    if (function->result_type)
        type = function->result_type(call->args, call->arg_count);
    *ret_type = type;
    if (function->result_type == plan_type_decimal_sum ||
        function->result_type == plan_type_decimal_product)
        return widen_decimal(find, type);
    return KDB_OK;
}

kdb_status kdb_function_resolve(struct kdb_ctx *ctx, const struct kdb_function_call *call,
                                const struct kdb_function **ret_function, kdb_type *ret_type)
{
    struct resolution find = {.ctx = ctx, .call = call};
    if (call->arg_count > KDB_FUNCTION_ARGS_TOTAL)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "a function call may have at most %d arguments", KDB_FUNCTION_ARGS_TOTAL);
    for (size_t i = 0; i < call->arg_count; i++) {
        find.kinds[i] = call->args[i]->type.kind;
        find.unknown_count += find.kinds[i] == KDB_UNKNOWN;
    }
    const struct kdb_function *function = NULL;
    KDB_TRY(choose(&find, &function));
    KDB_ASSERT(function);
    KDB_TRY(convert(&find, function, ret_type));
    *ret_function = function;
    return KDB_OK;
}
