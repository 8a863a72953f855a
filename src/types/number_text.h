// SPDX-License-Identifier: Apache-2.0
// The DECIMAL type a number has by its own text: 1.50 is DECIMAL(3,2).
#ifndef KDB_TYPES_NUMBER_TEXT_H
#define KDB_TYPES_NUMBER_TEXT_H

#include <stdbool.h>

#include "base/slice.h"
#include "types/type.h"

// Digits with an optional sign, point and exponent; false beyond 38 digits or when `text` is no
// number. Any thread.
bool kdb_decimal_type_of(kdb_slice text, kdb_type *ret_type);

#endif
