// SPDX-License-Identifier: Apache-2.0
// What the files of exec share.
#ifndef KDB_EXEC_EXEC_PRIV_H
#define KDB_EXEC_EXEC_PRIV_H

#include "exec/exec.h"
#include "plan/eval.h"

// Rows an event loop visits in one statement before it hands the statement to a worker.
#define EXEC_LOOP_ROWS_MAX 4096

// ---- exec.c ----
// Fails with BLOCKED on an event loop; a no-op on a worker.
KDB_NODISCARD kdb_status exec_require_worker(struct kdb_exec *exec);
// Sees that a worker has its engine connection in exec->connection; nothing on a loop.
KDB_NODISCARD kdb_status exec_connect(struct kdb_exec *exec);
// Counts a try that others got in the way of and gives back its memory. CONFLICT when there were
// too many (execution.write_retries).
KDB_NODISCARD kdb_status exec_count_attempt(struct kdb_exec *exec);
void exec_eval_init(const struct kdb_exec *exec, const struct kdb_table *table,
                    struct kdb_arena *scratch, struct kdb_eval *ret);
// The store that the hot rows of a table are in.
struct kdb_store *exec_store(const struct kdb_exec *exec, const struct kdb_table *table);
// Rows of a stream with a smaller _seq have reached their TTL.
int64_t exec_first_alive(const struct kdb_exec *exec, const struct kdb_table *table);
// Whether nothing of an EPHEMERAL stream is to be seen because nobody is subscribed.
bool exec_is_unheard(const struct kdb_partition *partition);
// kdb_exec_open_partition, kept in exec->partition.
KDB_NODISCARD kdb_status exec_partition(struct kdb_exec *exec, const struct kdb_table *table,
                                        struct kdb_partition **ret);

// ---- key_bounds.c: what the statement's conditions say about the primary key ----
struct key_bounds {
    bool is_empty;     // no key can match
    bool has_points;   // only `points` can match
    kdb_slice *points; // encoded keys, ascending, unique
    size_t point_count;
    kdb_slice first; // encoded, inclusive; null: from the start
    kdb_slice end;   // encoded, exclusive; null: to the end
};
KDB_NODISCARD kdb_status key_bounds_make(struct kdb_exec *exec, const struct kdb_table *table,
                                         const struct kdb_key_condition *keys, size_t key_count,
                                         struct key_bounds *ret);

// ---- row_read.c: newest versions of rows, hot over cold ----
// The newest version of one key, tombstones included; null when there is none. Borrowed from the
// ctx arena.
KDB_NODISCARD kdb_status row_get(struct kdb_exec *exec, const struct kdb_table *table,
                                 struct kdb_partition *partition, kdb_slice key,
                                 kdb_slice *ret_row);

// A view of both tiers of a partition as of now; a stream is one tier. Close it with
// kdb_partition_view_close.
KDB_NODISCARD kdb_status row_open_view(struct kdb_exec *exec, const struct kdb_table *table,
                                       struct kdb_partition *partition,
                                       struct kdb_partition_view *ret);

// Several keys as of one moment: a view, which is closed with the ctx arena at the latest (close it
// with kdb_partition_view_close when done), and the version of a key in it. The row is borrowed
// from the ctx arena.
KDB_NODISCARD kdb_status row_view_open(struct kdb_exec *exec, const struct kdb_table *table,
                                       struct kdb_partition *partition,
                                       struct kdb_partition_view **ret_view);
KDB_NODISCARD kdb_status row_get_in(struct kdb_exec *exec, const struct kdb_table *table,
                                    const struct kdb_partition *partition,
                                    const struct kdb_partition_view *view, kdb_slice key,
                                    kdb_slice *ret_row);

// A walk over the newest versions of the keys in the bounds, in key order.
struct row_scan;
struct row_scan_range {
    const struct kdb_table *table;
    struct kdb_partition *partition;
    const struct kdb_partition_view *view; // the caller's, outlives the scan; NULL: one of its own
    const struct key_bounds *bounds;
    bool is_reverse;
    const struct kdb_segment_skip *skip;
};
KDB_NODISCARD kdb_status row_scan_open(struct kdb_exec *exec, const struct row_scan_range *range,
                                       struct row_scan **ret);
