// SPDX-License-Identifier: Apache-2.0
// What only a store on disk can do: last, be damaged, be locked, be full, not be in memory.
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <rocksdb/c.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/store_fixture.h"
#include "lib/temp_folder.h"
#include "lib/test.h"

enum { ROWS = 2000 };

extern char **environ;

static kdb_slice key_of(int number, char text[16])
{
    return kdb_slice_of(text, (size_t)snprintf(text, 16, "key%05d", number));
}

// Commits ROWS rows of about 100 bytes.
static void put_rows(struct kdb_test_store *test)
{
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    char value[100];
    for (int i = 0; i < ROWS; i++) {
        char text[16];
        memset(value, 'a' + i % 26, sizeof(value));
        kdb_store_batch_put(batch, KDB_SPACE_ROWS, key_of(i, text),
                            kdb_slice_of(value, sizeof(value)));
    }
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC), KDB_OK);
}

static kdb_status put(struct kdb_test_store *test, kdb_slice key, kdb_slice value,
                      kdb_commit_mode mode)
{
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, key, value);
    kdb_ctx_clear_error(&test->ctx);
    return kdb_store_commit(test->store, &test->ctx, batch, mode);
}

// Tries to open the folder, which must fail with a message that does not show where it is.
static kdb_status open_error(struct kdb_test_store *test, const char *folder)
{
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(folder);
    struct kdb_store *store = NULL;
    kdb_ctx_clear_error(&test->ctx);
    kdb_status status = kdb_store_rocksdb_open(&options, &test->ctx, &store);
    assert_null(store);
    assert_true(status != KDB_OK);
    assert_null(strchr(test->ctx.error.message, '/'));
    assert_null(strstr(test->ctx.error.message, "kdb-test"));
    return status;
}

// The path of the first file with this suffix, in the test's arena; NULL when there is none.
static const char *find_file(struct kdb_test_store *test, const char *suffix)
{
    DIR *listing = opendir(test->folder);
    assert_non_null(listing);
    const char *found = NULL;
    for (struct dirent *entry = readdir(listing); entry && !found; entry = readdir(listing)) {
        const char *end = strstr(entry->d_name, suffix);
        if (end && strcmp(end, suffix) == 0)
            found = kdb_arena_printf(&test->ctx.arena, "%s/%s", test->folder, entry->d_name).data;
    }
    (void)closedir(listing);
    return found;
}

static const char *file_called(struct kdb_test_store *test, const char *name)
{
    return kdb_arena_printf(&test->ctx.arena, "%s/%s", test->folder, name).data;
}

static void close_store(struct kdb_test_store *test)
{
    kdb_store_close(test->store);
    test->store = NULL;
}

static void lasts_across_restarts(void **state)
{
    struct kdb_test_store *test = *state;
    for (int i = 0; i < 5; i++) {
        char text[16];
        kdb_commit_mode mode = i % 2 ? KDB_COMMIT_SYNC : KDB_COMMIT_ASYNC;
        assert_int_equal(put(test, key_of(i, text), KDB_LIT("v"), mode), KDB_OK);
        kdb_test_store_reopen(test);
        for (int j = 0; j <= i; j++)
            assert_slice_equal(kdb_test_get(test, NULL, key_of(j, text)), "v");
    }
    KDB_AUTO(kdb_store_batch_close)
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("key00001"));
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("key00003"), KDB_LIT("key00004"));
    assert_int_equal(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC), KDB_OK);
    kdb_store_batch_close(batch);
    batch = NULL;
    kdb_test_store_reopen(test);
    assert_null(kdb_test_get(test, NULL, KDB_LIT("key00001")).data);
    assert_null(kdb_test_get(test, NULL, KDB_LIT("key00003")).data);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("key00004")), "v");
}

static void writes_no_informational_log(void **state)
{
    struct kdb_test_store *test = *state;
    for (int i = 0; i < 3; i++)
        kdb_test_store_reopen(test);
    DIR *listing = opendir(test->folder);
    assert_non_null(listing);
    int count = 0;
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        struct stat file;
        if (strncmp(entry->d_name, "LOG", 3) != 0)
            continue;
        assert_int_equal(fstatat(dirfd(listing), entry->d_name, &file, 0), 0);
        assert_int_equal(file.st_size, 0);
        count++;
    }
    (void)closedir(listing);
    assert_in_range(count, 0, 2);
}

