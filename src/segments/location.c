// SPDX-License-Identifier: Apache-2.0
// Where the files of a partition are: templates, users as path components, allowed roots, folders
// of different tables kept apart.
//
// A template becomes a pattern: an absolute path in which one byte stands for the user. Patterns of
// two tables are compared component by component.
#include <limits.h>

#include "base/digest.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "segments/object_priv.h"
#include "segments/segment_priv.h"
#include "segments/service_priv.h"

// Stands for the user in a pattern; control characters are refused in what people write.
#define USER_MARK '\x01'

// A component of its own that stands for any text, in the patterns of default folders.
#define ANY_MARK "\x02"

// A user's component has at most this many bytes; longer ones keep a beginning and get a digest.
#define USER_BYTES_MAX    200
#define USER_BYTES_KEPT   160
#define USER_DIGEST_BYTES 32

// File systems take 255 bytes a component: what is left around a user.
#define COMPONENT_BYTES_MAX 255
#define AROUND_USER_BYTES   (COMPONENT_BYTES_MAX - USER_BYTES_MAX)

// Room for the folder's files: "/batch-<20 digits>.parquet.tmp".
#define FOLDER_BYTES_MAX (PATH_MAX - SEGMENT_NAME_BYTES - 1)

// ---- users ----

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

// Lower-case digits of the SHA-256, from the first that is a letter on: behind a '%' no escape
// (upper case) looks like that, so a long user's component is never another user's.
static void put_digest(kdb_slice user, char *at)
{
    uint8_t digest[KDB_SHA256_BYTES];
    char text[2 * KDB_SHA256_BYTES + 1];
    kdb_sha256(user, digest);
    kdb_hex_encode(kdb_slice_of(digest, sizeof(digest)), text);
    size_t start = 0;
    while (start < KDB_SHA256_BYTES && text[start] <= '9')
        start++;
    memcpy(at, text + start, USER_DIGEST_BYTES);
    if (text[start] <= '9')
        at[0] = 'a'; // 32 decimal digits in a row
}

kdb_slice kdb_segment_user_component(struct kdb_arena *arena, kdb_slice user)
{
    static const char digits[] = "0123456789ABCDEF";
    char *component = kdb_arena_alloc(arena, user.len * 3 + USER_BYTES_MAX);
    size_t len = 0;
    for (size_t i = 0; i < user.len; i++) {
        unsigned char byte = (unsigned char)user.data[i];
        if (is_plain(user.data[i])) {
            component[len++] = user.data[i];
            continue;
        }
        component[len++] = '%';
        component[len++] = digits[byte >> 4];
        component[len++] = digits[byte & 15];
    }
    if (len > USER_BYTES_MAX) {
        component[USER_BYTES_KEPT] = '%';
        put_digest(user, component + USER_BYTES_KEPT + 1);
        len = USER_BYTES_KEPT + 1 + USER_DIGEST_BYTES;
    }
    return kdb_slice_of(component, len);
}

// ---- templates ----

struct placeholder {
    kdb_slice text;
    char what; // 'u'ser, 'n'amespace, 't'able
};

// Spellings of today and of older releases.
static const struct placeholder placeholders[] = {
    {KDB_LIT_INIT("${user_id}"), 'u'},    {KDB_LIT_INIT("${userId}"), 'u'},
    {KDB_LIT_INIT("{userId}"), 'u'},      {KDB_LIT_INIT("{user_id}"), 'u'},
    {KDB_LIT_INIT("${namespace}"), 'n'},  {KDB_LIT_INIT("{namespace}"), 'n'},
    {KDB_LIT_INIT("${tableName}"), 't'},  {KDB_LIT_INIT("{tableName}"), 't'},
    {KDB_LIT_INIT("${table_name}"), 't'}, {KDB_LIT_INIT("{table_name}"), 't'},
};

// What the text begins with, or NULL.
static const struct placeholder *placeholder_at(kdb_slice text)
{
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (kdb_slice_has_prefix(text, placeholders[i].text))
            return &placeholders[i];
    }
    return NULL;
}

// DuckDB takes *, ? and [ in a path for a wildcard.
static kdb_status check_characters(struct kdb_ctx *ctx, kdb_slice template)
{
    if (!kdb_utf8_is_valid(template))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "the path is not valid UTF-8");
    for (size_t i = 0; i < template.len; i++) {
        unsigned char byte = (unsigned char)template.data[i];
        if (byte < ' ' || byte == 0x7F || strchr("*?[]", byte))
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "the path may not contain *, ?, [, ] or control characters: %.*s",
                            KDB_ARG(template));
    }
    return KDB_OK;
}

