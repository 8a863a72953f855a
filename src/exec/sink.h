// SPDX-License-Identifier: Apache-2.0
// Where the rows of a statement go: a JSON reply, the INSERT of an INSERT … SELECT, a test's list.
//
// exec pushes, the sink writes; a failure of the sink ends the statement with it. One statement,
// one sink, one thread at a time. When a statement is run again (a conflict, a move to a worker)
// `begin` is called again and starts over.
#ifndef KDB_EXEC_SINK_H
#define KDB_EXEC_SINK_H

#include "base/ctx.h"
#include "plan/plan.h"
#include "types/value.h"

struct kdb_sink_ops {
    // Once per run, before the rows. `columns` lives as long as the plan. NULL: the sink knows
    // them.
    kdb_status (*begin)(void *self, struct kdb_ctx *ctx, const struct kdb_output_column *columns,
                        size_t count);
    // One row: `count` values as begin announced; borrowed for the call.
    kdb_status (*row)(void *self, struct kdb_ctx *ctx, const kdb_value *values);
};

struct kdb_sink {
    const struct kdb_sink_ops *ops;
    void *self;
};

static inline kdb_status kdb_sink_begin(const struct kdb_sink *sink, struct kdb_ctx *ctx,
                                        const struct kdb_output_column *columns, size_t count)
{
    return sink->ops->begin ? sink->ops->begin(sink->self, ctx, columns, count) : KDB_OK;
}

static inline kdb_status kdb_sink_row(const struct kdb_sink *sink, struct kdb_ctx *ctx,
                                      const kdb_value *values)
{
    return sink->ops->row(sink->self, ctx, values);
}

#endif
