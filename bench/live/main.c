// SPDX-License-Identifier: Apache-2.0
// kalam-live: subscribes many times, writes, and prints what arrived, and when, as JSON.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "live/run.h"

// Exit codes: 0 everything arrived, 1 it did not, 2 wrong use.
#define EXIT_USAGE 2
#define NS_PER_US  1000.0

static const char usage_text[] =
    "usage: kalam-live [options] [BODY_FILE]\n"
    "\n"
    "Opens WebSockets, subscribes and prints \"ready\". After a line from the standard input it\n"
    "runs the statements in BODY_FILE, a request of load/template.h (without one: pings every\n"
    "connection), prints a JSON object, and ends after another line or the end of the input.\n"
    "\n"
    "  --port PORT            of a server on this machine\n"
    "  --writer TOKEN         who writes\n"
    "  --reader TOKEN         who subscribes\n"
    "  --connections N        WebSockets (1)\n"
    "  --subscriptions N      over all connections (1)\n"
    "  --query SQL            of each, with %u for its number\n"
    "  --options JSON         of each (none)\n"
    "  --initial-rows N       that each must get before it is ready (0)\n"
    "  --subscribe-runs N     subscribe so often, one after the other (1)\n"
    "  --statements N         in all (0)\n"
    "  --rows N               of each statement (1)\n"
    "  --first N              id of the first row (0)\n"
    "  --matches N            subscriptions that get each row (1)\n"
    "  --writers N            each with one statement on its way (1)\n"
    "  --window N             statements that may be sent and not have arrived; 0: no bound (0)\n"
    "  --seed N               of the random numbers (1)\n"
    "  --timeout SECONDS      give up when nothing arrives for so long (10)\n";

static int usage(void)
{
    (void)fputs(usage_text, stderr);
    return EXIT_USAGE;
}

// What the command line says, as numbers where it is one.
enum {
    PORT,
    CONNECTIONS,
    SUBSCRIPTIONS,
    INITIAL_ROWS,
    SUBSCRIBE_RUNS,
    STATEMENTS,
    ROWS,
    FIRST,
    MATCHES,
    WRITERS,
    WINDOW,
    SEED,
    TIMEOUT,
    NUMBERS,
    WRITER = NUMBERS,
    READER,
    QUERY,
    OPTIONS
};

static const struct option long_options[] = {{"port", 1, NULL, PORT},
                                             {"connections", 1, NULL, CONNECTIONS},
                                             {"subscriptions", 1, NULL, SUBSCRIPTIONS},
                                             {"initial-rows", 1, NULL, INITIAL_ROWS},
                                             {"subscribe-runs", 1, NULL, SUBSCRIBE_RUNS},
                                             {"statements", 1, NULL, STATEMENTS},
                                             {"rows", 1, NULL, ROWS},
                                             {"first", 1, NULL, FIRST},
                                             {"matches", 1, NULL, MATCHES},
                                             {"writers", 1, NULL, WRITERS},
                                             {"window", 1, NULL, WINDOW},
                                             {"seed", 1, NULL, SEED},
                                             {"timeout", 1, NULL, TIMEOUT},
                                             {"writer", 1, NULL, WRITER},
                                             {"reader", 1, NULL, READER},
                                             {"query", 1, NULL, QUERY},
                                             {"options", 1, NULL, OPTIONS},
                                             {0}};

static void take_text(int option, const char *value, struct live_options *options)
{
    if (option == WRITER)
        options->writer_token = kdb_slice_cstr(value);
    else if (option == READER)
        options->reader_token = kdb_slice_cstr(value);
    else if (option == QUERY)
        options->query = value;
    else
        options->options = value;
}

