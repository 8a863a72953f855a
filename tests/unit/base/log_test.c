// SPDX-License-Identifier: Apache-2.0
// Log lines: both formats, levels, nothing a client says forges a line, lines of threads do not
// mix.
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json_read.h"
#include "lib/test.h"

struct fixture {
    struct kdb_ctx ctx;
    char path[64];
    char content[1 << 20];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    kdb_ctx_init(&fixture.ctx, 0);
    (void)snprintf(fixture.path, sizeof(fixture.path), "/tmp/kdb-log-test-XXXXXX");
    int fd = mkstemp(fixture.path);
    *state = &fixture;
    return fd < 0 || close(fd) != 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    kdb_log_close();
    kdb_ctx_deinit(&fixture->ctx);
    return unlink(fixture->path);
}

static void direct(struct fixture *fixture, enum kdb_log_level level, enum kdb_log_format format)
{
    struct kdb_log_options options = {level, format, false, fixture->path};
    assert_int_equal(kdb_log_open(&fixture->ctx, &options), KDB_OK);
}

// What was logged so far.
static kdb_slice logged(struct fixture *fixture)
{
    int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, fixture->content + len, sizeof(fixture->content) - len)) > 0)
        len += (size_t)got;
    assert_int_equal(got, 0);
    assert_int_equal(close(fd), 0);
    return kdb_slice_of(fixture->content, len);
}

// The logged text behind the time, which is checked for its form.
static kdb_slice behind_time(kdb_slice line)
{
    assert_true(line.len > 30);
    static const char form[] = "0000-00-00T00:00:00.000+00:00 ";
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        char c = line.data[i];
        assert_int_equal(c >= '0' && c <= '9' ? '0' : c, form[i]);
    }
    return kdb_slice_skip(line, sizeof(form) - 1);
}

static void test_compact_line(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    kdb_log_info("jobs", NULL, "flushed %d rows", 12);
    assert_slice_equal(behind_time(logged(fixture)), "INFO  jobs flushed 12 rows\n");
}

static void test_fields_and_request_id(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    const struct kdb_log_field fields[] = {
        {.key = "user", .text = KDB_LIT("alice")},
        {.key = "sql", .text = KDB_LIT("SELECT \"a\\b\"\n")},
        {.key = "empty", .text = KDB_LIT("")},
        {.key = "ms", .number = -5},
    };
    kdb_log_event(&(struct kdb_log_event){.level = KDB_LOG_WARN,
                                          .component = "api",
                                          .request_id = "id-1",
                                          .message = KDB_LIT("slow"),
                                          .fields = fields,
                                          .field_count = 4});
    assert_slice_equal(behind_time(logged(fixture)),
                       "WARN  api [id-1] slow user=alice sql=\"SELECT \\\"a\\\\b\\\"\\n\" "
                       "empty=\"\" ms=-5\n");
}

static void test_nobody_forges_a_line(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    kdb_log_info("api", "x\n2026 ERROR",
                 "a\r\nb\tc\x1b[2Jd\x7f\x80 \xc2\x85\xe2\x80\xae \xc3\xa9%s", "\xf0\x9f\x98");
    assert_slice_equal(behind_time(logged(fixture)),
                       "INFO  api [x\\n2026 ERROR] a\\r\\nb\\tc\\x1b[2Jd\\x7f\\x80 \\u0085\\u202e "
                       "\xc3\xa9\\xf0\\x9f\\x98\n");
}

static void test_json_line(void **state)
{
    struct fixture *fixture = *state;
    struct kdb_ctx *ctx = &fixture->ctx;
    direct(fixture, KDB_LOG_DEBUG, KDB_LOG_JSON);
    const struct kdb_log_field fields[] = {
        {.key = "rows", .number = 7},
        {.key = "sql", .text = KDB_LIT("a\n\"\xff\"")},
    };
    kdb_log_event(&(struct kdb_log_event){.level = KDB_LOG_DEBUG,
                                          .line = 42,
                                          .component = "api",
                                          .request_id = "id\"1",
                                          .message = KDB_LIT("done \x01\xfe"),
                                          .fields = fields,
                                          .field_count = 2});
    kdb_slice line = logged(fixture);
    assert_int_equal(line.data[line.len - 1], '\n');
    const struct kdb_json *root = NULL;
    struct kdb_json_limits limits = {4096, 2};
    if (kdb_json_parse(ctx, line, &limits, &root) != KDB_OK)
        fail_msg("%s", ctx->error.message);
    assert_slice_equal(kdb_json_get(root, KDB_LIT("level"))->text, "DEBUG");
    assert_slice_equal(kdb_json_get(root, KDB_LIT("target"))->text, "api");
    assert_int_equal(kdb_json_get(root, KDB_LIT("line"))->integer, 42);
    assert_slice_equal(kdb_json_get(root, KDB_LIT("message"))->text, "done \x01\xef\xbf\xbd");
    assert_slice_equal(kdb_json_get(root, KDB_LIT("request_id"))->text, "id\"1");
    assert_int_equal(kdb_json_get(root, KDB_LIT("rows"))->integer, 7);
    assert_slice_equal(kdb_json_get(root, KDB_LIT("sql"))->text, "a\n\"\xef\xbf\xbd\"");
    assert_int_equal(kdb_json_get(root, KDB_LIT("timestamp"))->text.len, 29);
    assert_true(kdb_json_get(root, KDB_LIT("thread"))->text.len > 0);
}

