// SPDX-License-Identifier: Apache-2.0
// Kind, storage, flush policy and retention of a CREATE TABLE, in any of its three syntaxes.
#include "auth/rights.h"
#include "exec/command_priv.h"
#include "exec/table_priv.h"

#define FLUSH_ROWS_END    1000000
#define FLUSH_SECONDS_END 86400
#define HOUR_MS           INT64_C(3600000)
#define TTL_MS_MAX        (INT64_C(3650) * 24 * HOUR_MS)
#define BUFFER_ROWS_MAX   100000000

// ---- kind ----

static const char *kind_word(kdb_table_kind kind)
{
    return kind == KDB_TABLE_USER ? "USER" : kind == KDB_TABLE_SHARED ? "SHARED" : "STREAM";
}

static bool parse_kind(kdb_slice text, kdb_table_kind *ret)
{
    static const kdb_table_kind kinds[] = {KDB_TABLE_USER, KDB_TABLE_SHARED, KDB_TABLE_STREAM};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kdb_slice_equal_nocase(text, kdb_slice_cstr(kind_word(kinds[i])))) {
            *ret = kinds[i];
            return true;
        }
    }
    return false;
}

static const struct kdb_ast_option *find_option(const struct kdb_ast_create_table *ast,
                                                const char *key)
{
    for (size_t i = 0; i < ast->option_count; i++) {
        if (kdb_slice_equal(ast->options[i].key, kdb_slice_cstr(key)))
            return &ast->options[i];
    }
    return NULL;
}

static kdb_status fail_option(struct kdb_exec *exec, const struct kdb_ast_option *option,
                              const char *why)
{
    kdb_error_at(exec->ctx, option->position);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "option %.*s: %s", KDB_ARG(option->key),
                    why);
}

// Nobody said what kind: SHARED, but for users in the namespace that is called like them.
static kdb_table_kind default_kind(const struct kdb_exec *exec, kdb_slice space)
{
    bool is_own = kdb_slice_equal(space, exec->user) && !kdb_role_is_admin(exec->role);
    return is_own ? KDB_TABLE_USER : KDB_TABLE_SHARED;
}

static kdb_status read_kind(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                            kdb_slice space, kdb_table_kind *ret)
{
    const struct kdb_ast_option *option = find_option(ast, "TYPE");
    kdb_table_kind by_word = ast->kind == 'u'   ? KDB_TABLE_USER
                             : ast->kind == 's' ? KDB_TABLE_SHARED
                                                : KDB_TABLE_STREAM;
    kdb_table_kind kind = ast->kind ? by_word : default_kind(exec, space);
    if (option) {
        kdb_table_kind by_option;
        if (!parse_kind(option->value, &by_option))
            return fail_option(exec, option, "must be USER, SHARED or STREAM");
        if (ast->kind && by_option != by_word)
            return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                            "CREATE %s TABLE contradicts the option TYPE = '%.*s'",
                            kind_word(by_word), KDB_ARG(option->value));
        kind = by_option;
    }
    *ret = kind;
    return KDB_OK;
}

static kdb_status check_right(const struct kdb_exec *exec, kdb_table_kind kind)
{
    if (kind != KDB_TABLE_SHARED || kdb_role_may(exec->role, KDB_RIGHT_SHARED_TABLE))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_PERMISSION_DENIED,
                    "role '%s' is not allowed to create SHARED tables: write CREATE USER TABLE, or "
                    "WITH (TYPE = 'USER'), for rows of your own",
                    kdb_role_name(exec->role));
}

// ---- flush policy ----

static kdb_status set_rows(struct kdb_exec *exec, kdb_slice text, struct kdb_flush_policy *policy)
{
    int64_t rows;
    if (!kdb_slice_to_i64(text, &rows) || rows <= 0 || rows >= FLUSH_ROWS_END)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "flush policy: rows must be between 1 and %d, not '%.*s'",
                        FLUSH_ROWS_END - 1, KDB_ARG(text));
    policy->rows = (uint32_t)rows;
    return KDB_OK;
}

