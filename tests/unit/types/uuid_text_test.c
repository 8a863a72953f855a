// SPDX-License-Identifier: Apache-2.0
// Reading UUIDs: the forms PostgreSQL accepts.
#include "types/uuid_text.h"

#include "unit/types/value_case.h"

#define CANONICAL "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

static void test_accepted_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        CANONICAL,
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{" CANONICAL "}",
        "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
        "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
    };
    struct value_case c;
    case_init(&c);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_parsed(&c, KDB_TYPE(KDB_UUID), texts[i], CANONICAL);
    case_deinit(&c);
}

static void test_refused_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
        CANONICAL "0",
        CANONICAL "-",
        "-" CANONICAL,
        "{" CANONICAL,
        CANONICAL "}",
        " " CANONICAL,
        "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t uuid[16] = {7};
        if (kdb_uuid_parse(kdb_slice_cstr(texts[i]), uuid))
            fail_msg("%s", texts[i]);
        assert_int_equal(uuid[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_forms),
        cmocka_unit_test(test_refused_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
