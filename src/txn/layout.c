// SPDX-License-Identifier: Apache-2.0
// The way back from stored keys.
#include "txn/layout.h"

#define TABLE_ID_BYTES 4

kdb_status kdb_layout_read_prefix(kdb_slice bytes, struct kdb_ctx *ctx, uint32_t *ret_table_id,
                                  kdb_slice *ret_user, size_t *ret_len)
{
    if (bytes.len < TABLE_ID_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "a stored key ends before its table");
    const unsigned char *id = (const unsigned char *)bytes.data;
    kdb_value user;
    size_t taken;
    KDB_TRY(kdb_key_read(kdb_slice_skip(bytes, TABLE_ID_BYTES), ctx, KDB_TYPE(KDB_TEXT), &user,
                         &taken));
    *ret_table_id =
        (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | (uint32_t)id[3];
    *ret_user = user.bytes;
    *ret_len = TABLE_ID_BYTES + taken;
    return KDB_OK;
}
