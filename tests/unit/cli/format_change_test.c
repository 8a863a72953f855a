// SPDX-License-Identifier: Apache-2.0
// A live query's rows as lines and as CSV.
#include "cli/format_change_priv.h"

#include "base/alloc.h"
#include "lib/test.h"

#define SCHEMA                                                                                     \
    "[{\"name\":\"id\",\"data_type\":\"BigInt\"},{\"name\":\"a,b\",\"data_type\":\"Text\"},"       \
    "{\"name\":\"at\",\"data_type\":\"Date\"}]"

struct fixture {
    struct kdb_ctx ctx;
    struct cli_out out;
    struct cli_change_columns columns;
};

static int set_up(void **state)
{
    struct fixture *fixture = kdb_alloc(sizeof(*fixture));
    kdb_ctx_init(&fixture->ctx, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cli_change_columns_deinit(&fixture->columns);
    cli_out_deinit(&fixture->out);
    kdb_ctx_deinit(&fixture->ctx);
    kdb_free(fixture);
    return 0;
}

static const struct kdb_json *json(struct fixture *fixture, const char *text)
{
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX, .depth_max = 10};
    const struct kdb_json *root = NULL;
    assert_int_equal(kdb_json_parse(&fixture->ctx, kdb_slice_cstr(text), &limits, &root), KDB_OK);
    return root;
}

static void print(struct fixture *fixture, const char *kind, const char *row)
{
    cli_print_change(&fixture->out, &fixture->columns, kdb_slice_cstr(kind), json(fixture, row));
}

static void print_all(struct fixture *fixture, enum cli_format format)
{
    fixture->out.format = format;
    for (int i = 0; i < 2; i++) // the second has no effect
        cli_print_change_head(&fixture->out, &fixture->columns, json(fixture, SCHEMA));
    print(fixture, "initial", "{\"id\":\"1\",\"a,b\":\"x\\u001b\\n\",\"at\":0,\"_seq\":\"5\"}");
    print(fixture, "insert", "{\"id\":\"2\",\"a,b\":null,\"at\":null}");
    print(fixture, "update", "{\"at\":1,\"id\":\"2\"}");
    print(fixture, "delete", "{\"id\":\"2\",\"a,b\":\"\"}");
}

static void test_lines(void **state)
{
    struct fixture *fixture = *state;
    print_all(fixture, CLI_FORMAT_TABLE);
    assert_slice_equal(kdb_buf_view(&fixture->out.text),
                       "= initial  id=1  a,b=x\\x1b\\n  at=1970-01-01\n"
                       "+ insert  id=2  a,b=NULL  at=NULL\n"
                       "~ update  id=2  at=1970-01-02\n"
                       "- delete  id=2  a,b=\n");
}

static void test_csv(void **state)
{
    struct fixture *fixture = *state;
    print_all(fixture, CLI_FORMAT_CSV);
    assert_slice_equal(kdb_buf_view(&fixture->out.text), "change_type,id,\"a,b\",at\n"
                                                         "initial,1,\"x\x1b\n\",1970-01-01\n"
                                                         "insert,2,,\n"
                                                         "update,2,,1970-01-02\n"
                                                         "delete,2,\"\",\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_lines), TEST(test_csv)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
