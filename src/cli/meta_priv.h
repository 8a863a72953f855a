// SPDX-License-Identifier: Apache-2.0
// Meta-commands: what begins with a backslash and never reaches the server as it is.
#ifndef KDB_CLI_META_PRIV_H
#define KDB_CLI_META_PRIV_H

#include "cli/session_priv.h"

// Runs one meta-command, a line with its backslash, a semicolon at its end left out.
enum cli_outcome cli_meta_run(struct cli_session *session, kdb_slice line);

// Appends the list that \? prints.
void cli_meta_help(struct kdb_buf *out);

#endif
