// SPDX-License-Identifier: Apache-2.0
// A growing byte buffer on the heap: replies, encoded rows, log lines.
//
// Zeroed memory is an empty buffer. Owned by one object, used by one thread at a time. `limit`
// bounds what a client can make us build: past it, appends are dropped and `is_exceeded` is set, to
// be checked once at the end.
#ifndef KDB_BASE_BUF_H
#define KDB_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"
#include "base/slice.h"

struct kdb_buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t limit;     // bytes, 0: none
    bool is_exceeded; // an append did not fit the limit
};

// Frees the memory; the struct is an empty buffer again (limit kept).
void kdb_buf_deinit(struct kdb_buf *buf);

// Forgets the content, keeps the memory.
static inline void kdb_buf_clear(struct kdb_buf *buf)
{
    buf->len = 0;
    buf->is_exceeded = false;
}

// The slow path of kdb_buf_reserve.
char *kdb_buf_grow(struct kdb_buf *buf, size_t extra);

// Room for `extra` (at least 1) more bytes: where to write them, or NULL when the limit does not
// allow it (is_exceeded is set). The bytes count only after kdb_buf_advance.
static inline char *kdb_buf_reserve(struct kdb_buf *buf, size_t extra)
{
    if (KDB_LIKELY(buf->capacity - buf->len >= extra))
        return buf->data + buf->len;
    return kdb_buf_grow(buf, extra);
}

static inline void kdb_buf_advance(struct kdb_buf *buf, size_t written)
{
    buf->len += written;
}

static inline void kdb_buf_append(struct kdb_buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    char *at = kdb_buf_reserve(buf, len);
    if (KDB_LIKELY(at != NULL)) {
        memcpy(at, data, len);
        buf->len += len;
    }
}

static inline void kdb_buf_put(struct kdb_buf *buf, char byte)
{
    char *at = kdb_buf_reserve(buf, 1);
    if (KDB_LIKELY(at != NULL)) {
        *at = byte;
        buf->len++;
    }
}

static inline void kdb_buf_slice(struct kdb_buf *buf, kdb_slice s)
{
    kdb_buf_append(buf, s.data, s.len);
}

// Appends a string literal.
#define KDB_BUF_LIT(buf, text) kdb_buf_append((buf), "" text, sizeof(text) - 1)

// printf at the end.
void kdb_buf_printf(struct kdb_buf *buf, const char *format, ...) KDB_PRINTF(2, 3);

// Decimal digits of an integer.
void kdb_buf_u64(struct kdb_buf *buf, uint64_t value);
void kdb_buf_i64(struct kdb_buf *buf, int64_t value);

// The content, valid until the next append.
static inline kdb_slice kdb_buf_view(const struct kdb_buf *buf)
{
    return (kdb_slice){buf->data ? buf->data : "", buf->len};
}

#endif
