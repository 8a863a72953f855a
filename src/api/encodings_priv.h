// SPDX-License-Identifier: Apache-2.0
// Other forms of our JSON: MessagePack and gzip, both ways.
//
// The structure of a message is decided once, as JSON; these only change its clothes. Pure, any
// thread.
#ifndef KDB_API_ENCODINGS_PRIV_H
#define KDB_API_ENCODINGS_PRIV_H

#include "base/buf.h"
#include "base/ctx.h"

// ---- msgpack.c ----
// Appends a JSON text that we wrote ourselves as MessagePack: maps with string keys, integers as
// integers, other numbers as doubles.
void api_pack_json(kdb_slice json, struct kdb_buf *out);
// Appends the members of a JSON object without the map header in front; how many there are.
void api_pack_members(kdb_slice json, struct kdb_buf *out, uint32_t *ret_count);
void api_pack_map_header(uint32_t count, struct kdb_buf *out);
// Appends a client's MessagePack as JSON text. INVALID_INPUT for anything but one value of JSON's
// kinds, with text that is UTF-8 and string keys; LIMIT_EXCEEDED for nesting.
KDB_NODISCARD kdb_status api_unpack_json(struct kdb_ctx *ctx, kdb_slice packed,
                                         struct kdb_buf *out);

// ---- gzip.c ----
// Appends the compressed bytes. False when the library refuses.
KDB_NODISCARD bool gzip_compress(kdb_slice bytes, struct kdb_buf *out);
bool gzip_is(kdb_slice bytes);
// Appends what a client compressed, at most `size_max` bytes: LIMIT_EXCEEDED beyond, INVALID_INPUT
// for damaged data.
KDB_NODISCARD kdb_status gzip_expand(struct kdb_ctx *ctx, kdb_slice bytes, size_t size_max,
                                     struct kdb_buf *out);

#endif
