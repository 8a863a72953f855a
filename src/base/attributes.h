// SPDX-License-Identifier: Apache-2.0
// Compiler attributes and the 128-bit integer, in one place so that -Wpedantic stays on elsewhere.
#ifndef KDB_BASE_ATTRIBUTES_H
#define KDB_BASE_ATTRIBUTES_H

#define KDB_NODISCARD __attribute__((warn_unused_result))
#define KDB_NORETURN  __attribute__((noreturn))
#define KDB_PRINTF(format_index, first_index)                                                      \
    __attribute__((format(printf, format_index, first_index)))
#define KDB_LIKELY(x)   __builtin_expect(!!(x), 1)
#define KDB_UNLIKELY(x) __builtin_expect(!!(x), 0)

// Runs `close(&variable)` when the variable leaves its scope.
#define KDB_AUTO(close) __attribute__((cleanup(close##_auto)))

// Defines the cleanup function that KDB_AUTO(close) needs, for a `void close(type *)`.
// NOLINTBEGIN(bugprone-macro-parentheses): a type takes no parentheses
#define KDB_AUTO_DEFINE(type, close)                                                               \
    static inline void close##_auto(type **at)                                                     \
    {                                                                                              \
        close(*at);                                                                                \
    }
// NOLINTEND(bugprone-macro-parentheses)

__extension__ typedef __int128 kdb_int128;
__extension__ typedef unsigned __int128 kdb_uint128;

#endif
