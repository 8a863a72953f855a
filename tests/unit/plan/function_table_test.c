// SPDX-License-Identifier: Apache-2.0
// The tables themselves: in order, without repetitions, with templates that a printer can fill.
#include "call_case.h"
#include "plan/function_priv.h"

static int compare_signatures(const struct kdb_function *a, const struct kdb_function *b)
{
    if (strcmp(a->name, b->name) != 0)
        return strcmp(a->name, b->name);
    if (a->arg_count != b->arg_count)
        return a->arg_count - b->arg_count;
    return memcmp(a->arg_kinds, b->arg_kinds, a->arg_count);
}

static void rows_are_in_order_and_different(void **state)
{
    (void)state;
    const struct plan_function_table *const tables[] = {&plan_operators, &plan_functions,
                                                        &plan_aggregates};
    size_t index = 0;
    for (size_t t = 0; t < 3; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct kdb_function *row = &tables[t]->rows[i];
            assert_ptr_equal(kdb_function_at(index++), row);
            if (i > 0)
                assert_true(strcmp(tables[t]->rows[i - 1].name, row->name) <= 0);
            for (size_t j = 0; j < i; j++)
                assert_int_not_equal(compare_signatures(&tables[t]->rows[j], row), 0);
        }
    }
    assert_null(kdb_function_at(index));
    assert_true(index > 400);
}

static void rows_say_how_they_run(void **state)
{
    const struct kdb_function *row;
    (void)state;
    for (size_t i = 0; (row = kdb_function_at(i)) != NULL; i++) {
        assert_true(row->eval || row->engine);
        assert_true(row->kind == KDB_FUNCTION_SCALAR || (!row->eval && row->engine));
        assert_true(row->result_kind != KDB_ANY_INTEGER || row->result_type);
        assert_true(row->result_kind != KDB_DECIMAL || row->result_type);
        assert_true(row->result_kind <= KDB_ANY_INTEGER);
        size_t kinds = row->arg_count + (row->is_variadic ? 1U : 0U);
        assert_true(kinds <= KDB_FUNCTION_ARGS_MAX);
        for (size_t j = 0; j < kinds; j++)
            assert_true(row->arg_kinds[j] != KDB_UNKNOWN && row->arg_kinds[j] <= KDB_ANY_PRINTED);
    }
}

// Parentheses and quotes of a template are closed, errors name a status, placeholders exist.
static void check_template(const struct kdb_function *row)
{
    int depth = 0;
    bool is_quoted = false;
    for (const char *at = row->engine; *at; at++) {
        if (*at == '\'')
            is_quoted = !is_quoted;
        if (!is_quoted)
            depth += (*at == '(') - (*at == ')');
        assert_true(depth >= 0);
        if (*at != '$')
            continue;
        at++;
        bool is_argument = *at >= '1' && *at <= '9';
        assert_true(!is_quoted);
        assert_true(is_argument ? *at - '0' <= row->arg_count : strchr("*DOFTV", *at) != NULL);
        assert_true(*at != 'V' || strcmp(row->engine, "$V") == 0);
    }
    assert_int_equal(depth, 0);
    assert_false(is_quoted);
}

static void templates_can_be_filled(void **state)
{
    const struct kdb_function *row;
    (void)state;
    for (size_t i = 0; (row = kdb_function_at(i)) != NULL; i++) {
        if (!row->engine)
            continue;
        check_template(row);
        for (unsigned j = 1; j <= row->arg_count; j++) {
            char placeholder[] = {'$', (char)('0' + j), '\0'};
            assert_true(strstr(row->engine, placeholder) || strstr(row->engine, "$*"));
        }
        assert_true(row->kind == KDB_FUNCTION_SCALAR || strstr(row->engine, "$F"));
    }
}

static void errors_in_templates_name_a_status(void **state)
{
    const struct kdb_function *row;
    size_t count = 0;
    (void)state;
    for (size_t i = 0; (row = kdb_function_at(i)) != NULL; i++) {
        const char *at = row->engine ? row->engine : "";
        while ((at = strstr(at, "error('")) != NULL) {
            at += strlen("error('");
            assert_int_equal(strncmp(at, "kdb:", 4), 0);
            at += 4;
            bool is_known = false;
            for (unsigned status = 1; status < KDB_STATUS_COUNT; status++) {
                kdb_slice name = kdb_slice_cstr(kdb_status_info((kdb_status)status)->name);
                is_known =
                    is_known || (strncmp(at, name.data, name.len) == 0 && at[name.len] == ':');
            }
            assert_true(is_known);
            count++;
        }
    }
    assert_true(count > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_in_order_and_different),
        cmocka_unit_test(rows_say_how_they_run),
        cmocka_unit_test(templates_can_be_filled),
        cmocka_unit_test(errors_in_templates_name_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
