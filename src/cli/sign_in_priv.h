// SPDX-License-Identifier: Apache-2.0
// From what the options say about the user to a client that is signed in.
#ifndef KDB_CLI_SIGN_IN_PRIV_H
#define KDB_CLI_SIGN_IN_PRIV_H

#include "cli/options_priv.h"
#include "cli/session_priv.h"

// Signs the session's client in: with the token, or with user and password from the options, the
// environment, the file, or the terminal. Prints what went wrong.
enum cli_outcome cli_sign_in(struct cli_session *session, const struct cli_options *options);

// First-run setup: an administrator and the password of root, from the options or the terminal.
enum cli_outcome cli_set_up(struct cli_session *session, const struct cli_options *options);

#endif
