// SPDX-License-Identifier: Apache-2.0
// Users; and that no error shows a password.
#include "lib/sql_fixture.h"

#include <string.h>

#include "lib/test.h"

static void test_users(void **state)
{
    (void)state;
    static const struct test_tree trees[] = {
        {"CREATE USER bob WITH PASSWORD 'it''s' ROLE user",
         "(create-user bob auth:p password:it's role:user)"},
        {"create user 'Bob B' with password 'x' role 'Dba' email 'b@x'",
         "(create-user Bob B auth:p password:x role:Dba email:b@x)"},
        {"CREATE USER Bob-1 ROLE Service PASSWORD 'x'",
         "(create-user Bob-1 auth:p password:x role:service)"},
        {"CREATE USER \"b\" WITH OAUTH '{\"provider\":\"p\"}' ROLE user",
         "(create-user b auth:o oauth:{\"provider\":\"p\"} role:user)"},
        {"CREATE USER b WITH OAUTH ROLE user", "(create-user b auth:o role:user)"},
        {"CREATE USER b WITH INTERNAL ROLE system", "(create-user b auth:i role:system)"},
        {"CREATE USER b", "(create-user b)"},
        {"ALTER USER b SET PASSWORD 'new'", "(alter-user b auth:p password:new)"},
        {"ALTER USER b SET ROLE dba", "(alter-user b role:dba)"},
        {"ALTER USER b SET EMAIL 'x@y' SET ROLE = user", "(alter-user b role:user email:x@y)"},
        {"DROP USER b", "(drop-user b)"},
        {"DROP USER IF EXISTS 'o''neil' CASCADE", "(drop-user o'neil if)"},
    };
    TEST_TREES(trees);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct test_refusal refusals[] = {
        {"CREATE USER", "syntax error at end of input", 12},
        {"CREATE USER ''", "the id must not be empty", 13},
        {"CREATE USER b FOO", "syntax error at or near \"FOO\"", 15},
        {"CREATE USER b WITH ROLE user", "syntax error at or near \"ROLE\"", 20},
        {"CREATE USER b OWNER_ID 'x'", "syntax error at or near \"OWNER_ID\"", 15},
        {"CREATE USER b ROLE user ROLE dba", "the clause is given twice", 30},
        {"CREATE USER b WITH INTERNAL WITH OAUTH",
         "a user signs in by one of PASSWORD, OAUTH, INTERNAL", 39},
        {"ALTER USER b", "syntax error at end of input", 13},
        {"ALTER USER b ROLE dba", "syntax error at or near \"ROLE\"", 14},
        {"ALTER USER b SET NAME 'x'", "syntax error at or near \"NAME\"", 18},
        {"DROP USER", "syntax error at end of input", 10},
        {"DROP USER b 'x'", "syntax error at or near \"'x'\"", 13},
    };
    TEST_REFUSALS(refusals);
}

// Whatever is wrong around it, the password is in no message.
static void test_passwords_stay_secret(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "CREATE USER b WITH PASSWORD secret",
        "CREATE USER b WITH PASSWORD secret ROLE user",
        "CREATE USER b WITH PASSWORD \"secret\"",
        "CREATE USER b WITH PASSWORD E'secret'",
        "CREATE USER b WITH PASSWORD 'secret' 'secret'",
        "CREATE USER b WITH PASSWORD 'a'secret",
        "CREATE USER b WITH PASSWORD 'a' secret 'b'",
        "CREATE USER b WITH PASSWORD 'x' PASSWORD 'secret'",
        "CREATE USER b WITH PASSWORD = secret",
        "CREATE USER b PASSWORD 'x' EMAIL secret",
        "ALTER USER b SET PASSWORD secret",
        "ALTER USER b SET PASSWORD 'x' secret",
        "ALTER USER b SET PASSWORD (secret)",
        "CREATE USER b WITH OAUTH 'x' 'secret'",
        "EXECUTE AS USER 'a' (ALTER USER b SET PASSWORD secret)",
        "EXPLAIN ALTER USER b SET PASSWORD secret",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kdb_statement statement;
        const struct kdb_scanned *scanned = test_sql_scan(texts[i]);
        assert_int_not_equal(kdb_sql_parse(scanned, test_sql_ctx(), &statement), KDB_OK);
        if (strstr(test_sql_ctx()->error.message, "secret"))
            fail_msg("%s: %s", texts[i], test_sql_ctx()->error.message);
    }
    test_sql_refused("CREATE USER b WITH PASSWORD secret", KDB_ERR_INVALID_SQL,
                     "a password stands in single quotes", 29);
    test_sql_refused("CREATE USER b WITH PASSWORD 'x' secret", KDB_ERR_INVALID_SQL,
                     "syntax error in the statement", 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_passwords_stay_secret),
    };
    return cmocka_run_group_tests(tests, test_sql_setup, test_sql_teardown);
}