// Reads the command line; false when it cannot be.
static bool read_options(int argc, char **argv, struct live_options *options)
{
    int64_t numbers[NUMBERS] = {
        [CONNECTIONS] = 1, [SUBSCRIPTIONS] = 1, [SUBSCRIBE_RUNS] = 1, [ROWS] = 1,
        [MATCHES] = 1,     [WRITERS] = 1,       [SEED] = 1,           [TIMEOUT] = 10};
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option == '?')
            return false;
        if (option >= NUMBERS)
            take_text(option, optarg, options);
        else if (!kdb_slice_to_i64(kdb_slice_cstr(optarg), &numbers[option]) || numbers[option] < 0)
            return false;
    }
    options->port = (uint16_t)numbers[PORT];
    options->connections = (uint32_t)numbers[CONNECTIONS];
    options->subscriptions = (uint32_t)numbers[SUBSCRIPTIONS];
    options->initial_rows = (uint64_t)numbers[INITIAL_ROWS];
    options->subscribe_runs = (uint32_t)numbers[SUBSCRIBE_RUNS];
    options->statements = (uint64_t)numbers[STATEMENTS];
    options->rows = (uint32_t)numbers[ROWS];
    options->first = numbers[FIRST];
    options->matches = (uint32_t)numbers[MATCHES];
    options->writers = (uint32_t)numbers[WRITERS];
    options->window = (uint64_t)numbers[WINDOW];
    options->seed = (uint64_t)numbers[SEED];
    options->timeout_seconds = (double)numbers[TIMEOUT];
    return options->connections > 0 && options->rows > 0 && options->writers > 0 &&
           (options->query || options->subscriptions == 0) && options->reader_token.data &&
           (options->writer_token.data || options->statements == 0);
}

static kdb_status read_body(struct kdb_ctx *ctx, const char *path, struct live_options *options)
{
    struct kdb_buf text = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return kdb_fail(ctx, KDB_ERR_IO, "cannot open %s", path);
    char part[4096];
    for (size_t count; (count = fread(part, 1, sizeof(part), file)) > 0;)
        kdb_buf_append(&text, part, count);
    (void)fclose(file);
    options->body = kdb_arena_copy(&ctx->arena, kdb_buf_view(&text));
    kdb_buf_deinit(&text);
    return KDB_OK;
}

// ---- what is printed ----

static void print_times(struct kdb_buf *out, const char *name, const struct histogram *times)
{
    kdb_buf_printf(
        out, ",\"%s\":{\"count\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}", name,
        (unsigned long long)times->count, (double)histogram_quantile(times, 0.50) / NS_PER_US,
        (double)histogram_quantile(times, 0.99) / NS_PER_US, (double)times->max / NS_PER_US);
}

static void print_result(const struct live_options *options, const struct live_result *result)
{
    struct kdb_buf out = {0};
    double seconds = result->seconds > 0 ? result->seconds : 1e-9;
    kdb_buf_printf(&out, "{\"connections\":%u,\"subscriptions\":%u,\"statements\":%llu",
                   options->connections, options->subscriptions,
                   (unsigned long long)options->statements);
    kdb_buf_printf(&out, ",\"rows\":%llu,\"messages\":%llu,\"bytes\":%llu,\"seconds\":%.4f",
                   (unsigned long long)result->rows, (unsigned long long)result->messages,
                   (unsigned long long)result->bytes, result->seconds);
    kdb_buf_printf(&out, ",\"rows_per_second\":%.1f,\"statements_per_second\":%.1f",
                   (double)result->rows / seconds, (double)options->statements / seconds);
    kdb_buf_printf(&out, ",\"cpu_share\":%.3f", result->cpu_seconds / seconds);
    print_times(&out, "subscribed", &result->subscribed);
    print_times(&out, "since_sent", &result->since_sent);
    print_times(&out, "since_known", &result->since_known);
    KDB_BUF_LIT(&out, "}\n");
    (void)fwrite(out.data, 1, out.len, stdout);
    (void)fflush(stdout);
    kdb_buf_deinit(&out);
}

static void wait_for_line(void)
{
    for (int byte; (byte = getchar()) != EOF && byte != '\n';)
        ;
}

static kdb_status run_all(const struct live_options *options, struct kdb_ctx *ctx,
                          struct live_run **ret_run)
{
    KDB_TRY(live_open(options, ctx, ret_run));
    (void)puts("ready");
    (void)fflush(stdout);
    wait_for_line();
    KDB_TRY(live_go(*ret_run));
    print_result(options, live_result_of(*ret_run));
    wait_for_line();
    return KDB_OK;
}

int main(int argc, char **argv)
{
    struct live_options options = {0};
    struct live_run *run = NULL;
    struct kdb_ctx ctx;
    if (!read_options(argc, argv, &options) || (options.statements > 0) != (optind + 1 == argc))
        return usage();
    kdb_ctx_init(&ctx, 0);
    kdb_status status = options.statements > 0 ? read_body(&ctx, argv[optind], &options) : KDB_OK;
    if (status == KDB_OK)
        status = run_all(&options, &ctx, &run);
    if (status != KDB_OK)
        (void)fprintf(stderr, "kalam-live: %s\n", ctx.error.message);
    live_close(run);
    kdb_ctx_deinit(&ctx);
    return status == KDB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
