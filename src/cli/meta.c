// SPDX-License-Identifier: Apache-2.0
// The table of meta-commands and what each does.
#include "cli/meta_priv.h"

#include "base/json_write.h"
#include "cli/subscribe_priv.h"

#define HELP_COLUMN 38

struct meta {
    const char *name;
    const char *alias;    // NULL: none
    const char *argument; // for the help; NULL: takes none
    const char *help;
    enum cli_outcome (*run)(struct cli_session *session, kdb_slice argument);
};

// "\"value\" is no …"
static enum cli_outcome complain(struct cli_session *session, kdb_slice value, const char *what)
{
    kdb_slice text = kdb_arena_printf(&session->ctx.arena, "\"%.*s\" %s", KDB_ARG(value), what);
    cli_print_error(&session->out, KDB_LIT("INVALID_INPUT"), text, (kdb_slice){0});
    return CLI_FAILED;
}

// ---- tables ----

static kdb_slice read_name(struct cli_session *session, kdb_slice argument, size_t *at)
{
    return cli_name_text(cli_next_token(argument, at), &session->ctx.arena);
}

static kdb_slice current_space(const struct cli_session *session)
{
    return session->space.len > 0 ? kdb_buf_view(&session->space) : KDB_LIT("default");
}

// ["a","b"], for at most two texts; a null slice ends them.
static kdb_slice params_of(struct cli_session *session, kdb_slice first, kdb_slice second)
{
    struct kdb_buf params = {0};
    kdb_buf_put(&params, '[');
    kdb_json_string(&params, first);
    if (second.data) {
        kdb_buf_put(&params, ',');
        kdb_json_string(&params, second);
    }
    kdb_buf_put(&params, ']');
    kdb_slice copy = kdb_arena_copy(&session->ctx.arena, kdb_buf_view(&params));
    kdb_buf_deinit(&params);
    return copy;
}

static enum cli_outcome list_tables(struct cli_session *session, kdb_slice argument)
{
    size_t at = 0;
    if (argument.len > 0)
        return cli_session_query(
            session,
            KDB_LIT("SELECT table_schema AS namespace, table_name AS \"table\", table_type AS type "
                    "FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1, 2"),
            params_of(session, read_name(session, argument, &at), (kdb_slice){0}));
    return cli_session_query(
        session,
        KDB_LIT("SELECT table_schema AS namespace, table_name AS \"table\", table_type AS type "
                "FROM information_schema.tables WHERE table_schema NOT IN ('system', "
                "'information_schema') ORDER BY 1, 2"),
        (kdb_slice){0});
}

static enum cli_outcome describe(struct cli_session *session, kdb_slice argument)
{
    if (argument.len == 0)
        return list_tables(session, argument);
    size_t at = 0;
    kdb_slice space = current_space(session);
    kdb_slice table = read_name(session, argument, &at);
    kdb_slice sign = cli_next_token(argument, &at);
    if (kdb_slice_equal(sign, KDB_LIT("."))) {
        space = table;
        table = read_name(session, argument, &at);
        sign = cli_next_token(argument, &at);
    }
    if (table.len == 0 || sign.len > 0)
        return complain(session, argument, "is no table name");
    kdb_slice missing = kdb_arena_printf(&session->ctx.arena,
                                         "there is no table %.*s.%.*s; \\dt lists those there are",
                                         KDB_ARG(space), KDB_ARG(table));
    return cli_session_look_up(
        session,
        KDB_LIT("SELECT column_name AS \"column\", data_type AS type, is_nullable AS nullable, "
                "column_default AS \"default\" FROM information_schema.columns "
                "WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position"),
        params_of(session, space, table), missing);
}

// ---- the session ----

static enum cli_outcome quit(struct cli_session *session, kdb_slice argument)
{
    (void)argument;
    session->is_quit = true;
    return CLI_DONE;
}

