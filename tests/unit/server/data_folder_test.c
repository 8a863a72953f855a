// SPDX-License-Identifier: Apache-2.0
// The data folder: made once, held by one, refused when it is of a newer release or damaged.
#include "server/data_folder.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/temp_folder.h"
#include "lib/test.h"

struct fixture {
    struct kdb_ctx ctx;
    char *outside;  // a folder of the test
    kdb_slice path; // the data folder in it, not there yet
};

static int setup(void **state)
{
    struct fixture *f = kdb_alloc(sizeof(*f));
    kdb_ctx_init(&f->ctx, 0);
    f->outside = kdb_test_folder_create();
    f->path = kdb_arena_printf(&f->ctx.arena, "%s/a/data", f->outside);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kdb_test_folder_destroy(f->outside);
    kdb_ctx_deinit(&f->ctx);
    kdb_free(f);
    return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
    return kdb_arena_printf(&f->ctx.arena, "%.*s/%s", KDB_ARG(f->path), name).data;
}

static void write_text(struct fixture *f, const char *name, const char *text)
{
    FILE *file = fopen(path_of(f, name), "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char *read_text(struct fixture *f, const char *name)
{
    char text[256];
    FILE *file = fopen(path_of(f, name), "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    return kdb_arena_copy(&f->ctx.arena, kdb_slice_of(text, len)).data;
}

static void expect_refusal(struct fixture *f, kdb_status status, const char *part)
{
    struct kdb_data_folder folder = {0};
    assert_int_equal(kdb_data_folder_open(&f->ctx, f->path.data, &folder), status);
    if (!strstr(f->ctx.error.message, part))
        fail_msg("\"%s\" does not say \"%s\"", f->ctx.error.message, part);
    kdb_ctx_clear_error(&f->ctx);
}

static void open_and_close(struct fixture *f)
{
    struct kdb_data_folder folder = {0};
    assert_int_equal(kdb_data_folder_open(&f->ctx, f->path.data, &folder), KDB_OK);
    kdb_data_folder_close(&folder);
}

static void a_new_folder_is_private_and_has_a_format(void **state)
{
    struct fixture *f = *state;
    open_and_close(f);
    struct stat about;
    assert_int_equal(stat(f->path.data, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_string_equal(read_text(f, "FORMAT"), "1\n");
    assert_int_not_equal(access(path_of(f, "FORMAT.tmp"), F_OK), 0);
    open_and_close(f); // and again
}

static void one_server_holds_it(void **state)
{
    struct fixture *f = *state;
    struct kdb_data_folder folder = {0};
    assert_int_equal(kdb_data_folder_open(&f->ctx, f->path.data, &folder), KDB_OK);
    expect_refusal(f, KDB_ERR_UNAVAILABLE, "in use by another server");
    kdb_data_folder_close(&folder);
    open_and_close(f);
}

static void other_formats_are_refused(void **state)
{
    struct fixture *f = *state;
    open_and_close(f);
    write_text(f, "FORMAT", "2\n");
    expect_refusal(f, KDB_ERR_UNAVAILABLE, "start a newer release");
    assert_string_equal(read_text(f, "FORMAT"), "2\n");
    write_text(f, "FORMAT", "x");
    expect_refusal(f, KDB_ERR_CORRUPT, "FORMAT is damaged");
}

// A server that died while it wrote the file leaves a draft at most.
static void a_draft_is_no_format(void **state)
{
    struct fixture *f = *state;
    open_and_close(f);
    assert_int_equal(unlink(path_of(f, "FORMAT")), 0);
    write_text(f, "FORMAT.tmp", "");
    open_and_close(f);
    assert_string_equal(read_text(f, "FORMAT"), "1\n");
}

static void the_secret_is_made_once(void **state)
{
    struct fixture *f = *state;
    struct kdb_data_folder folder = {0};
    kdb_slice first;
    kdb_slice second;
    assert_int_equal(kdb_data_folder_open(&f->ctx, f->path.data, &folder), KDB_OK);
    assert_int_equal(kdb_data_folder_secret(&folder, &f->ctx, (kdb_slice){0}, &first), KDB_OK);
    assert_int_equal(first.len, 64);
    assert_int_equal(kdb_data_folder_secret(&folder, &f->ctx, (kdb_slice){0}, &second), KDB_OK);
    assert_true(kdb_slice_equal(first, second));
    struct stat about;
    assert_int_equal(stat(path_of(f, "jwt_secret"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(kdb_data_folder_secret(&folder, &f->ctx, KDB_LIT("configured"), &second),
                     KDB_OK);
    assert_slice_equal(second, "configured");
    write_text(f, "jwt_secret", "short");
    assert_int_equal(kdb_data_folder_secret(&folder, &f->ctx, (kdb_slice){0}, &second),
                     KDB_ERR_CORRUPT);
    kdb_data_folder_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_folder_is_private_and_has_a_format, setup, teardown),
        cmocka_unit_test_setup_teardown(one_server_holds_it, setup, teardown),
        cmocka_unit_test_setup_teardown(other_formats_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_draft_is_no_format, setup, teardown),
        cmocka_unit_test_setup_teardown(the_secret_is_made_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
