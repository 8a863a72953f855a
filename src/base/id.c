// SPDX-License-Identifier: Apache-2.0
// Identifier generators: one atomic position for snowflakes, one lock for the random kinds.
#include "base/id.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/random.h"

#define COUNTER_BITS     12
#define COUNTER_MAX      ((INT64_C(1) << COUNTER_BITS) - 1)
#define WORKER_BITS      10
#define SNOWFLAKE_MS_MAX ((INT64_C(1) << 41) - 1)

// How long a full millisecond is waited for before the clock is taken to stand still.
#define WAIT_MAX_NS  3000000
#define WAIT_STEP_NS 50000

#define UUID_TAIL_BITS 74
#define ULID_TAIL_BITS 80

void kdb_snowflake_init(struct kdb_snowflake *generator, const struct kdb_clock *clock,
                        unsigned worker)
{
    KDB_ASSERT(worker < KDB_SNOWFLAKE_WORKERS);
    generator->clock = clock;
    generator->worker = worker;
    atomic_init(&generator->position, 0);
}

static int64_t ms_since_epoch(const struct kdb_snowflake *generator)
{
    int64_t ms = kdb_clock_now_ms(generator->clock) - KDB_SNOWFLAKE_EPOCH_MS;
    return ms < 0 ? 0 : ms;
}

// Waits until the clock has passed the millisecond `ms`, or has not moved for too long.
static void wait_behind(const struct kdb_snowflake *generator, int64_t ms)
{
    int64_t deadline = kdb_monotonic_ns() + WAIT_MAX_NS;
    while (ms_since_epoch(generator) == ms && kdb_monotonic_ns() < deadline) {
        struct timespec step = {0, WAIT_STEP_NS};
        (void)nanosleep(&step, NULL);
    }
}

int64_t kdb_snowflake_next(struct kdb_snowflake *generator)
{
    int64_t latest = atomic_load_explicit(&generator->position, memory_order_relaxed);
    int64_t next;
    bool has_waited = false;
    do {
        int64_t now = ms_since_epoch(generator);
        bool is_full = (latest & COUNTER_MAX) == COUNTER_MAX && latest >> COUNTER_BITS == now;
        if (is_full && !has_waited) {
            wait_behind(generator, now);
            has_waited = true;
            now = ms_since_epoch(generator);
        }
        // One past the counter's end is the first id of the next millisecond.
        next = now > latest >> COUNTER_BITS ? now << COUNTER_BITS : latest + 1;
    } while (!atomic_compare_exchange_weak_explicit(&generator->position, &latest, next,
                                                    memory_order_acq_rel, memory_order_relaxed));
    KDB_ASSERT(next >> COUNTER_BITS <= SNOWFLAKE_MS_MAX);
    return (next >> COUNTER_BITS) << (COUNTER_BITS + WORKER_BITS) |
           generator->worker << COUNTER_BITS | (next & COUNTER_MAX);
}

void kdb_snowflake_resume_after(struct kdb_snowflake *generator, int64_t id)
{
    if (id < 0)
        return;
    int64_t ms = id >> (COUNTER_BITS + WORKER_BITS);
    int64_t worker = id >> COUNTER_BITS & (KDB_SNOWFLAKE_WORKERS - 1);
    // Ids of a greater worker are passed in the next millisecond only.
    int64_t counter = worker == generator->worker  ? id & COUNTER_MAX
                      : worker > generator->worker ? COUNTER_MAX
                                                   : 0;
    int64_t floor = ms << COUNTER_BITS | counter;
    int64_t latest = atomic_load_explicit(&generator->position, memory_order_relaxed);
    while (latest < floor &&
           !atomic_compare_exchange_weak_explicit(&generator->position, &latest, floor,
                                                  memory_order_acq_rel, memory_order_relaxed)) {
    }
}

int64_t kdb_snowflake_first_of_ms(int64_t unix_ms)
{
    if (unix_ms <= KDB_SNOWFLAKE_EPOCH_MS)
        return 0;
    int64_t ms = unix_ms - KDB_SNOWFLAKE_EPOCH_MS;
    return ms > SNOWFLAKE_MS_MAX ? INT64_MAX : ms << (COUNTER_BITS + WORKER_BITS);
}

