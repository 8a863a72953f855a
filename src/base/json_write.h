// SPDX-License-Identifier: Apache-2.0
// JSON values appended to a buffer (RFC 8259). Whoever writes objects and arrays puts the brackets,
// commas and colons itself: results are written with this, cell by cell, at the speed of memcpy.
//
// A buffer's limit is checked once at the end, as for every append (buf.h). Any thread, one buffer
// per thread.
#ifndef KDB_BASE_JSON_WRITE_H
#define KDB_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/slice.h"

// A quoted string. `text` is valid UTF-8; quotes, backslashes and control characters are escaped,
// everything else goes through as it is.
void kdb_json_string(struct kdb_buf *buf, kdb_slice text);

// The escaped text without quotes around it, to build one string from several pieces.
void kdb_json_escaped(struct kdb_buf *buf, kdb_slice text);

static inline void kdb_json_i64(struct kdb_buf *buf, int64_t value)
{
    kdb_buf_i64(buf, value);
}

// The shortest number that reads back as the same double, always with a point or an exponent:
// 100.0, 0.1, 1.5e300, 1e-7, -0.0. False, with nothing written, for NaN and infinities, which JSON
// does not have.
KDB_NODISCARD bool kdb_json_double(struct kdb_buf *buf, double value);

// A 32-bit float is sent as the double of the same value: 0.1f is 0.10000000149011612.
KDB_NODISCARD static inline bool kdb_json_float(struct kdb_buf *buf, float value)
{
    return kdb_json_double(buf, (double)value);
}

static inline void kdb_json_bool(struct kdb_buf *buf, bool value)
{
    if (value)
        KDB_BUF_LIT(buf, "true");
    else
        KDB_BUF_LIT(buf, "false");
}

static inline void kdb_json_null(struct kdb_buf *buf)
{
    KDB_BUF_LIT(buf, "null");
}

#endif
