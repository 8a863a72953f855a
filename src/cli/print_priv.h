// SPDX-License-Identifier: Apache-2.0
// Results on the way to standard output, in the three formats, and messages to standard error.
//
// Table is for eyes: nothing from the server reaches the terminal but visible characters. CSV and
// JSON are for programs: values go out whole and unchanged.
#ifndef KDB_CLI_PRINT_PRIV_H
#define KDB_CLI_PRINT_PRIV_H

#include <stdio.h>

#include "base/buf.h"
#include "client/results.h"

enum cli_format { CLI_FORMAT_TABLE, CLI_FORMAT_CSV, CLI_FORMAT_JSON };

// Where output goes.
struct cli_out {
    FILE *results;       // standard output
    FILE *messages;      // standard error
    struct kdb_buf text; // not written to `results` yet
    enum cli_format format;
    bool has_color;         // `results` is a terminal that shows colours
    bool has_message_color; // so is `messages`
};

// "table", "csv", "json"; false for any other name.
bool cli_format_of(kdb_slice name, enum cli_format *ret_format);

// The name of a format; static storage.
const char *cli_format_name(enum cli_format format);

// Frees the buffer.
void cli_out_deinit(struct cli_out *out);

// Writes what is gathered. False when standard output takes no more.
bool cli_out_flush(struct cli_out *out);

// Prints a successful answer: a table, CSV with a header, or the results array for each statement;
// the messages of statements without rows. CORRUPT when a row is malformed; CANCELLED when the ctx
// is cancelled meanwhile: the rest is not printed.
KDB_NODISCARD kdb_status cli_print_results(struct cli_out *out, struct kdb_ctx *ctx,
                                           const struct kdb_results *results);

// "ERROR CODE: message" and the details, if any, to standard error, after all results so far.
void cli_print_error(struct cli_out *out, kdb_slice code, kdb_slice message, kdb_slice details);

// A line about kalam itself to standard error, after all results so far.
void cli_print_notice(struct cli_out *out, kdb_slice text);

// A line for the person at the terminal: among the results in table format, else to standard error.
void cli_print_line(struct cli_out *out, kdb_slice line);

#endif
