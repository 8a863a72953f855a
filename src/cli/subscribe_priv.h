// SPDX-License-Identifier: Apache-2.0
// A live query that is printed as it changes.
#ifndef KDB_CLI_SUBSCRIBE_PRIV_H
#define KDB_CLI_SUBSCRIBE_PRIV_H

#include "cli/session_priv.h"

// As many initial rows as the query has, or as its own OPTIONS say.
#define CLI_ALL_ROWS (-1)

// Prints the rows of what SUBSCRIBE TO accepts, then every change, until the server refuses the
// query or ends it, the output takes no more, or the statement is interrupted, which is DONE. A
// connection that is lost later than at the beginning is opened again, and the query goes on
// behind the greatest _seq printed.
enum cli_outcome cli_subscribe(struct cli_session *session, kdb_slice query, int64_t last_rows);

#endif
