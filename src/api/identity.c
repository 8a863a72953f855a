// SPDX-License-Identifier: Apache-2.0
// Who sends a request: the Bearer token, held against the stored user.
#include "api/api_priv.h"
#include "base/json_write.h"

static void refuse(struct kdb_api_loop *loop, struct kdb_http_request *request, const char *code,
                   const char *message)
{
    struct kdb_buf body = {0};
    KDB_BUF_LIT(&body, "{\"status\":\"error\",\"results\":[],\"took\":0.0,\"error\":{\"code\":");
    kdb_json_string(&body, kdb_slice_cstr(code));
    KDB_BUF_LIT(&body, ",\"message\":");
    kdb_json_string(&body, kdb_slice_cstr(message));
    KDB_BUF_LIT(&body, "}}");
    api_respond(loop, request, 401, &body);
    kdb_buf_deinit(&body);
}

bool api_bearer(kdb_slice header, kdb_slice *ret_token)
{
    if (header.len < 7 || !kdb_slice_equal_nocase(kdb_slice_of(header.data, 7), KDB_LIT("Bearer ")))
        return false;
    *ret_token = kdb_slice_trim(kdb_slice_skip(header, 7));
    return true;
}

bool api_identify(struct kdb_api_loop *loop, struct kdb_http_request *request,
                  struct api_identity *ret)
{
    kdb_slice header = request->known[KDB_HTTP_AUTHORIZATION];
    kdb_slice token;
    if (!header.data || header.len == 0) {
        refuse(loop, request, "MISSING_AUTHORIZATION", "Authentication required");
        return false;
    }
    if (!api_bearer(header, &token)) {
        refuse(loop, request, "INVALID_CREDENTIALS", "Authorization header must use Bearer token");
        return false;
    }
    struct kdb_token_claims claims;
    kdb_token_verdict verdict = kdb_token_check(loop->tokens, token, KDB_TOKEN_ACCESS, &claims);
    if (verdict != KDB_TOKEN_VALID) {
        refuse(loop, request,
               verdict == KDB_TOKEN_EXPIRED ? "TOKEN_EXPIRED" : "INVALID_CREDENTIALS",
               "Invalid credentials");
        return false;
    }
    const struct kdb_user *user = kdb_catalog_user(api_snapshot(loop), claims.user);
    if (!user || user->deleted_at_us != 0 || user->role != claims.role) {
        refuse(loop, request, "INVALID_CREDENTIALS", "Invalid credentials");
        return false;
    }
    // The claims belong to the checker, the user to the snapshot: the request keeps a copy.
    ret->user = kdb_arena_copy(&request->ctx.arena, claims.user);
    ret->role = claims.role;
    return true;
}