static void says_what_is_not_in_memory(void **state)
{
    struct kdb_test_store *test = *state;
    put_rows(test);
    kdb_test_store_reopen(test); // now in a file, and the cache is empty
    struct kdb_read_at at = {.tier = KDB_READ_MEMORY};
    kdb_slice key = KDB_LIT("key00000");
    kdb_slice value = KDB_LIT("untouched");
    bool is_cached = true;
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, key, &value, &is_cached), KDB_OK);
    assert_false(is_cached);
    assert_slice_equal(value, "untouched");
    assert_int_equal(kdb_test_get(test, NULL, key).len, 100); // reads its block
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, key, &value, &is_cached), KDB_OK);
    assert_true(is_cached);
    assert_int_equal(value.len, 100);
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    at.view = view;
    key = KDB_LIT("key01999");
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, key, &value, &is_cached), KDB_OK);
    assert_false(is_cached);
    kdb_store_view_close(view);
    assert_int_equal(test->ctx.error.status, KDB_OK);
}

// RocksDB has found an empty value where it may not open the file that may hold the key.
static void does_not_take_a_closed_file_for_an_empty_row(void **state)
{
    enum { FILES = 3 };
    struct kdb_test_store *test = *state;
    char text[16];
    for (int i = 0; i < FILES; i++) {
        kdb_test_put(test, key_of(i, text), KDB_LIT("row"));
        kdb_test_store_reopen(test);
    }
    close_store(test);
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(test->folder);
    options.max_open_files = 20; // RocksDB's least, of which a start opens two
    assert_int_equal(kdb_store_rocksdb_open(&options, &test->ctx, &test->store), KDB_OK);
    const struct kdb_read_at at = {.tier = KDB_READ_MEMORY};
    for (int i = 0; i < FILES; i++) {
        kdb_slice value = KDB_LIT("untouched");
        bool is_cached = true;
        assert_int_equal(
            kdb_store_get(test->store, &test->ctx, &at, key_of(i, text), &value, &is_cached),
            KDB_OK);
        assert_false(is_cached);
        assert_slice_equal(value, "untouched");
    }
}

// Rows that a scan gives before it ends.
static int walk(struct kdb_test_store *test, struct kdb_scan_range range, bool *ret_is_cached)
{
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(test->store, &test->ctx, NULL, &range, &scan), KDB_OK);
    int count = 0;
    kdb_slice key;
    kdb_slice value;
    bool has_more = true;
    for (;; count++) {
        assert_int_equal(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more), KDB_OK);
        if (!has_more)
            break;
    }
    *ret_is_cached = kdb_store_scan_is_cached(scan);
    kdb_store_scan_close(scan);
    return count;
}

static void stops_a_scan_at_the_edge_of_memory(void **state)
{
    struct kdb_test_store *test = *state;
    put_rows(test);
    kdb_test_store_reopen(test);
    bool is_cached = true;
    for (int is_reverse = 0; is_reverse < 2; is_reverse++) {
        struct kdb_scan_range range = {.is_reverse = is_reverse != 0, .tier = KDB_READ_MEMORY};
        assert_int_equal(walk(test, range, &is_cached), 0);
        assert_false(is_cached);
    }
    assert_int_equal(kdb_test_get(test, NULL, KDB_LIT("key01000")).len, 100);
    struct kdb_scan_range range = {.first = KDB_LIT("key01000"), .tier = KDB_READ_MEMORY};
    assert_in_range(walk(test, range, &is_cached), 1, ROWS / 2 - 1);
    assert_false(is_cached);
    range.tier = KDB_READ_ANY;
    assert_int_equal(walk(test, range, &is_cached), ROWS / 2);
    assert_true(is_cached);
    range.tier = KDB_READ_MEMORY;
    assert_int_equal(walk(test, range, &is_cached), ROWS / 2);
    assert_true(is_cached);
}

