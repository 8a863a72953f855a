// SPDX-License-Identifier: Apache-2.0
// The stored row: a versioned binary record whose columns can be read one by one without decoding
// the rest.
//
// Layout (docs/FORMATS.md), all little-endian:
//   byte 0      format version, 1
//   byte 1      flags: bit 0 = deleted (tombstone: keeps the last column values)
//   bytes 2-3   declared columns in the row's schema version
//   bytes 4-7   schema version
//   bytes 8-15  _seq
//   then        null bitmap, one bit per column in ordinal order, 1 = NULL
//   then        one fixed slot per column: 1, 2, 4, 8 or 16 bytes, or for variable-length kinds the
//   4-byte end offset of
//               the value in the heap (it begins where the previous variable column ends)
//   then        the heap
// Reading needs the schema of the row's own version; mapping it to the current one is the reader's
// job (by column id). Pure functions over bytes; any thread.
#ifndef KDB_TYPES_ROW_H
#define KDB_TYPES_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/id.h"
#include "base/slice.h"
#include "types/schema.h"
#include "types/value.h"

#define KDB_ROW_FORMAT       1
#define KDB_ROW_HEADER_BYTES 16

// Appends the encoding of one row. `values` holds one value per declared column, already of the
// column's type (another kind, scale or embedding length is an assert). `seq` may be 0 and set
// later with kdb_row_set_seq. Fails with LIMIT_EXCEEDED when `out`'s limit is reached.
KDB_NODISCARD kdb_status kdb_row_encode(const struct kdb_schema *schema, struct kdb_ctx *ctx,
                                        const kdb_value *values, int64_t seq, bool is_deleted,
                                        struct kdb_buf *out);

// Checks that `row` is a well-formed row of `schema` (offsets in order and inside, lengths right,
// kinds valid): after this the readers below cannot leave the bytes. Rows from disk are checked
// once when they enter a cache; CORRUPT otherwise.
KDB_NODISCARD kdb_status kdb_row_check(const struct kdb_schema *schema, struct kdb_ctx *ctx,
                                       kdb_slice row);

// Header fields; the slice must hold at least KDB_ROW_HEADER_BYTES.
static inline uint32_t kdb_row_schema_version(kdb_slice row)
{
    uint32_t version;
    memcpy(&version, row.data + 4, sizeof(version));
    return version;
}

static inline int64_t kdb_row_seq(kdb_slice row)
{
    int64_t seq;
    memcpy(&seq, row.data + 8, sizeof(seq));
    return seq;
}

// The value of _updated: the millisecond in _seq, as microseconds since 1970.
static inline int64_t kdb_row_updated_us(kdb_slice row)
{
    return kdb_snowflake_ms(kdb_row_seq(row)) * 1000;
}

static inline bool kdb_row_is_deleted(kdb_slice row)
{
    return (row.data[1] & 1) != 0;
}

// Overwrites _seq in an encoded row (the committer assigns it last).
static inline void kdb_row_set_seq(char *row, int64_t seq)
{
    memcpy(row + 8, &seq, sizeof(seq));
}

// Reads declared column `index` of a row of exactly this schema version; bytes are borrowed from
// the row.
void kdb_row_get(const struct kdb_schema *schema, kdb_slice row, uint32_t index,
                 kdb_value *ret_value);

// Reads a column by its stable id (system ids included) from a row written under `row_schema`. A
// column the row's version did not have yet gives its default value when that is a constant, else
// NULL: `column` describes it as of now. A column widened since gives the new kind for integers and
// for FLOAT to DOUBLE; any other change of type leaves the kind the row was written with, for the
// caller to convert with kdb_cast.
void kdb_row_get_column(const struct kdb_schema *row_schema, kdb_slice row,
                        const struct kdb_column *column, kdb_value *ret_value);

#endif
