// SPDX-License-Identifier: Apache-2.0
// Passwords and names typed at the terminal, and passwords from files. Nothing echoes a secret.
#ifndef KDB_CLI_SECRET_PRIV_H
#define KDB_CLI_SECRET_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"

// The longest line that is taken for a password or a name.
#define CLI_SECRET_BYTES_MAX ((size_t)1024)

// Empties a buffer that held a secret and leaves no copy of it.
void cli_wipe(struct kdb_buf *secret);

// Asks at a terminal, without echo. Backspace and Ctrl-U correct; Ctrl-C gives CANCELLED, and the
// terminal is as before in every case. IO when `terminal` is none.
KDB_NODISCARD kdb_status cli_ask_secret(struct kdb_ctx *ctx, int terminal, const char *prompt,
                                        struct kdb_buf *ret_secret);

// Asks twice until both are the same, three times at most.
KDB_NODISCARD kdb_status cli_ask_new_secret(struct kdb_ctx *ctx, int terminal, const char *prompt,
                                            struct kdb_buf *ret_secret);

// Asks for a line that may be seen, blanks at its ends removed.
KDB_NODISCARD kdb_status cli_ask_line(struct kdb_ctx *ctx, int terminal, const char *prompt,
                                      struct kdb_buf *ret_line);

// The first line of a file. `ret_is_exposed`: other users of the machine may read it.
KDB_NODISCARD kdb_status cli_read_secret_file(struct kdb_ctx *ctx, kdb_slice path,
                                              struct kdb_buf *ret_secret, bool *ret_is_exposed);

#endif
