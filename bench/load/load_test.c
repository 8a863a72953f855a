// SPDX-License-Identifier: Apache-2.0
// Tests of what the load generator's figures rest on: quantiles, templates, reading of answers.
#include "lib/test.h"

#include "base/random.h"
#include "load/histogram.h"
#include "load/response.h"
#include "load/template.h"

// ---- histogram ----

static void test_quantiles_of_nothing_are_zero(void **state)
{
    (void)state;
    static const struct histogram empty;
    assert_int_equal(histogram_quantile(&empty, 0.99), 0);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    static struct histogram histogram;
    for (uint64_t ns = 1; ns <= 50; ns++)
        histogram_add(&histogram, ns);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 25);
    assert_int_equal(histogram_quantile(&histogram, 1), 50);
    assert_int_equal(histogram.sum, 1275);
}

// Every value falls into a bucket that ends at most 1.6 % above it.
static void test_error_is_bounded(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < 20000; i++) {
        static struct histogram histogram;
        uint64_t ns = kdb_random_next(&random) >> (kdb_random_next(&random) % 63);
        histogram = (struct histogram){0};
        histogram_add(&histogram, ns);
        histogram.max = UINT64_MAX;
        uint64_t quantile = histogram_quantile(&histogram, 0.5);
        assert_true(quantile >= ns && quantile - ns <= ns / HISTOGRAM_STEPS);
    }
}

static void test_quantiles_of_many(void **state)
{
    (void)state;
    static struct histogram histogram;
    for (uint64_t i = 0; i < 100000; i++)
        histogram_add(&histogram, i * 1000);
    assert_in_range(histogram_quantile(&histogram, 0.99), 98900000, 100600000);
    assert_int_equal(histogram.max, 99999000);
    assert_int_equal(histogram_quantile(&histogram, 1), 99999000);
}

// ---- template ----

struct rendering {
    struct kdb_ctx ctx;
    struct template template;
    struct template_source source;
    struct template_numbers numbers;
    struct kdb_buf out;
};

static void render(struct rendering *rendering, const char *text)
{
    assert_int_equal(
        template_compile(&rendering->ctx, kdb_slice_cstr(text), 0, &rendering->template), KDB_OK);
    rendering->numbers.count = 0;
    kdb_buf_clear(&rendering->out);
    template_render(&rendering->template, &rendering->source, &rendering->numbers, &rendering->out);
}

static int set_up(void **state)
{
    static struct rendering rendering;
    rendering = (struct rendering){.source = {.random = 1}};
    kdb_ctx_init(&rendering.ctx, 0);
    *state = &rendering;
    return 0;
}

static int tear_down(void **state)
{
    struct rendering *rendering = *state;
    kdb_buf_deinit(&rendering->out);
    kdb_ctx_deinit(&rendering->ctx);
    return 0;
}

static void test_text_stays(void **state)
{
    struct rendering *rendering = *state;
    render(rendering, "{\"sql\":\"SELECT 1\",\"params\":[{}]}");
    assert_slice_equal(kdb_buf_view(&rendering->out), "{\"sql\":\"SELECT 1\",\"params\":[{}]}");
    render(rendering, "");
    assert_slice_equal(kdb_buf_view(&rendering->out), "");
}

static void test_sequence_and_references(void **state)
{
    struct rendering *rendering = *state;
    rendering->source.next = 41;
    render(rendering, "{{next}},{{=0+49}},{{ next }} {{=1}}{{=0}}");
    assert_slice_equal(kdb_buf_view(&rendering->out), "41,90,42 4241");
    assert_int_equal(rendering->source.next, 43);
}

