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

// What a person at the terminal needs next.
static void greet(const struct kdb_server *server, const struct kdb_settings *settings)
{
    const char *scheme = settings->tls_certificate.len > 0 ? "https" : "http";
    unsigned port = kdb_server_port(server);
    kdb_log_info("server", NULL, "KalamDB %s listens on %s://%.*s:%u (data in %.*s, durability %s)",
                 KDB_VERSION, scheme, KDB_ARG(settings->server_host), port,
                 KDB_ARG(settings->storage_data_path),
                 settings->storage_durability == KDB_DURABILITY_ASYNC ? "async" : "sync");
    if (!settings->logging_log_to_console)
        return;
    if (kdb_server_needs_setup(server))
        (void)fprintf(
            stderr,
            "\n"
            "Nobody can sign in yet. Choose an administrator and two passwords:\n"
            "\n"
            "  curl -s %s://127.0.0.1:%u/v1/api/auth/setup -H 'Content-Type: application/json' \\\n"
            "    -d '{\"user\":\"admin\",\"password\":\"...\",\"root_password\":\"...\"}'\n"
            "\n"
            "Then: kalam --url %s://127.0.0.1:%u --user admin\n\n",
            scheme, port, scheme, port);
    else
        (void)fprintf(stderr, "\nType: kalam --url %s://127.0.0.1:%u --user NAME\n\n", scheme,
                      port);
}

static int fail(const struct kdb_ctx *ctx)
{
    (void)fprintf(stderr, "kalamdb: %s\n", ctx->error.message);
    return EXIT_START;
}

static int run(const char *config, struct kdb_ctx *ctx, struct kdb_settings *settings)
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
    greet(server, settings);
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
    int code = run(argc == 2 ? argv[1] : NULL, &ctx, &settings);
    kdb_settings_deinit(&settings);
    kdb_ctx_deinit(&ctx);
    return code;
}
