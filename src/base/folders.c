// SPDX-License-Identifier: Apache-2.0
// mkdir, from the top downwards.
#include "base/folders.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

int kdb_make_folders(const char *path, mode_t mode)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof(partial))
        return ENAMETOOLONG;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, mode) != 0 && errno != EEXIST)
            return errno;
    }
    return 0;
}
