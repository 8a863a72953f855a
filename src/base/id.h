// SPDX-License-Identifier: Apache-2.0
// Identifiers made by the server: snowflakes (`_seq`, SNOWFLAKE_ID), UUID version 7, ULID, request
// ids.
//
// Both generators take the time from a kdb_clock, never go back when the clock does, and may be
// used by any thread. Snowflakes of one generator are strictly increasing; so are UUIDs and ULIDs
// of one source, also within a millisecond.
#ifndef KDB_BASE_ID_H
#define KDB_BASE_ID_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"

// 2024-01-01T00:00:00Z in milliseconds since 1970: where the time in a snowflake begins.
#define KDB_SNOWFLAKE_EPOCH_MS INT64_C(1704067200000)

#define KDB_SNOWFLAKE_WORKERS 1024

// 41 bits of milliseconds since the epoch, 10 bits of worker, 12 bits of counter.
struct kdb_snowflake {
    const struct kdb_clock *clock;
    int64_t worker;            // 0..1023
    _Atomic(int64_t) position; // milliseconds << 12 | counter of the latest id
};

// Prepares a generator of one worker (below KDB_SNOWFLAKE_WORKERS). The clock outlives it.
void kdb_snowflake_init(struct kdb_snowflake *generator, const struct kdb_clock *clock,
                        unsigned worker);

// The next id. With the clock behind the latest id it continues from that id. When the current
// millisecond's 4,096 ids are used up it waits for the next millisecond, a few milliseconds at
// most: a clock that stands still is then left behind.
int64_t kdb_snowflake_next(struct kdb_snowflake *generator);

// Every id from now on is greater than `id`: called with the greatest id found in storage.
void kdb_snowflake_resume_after(struct kdb_snowflake *generator, int64_t id);

// Milliseconds since 1970 at which an id was made.
static inline int64_t kdb_snowflake_ms(int64_t id)
{
    return (id >> 22) + KDB_SNOWFLAKE_EPOCH_MS;
}

// The smallest id of a millisecond since 1970 (0 before the epoch): turns a time into a bound.
int64_t kdb_snowflake_first_of_ms(int64_t unix_ms);

// Time and random part of the latest UUID or ULID.
struct kdb_id_state {
    int64_t ms;
    kdb_uint128 tail;
};

// Makes random identifiers that sort by time.
struct kdb_id_source {
    const struct kdb_clock *clock;
    pthread_mutex_t lock;
    struct kdb_id_state uuid; // 74 random bits
    struct kdb_id_state ulid; // 80 random bits
    uint8_t random[512];      // strong random bytes made ahead
    size_t random_used;       // of them
};

#define KDB_UUID_BYTES 16
#define KDB_UUID_TEXT  36
#define KDB_ULID_TEXT  26

// Prepares a source; the clock outlives it.
void kdb_id_source_init(struct kdb_id_source *source, const struct kdb_clock *clock);

// Releases the lock; no thread may be using it.
void kdb_id_source_deinit(struct kdb_id_source *source);

// A UUID version 7 (RFC 9562): 48 bits of milliseconds since 1970, 74 random bits.
void kdb_uuid_v7(struct kdb_id_source *source, uint8_t ret_bytes[KDB_UUID_BYTES]);

// Lower-case 8-4-4-4-12; writes KDB_UUID_TEXT characters and a NUL.
void kdb_uuid_format(const uint8_t bytes[KDB_UUID_BYTES], char ret_text[KDB_UUID_TEXT + 1]);

// kdb_uuid_v7 as text: request ids, job ids, UUID_V7().
void kdb_uuid_v7_text(struct kdb_id_source *source, char ret_text[KDB_UUID_TEXT + 1]);

// A ULID in Crockford's base 32 (upper case): 48 bits of milliseconds since 1970, 80 random bits.
void kdb_ulid_text(struct kdb_id_source *source, char ret_text[KDB_ULID_TEXT + 1]);

#endif
