// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321) for the SQL function md5(): a fingerprint people know, never a proof of anything.
#ifndef KDB_PLAN_MD5_PRIV_H
#define KDB_PLAN_MD5_PRIV_H

#include <stdint.h>

#include "base/slice.h"

#define PLAN_MD5_BYTES 16

// The digest of `bytes`. Any thread.
void plan_md5_digest(kdb_slice bytes, uint8_t ret_digest[PLAN_MD5_BYTES]);

#endif
