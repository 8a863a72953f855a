// SPDX-License-Identifier: Apache-2.0
// The two formats that lay out a result's rows themselves, and what other printing shares with
// them.
#ifndef KDB_CLI_FORMAT_PRIV_H
#define KDB_CLI_FORMAT_PRIV_H

#include "cli/print_priv.h"

// Appends an aligned table and the line "(N rows)". The rows are read twice: once for the widths,
// once to print. CORRUPT when a row is malformed, CANCELLED when the ctx is.
KDB_NODISCARD kdb_status cli_print_table(struct cli_out *out, struct kdb_ctx *ctx,
                                         const struct kdb_result *result);

// Appends a header line and a line for each row: RFC 4180, but LF at line ends. NULL is an empty
// field, an empty text is "". CORRUPT when a row is malformed, CANCELLED when the ctx is.
KDB_NODISCARD kdb_status cli_print_csv(struct cli_out *out, struct kdb_ctx *ctx,
                                       const struct kdb_result *result);

// A field of CSV, in quotes where it needs them. An empty text is "".
void cli_csv_field(struct kdb_buf *out, kdb_slice text);

// Called after each row: writes what is gathered when it is enough.
void cli_row_done(struct cli_out *out);

// CANCELLED when the ctx is: what is gathered is dropped.
KDB_NODISCARD kdb_status cli_may_go_on(struct cli_out *out, struct kdb_ctx *ctx);

#endif
