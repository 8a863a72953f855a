// SPDX-License-Identifier: Apache-2.0
// kalam-load: sends one kind of request over many connections and prints what came of it as JSON.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "load/run.h"

// Exit codes: 0 all answers right, 1 the run failed or answers were wrong, 2 wrong use.
#define EXIT_USAGE     2
#define NS_PER_US      1000.0
#define FILE_BYTES_MAX (64U << 20)

static const char usage_text[] =
    "usage: kalam-load [options] BODY_FILE\n"
    "\n"
    "Sends the request body in BODY_FILE (load/template.h says what {{...}} in it means) and\n"
    "prints a JSON object: rate, latencies, errors.\n"
    "\n"
    "  --host ADDRESS      IPv4 address (127.0.0.1)\n"
    "  --port PORT         (8080)\n"
    "  --path PATH         (/v1/api/sql)\n"
    "  --connections N     each has one request on its way (64)\n"
    "  --warmup SECONDS    not measured (0.5)\n"
    "  --seconds SECONDS   measured (4; 0: until --count)\n"
    "  --count N           requests in all, warm-up included\n"
    "  --timeout SECONDS   give up without any answer for so long (30)\n"
    "  --tokens FILE       a bearer token per line; a request takes one at random\n"
    "  --rows N            the row_count every answer must have\n"
    "  --expect TEXT       what every answer must hold; may have {{=0}}, ...\n"
    "  --seed N            of the random numbers (1)\n"
    "  --first N           where {{next}} begins (0)\n";

static int usage(void)
{
    (void)fputs(usage_text, stderr);
    return EXIT_USAGE;
}

static kdb_status read_file(struct kdb_ctx *ctx, const char *path, kdb_slice *ret_text)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return kdb_fail(ctx, KDB_ERR_IO, "cannot open %s", path);
    struct kdb_buf text = {.limit = FILE_BYTES_MAX};
    size_t count = 0;
    do {
        char part[4096];
        count = fread(part, 1, sizeof(part), file);
        kdb_buf_append(&text, part, count);
    } while (count > 0);
    bool is_read = !ferror(file) && !text.is_exceeded;
    (void)fclose(file);
    if (is_read)
        *ret_text = kdb_arena_copy(&ctx->arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return is_read ? KDB_OK : kdb_fail(ctx, KDB_ERR_IO, "cannot read %s", path);
}

static kdb_status read_tokens(struct kdb_ctx *ctx, const char *path, struct load_options *options)
{
    kdb_slice text;
    KDB_TRY(read_file(ctx, path, &text));
    size_t count = 0;
    size_t capacity = 0;
    while (text.len > 0) {
        size_t end = kdb_slice_find(text, KDB_LIT("\n"), 0);
        kdb_slice line = kdb_slice_trim((kdb_slice){text.data, end < text.len ? end : text.len});
        if (line.len > 0)
            KDB_PUSH(&ctx->arena, options->tokens, count, capacity, line);
        text = kdb_slice_skip(text, end < text.len ? end + 1 : text.len);
    }
    options->token_count = (uint32_t)count;
    return KDB_OK;
}

enum option_number {
    OPTION_HOST = 256,
    OPTION_PORT,
    OPTION_PATH,
    OPTION_CONNECTIONS,
    OPTION_WARMUP,
    OPTION_SECONDS,
    OPTION_COUNT,
    OPTION_TIMEOUT,
    OPTION_TOKENS,
    OPTION_ROWS,
    OPTION_EXPECT,
    OPTION_SEED,
    OPTION_FIRST,
};

static const struct option long_options[] = {
    {"host", 1, NULL, OPTION_HOST},     {"port", 1, NULL, OPTION_PORT},
    {"path", 1, NULL, OPTION_PATH},     {"connections", 1, NULL, OPTION_CONNECTIONS},
    {"warmup", 1, NULL, OPTION_WARMUP}, {"seconds", 1, NULL, OPTION_SECONDS},
    {"count", 1, NULL, OPTION_COUNT},   {"timeout", 1, NULL, OPTION_TIMEOUT},
    {"tokens", 1, NULL, OPTION_TOKENS}, {"rows", 1, NULL, OPTION_ROWS},
    {"expect", 1, NULL, OPTION_EXPECT}, {"seed", 1, NULL, OPTION_SEED},
    {"first", 1, NULL, OPTION_FIRST},   {0}};

static bool to_integer(const char *text, int64_t low, int64_t high, int64_t *ret_value)
{
    return kdb_slice_to_i64(kdb_slice_cstr(text), ret_value) && *ret_value >= low &&
           *ret_value <= high;
}

static bool to_seconds(const char *text, double *ret_value)
{
    char *end;
    *ret_value = strtod(text, &end);
    return *text != '\0' && *end == '\0' && *ret_value >= 0 && *ret_value < 1e6;
}

