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

static void test_tables(void **state)
{
    (void)state;
    static const struct {
        struct kdb_table table;
        const char *reads, *writes; // anonymous, user, service, dba, system
    } rows[] = {
        {{.kind = KDB_TABLE_USER}, "nyyyy", "nyyyy"},
        {{.kind = KDB_TABLE_STREAM}, "nyyyy", "nyyyy"},
        {{.kind = KDB_TABLE_SHARED}, "nnyyy", "nnyyy"},
        {{.kind = KDB_TABLE_SHARED, .access = KDB_ACCESS_PUBLIC}, "yyyyy", "nnyyy"},
        {{.kind = KDB_TABLE_SHARED, .access = KDB_ACCESS_PRIVATE}, "nnyyy", "nnyyy"},
        {{.kind = KDB_TABLE_SHARED, .access = KDB_ACCESS_RESTRICTED}, "nnyyy", "nnyyy"},
        {{.kind = KDB_TABLE_SHARED, .access = KDB_ACCESS_DBA}, "nnnyy", "nnnyy"},
        {{.kind = KDB_TABLE_SYSTEM}, "nyyyy", "nnnnn"},
        {{.kind = KDB_TABLE_SYSTEM, .is_admin_only = true}, "nnnyy", "nnnnn"},
    };
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int role = KDB_ROLE_ANONYMOUS; role <= KDB_ROLE_SYSTEM; role++) {
            bool reads = rows[i].reads[role] == 'y';
            bool writes = rows[i].writes[role] == 'y';
            assert_int_equal(kdb_role_may_read((kdb_role)role, &rows[i].table), reads);
            assert_int_equal(kdb_role_may_write((kdb_role)role, &rows[i].table), writes);
            assert_int_equal(kdb_role_check_read((kdb_role)role, &ctx, &rows[i].table),
                             reads ? KDB_OK : KDB_ERR_PERMISSION_DENIED);
            assert_int_equal(kdb_role_check_write((kdb_role)role, &ctx, &rows[i].table),
                             writes ? KDB_OK : KDB_ERR_PERMISSION_DENIED);
            kdb_ctx_reset(&ctx);
        }
    }
    const struct kdb_table table = {.kind = KDB_TABLE_SHARED,
                                    .space = KDB_LIT("app"),
                                    .name = KDB_LIT("plans"),
                                    .access = KDB_ACCESS_PUBLIC};
    assert_int_equal(kdb_role_check_write(KDB_ROLE_USER, &ctx, &table), KDB_ERR_PERMISSION_DENIED);
    assert_string_equal(ctx.error.message,
                        "Access denied: role 'user' may not change app.plans. A SHARED table of "
                        "access level 'public' requires 'service', 'dba' or 'system' role");
    kdb_ctx_deinit(&ctx);
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
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_execute_as),
        cmocka_unit_test(test_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
