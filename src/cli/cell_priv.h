// SPDX-License-Identifier: Apache-2.0
// One value as a person reads it: the text of a cell, and what of a text a terminal may see.
#ifndef KDB_CLI_CELL_PRIV_H
#define KDB_CLI_CELL_PRIV_H

#include "base/buf.h"
#include "base/json_read.h"

// How a column's values are written.
enum cli_cell_kind {
    CLI_CELL_TEXT,
    CLI_CELL_NUMBER, // right-aligned
    CLI_CELL_TIMESTAMP,
    CLI_CELL_DATETIME,
    CLI_CELL_DATE,
    CLI_CELL_TIME,
    CLI_CELL_BYTES,
};

// The kind for a schema's data_type; text for a type that is not known.
enum cli_cell_kind cli_cell_kind_of(kdb_slice type);

// Appends the text of a value that is not null: "2026-05-04 10:00:00.5" for a timestamp's
// microseconds, \x00ff for bytes, other values as they were sent. A value that does not fit its
// type is written as it was sent.
void cli_cell_write(const struct kdb_json *cell, enum cli_cell_kind kind, struct kdb_buf *out);

// Appends text from outside so that a terminal only prints it: control characters, the marks that
// turn the writing direction, and bytes that are no UTF-8 become escapes such as \n and \x1b.
// Returns the columns it takes on a screen.
size_t cli_put_visible(kdb_slice text, struct kdb_buf *out);

#endif