static void refuses_a_second_open(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT("v"));
    assert_int_equal(open_error(test, test->folder), KDB_ERR_UNAVAILABLE);
    assert_string_equal(test->ctx.error.message, "the data folder is in use by another server");
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k")), "v");
}

// Starts this program again as `role` on `folder`; *ret_input is its standard input, *ret_output
// its standard output.
static pid_t start(const char *role, const char *folder, int *ret_input, int *ret_output)
{
    int input[2];
    int output[2];
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO), 0);
    char *arguments[] = {kdb_alloc_text("child", 5), kdb_alloc_text(role, strlen(role)),
                         kdb_alloc_text(folder, strlen(folder)), NULL};
    pid_t child;
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
    for (int i = 0; i < 3; i++)
        kdb_free(arguments[i]);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    assert_int_equal(close(input[0]), 0);
    assert_int_equal(close(output[1]), 0);
    *ret_input = input[1];
    *ret_output = output[0];
    return child;
}

static void wait_for_ready(int output)
{
    char byte = 0;
    assert_int_equal(read(output, &byte, 1), 1);
    assert_int_equal(byte, 'R');
}

// Child: commits one row for good and one not, says so, and waits to be killed.
static int hold_store(const char *folder)
{
    struct kdb_test_store test = {0};
    kdb_ctx_init(&test.ctx, 0);
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(folder);
    char byte;
    bool is_ready = kdb_store_rocksdb_open(&options, &test.ctx, &test.store) == KDB_OK &&
                    put(&test, KDB_LIT("async"), KDB_LIT("v"), KDB_COMMIT_ASYNC) == KDB_OK &&
                    put(&test, KDB_LIT("sync"), KDB_LIT("v"), KDB_COMMIT_SYNC) == KDB_OK &&
                    put(&test, KDB_LIT("later"), KDB_LIT("v"), KDB_COMMIT_ASYNC) == KDB_OK &&
                    write(STDOUT_FILENO, "R", 1) == 1;
    return is_ready && read(STDIN_FILENO, &byte, 1) >= 0 ? 0 : 1;
}

static void survives_a_kill_and_locks_out_others(void **state)
{
    struct kdb_test_store *test = *state;
    close_store(test);
    int input;
    int output;
    pid_t child = start("hold", test->folder, &input, &output);
    wait_for_ready(output);
    assert_int_equal(open_error(test, test->folder), KDB_ERR_UNAVAILABLE);
    assert_string_equal(test->ctx.error.message, "the data folder is in use by another server");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(close(input), 0);
    assert_int_equal(close(output), 0);
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(test->folder);
    kdb_ctx_clear_error(&test->ctx);
    assert_int_equal(kdb_store_rocksdb_open(&options, &test->ctx, &test->store), KDB_OK);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("sync")), "v");
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("async")), "v");
    // A killed process loses nothing that reached the operating system.
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("later")), "v");
}

static void write_at(const char *path, long offset, kdb_slice bytes)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes.data, bytes.len, offset), bytes.len);
    assert_int_equal(close(file), 0);
}

static void reports_damaged_rows(void **state)
{
    struct kdb_test_store *test = *state;
    put_rows(test);
    close_store(test);
    const char *path = find_file(test, ".sst");
    assert_non_null(path);
    write_at(path, 100, KDB_LIT("this is not what was written here"));
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(test->folder);
    assert_int_equal(kdb_store_rocksdb_open(&options, &test->ctx, &test->store), KDB_OK);
    struct kdb_read_at at = {0};
    kdb_slice value = KDB_LIT("untouched");
    assert_int_equal(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("key00000"), &value, NULL),
                     KDB_ERR_CORRUPT);
    assert_slice_equal(value, "untouched");
    assert_null(strchr(test->ctx.error.message, '/'));
    assert_non_null(strstr(test->ctx.error.message, ".sst"));
    kdb_ctx_clear_error(&test->ctx);
    struct kdb_scan_range range = {0};
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(test->store, &test->ctx, NULL, &range, &scan), KDB_OK);
    kdb_slice key;
    bool has_more;
    for (int i = 0; i < 2; i++)
        assert_int_equal(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more),
                         KDB_ERR_CORRUPT);
    assert_null(strchr(test->ctx.error.message, '/'));
    kdb_store_scan_close(scan);
    kdb_ctx_clear_error(&test->ctx);
    assert_int_equal(kdb_test_get(test, NULL, KDB_LIT("key01999")).len, 100); // another block
}

