// SPDX-License-Identifier: Apache-2.0
// Reading UUIDs in all forms PostgreSQL accepts; kdb_uuid_format of base/id.h writes them. Any
// thread.
#ifndef KDB_TYPES_UUID_TEXT_H
#define KDB_TYPES_UUID_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

// 32 hexadecimal digits of any case, optionally in braces, a hyphen allowed after each group of
// four. False for anything else.
bool kdb_uuid_parse(kdb_slice text, uint8_t ret_uuid[16]);

#endif
