// SPDX-License-Identifier: Apache-2.0
// _seq: 41 bits of milliseconds since 2024-01-01, 10 bits of worker, 12 bits of counter, never
// going back.
#include <time.h>

#include "txn/group_priv.h"

#define EPOCH_MS     INT64_C(1704067200000)
#define COUNTER_BITS 12
#define TIME_SHIFT   22
#define COUNTER_MASK ((INT64_C(1) << COUNTER_BITS) - 1)

void kdb_sequence_init(struct kdb_sequence *sequence, const struct kdb_clock *clock,
                       uint32_t worker_id, int64_t last)
{
    *sequence = (struct kdb_sequence){
        .clock = clock, .worker_bits = (int64_t)(worker_id & 0x3FFU) << COUNTER_BITS, .last = last};
}

// Sleeps until the clock has left `ms`; gives up when it does not run (a stopped test clock) or
// runs behind.
static int64_t wait_past(const struct kdb_clock *clock, int64_t ms)
{
    for (int tries = 0; tries < 100; tries++) {
        int64_t now = kdb_clock_now_ms(clock) - EPOCH_MS;
        if (now != ms)
            return now;
        const struct timespec pause = {.tv_nsec = 20000};
        (void)nanosleep(&pause, NULL);
    }
    return ms;
}

int64_t kdb_sequence_next(struct kdb_sequence *sequence)
{
    int64_t last_ms = sequence->last >> TIME_SHIFT;
    int64_t counter = sequence->last & COUNTER_MASK;
    int64_t now_ms = kdb_clock_now_ms(sequence->clock) - EPOCH_MS;
    if (now_ms <= last_ms && counter == COUNTER_MASK) {
        int64_t later = wait_past(sequence->clock, last_ms);
        now_ms = later > last_ms ? later : last_ms + 1;
    }
    if (now_ms > last_ms)
        sequence->last = now_ms << TIME_SHIFT | sequence->worker_bits;
    else
        sequence->last++; // the worker bits and the millisecond stay
    return sequence->last;
}
