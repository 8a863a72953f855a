// SPDX-License-Identifier: Apache-2.0
// The probe of a folder.
#include "exec/storage_probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os_error.h"
#include "base/random.h"

#define FOLDER  ".kalamdb-health-check"
#define CONTENT "KALAMDB_HEALTH\n"

struct run {
    struct kdb_ctx *ctx;
    struct storage_probe *probe;
    const char *folder; // of the probe's own
    const char *name;   // of the file in it
    const char *file;   // both
};

static void note(struct run *run, const char *what)
{
    int error = errno;
    if (!run->probe->error)
        run->probe->error =
            kdb_arena_printf(&run->ctx->arena, "%s: %s", what, kdb_os_error_text(error)).data;
}

static bool write_file(struct run *run)
{
    if (mkdir(run->folder, 0700) != 0 && errno != EEXIST) {
        note(run, "the folder cannot be written");
        return false;
    }
    int file = open(run->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        note(run, "a file cannot be created");
        return false;
    }
    bool is_written = write(file, CONTENT, sizeof(CONTENT) - 1) == (ssize_t)sizeof(CONTENT) - 1 &&
                      fsync(file) == 0;
    if (!is_written)
        note(run, "a file cannot be written");
    return close(file) == 0 && is_written;
}

static bool list_folder(struct run *run)
{
    DIR *folder = opendir(run->folder);
    bool is_found = false;
    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
            is_found = is_found || strcmp(entry->d_name, run->name) == 0;
        (void)closedir(folder);
    }
    if (!is_found)
        note(run, "the folder cannot be listed");
    return is_found;
}

static bool read_file(struct run *run)
{
    char content[sizeof(CONTENT)] = {0};
    int file = open(run->file, O_RDONLY | O_CLOEXEC);
    ssize_t len = file >= 0 ? read(file, content, sizeof(content)) : -1;
    bool is_same =
        len == (ssize_t)sizeof(CONTENT) - 1 && memcmp(content, CONTENT, (size_t)len) == 0;
    if (!is_same)
        note(run, "a file cannot be read back");
    if (file >= 0)
        (void)close(file);
    return is_same;
}

static bool delete_file(struct run *run)
{
    bool is_deleted = unlink(run->file) == 0;
    if (!is_deleted)
        note(run, "a file cannot be deleted");
    (void)rmdir(run->folder); // another probe may be using it
    return is_deleted;
}

static void read_space(const char *path, struct storage_probe *probe)
{
    struct statvfs space;
    if (statvfs(path, &space) != 0)
        return;
    probe->total_bytes = (int64_t)(space.f_blocks * space.f_frsize);
    probe->used_bytes = (int64_t)((space.f_blocks - space.f_bfree) * space.f_frsize);
}

void storage_probe_run(struct kdb_ctx *ctx, const char *path, struct storage_probe *ret_probe)
{
    struct storage_probe probe = {.total_bytes = -1, .used_bytes = -1};
    unsigned long long random;
    kdb_random_bytes(&random, sizeof(random));
    struct run run = {.ctx = ctx, .probe = &probe};
    run.folder = kdb_arena_printf(&ctx->arena, "%s/" FOLDER, path).data;
    run.name = kdb_arena_printf(&ctx->arena, "%016llx.tmp", random).data;
    run.file = kdb_arena_printf(&ctx->arena, "%s/%s", run.folder, run.name).data;
    int64_t begin_ns = kdb_monotonic_ns();
    probe.is_writable = write_file(&run);
    if (probe.is_writable) {
        probe.is_listable = list_folder(&run);
        probe.is_readable = read_file(&run);
        probe.is_deletable = delete_file(&run);
    } else {
        (void)unlink(run.file);
        (void)rmdir(run.folder);
        probe.is_listable = access(path, R_OK | X_OK) == 0;
        probe.is_readable = probe.is_listable;
    }
    probe.latency_ms = (kdb_monotonic_ns() - begin_ns) / 1000000;
    read_space(path, &probe);
    *ret_probe = probe;
}

// ---- folders ----

kdb_status storage_probe_make_folder(struct kdb_ctx *ctx, kdb_slice path, size_t *ret_made)
{
    char *part = kdb_arena_alloc(&ctx->arena, path.len + 1);
    memcpy(part, path.data, path.len);
    part[path.len] = '\0';
    size_t made = path.len + 1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0755) == 0) {
            made = made < i ? made : i;
        } else if (errno != EEXIST) {
            int error = errno;
            storage_probe_unmake_folder(ctx, kdb_slice_of(path.data, i), made);
            return kdb_fail_os(ctx, error, "the folder %s cannot be made", part);
        }
        part[i] = i < path.len ? '/' : '\0';
    }
    *ret_made = made;
    return KDB_OK;
}

void storage_probe_unmake_folder(struct kdb_ctx *ctx, kdb_slice path, size_t made)
{
    char *part = kdb_arena_alloc(&ctx->arena, path.len + 1);
    memcpy(part, path.data, path.len);
    part[path.len] = '\0';
    // Deepest first, down to the first one that was made.
    for (size_t i = path.len; i >= made && i > 0; i--) {
        bool is_end = i == path.len || path.data[i] == '/';
        part[i] = '\0';
        if (is_end && rmdir(part) != 0)
            return;
    }
}