static kdb_status expand(struct kdb_ctx *ctx, kdb_slice template, const struct kdb_table *table,
                         struct kdb_buf *out)
{
    KDB_TRY(check_characters(ctx, template));
    kdb_slice rest = template;
    while (rest.len > 0) {
        const struct placeholder *found = placeholder_at(rest);
        if (found) {
            if (found->what == 'u')
                kdb_buf_put(out, USER_MARK);
            else
                kdb_buf_slice(out, found->what == 'n' ? table->space : table->name);
            rest = kdb_slice_skip(rest, found->text.len);
            continue;
        }
        if (strchr("{}$", rest.data[0]))
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "the path has an unknown placeholder; known are ${user_id}, "
                            "{namespace} and {tableName}: %.*s",
                            KDB_ARG(template));
        kdb_buf_put(out, rest.data[0]);
        rest = kdb_slice_skip(rest, 1);
    }
    return KDB_OK;
}

// Takes the first component off a pattern without empty components; null at the end.
static kdb_slice next_component(kdb_slice *pattern)
{
    while (pattern->len > 0 && pattern->data[0] == '/')
        *pattern = kdb_slice_skip(*pattern, 1);
    if (pattern->len == 0)
        return (kdb_slice){0};
    size_t len = kdb_slice_find(*pattern, KDB_LIT("/"), 0);
    kdb_slice component = kdb_slice_of(pattern->data, len == SIZE_MAX ? pattern->len : len);
    *pattern = kdb_slice_skip(*pattern, component.len);
    return component;
}

static bool has_user(kdb_slice text)
{
    return text.len > 0 && memchr(text.data, USER_MARK, text.len) != NULL;
}

static kdb_status check_component(struct kdb_ctx *ctx, kdb_slice component)
{
    if (kdb_slice_equal(component, KDB_LIT(".")) || kdb_slice_equal(component, KDB_LIT("..")))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION, "the path may not contain . or ..");
    if (component.len > (has_user(component) ? AROUND_USER_BYTES : COMPONENT_BYTES_MAX))
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "a part of the path is too long for a file name");
    return KDB_OK;
}

// The pattern with single slashes and none at the end.
static kdb_status normalise(struct kdb_ctx *ctx, kdb_slice pattern, kdb_slice *ret_pattern)
{
    char *clean = kdb_arena_alloc(&ctx->arena, pattern.len + 1);
    size_t len = 0;
    for (kdb_slice part; (part = next_component(&pattern)).data != NULL;) {
        KDB_TRY(check_component(ctx, part));
        clean[len++] = '/';
        memcpy(clean + len, part.data, part.len);
        len += part.len;
    }
    *ret_pattern = kdb_slice_of(clean, len);
    return KDB_OK;
}

static bool is_set(kdb_slice text)
{
    return text.len > 0;
}

static kdb_slice default_template(const struct kdb_table *table)
{
    return table->kind == KDB_TABLE_SHARED
               ? KDB_LIT("shared/{namespace}/{tableName}")
               : KDB_LIT("users/${user_id}/tables/{namespace}/{tableName}");
}

// The table's pattern, links not resolved.
static kdb_status write_pattern(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                const struct kdb_table *table, const struct kdb_storage *storage,
                                kdb_slice *ret_pattern)
{
    kdb_slice base = service->data_path;
    kdb_slice template = table->location;
    if (!is_set(template) && storage) {
        template =
            table->kind == KDB_TABLE_SHARED ? storage->shared_template : storage->user_template;
        if (is_set(template) && is_set(storage->base_directory))
            base = storage->base_directory;
    }
    if (!is_set(template))
        template = default_template(table);
    struct kdb_buf text = {0};
    if (template.data[0] != '/' || template.data != table->location.data) {
        kdb_buf_slice(&text, base);
        kdb_buf_put(&text, '/');
    }
    kdb_status status = expand(ctx, template, table, &text);
    if (status == KDB_OK)
        status = normalise(ctx, kdb_buf_view(&text), ret_pattern);
    kdb_buf_deinit(&text);
    return status;
}

// What a table of this kind must or must not have in its path.
static kdb_status check_user_mark(struct kdb_ctx *ctx, const struct kdb_table *table,
                                  kdb_slice pattern)
{
    bool is_shared = table->kind == KDB_TABLE_SHARED;
    if (has_user(pattern) != is_shared)
        return KDB_OK;
    if (is_shared)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "the path of a SHARED table may not contain ${user_id}");
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                    "the path of a USER table must contain ${user_id}, so that every user has a "
                    "folder of its own");
}

// ---- roots ----

