// SPDX-License-Identifier: Apache-2.0
// The rights matrix, row by row as the contract prints it.
#include "auth/rights.h"

#include "lib/test.h"

static void test_matrix(void **state)
{
    (void)state;
    static const struct {
        kdb_right right;
        const char *roles; // anonymous, user, service, dba, system
    } rows[] = {
        {KDB_RIGHT_QUERY, "nyyyy"},        {KDB_RIGHT_SHOW, "nyyyy"},
        {KDB_RIGHT_CREATE_TABLE, "nyyyy"}, {KDB_RIGHT_SHARED_TABLE, "nnyyy"},
        {KDB_RIGHT_DROP_TABLE, "nnnyy"},   {KDB_RIGHT_NAMESPACE, "nnnyy"},
        {KDB_RIGHT_STORAGE, "nnnyy"},      {KDB_RIGHT_MAINTENANCE, "nnyyy"},
        {KDB_RIGHT_USERS, "nnnyy"},        {KDB_RIGHT_JOBS, "nnnyy"},
        {KDB_RIGHT_EXPLAIN, "nnnyy"},
    };
    assert_int_equal(sizeof(rows) / sizeof(rows[0]), KDB_RIGHT_COUNT);
    for (size_t i = 0; i < KDB_RIGHT_COUNT; i++) {
        for (int role = KDB_ROLE_ANONYMOUS; role <= KDB_ROLE_SYSTEM; role++)
            assert_int_equal(kdb_role_may((kdb_role)role, rows[i].right),
                             rows[i].roles[role] == 'y');
    }
}

static void test_execute_as(void **state)
{
    (void)state;
    // Rows: actor; columns: target user, service, dba, system.
    static const char *const rows[] = {[KDB_ROLE_ANONYMOUS] = "nnnn",
                                       [KDB_ROLE_USER] = "nnnn",
                                       [KDB_ROLE_SERVICE] = "yynn",
                                       [KDB_ROLE_DBA] = "yyyn",
                                       [KDB_ROLE_SYSTEM] = "yyyy"};
    for (int actor = KDB_ROLE_ANONYMOUS; actor <= KDB_ROLE_SYSTEM; actor++) {
        for (int target = KDB_ROLE_USER; target <= KDB_ROLE_SYSTEM; target++)
            assert_int_equal(kdb_role_may_act_as((kdb_role)actor, (kdb_role)target),
                             rows[actor][target - KDB_ROLE_USER] == 'y');
    }
}

static void test_grants(void **state)
{
    (void)state;
    assert_true(kdb_role_may_grant(KDB_ROLE_SYSTEM, KDB_ROLE_SYSTEM));
    assert_false(kdb_role_may_grant(KDB_ROLE_DBA, KDB_ROLE_SYSTEM));
    assert_true(kdb_role_may_grant(KDB_ROLE_DBA, KDB_ROLE_DBA));
    assert_false(kdb_role_may_grant(KDB_ROLE_SERVICE, KDB_ROLE_USER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_execute_as),
        cmocka_unit_test(test_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
