// SPDX-License-Identifier: Apache-2.0
// Randomness: strong bytes differ, the seed stays, the test generator is reproducible.
#include "base/random.h"

#include "lib/test.h"

static void test_strong_bytes_differ(void **state)
{
    (void)state;
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};
    kdb_random_bytes(first, sizeof(first));
    kdb_random_bytes(second, sizeof(second));
    assert_memory_not_equal(first, second, sizeof(first));
    kdb_random_bytes(first, 0);
}

static void test_seed_is_fixed(void **state)
{
    (void)state;
    uint64_t seed[2] = {kdb_hash_seed()[0], kdb_hash_seed()[1]};
    assert_true(seed[0] != 0 || seed[1] != 0);
    assert_memory_equal(seed, kdb_hash_seed(), sizeof(seed));
}

// The first outputs of splitmix64 from state 1234567, as published with the algorithm.
static void test_generator_is_splitmix64(void **state)
{
    (void)state;
    uint64_t seed = 1234567;
    assert_true(kdb_random_next(&seed) == UINT64_C(6457827717110365317));
    assert_true(kdb_random_next(&seed) == UINT64_C(3203168211198807973));
    assert_true(kdb_random_next(&seed) == UINT64_C(9817491932198370423));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strong_bytes_differ),
        cmocka_unit_test(test_seed_is_fixed),
        cmocka_unit_test(test_generator_is_splitmix64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
