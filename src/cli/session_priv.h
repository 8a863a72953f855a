// SPDX-License-Identifier: Apache-2.0
// What kalam knows while it runs: the connection, the settings that meta-commands change, the
// scripts being read.
//
// One thread. Everything that happens is printed here and comes back as an outcome, which main
// turns into the exit code.
#ifndef KDB_CLI_SESSION_PRIV_H
#define KDB_CLI_SESSION_PRIV_H

#include "cli/print_priv.h"
#include "cli/script_priv.h"
#include "client/client.h"

// The exit codes of kalam.
enum cli_outcome {
    CLI_DONE = 0,
    CLI_FAILED = 1, // a statement, or a meta-command
    CLI_MISUSED = 2,
    CLI_LOST = 3, // no connection, or not signed in
};

struct cli_session {
    struct kdb_client *client;
    struct kdb_ctx ctx; // of the current statement
    struct cli_out out;
    kdb_slice url;              // as it was given
    struct kdb_buf space;       // namespace of unqualified names, empty: the server's default
    struct cli_script *scripts; // innermost first
    size_t script_count;
    bool shows_time;
    bool continues; // behind a failed statement of a script
    bool is_quit;   // \q was given
    int retry_ms;   // between two attempts to reach a server that was lost
};

// Prepares a session that prints to these streams. The client is set by the caller and closed with
// the session.
void cli_session_init(struct cli_session *session, FILE *results, FILE *messages);

// Closes scripts and client, frees everything.
void cli_session_deinit(struct cli_session *session);

// The namespace that unqualified names mean.
void cli_session_set_space(struct cli_session *session, kdb_slice space);

// Prints the session ctx's error as a failure of the client and returns what it means for the run.
enum cli_outcome cli_session_fail(struct cli_session *session);

// Whether the current statement, or the printing of its answer, was interrupted.
bool cli_session_is_interrupted(const struct cli_session *session);

// Prints the error of an answer that is no success and returns what it means for the run.
enum cli_outcome cli_session_refused(struct cli_session *session, const struct kdb_reply *reply,
                                     const struct kdb_results *results);

// Sends SQL, with the text of a JSON array of parameters or the null slice, and prints the answer.
// USE as the only statement changes the session's namespace.
enum cli_outcome cli_session_query(struct cli_session *session, kdb_slice sql, kdb_slice params);
// The same for what must have rows: none is a failure with this message.
enum cli_outcome cli_session_look_up(struct cli_session *session, kdb_slice sql, kdb_slice params,
                                     kdb_slice if_empty);

// Runs one piece of input: SQL, or a meta-command (meta.c), which begins with a backslash.
enum cli_outcome cli_session_run(struct cli_session *session, kdb_slice text);

// Makes a script the next one to be read; the session owns it from then on. FAILED when scripts
// include each other too deeply.
enum cli_outcome cli_session_include(struct cli_session *session, struct cli_script *script);

// Runs the scripts to their end: to the first failure unless the session continues behind it. A
// lost connection and an interrupt end them in any case.
enum cli_outcome cli_session_run_scripts(struct cli_session *session);

#endif
