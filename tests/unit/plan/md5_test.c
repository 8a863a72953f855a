// SPDX-License-Identifier: Apache-2.0
// The digests of RFC 1321, and lengths around a block.
#include "plan/md5_priv.h"

#include "base/hex.h"
#include "lib/test.h"

static void check(kdb_slice bytes, const char *expected)
{
    uint8_t digest[PLAN_MD5_BYTES];
    char text[2 * PLAN_MD5_BYTES + 1];
    plan_md5_digest(bytes, digest);
    kdb_hex_encode(kdb_slice_of(digest, sizeof(digest)), text);
    assert_string_equal(text, expected);
}

static void digests_are_those_of_the_rfc(void **state)
{
    (void)state;
    check((kdb_slice){NULL, 0}, "d41d8cd98f00b204e9800998ecf8427e");
    check(KDB_LIT("a"), "0cc175b9c0f1b6a831c399e269772661");
    check(KDB_LIT("abc"), "900150983cd24fb0d6963f7d28e17f72");
    check(KDB_LIT("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    check(KDB_LIT("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
    check(KDB_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
          "d174ab98d277d9f5a5611c2c9f419d9f");
    check(KDB_LIT("1234567890123456789012345678901234567890"
                  "1234567890123456789012345678901234567890"),
          "57edf4a22be3c955ac49da2e2107b67a");
}

static void padding_is_right_around_a_block(void **state)
{
    static const char *const expected[] = {
        [0] = "ef1772b6dff9a122358552954ad0df65", // 55 bytes
        [1] = "3b0c8ac703f828b04c6c197006d17218", // 56
        [2] = "b06521f39153d618550606be297466d5", // 63
        [3] = "014842d480b571495a4a0363793f7367", // 64
        [4] = "c743a45e0d2e6a95cb859adae0248435", // 65
    };
    static const size_t lengths[] = {55, 56, 63, 64, 65};
    char bytes[65];
    (void)state;
    memset(bytes, 'a', sizeof(bytes));
    for (size_t i = 0; i < 5; i++)
        check((kdb_slice){bytes, lengths[i]}, expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_rfc),
        cmocka_unit_test(padding_is_right_around_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
