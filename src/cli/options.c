// SPDX-License-Identifier: Apache-2.0
// One table of options: what is read, and what --help says.
#include "cli/options_priv.h"

#include "cli/subscribe_priv.h"

#define DEFAULT_URL                "http://127.0.0.1:8080"
#define DEFAULT_HOST               "127.0.0.1"
#define DEFAULT_PORT               "8080"
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_TIMEOUT_MS         60000
#define TIMEOUT_SECONDS_MAX        604800 // a week
#define LAST_ROWS_MAX              100000
#define HELP_COLUMN                38

enum option {
    OPTION_URL,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_CACERT,
    OPTION_USER,
    OPTION_PASSWORD,
    OPTION_PASSWORD_FILE,
    OPTION_TOKEN,
    OPTION_SETUP,
    OPTION_COMMAND,
    OPTION_FILE,
    OPTION_SUBSCRIBE,
    OPTION_LAST_ROWS,
    OPTION_CONTINUE,
    OPTION_NAMESPACE,
    OPTION_FORMAT,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_NO_COLOR,
    OPTION_TIMEOUT,
    OPTION_CONNECTION_TIMEOUT,
    OPTION_VERSION,
    OPTION_HELP,
};

struct option_row {
    const char *name;     // behind --
    char letter;          // behind -, 0: none
    const char *argument; // what follows it, NULL: nothing
    const char *help;
};

static const struct option_row rows[] = {
    [OPTION_URL] = {"url", 'u', "URL", "the server; " DEFAULT_URL " if not given"},
    [OPTION_HOST] = {"host", 'H', "HOST", "the server by name and port instead of --url"},
    [OPTION_PORT] = {"port", 'p', "PORT", "its port; " DEFAULT_PORT " if not given"},
    [OPTION_CACERT] = {"cacert", 0, "FILE", "for https: trust the CAs of this PEM file, no others"},
    [OPTION_USER] = {"user", 0, "NAME", "who signs in"},
    [OPTION_PASSWORD] = {"password", 0, NULL, "ask for the password, whatever else would give it"},
    [OPTION_PASSWORD_FILE] = {"password-file", 0, "FILE", "the password is the first line of FILE"},
    [OPTION_TOKEN] = {"token", 0, "TOKEN", "an access token instead of user and password"},
    [OPTION_SETUP] = {"setup", 0, NULL, "first-run setup: make the administrator, then end"},
    [OPTION_COMMAND] = {"command", 'c', "SQL", "run this SQL, or one meta-command, then end"},
    [OPTION_FILE] = {"file", 'f', "FILE",
                     "run the statements of FILE, then end; - is standard input"},
    [OPTION_SUBSCRIBE] = {"subscribe", 0, "SQL",
                          "print the rows of a SELECT or table, then every change"},
    [OPTION_LAST_ROWS] = {"last-rows", 0, "N",
                          "with --subscribe: begin with the N rows that changed last"},
    [OPTION_CONTINUE] = {"continue", 0, NULL, "go on behind a statement that failed"},
    [OPTION_NAMESPACE] = {"namespace", 0, "NAME", "where unqualified table names are looked up"},
    [OPTION_FORMAT] = {"format", 0, "FORMAT", "table, csv or json; table if not given"},
    [OPTION_JSON] = {"json", 0, NULL, "the same as --format json"},
    [OPTION_CSV] = {"csv", 0, NULL, "the same as --format csv"},
    [OPTION_NO_COLOR] = {"no-color", 0, NULL, "no colours on a terminal"},
    [OPTION_TIMEOUT] = {"timeout", 0, "SECONDS", "how long an answer may take; 60 if not given"},
    [OPTION_CONNECTION_TIMEOUT] = {"connection-timeout", 0, "SECONDS",
                                   "how long connecting may take; 10 if not given"},
    [OPTION_VERSION] = {"version", 0, NULL, "print the version"},
    [OPTION_HELP] = {"help", 'h', NULL, "print this text"},
};

#define OPTION_COUNT (sizeof(rows) / sizeof(rows[0]))

