// SPDX-License-Identifier: Apache-2.0
// RocksDB's error texts: the C interface gives nothing else to tell errors apart.
#include "store/rocksdb_priv.h"

#include <string.h>

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// These texts come from RocksDB's own tables of status codes; the locale does not change them.
kdb_status store_rocksdb_status(const char *error)
{
    if (starts_with(error, "IO error: No space left on device"))
        return KDB_ERR_DISK_FULL;
    if (starts_with(error, "IO error"))
        return KDB_ERR_IO;
    if (starts_with(error, "Corruption"))
        return KDB_ERR_CORRUPT;
    if (starts_with(error, "Shutdown in progress") || starts_with(error, "Resource busy") ||
        starts_with(error, "Operation aborted") || starts_with(error, "Operation failed. Try"))
        return KDB_ERR_UNAVAILABLE;
    return KDB_ERR_INTERNAL;
}

bool store_rocksdb_is_incomplete(const char *error)
{
    return starts_with(error, "Result incomplete");
}

bool store_rocksdb_is_locked(const char *error)
{
    return starts_with(error, "IO error: lock hold by current process") ||
           starts_with(error, "IO error: While lock file");
}

void store_rocksdb_hide_paths(const char *error, const char *folder, char *out, size_t size)
{
    size_t folder_len = strlen(folder);
    bool is_plain = strchr(folder, '/') == NULL; // may be an ordinary word of the text
    size_t word = 0;                             // where the current word begins in `out`
    size_t len = 0;
    const char *at = error;
    while (*at != '\0' && len + 1 < size) {
        if (folder_len > 0 && strncmp(at, folder, folder_len) == 0 &&
            (!is_plain || at[folder_len] == '/')) {
            at += folder_len; // may contain blanks, so it is not seen word by word
            continue;
        }
        if (*at == '/')
            len = word;
        else
            out[len++] = *at;
        if (*at == ' ' || *at == ':' || *at == '\n')
            word = len;
        at++;
    }
    out[len] = '\0';
}

kdb_status store_rocksdb_fail(struct kdb_ctx *ctx, char *error, const char *folder,
                              const char *doing)
{
    char text[KDB_MESSAGE_BYTES / 2];
    kdb_status status = store_rocksdb_status(error);
    store_rocksdb_hide_paths(error, folder, text, sizeof(text));
    rocksdb_free(error);
    if (status == KDB_ERR_DISK_FULL)
        return kdb_fail(ctx, status, "%s: the disk that holds the data folder is full", doing);
    return kdb_fail(ctx, status, "%s: %s", doing, text);
}
