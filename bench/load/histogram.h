// SPDX-License-Identifier: Apache-2.0
// A histogram of durations with a fixed relative error, as HdrHistogram has it: adding is a shift
// and an increment, and a quantile is right to 1.6 %.
//
// Zeroed memory is an empty histogram. One thread.
#ifndef KDB_BENCH_LOAD_HISTOGRAM_H
#define KDB_BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 6 // each power of two is cut into 64 steps
#define HISTOGRAM_STEPS     (1U << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS   ((64U - HISTOGRAM_STEP_BITS) * HISTOGRAM_STEPS + HISTOGRAM_STEPS)

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count; // durations added
    uint64_t sum;   // ns
    uint64_t max;   // ns
};

// Adds one duration in nanoseconds.
void histogram_add(struct histogram *histogram, uint64_t ns);

// The duration that `share` (0 to 1) of all durations do not exceed, in nanoseconds: the upper end
// of its bucket, at most the longest. 0 when empty.
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
