// SPDX-License-Identifier: Apache-2.0
// What a reply to SQL says: the results of its statements, or one error.
//
// Only the envelope is taken apart at once. Rows stay text and are read one at a time, so that a
// large result costs its bytes and the memory of one row, not a tree of all of it. Everything
// borrows the reply's body, which must live as long; what had to be unescaped is in the ctx arena.
// Pure functions; any thread.
#ifndef KDB_CLIENT_RESULTS_H
#define KDB_CLIENT_RESULTS_H

#include "client/client.h"

struct kdb_result_column {
    kdb_slice name;
    kdb_slice type;      // "BigInt", "Text", …; "Decimal" and "Embedding" without their numbers
    bool is_primary_key; // flag "pk"
};

// One statement's result.
struct kdb_result {
    struct kdb_result_column *columns; // NULL when there are none
    uint32_t column_count;
    bool has_rows;     // there is a row list, maybe empty
    kdb_slice rows;    // its text: an array of arrays
    int64_t row_count; // rows listed, or rows changed
    kdb_slice message; // null slice: none
    kdb_slice as_user; // null slice: not said
};

struct kdb_results {
    bool is_success;
    kdb_slice code;    // of the error; the null slice when the answer was no SQL envelope
    kdb_slice message; // of the error
    kdb_slice details; // of the error, null slice: none
    kdb_slice text;    // the results array as it came, "[]" for an error
    struct kdb_result *items;
    size_t count;
};

// Reads a reply to a query. An error envelope, or any other refusal (a proxy's page, a full
// server), is a result with is_success false. CORRUPT for a success that is no SQL envelope.
KDB_NODISCARD kdb_status kdb_results_read(const struct kdb_reply *reply, struct kdb_ctx *ctx,
                                          struct kdb_results *ret_results);

// A walk over a result's rows.
struct kdb_row_walk {
    const char *at;
    const char *end;
    uint32_t column_count; // cells that each row must have
    int64_t index;         // rows read so far
};

// Before the first row.
struct kdb_row_walk kdb_result_rows(const struct kdb_result *result);

// The next row, a JSON array of as many cells as there are columns, or NULL behind the last one.
// Its tree is in the ctx arena, which the caller may reset between two rows. CORRUPT when it is
// none.
KDB_NODISCARD kdb_status kdb_row_walk_next(struct kdb_row_walk *walk, struct kdb_ctx *ctx,
                                           const struct kdb_json **ret_row);

#endif
