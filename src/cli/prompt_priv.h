// SPDX-License-Identifier: Apache-2.0
// The prompt: lines edited and remembered with libedit, gathered until a statement is complete.
#ifndef KDB_CLI_PROMPT_PRIV_H
#define KDB_CLI_PROMPT_PRIV_H

#include "cli/session_priv.h"

// Reads and runs what is typed until \q or the end of input. `history_path` is where lines are kept
// from run to run, in a folder that is made when it is missing; NULL: nowhere.
void cli_prompt_run(struct cli_session *session, const char *history_path);

// Whether a statement may be kept in the history: not when it names a password, a secret, a token,
// a bearer or credentials.
bool cli_may_remember(kdb_slice text);

#endif
