// SPDX-License-Identifier: Apache-2.0
// The printer of bound queries as DuckDB SQL, shared by its two files.
//
// Relations are r<number>, their columns and every query's outputs c<index>, common tables
// t<number>: no name of a user enters the text. Every conversion is explicit, so that both paths
// compute the same.
#ifndef KDB_EXEC_ENGINE_TEXT_PRIV_H
#define KDB_EXEC_ENGINE_TEXT_PRIV_H

#include "exec/exec_priv.h"

struct printer {
    struct kdb_exec *exec;
    struct engine_text *text;
    const kdb_slice *source_texts;
    size_t table_bytes; // of the text, what the tables took
    size_t terms;       // operands of AND and OR so far
    size_t sources;     // so far, of the FROM that is printed and the subqueries in it
    int queries;        // so far, of any kind
    int depth;
};

KDB_NODISCARD kdb_status engine_print_query(struct printer *printer, const struct kdb_query *query,
                                            bool is_outermost);
// A query that DuckDB plans apart from the one around it.
KDB_NODISCARD kdb_status engine_print_apart(struct printer *printer, const struct kdb_query *query);
KDB_NODISCARD kdb_status engine_print_expr(struct printer *printer, const struct kdb_expr *expr);
KDB_NODISCARD kdb_status engine_print_orders(struct printer *printer,
                                             const struct kdb_expr_order *order, size_t count);

#endif
