// SPDX-License-Identifier: Apache-2.0
// Folders with what is missing above them.
#ifndef KDB_BASE_FOLDERS_H
#define KDB_BASE_FOLDERS_H

#include <sys/types.h>

// Makes the folder `path` and the missing ones above it. 0, or the errno of what failed. Any
// thread.
int kdb_make_folders(const char *path, mode_t mode);

#endif