static bool is_below(kdb_slice path, kdb_slice root)
{
    if (kdb_slice_equal(root, KDB_LIT("/")))
        return true;
    return kdb_slice_has_prefix(path, root) && (path.len == root.len || path.data[root.len] == '/');
}

static kdb_status check_roots(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                              kdb_slice path)
{
    for (uint32_t i = 0; i < service->root_count; i++) {
        if (is_below(path, service->roots[i]))
            return KDB_OK;
    }
    return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                    "the path lies outside the folders the server may use: add its folder to the "
                    "setting storage.allowed_roots");
}

// Resolves links in the part of a pattern that is the same for every user.
static kdb_status resolve_pattern(struct kdb_ctx *ctx, kdb_slice pattern, kdb_slice *ret_pattern)
{
    size_t fixed = pattern.len;
    const char *mark = pattern.len > 0 ? memchr(pattern.data, USER_MARK, pattern.len) : NULL;
    if (mark) {
        fixed = (size_t)(mark - pattern.data);
        while (fixed > 0 && pattern.data[fixed - 1] != '/')
            fixed--;
    }
    kdb_slice resolved;
    KDB_TRY(object_resolve(ctx, kdb_slice_of(pattern.data, fixed), &resolved));
    kdb_slice joined = kdb_arena_printf(&ctx->arena, "%.*s/%.*s", KDB_ARG(resolved),
                                        KDB_ARG(kdb_slice_skip(pattern, fixed)));
    return normalise(ctx, joined, ret_pattern);
}

kdb_status kdb_segment_folder(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                              const struct kdb_table *table, const struct kdb_storage *storage,
                              kdb_slice user, kdb_slice *ret_folder)
{
    kdb_slice pattern;
    KDB_TRY(write_pattern(service, ctx, table, storage, &pattern));
    KDB_TRY(check_user_mark(ctx, table, pattern));
    kdb_slice component = kdb_segment_user_component(&ctx->arena, user);
    if (component.len == 0 && has_user(pattern)) // "..${user_id}" would lead up
        return kdb_fail(ctx, KDB_ERR_INTERNAL, "a USER table's files belong to a user");
    struct kdb_buf path = {0};
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] == USER_MARK)
            kdb_buf_slice(&path, component);
        else
            kdb_buf_put(&path, pattern.data[i]);
    }
    kdb_slice folder;
    kdb_status status = object_resolve(ctx, kdb_buf_view(&path), &folder);
    kdb_buf_deinit(&path);
    KDB_TRY(status);
    KDB_TRY(check_roots(service, ctx, folder));
    if (folder.len > FOLDER_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                        "the path of the table's files is too long");
    *ret_folder = folder;
    return KDB_OK;
}

// ---- one table's folders against another's ----

// Whether a user can make both components the same. Sound for what they may look like: around its
// marks a component is fixed, and a user's own component is never empty.
static bool may_be_equal(kdb_slice a, kdb_slice b)
{
    const char *mark_a = memchr(a.data, USER_MARK, a.len);
    const char *mark_b = memchr(b.data, USER_MARK, b.len);
    if (kdb_slice_equal(b, KDB_LIT(ANY_MARK)))
        return true;
    if (!mark_a && !mark_b)
        return kdb_slice_equal(a, b);
    // Compare what is fixed before the first mark and behind the last.
    size_t front_a = mark_a ? (size_t)(mark_a - a.data) : a.len;
    size_t front_b = mark_b ? (size_t)(mark_b - b.data) : b.len;
    size_t front = front_a < front_b ? front_a : front_b;
    if (memcmp(a.data, b.data, front) != 0)
        return false;
    size_t back = 0;
    while (back < a.len && back < b.len && a.data[a.len - 1 - back] != USER_MARK &&
           b.data[b.len - 1 - back] != USER_MARK) {
        if (a.data[a.len - 1 - back] != b.data[b.len - 1 - back])
            return false;
        back++;
    }
    return true;
}

// How two tables' folders lie to each other: NULL when they cannot meet. The same depth meets when
// some users' components make them equal; another depth when one is written as the beginning of the
// other.
static const char *relation_of(kdb_slice pattern, kdb_slice other)
{
    bool may_equal = true;
    bool is_same_text = true;
    for (;;) {
        kdb_slice mine = next_component(&pattern);
        kdb_slice theirs = next_component(&other);
        if (!mine.data && !theirs.data)
            return may_equal ? "equal to" : NULL;
        if (!mine.data || !theirs.data) {
            if (!is_same_text)
                return NULL;
            return mine.data ? "below" : "above";
        }
        is_same_text = is_same_text && (kdb_slice_equal(mine, theirs) ||
                                        kdb_slice_equal(theirs, KDB_LIT(ANY_MARK)));
        may_equal = may_equal && may_be_equal(mine, theirs);
        if (!may_equal)
            return NULL;
    }
}