// What is read before the sources are put into their order.
struct reader {
    struct kdb_ctx *ctx;
    struct cli_options options;
    kdb_slice host;
    kdb_slice port;
    bool has_format;
};

static kdb_status wrong(struct kdb_ctx *ctx, kdb_slice value, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "\"%.*s\" %s", KDB_ARG(value), what);
}

// ---- one option ----

static kdb_status set_once(struct reader *reader, enum option option, kdb_slice *at,
                           kdb_slice value)
{
    if (at->data)
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT, "--%s is given twice",
                        rows[option].name);
    *at = value;
    return KDB_OK;
}

static kdb_status set_format(struct reader *reader, kdb_slice name)
{
    if (reader->has_format)
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT, "the format is given twice");
    reader->has_format = true;
    if (cli_format_of(name, &reader->options.format))
        return KDB_OK;
    return wrong(reader->ctx, name, "is not table, csv or json");
}

static kdb_status set_seconds(struct reader *reader, enum option option, kdb_slice text,
                              int64_t *ret_ms)
{
    int64_t seconds = 0;
    if (!kdb_slice_to_i64(text, &seconds) || seconds < 1 || seconds > TIMEOUT_SECONDS_MAX)
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT,
                        "--%s takes whole seconds from 1 to %d, not \"%.*s\"", rows[option].name,
                        TIMEOUT_SECONDS_MAX, KDB_ARG(text));
    *ret_ms = seconds * 1000;
    return KDB_OK;
}

static kdb_status set_last_rows(struct reader *reader, kdb_slice text)
{
    int64_t *last_rows = &reader->options.last_rows;
    if (kdb_slice_to_i64(text, last_rows) && *last_rows >= 0 && *last_rows <= LAST_ROWS_MAX)
        return KDB_OK;
    return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT,
                    "--last-rows takes a whole number from 0 to %d, not \"%.*s\"", LAST_ROWS_MAX,
                    KDB_ARG(text));
}

static kdb_status apply(struct reader *reader, enum option option, kdb_slice value)
{
    struct cli_options *options = &reader->options;
    switch (option) {
    case OPTION_URL:
        return set_once(reader, option, &options->url, value);
    case OPTION_HOST:
        return set_once(reader, option, &reader->host, value);
    case OPTION_PORT:
        return set_once(reader, option, &reader->port, value);
    case OPTION_CACERT:
        return set_once(reader, option, &options->ca_file, value);
    case OPTION_USER:
        return set_once(reader, option, &options->user, value);
    case OPTION_PASSWORD_FILE:
        return set_once(reader, option, &options->password_file, value);
    case OPTION_TOKEN:
        return set_once(reader, option, &options->token, value);
    case OPTION_COMMAND:
        return set_once(reader, option, &options->command, value);
    case OPTION_FILE:
        return set_once(reader, option, &options->file, value);
    case OPTION_SUBSCRIBE:
        return set_once(reader, option, &options->subscribe, value);
    case OPTION_LAST_ROWS:
        return set_last_rows(reader, value);
    case OPTION_NAMESPACE:
        return set_once(reader, option, &options->space, value);
    case OPTION_FORMAT:
        return set_format(reader, value);
    case OPTION_JSON:
        return set_format(reader, KDB_LIT("json"));
    case OPTION_CSV:
        return set_format(reader, KDB_LIT("csv"));
    case OPTION_TIMEOUT:
        return set_seconds(reader, option, value, &options->timeout_ms);
    case OPTION_CONNECTION_TIMEOUT:
        return set_seconds(reader, option, value, &options->connect_timeout_ms);
    case OPTION_PASSWORD:
        options->asks_password = true;
        return KDB_OK;
    case OPTION_SETUP:
        options->is_setup = true;
        return KDB_OK;
    case OPTION_CONTINUE:
        options->continues = true;
        return KDB_OK;
    case OPTION_NO_COLOR:
        options->has_color = false;
        return KDB_OK;
    case OPTION_VERSION:
        options->is_version = true;
        return KDB_OK;
    case OPTION_HELP:
        options->is_help = true;
        return KDB_OK;
    }
    return KDB_OK;
}

