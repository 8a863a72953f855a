// SPDX-License-Identifier: Apache-2.0
// DuckDB's messages into statuses and texts of ours: "Conversion Error: Could not …" says what kind
// of failure it was.
#include "engine/failure_priv.h"

#include <string.h>

// Opens the text of error('…') calls made by kdb_engine_quote_error: kdb:STATUS:message.
#define MARK "kdb:"

struct failure_class {
    const char *name; // before " Error: "
    kdb_status status;
    bool is_about_data; // the text quotes the user's values: nothing in it is a path
};

static const struct failure_class classes[] = {
    {"Conversion", KDB_ERR_INVALID_VALUE, true},
    {"Out of Range", KDB_ERR_OUT_OF_RANGE, true},
    {"Invalid Input", KDB_ERR_INVALID_VALUE, false},
    {"Mismatch Type", KDB_ERR_INVALID_VALUE, true},
    {"Divide by Zero", KDB_ERR_DIVISION_BY_ZERO, true},
    {"Constraint", KDB_ERR_CONSTRAINT, true},
    {"Sequence", KDB_ERR_INVALID_VALUE, true},
    {"Not implemented", KDB_ERR_INVALID_OPERATION, false},
    {"Out of Memory", KDB_ERR_LIMIT_EXCEEDED, false},
    {"Object Size", KDB_ERR_LIMIT_EXCEEDED, false},
    {"INTERRUPT", KDB_ERR_CANCELLED, false},
    {"IO", KDB_ERR_IO, false},
    {"Serialization", KDB_ERR_CORRUPT, false},
    {"Invalid", KDB_ERR_CORRUPT, false}, // exceptions of the Parquet reader's own
};

// Texts that give a failure another status than its class.
struct telling_text {
    const char *text;
    kdb_status status;
};

static const struct telling_text telling_texts[] = {
    {"division by zero", KDB_ERR_DIVISION_BY_ZERO},
    {"No space left on device", KDB_ERR_DISK_FULL},
    {"Disk quota exceeded", KDB_ERR_DISK_FULL},
    {"max_temp_directory_size", KDB_ERR_LIMIT_EXCEEDED},
    {"No files found", KDB_ERR_CORRUPT},
    {"No magic bytes", KDB_ERR_CORRUPT},
    {"too small to be a Parquet", KDB_ERR_CORRUPT},
    {"Failed to read file", KDB_ERR_CORRUPT},
    {"decompression failure", KDB_ERR_CORRUPT},
    {"Decompression Failure", KDB_ERR_CORRUPT},
    {"TProtocolException", KDB_ERR_CORRUPT},
    {"Could not read enough bytes", KDB_ERR_CORRUPT},
    {"Parquet", KDB_ERR_CORRUPT},
};

static const char *const type_names[][2] = {
    {"INT16", "smallint"},          {"INT32", "integer"},   {"INT64", "bigint"},
    {"INT128", "numeric"},          {"DECIMAL", "numeric"}, {"FLOAT", "real"},
    {"DOUBLE", "double precision"}, {"BOOL", "boolean"},    {"UUID", "uuid"},
};

static const char *find_type_name(kdb_slice text)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
        if (kdb_slice_has_prefix(text, kdb_slice_cstr(type_names[i][0])))
            return type_names[i][1];
    }
    return NULL;
}

// The part of `text` behind `before`, or a null slice.
static kdb_slice behind(kdb_slice text, kdb_slice before)
{
    size_t at = kdb_slice_find(text, before, 0);
    return at == SIZE_MAX ? (kdb_slice){NULL, 0} : kdb_slice_skip(text, at + before.len);
}

// "Overflow in addition of INT32 (…)!", "… is out of range for the destination type INT16".
static bool fail_out_of_range(struct kdb_ctx *ctx, kdb_slice text)
{
    kdb_slice type = {NULL, 0};
    if (kdb_slice_has_prefix(text, KDB_LIT("Overflow in ")))
        type = behind(text, KDB_LIT(" of "));
    else if (kdb_slice_has_prefix(text, KDB_LIT("Type ")))
        type = behind(text, KDB_LIT("out of range for the destination type "));
    const char *name = type.data ? find_type_name(type) : NULL;
    if (!name)
        return false;
    (void)kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "%s out of range", name);
    return true;
}

// "Could not convert string 'x' to INT32", "invalid date field format: "x", expected …".
static bool fail_syntax(struct kdb_ctx *ctx, kdb_slice text)
{
    kdb_slice rest = behind(text, KDB_LIT("Could not convert string '"));
    size_t end = rest.data ? kdb_slice_find(rest, KDB_LIT("' to "), 0) : SIZE_MAX;
    const char *name = NULL;
    if (end != SIZE_MAX) {
        name = find_type_name(kdb_slice_skip(rest, end + 5));
    } else {
        rest = behind(text, KDB_LIT(" field format: \""));
        end = rest.data ? kdb_slice_find(rest, KDB_LIT("\", expected"), 0) : SIZE_MAX;
        if (end != SIZE_MAX)
            name = kdb_slice_has_prefix(text, KDB_LIT("invalid date ")) ? "date" : "timestamp";
    }
    if (!name)
        return false;
    (void)kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type %s: \"%.*s\"", name,
                   (int)end, rest.data);
    return true;
}

