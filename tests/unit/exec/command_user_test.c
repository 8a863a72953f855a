// SPDX-License-Identifier: Apache-2.0
// CREATE, ALTER and DROP USER: messages, passwords, who may change whom.
#include "unit/exec/exec_case.h"

static const struct kdb_user *find(const char *name, struct kdb_catalog_snapshot **ret_snapshot)
{
    *ret_snapshot = kdb_catalog_acquire(db->services.catalog);
    return kdb_catalog_user(*ret_snapshot, kdb_slice_cstr(name));
}

static bool signs_in(const char *name, const char *password)
{
    struct kdb_catalog_snapshot *snapshot;
    const struct kdb_user *user = find(name, &snapshot);
    bool matches =
        user && user->deleted_at_us == 0 &&
        kdb_password_matches(&db->passwords, user->password_hash, kdb_slice_cstr(password));
    kdb_catalog_release(snapshot);
    return matches;
}

static void creates(void **state)
{
    (void)state;
    root_says("CREATE USER bob WITH PASSWORD 'long enough' ROLE 'service' EMAIL 'bob@x.example'",
              "User 'bob' created");
    root_says("CREATE USER 'O''Neil' WITH PASSWORD 'long enough'", "User 'O'Neil' created");
    root_says("CREATE USER \"a:b\" WITH INTERNAL ROLE dba", "User 'a:b' created");
    root_says("CREATE USER ann WITH OAUTH '{\"provider\":\"p\",\"subject\":\"s\"}' ROLE viewer",
              "User 'ann' created");
    root_reads("SELECT user_id, role, email, auth_type, auth_data, password_hash, deleted_at FROM "
               "system.users ORDER BY user_id",
               "O'Neil|user|NULL|Password|NULL|***|NULL\n"
               "a:b|dba|NULL|Internal|NULL||NULL\n"
               "ann|user|NULL|OAuth|{\"provider\":\"p\",\"subject\":\"s\"}||NULL\n"
               "bob|service|bob@x.example|Password|NULL|***|NULL\n"
               "root|system|root@localhost|Internal|NULL||NULL\n");
    assert_true(signs_in("bob", "long enough"));
    assert_false(signs_in("bob", "Long enough"));
    assert_false(signs_in("a:b", ""));
    root_fails("CREATE USER bob WITH PASSWORD 'other password'", KDB_ERR_ALREADY_EXISTS,
               "user 'bob' already exists");
    assert_true(signs_in("bob", "long enough"));
}

static void roles_and_aliases(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"admin", "dba"},   {"DBA", "dba"},       {"developer", "service"}, {"analyst", "service"},
        {"viewer", "user"}, {"readonly", "user"}, {"'user'", "user"},       {"system", "system"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[160];
        (void)snprintf(sql, sizeof(sql),
                       "CREATE USER u%zu WITH INTERNAL ROLE %s; SELECT role FROM "
                       "system.users WHERE user_id = 'u%zu'",
                       i, cases[i][0], i);
        char rows[32];
        (void)snprintf(rows, sizeof(rows), "%s\n", cases[i][1]);
        root_reads(sql, rows);
    }
    root_fails("CREATE USER x WITH INTERNAL ROLE boss", KDB_ERR_INVALID_OPERATION,
               "unknown role 'boss'");
    root_fails("CREATE USER x WITH INTERNAL ROLE anonymous", KDB_ERR_INVALID_OPERATION,
               "unknown role 'anonymous'");
    dora_fails("CREATE USER x WITH INTERNAL ROLE system", KDB_ERR_PERMISSION_DENIED,
               "role 'dba' is not allowed to grant role 'system'");
    dora_says("CREATE USER x WITH INTERNAL ROLE dba", "User 'x' created");
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"'..'", "'a/b'", "'a\\b'", "'a..b'"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char sql[96];
        (void)snprintf(sql, sizeof(sql), "CREATE USER %s WITH PASSWORD 'long enough'", bad[i]);
        root_fails(sql, KDB_ERR_INVALID_OPERATION, "a user id has 1 to 128 bytes");
    }
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "CREATE USER '%0129d' WITH INTERNAL", 7);
    root_fails(sql, KDB_ERR_INVALID_OPERATION, "1 to 128 bytes");
    (void)snprintf(sql, sizeof(sql), "CREATE USER '%0128d' WITH INTERNAL", 7);
    (void)exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, sql);
    root_fails("CREATE USER x", KDB_ERR_INVALID_OPERATION, "CREATE USER needs WITH PASSWORD");
    root_fails("CREATE USER x ROLE user", KDB_ERR_INVALID_OPERATION, "needs WITH PASSWORD");
    static const char *const oauth[] = {"",
                                        "'{}'",
                                        "'{\"provider\":\"p\"}'",
                                        "'{\"provider\":\"p\",\"subject\":\"\"}'",
                                        "'{\"provider\":1,\"subject\":\"s\"}'",
                                        "'no json'",
                                        "'[\"provider\",\"subject\"]'"};
    for (size_t i = 0; i < sizeof(oauth) / sizeof(oauth[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "CREATE USER x WITH OAUTH %s", oauth[i]);
        root_fails(sql, KDB_ERR_INVALID_OPERATION, "JSON object with provider and subject");
    }
    root_fails("CREATE USER x WITH INTERNAL EMAIL ''", KDB_ERR_INVALID_OPERATION, "e-mail");
    root_reads("SELECT COUNT(*) FROM system.users", "2\n");
}

