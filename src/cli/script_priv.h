// SPDX-License-Identifier: Apache-2.0
// Statements from a file or a pipe, one at a time, in bounded memory.
#ifndef KDB_CLI_SCRIPT_PRIV_H
#define KDB_CLI_SCRIPT_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"
#include "cli/split_priv.h"

// The longest statement of a script. The server's own limit is far below.
#define CLI_STATEMENT_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct cli_script {
    int fd;
    bool owns_fd;
    bool is_at_end;           // of the file
    char *name;               // for messages
    struct kdb_buf text;      // read
    size_t at;                // used up
    size_t line;              // of text[at], from 1
    struct cli_script *below; // the script that included this one
};

// Opens a file; "-" is standard input. NOT_FOUND or IO with the system's words.
KDB_NODISCARD kdb_status cli_script_open(struct kdb_ctx *ctx, kdb_slice path,
                                         struct cli_script **ret_script);

// Closes the file and frees the script, not the one below. Accepts NULL.
void cli_script_close(struct cli_script *script);

// The next statement or meta-command and the line it begins in; its text lives until the next call.
// CLI_SPLIT_END behind the last one. IO when the file cannot be read, LIMIT_EXCEEDED for a
// statement that is too long.
KDB_NODISCARD kdb_status cli_script_next(struct cli_script *script, struct kdb_ctx *ctx,
                                         enum cli_split *ret_kind, kdb_slice *ret_text,
                                         size_t *ret_line);

#endif
