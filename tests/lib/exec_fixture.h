// SPDX-License-Identifier: Apache-2.0
// SQL in one process: every part below the network, statements as a user of some role, results as
// text. Link with exec.
//
//     struct exec_fixture *db = exec_fixture_open(NULL);
//     exec_fixture_ok(db, "root", KDB_ROLE_SYSTEM, "CREATE NAMESPACE app");
//     const struct exec_result *rows = exec_fixture_run(db, "alice", KDB_ROLE_USER, "SELECT ...");
//     assert_string_equal(rows->text, "1|buy tea\n");
//     exec_fixture_close(db);
//
// A statement runs as in the server: first as an event loop would (nothing that waits), and when
// that is refused, as a worker. Results live until the fixture is closed.
#ifndef KDB_TESTS_LIB_EXEC_FIXTURE_H
#define KDB_TESTS_LIB_EXEC_FIXTURE_H

#include <stdatomic.h>

#include "auth/password.h"
#include "exec/exec.h"
#include "exec/system_tables.h"
#include "plan/plan_cache.h"

// What a fixture is made of; zeroed: a store in memory, a clock that stands still, no jobs.
struct exec_fixture_options {
    bool has_rocksdb;        // the store is RocksDB in the fixture's folder
    bool has_clock;          // the machine's clock instead of the one in the fixture
    bool has_jobs;           // background jobs run
    const char *folder;      // an existing data folder to open again; NULL: a fresh one
    kdb_slice root_password; // configured for root, may be null
};

struct exec_fixture {
    struct exec_fixture_options options;
    struct kdb_exec_services services;
    struct kdb_engine_connection *connection; // opened at first need
    struct kdb_plan_cache *plans;
    struct kdb_ctx ctx;       // of the statement that runs; its error after a failure
    struct kdb_arena results; // everything handed out
    char *folder;             // data folder, absolute
    bool owns_folder;         // it is removed at close
    const char *space;        // default namespace of the next statements; USE changes it
    bool forces_engine;       // the engine path where the row path would do
    struct kdb_clock clock;
    _Atomic int64_t now_us; // what the clock shows: 2026-05-04 10:00:00 at first
    struct kdb_snowflake ids;
    struct kdb_id_source id_source;
    struct kdb_password_policy passwords;
    struct kdb_system_tables system;
    const char *roots[1];
};

// One statement's outcome. Texts have a NUL behind them.
struct exec_result {
    kdb_status status;
    const char *error; // message of a failure, else ""
    int position;      // where in the text it points, 0: nowhere
    bool has_rows;
    const char *message; // of a statement without rows, else ""
    uint64_t affected;
    size_t column_count;
    const char **columns; // names
    const char **types;   // as SQL spells them
    size_t row_count;
    const char **cells; // row after row; NULL is "NULL"
    const char *text;   // rows: cells joined by '|', each row ended by '\n'
};

// Opens everything and makes what a first start makes; `options` may be NULL. Failures end the
// test.
struct exec_fixture *exec_fixture_open(const struct exec_fixture_options *options);

// Closes everything. Accepts NULL.
void exec_fixture_close(struct exec_fixture *fixture);

// As exec_fixture_close, but the data folder stays; its path, to be opened again and at last given
// to kdb_test_folder_destroy.
char *exec_fixture_close_keeping(struct exec_fixture *fixture);

// Runs the statements of `sql` (separated by semicolons) in order up to the first failure; the
// outcome of the last one that ran.
const struct exec_result *exec_fixture_run(struct exec_fixture *fixture, const char *user,
                                           kdb_role role, const char *sql);

// The same with parameters $1, ….
const struct exec_result *exec_fixture_run_params(struct exec_fixture *fixture, const char *user,
                                                  kdb_role role, const char *sql,
                                                  const struct kdb_param *params, size_t count);

// Runs and fails the test unless all statements succeed.
const struct exec_result *exec_fixture_ok(struct exec_fixture *fixture, const char *user,
                                          kdb_role role, const char *sql);

// As exec_fixture_ok by root, when only the effect matters.
void exec_fixture_setup(struct exec_fixture *fixture, const char *sql);

// Fails the test unless the last statement succeeds with exactly this message, or these rows.
void exec_fixture_expect_message(struct exec_fixture *fixture, const char *user, kdb_role role,
                                 const char *sql, const char *message);
// As above.
void exec_fixture_expect_rows(struct exec_fixture *fixture, const char *user, kdb_role role,
                              const char *sql, const char *text);

// Fails the test unless a statement fails with this status and a message that contains `part`.
void exec_fixture_expect_error(struct exec_fixture *fixture, const char *user, kdb_role role,
                               const char *sql, kdb_status status, const char *part);

// One statement to be run by hand, in the middle of another one or step by step: `exec` is filled,
// on a worker, with a ctx of its own.
struct exec_statement {
    struct kdb_ctx ctx;
    struct kdb_catalog_snapshot *snapshot;
    struct kdb_plan *plan;
    struct kdb_exec exec;
};

// Plans the statement for a user of role user; end it with exec_fixture_end.
void exec_fixture_begin(struct exec_fixture *fixture, const char *user, const char *sql,
                        struct exec_statement *ret);

// Gives back what the statement holds.
void exec_fixture_end(struct exec_statement *statement);

// The cell of a row and a column by name; fails the test when there is no such thing.
const char *exec_fixture_cell(const struct exec_result *result, size_t row, const char *column);

// Waits until every job has ended (with has_jobs).
void exec_fixture_wait_jobs(struct exec_fixture *fixture);

// Moves all hot rows of a table ("ns.t") to Parquet (with has_jobs): STORAGE FLUSH, and the wait
// for its end.
void exec_fixture_flush(struct exec_fixture *fixture, const char *table);

#endif