static void password_policy(void **state)
{
    (void)state;
    root_fails("CREATE USER x WITH PASSWORD 'short'", KDB_ERR_INVALID_VALUE,
               "password must have at least 8 bytes");
    char sql[400];
    (void)snprintf(sql, sizeof(sql), "CREATE USER x WITH PASSWORD '%0257d'", 7);
    root_fails(sql, KDB_ERR_INVALID_VALUE, "password must have at most 256 bytes");
    (void)snprintf(sql, sizeof(sql), "CREATE USER x WITH PASSWORD '%0256d'", 7);
    root_says(sql, "User 'x' created");
    db->passwords.needs_variety = true;
    root_fails("ALTER USER x SET PASSWORD 'lower case 1!'", KDB_ERR_INVALID_VALUE, "uppercase");
    root_fails("ALTER USER x SET PASSWORD 'UPPER CASE 1!'", KDB_ERR_INVALID_VALUE, "lowercase");
    root_fails("ALTER USER x SET PASSWORD 'Mixed case !'", KDB_ERR_INVALID_VALUE, "digit");
    root_fails("CREATE USER y WITH PASSWORD 'Mixedcase1'", KDB_ERR_INVALID_VALUE,
               "special character");
    root_says("ALTER USER x SET PASSWORD 'Mixed case 1!'", "User 'x' updated");
    assert_true(signs_in("x", "Mixed case 1!"));
}

static void alters(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER bob WITH PASSWORD 'long enough' EMAIL 'a@x'");
    root_says("ALTER USER bob SET PASSWORD 'another one'", "User 'bob' updated");
    assert_true(signs_in("bob", "another one"));
    root_says("ALTER USER bob SET ROLE dba SET EMAIL 'b@x'", "User 'bob' updated");
    root_reads("SELECT role, email, auth_type FROM system.users WHERE user_id = 'bob'",
               "dba|b@x|Password\n");
    assert_true(signs_in("bob", "another one"));
    root_fails("ALTER USER nobody SET EMAIL 'x'", KDB_ERR_NOT_FOUND,
               "user 'nobody' does not exist");
    root_fails("ALTER USER bob SET ROLE boss", KDB_ERR_INVALID_OPERATION, "unknown role");
    exec_fixture_setup(db, "CREATE USER ann WITH OAUTH '{\"provider\":\"p\",\"subject\":\"s\"}'");
    root_fails("ALTER USER ann SET PASSWORD 'long enough'", KDB_ERR_INVALID_OPERATION,
               "signs in with OAuth and has no password");
}

static void people_change_themselves(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER alice WITH PASSWORD 'long enough';"
                           "CREATE USER bob WITH PASSWORD 'long enough';"
                           "CREATE USER dora WITH PASSWORD 'long enough' ROLE dba");
    alice_says("ALTER USER alice SET PASSWORD 'my own choice'", "User 'alice' updated");
    assert_true(signs_in("alice", "my own choice"));
    alice_says("ALTER USER alice SET EMAIL 'alice@x'", "User 'alice' updated");
    alice_fails("ALTER USER alice SET ROLE dba", KDB_ERR_PERMISSION_DENIED,
                "nobody is allowed to change their own role");
    alice_fails("ALTER USER alice SET EMAIL 'x' SET ROLE dba", KDB_ERR_PERMISSION_DENIED, "role");
    alice_fails("ALTER USER bob SET PASSWORD 'long enough'", KDB_ERR_PERMISSION_DENIED,
                "only allowed to change its own password and e-mail");
    // Whether somebody exists is not told.
    alice_fails("ALTER USER nobody SET PASSWORD 'long enough'", KDB_ERR_PERMISSION_DENIED,
                "only allowed to change its own");
    dora_fails("ALTER USER dora SET ROLE system", KDB_ERR_PERMISSION_DENIED, "their own role");
    dora_fails("ALTER USER dora SET ROLE user", KDB_ERR_PERMISSION_DENIED, "their own role");
    dora_fails("DROP USER dora", KDB_ERR_INVALID_OPERATION, "nobody can drop themselves");
    // Acting as somebody is not being them.
    exec_fixture_expect_error(
        db, "sven", KDB_ROLE_SERVICE,
        "EXECUTE AS USER 'alice' (ALTER USER alice SET PASSWORD 'taken over')",
        KDB_ERR_PERMISSION_DENIED, "own password");
    assert_true(signs_in("alice", "my own choice"));
    root_reads("SELECT role, email FROM system.users WHERE user_id = 'alice'", "user|alice@x\n");
}