// kdb:STATUS:message, as kdb_engine_quote_error wrote it.
static bool fail_marked(struct kdb_ctx *ctx, kdb_slice text)
{
    if (!kdb_slice_has_prefix(text, KDB_LIT(MARK)))
        return false;
    text = kdb_slice_skip(text, sizeof(MARK) - 1);
    size_t colon = kdb_slice_find(text, KDB_LIT(":"), 0);
    if (colon == SIZE_MAX)
        return false;
    kdb_slice name = {text.data, colon};
    text = kdb_slice_skip(text, colon + 1);
    for (unsigned status = 1; status < KDB_STATUS_COUNT; status++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(kdb_status_info((kdb_status)status)->name))) {
            (void)kdb_fail(ctx, (kdb_status)status, "%.*s", KDB_ARG(text));
            return true;
        }
    }
    return false;
}

// Copies the text without the folders of absolute paths: '/data/users/u1/batch-3.parquet' becomes
// 'batch-3.parquet'.
static kdb_slice without_folders(struct kdb_arena *arena, kdb_slice text)
{
    char *copy = kdb_arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char before = i > 0 ? text.data[i - 1] : ' ';
        if (text.data[i] == '/' && strchr(" '\"([", before)) {
            char end = before == '\'' || before == '"' ? before : ' ';
            size_t last = i;
            for (size_t j = i; j < text.len && text.data[j] != end; j++) {
                if (text.data[j] == '/')
                    last = j;
            }
            i = last;
            continue;
        }
        copy[len++] = text.data[i];
    }
    copy[len] = '\0';
    return (kdb_slice){copy, len};
}

static const struct failure_class *find_class(kdb_slice *text)
{
    size_t at = kdb_slice_find(*text, KDB_LIT(" Error: "), 0);
    if (at == SIZE_MAX)
        return NULL;
    kdb_slice name = {text->data, at};
    *text = kdb_slice_skip(*text, at + sizeof(" Error: ") - 1);
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (kdb_slice_equal(name, kdb_slice_cstr(classes[i].name)))
            return &classes[i];
    }
    return NULL;
}

static kdb_status status_of(const struct failure_class *class, kdb_slice text)
{
    if (class->is_about_data)
        return class->status;
    for (size_t i = 0; i < sizeof(telling_texts) / sizeof(telling_texts[0]); i++) {
        if (kdb_slice_find(text, kdb_slice_cstr(telling_texts[i].text), 0) != SIZE_MAX)
            return telling_texts[i].status;
    }
    return class->status;
}

// The first lines, up to the excerpt of the statement that DuckDB appends, without its advice.
static kdb_slice without_excerpt(kdb_slice text)
{
    size_t end = kdb_slice_find(text, KDB_LIT("\n\nLINE "), 0);
    if (end == SIZE_MAX)
        end = kdb_slice_find(text, KDB_LIT("\n"), 0);
    if (end != SIZE_MAX)
        text.len = end;
    return kdb_slice_trim(text);
}

bool engine_is_fatal(const char *message)
{
    kdb_slice text = kdb_slice_cstr(message);
    return kdb_slice_has_prefix(text, KDB_LIT("FATAL Error")) ||
           kdb_slice_find(text, KDB_LIT("database has been invalidated"), 0) != SIZE_MAX;
}

kdb_status engine_fail(struct kdb_ctx *ctx, const char *message)
{
    kdb_slice text = kdb_slice_cstr(message ? message : "no message");
    const struct failure_class *class = find_class(&text);
    text = without_excerpt(text);
    if (kdb_slice_equal(text,
                        KDB_LIT("interval cannot be 0!"))) // of generate_series, while binding
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "step size cannot equal zero");
    if (kdb_slice_has_prefix(text, KDB_LIT("Max expression depth limit")) ||
        kdb_slice_has_prefix(text, KDB_LIT("Maximum tree depth")))
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "the statement is nested too deeply for the engine");
    if (!class)
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "engine: %.*s",
                        KDB_ARG(without_folders(&ctx->arena, text)));
    if (class->status == KDB_ERR_LIMIT_EXCEEDED)
        return kdb_fail(ctx, class->status,
                        "the statement needs more memory than the engine has "
                        "(execution.engine_memory_limit, engine_temp_limit)");
    if (fail_marked(ctx, text) || fail_out_of_range(ctx, text) || fail_syntax(ctx, text))
        return ctx->error.status;
    if (!class->is_about_data || kdb_slice_find(text, KDB_LIT(".parquet"), 0) != SIZE_MAX)
        text = without_folders(&ctx->arena, text);
    return kdb_fail(ctx, status_of(class, text), "%.*s", KDB_ARG(text));
}
