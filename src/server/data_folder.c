// SPDX-License-Identifier: Apache-2.0
// Opening and locking the data folder.
#include "server/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/folders.h"
#include "base/hex.h"
#include "base/os_error.h"
#include "base/random.h"

// What this release reads and writes; docs/FORMATS.md.
#define FORMAT_VERSION 1

#define SECRET_BYTES 32

static int open_in(const struct kdb_data_folder *folder, const char *name, int flags)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    return open(path, flags | O_CLOEXEC, 0600);
}

static kdb_status lock_folder(struct kdb_ctx *ctx, struct kdb_data_folder *folder)
{
    folder->lock = open_in(folder, "LOCK", O_RDWR | O_CREAT);
    if (folder->lock < 0)
        return kdb_fail_os(ctx, errno, "opening the lock file in the data folder %s", folder->path);
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0)
        return KDB_OK;
    if (errno == EWOULDBLOCK)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the data folder %s is in use by another server; stop it or set "
                        "storage.data_path (KALAMDB_DATA_DIR) to another folder",
                        folder->path);
    return kdb_fail_os(ctx, errno, "locking the data folder %s", folder->path);
}

static bool write_draft(const struct kdb_data_folder *folder, const char *draft, kdb_slice content)
{
    int file = open_in(folder, draft, O_WRONLY | O_CREAT | O_TRUNC);
    if (file < 0)
        return false;
    bool is_written =
        write(file, content.data, content.len) == (ssize_t)content.len && fsync(file) == 0;
    int error = errno;
    (void)close(file);
    errno = error;
    return is_written;
}

// Makes the names in the folder durable.
static bool sync_names(const struct kdb_data_folder *folder)
{
    int names = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = names >= 0 && fsync(names) == 0;
    if (names >= 0)
        (void)close(names);
    return is_synced;
}

// The file is there whole or not at all, also after a crash.
static kdb_status write_small(struct kdb_ctx *ctx, const struct kdb_data_folder *folder,
                              const char *name, kdb_slice content)
{
    kdb_slice draft = kdb_arena_printf(&ctx->arena, "%s.tmp", name);
    kdb_slice from = kdb_arena_printf(&ctx->arena, "%s/%s", folder->path, draft.data);
    kdb_slice to = kdb_arena_printf(&ctx->arena, "%s/%s", folder->path, name);
    if (!write_draft(folder, draft.data, content) || rename(from.data, to.data) != 0 ||
        !sync_names(folder))
        return kdb_fail_os(ctx, errno, "writing %s in the data folder", name);
    return KDB_OK;
}

// *ret is null when the file is not there.
static kdb_status read_small(struct kdb_ctx *ctx, const struct kdb_data_folder *folder,
                             const char *name, kdb_slice *ret)
{
    char content[256];
    *ret = (kdb_slice){0};
    int file = open_in(folder, name, O_RDONLY);
    if (file < 0)
        return errno == ENOENT ? KDB_OK : kdb_fail_os(ctx, errno, "opening %s", name);
    ssize_t len = read(file, content, sizeof(content));
    int error = errno;
    (void)close(file);
    if (len < 0)
        return kdb_fail_os(ctx, error, "reading %s in the data folder", name);
    *ret = kdb_arena_copy(&ctx->arena, kdb_slice_of(content, (size_t)len));
    return KDB_OK;
}

static kdb_status check_format(struct kdb_ctx *ctx, const struct kdb_data_folder *folder)
{
    kdb_slice text;
    KDB_TRY(read_small(ctx, folder, "FORMAT", &text));
    if (!text.data) {
        kdb_slice version = kdb_arena_printf(&ctx->arena, "%d\n", FORMAT_VERSION);
        return write_small(ctx, folder, "FORMAT", version);
    }
    int64_t version;
    if (!kdb_slice_to_i64(kdb_slice_trim(text), &version) || version < 1)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "%s/FORMAT is damaged: it must hold a number",
                        folder->path);
    if (version > FORMAT_VERSION)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the data folder %s has format %lld, this release knows formats up to %d: "
                        "start a newer release",
                        folder->path, (long long)version, FORMAT_VERSION);
    return KDB_OK;
}

kdb_status kdb_data_folder_open(struct kdb_ctx *ctx, const char *path,
                                struct kdb_data_folder *ret_folder)
{
    int error = kdb_make_folders(path, 0700);
    if (error != 0)
        return kdb_fail_os(ctx, error, "creating the data folder %s", path);
    char resolved[PATH_MAX];
    if (!realpath(path, resolved))
        return kdb_fail_os(ctx, errno, "resolving the data folder %s", path);
    struct kdb_data_folder folder = {.path = kdb_alloc_text(resolved, strlen(resolved)),
                                     .lock = -1};
    kdb_status status = lock_folder(ctx, &folder);
    if (status == KDB_OK)
        status = check_format(ctx, &folder);
    if (status != KDB_OK) {
        kdb_data_folder_close(&folder);
        return status;
    }
    *ret_folder = folder;
    return KDB_OK;
}

void kdb_data_folder_close(struct kdb_data_folder *folder)
{
    if (folder->path && folder->lock >= 0)
        (void)close(folder->lock);
    kdb_free(folder->path);
    *folder = (struct kdb_data_folder){.lock = -1};
}

kdb_status kdb_data_folder_secret(const struct kdb_data_folder *folder, struct kdb_ctx *ctx,
                                  kdb_slice configured, kdb_slice *ret_secret)
{
    if (configured.len > 0) {
        *ret_secret = configured;
        return KDB_OK;
    }
    kdb_slice stored;
    KDB_TRY(read_small(ctx, folder, "jwt_secret", &stored));
    if (!stored.data) {
        uint8_t bytes[SECRET_BYTES];
        kdb_random_bytes(bytes, sizeof(bytes));
        stored = kdb_hex_text(&ctx->arena, kdb_slice_of(bytes, sizeof(bytes)));
        KDB_TRY(write_small(ctx, folder, "jwt_secret", stored));
    }
    if (stored.len < (size_t)2 * SECRET_BYTES)
        return kdb_fail(ctx, KDB_ERR_CORRUPT, "%s/jwt_secret is damaged", folder->path);
    *ret_secret = stored;
    return KDB_OK;
}
