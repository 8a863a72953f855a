// SPDX-License-Identifier: Apache-2.0
// From PostgreSQL's raw parse tree to ours: what the pg_*.c files share, and the only include of
// libpg_query.
//
// libpg_query keeps the parser's state per thread, so any thread may parse. Its tree lives in a
// memory context that pg_parse.c opens and closes within one call; everything that outlives it is
// copied into the arena of the ctx. The conversion calls nothing of PostgreSQL that can raise an
// error (it would leave through longjmp): it reads nodes.
#ifndef KDB_SQL_PG_PRIV_H
#define KDB_SQL_PG_PRIV_H

#include <pg_query.h>
#include <pg_query/pg_query_internal.h>

#include <nodes/parsenodes.h>

#include "sql/parse_priv.h"
#include "sql/pg_text_priv.h"

// One conversion.
struct pg_reader {
    struct sql_parse *parse;
    const struct sql_pg_text *text;
    int depth;      // of the recursion over the tree
    unsigned nodes; // converted so far
};

static inline struct kdb_arena *pg_arena(const struct pg_reader *reader)
{
    return &reader->parse->ctx->arena;
}

// A node as what its tag says it is. PostgreSQL allocates every node aligned for any.
#define PG_AS(type, node) ((const type *)(const void *)(node))

static inline size_t pg_count(const List *list)
{
    return list ? (size_t)list->length : 0;
}

static inline Node *pg_item(const List *list, size_t index)
{
    return (Node *)list->elements[index].ptr_value;
}

// The text of a String node.
static inline const char *pg_string(const Node *node)
{
    return PG_AS(String, node)->sval;
}

// 1-based byte of the statement text, 0 for an unknown location.
static inline int pg_position(const struct pg_reader *reader, int location)
{
    return location < 0 ? 0 : (int)sql_pg_text_offset(reader->text, (size_t)location) + 1;
}

// A name as the user wrote it, folded; NULL gives the null slice.
static inline kdb_slice pg_name(const struct pg_reader *reader, const char *name)
{
    return name ? sql_pg_text_name(reader->text, pg_arena(reader), name) : (kdb_slice){0};
}

// Fails with INVALID_SQL "<what> is not supported", pointing at `location`.
kdb_status sql_pg_refuse(struct pg_reader *reader, int location, const char *what);

// One level deeper; pair it with pg_leave. INVALID_SQL beyond SQL_DEPTH_MAX, and what kdb_ctx_check
// says now and then.
KDB_NODISCARD kdb_status sql_pg_enter(struct pg_reader *reader, int location);

static inline void pg_leave(struct pg_reader *reader)
{
    reader->depth--;
}

// pg_expr.c: any expression; `node` may be NULL, which gives NULL.
KDB_NODISCARD kdb_status sql_pg_expr(struct pg_reader *reader, Node *node,
                                     struct kdb_ast **ret_expr);

// A list of expressions as an array.
KDB_NODISCARD kdb_status sql_pg_exprs(struct pg_reader *reader, const List *list,
                                      struct kdb_ast ***ret_exprs, size_t *ret_count);

// A new node of this kind.
struct kdb_ast *sql_pg_node(const struct pg_reader *reader, kdb_ast_kind kind, int location);

// pg_literal.c: a constant, tied to the lifted literal it comes from.
struct kdb_ast *sql_pg_literal(struct pg_reader *reader, const A_Const *constant);

// pg_type.c: a type name.
KDB_NODISCARD kdb_status sql_pg_type(struct pg_reader *reader, const TypeName *name,
                                     struct kdb_ast_type *ret_type);

// pg_function.c: a call, an aggregate or a window call.
KDB_NODISCARD kdb_status sql_pg_function(struct pg_reader *reader, const FuncCall *call,
                                         struct kdb_ast **ret_expr);

// A window definition or OVER clause.
KDB_NODISCARD kdb_status sql_pg_window(struct pg_reader *reader, const WindowDef *window,
                                       struct kdb_ast_window *ret_window);

// ORDER BY items.
KDB_NODISCARD kdb_status sql_pg_order(struct pg_reader *reader, const List *list,
                                      struct kdb_ast_order **ret_order, size_t *ret_count);

// pg_from.c: a FROM item.
KDB_NODISCARD kdb_status sql_pg_from(struct pg_reader *reader, Node *node,
                                     struct kdb_ast_from **ret_from);

// A table name; INVALID_SQL when it names a database.
KDB_NODISCARD kdb_status sql_pg_table(struct pg_reader *reader, const RangeVar *table,
                                      struct kdb_ast_name *ret_name);

// pg_select.c: a query; `node` must be a SELECT, VALUES or set operation.
KDB_NODISCARD kdb_status sql_pg_select(struct pg_reader *reader, Node *node,
                                       struct kdb_ast_select **ret_select);

// pg_change.c: INSERT, UPDATE, DELETE.
KDB_NODISCARD kdb_status sql_pg_insert(struct pg_reader *reader, const InsertStmt *insert,
                                       struct kdb_ast_insert **ret_insert);
KDB_NODISCARD kdb_status sql_pg_update(struct pg_reader *reader, const UpdateStmt *update,
                                       struct kdb_ast_update **ret_update);
KDB_NODISCARD kdb_status sql_pg_delete(struct pg_reader *reader, const DeleteStmt *delete_,
                                       struct kdb_ast_delete **ret_delete);

#endif