static kdb_status set_interval(struct kdb_exec *exec, kdb_slice text,
                               struct kdb_flush_policy *policy)
{
    int64_t ms;
    KDB_TRY(duration_read(exec->ctx, "flush policy: interval", text, 1000, &ms));
    if (ms == KDB_DURATION_OFF) {
        policy->interval_seconds = 0;
        return KDB_OK;
    }
    if (ms <= 0 || ms >= INT64_C(1000) * FLUSH_SECONDS_END || ms % 1000 != 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "flush policy: interval must be between 1 and %d seconds, not '%.*s'",
                        FLUSH_SECONDS_END - 1, KDB_ARG(text));
    policy->interval_seconds = (uint32_t)(ms / 1000);
    return KDB_OK;
}

// rows:N or interval:S
static kdb_status read_policy_part(struct kdb_exec *exec, kdb_slice part,
                                   struct kdb_flush_policy *policy)
{
    size_t colon = kdb_slice_find(part, KDB_LIT(":"), 0);
    kdb_slice key = kdb_slice_trim(kdb_slice_of(part.data, colon == SIZE_MAX ? part.len : colon));
    kdb_slice value =
        kdb_slice_trim(colon == SIZE_MAX ? KDB_LIT("") : kdb_slice_skip(part, colon + 1));
    if (kdb_slice_equal_nocase(key, KDB_LIT("rows")) && policy->rows == 0)
        return set_rows(exec, value, policy);
    if (kdb_slice_equal_nocase(key, KDB_LIT("interval")) && policy->interval_seconds == 0)
        return set_interval(exec, value, policy);
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "FLUSH_POLICY: '%.*s' is not understood: write 'rows:N', 'interval:S' or "
                    "'rows:N,interval:S'",
                    KDB_ARG(part));
}

static kdb_status read_policy(struct kdb_exec *exec, kdb_slice text, struct table_options *options)
{
    options->has_flush = true;
    if (kdb_slice_equal_nocase(kdb_slice_trim(text), KDB_LIT("off")))
        return KDB_OK;
    size_t at = 0;
    while (at <= text.len) {
        size_t end = kdb_slice_find(text, KDB_LIT(","), at);
        end = end == SIZE_MAX ? text.len : end;
        KDB_TRY(read_policy_part(exec, kdb_slice_of(text.data + at, end - at), &options->flush));
        at = end + 1;
    }
    return KDB_OK;
}

static kdb_status read_flush_clause(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                                    struct table_options *options)
{
    if (!ast->has_flush)
        return KDB_OK;
    options->has_flush = true;
    if (ast->flush_rows.data)
        KDB_TRY(set_rows(exec, ast->flush_rows, &options->flush));
    if (ast->flush_interval.data)
        KDB_TRY(set_interval(exec, ast->flush_interval, &options->flush));
    return KDB_OK;
}

// ---- options ----

static kdb_status set_type(struct kdb_exec *exec, const struct kdb_ast_option *option,
                           struct table_options *options)
{
    (void)exec;
    (void)option;
    (void)options;
    return KDB_OK; // read before
}

// What only tables with flushed rows have.
static kdb_status check_stored(struct kdb_exec *exec, const struct kdb_ast_option *option,
                               const struct table_options *options)
{
    return options->kind == KDB_TABLE_STREAM
               ? fail_option(exec, option, "is not for STREAM tables, whose rows stay in memory")
               : KDB_OK;
}

static kdb_status set_storage(struct kdb_exec *exec, const struct kdb_ast_option *option,
                              struct table_options *options)
{
    KDB_TRY(check_stored(exec, option, options));
    if (options->storage_id.data || options->location.data)
        return fail_option(exec, option, "the statement names another storage or LOCATION too");
    options->storage_id = option->value;
    return KDB_OK;
}

static kdb_status set_user_storage(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                   struct table_options *options)
{
    if (options->kind != KDB_TABLE_USER)
        return fail_option(exec, option, "is only for USER tables");
    // No user has a storage of their own: both mean the table's.
    if (kdb_slice_equal_nocase(option->value, KDB_LIT("true")) ||
        kdb_slice_equal_nocase(option->value, KDB_LIT("false")))
        return KDB_OK;
    return fail_option(exec, option, "must be TRUE or FALSE");
}

static kdb_status set_flush_policy(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                   struct table_options *options)
{
    KDB_TRY(check_stored(exec, option, options));
    if (options->has_flush)
        return fail_option(exec, option, "the statement has a FLUSH clause too");
    return read_policy(exec, option->value, options);
}

