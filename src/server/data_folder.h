// SPDX-License-Identifier: Apache-2.0
// The data folder: made when absent, held against a second server, its format version checked, its
// secrets kept.
#ifndef KDB_SERVER_DATA_FOLDER_H
#define KDB_SERVER_DATA_FOLDER_H

#include "base/ctx.h"

struct kdb_data_folder {
    char *path; // absolute, links resolved
    int lock;   // descriptor of <path>/LOCK, held while the server runs
};

// Creates the folder (mode 0700) and its FORMAT file, or checks them. UNAVAILABLE when another
// server holds it or a newer release wrote it; IO when it cannot be used (the message names the
// folder: it goes to the operator alone).
KDB_NODISCARD kdb_status kdb_data_folder_open(struct kdb_ctx *ctx, const char *path,
                                              struct kdb_data_folder *ret_folder);
void kdb_data_folder_close(struct kdb_data_folder *folder); // works on a zeroed struct

// The key that signs tokens: the configured one, or 32 random bytes kept in <path>/jwt_secret (mode
// 0600). Arena memory.
KDB_NODISCARD kdb_status kdb_data_folder_secret(const struct kdb_data_folder *folder,
                                                struct kdb_ctx *ctx, kdb_slice configured,
                                                kdb_slice *ret_secret);

#endif
