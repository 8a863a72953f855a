// SPDX-License-Identifier: Apache-2.0
// What the command line and the environment ask for.
#ifndef KDB_CLI_OPTIONS_PRIV_H
#define KDB_CLI_OPTIONS_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"
#include "cli/print_priv.h"

// Reads a variable of the environment: the system's, or a test's. NULL when it is not set.
typedef const char *(*cli_environment)(const char *name);

// Null slices where nothing was said. Everything points into the arguments, the environment or the
// ctx arena.
struct cli_options {
    kdb_slice url;
    kdb_slice ca_file; // of whom to trust
    kdb_slice user;
    kdb_slice password;      // of KALAM_PASSWORD; never of the command line
    kdb_slice root_password; // of KALAM_ROOT_PASSWORD
    kdb_slice password_file;
    kdb_slice token;
    kdb_slice command;   // SQL or one meta-command
    kdb_slice file;      // path, "-" is standard input
    kdb_slice space;     // namespace
    kdb_slice subscribe; // what SUBSCRIBE TO accepts
    int64_t last_rows;   // of it; CLI_ALL_ROWS
    enum cli_format format;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
    bool asks_password; // even if there is another source
    bool has_color;     // as far as the options say
    bool continues;     // behind a statement that failed
    bool is_setup;
    bool is_help;
    bool is_version;
};

// Reads the arguments behind the program's name. INVALID_INPUT says what is wrong with them.
KDB_NODISCARD kdb_status cli_options_read(struct kdb_ctx *ctx, int count, char *const *arguments,
                                          cli_environment environment,
                                          struct cli_options *ret_options);

// Appends what --help prints: every option, variable and exit code.
void cli_options_help(struct kdb_buf *out);

#endif
