// SPDX-License-Identifier: Apache-2.0
// Keys of the store, read back.
#include "txn/layout.h"

#include "lib/test.h"

static void a_prefix_is_read_back(void **state)
{
    (void)state;
    static const kdb_slice users[] = {KDB_LIT_INIT(""), KDB_LIT_INIT("anna"), KDB_LIT_INIT("a\0b"),
                                      KDB_LIT_INIT("\xff\xfe")};
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct kdb_ctx ctx;
        struct kdb_buf key = {0};
        kdb_ctx_init(&ctx, 0);
        kdb_layout_prefix(&key, 0xFE01807F, users[i]);
        size_t prefix_len = key.len;
        kdb_buf_put(&key, KDB_KEYS_ROWS);
        KDB_BUF_LIT(&key, "\0\0more");
        uint32_t table_id = 0;
        kdb_slice user;
        size_t len = 0;
        assert_int_equal(kdb_layout_read_prefix(kdb_buf_view(&key), &ctx, &table_id, &user, &len),
                         KDB_OK);
        assert_int_equal(table_id, 0xFE01807F);
        assert_int_equal(len, prefix_len);
        assert_true(kdb_slice_equal(user, users[i]));
        // Every shorter piece is no prefix.
        for (size_t cut = 0; cut < prefix_len; cut++) {
            assert_int_equal(
                kdb_layout_read_prefix(kdb_slice_of(key.data, cut), &ctx, &table_id, &user, &len),
                KDB_ERR_CORRUPT);
            kdb_ctx_clear_error(&ctx);
        }
        kdb_buf_deinit(&key);
        kdb_ctx_deinit(&ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_prefix_is_read_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