static void a_dba_does_not_become_system(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER sys2 WITH PASSWORD 'long enough' ROLE system;"
                           "CREATE USER bob WITH PASSWORD 'long enough'");
    dora_fails("ALTER USER root SET PASSWORD 'taken over'", KDB_ERR_PERMISSION_DENIED,
               "role 'dba' is not allowed to change user 'root' of role 'system'");
    dora_fails("ALTER USER sys2 SET PASSWORD 'taken over'", KDB_ERR_PERMISSION_DENIED, "sys2");
    dora_fails("ALTER USER sys2 SET ROLE user", KDB_ERR_PERMISSION_DENIED, "sys2");
    dora_fails("ALTER USER bob SET ROLE system", KDB_ERR_PERMISSION_DENIED, "grant role 'system'");
    dora_fails("DROP USER sys2", KDB_ERR_PERMISSION_DENIED, "sys2");
    dora_says("ALTER USER bob SET ROLE dba", "User 'bob' updated");
    assert_false(signs_in("root", "taken over"));
}

static void root_stays(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER sys2 WITH PASSWORD 'long enough' ROLE system");
    exec_fixture_expect_error(db, "sys2", KDB_ROLE_SYSTEM, "DROP USER root",
                              KDB_ERR_INVALID_OPERATION, "root cannot be dropped");
    exec_fixture_expect_error(db, "sys2", KDB_ROLE_SYSTEM, "ALTER USER root SET ROLE user",
                              KDB_ERR_INVALID_OPERATION, "root keeps its role");
    root_fails("ALTER USER root SET ROLE user", KDB_ERR_PERMISSION_DENIED, "their own role");
    root_fails("CREATE USER root WITH PASSWORD 'long enough'", KDB_ERR_ALREADY_EXISTS,
               "already exists");
    root_says("ALTER USER root SET PASSWORD 'long enough'", "User 'root' updated");
    assert_true(signs_in("root", "long enough"));
}

static void drops_softly(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER bob WITH PASSWORD 'long enough'");
    root_says("DROP USER bob", "User 'bob' dropped (soft delete)");
    assert_false(signs_in("bob", "long enough"));
    root_reads("SELECT user_id, deleted_at IS NOT NULL FROM system.users WHERE user_id = 'bob'",
               "bob|true\n");
    root_fails("DROP USER bob", KDB_ERR_NOT_FOUND, "user 'bob' does not exist");
    root_says("DROP USER IF EXISTS bob", "User 'bob' does not exist (skipped)");
    root_says("DROP USER IF EXISTS nobody CASCADE", "User 'nobody' does not exist (skipped)");
    root_fails("ALTER USER bob SET PASSWORD 'long enough'", KDB_ERR_NOT_FOUND, "does not exist");
    root_fails("CREATE USER bob WITH PASSWORD 'long enough'", KDB_ERR_ALREADY_EXISTS,
               "user 'bob' already exists");
}

static void a_failed_commit_changes_nobody(void **state)
{
    (void)state;
    exec_fixture_setup(db, "CREATE USER bob WITH PASSWORD 'long enough'");
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_ERR_DISK_FULL);
    root_fails("ALTER USER bob SET PASSWORD 'another one'", KDB_ERR_DISK_FULL, "disk is full");
    root_fails("CREATE USER x WITH INTERNAL", KDB_ERR_DISK_FULL, "disk is full");
    root_fails("DROP USER bob", KDB_ERR_DISK_FULL, "disk is full");
    kdb_store_mem_fail_commits(db->services.store, 0, KDB_OK);
    assert_true(signs_in("bob", "long enough"));
    root_reads("SELECT COUNT(*) FROM system.users", "2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(creates),
        CASE(roles_and_aliases),
        CASE(refuses),
        CASE(password_policy),
        CASE(alters),
        CASE(people_change_themselves),
        CASE(a_dba_does_not_become_system),
        CASE(root_stays),
        CASE(drops_softly),
        CASE(a_failed_commit_changes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