static void refuses_damaged_folders(void **state)
{
    struct kdb_test_store *test = *state;
    put_rows(test);
    close_store(test);
    char saved[64] = "";
    const char *current = file_called(test, "CURRENT");
    int file = open(current, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(file, saved, sizeof(saved) - 1);
    assert_true(len > 0);
    assert_int_equal(close(file), 0);
    write_at(current, 0, KDB_LIT("MANIFEST-9"));
    assert_in_range(open_error(test, test->folder), KDB_ERR_CORRUPT, KDB_ERR_IO);
    write_at(current, 0, KDB_LIT("nothing of the kind"));
    assert_in_range(open_error(test, test->folder), KDB_ERR_CORRUPT, KDB_ERR_IO);
    assert_int_equal(unlink(current), 0);
    assert_int_equal(open_error(test, test->folder), KDB_ERR_CORRUPT);
    assert_non_null(find_file(test, ".sst")); // and kept what was there
    file = open(current, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(file, saved, (size_t)len), len);
    assert_int_equal(close(file), 0);
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(test->folder);
    kdb_ctx_clear_error(&test->ctx);
    assert_int_equal(kdb_store_rocksdb_open(&options, &test->ctx, &test->store), KDB_OK);
    assert_int_equal(kdb_test_get(test, NULL, KDB_LIT("key00000")).len, 100);
}

static void refuses_places_that_are_no_folder(void **state)
{
    struct kdb_test_store *test = *state;
    assert_int_equal(open_error(test, "/dev/null"), KDB_ERR_IO);
    assert_int_equal(open_error(test, "/dev/null/kdb-test"), KDB_ERR_IO);
}

static void refuses_what_a_newer_version_wrote(void **state)
{
    struct kdb_test_store *test = *state;
    close_store(test);
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_missing_column_families(options, 1);
    const char *const names[] = {"default", "rows", "meta", "future"};
    const rocksdb_options_t *const family_options[] = {options, options, options, options};
    rocksdb_column_family_handle_t *families[4];
    char *error = NULL;
    rocksdb_t *db = rocksdb_open_column_families(options, test->folder, 4, names, family_options,
                                                 families, &error);
    assert_null(error);
    for (int i = 0; i < 4; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    assert_int_equal(open_error(test, test->folder), KDB_ERR_UNAVAILABLE);
    assert_string_equal(test->ctx.error.message,
                        "the data folder was written by a newer version of the server");
}

static void set_file_size_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void stops_writing_when_the_log_cannot_be_written(void **state)
{
    struct kdb_test_store *test = *state;
    char *large = kdb_alloc(256U << 10);
    kdb_test_put(test, KDB_LIT("before"), KDB_LIT("v"));
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    set_file_size_limit(64U << 10);
    kdb_slice value = {large, 256U << 10};
    assert_int_equal(put(test, KDB_LIT("refused"), value, KDB_COMMIT_SYNC), KDB_ERR_IO);
    assert_null(strchr(test->ctx.error.message, '/'));
    set_file_size_limit(RLIM_INFINITY);
    assert_int_equal(put(test, KDB_LIT("refused"), KDB_LIT("v"), KDB_COMMIT_SYNC),
                     KDB_ERR_UNAVAILABLE);
    kdb_ctx_clear_error(&test->ctx);
    assert_int_equal(kdb_store_resume(test->store, &test->ctx), KDB_ERR_UNAVAILABLE);
    kdb_ctx_clear_error(&test->ctx);
    assert_null(kdb_test_get(test, NULL, KDB_LIT("refused")).data);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("before")), "v");
    kdb_test_store_reopen(test);
    assert_null(kdb_test_get(test, NULL, KDB_LIT("refused")).data);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("before")), "v");
    assert_int_equal(put(test, KDB_LIT("after"), KDB_LIT("v"), KDB_COMMIT_SYNC), KDB_OK);
    kdb_free(large);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                          \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

// Writes a text to a file of /proc/self.
static bool tell(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    return file >= 0 && close(file) == 0 && is_written;
}