// The folders of tables that say nothing about their place: of any user, namespace and table.
static kdb_slice default_folders(const struct kdb_segment_service *service, struct kdb_arena *arena,
                                 bool is_shared)
{
    const char *below =
        is_shared ? "shared/" ANY_MARK "/" ANY_MARK : "users/\x01/tables/" ANY_MARK "/" ANY_MARK;
    return kdb_arena_printf(arena, "%.*s/%s", KDB_ARG(service->data_path), below);
}

// A table that says where it is, by LOCATION or a storage, must keep away from the default folders
// and those of the server itself.
static kdb_status check_reserved(const struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                 kdb_slice pattern)
{
    static const char *const names[] = {"rocksdb", "schemas", "tmp", "logs"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        kdb_slice folder =
            kdb_arena_printf(&ctx->arena, "%.*s/%s", KDB_ARG(service->data_path), names[i]);
        if (is_below(pattern, folder))
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "the path lies in a folder of the server's own (%s)", names[i]);
    }
    for (int is_shared = 0; is_shared < 2; is_shared++) {
        const char *relation =
            relation_of(pattern, default_folders(service, &ctx->arena, is_shared == 1));
        if (relation)
            return kdb_fail(ctx, KDB_ERR_INVALID_OPERATION,
                            "the path is %s the default folders of other tables", relation);
    }
    return KDB_OK;
}

// The check of one table against all others.
struct location_check {
    struct kdb_segment_service *service;
    struct kdb_ctx *ctx;
    const struct kdb_catalog_snapshot *catalog;
    const struct kdb_table *table;
    kdb_slice pattern;
    kdb_status status;
};

// The resolved pattern of a table; null when it lies in the default folders, which are nobody
// else's.
static kdb_status own_pattern(struct location_check *check, const struct kdb_table *table,
                              kdb_slice *ret_pattern)
{
    const struct kdb_storage *storage =
        is_set(table->storage_id) ? kdb_catalog_storage(check->catalog, table->storage_id) : NULL;
    bool has_template = storage && is_set(table->kind == KDB_TABLE_SHARED ? storage->shared_template
                                                                          : storage->user_template);
    *ret_pattern = (kdb_slice){0};
    if (!is_set(table->location) && !has_template)
        return KDB_OK;
    kdb_slice written;
    KDB_TRY(write_pattern(check->service, check->ctx, table, storage, &written));
    struct kdb_table plain = {.kind = table->kind, .space = table->space, .name = table->name};
    kdb_slice usual;
    KDB_TRY(write_pattern(check->service, check->ctx, &plain, NULL, &usual));
    if (kdb_slice_equal(written, usual) && !is_set(table->location))
        return KDB_OK;
    return resolve_pattern(check->ctx, written, ret_pattern);
}

static bool compare_with(void *arg, void *item)
{
    struct location_check *check = arg;
    const struct kdb_table *other = item;
    bool is_same = other->id == check->table->id || other->kind == KDB_TABLE_SYSTEM ||
                   other->kind == KDB_TABLE_STREAM;
    if (is_same || (!is_set(other->location) && !is_set(other->storage_id)))
        return true;
    kdb_slice pattern;
    if (own_pattern(check, other, &pattern) != KDB_OK) {
        kdb_ctx_clear_error(check->ctx); // its own trouble; nothing of it can be written
        return true;
    }
    const char *relation = pattern.data ? relation_of(check->pattern, pattern) : NULL;
    if (!relation)
        return true;
    check->status =
        kdb_fail(check->ctx, KDB_ERR_INVALID_OPERATION,
                 "the path is %s that of table %.*s.%.*s: every table needs folders of its own",
                 relation, KDB_ARG(other->space), KDB_ARG(other->name));
    return false;
}

kdb_status kdb_segment_check_location(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                                      const struct kdb_catalog_snapshot *catalog,
                                      const struct kdb_table *table)
{
    struct location_check check = {
        .service = service, .ctx = ctx, .catalog = catalog, .table = table};
    if (table->kind == KDB_TABLE_STREAM || table->kind == KDB_TABLE_SYSTEM)
        return KDB_OK;
    KDB_TRY(own_pattern(&check, table, &check.pattern));
    if (!check.pattern.data)
        return KDB_OK;
    KDB_TRY(check_user_mark(ctx, table, check.pattern));
    KDB_TRY(check_roots(service, ctx, check.pattern));
    KDB_TRY(check_reserved(service, ctx, check.pattern));
    kdb_cow_map_each(catalog->tables, compare_with, &check);
    return check.status;
}