static int evaluations;

static int count_evaluation(void)
{
    return ++evaluations;
}

static void test_levels(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_WARN, KDB_LOG_COMPACT);
    assert_true(kdb_log_is_on(KDB_LOG_ERROR));
    assert_false(kdb_log_is_on(KDB_LOG_INFO));
    kdb_log_info("api", NULL, "%d", count_evaluation());
    assert_int_equal(evaluations, 0);
    kdb_log_debug("api", NULL, "no");
    kdb_log_event(&(struct kdb_log_event){.level = KDB_LOG_INFO, .component = "api"});
    assert_int_equal(logged(fixture).len, 0);
    kdb_log_error("api", "", "yes");
    assert_slice_equal(behind_time(logged(fixture)), "ERROR api yes\n");
    enum kdb_log_level level = KDB_LOG_ERROR;
    assert_true(kdb_log_level_parse(KDB_LIT("Debug"), &level));
    assert_int_equal(level, KDB_LOG_DEBUG);
    assert_false(kdb_log_level_parse(KDB_LIT("verbose"), &level));
    assert_false(kdb_log_level_parse((kdb_slice){0}, &level));
}

static void test_long_texts_are_cut(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    static char text[100000];
    memset(text, 'a', sizeof(text) - 1);
    const struct kdb_log_field field = {.key = "text", .text = {text, sizeof(text) - 1}};
    kdb_log_event(&(struct kdb_log_event){.level = KDB_LOG_INFO,
                                          .component = "api",
                                          .message = {text, sizeof(text) - 1},
                                          .fields = &field,
                                          .field_count = 1});
    kdb_log_info("api", NULL, "%s", text);
    kdb_slice content = logged(fixture);
    assert_true(content.len < 30000);
    assert_int_equal(content.data[content.len - 1], '\n');
}

static void test_a_file_that_cannot_be_opened(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    struct kdb_log_options options = {KDB_LOG_DEBUG, KDB_LOG_JSON, true, "/dev/null/at/all.log"};
    assert_int_equal(kdb_log_open(&fixture->ctx, &options), KDB_ERR_CONFIG);
    assert_string_equal(fixture->ctx.error.message,
                        "cannot open the log file /dev/null/at/all.log: Not a directory");
    kdb_log_info("api", NULL, "still here");
    assert_slice_equal(behind_time(logged(fixture)), "INFO  api still here\n");
}

// A file that was moved away is opened anew under the same name.
static void test_reopen(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    kdb_log_info("api", NULL, "old");
    assert_int_equal(unlink(fixture->path), 0);
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    kdb_log_info("api", NULL, "new");
    assert_slice_equal(behind_time(logged(fixture)), "INFO  api new\n");
}

#define THREADS    4
#define LINES_EACH 300

static void *log_lines(void *arg)
{
    for (int i = 0; i < LINES_EACH; i++)
        kdb_log_info("test", NULL, "%s", (const char *)arg);
    return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    direct(fixture, KDB_LOG_INFO, KDB_LOG_COMPACT);
    static char texts[THREADS][200];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        memset(texts[i], 'a' + i, sizeof(texts[i]) - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, log_lines, texts[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    kdb_slice content = logged(fixture);
    size_t line_size = 30 + sizeof("INFO  test ") - 1 + sizeof(texts[0]);
    assert_int_equal(content.len, line_size * THREADS * LINES_EACH);
    for (; content.len > 0; content = kdb_slice_skip(content, line_size)) {
        const char *text = content.data + line_size - sizeof(texts[0]);
        assert_memory_equal(text, texts[text[0] - 'a'], sizeof(texts[0]) - 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_compact_line),
        TEST(test_fields_and_request_id),
        TEST(test_nobody_forges_a_line),
        TEST(test_json_line),
        TEST(test_levels),
        TEST(test_long_texts_are_cut),
        TEST(test_a_file_that_cannot_be_opened),
        TEST(test_reopen),
        TEST(test_lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