// Mounts a file system of 24 MiB that only this process sees; false where that is not allowed.
static bool mount_small_disk(const char *folder)
{
    char users[32];
    char groups[32];
    (void)snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
    (void)snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && tell("/proc/self/setgroups", "deny") &&
           tell("/proc/self/uid_map", users) && tell("/proc/self/gid_map", groups) &&
           mount("none", folder, "tmpfs", 0, "size=24m") == 0;
}

// Child: fills a disk of its own. Exit status 77 when it may not have one.
static int fill_disk(const char *folder)
{
    if (!mount_small_disk(folder))
        return 77;
    struct kdb_test_store test = {0};
    kdb_ctx_init(&test.ctx, 0);
    const char *inside = kdb_arena_printf(&test.ctx.arena, "%s/data", folder).data;
    struct kdb_rocksdb_options options = kdb_test_rocksdb_options(inside);
    options.write_buffer_bytes = 32U << 20; // so that the log, not a flush, meets the end
    CHECK(kdb_store_rocksdb_open(&options, &test.ctx, &test.store) == KDB_OK);
    size_t len = 512U << 10;
    char *bytes = kdb_alloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * i * 31 >> 9);
    char text[16];
    int count = 0;
    kdb_status status = KDB_OK;
    for (; status == KDB_OK && count < 100; count++)
        status = put(&test, key_of(count, text), (kdb_slice){bytes, len}, KDB_COMMIT_SYNC);
    int kept = count - 1;
    CHECK(status == KDB_ERR_DISK_FULL);
    CHECK(strchr(test.ctx.error.message, '/') == NULL);
    CHECK(put(&test, KDB_LIT("small"), KDB_LIT("v"), KDB_COMMIT_SYNC) == KDB_ERR_DISK_FULL);
    kdb_ctx_clear_error(&test.ctx);
    CHECK(kdb_store_resume(test.store, &test.ctx) == KDB_ERR_DISK_FULL);
    kdb_ctx_clear_error(&test.ctx);
    for (int i = 0; i <= kept; i++)
        CHECK((kdb_test_get(&test, NULL, key_of(i, text)).len == len) == (i < kept));
    kdb_store_close(test.store);
    CHECK(mount("none", folder, "tmpfs", MS_REMOUNT, "size=64m") == 0);
    CHECK(kdb_store_rocksdb_open(&options, &test.ctx, &test.store) == KDB_OK);
    for (int i = 0; i <= kept; i++)
        CHECK((kdb_test_get(&test, NULL, key_of(i, text)).len == len) == (i < kept));
    CHECK(put(&test, KDB_LIT("small"), KDB_LIT("v"), KDB_COMMIT_SYNC) == KDB_OK);
    kdb_store_close(test.store);
    kdb_free(bytes);
    kdb_ctx_deinit(&test.ctx);
    return 0;
}

static void refuses_writes_while_the_disk_is_full(void **state)
{
    struct kdb_test_store *test = *state;
    close_store(test);
    int input;
    int output;
    pid_t child = start("fill", test->folder, &input, &output);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(close(input), 0);
    assert_int_equal(close(output), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, kdb_test_store_rocksdb_setup, kdb_test_store_teardown)

int main(int count, char **arguments)
{
    if (count == 3)
        return strcmp(arguments[1], "hold") == 0 ? hold_store(arguments[2])
                                                 : fill_disk(arguments[2]);
    const struct CMUnitTest tests[] = {
        TEST(lasts_across_restarts),
        TEST(writes_no_informational_log),
        TEST(says_what_is_not_in_memory),
        TEST(does_not_take_a_closed_file_for_an_empty_row),
        TEST(stops_a_scan_at_the_edge_of_memory),
        TEST(refuses_a_second_open),
        TEST(survives_a_kill_and_locks_out_others),
        TEST(reports_damaged_rows),
        TEST(refuses_damaged_folders),
        TEST(refuses_places_that_are_no_folder),
        TEST(refuses_what_a_newer_version_wrote),
        TEST(stops_writing_when_the_log_cannot_be_written),
        TEST(refuses_writes_while_the_disk_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
