// SPDX-License-Identifier: Apache-2.0
// The plan of one statement: everything that can be known before its constants are.
//
// Made once per statement shape (token sequence), namespace and parameter forms, kept in a plan
// cache and run many times with different constants. Immutable and reference-counted: a loop hands
// it to a worker with a reference. It holds references to the tables it was made for and is stale
// once one of them is obsolete.
#ifndef KDB_PLAN_PLAN_H
#define KDB_PLAN_PLAN_H

#include <stdatomic.h>

#include "base/ctx.h"
#include "catalog/catalog.h"
#include "plan/eval.h"
#include "plan/query.h"
#include "sql/parse.h"

// One value the plan needs at run time, already converted to the type the binder wanted. The same
// literal may feed several inputs of different types.
struct kdb_input {
    bool is_param;    // $n, else a lifted literal
    bool is_minus;    // the literal stands behind a minus sign
    uint32_t index;   // literal index or n - 1
    kdb_type type;    // what the expression expects; UNKNOWN is passed on as text
    bool is_retyped;  // no longer the type it had by itself: further conversions are casts
    bool is_assigned; // conversion as for storing into a column (error texts name the column)
    kdb_slice column; // for is_assigned: the column's name
};

// A run-time parameter as the request gave it.
struct kdb_param {
    char form; // '0' null, 'b' boolean, 'i' integer that fits INT, 'I' other 64-bit integer, 'd'
               // double, 's' string
    kdb_value value; // UNKNOWN null, BOOLEAN, INT/BIGINT, DOUBLE, UNKNOWN text
};

struct kdb_output_column {
    kdb_slice name;
    kdb_type type;
    bool is_key;      // a primary key column taken over as it is
    bool is_not_null; // a NOT NULL column taken over as it is
    bool is_masked;   // credentials, password_hash: *** for those who are not admins
};

// A conjunct of WHERE about the primary key, usable as a bound: key op value. System tables have no
// key: there it may be about any column.
typedef enum {
    KDB_KEY_EQUAL,
    KDB_KEY_IN,
    KDB_KEY_LESS,
    KDB_KEY_LESS_EQUAL,
    KDB_KEY_GREATER,
    KDB_KEY_GREATER_EQUAL
} kdb_key_op;

struct kdb_key_condition {
    kdb_key_op op;
    uint32_t column;          // of the relation
    struct kdb_expr **values; // fixed expressions; one but for IN
    size_t value_count;
};

// A SELECT, or the search part of an UPDATE or DELETE, on one table that the row path runs.
struct kdb_row_select {
    struct kdb_relation *relation;
    struct kdb_expr *filter; // whole WHERE, may be NULL
    struct kdb_key_condition *keys;
    size_t key_count;
    struct kdb_expr **targets; // one per output column
    size_t target_count;
    struct kdb_expr_order *order; // empty: key order
    size_t order_count;
    bool is_key_order; // the order is the key's (or none was asked): no sort
    bool is_key_descending;
    struct kdb_expr *limit, *offset; // fixed BIGINT expressions or NULL
    bool fits_engine; // a walk over every key that the engine answers in the same way, and that may
                      // go there when many flushed rows are to be read
};

struct kdb_insert_plan {
    struct kdb_table *table;
    // For each declared column of the schema: index into the source columns, -1: omitted (default).
    int *source_of;
    // VALUES: rows of expressions already of the column types (NULL entry: DEFAULT).
    struct kdb_expr ***rows;
    size_t row_count;
    // Without rows: INSERT … SELECT, the plan's own query gives the rows, its outputs have the
    // column types.
};

struct kdb_update_plan { // UPDATE and DELETE
    struct kdb_table *table;
    uint32_t *columns;        // UPDATE: declared columns set
    struct kdb_expr **values; // UPDATE: their new values over the old row, of the column type; NULL
                              // entry: DEFAULT
    size_t assignment_count;
    // The plan's query gives key, _seq and the new values of the rows to change; when the row path
    // can search for them, row_select does (its targets are not used: `values` are evaluated over
    // the row).
};

typedef enum {
    KDB_PATH_ROW,
    KDB_PATH_ENGINE,
    KDB_PATH_COMMAND // everything that is no query and no data change
} kdb_path;

// One table the engine text reads.
struct kdb_engine_source {
    struct kdb_relation *relation;
    struct kdb_expr *filter; // conjuncts of the query about this table alone: rows that fail it are
                             // not missed; may be NULL
    struct kdb_key_condition *keys; // those about its key
    size_t key_count;
};

struct kdb_plan {
    atomic_uint references;
    struct kdb_ctx memory; // its arena owns everything below; its error that of making the plan
    struct kdb_scanned scanned; // copy of the statement it was made from
    struct kdb_statement statement;
    kdb_path path;
    const char *reason;        // why this path, for EXPLAIN
    struct kdb_table **tables; // referenced
    size_t table_count, table_capacity;
    struct kdb_input *inputs;
    size_t input_count, input_capacity;
    struct kdb_output_column *outputs; // SELECT
    size_t output_count;
    struct kdb_query
        *query; // the bound query of a SELECT, of INSERT … SELECT, of UPDATE and DELETE; NULL else
    struct kdb_row_select
        *row_select; // the same for the row path; NULL when only the engine can run it
    struct kdb_engine_source
        *sources; // tables of the query in the order the engine text names them
    size_t source_count, source_capacity;
    struct kdb_insert_plan *insert;
    struct kdb_update_plan *update;
    size_t term_count; // operands of AND, OR and IN
    bool uses_now;     // some expression depends on the time or on volatile functions
};

// What a plan is made for.
struct kdb_plan_request {
    const struct kdb_scanned *scanned; // copied
    struct kdb_catalog_snapshot *catalog;
    kdb_slice space; // default namespace
    kdb_role role;
    const struct kdb_param *params;
    size_t param_count;
    uint32_t terms_max; // limits.row_terms: operands of AND, OR and IN in one statement
    uint32_t depth_max; // limits.max_expression_depth: expressions and subqueries inside each other
    bool forces_engine; // tests: take the engine path where the row path would do
};

// Parses and binds. The caller has a reference. On failure the error (with its position) is in ctx.
KDB_NODISCARD kdb_status kdb_plan_make(const struct kdb_plan_request *request, struct kdb_ctx *ctx,
                                       struct kdb_plan **ret_plan);
struct kdb_plan *kdb_plan_ref(struct kdb_plan *plan);
void kdb_plan_unref(struct kdb_plan *plan); // accepts NULL

// True when a table of the plan was altered or dropped since.
bool kdb_plan_is_stale(const struct kdb_plan *plan);

// The plan's inputs from a statement of the same shape: constants are parsed and converted into the
// ctx arena. INVALID_VALUE, OUT_OF_RANGE as PostgreSQL words them.
KDB_NODISCARD kdb_status kdb_plan_inputs(const struct kdb_plan *plan, struct kdb_ctx *ctx,
                                         const struct kdb_scanned *scanned,
                                         const struct kdb_param *params, size_t param_count,
                                         const kdb_value **ret_inputs);

// Whether `scanned`, which has the plan's key, has the same constants where the plan depends on
// their value.
bool kdb_plan_fits(const struct kdb_plan *plan, const struct kdb_scanned *scanned);

#endif
