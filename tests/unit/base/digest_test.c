// SPDX-License-Identifier: Apache-2.0
// Digests against published vectors; CRC-32C also bit by bit.
#include "base/digest.h"

#include "base/hex.h"
#include "base/random.h"
#include "lib/test.h"

static void expect_hex(const uint8_t digest[KDB_SHA256_BYTES], const char *expected)
{
    char text[KDB_SHA256_BYTES * 2 + 1];
    kdb_hex_encode(kdb_slice_of(digest, KDB_SHA256_BYTES), text);
    assert_string_equal(text, expected);
}

// FIPS 180-2, appendix B.
static void test_sha256(void **state)
{
    (void)state;
    uint8_t digest[KDB_SHA256_BYTES];
    kdb_sha256((kdb_slice){NULL, 0}, digest);
    expect_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    kdb_sha256(KDB_LIT("abc"), digest);
    expect_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// FIPS 180-2, appendix A.
static void test_sha1(void **state)
{
    (void)state;
    uint8_t digest[KDB_SHA1_BYTES];
    char text[KDB_SHA1_BYTES * 2 + 1];
    kdb_sha1(KDB_LIT("abc"), digest);
    kdb_hex_encode(kdb_slice_of(digest, KDB_SHA1_BYTES), text);
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

// RFC 4231, cases 1, 2 and 6, and an empty key.
static void test_hmac_sha256(void **state)
{
    (void)state;
    uint8_t digest[KDB_SHA256_BYTES];
    char key[131];
    memset(key, 0x0b, sizeof(key));
    kdb_hmac_sha256(kdb_slice_of(key, 20), KDB_LIT("Hi There"), digest);
    expect_hex(digest, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    kdb_hmac_sha256(KDB_LIT("Jefe"), KDB_LIT("what do ya want for nothing?"), digest);
    expect_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    kdb_hmac_sha256(kdb_slice_of(key, sizeof(key)),
                    KDB_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), digest);
    expect_hex(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    kdb_hmac_sha256((kdb_slice){NULL, 0}, (kdb_slice){NULL, 0}, digest);
    expect_hex(digest, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_secret_equal(void **state)
{
    (void)state;
    assert_true(kdb_secret_equal(KDB_LIT("secret"), KDB_LIT("secret")));
    assert_false(kdb_secret_equal(KDB_LIT("secret"), KDB_LIT("secreT")));
    assert_false(kdb_secret_equal(KDB_LIT("secret"), KDB_LIT("secrets")));
    assert_true(kdb_secret_equal((kdb_slice){NULL, 0}, KDB_LIT("")));
}

static uint32_t crc32c_bit_by_bit(kdb_slice bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len * 8; i++) {
        uint32_t byte = (unsigned char)bytes.data[i / 8];
        uint32_t bit = byte >> (i % 8) & 1U;
        crc = crc >> 1 ^ ((crc ^ bit) & 1U ? 0x82f63b78U : 0);
    }
    return ~crc;
}

static void test_crc32c(void **state)
{
    (void)state;
    assert_int_equal(kdb_crc32c(0, KDB_LIT("")), 0);
    assert_int_equal(kdb_crc32c(0, KDB_LIT("123456789")), 0xe3069283);
    uint64_t seed = 6;
    char data[300];
    for (int round = 0; round < 300; round++) {
        size_t len = kdb_random_next(&seed) % sizeof(data);
        for (size_t i = 0; i < len; i++)
            data[i] = (char)kdb_random_next(&seed);
        kdb_slice bytes = {data, len};
        uint32_t whole = kdb_crc32c(0, bytes);
        assert_int_equal(whole, crc32c_bit_by_bit(bytes));
        size_t half = len / 2;
        uint32_t first = kdb_crc32c(0, kdb_slice_of(data, half));
        assert_int_equal(kdb_crc32c(first, kdb_slice_skip(bytes, half)), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha1),        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac_sha256), cmocka_unit_test(test_secret_equal),
        cmocka_unit_test(test_crc32c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
