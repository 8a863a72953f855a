// SPDX-License-Identifier: Apache-2.0
// The machine's clocks.
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

int64_t kdb_monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t system_now_us(void *self)
{
    (void)self;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const struct kdb_clock system_clock = {system_now_us, NULL};

const struct kdb_clock *kdb_clock_system(void)
{
    return &system_clock;
}