KDB_NODISCARD kdb_status row_scan_next(struct row_scan *scan, kdb_slice *ret_key,
                                       kdb_slice *ret_row, bool *ret_more);
void row_scan_close(struct row_scan *scan);

// ---- prune.c: whole segments that a filter rules out ----
struct segment_pruner {
    const struct kdb_expr *filter;
    struct kdb_eval *eval;
    const struct kdb_relation *relation;
    uint32_t asked, skipped; // for EXPLAIN
    struct kdb_segment_skip skip;
};
void prune_init(struct segment_pruner *pruner, const struct kdb_relation *relation,
                const struct kdb_expr *filter, struct kdb_eval *eval);

// ---- route.c: the path of this run of a SELECT ----
struct exec_route {
    kdb_path path;
    kdb_slice reason;
};
// The plan's path; but a worker lets the engine read many flushed rows where it may.
KDB_NODISCARD kdb_status exec_route(struct kdb_exec *exec, struct exec_route *ret);

// ---- search.c: rows of one table that match, for SELECT, UPDATE and DELETE ----
typedef kdb_status (*search_visit)(void *self, kdb_slice key, kdb_slice row, bool *ret_goes_on);
struct search {
    struct kdb_exec *exec;
    const struct kdb_row_select *select;
    struct kdb_eval *eval;
    search_visit visit;
    void *self;
};
KDB_NODISCARD kdb_status search_rows(const struct search *search);

// ---- select_row.c, select_engine.c ----
KDB_NODISCARD kdb_status select_row(struct kdb_exec *exec);
KDB_NODISCARD kdb_status select_engine(struct kdb_exec *exec, const struct kdb_sink *sink);
// LIMIT/OFFSET of this run as the statement has them; *ret_limit UINT64_MAX: none.
KDB_NODISCARD kdb_status exec_limits_written(struct kdb_exec *exec, const struct kdb_expr *limit,
                                             const struct kdb_expr *offset, uint64_t *ret_limit,
                                             uint64_t *ret_offset);
// The same within what the settings let a client have.
KDB_NODISCARD kdb_status exec_limits(struct kdb_exec *exec, const struct kdb_expr *limit,
                                     const struct kdb_expr *offset, uint64_t *ret_limit,
                                     uint64_t *ret_offset);

// ---- write.c, insert.c, update.c: fill exec->commit ----
struct write_ops {
    struct kdb_exec *exec;
    const struct kdb_table *table;
    struct kdb_row_op *items; // ctx arena
    size_t count, capacity;
    struct kdb_buf row; // scratch
};
void write_ops_deinit(struct write_ops *ops);
KDB_NODISCARD kdb_status write_op_add(struct write_ops *ops, const kdb_value *values,
                                      bool is_deleted, struct kdb_row_op op);
// All columns of a stored row as of now, one value per declared column; bytes are borrowed from the
// row.
KDB_NODISCARD kdb_status write_decode_row(struct kdb_exec *exec, const struct kdb_table *table,
                                          kdb_slice row, kdb_value *values);
KDB_NODISCARD kdb_status write_check_not_null(struct kdb_exec *exec, const struct kdb_table *table,
                                              const kdb_value *values, size_t row_number);
KDB_NODISCARD kdb_status write_default(struct kdb_exec *exec, const struct kdb_column *column,
                                       kdb_value *ret);
KDB_NODISCARD kdb_status insert_run(struct kdb_exec *exec, kdb_exec_step *ret_step);
KDB_NODISCARD kdb_status update_run(struct kdb_exec *exec, kdb_exec_step *ret_step);

// ---- engine_text.c ----
struct engine_param { // $1, $2, … of the text
    bool is_input;
    uint32_t input;  // of the plan
    kdb_value value; // else: computed once for this execution
};
struct engine_text {
    struct kdb_buf sql;
    struct engine_param *params;
    size_t param_count, param_capacity;
};
// The plan's query as DuckDB text; source_texts[i] is the FROM item of plan->sources[i].
KDB_NODISCARD kdb_status engine_text_write(struct kdb_exec *exec, const kdb_slice *source_texts,
                                           struct engine_text *ret);

// ---- command.c: everything that is no query and no data change ----
KDB_NODISCARD kdb_status command_run(struct kdb_exec *exec, const struct kdb_statement *statement);

#endif