static kdb_status set_retention(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                struct table_options *options)
{
    KDB_TRY(check_stored(exec, option, options));
    if (options->has_retention)
        return fail_option(exec, option, "the retention of deleted rows is given twice");
    const char *what = option->key.len == sizeof("DELETED_RETENTION") - 1
                           ? "DELETED_RETENTION"
                           : "DELETED_RETENTION_HOURS";
    int64_t ms;
    KDB_TRY(duration_read(exec->ctx, what, option->value, HOUR_MS, &ms));
    options->retention_ms = ms == KDB_DURATION_OFF ? KDB_RETENTION_OFF : ms;
    options->has_retention = true;
    return KDB_OK;
}

static kdb_status set_ttl(struct kdb_exec *exec, const char *what, kdb_slice text,
                          struct table_options *options)
{
    int64_t ms;
    if (options->stream.ttl_ms != 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "%s: how long rows are kept is given twice", what);
    KDB_TRY(duration_read(exec->ctx, what, text, 1000, &ms));
    if (ms == KDB_DURATION_OFF || ms < 1000 || ms > TTL_MS_MAX || ms % 1000 != 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "%s: rows are kept for 1 second to 3650 days, in whole seconds, not '%.*s'",
                        what, KDB_ARG(text));
    options->stream.ttl_ms = ms;
    return KDB_OK;
}

static kdb_status set_rows_max(struct kdb_exec *exec, kdb_slice text, struct table_options *options)
{
    int64_t rows;
    if (options->stream.rows_max != 0)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "MAX_BUFFER is given twice");
    if (!kdb_slice_to_i64(text, &rows) || rows < 1 || rows > BUFFER_ROWS_MAX)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "MAX_BUFFER must be between 1 and %d rows, not '%.*s'", BUFFER_ROWS_MAX,
                        KDB_ARG(text));
    options->stream.rows_max = (uint32_t)rows;
    return KDB_OK;
}

static kdb_status check_stream(struct kdb_exec *exec, const struct kdb_ast_option *option,
                               const struct table_options *options)
{
    return options->kind == KDB_TABLE_STREAM
               ? KDB_OK
               : fail_option(exec, option, "is only for STREAM tables");
}

static kdb_status set_ttl_seconds(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                  struct table_options *options)
{
    KDB_TRY(check_stream(exec, option, options));
    bool is_retention = kdb_slice_equal(option->key, KDB_LIT("RETENTION"));
    return set_ttl(exec, is_retention ? "RETENTION" : "TTL_SECONDS", option->value, options);
}

static kdb_status set_max_buffer(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                 struct table_options *options)
{
    KDB_TRY(check_stream(exec, option, options));
    return set_rows_max(exec, option->value, options);
}

static kdb_status set_ephemeral(struct kdb_exec *exec, const struct kdb_ast_option *option,
                                struct table_options *options)
{
    KDB_TRY(check_stream(exec, option, options));
    options->stream.is_ephemeral = kdb_slice_equal_nocase(option->value, KDB_LIT("true"));
    if (options->stream.is_ephemeral || kdb_slice_equal_nocase(option->value, KDB_LIT("false")))
        return KDB_OK;
    return fail_option(exec, option, "must be TRUE or FALSE");
}

static kdb_status set_access(struct kdb_exec *exec, const struct kdb_ast_option *option,
                             struct table_options *options)
{
    if (options->kind != KDB_TABLE_SHARED)
        return fail_option(exec, option, "is only for SHARED tables");
    if (options->has_access)
        return fail_option(exec, option, "the statement has an ACCESS LEVEL clause too");
    if (!kdb_access_level_parse(option->value, &options->access))
        return fail_option(exec, option, "must be PUBLIC, PRIVATE, RESTRICTED or DBA");
    options->has_access = true;
    return KDB_OK;
}

