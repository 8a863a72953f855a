// SPDX-License-Identifier: Apache-2.0
// Checks of bytes: SHA-256 and HMAC-SHA-256 (libcrypto), comparison in constant time, CRC-32C, and
// SHA-1 where a protocol asks for it.
//
// SHA-256 names and proves content, HMAC signs, CRC-32C finds damaged blocks of our own files.
// Any thread.
#ifndef KDB_BASE_DIGEST_H
#define KDB_BASE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define KDB_SHA256_BYTES 32
#define KDB_SHA1_BYTES   20

// The digest of `bytes` (FIPS 180-4).
void kdb_sha256(kdb_slice bytes, uint8_t ret_digest[KDB_SHA256_BYTES]);

// The signature of `bytes` under `key` (RFC 2104).
void kdb_hmac_sha256(kdb_slice key, kdb_slice bytes, uint8_t ret_digest[KDB_SHA256_BYTES]);

// The SHA-1 of `bytes`, which the WebSocket handshake asks for (RFC 6455). It proves nothing
// against anybody: use it where a protocol names it, and nowhere else.
void kdb_sha1(kdb_slice bytes, uint8_t ret_digest[KDB_SHA1_BYTES]);

// Whether two secrets are equal; the time taken depends on the length only.
bool kdb_secret_equal(kdb_slice a, kdb_slice b);

// CRC-32C (Castagnoli) of `bytes`; `seed` is 0, or the result for the bytes before these.
uint32_t kdb_crc32c(uint32_t seed, kdb_slice bytes);

#endif
