// SPDX-License-Identifier: Apache-2.0
// Growth of a byte buffer and the few formatted appends.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"

void kdb_buf_deinit(struct kdb_buf *buf)
{
    kdb_free(buf->data);
    *buf = (struct kdb_buf){.limit = buf->limit};
}

char *kdb_buf_grow(struct kdb_buf *buf, size_t extra)
{
    KDB_ASSERT(extra <= SIZE_MAX / 2 - buf->len);
    size_t needed = buf->len + extra;
    if (buf->is_exceeded || (buf->limit != 0 && needed > buf->limit)) {
        buf->is_exceeded = true;
        return NULL;
    }
    size_t capacity = kdb_grow_capacity(buf->capacity < 64 ? 64 : buf->capacity, needed);
    buf->data = kdb_realloc(buf->data, capacity);
    buf->capacity = capacity;
    return buf->data + buf->len;
}

void kdb_buf_printf(struct kdb_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    KDB_ASSERT(len >= 0);
    char *at = kdb_buf_reserve(buf, (size_t)len + 1);
    if (at) {
        (void)vsnprintf(at, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

// "00" to "99".
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

void kdb_buf_u64(struct kdb_buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    while (value >= 100) {
        at -= 2;
        memcpy(digits + at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + value * 2, 2);
    } else {
        digits[--at] = (char)('0' + value);
    }
    kdb_buf_append(buf, digits + at, sizeof(digits) - at);
}

void kdb_buf_i64(struct kdb_buf *buf, int64_t value)
{
    if (value < 0)
        kdb_buf_put(buf, '-');
    kdb_buf_u64(buf, value < 0 ? 0U - (uint64_t)value : (uint64_t)value);
}
