// SPDX-License-Identifier: Apache-2.0
// A live query's rows and changes as lines.
#ifndef KDB_CLI_FORMAT_CHANGE_PRIV_H
#define KDB_CLI_FORMAT_CHANGE_PRIV_H

#include "cli/print_priv.h"

// The columns of a live query; zeroed memory has none.
struct cli_change_columns {
    struct kdb_arena arena;
    struct cli_change_column *columns; // in the arena
    size_t count;
};

// Frees the columns.
void cli_change_columns_deinit(struct cli_change_columns *columns);

// Takes the columns from the schema that acknowledges a subscription, and prints CSV's header,
// once: later calls do nothing.
void cli_print_change_head(struct cli_out *out, struct cli_change_columns *columns,
                           const struct kdb_json *schema);

// A line for the row, an object: "+ insert  id=7  body=new", or CSV. A table's line has the members
// of the row; CSV has all columns, those that the row lacks are null. `kind` is initial, insert,
// update or delete.
void cli_print_change(struct cli_out *out, const struct cli_change_columns *columns, kdb_slice kind,
                      const struct kdb_json *row);

#endif
