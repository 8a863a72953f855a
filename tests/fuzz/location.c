// SPDX-License-Identifier: Apache-2.0
// Fuzz target of LOCATION and of users as folders: whatever they are, a folder lies under a root,
// and two users never share one.
// links: segments
//
// Input: length of the template, template, user.
#include "base/assert.h"
#include "segments/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The folder does not exist, so that no path of the machine has to do with the outcome.
#define ROOT "/kdb-fuzz-nowhere"

static bool is_under_root(kdb_slice folder)
{
    size_t len = sizeof(ROOT) - 1;
    return kdb_slice_has_prefix(folder, KDB_LIT(ROOT)) &&
           (folder.len == len || folder.data[len] == '/') &&
           kdb_slice_find(folder, KDB_LIT("/../"), 0) == SIZE_MAX &&
           !memchr(folder.data, '\0', folder.len);
}

// The user, and one more byte behind it.
static void check_users(struct kdb_segment_service *service, struct kdb_ctx *ctx,
                        const struct kdb_table *table, kdb_slice user)
{
    char *longer = kdb_arena_alloc(&ctx->arena, user.len + 1);
    if (user.len > 0)
        memcpy(longer, user.data, user.len);
    longer[user.len] = 'a';
    const kdb_slice users[2] = {user, kdb_slice_of(longer, user.len + 1)};
    kdb_slice folders[2];
    for (int i = 0; i < 2; i++) {
        kdb_slice component = kdb_segment_user_component(&ctx->arena, users[i]);
        KDB_ASSERT(component.len <= 200 && component.len >= (users[i].len > 0));
        KDB_ASSERT(component.len == 0 || !memchr(component.data, '/', component.len));
        KDB_ASSERT(component.len == 0 || component.data[0] != '.');
        if (kdb_segment_folder(service, ctx, table, NULL, users[i], &folders[i]) != KDB_OK)
            return;
        KDB_ASSERT(is_under_root(folders[i]));
    }
    KDB_ASSERT(!kdb_slice_equal(folders[0], folders[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const roots[] = {ROOT};
    if (size < 2)
        return 0;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    const struct kdb_segment_options options = {
        .data_path = ROOT, .allowed_roots = roots, .allowed_root_count = 1};
    struct kdb_segment_service *service = kdb_segment_service_create(&options);
    size_t len = data[0] % size;
    kdb_slice template = kdb_arena_copy(&ctx.arena, kdb_slice_of(data + 1, len));
    const struct kdb_table table = {.kind = KDB_TABLE_USER,
                                    .space = KDB_LIT("app"),
                                    .name = KDB_LIT("notes"),
                                    .location = template};
    check_users(service, &ctx, &table, kdb_slice_of(data + 1 + len, size - 1 - len));
    kdb_segment_service_destroy(service);
    kdb_ctx_deinit(&ctx);
    return 0;
}
