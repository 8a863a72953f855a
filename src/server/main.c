// SPDX-License-Identifier: Apache-2.0
// kalamdb [CONFIG.toml]: reads the settings, starts the server, waits for a signal.
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "server/server.h"
#include "server/version.h"

// Exit codes: 0 orderly stop, 1 could not start, 2 wrong use.
#define EXIT_START 1
#define EXIT_USAGE 2

static int usage(FILE *out, int code)
{
    (void)fprintf(out,
                  "usage: kalamdb [CONFIG.toml]\n"
                  "\n"
                  "Starts the server. Without a file every setting has its default; KALAMDB_* "
                  "variables override\n"
                  "both (docs/SETTINGS.md lists all of them).\n"
                  "\n"
                  "  --help      this text\n"
                  "  --version   the version\n"
                  "  --settings  every setting with its default, as a commented server.toml\n");
    return code;
}

static int print_sample(void)
{
    struct kdb_buf sample = {0};
    kdb_settings_sample(&sample);
    (void)fwrite(sample.data, 1, sample.len, stdout);
    kdb_buf_deinit(&sample);
    return 0;
}

static kdb_status open_log(const struct kdb_settings *settings, struct kdb_ctx *ctx)
{
    static const enum kdb_log_level levels[] = {[KDB_LOGGING_ERROR] = KDB_LOG_ERROR,
                                                [KDB_LOGGING_WARN] = KDB_LOG_WARN,
                                                [KDB_LOGGING_INFO] = KDB_LOG_INFO,
                                                [KDB_LOGGING_DEBUG] = KDB_LOG_DEBUG,
                                                [KDB_LOGGING_TRACE] = KDB_LOG_DEBUG};
    bool is_json = settings->logging_format == KDB_LOGGING_JSON;
    kdb_slice path = {0};
    if (settings->logging_logs_path.len > 0)
        path = kdb_arena_printf(&ctx->arena, "%.*s/server.%s", KDB_ARG(settings->logging_logs_path),
                                is_json ? "jsonl" : "log");
    const struct kdb_log_options options = {.level = levels[settings->logging_level],
                                            .format = is_json ? KDB_LOG_JSON : KDB_LOG_COMPACT,
                                            .to_console = settings->logging_log_to_console,
                                            .path = path.data};
    return kdb_log_open(ctx, &options);
}

// Where this machine reaches the server.
static void put_url(const struct kdb_server *server, const struct kdb_settings *settings,
                    struct kdb_buf *out)
{
    kdb_slice host = settings->server_host;
    if (kdb_slice_equal(host, KDB_LIT("0.0.0.0")) || kdb_slice_equal(host, KDB_LIT("::")))
        host = KDB_LIT("127.0.0.1");
    bool is_v6 = kdb_slice_find(host, KDB_LIT(":"), 0) != SIZE_MAX;
    kdb_buf_printf(out, "%s://%s%.*s%s:%u", settings->tls_certificate.len > 0 ? "https" : "http",
                   is_v6 ? "[" : "", KDB_ARG(host), is_v6 ? "]" : "",
                   (unsigned)kdb_server_port(server));
}

// kalam stands beside `program`, and needs no URL where it would look anyway.
static void put_kalam(const char *program, kdb_slice url, const char *option, struct kdb_buf *out)
{
    const char *slash = strrchr(program, '/');
    kdb_buf_printf(out, "  %.*skalam", slash ? (int)(slash + 1 - program) : 0, program);
    if (!kdb_slice_equal(url, KDB_LIT("http://127.0.0.1:8080")))
        kdb_buf_printf(out, " --url %.*s", KDB_ARG(url));
    kdb_buf_printf(out, "%s\n", option);
}

// What a person at the terminal types next.
static void put_next_steps(const char *program, kdb_slice url, bool needs_setup,
                           struct kdb_buf *out)
{
    if (needs_setup)
        KDB_BUF_LIT(out, "\nNobody can sign in yet. Make the administrator, then type SQL:\n\n");
    else
        KDB_BUF_LIT(out, "\nType SQL with\n\n");
    if (needs_setup)
        put_kalam(program, url, " --setup", out);
    put_kalam(program, url, "", out);
    kdb_buf_put(out, '\n');
}

static void greet(const struct kdb_server *server, const struct kdb_settings *settings,
                  const char *program)
{
    struct kdb_buf url = {0};
    put_url(server, settings, &url);
    const char *scheme = settings->tls_certificate.len > 0 ? "https" : "http";
    kdb_log_info("server", NULL, "KalamDB %s listens on %s://%.*s:%u (data in %.*s, durability %s)",
                 KDB_VERSION, scheme, KDB_ARG(settings->server_host),
                 (unsigned)kdb_server_port(server), KDB_ARG(settings->storage_data_path),
                 settings->storage_durability == KDB_DURABILITY_ASYNC ? "async" : "sync");
    if (settings->logging_log_to_console) {
        struct kdb_buf text = {0};
        put_next_steps(program, kdb_buf_view(&url), kdb_server_needs_setup(server), &text);
        (void)fwrite(text.data, 1, text.len, stderr);
        kdb_buf_deinit(&text);
    }
    kdb_buf_deinit(&url);
}

static int fail(const struct kdb_ctx *ctx)
{
    (void)fprintf(stderr, "kalamdb: %s\n", ctx->error.message);
    return EXIT_START;
}

static int run(const char *program, const char *config, struct kdb_ctx *ctx,
               struct kdb_settings *settings)
{
    struct kdb_text_list warnings;
    if (kdb_fault_set_from_environment(ctx) != KDB_OK ||
        kdb_settings_load(ctx, config, kdb_environment_system(), &warnings, settings) != KDB_OK ||
        open_log(settings, ctx) != KDB_OK)
        return fail(ctx);
    for (size_t i = 0; i < warnings.count; i++)
        kdb_log_warn("conf", NULL, "%.*s", KDB_ARG(warnings.items[i]));
    struct kdb_server *server;
    if (kdb_server_start(settings, ctx, &server) != KDB_OK)
        return fail(ctx);
    greet(server, settings, program);
    kdb_server_wait(server);
    kdb_server_close(server);
    kdb_log_info("server", NULL, "stopped");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("kalamdb %s (%s)\n", KDB_VERSION, KDB_BUILD_DATE) < 0;
    if (argc == 2 && strcmp(argv[1], "--settings") == 0)
        return print_sample();
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return usage(stderr, EXIT_USAGE);
    struct kdb_ctx ctx;
    struct kdb_settings settings = {0};
    kdb_ctx_init(&ctx, 0);
    int code = run(argc > 0 ? argv[0] : "kalamdb", argc == 2 ? argv[1] : NULL, &ctx, &settings);
    kdb_settings_deinit(&settings);
    kdb_ctx_deinit(&ctx);
    return code;
}
