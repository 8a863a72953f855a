// SPDX-License-Identifier: Apache-2.0
// Where things are in the store: the keys of rows, the sequence index, counters, manifests and
// marks (docs/FORMATS.md).
//
// ROWS space, per partition (prefix = table id u32 big-endian, then the user id as escaped text):
//   prefix 01 <primary key>       -> encoded row, the newest hot version of the key
//   prefix 02 <_seq, 8 bytes BE>  -> primary key bytes of that version (the order of changes)
// META space, by first byte: 'T' table definitions, 'N' namespaces, 'S' storages, 'U' users
// (catalog), 'J' jobs,
//   'C' prefix -> counters of the partition, 'M' prefix -> its manifest, 'X' name -> server marks.
// A SHARED table has one partition whose user part is the escaped empty text. A STREAM table has
// its rows in a store of its own (streams.h): prefix 01 <_seq as a BIGINT key> -> encoded row,
// nothing else. Pure functions; any thread.
#ifndef KDB_TXN_LAYOUT_H
#define KDB_TXN_LAYOUT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/slice.h"
#include "catalog/catalog.h"
#include "types/key.h"

#define KDB_KEYS_ROWS '\x01'
#define KDB_KEYS_SEQ  '\x02'
#define KDB_KEYS_END  '\x03' // one past the last kind: the end of a partition

#define KDB_META_COUNTERS 'C'
#define KDB_META_MANIFEST 'M'
#define KDB_META_JOB      'J'

// Appends the partition prefix.
static inline void kdb_layout_prefix(struct kdb_buf *out, uint32_t table_id, kdb_slice user)
{
    kdb_key_u32(out, table_id);
    kdb_key_text(out, user);
}

// Reads the partition prefix that `bytes` begin with: table, user (valid as long as `bytes` and the
// ctx arena) and how long it is. CORRUPT when they begin otherwise.
KDB_NODISCARD kdb_status kdb_layout_read_prefix(kdb_slice bytes, struct kdb_ctx *ctx,
                                                uint32_t *ret_table_id, kdb_slice *ret_user,
                                                size_t *ret_len);

// Appends prefix, kind byte and `key`: a full ROWS key.
static inline void kdb_layout_key(struct kdb_buf *out, kdb_slice prefix, char kind, kdb_slice key)
{
    kdb_buf_slice(out, prefix);
    kdb_buf_put(out, kind);
    kdb_buf_slice(out, key);
}

// Appends the sequence index key of `seq`.
static inline void kdb_layout_seq_key(struct kdb_buf *out, kdb_slice prefix, int64_t seq)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)((uint64_t)seq >> (56 - 8 * i));
    kdb_layout_key(out, prefix, KDB_KEYS_SEQ, kdb_slice_of(bytes, sizeof(bytes)));
}

// Appends a META key: kind byte and `key`.
static inline void kdb_layout_meta_key(struct kdb_buf *out, char kind, kdb_slice key)
{
    kdb_buf_put(out, kind);
    kdb_buf_slice(out, key);
}

#endif
