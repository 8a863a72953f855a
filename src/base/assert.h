// SPDX-License-Identifier: Apache-2.0
// Asserts that stay on in every build: an invariant of ours is broken, so stop before data is
// damaged.
//
// The three kinds of "wrong": kdb_fail (the world: input, disk, limits), KDB_ASSERT (our bug) and
// KDB_UNREACHABLE (a switch that covered everything). Nothing a client sends may ever reach an
// assert.
#ifndef KDB_BASE_ASSERT_H
#define KDB_BASE_ASSERT_H

#include "base/attributes.h"

// Prints the broken invariant to standard error and aborts. Any thread.
KDB_NORETURN void kdb_assert_failed(const char *what, const char *file, int line);

#define KDB_ASSERT(invariant)                                                                      \
    (KDB_LIKELY(invariant) ? (void)0 : kdb_assert_failed(#invariant, __FILE__, __LINE__))
#define KDB_UNREACHABLE() kdb_assert_failed("unreachable", __FILE__, __LINE__)

#endif