void kdb_id_source_init(struct kdb_id_source *source, const struct kdb_clock *clock)
{
    memset(source, 0, sizeof(*source));
    source->clock = clock;
    source->random_used = sizeof(source->random);
    KDB_ASSERT(pthread_mutex_init(&source->lock, NULL) == 0);
}

void kdb_id_source_deinit(struct kdb_id_source *source)
{
    KDB_ASSERT(pthread_mutex_destroy(&source->lock) == 0);
}

// Random bytes from those made ahead: asking the system's generator for a few costs much more.
static void take_random(struct kdb_id_source *source, void *out, size_t len)
{
    if (sizeof(source->random) - source->random_used < len) {
        kdb_random_bytes(source->random, sizeof(source->random));
        source->random_used = 0;
    }
    memcpy(out, source->random + source->random_used, len);
    memset(source->random + source->random_used, 0, len);
    source->random_used += len;
}

// Moves to the next identifier: a fresh random tail in a new millisecond, else the latest tail plus
// a random step (RFC 9562, 6.2, "monotonic random").
static void advance(struct kdb_id_source *source, struct kdb_id_state *state, int tail_bits)
{
    kdb_uint128 mask = ((kdb_uint128)1 << tail_bits) - 1;
    int64_t now = kdb_clock_now_ms(source->clock);
    if (now > state->ms) {
        state->ms = now;
        take_random(source, &state->tail, sizeof(state->tail));
        state->tail &= mask;
        return;
    }
    uint32_t step = 0;
    take_random(source, &step, sizeof(step));
    state->tail += (kdb_uint128)step + 1;
    if (state->tail > mask) {
        state->tail &= mask;
        state->ms++;
    }
}

void kdb_uuid_v7(struct kdb_id_source *source, uint8_t ret_bytes[KDB_UUID_BYTES])
{
    KDB_ASSERT(pthread_mutex_lock(&source->lock) == 0);
    advance(source, &source->uuid, UUID_TAIL_BITS);
    struct kdb_id_state id = source->uuid;
    KDB_ASSERT(pthread_mutex_unlock(&source->lock) == 0);
    uint64_t high = (uint64_t)id.ms << 16 | 0x7000U | (uint64_t)(id.tail >> 62);
    uint64_t low = UINT64_C(2) << 62 | ((uint64_t)id.tail & UINT64_MAX >> 2);
    for (int i = 0; i < 8; i++) {
        ret_bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        ret_bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

void kdb_uuid_format(const uint8_t bytes[KDB_UUID_BYTES], char ret_text[KDB_UUID_TEXT + 1])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (int i = 0; i < KDB_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ret_text[at++] = '-';
        ret_text[at++] = hex[bytes[i] >> 4];
        ret_text[at++] = hex[bytes[i] & 15U];
    }
    ret_text[at] = '\0';
}

void kdb_uuid_v7_text(struct kdb_id_source *source, char ret_text[KDB_UUID_TEXT + 1])
{
    uint8_t bytes[KDB_UUID_BYTES];
    kdb_uuid_v7(source, bytes);
    kdb_uuid_format(bytes, ret_text);
}

void kdb_ulid_text(struct kdb_id_source *source, char ret_text[KDB_ULID_TEXT + 1])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    KDB_ASSERT(pthread_mutex_lock(&source->lock) == 0);
    advance(source, &source->ulid, ULID_TAIL_BITS);
    struct kdb_id_state id = source->ulid;
    KDB_ASSERT(pthread_mutex_unlock(&source->lock) == 0);
    kdb_uint128 value = (kdb_uint128)(uint64_t)id.ms << ULID_TAIL_BITS | id.tail;
    for (int i = KDB_ULID_TEXT - 1; i >= 0; i--) {
        ret_text[i] = crockford[(unsigned)value & 31U];
        value >>= 5;
    }
    ret_text[KDB_ULID_TEXT] = '\0';
}
