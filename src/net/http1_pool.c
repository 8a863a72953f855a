// SPDX-License-Identifier: Apache-2.0
// The loop's pools: request slots and output nodes, reused so that a request costs no allocation.
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "net/http1_priv.h"

enum {
    free_slots_max = 64,
    free_nodes_max = 64,
    kept_head_bytes = 4 * 1024,
    kept_body_bytes = 64 * 1024,
    kept_node_bytes = 16 * 1024,
};

static void free_slot(struct kdb_http1_slot *slot)
{
    slot->env->slot_count--;
    kdb_ctx_deinit(&slot->request.ctx);
    kdb_buf_deinit(&slot->head);
    kdb_buf_deinit(&slot->body);
    kdb_free(slot);
}

struct kdb_http1_slot *net_slot_take(struct kdb_http1_env *env)
{
    struct kdb_http1_slot *slot = env->free_slots;
    if (slot) {
        env->free_slots = slot->next;
        env->free_slot_count--;
        return slot;
    }
    slot = kdb_alloc(sizeof(*slot));
    slot->env = env;
    slot->request.fields = slot->fields;
    slot->request.loop = env->loop;
    slot->request.is_tls = env->is_tls;
    kdb_ctx_init(&slot->request.ctx, env->limits->request_memory_bytes);
    env->slot_count++;
    return slot;
}

static void clear_buf(struct kdb_buf *buf, size_t kept_bytes)
{
    if (buf->capacity > kept_bytes)
        kdb_buf_deinit(buf);
    kdb_buf_clear(buf);
}

// Only what a request reads without having written it first is cleared here.
static void clear_slot(struct kdb_http1_slot *slot)
{
    struct kdb_http_request *request = &slot->request;
    kdb_ctx_reset(&request->ctx);
    clear_buf(&slot->head, kept_head_bytes);
    clear_buf(&slot->body, kept_body_bytes);
    memset(request->known, 0, sizeof(request->known));
    request->field_count = 0;
    request->path = request->raw_path = request->query = request->body = (kdb_slice){0};
    request->is_upgrade = false;
    request->user = NULL;
    slot->http = NULL;
    slot->line_start = slot->searched = slot->ignored_bytes = 0;
    slot->trailer = (struct kdb_http1_trailer){0};
    slot->url = (kdb_slice){0};
    slot->refusal = NULL;
    slot->has_head = slot->is_complete = slot->is_counted = slot->is_http10 = false;
    slot->keeps_alive = slot->expects_continue = slot->is_chunked = false;
}

void net_slot_give(struct kdb_http1_slot *slot)
{
    struct kdb_http1_env *env = slot->env;
    if (slot->charged_bytes > 0)
        atomic_fetch_sub_explicit(&env->totals->body_bytes, slot->charged_bytes,
                                  memory_order_relaxed);
    slot->charged_bytes = 0;
    if (slot->is_counted)
        atomic_fetch_sub_explicit(&env->totals->requests_now, 1, memory_order_relaxed);
    if (env->free_slot_count >= free_slots_max) {
        free_slot(slot);
        return;
    }
    clear_slot(slot);
    slot->next = env->free_slots;
    env->free_slots = slot;
    env->free_slot_count++;
}

struct kdb_http1_node *net_node_take(struct kdb_http1_env *env)
{
    struct kdb_http1_node *node = env->free_nodes;
    if (!node)
        return kdb_alloc(sizeof(*node));
    env->free_nodes = node->next;
    env->free_node_count--;
    node->next = NULL;
    return node;
}

void net_node_give(struct kdb_http1_env *env, struct kdb_http1_node *node)
{
    if (node->budget)
        kdb_budget_give(node->budget, node->budget_bytes);
    node->budget = NULL;
    if (node->buf.capacity > kept_node_bytes || env->free_node_count >= free_nodes_max) {
        kdb_buf_deinit(&node->buf);
        kdb_free(node);
        return;
    }
    kdb_buf_clear(&node->buf);
    node->sent = 0;
    node->is_sealed = false;
    node->next = env->free_nodes;
    env->free_nodes = node;
    env->free_node_count++;
}

void kdb_http1_env_end_turn(struct kdb_http1_env *env)
{
    while (env->left_slots) {
        struct kdb_http1_slot *slot = env->left_slots;
        env->left_slots = slot->next;
        net_slot_give(slot);
    }
    if (env->requests > 0) {
        atomic_fetch_add_explicit(&env->totals->requests, env->requests, memory_order_relaxed);
        env->requests = 0;
    }
}

bool kdb_http1_env_is_idle(const struct kdb_http1_env *env)
{
    return env->slot_count == env->free_slot_count;
}

void kdb_http1_env_deinit(struct kdb_http1_env *env)
{
    if (env->limits)
        kdb_http1_env_end_turn(env);
    KDB_ASSERT(kdb_http1_env_is_idle(env));
    while (env->free_slots) {
        struct kdb_http1_slot *slot = env->free_slots;
        env->free_slots = slot->next;
        free_slot(slot);
    }
    while (env->free_nodes) {
        struct kdb_http1_node *node = env->free_nodes;
        env->free_nodes = node->next;
        kdb_buf_deinit(&node->buf);
        kdb_free(node);
    }
    env->free_slot_count = env->free_node_count = 0;
    net_ws_pool_deinit(&env->ws_pool);
}
