// SPDX-License-Identifier: Apache-2.0
// Identifiers: order under clocks that stand, jump and run back; from several threads; layouts.
#include "base/id.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/test.h"

#define NOW_MS INT64_C(1777888800123)

// A clock that tells what the test sets.
static int64_t told_us(void *self)
{
    return *(int64_t *)self;
}

static int64_t counter_of(int64_t id)
{
    return id & 4095;
}

static void test_snowflake_layout(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000 + 999;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_snowflake generator;
    kdb_snowflake_init(&generator, &clock, 1023);
    int64_t id = kdb_snowflake_next(&generator);
    assert_true(id == ((NOW_MS - INT64_C(1704067200000)) << 22 | 1023 << 12));
    assert_true(kdb_snowflake_ms(id) == NOW_MS);
    assert_true(kdb_snowflake_next(&generator) == id + 1);
    us += 1000;
    assert_true(kdb_snowflake_next(&generator) == id + (INT64_C(1) << 22));
    assert_true(kdb_snowflake_first_of_ms(NOW_MS) <= id);
    assert_true(kdb_snowflake_first_of_ms(NOW_MS + 1) > id);
    assert_int_equal(kdb_snowflake_first_of_ms(0), 0);
    assert_true(kdb_snowflake_first_of_ms(INT64_MAX) == INT64_MAX);
}

static void test_snowflake_continues_when_the_clock_is_behind(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_snowflake generator;
    kdb_snowflake_init(&generator, &clock, 1);
    int64_t latest = kdb_snowflake_next(&generator);
    us -= INT64_C(3600) * 1000000;
    // More than one millisecond's worth, without waiting for the hour.
    for (int i = 0; i < 10000; i++) {
        int64_t id = kdb_snowflake_next(&generator);
        assert_true(id > latest);
        latest = id;
    }
    assert_true(kdb_snowflake_ms(latest) == NOW_MS + 2);
    us = INT64_C(-5);
    assert_true(kdb_snowflake_next(&generator) > latest);
}

static void test_snowflake_leaves_a_standing_clock_behind(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_snowflake generator;
    kdb_snowflake_init(&generator, &clock, 0);
    int64_t id = 0;
    for (int i = 0; i < 4096; i++)
        id = kdb_snowflake_next(&generator);
    assert_true(kdb_snowflake_ms(id) == NOW_MS);
    assert_int_equal(counter_of(id), 4095);
    id = kdb_snowflake_next(&generator);
    assert_true(kdb_snowflake_ms(id) == NOW_MS + 1);
    assert_int_equal(counter_of(id), 0);
}

static void test_snowflake_resumes_after_what_was_stored(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_snowflake generator;
    int64_t stored_ms = NOW_MS + 5000 - KDB_SNOWFLAKE_EPOCH_MS;
    for (int64_t worker = 6; worker <= 8; worker++) {
        int64_t stored = stored_ms << 22 | worker << 12 | 17;
        kdb_snowflake_init(&generator, &clock, 7);
        kdb_snowflake_resume_after(&generator, stored);
        int64_t id = kdb_snowflake_next(&generator);
        assert_true(id > stored);
        assert_int_equal(id >> 12 & 1023, 7);
        kdb_snowflake_resume_after(&generator, stored - 100000);
        assert_true(kdb_snowflake_next(&generator) == id + 1);
    }
    kdb_snowflake_init(&generator, &clock, 7);
    kdb_snowflake_resume_after(&generator, stored_ms << 22 | 7 << 12 | 17);
    assert_true(kdb_snowflake_next(&generator) == (stored_ms << 22 | 7 << 12 | 18));
    kdb_snowflake_resume_after(&generator, -1);
}

#define THREADS        4
#define IDS_PER_THREAD 5000

struct taker {
    struct kdb_snowflake *generator;
    int64_t ids[IDS_PER_THREAD];
};

