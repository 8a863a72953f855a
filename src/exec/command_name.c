// SPDX-License-Identifier: Apache-2.0
// Which names namespaces, tables, columns and storages may have.
#include "exec/command_priv.h"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

kdb_status command_name_check(struct kdb_ctx *ctx, const char *what, kdb_slice name)
{
    if (name.len == 0)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "a %s name must not be empty", what);
    if (name.len > KDB_NAME_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "%s name '%.*s' has %zu bytes, at most %d are allowed", what, KDB_ARG(name),
                        name.len, KDB_NAME_BYTES_MAX);
    if (!is_lower(name.data[0]))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "%s name '%.*s' must begin with a lower-case letter", what, KDB_ARG(name));
    for (size_t i = 1; i < name.len; i++) {
        if (!is_lower(name.data[i]) && !is_digit(name.data[i]) && name.data[i] != '_')
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "%s name '%.*s' may hold only lower-case letters, digits and "
                            "underscores",
                            what, KDB_ARG(name));
    }
    return KDB_OK;
}

bool command_name_is_reserved(kdb_slice space)
{
    static const char *const names[] = {"system",
                                        "sys",
                                        "root",
                                        "kalamdb",
                                        "kalam",
                                        "main",
                                        "default",
                                        "sql",
                                        "admin",
                                        "internal",
                                        "information_schema",
                                        "pg_catalog",
                                        "datafusion"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (kdb_slice_equal(space, kdb_slice_cstr(names[i])))
            return true;
    }
    return false;
}

// Columns every table has.
static bool is_system_column(kdb_slice name)
{
    return kdb_slice_equal_nocase(name, KDB_LIT("_seq")) ||
           kdb_slice_equal_nocase(name, KDB_LIT("_updated")) ||
           kdb_slice_equal_nocase(name, KDB_LIT("_deleted"));
}

kdb_status command_name_check_column(struct kdb_ctx *ctx, kdb_slice name)
{
    if (is_system_column(name))
        return kdb_fail(ctx, KDB_ERR_SYSTEM_COLUMN,
                        "column name '%.*s' is reserved: every table has this system column",
                        KDB_ARG(name));
    if (name.len == 0)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "a column name must not be empty");
    if (name.len > KDB_NAME_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "column name '%.*s' has %zu bytes, at most %d are allowed", KDB_ARG(name),
                        name.len, KDB_NAME_BYTES_MAX);
    if (name.data[0] == '_')
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "column name '%.*s' begins with an underscore: such names are reserved for "
                        "the system",
                        KDB_ARG(name));
    if (is_digit(name.data[0]))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "column name '%.*s' must not begin with a digit", KDB_ARG(name));
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        // Letters beyond ASCII and $ are what PostgreSQL takes without quotes.
        bool is_fine = is_letter(c) || is_digit(c) || c == '_' || c == '$' || (c & 0x80) != 0;
        if (!is_fine)
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "column name '%.*s' may hold only alphanumeric characters and "
                            "underscores",
                            KDB_ARG(name));
    }
    return KDB_OK;
}

kdb_status command_name_check_storage(struct kdb_ctx *ctx, kdb_slice id)
{
    if (id.len == 0 || id.len > KDB_NAME_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "a storage id has 1 to %d bytes",
                        KDB_NAME_BYTES_MAX);
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-')
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "storage id '%.*s' may hold only letters, digits, '_' and '-'",
                            KDB_ARG(id));
    }
    return KDB_OK;
}