// Takes one option; false when its value is not allowed.
static bool take_option(int option, const char *value, struct load_options *options,
                        const char **ret_tokens)
{
    int64_t number;
    switch (option) {
    case OPTION_HOST:
        options->host = value;
        return true;
    case OPTION_PATH:
        options->path = value;
        return true;
    case OPTION_TOKENS:
        *ret_tokens = value;
        return true;
    case OPTION_EXPECT:
        options->expected = kdb_slice_cstr(value);
        return true;
    case OPTION_WARMUP:
        return to_seconds(value, &options->warmup_seconds);
    case OPTION_SECONDS:
        return to_seconds(value, &options->seconds);
    case OPTION_TIMEOUT:
        return to_seconds(value, &options->timeout_seconds);
    case OPTION_ROWS:
        return to_integer(value, 0, INT64_MAX, &options->row_count);
    case OPTION_FIRST:
        return to_integer(value, 0, INT64_MAX, &options->first);
    case OPTION_PORT:
        if (!to_integer(value, 1, UINT16_MAX, &number))
            return false;
        options->port = (uint16_t)number;
        return true;
    case OPTION_CONNECTIONS:
        if (!to_integer(value, 1, 100000, &number))
            return false;
        options->connections = (uint32_t)number;
        return true;
    case OPTION_COUNT:
    case OPTION_SEED:
        if (!to_integer(value, 1, INT64_MAX, &number))
            return false;
        *(option == OPTION_COUNT ? &options->request_count : &options->seed) = (uint64_t)number;
        return true;
    default:
        return false;
    }
}

static void print_us(struct kdb_buf *out, const char *name, double ns)
{
    kdb_buf_printf(out, ",\"%s\":%.1f", name, ns / NS_PER_US);
}

static void print_result(const struct load_result *result, uint32_t connections)
{
    const struct histogram *latencies = &result->latencies;
    struct kdb_buf out = {0};
    double seconds = result->seconds > 0 ? result->seconds : 1e-9;
    kdb_buf_printf(&out, "{\"connections\":%u,\"requests\":%llu", connections,
                   (unsigned long long)result->requests);
    kdb_buf_printf(&out, ",\"answered\":%llu,\"errors\":%llu", (unsigned long long)result->answered,
                   (unsigned long long)result->errors);
    kdb_buf_printf(&out, ",\"seconds\":%.3f,\"per_second\":%.1f", result->seconds,
                   (double)result->requests / seconds);
    print_us(&out, "mean_us",
             latencies->count ? (double)latencies->sum / (double)latencies->count : 0);
    print_us(&out, "p50_us", (double)histogram_quantile(latencies, 0.50));
    print_us(&out, "p90_us", (double)histogram_quantile(latencies, 0.90));
    print_us(&out, "p99_us", (double)histogram_quantile(latencies, 0.99));
    print_us(&out, "p999_us", (double)histogram_quantile(latencies, 0.999));
    print_us(&out, "max_us", (double)latencies->max);
    kdb_buf_printf(&out, ",\"cpu_share\":%.3f,\"bytes_sent\":%llu,\"bytes_received\":%llu",
                   result->cpu_seconds / seconds, (unsigned long long)result->bytes_sent,
                   (unsigned long long)result->bytes_received);
    kdb_buf_printf(&out, ",\"next\":%lld,\"first_error\":", (long long)result->next);
    if (result->first_error.data)
        kdb_json_string(&out, result->first_error);
    else
        kdb_json_null(&out);
    KDB_BUF_LIT(&out, "}\n");
    (void)fwrite(out.data, 1, out.len, stdout);
    kdb_buf_deinit(&out);
}

static int run(struct load_options *options, const char *body_path, const char *tokens_path)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct load_result *result = kdb_alloc(sizeof(*result));
    kdb_status status = read_file(&ctx, body_path, &options->body);
    if (status == KDB_OK && tokens_path)
        status = read_tokens(&ctx, tokens_path, options);
    if (status == KDB_OK)
        status = load_run(options, &ctx, result);
    if (status == KDB_OK)
        print_result(result, options->connections);
    else
        (void)fprintf(stderr, "kalam-load: %s\n", ctx.error.message);
    bool is_good = status == KDB_OK && result->errors == 0;
    kdb_free(result);
    kdb_ctx_deinit(&ctx);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct load_options options = {.host = "127.0.0.1",
                                   .port = 8080,
                                   .path = "/v1/api/sql",
                                   .connections = 64,
                                   .warmup_seconds = 0.5,
                                   .seconds = 4,
                                   .timeout_seconds = 30,
                                   .row_count = -1,
                                   .seed = 1};
    const char *tokens = NULL;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        if (!take_option(option, optarg, &options, &tokens))
            return usage();
    if (optind + 1 != argc || (options.seconds <= 0 && options.request_count == 0))
        return usage();
    return run(&options, argv[optind], tokens);
}
