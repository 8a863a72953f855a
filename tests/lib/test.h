// SPDX-License-Identifier: Apache-2.0
// What every unit test includes: cmocka with the headers it wants before it.
#ifndef KDB_TESTS_LIB_TEST_H
#define KDB_TESTS_LIB_TEST_H

#include <setjmp.h> // IWYU pragma: keep
#include <stdarg.h> // IWYU pragma: keep
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> // IWYU pragma: export

#include "base/slice.h"

// Fails unless the slice holds exactly the text of `expected`.
#define assert_slice_equal(slice, expected)                                                        \
    do {                                                                                           \
        kdb_slice test_slice = (slice);                                                            \
        if (!kdb_slice_equal(test_slice, kdb_slice_cstr(expected)))                                \
            fail_msg("\"%.*s\" is not \"%s\"", KDB_ARG(test_slice), (expected));                   \
    } while (0)

#endif