// ---- the arguments ----

static bool find_option(kdb_slice name, bool is_long, enum option *ret_option)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        bool is_it = is_long ? kdb_slice_equal(name, kdb_slice_cstr(rows[i].name))
                             : rows[i].letter != 0 && name.data[0] == rows[i].letter;
        if (is_it) {
            *ret_option = (enum option)i;
            return true;
        }
    }
    return false;
}

// The reason stands in the message, because the value is already in the shell's history.
static kdb_status refuse_password(struct kdb_ctx *ctx)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                    "a password on the command line is refused: every user of this machine can "
                    "see it, and the shell keeps it. Set KALAM_PASSWORD, use --password-file, or "
                    "let kalam ask");
}

// "--name", "--name=value", "-x" or "-xvalue"; `ret_value` is the null slice without a value.
static kdb_status read_name(struct kdb_ctx *ctx, kdb_slice argument, enum option *ret_option,
                            kdb_slice *ret_value)
{
    bool is_long = argument.data[1] == '-';
    kdb_slice name = kdb_slice_skip(argument, is_long ? 2 : 1);
    *ret_value = (kdb_slice){0};
    size_t end = is_long ? kdb_slice_find(name, KDB_LIT("="), 0) : 1;
    if (end != SIZE_MAX && (is_long || name.len > 1)) {
        *ret_value = kdb_slice_skip(name, end + is_long);
        name.len = end;
    }
    if (find_option(name, is_long, ret_option))
        return KDB_OK;
    kdb_slice shown = kdb_slice_of(argument.data, name.len + (is_long ? 2 : 1));
    return wrong(ctx, shown, "is no option; kalam --help lists all");
}

static kdb_status read_arguments(struct reader *reader, int count, char *const *arguments)
{
    bool is_behind_password = false;
    for (int i = 0; i < count; i++) {
        kdb_slice argument = kdb_slice_cstr(arguments[i]);
        if (argument.len < 2 || argument.data[0] != '-') {
            if (is_behind_password)
                return refuse_password(reader->ctx);
            return wrong(reader->ctx, argument, "is no option; SQL is given with -c");
        }
        enum option option = OPTION_HELP;
        kdb_slice value;
        KDB_TRY(read_name(reader->ctx, argument, &option, &value));
        is_behind_password = option == OPTION_PASSWORD;
        if (is_behind_password && value.data)
            return refuse_password(reader->ctx);
        if (!rows[option].argument && value.data)
            return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT, "--%s takes no value",
                            rows[option].name);
        if (rows[option].argument && !value.data) {
            if (i + 1 == count)
                return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT, "--%s needs a value: %s",
                                rows[option].name, rows[option].argument);
            value = kdb_slice_cstr(arguments[++i]);
        }
        KDB_TRY(apply(reader, option, value));
    }
    return KDB_OK;
}

// ---- the environment ----

// A variable that is empty counts as not set.
static kdb_slice variable(cli_environment environment, const char *name)
{
    kdb_slice value = kdb_slice_cstr(environment(name));
    return value.len > 0 ? value : (kdb_slice){0};
}

static kdb_status choose_url(struct reader *reader, cli_environment environment)
{
    struct cli_options *options = &reader->options;
    bool has_host = reader->host.data || reader->port.data;
    if (options->url.data && has_host)
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT,
                        "--url and --host or --port exclude each other");
    if (has_host) {
        kdb_slice host = reader->host.data ? reader->host : KDB_LIT(DEFAULT_HOST);
        kdb_slice port = reader->port.data ? reader->port : KDB_LIT(DEFAULT_PORT);
        bool is_v6 = kdb_slice_find(host, KDB_LIT(":"), 0) != SIZE_MAX && host.data[0] != '[';
        options->url =
            kdb_arena_printf(&reader->ctx->arena, "http://%s%.*s%s:%.*s", is_v6 ? "[" : "",
                             KDB_ARG(host), is_v6 ? "]" : "", KDB_ARG(port));
    }
    if (!options->url.data)
        options->url = variable(environment, "KALAM_URL");
    if (!options->url.data)
        options->url = KDB_LIT(DEFAULT_URL);
    return KDB_OK;
}