static void *take_ids(void *arg)
{
    struct taker *taker = arg;
    for (int i = 0; i < IDS_PER_THREAD; i++)
        taker->ids[i] = kdb_snowflake_next(taker->generator);
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void test_snowflakes_of_threads_are_unique(void **state)
{
    (void)state;
    struct kdb_snowflake generator;
    kdb_snowflake_init(&generator, kdb_clock_system(), 1);
    static struct taker takers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        takers[i].generator = &generator;
        assert_int_equal(pthread_create(&threads[i], NULL, take_ids, &takers[i]), 0);
    }
    static int64_t all[THREADS * IDS_PER_THREAD];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int k = 1; k < IDS_PER_THREAD; k++)
            assert_true(takers[i].ids[k] > takers[i].ids[k - 1]);
        memcpy(all + i * IDS_PER_THREAD, takers[i].ids, sizeof(takers[i].ids));
    }
    qsort(all, THREADS * IDS_PER_THREAD, sizeof(all[0]), compare_ids);
    for (int i = 1; i < THREADS * IDS_PER_THREAD; i++)
        assert_true(all[i] > all[i - 1]);
}

static void test_uuid_layout(void **state)
{
    (void)state;
    int64_t us = INT64_C(0x0123456789ab) * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_id_source source;
    kdb_id_source_init(&source, &clock);
    char text[KDB_UUID_TEXT + 1];
    kdb_uuid_v7_text(&source, text);
    assert_int_equal(strlen(text), 36);
    assert_memory_equal(text, "01234567-89ab-7", 15);
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
    static const uint8_t bytes[16] = {0x00, 0xff, 0x10, 0x01, 0xab, 0xcd, 0x7e, 0xf0,
                                      0x80, 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
    kdb_uuid_format(bytes, text);
    assert_string_equal(text, "00ff1001-abcd-7ef0-8000-123456789abc");
    kdb_id_source_deinit(&source);
}

static void test_ulid_layout(void **state)
{
    (void)state;
    int64_t us = INT64_C(1469918176385) * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_id_source source;
    kdb_id_source_init(&source, &clock);
    char text[KDB_ULID_TEXT + 1];
    kdb_ulid_text(&source, text);
    assert_int_equal(strlen(text), 26);
    // The time of the example in the ULID specification's own tests.
    assert_memory_equal(text, "01ARYZ6S41", 10);
    assert_int_equal(strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
    kdb_id_source_deinit(&source);
}

// Text order is the order of making, whatever the clock does, and no two are equal.
static void test_random_ids_increase(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_id_source source;
    kdb_id_source_init(&source, &clock);
    char uuid[2][KDB_UUID_TEXT + 1] = {"", ""};
    char ulid[2][KDB_ULID_TEXT + 1] = {"", ""};
    for (int i = 0; i < 20000; i++) {
        us += i % 7 == 0 ? 1500 : i % 1000 == 1 ? -9000 : 0;
        kdb_uuid_v7_text(&source, uuid[i % 2]);
        kdb_ulid_text(&source, ulid[i % 2]);
        assert_true(strcmp(uuid[i % 2], uuid[(i + 1) % 2]) > 0);
        assert_true(strcmp(ulid[i % 2], ulid[(i + 1) % 2]) > 0);
    }
    kdb_id_source_deinit(&source);
}

// The random part wraps into the next millisecond instead of going back.
static void test_full_random_part_moves_on(void **state)
{
    (void)state;
    int64_t us = NOW_MS * 1000;
    struct kdb_clock clock = {told_us, &us};
    struct kdb_id_source source;
    kdb_id_source_init(&source, &clock);
    uint8_t before[KDB_UUID_BYTES];
    uint8_t after[KDB_UUID_BYTES];
    source.uuid = (struct kdb_id_state){NOW_MS, ((kdb_uint128)1 << 74) - (UINT64_C(1) << 32) - 2};
    kdb_uuid_v7(&source, before);
    source.uuid.tail = ((kdb_uint128)1 << 74) - 1;
    kdb_uuid_v7(&source, after);
    assert_true(memcmp(after, before, sizeof(after)) > 0);
    assert_true(source.uuid.ms == NOW_MS + 1);
    assert_int_equal(after[6] >> 4, 7);
    kdb_id_source_deinit(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snowflake_layout),
        cmocka_unit_test(test_snowflake_continues_when_the_clock_is_behind),
        cmocka_unit_test(test_snowflake_leaves_a_standing_clock_behind),
        cmocka_unit_test(test_snowflake_resumes_after_what_was_stored),
        cmocka_unit_test(test_snowflakes_of_threads_are_unique),
        cmocka_unit_test(test_uuid_layout),
        cmocka_unit_test(test_ulid_layout),
        cmocka_unit_test(test_random_ids_increase),
        cmocka_unit_test(test_full_random_part_moves_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
