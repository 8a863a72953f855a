// SPDX-License-Identifier: Apache-2.0
// A closed loop of requests: every connection sends its next request when the last one is answered.
//
// One thread, one epoll, keep-alive connections with one request on the way each. Every response is
// checked; what is wrong with one is counted, and the first is kept.
#ifndef KDB_BENCH_LOAD_RUN_H
#define KDB_BENCH_LOAD_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "load/histogram.h"
#include "load/template.h"

struct load_options {
    const char *host;       // IPv4 address
    uint16_t port;          // where the server listens
    const char *path;       // of the POST
    uint32_t connections;   // at least 1
    double warmup_seconds;  // before measuring begins
    double seconds;         // measured; 0: until request_count
    uint64_t request_count; // requests in all, warm-up included; 0: no bound
    double timeout_seconds; // without any answer, the run is given up
    kdb_slice *tokens;      // each request takes one at random
    uint32_t token_count;   // 0: no Authorization
    kdb_slice body;         // template of the JSON body
    kdb_slice expected;     // template of what the answer must hold; null: nothing
    int64_t row_count;      // every answer must have it; -1: not looked at
    uint64_t seed;          // of the generator
    int64_t first;          // where the sequence begins
};

struct load_result {
    struct histogram latencies; // of the measured requests
    uint64_t requests;          // measured and right
    uint64_t answered;          // whole run, right or wrong
    uint64_t errors;            // wrong answers, warm-up included
    double seconds;             // from the end of the warm-up to the last measured answer
    double cpu_seconds;         // of this process while measuring
    uint64_t bytes_sent;        // whole run
    uint64_t bytes_received;    // whole run
    int64_t next;               // where the sequence stands
    kdb_slice first_error;      // arena of the ctx; null: none
};

// Runs until a bound of `options` is reached. Fails when the server cannot be reached, stops
// answering, or closes every connection; wrong answers are no failure.
KDB_NODISCARD kdb_status load_run(const struct load_options *options, struct kdb_ctx *ctx,
                                  struct load_result *ret_result);

#endif