static kdb_status choose_ca_file(struct reader *reader, cli_environment environment)
{
    struct cli_options *options = &reader->options;
    static const kdb_slice https = {"https://", 8};
    bool is_tls = options->url.len >= https.len &&
                  kdb_slice_equal_nocase(kdb_slice_of(options->url.data, https.len), https);
    // Who gives it wants a safe connection.
    if (options->ca_file.data && !is_tls)
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT, "--cacert needs a URL with https://");
    if (!options->ca_file.data)
        options->ca_file = variable(environment, "KALAM_CACERT");
    return KDB_OK;
}

// The command line counts before the environment, and a token before a password.
static kdb_status choose_credentials(struct reader *reader, cli_environment environment)
{
    struct cli_options *options = &reader->options;
    if (options->token.data && (options->user.data || options->password_file.data))
        return kdb_fail(reader->ctx, KDB_ERR_INVALID_INPUT,
                        "--token and --user or --password-file exclude each other");
    if (!options->token.data && !options->user.data && !options->is_setup)
        options->token = variable(environment, "KALAM_TOKEN");
    if (!options->user.data)
        options->user = variable(environment, "KALAM_USER");
    options->password = variable(environment, "KALAM_PASSWORD");
    options->root_password = variable(environment, "KALAM_ROOT_PASSWORD");
    return KDB_OK;
}

// What is to be done is said once.
static kdb_status check_work(struct kdb_ctx *ctx, const struct cli_options *options)
{
    if (options->command.data && options->file.data)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "--command and --file exclude each other");
    if (options->subscribe.data && (options->command.data || options->file.data))
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "--subscribe and --command or --file exclude each other");
    if (options->last_rows != CLI_ALL_ROWS && !options->subscribe.data)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "--last-rows needs --subscribe");
    return KDB_OK;
}

kdb_status cli_options_read(struct kdb_ctx *ctx, int count, char *const *arguments,
                            cli_environment environment, struct cli_options *ret_options)
{
    struct reader reader = {.ctx = ctx};
    reader.options.connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS;
    reader.options.timeout_ms = DEFAULT_TIMEOUT_MS;
    reader.options.last_rows = CLI_ALL_ROWS;
    // https://no-color.org
    reader.options.has_color = !variable(environment, "NO_COLOR").data;
    KDB_TRY(read_arguments(&reader, count, arguments));
    KDB_TRY(check_work(ctx, &reader.options));
    KDB_TRY(choose_url(&reader, environment));
    KDB_TRY(choose_ca_file(&reader, environment));
    KDB_TRY(choose_credentials(&reader, environment));
    *ret_options = reader.options;
    return KDB_OK;
}

// ---- help ----

void cli_options_help(struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "usage: kalam [OPTIONS]\n"
                     "\n"
                     "Runs SQL on a KalamDB server: from -c, from a file, from standard input, or "
                     "typed at a prompt.\n"
                     "\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        size_t start = out->len;
        if (rows[i].letter)
            kdb_buf_printf(out, "  -%c, ", rows[i].letter);
        else
            KDB_BUF_LIT(out, "      ");
        kdb_buf_printf(out, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                       rows[i].argument ? rows[i].argument : "");
        do
            kdb_buf_put(out, ' ');
        while (out->len - start < HELP_COLUMN);
        kdb_buf_printf(out, "%s\n", rows[i].help);
    }
    KDB_BUF_LIT(out,
                "\n"
                "Variables: KALAM_URL, KALAM_CACERT, KALAM_USER, KALAM_PASSWORD, KALAM_TOKEN stand "
                "in for the\n"
                "options; KALAM_ROOT_PASSWORD is used by --setup; NO_COLOR is the same as "
                "--no-color.\n"
                "\n"
                "Exit codes: 0 all went well, 1 a statement failed, 2 wrong use, 3 no connection "
                "or not signed in.\n"
                "\n"
                "At the prompt, \\? lists the meta-commands.\n");
}
