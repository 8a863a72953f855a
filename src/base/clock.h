// SPDX-License-Identifier: Apache-2.0
// Time: the monotonic clock for deadlines, and the wall clock behind a seam that tests replace.
#ifndef KDB_BASE_CLOCK_H
#define KDB_BASE_CLOCK_H

#include <stdint.h>

// Nanoseconds of CLOCK_MONOTONIC. Any thread.
int64_t kdb_monotonic_ns(void);

// A source of wall-clock time. Objects that stamp data hold one; tests pass a fake.
struct kdb_clock {
    // Microseconds since 1970-01-01T00:00Z; may step backwards when the machine's clock does.
    int64_t (*now_us)(void *self);
    void *self; // passed to now_us
};

// The machine's clock (CLOCK_REALTIME). Static storage.
const struct kdb_clock *kdb_clock_system(void);

static inline int64_t kdb_clock_now_us(const struct kdb_clock *clock)
{
    return clock->now_us(clock->self);
}

static inline int64_t kdb_clock_now_ms(const struct kdb_clock *clock)
{
    return clock->now_us(clock->self) / 1000;
}

#endif
