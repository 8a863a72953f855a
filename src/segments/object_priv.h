// SPDX-License-Identifier: Apache-2.0
// Files and folders of the cold tier: the one place in this folder that touches the file system.
//
// Paths are absolute and end with a NUL. Messages name the file, never its folder. New folders have
// mode 0700, new files 0600. Blocking; any thread but an event loop.
#ifndef KDB_SEGMENTS_OBJECT_PRIV_H
#define KDB_SEGMENTS_OBJECT_PRIV_H

#include "base/ctx.h"

struct kdb_segment_service;

// Creates the folder and those above it that are missing, each durable in its parent.
KDB_NODISCARD kdb_status object_make_folder(struct kdb_ctx *ctx, kdb_slice folder);

// Creates an empty file (or empties one) in a folder that is made when it is missing: from then on
// nobody can take the folder away as empty.
KDB_NODISCARD kdb_status object_create(struct kdb_ctx *ctx, const char *path);

// Makes a file's content durable.
KDB_NODISCARD kdb_status object_sync(struct kdb_ctx *ctx, const char *path);

// Makes the names in the folder of `path` durable.
KDB_NODISCARD kdb_status object_sync_folder_of(struct kdb_ctx *ctx, const char *path);

// Gives a file another name in its folder, replacing what has it.
KDB_NODISCARD kdb_status object_rename(struct kdb_ctx *ctx, const char *from, const char *to);

// Writes a whole file so that readers see the old or the new one: <path>.tmp, durable when
// `is_synced`, renamed. The folder is made when it is missing.
KDB_NODISCARD kdb_status object_write(struct kdb_ctx *ctx, const char *path, kdb_slice bytes,
                                      bool is_synced);

// True when the file is there and holds exactly these bytes.
bool object_holds(const char *path, kdb_slice bytes);

// Deletes a file or an empty folder; what is not there or cannot be deleted stays. True when it is
// gone.
bool object_remove(const char *path);

// Removes the folder of a deleted segment file if it is empty now, and, under <data>/users, the
// folders above it.
void object_prune(const struct kdb_segment_service *service, const char *path);

// Bytes of a file; -1 when there is none.
int64_t object_size(const char *path);

// The names in a folder (none when it does not exist), in the ctx arena.
KDB_NODISCARD kdb_status object_list(struct kdb_ctx *ctx, const char *folder, kdb_slice **ret_names,
                                     size_t *ret_count);

// `path` with symbolic links resolved as far as it exists; what does not exist yet is kept as it is
// written. In the ctx arena. It has no "." or ".." components.
KDB_NODISCARD kdb_status object_resolve(struct kdb_ctx *ctx, kdb_slice path, kdb_slice *ret_path);

#endif
