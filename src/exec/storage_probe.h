// SPDX-License-Identifier: Apache-2.0
// Whether a folder can be written, listed, read and deleted from, found out by doing it.
#ifndef KDB_EXEC_STORAGE_PROBE_H
#define KDB_EXEC_STORAGE_PROBE_H

#include "base/ctx.h"

struct storage_probe {
    bool is_writable;
    bool is_listable;
    bool is_readable;
    bool is_deletable;
    int64_t latency_ms;
    int64_t total_bytes, used_bytes; // of the file system, -1: unknown
    const char *error;               // what failed first, in the ctx arena; NULL: nothing
};

// Writes, lists, reads and deletes a small file in a folder of its own below `path` (absolute,
// exists). Workers only.
void storage_probe_run(struct kdb_ctx *ctx, const char *path, struct storage_probe *ret_probe);

// Makes the folder (an absolute path without trailing slash) and those above it, mode 0755.
// *ret_made: length of the path of the first folder that was made, larger than the path when it was
// there already.
KDB_NODISCARD kdb_status storage_probe_make_folder(struct kdb_ctx *ctx, kdb_slice path,
                                                   size_t *ret_made);
// Removes what storage_probe_make_folder made, as far as it is empty.
void storage_probe_unmake_folder(struct kdb_ctx *ctx, kdb_slice path, size_t made);

#endif