static const struct {
    const char *key;
    kdb_status (*set)(struct kdb_exec *exec, const struct kdb_ast_option *option,
                      struct table_options *options);
} known[] = {
    {"TYPE", set_type},
    {"STORAGE_ID", set_storage},
    {"USE_USER_STORAGE", set_user_storage},
    {"FLUSH_POLICY", set_flush_policy},
    {"DELETED_RETENTION_HOURS", set_retention},
    {"DELETED_RETENTION", set_retention},
    {"TTL_SECONDS", set_ttl_seconds},
    {"RETENTION", set_ttl_seconds},
    {"EPHEMERAL", set_ephemeral},
    {"MAX_BUFFER", set_max_buffer},
    {"ACCESS_LEVEL", set_access},
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

static kdb_status read_options(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                               struct table_options *options)
{
    bool is_seen[KNOWN_COUNT] = {false};
    for (size_t i = 0; i < ast->option_count; i++) {
        const struct kdb_ast_option *option = &ast->options[i];
        size_t at = 0;
        while (at < KNOWN_COUNT && !kdb_slice_equal(option->key, kdb_slice_cstr(known[at].key)))
            at++;
        if (at == KNOWN_COUNT)
            return fail_option(exec, option, "there is no such table option");
        if (is_seen[at])
            return fail_option(exec, option, "is given twice");
        is_seen[at] = true;
        KDB_TRY(known[at].set(exec, option, options));
    }
    return KDB_OK;
}

static kdb_status read_access_clause(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                                     struct table_options *options)
{
    if (!ast->access_level.data)
        return KDB_OK;
    options->has_access = true;
    if (options->kind != KDB_TABLE_SHARED)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "ACCESS LEVEL is only for SHARED tables");
    if (kdb_access_level_parse(ast->access_level, &options->access))
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "ACCESS LEVEL must be PUBLIC, PRIVATE, RESTRICTED or DBA, not '%.*s'",
                    KDB_ARG(ast->access_level));
}

static kdb_status read_stream_clauses(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                                      struct table_options *options)
{
    if (ast->ttl.data)
        KDB_TRY(set_ttl(exec, "TTL", ast->ttl, options));
    if (ast->retention.data)
        KDB_TRY(set_ttl(exec, "RETENTION", ast->retention, options));
    if (ast->max_buffer.data)
        KDB_TRY(set_rows_max(exec, ast->max_buffer, options));
    options->stream.is_ephemeral = ast->is_ephemeral;
    return KDB_OK;
}

// Clauses of the older syntax that belong to other kinds of tables.
static kdb_status check_clauses(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                                kdb_table_kind kind)
{
    bool is_stream = kind == KDB_TABLE_STREAM;
    const char *of_streams = ast->ttl.data          ? "TTL"
                             : ast->retention.data  ? "RETENTION"
                             : ast->max_buffer.data ? "MAX_BUFFER"
                             : ast->is_ephemeral    ? "EPHEMERAL"
                                                    : NULL;
    if (of_streams && !is_stream)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION, "%s is only for STREAM tables",
                        of_streams);
    const char *of_stored = ast->location.data             ? "LOCATION"
                            : ast->location_reference.data ? "a storage"
                            : ast->has_flush               ? "FLUSH"
                                                           : NULL;
    if (of_stored && is_stream)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "%s is not for STREAM tables, whose rows stay in memory", of_stored);
    if (ast->use_user_storage && kind != KDB_TABLE_USER)
        return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                        "USE_USER_STORAGE is only for USER tables");
    return KDB_OK;
}

static kdb_status check_ttl(struct kdb_exec *exec, const struct table_options *options)
{
    if (options->kind != KDB_TABLE_STREAM || options->stream.ttl_ms > 0)
        return KDB_OK;
    return kdb_fail(exec->ctx, KDB_ERR_INVALID_OPERATION,
                    "a STREAM table needs TTL_SECONDS, how long its rows are kept: WITH "
                    "(TTL_SECONDS = 60)");
}

kdb_status table_option_read(struct kdb_exec *exec, const struct kdb_ast_create_table *ast,
                             kdb_slice space, struct table_options *ret)
{
    struct table_options options = {.storage_id = ast->location_reference,
                                    .location = ast->location};
    KDB_TRY(read_kind(exec, ast, space, &options.kind));
    KDB_TRY(check_right(exec, options.kind));
    KDB_TRY(check_clauses(exec, ast, options.kind));
    KDB_TRY(read_access_clause(exec, ast, &options));
    KDB_TRY(read_stream_clauses(exec, ast, &options));
    KDB_TRY(read_flush_clause(exec, ast, &options));
    KDB_TRY(read_options(exec, ast, &options));
    KDB_TRY(check_ttl(exec, &options));
    *ret = options;
    return KDB_OK;
}