static enum cli_outcome help(struct cli_session *session, kdb_slice argument)
{
    (void)argument;
    cli_meta_help(&session->out.text);
    return CLI_DONE;
}

static enum cli_outcome set_format(struct cli_session *session, kdb_slice argument)
{
    if (argument.len > 0 && !cli_format_of(argument, &session->out.format))
        return complain(session, argument, "is not table, csv or json");
    kdb_slice line = kdb_arena_printf(&session->ctx.arena, "Output format is %s.",
                                      cli_format_name(session->out.format));
    cli_print_line(&session->out, line);
    return CLI_DONE;
}

static enum cli_outcome set_namespace(struct cli_session *session, kdb_slice argument)
{
    size_t at = 0;
    kdb_slice name = read_name(session, argument, &at);
    if (cli_next_token(argument, &at).len > 0)
        return complain(session, argument, "is no namespace");
    if (name.len > 0)
        cli_session_set_space(session, name);
    kdb_slice line = kdb_arena_printf(&session->ctx.arena, "Namespace is %.*s.",
                                      KDB_ARG(current_space(session)));
    cli_print_line(&session->out, line);
    return CLI_DONE;
}

static enum cli_outcome switch_timing(struct cli_session *session, kdb_slice argument)
{
    if (kdb_slice_equal_nocase(argument, KDB_LIT("on")))
        session->shows_time = true;
    else if (kdb_slice_equal_nocase(argument, KDB_LIT("off")))
        session->shows_time = false;
    else if (argument.len == 0)
        session->shows_time = !session->shows_time;
    else
        return complain(session, argument, "is not on or off");
    cli_print_line(&session->out,
                   session->shows_time ? KDB_LIT("Timing is on.") : KDB_LIT("Timing is off."));
    return CLI_DONE;
}

static enum cli_outcome include(struct cli_session *session, kdb_slice argument)
{
    struct cli_script *script = NULL;
    if (argument.len == 0 || kdb_slice_equal(argument, KDB_LIT("-")))
        return complain(session, argument, "is no file");
    if (cli_script_open(&session->ctx, argument, &script) != KDB_OK) {
        (void)cli_session_fail(session);
        return CLI_FAILED;
    }
    return cli_session_include(session, script);
}

// ---- the server ----

static enum cli_outcome flush(struct cli_session *session, kdb_slice argument)
{
    (void)argument;
    return cli_session_query(session, KDB_LIT("STORAGE FLUSH ALL"), (kdb_slice){0});
}

static enum cli_outcome health(struct cli_session *session, kdb_slice argument)
{
    (void)argument;
    struct kdb_client_health state;
    if (kdb_client_health(session->client, &session->ctx, &state) != KDB_OK)
        return cli_session_fail(session);
    kdb_slice line = KDB_LIT("The server answers; it tells its health to its own machine only.");
    if (!state.is_restricted)
        line = kdb_arena_printf(&session->ctx.arena, "%.*s, version %.*s", KDB_ARG(state.status),
                                KDB_ARG(state.version));
    cli_print_line(&session->out, line);
    return CLI_DONE;
}

static enum cli_outcome connection_info(struct cli_session *session, kdb_slice argument)
{
    (void)argument;
    struct kdb_client_identity identity;
    if (kdb_client_identity(session->client, &session->ctx, &identity) != KDB_OK)
        return cli_session_fail(session);
    kdb_slice line = kdb_arena_printf(
        &session->ctx.arena, "Signed in at %.*s as %.*s (role %.*s), namespace %.*s, format %s.",
        KDB_ARG(session->url), KDB_ARG(identity.user), KDB_ARG(identity.role),
        KDB_ARG(current_space(session)), cli_format_name(session->out.format));
    cli_print_line(&session->out, line);
    return CLI_DONE;
}

