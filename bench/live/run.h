// SPDX-License-Identifier: Apache-2.0
// Subscribers and writers in one thread: what was written, what arrived, and when.
//
// Every row that arrives is looked at: its `_seq` has to be greater than the last one of its
// subscription (nothing twice, nothing out of order), and its `id` tells which statement wrote it.
// A statement has arrived when all of its rows came to all subscribers they concern; a run that
// ends before everything has arrived is a failure.
#ifndef KDB_BENCH_LIVE_RUN_H
#define KDB_BENCH_LIVE_RUN_H

#include "base/ctx.h"
#include "load/histogram.h"

struct live_options {
    uint16_t port;           // of a server on this machine
    kdb_slice writer_token;  // of the statements
    kdb_slice reader_token;  // of the WebSockets
    uint32_t connections;    // WebSockets
    uint32_t subscriptions;  // spread over them in turn
    const char *query;       // "%u" stands for the number of the subscription
    const char *options;     // JSON of its options; NULL: none
    uint64_t initial_rows;   // that each gets before it is ready
    uint32_t subscribe_runs; // times that each subscribes; all but the last unsubscribe again
    kdb_slice body;          // of the statements, a template of load/template.h; null: none
    uint64_t statements;     // in all
    uint32_t rows;           // of each statement, whose ids are one after the other
    int64_t first;           // id of the first row
    uint32_t matches;        // subscriptions that each row concerns
    uint32_t writers;        // HTTP connections, each with one statement on its way
    uint64_t window;         // statements that may be sent and not have arrived; 0: no bound
    double timeout_seconds;  // without anything arriving, the run is given up
    uint64_t seed;
};

struct live_result {
    struct histogram subscribed;  // from subscribing to ready
    struct histogram since_sent;  // from sending a statement to its last row arriving anywhere
    struct histogram since_known; // the same from its answer; 0: the rows were there before it
    uint64_t rows;                // that arrived after the initial ones
    uint64_t messages;            // that they came in
    uint64_t bytes;               // received, while writing
    double seconds;               // from the first statement sent to the last row
    double cpu_seconds;           // of this process meanwhile
};

struct live_run;

// Opens the connections and subscribes, up to ready. The caller closes the run either way.
KDB_NODISCARD kdb_status live_open(const struct live_options *options, struct kdb_ctx *ctx,
                                   struct live_run **ret_run);

// Runs the statements and waits for what they bring; without statements, every connection sends a
// ping and waits for its pong.
KDB_NODISCARD kdb_status live_go(struct live_run *run);

// What was measured so far. Valid until the run is closed.
const struct live_result *live_result_of(const struct live_run *run);

void live_close(struct live_run *run); // accepts NULL

#endif
