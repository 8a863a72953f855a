// SPDX-License-Identifier: Apache-2.0
// Files and folders of the local file system.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os_error.h"
#include "segments/object_priv.h"
#include "segments/service_priv.h"

#define FOLDER_MODE 0700
#define FILE_MODE   0600

// How often a folder is made again because it was taken away as empty meanwhile.
#define FOLDER_TRIES 16

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// The folder of a path, in the arena; "/" for names in the root.
static char *folder_of(struct kdb_ctx *ctx, const char *path)
{
    size_t len = (size_t)(name_of(path) - path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    char *folder = kdb_arena_alloc(&ctx->arena, len + 1);
    memcpy(folder, path, len);
    folder[len] = '\0';
    return folder;
}

static int sync_path(const char *path, int flags)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (file < 0)
        return errno;
    int error = fsync(file) == 0 ? 0 : errno;
    (void)close(file);
    return error;
}

// ---- folders ----

// Makes one folder whose parent exists; 0 when it is there.
static int make_one(struct kdb_ctx *ctx, const char *folder)
{
    if (mkdir(folder, FOLDER_MODE) == 0)
        return sync_path(folder_of(ctx, folder), O_DIRECTORY);
    if (errno != EEXIST)
        return errno;
    struct stat about;
    if (stat(folder, &about) != 0)
        return errno;
    return S_ISDIR(about.st_mode) ? 0 : ENOTDIR;
}

// Makes the folder and what is missing above it: from the deepest that exists downwards.
static int make_all(struct kdb_ctx *ctx, char *path)
{
    int error = make_one(ctx, path);
    if (error != ENOENT)
        return error;
    size_t len = strlen(path);
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        error = make_one(ctx, path);
        *slash = '/';
        if (error != 0)
            return error;
    }
    return path[len - 1] == '/' ? 0 : make_one(ctx, path);
}

kdb_status object_make_folder(struct kdb_ctx *ctx, kdb_slice folder)
{
    kdb_slice copy = kdb_arena_copy(&ctx->arena, folder);
    char *path = (char *)(uintptr_t)copy.data;
    int error = ENOENT;
    // ENOENT: a folder on the way was empty and somebody removed it.
    for (int i = 0; i < FOLDER_TRIES && error == ENOENT; i++)
        error = make_all(ctx, path);
    if (error != 0)
        return kdb_fail_os(ctx, error, "the folder of a table's files cannot be made");
    return KDB_OK;
}

kdb_status object_sync_folder_of(struct kdb_ctx *ctx, const char *path)
{
    int error = sync_path(folder_of(ctx, path), O_DIRECTORY);
    if (error != 0)
        return kdb_fail_os(ctx, error, "the folder of %s cannot be made durable", name_of(path));
    return KDB_OK;
}

void object_prune(const struct kdb_segment_service *service, const char *path)
{
    char folder[PATH_MAX];
    size_t len = (size_t)(name_of(path) - path);
    if (len < 2 || len >= sizeof(folder))
        return;
    memcpy(folder, path, len);
    folder[len - 1] = '\0';
    const size_t data_len = service->data_path.len;
    bool is_default = strncmp(folder, service->data_path.data, data_len) == 0 &&
                      strncmp(folder + data_len, "/users/", 7) == 0;
    bool goes_on = true;
    while (goes_on && rmdir(folder) == 0) {
        char *slash = strrchr(folder, '/');
        *slash = '\0';
        goes_on = is_default && strlen(folder) > data_len + 7;
    }
}

kdb_status object_list(struct kdb_ctx *ctx, const char *folder, kdb_slice **ret_names,
                       size_t *ret_count)
{
    DIR *open_folder = opendir(folder);
    if (!open_folder && errno != ENOENT)
        return kdb_fail_os(ctx, errno, "the folder of a table's files cannot be read");
    kdb_slice *names = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (open_folder) {
        errno = 0;
        struct dirent *entry = readdir(open_folder);
        if (!entry)
            break;
        kdb_slice name = kdb_arena_copy(&ctx->arena, kdb_slice_cstr(entry->d_name));
        KDB_PUSH(&ctx->arena, names, count, capacity, name);
    }
    int error = open_folder ? errno : 0;
    if (open_folder)
        (void)closedir(open_folder);
    if (error != 0)
        return kdb_fail_os(ctx, error, "the folder of a table's files cannot be read");
    *ret_names = names;
    *ret_count = count;
    return KDB_OK;
}