static void test_uniform_reaches_both_ends(void **state)
{
    struct rendering *rendering = *state;
    bool seen[7] = {false};
    for (int i = 0; i < 1000; i++) {
        render(rendering, "{{uniform -3 3}}");
        int64_t value;
        assert_true(kdb_slice_to_i64(kdb_buf_view(&rendering->out), &value));
        assert_in_range(value + 3, 0, 6);
        assert_int_equal(value, rendering->numbers.items[0]);
        seen[value + 3] = true;
        kdb_ctx_reset(&rendering->ctx);
    }
    for (int i = 0; i < 7; i++)
        assert_true(seen[i]);
}

static void test_shuffled_gives_every_value_once(void **state)
{
    struct rendering *rendering = *state;
    bool seen[6000] = {false};
    for (int i = 0; i < 6000; i++) {
        render(rendering, "{{shuffled 100 6000}}");
        int64_t value = rendering->numbers.items[0] - 100;
        assert_in_range(value, 0, 5999);
        assert_false(seen[value]);
        seen[value] = true;
        kdb_ctx_reset(&rendering->ctx);
    }
}

static void test_what_is_refused(void **state)
{
    struct rendering *rendering = *state;
    static const char *const texts[] = {"{{",
                                        "{{next",
                                        "a{{}}",
                                        "{{last}}",
                                        "{{next 1}}",
                                        "{{uniform 1}}",
                                        "{{=0}}",
                                        "{{next}}{{=1}}",
                                        "{{uniform 3 2}}",
                                        "{{uniform 1 2 3}}",
                                        "{{shuffled 1 0}}",
                                        "{{next}}{{=0+x}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct template template;
        kdb_ctx_clear_error(&rendering->ctx);
        assert_int_equal(template_compile(&rendering->ctx, kdb_slice_cstr(texts[i]), 0, &template),
                         KDB_ERR_INVALID_INPUT);
    }
}

// ---- response ----

#define RESPONSE(length, body)                                                                     \
    "HTTP/1.1 200 OK\r\nDate: x\r\ncontent-LENGTH:  " length "\r\nX: 1\r\n\r\n" body

// However the bytes arrive, the response is complete with the last one and not before.
static void test_response_arrives_byte_by_byte(void **state)
{
    (void)state;
    kdb_slice text = KDB_LIT(RESPONSE("5", "hello"));
    struct response response = {0};
    for (size_t len = 0; len < text.len; len++)
        assert_int_equal(response_read((kdb_slice){text.data, len}, &response), RESPONSE_PARTIAL);
    assert_int_equal(response_read(text, &response), RESPONSE_COMPLETE);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.size, text.len);
    assert_slice_equal(response.body, "hello");
}

static void test_what_is_no_response(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\n\r\n",
        "HTTP/0.9 200 OK\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Lengthy: 1\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct response response = {0};
        assert_int_equal(response_read(kdb_slice_cstr(texts[i]), &response), RESPONSE_BROKEN);
    }
}

static void test_row_count_is_the_last_and_whole(void **state)
{
    (void)state;
    assert_true(response_has_row_count(KDB_LIT("{\"row_count\":50,\"x\":1}"), 50));
    assert_true(response_has_row_count(KDB_LIT("\"row_count\":5"), 5));
    assert_true(response_has_row_count(KDB_LIT("\"row_count\":7,\"row_count\":0}"), 0));
    assert_false(response_has_row_count(KDB_LIT("{\"row_count\":50}"), 5));
    assert_false(response_has_row_count(KDB_LIT("{\"row_count\":5}"), 50));
    assert_false(response_has_row_count(KDB_LIT("{\"row_count\":}"), 0));
    assert_false(response_has_row_count(KDB_LIT("{\"row_coun"), 0));
    assert_false(response_has_row_count(KDB_LIT(""), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_of_nothing_are_zero),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_error_is_bounded),
        cmocka_unit_test(test_quantiles_of_many),
        cmocka_unit_test_setup_teardown(test_text_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sequence_and_references, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uniform_reaches_both_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shuffled_gives_every_value_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test(test_response_arrives_byte_by_byte),
        cmocka_unit_test(test_what_is_no_response),
        cmocka_unit_test(test_row_count_is_the_last_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
