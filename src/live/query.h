// SPDX-License-Identifier: Apache-2.0
// The query of a subscription: SELECT columns FROM namespace.table [WHERE filter], bound to a
// caller.
//
// It is the row path's own plan: the same compiled filter that serves SELECT decides about every
// change. What a change alone cannot decide is refused when the client subscribes: other clauses,
// filters that depend on the time, functions only the engine has. Immutable and counted; of equal
// subscriptions an event loop evaluates one.
//
// As JSON a row is an object, keyed by column: the columns asked for, then _seq and, for SELECT *,
// _updated and _deleted (contract: WebSocket, server messages).
#ifndef KDB_LIVE_QUERY_H
#define KDB_LIVE_QUERY_H

#include "catalog/catalog.h"
#include "plan/plan_cache.h"

// A column of the rows that are sent.
struct kdb_live_column {
    kdb_slice label;       // "name": with quotes and colon, as JSON
    struct kdb_expr *expr; // over the row
    bool is_key;           // the primary key
};

struct kdb_live_query {
    atomic_uint references;
    struct kdb_ctx memory; // its arena owns what is below
    struct kdb_plan *plan; // referenced; its one table too
    struct kdb_table *table;
    const struct kdb_expr *filter; // NULL: all rows
    const kdb_value *inputs;
    kdb_slice sql;  // with the table's namespace
    kdb_slice user; // the caller: whose rows of a USER table, and CURRENT_USER()
    kdb_role role;
    bool uses_session;               // filter or columns depend on who the caller is
    bool is_whole;                   // SELECT *: rows show the system columns
    bool has_key;                    // the primary key is among the columns
    struct kdb_live_column *columns; // without system columns
    size_t column_count;
    // What is sent of a row, where that is columns alone: queries of one table with equal ones send
    // the same bytes. Null: only this query sends it.
    kdb_slice projection;
    struct kdb_live_column
        key; // the primary key; its expr is NULL when the table has none (STREAM)
    // A conjunct "column = constant" that rows can be looked up by; -1: none.
    int equal_column;      // index into the table's columns
    kdb_value equal_value; // of the column's type, not NULL
};

// What a client asks for.
struct kdb_live_request {
    kdb_slice sql;
    kdb_slice space; // where a table without a namespace is; null: it must have one
    struct kdb_catalog_snapshot *catalog;
    kdb_slice user;
    kdb_role role;
    uint32_t terms_max; // limits.row_terms
    uint32_t depth_max; // limits.max_expression_depth
    // Of the calling thread: queries that differ in their constants only share a plan. NULL: each
    // gets one of its own.
    struct kdb_plan_cache *plans;
};

// Parses, binds and checks. Failures are those of a SELECT, and INVALID_SQL or INVALID_OPERATION
// for what cannot be subscribed to, saying what would do. Any thread.
KDB_NODISCARD kdb_status kdb_live_query_make(const struct kdb_live_request *request,
                                             struct kdb_ctx *ctx, struct kdb_live_query **ret);
struct kdb_live_query *kdb_live_query_ref(struct kdb_live_query *query);
void kdb_live_query_unref(struct kdb_live_query *query); // accepts NULL

// Whether two queries give the same rows in the same form to their callers.
bool kdb_live_query_equal(const struct kdb_live_query *a, const struct kdb_live_query *b);

// Prepares an evaluation: errors go to `ctx`, results of a row live in `scratch`.
void kdb_live_eval_init(const struct kdb_live_query *query, struct kdb_ctx *ctx,
                        struct kdb_arena *scratch, struct kdb_eval *ret);

// Whether an encoded row is one of the query's: not deleted, and the filter is true. The null slice
// is none. Afterwards `eval` stands at the row.
KDB_NODISCARD kdb_status kdb_live_matches(const struct kdb_live_query *query, struct kdb_eval *eval,
                                          kdb_slice row, bool *ret_is_match);

// Appends one row as a JSON object, nulls included. `seq` and `is_deleted` are what the system
// columns say: the row's own, or those of the version that took it away.
KDB_NODISCARD kdb_status kdb_live_write_row(const struct kdb_live_query *query,
                                            struct kdb_eval *eval, kdb_slice row, int64_t seq,
                                            bool is_deleted, struct kdb_buf *out);

// Appends what a change of a row says: "rows":[{…}],"old_values":[{…}]. The new object has the key,
// every column that is not null or became null, and _seq; the old one the key, the columns that
// changed, and the old _seq.
KDB_NODISCARD kdb_status kdb_live_write_update(const struct kdb_live_query *query,
                                               struct kdb_eval *eval, kdb_slice old_row,
                                               kdb_slice new_row, struct kdb_buf *out);

#endif