// ---- files ----

kdb_status object_create(struct kdb_ctx *ctx, const char *path)
{
    int file = -1;
    for (int i = 0; i < FOLDER_TRIES && file < 0; i++) {
        KDB_TRY(object_make_folder(ctx, kdb_slice_cstr(folder_of(ctx, path))));
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
        if (file < 0 && errno != ENOENT)
            break;
    }
    if (file < 0)
        return kdb_fail_os(ctx, errno, "the file %s cannot be made", name_of(path));
    (void)close(file);
    return KDB_OK;
}

kdb_status object_sync(struct kdb_ctx *ctx, const char *path)
{
    int error = sync_path(path, 0);
    if (error != 0)
        return kdb_fail_os(ctx, error, "the file %s cannot be made durable", name_of(path));
    return KDB_OK;
}

kdb_status object_rename(struct kdb_ctx *ctx, const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return kdb_fail_os(ctx, errno, "the file %s cannot be renamed to %s", name_of(from),
                           name_of(to));
    return KDB_OK;
}

static int write_all(int file, kdb_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(file, bytes.data, bytes.len);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            bytes = kdb_slice_skip(bytes, (size_t)written);
    }
    return 0;
}

static int write_file(const char *path, kdb_slice bytes, bool is_synced)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0)
        return errno;
    int error = write_all(file, bytes);
    if (error == 0 && is_synced && fsync(file) != 0)
        error = errno;
    if (close(file) != 0 && error == 0)
        error = errno;
    return error;
}

kdb_status object_write(struct kdb_ctx *ctx, const char *path, kdb_slice bytes, bool is_synced)
{
    const char *draft = kdb_arena_printf(&ctx->arena, "%s.tmp", path).data;
    KDB_TRY(object_create(ctx, draft));
    int error = write_file(draft, bytes, is_synced);
    kdb_status status =
        error == 0 ? object_rename(ctx, draft, path)
                   : kdb_fail_os(ctx, error, "the file %s cannot be written", name_of(path));
    if (status != KDB_OK)
        (void)object_remove(draft);
    return status;
}

bool object_holds(const char *path, kdb_slice bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    char block[4096];
    bool is_same = true;
    bool is_end = false;
    while (is_same && !is_end) {
        ssize_t got = read(file, block, sizeof(block));
        is_end = got == 0;
        is_same =
            got >= 0 && (size_t)got <= bytes.len && memcmp(block, bytes.data, (size_t)got) == 0;
        bytes = kdb_slice_skip(bytes, is_same ? (size_t)got : 0);
    }
    (void)close(file);
    return is_same && bytes.len == 0;
}

bool object_remove(const char *path)
{
    return remove(path) == 0 || errno == ENOENT;
}

int64_t object_size(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) ? (int64_t)about.st_size : -1;
}

// ---- links ----

kdb_status object_resolve(struct kdb_ctx *ctx, kdb_slice path, kdb_slice *ret_path)
{
    char resolved[PATH_MAX];
    if (path.len >= sizeof(resolved))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "the path is longer than %d bytes",
                        PATH_MAX - 1);
    kdb_slice copy = kdb_arena_copy(&ctx->arena, path);
    char *existing = (char *)(uintptr_t)copy.data;
    size_t len = path.len;
    while (!realpath(existing, resolved)) {
        // A link that leads nowhere must not be taken for a folder that does not exist yet.
        struct stat about;
        if (errno != ENOENT || lstat(existing, &about) == 0)
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "the path cannot be used: %s",
                            kdb_os_error_text(errno == ENOENT ? ELOOP : errno));
        while (len > 1 && existing[len - 1] != '/')
            len--;
        while (len > 1 && existing[len - 1] == '/')
            len--;
        existing[len] = '\0';
    }
    kdb_slice rest = kdb_slice_skip(path, len);
    if (strcmp(resolved, "/") == 0)
        resolved[0] = '\0';
    while (rest.len > 0 && rest.data[0] == '/')
        rest = kdb_slice_skip(rest, 1);
    *ret_path = rest.len == 0 && resolved[0] != '\0'
                    ? kdb_arena_copy(&ctx->arena, kdb_slice_cstr(resolved))
                    : kdb_arena_printf(&ctx->arena, "%s/%.*s", resolved, KDB_ARG(rest));
    return KDB_OK;
}