static enum cli_outcome run_as(struct cli_session *session, kdb_slice argument)
{
    size_t end = kdb_slice_find(argument, KDB_LIT(" "), 0);
    if (end == SIZE_MAX)
        return complain(session, argument, "is not a user and SQL");
    struct kdb_buf sql = {0};
    KDB_BUF_LIT(&sql, "EXECUTE AS USER '");
    for (size_t i = 0; i < end; i++) {
        if (argument.data[i] == '\'')
            kdb_buf_put(&sql, '\'');
        kdb_buf_put(&sql, argument.data[i]);
    }
    KDB_BUF_LIT(&sql, "' (");
    kdb_buf_slice(&sql, kdb_slice_trim(kdb_slice_skip(argument, end)));
    // A line comment at the end of the SQL must not take the bracket along.
    KDB_BUF_LIT(&sql, "\n)");
    enum cli_outcome outcome = cli_session_query(session, kdb_buf_view(&sql), (kdb_slice){0});
    kdb_buf_deinit(&sql);
    return outcome;
}

static enum cli_outcome subscribe(struct cli_session *session, kdb_slice argument)
{
    return cli_subscribe(session, argument, CLI_ALL_ROWS);
}

// ---- the table ----

static const struct meta metas[] = {
    {"?", "help", NULL, "list the meta-commands", help},
    {"q", "quit", NULL, "leave", quit},
    {"dt", "tables", "[NAMESPACE]", "list tables", list_tables},
    {"d", "describe", "[[NAMESPACE.]TABLE]", "list a table's columns", describe},
    {"namespace", "n", "[NAME]", "look unqualified table names up there", set_namespace},
    {"format", NULL, "[table|csv|json]", "choose how results are printed", set_format},
    {"timing", NULL, "[on|off]", "print how long each statement took", switch_timing},
    {"i", "include", "FILE", "run the statements of a file", include},
    {"as", NULL, "USER SQL", "run SQL as another user", run_as},
    {"subscribe", NULL, "SQL", "print a SELECT's or table's rows, then every change", subscribe},
    {"flush", NULL, NULL, "move rows of all tables to Parquet files now", flush},
    {"health", NULL, NULL, "ask the server how it is", health},
    {"conninfo", "info", NULL, "print who is signed in, and where", connection_info},
};

#define META_COUNT (sizeof(metas) / sizeof(metas[0]))

void cli_meta_help(struct kdb_buf *out)
{
    for (size_t i = 0; i < META_COUNT; i++) {
        size_t start = out->len;
        kdb_buf_printf(out, "  \\%s", metas[i].name);
        if (metas[i].alias)
            kdb_buf_printf(out, ", \\%s", metas[i].alias);
        if (metas[i].argument)
            kdb_buf_printf(out, " %s", metas[i].argument);
        do
            kdb_buf_put(out, ' ');
        while (out->len - start < HELP_COLUMN);
        kdb_buf_printf(out, "%s\n", metas[i].help);
    }
}

static const struct meta *find(kdb_slice name)
{
    for (size_t i = 0; i < META_COUNT; i++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(metas[i].name)) ||
            (metas[i].alias && kdb_slice_equal(name, kdb_slice_cstr(metas[i].alias))))
            return &metas[i];
    }
    return NULL;
}

enum cli_outcome cli_meta_run(struct cli_session *session, kdb_slice line)
{
    line = kdb_slice_trim(line);
    while (line.len > 1 && line.data[line.len - 1] == ';')
        line = kdb_slice_trim(kdb_slice_of(line.data, line.len - 1));
    size_t end = 1;
    while (end < line.len && line.data[end] != ' ' && line.data[end] != '\t')
        end++;
    kdb_slice name = kdb_slice_of(line.data + 1, end - 1);
    kdb_slice argument = kdb_slice_trim(kdb_slice_skip(line, end));
    const struct meta *meta = find(name);
    if (!meta)
        return complain(session, line, "is no meta-command; \\? lists all");
    if (!meta->argument && argument.len > 0)
        return complain(session, argument, "is too much: this meta-command takes nothing");
    return meta->run(session, argument);
}
