// SPDX-License-Identifier: Apache-2.0
// A borrowed run of bytes: pointer and length, passed by value, never NUL-terminated.
//
// Every byte string in the server is a kdb_slice. A slice owns nothing: a parameter is borrowed for
// the call, a returned slice lives as long as the object named in the function's comment (usually
// the request arena). The null slice {NULL, 0} means "absent"; an empty string has a non-NULL
// pointer where the difference matters. Any thread.
#ifndef KDB_BASE_SLICE_H
#define KDB_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *data; // first byte, may be NULL when len is 0
    size_t len;       // bytes
} kdb_slice;

// A slice of a string literal, usable in static initialisers.
#define KDB_LIT(s) ((kdb_slice){("" s), sizeof(s) - 1})

// The same for members of a constant table, where a compound literal is not allowed: {.name =
// KDB_LIT_INIT("x")}.
#define KDB_LIT_INIT(s)                                                                            \
    {                                                                                              \
        ("" s), sizeof(s) - 1                                                                      \
    }

// printf("%.*s", KDB_ARG(slice)).
#define KDB_ARG(s) (int)(s).len, (s).data

static inline kdb_slice kdb_slice_of(const void *data, size_t len)
{
    return (kdb_slice){(const char *)data, len};
}

// A slice of a NUL-terminated string we own (never of bytes from outside); NULL gives the null
// slice.
static inline kdb_slice kdb_slice_cstr(const char *text)
{
    return (kdb_slice){text, text ? strlen(text) : 0};
}

static inline bool kdb_slice_equal(kdb_slice a, kdb_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Bytewise order, shorter first on a common prefix: <0, 0, >0.
static inline int kdb_slice_compare(kdb_slice a, kdb_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool kdb_slice_has_prefix(kdb_slice s, kdb_slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

// ASCII case-insensitive equality (keywords, header names).
bool kdb_slice_equal_nocase(kdb_slice a, kdb_slice b);

// `s` without its first `count` bytes (all of them when it is shorter).
static inline kdb_slice kdb_slice_skip(kdb_slice s, size_t count)
{
    size_t n = count < s.len ? count : s.len;
    return (kdb_slice){n > 0 ? s.data + n : s.data, s.len - n};
}

// `s` without ASCII blanks (space, \t, \r, \n, \f, \v) at either end.
kdb_slice kdb_slice_trim(kdb_slice s);

// Index of `needle` in `haystack` at or after `from`, or SIZE_MAX.
size_t kdb_slice_find(kdb_slice haystack, kdb_slice needle, size_t from);

// 64-bit hash with a per-process random seed: keys from outside cannot be aimed at one bucket.
uint64_t kdb_slice_hash(kdb_slice s);

// Decimal integer with an optional sign that fills the whole slice; false when it is anything else
// or out of range.
bool kdb_slice_to_i64(kdb_slice s, int64_t *ret_value);

#endif
