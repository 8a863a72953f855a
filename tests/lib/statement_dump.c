// SPDX-License-Identifier: Apache-2.0
// Prints statements: data changes, commands, and what holds another statement.
#include "lib/ast_dump.h"

#include "lib/ast_dump_priv.h"

static void flag(bool is_set, const char *name, struct kdb_buf *out)
{
    if (is_set)
        kdb_buf_printf(out, " %s", name);
}

// " name:text" when there is one.
static void text(const char *name, kdb_slice value, struct kdb_buf *out)
{
    if (value.data)
        kdb_buf_printf(out, " %s:%.*s", name, KDB_ARG(value));
}

static void where(const struct kdb_ast *expr, struct kdb_buf *out)
{
    if (!expr)
        return;
    KDB_BUF_LIT(out, " (where ");
    test_dump_expr(expr, out);
    kdb_buf_put(out, ')');
}

static void insert(const struct kdb_ast_insert *change, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(insert ");
    test_dump_table(&change->table, out);
    if (change->column_count > 0) {
        kdb_buf_put(out, ' ');
        test_dump_names(change->columns, change->column_count, out);
    }
    kdb_buf_put(out, ' ');
    if (change->source)
        test_dump_select(change->source, out);
    else
        KDB_BUF_LIT(out, "default-values");
    flag(change->has_on_conflict, "on-conflict", out);
    flag(change->has_returning, "returning", out);
    flag(change->has_with, "with", out);
    kdb_buf_put(out, ')');
}

static void update(const struct kdb_ast_update *change, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(update ");
    test_dump_table(&change->table, out);
    text("as", change->alias, out);
    for (size_t i = 0; i < change->assignment_count; i++) {
        kdb_buf_printf(out, " (set %.*s ", KDB_ARG(change->assignments[i].column));
        test_dump_expr(change->assignments[i].value, out);
        kdb_buf_put(out, ')');
    }
    where(change->where, out);
    flag(change->has_from, "from", out);
    flag(change->has_returning, "returning", out);
    flag(change->has_with, "with", out);
    kdb_buf_put(out, ')');
}

static void delete_(const struct kdb_ast_delete *change, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(delete ");
    test_dump_table(&change->table, out);
    text("as", change->alias, out);
    where(change->where, out);
    flag(change->has_using, "using", out);
    flag(change->has_returning, "returning", out);
    flag(change->has_with, "with", out);
    kdb_buf_put(out, ')');
}

static void options(const struct kdb_ast_option *list, size_t count, struct kdb_buf *out)
{
    for (size_t i = 0; i < count; i++)
        kdb_buf_printf(out, " (%.*s %c %.*s)", KDB_ARG(list[i].key), list[i].form,
                       KDB_ARG(list[i].value));
}

static void column(const struct kdb_ast_column *item, struct kdb_buf *out)
{
    kdb_buf_printf(out, " (%.*s ", KDB_ARG(item->name));
    test_dump_type(&item->type, out);
    flag(item->is_not_null, "not-null", out);
    flag(item->is_primary_key, "key", out);
    flag(item->is_serial, "serial", out);
    if (item->default_expr) {
        KDB_BUF_LIT(out, " default=");
        test_dump_expr(item->default_expr, out);
    }
    text("comment", item->comment, out);
    kdb_buf_put(out, ')');
}

static void create_table(const struct kdb_ast_create_table *table, struct kdb_buf *out)
{
    KDB_BUF_LIT(out, "(create-table ");
    if (table->kind != '\0')
        kdb_buf_printf(out, "%c:", table->kind);
    test_dump_table(&table->table, out);
    flag(table->if_not_exists, "if-not-exists", out);
    for (size_t i = 0; i < table->column_count; i++)
        column(&table->columns[i], out);
    text("key", table->table_key, out);
    if (table->table_key_count > 0)
        kdb_buf_printf(out, "/%d", table->table_key_count);
    if (table->key_clause_count > 1)
        kdb_buf_printf(out, " keys:%d", table->key_clause_count);
    text("location", table->location, out);
    text("reference", table->location_reference, out);
    flag(table->has_flush, "flush", out);
    text("rows", table->flush_rows, out);
    text("interval", table->flush_interval, out);
    text("access", table->access_level, out);
    text("ttl", table->ttl, out);
    text("retention", table->retention, out);
    text("max-buffer", table->max_buffer, out);
    flag(table->is_ephemeral, "ephemeral", out);
    if (table->use_user_storage != '\0')
        kdb_buf_printf(out, " user-storage:%c", table->use_user_storage);
    options(table->options, table->option_count, out);
    kdb_buf_put(out, ')');
}

static void space(const struct kdb_statement *statement, struct kdb_buf *out)
{
    kdb_buf_printf(out, " %.*s", KDB_ARG(statement->space.name));
    flag(statement->space.if_exists, "if", out);
    flag(statement->space.is_cascade, "cascade", out);
    options(statement->space.options, statement->space.option_count, out);
}

static void table(const struct kdb_statement *statement, struct kdb_buf *out)
{
    kdb_buf_put(out, ' ');
    test_dump_table(&statement->table.name, out);
    flag(statement->table.if_exists, "if", out);
    flag(statement->table.has_history, "history", out);
    flag(statement->table.is_admin_form, "admin", out);
}

static void scope(const struct kdb_statement *statement, struct kdb_buf *out)
{
    flag(statement->scope.is_all, "all", out);
    text("in", statement->scope.space, out);
    if (statement->scope.table.name.data) {
        kdb_buf_put(out, ' ');
        test_dump_table(&statement->scope.table, out);
    }
}

static void storage(const struct kdb_statement *statement, struct kdb_buf *out)
{
    kdb_buf_printf(out, " %.*s", KDB_ARG(statement->storage.id));
    text("type", statement->storage.type, out);
    text("name", statement->storage.name, out);
    text("description", statement->storage.description, out);
    text("path", statement->storage.path, out);
    text("bucket", statement->storage.bucket, out);
    text("region", statement->storage.region, out);
    text("credentials", statement->storage.credentials, out);
    text("config", statement->storage.config, out);
    text("shared", statement->storage.shared_template, out);
    text("user", statement->storage.user_template, out);
    flag(statement->storage.if_exists, "if", out);
    flag(statement->storage.is_extended, "extended", out);
}

static void user(const struct kdb_statement *statement, struct kdb_buf *out)
{
    kdb_buf_printf(out, " %.*s", KDB_ARG(statement->user.name));
    if (statement->user.auth != '\0')
        kdb_buf_printf(out, " auth:%c", statement->user.auth);
    text("password", statement->user.password, out);
    text("oauth", statement->user.oauth, out);
    text("role", statement->user.role, out);
    text("email", statement->user.email, out);
    flag(statement->user.if_exists, "if", out);
}

static void inner(const struct kdb_statement *statement, struct kdb_buf *out)
{
    kdb_buf_put(out, ' ');
    test_dump_statement(statement, out);
}

// What stands between the name of a command and its closing parenthesis.
static void command(const struct kdb_statement *statement, struct kdb_buf *out)
{
    switch (statement->kind) {
    case KDB_STATEMENT_EXPLAIN:
        inner(statement->inner, out);
        return;
    case KDB_STATEMENT_EXECUTE_AS:
        kdb_buf_printf(out, " %.*s", KDB_ARG(statement->execute_as.user));
        inner(statement->execute_as.inner, out);
        return;
    case KDB_STATEMENT_CREATE_NAMESPACE:
    case KDB_STATEMENT_ALTER_NAMESPACE:
    case KDB_STATEMENT_DROP_NAMESPACE:
    case KDB_STATEMENT_USE:
        space(statement, out);
        return;
    case KDB_STATEMENT_DROP_TABLE:
    case KDB_STATEMENT_DESCRIBE_TABLE:
    case KDB_STATEMENT_SHOW_STATS:
        table(statement, out);
        return;
    case KDB_STATEMENT_SHOW_TABLES:
    case KDB_STATEMENT_STORAGE_FLUSH:
    case KDB_STATEMENT_STORAGE_COMPACT:
        scope(statement, out);
        return;
    case KDB_STATEMENT_CREATE_STORAGE:
    case KDB_STATEMENT_ALTER_STORAGE:
    case KDB_STATEMENT_DROP_STORAGE:
    case KDB_STATEMENT_STORAGE_CHECK:
        storage(statement, out);
        return;
    case KDB_STATEMENT_CREATE_USER:
    case KDB_STATEMENT_ALTER_USER:
    case KDB_STATEMENT_DROP_USER:
        user(statement, out);
        return;
    case KDB_STATEMENT_KILL_JOB:
    case KDB_STATEMENT_KILL_LIVE_QUERY:
        kdb_buf_printf(out, " %.*s", KDB_ARG(statement->job));
        return;
    case KDB_STATEMENT_SUBSCRIBE:
        kdb_buf_printf(out, " `%.*s`", KDB_ARG(statement->subscribe.sql));
        for (size_t i = 0; i < statement->subscribe.option_count; i++)
            kdb_buf_printf(out, " %.*s=%.*s", KDB_ARG(statement->subscribe.options[i].key),
                           KDB_ARG(statement->subscribe.options[i].value));
        return;
    case KDB_STATEMENT_RESERVED:
        kdb_buf_printf(out, " %s", statement->what);
        return;
    case KDB_STATEMENT_SELECT:
    case KDB_STATEMENT_INSERT:
    case KDB_STATEMENT_UPDATE:
    case KDB_STATEMENT_DELETE:
    case KDB_STATEMENT_CREATE_TABLE:
    case KDB_STATEMENT_SHOW_NAMESPACES:
    case KDB_STATEMENT_SHOW_STORAGES:
    case KDB_STATEMENT_SHOW_MANIFEST:
    case KDB_STATEMENT_SHOW_JOBS:
    case KDB_STATEMENT_BEGIN:
    case KDB_STATEMENT_COMMIT:
    case KDB_STATEMENT_ROLLBACK:
    case KDB_STATEMENT_KIND_COUNT:
        return;
    }
}

static const char *command_name(kdb_statement_kind kind)
{
    static const char *const names[KDB_STATEMENT_KIND_COUNT] = {
        [KDB_STATEMENT_EXPLAIN] = "explain",
        [KDB_STATEMENT_EXECUTE_AS] = "execute-as",
        [KDB_STATEMENT_CREATE_NAMESPACE] = "create-namespace",
        [KDB_STATEMENT_ALTER_NAMESPACE] = "alter-namespace",
        [KDB_STATEMENT_DROP_NAMESPACE] = "drop-namespace",
        [KDB_STATEMENT_SHOW_NAMESPACES] = "show-namespaces",
        [KDB_STATEMENT_USE] = "use",
        [KDB_STATEMENT_DROP_TABLE] = "drop-table",
        [KDB_STATEMENT_SHOW_TABLES] = "show-tables",
        [KDB_STATEMENT_DESCRIBE_TABLE] = "describe",
        [KDB_STATEMENT_SHOW_STATS] = "show-stats",
        [KDB_STATEMENT_SHOW_STORAGES] = "show-storages",
        [KDB_STATEMENT_SHOW_MANIFEST] = "show-manifest",
        [KDB_STATEMENT_SHOW_JOBS] = "show-jobs",
        [KDB_STATEMENT_CREATE_STORAGE] = "create-storage",
        [KDB_STATEMENT_ALTER_STORAGE] = "alter-storage",
        [KDB_STATEMENT_DROP_STORAGE] = "drop-storage",
        [KDB_STATEMENT_STORAGE_FLUSH] = "storage-flush",
        [KDB_STATEMENT_STORAGE_COMPACT] = "storage-compact",
        [KDB_STATEMENT_STORAGE_CHECK] = "storage-check",
        [KDB_STATEMENT_CREATE_USER] = "create-user",
        [KDB_STATEMENT_ALTER_USER] = "alter-user",
        [KDB_STATEMENT_DROP_USER] = "drop-user",
        [KDB_STATEMENT_KILL_JOB] = "kill-job",
        [KDB_STATEMENT_KILL_LIVE_QUERY] = "kill-live-query",
        [KDB_STATEMENT_SUBSCRIBE] = "subscribe",
        [KDB_STATEMENT_BEGIN] = "begin",
        [KDB_STATEMENT_COMMIT] = "commit",
        [KDB_STATEMENT_ROLLBACK] = "rollback",
        [KDB_STATEMENT_RESERVED] = "reserved",
    };
    return names[kind];
}

void test_dump_statement(const struct kdb_statement *statement, struct kdb_buf *out)
{
    if (statement->kind == KDB_STATEMENT_SELECT) {
        test_dump_select(statement->select, out);
    } else if (statement->kind == KDB_STATEMENT_INSERT) {
        insert(statement->insert, out);
    } else if (statement->kind == KDB_STATEMENT_UPDATE) {
        update(statement->update, out);
    } else if (statement->kind == KDB_STATEMENT_DELETE) {
        delete_(statement->delete_, out);
    } else if (statement->kind == KDB_STATEMENT_CREATE_TABLE) {
        create_table(statement->create_table, out);
    } else {
        kdb_buf_printf(out, "(%s", command_name(statement->kind));
        command(statement, out);
        kdb_buf_put(out, ')');
    }
}
