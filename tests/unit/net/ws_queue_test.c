// SPDX-License-Identifier: Apache-2.0
// The queue of a WebSocket: bytes come out as they went in however they are taken, and blocks and
// references are given back.
#include "net/ws_queue_priv.h"

#include "base/buf.h"
#include "base/random.h"
#include "lib/test.h"

enum { scratch_bytes = 8192, pieces_max = 4 };

struct model {
    struct net_ws_pool pool;
    struct net_ws_queue queue;
    struct kdb_buf expected; // everything that was pushed
    size_t at;               // how much of it was taken
    char scratch[scratch_bytes];
};

static void close_model(struct model *model)
{
    net_ws_queue_deinit(&model->queue, &model->pool);
    net_ws_pool_deinit(&model->pool);
    kdb_buf_deinit(&model->expected);
}

static void push(struct model *model, kdb_slice head, kdb_slice own, kdb_slice body)
{
    struct kdb_shared_bytes *shared = body.data ? kdb_shared_bytes_create(body) : NULL;
    net_ws_queue_push(&model->queue, &model->pool, head, own, shared);
    kdb_shared_bytes_unref(shared); // the queue has its own reference
    kdb_buf_slice(&model->expected, head);
    kdb_buf_slice(&model->expected, own);
    kdb_buf_slice(&model->expected, body);
}

// Checks pieces against what must come next; returns their length.
static size_t expect_pieces(const struct model *model, const kdb_slice *pieces, size_t count)
{
    size_t at = model->at;
    for (size_t i = 0; i < count; i++) {
        assert_true(pieces[i].len > 0);
        assert_true(at + pieces[i].len <= model->expected.len);
        assert_memory_equal(pieces[i].data, model->expected.data + at, pieces[i].len);
        at += pieces[i].len;
    }
    return at - model->at;
}

static void take(struct model *model, size_t len)
{
    net_ws_queue_sent(&model->queue, &model->pool, len);
    model->at += len;
    assert_int_equal(model->queue.bytes, model->expected.len - model->at);
}

static size_t gather(struct model *model, kdb_slice *pieces)
{
    size_t count = net_ws_queue_gather(&model->queue, model->scratch, sizeof(model->scratch),
                                       pieces, pieces_max);
    assert_true(count <= pieces_max);
    return count;
}

static void test_short_records_are_gathered(void **state)
{
    (void)state;
    struct model model = {0};
    kdb_slice pieces[pieces_max];
    for (int i = 0; i < 20; i++)
        push(&model, KDB_LIT("head "), KDB_LIT("own "), KDB_LIT("body "));
    assert_int_equal(gather(&model, pieces), 1);
    assert_int_equal(expect_pieces(&model, pieces, 1), model.queue.bytes);
    take(&model, model.queue.bytes);
    assert_int_equal(gather(&model, pieces), 0);
    assert_null(model.queue.first); // an empty queue holds no memory
    close_model(&model);
}

static void test_long_bodies_are_not_copied(void **state)
{
    (void)state;
    struct model model = {0};
    kdb_slice pieces[pieces_max];
    struct kdb_buf text = {0};
    for (int i = 0; i < 100000; i++)
        kdb_buf_put(&text, (char)('a' + i % 26));
    struct kdb_shared_bytes *body = kdb_shared_bytes_create(kdb_buf_view(&text));
    net_ws_queue_push(&model.queue, &model.pool, KDB_LIT("h"), KDB_LIT(""), body);
    assert_int_equal(gather(&model, pieces), 2);
    assert_ptr_equal(pieces[1].data, kdb_shared_bytes_view(body).data);
    net_ws_queue_sent(&model.queue, &model.pool, 11);
    assert_int_equal(gather(&model, pieces), 1);
    assert_ptr_equal(pieces[0].data, kdb_shared_bytes_view(body).data + 10);
    assert_int_equal(net_ws_queue_first(&model.queue, pieces), 1);
    assert_ptr_equal(pieces[0].data, kdb_shared_bytes_view(body).data + 10);
    kdb_shared_bytes_unref(body);
    kdb_buf_deinit(&text);
    close_model(&model);
}

static size_t below(uint64_t *random, size_t bound)
{
    return (size_t)(kdb_random_next(random) % bound);
}

static kdb_slice random_bytes(uint64_t *random, char *out, size_t size_max)
{
    size_t len = below(random, size_max + 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)below(random, 256);
    return kdb_slice_of(out, len);
}

static void push_random(struct model *model, uint64_t *random)
{
    static char text[20000];
    static const size_t sizes[] = {1, 60, NET_WS_OWN_BYTES_MAX - 10};
    kdb_slice own = random_bytes(random, text, sizes[below(random, 3)]);
    kdb_slice body = {0};
    if (below(random, 3) > 0)
        body = random_bytes(random, text + 2000, below(random, 10) == 0 ? 18000 : 300);
    push(model, KDB_LIT("12"), own, body);
}

static void test_in_any_portions(void **state)
{
    (void)state;
    uint64_t random = 4711;
    struct model model = {0};
    for (int i = 0; i < 5000; i++) {
        while (below(&random, 3) > 0)
            push_random(&model, &random);
        kdb_slice pieces[pieces_max];
        size_t count = gather(&model, pieces);
        size_t len = expect_pieces(&model, pieces, count);
        assert_int_equal(len == 0, model.queue.bytes == 0);
        if (below(&random, 2) > 0)
            take(&model, len);
        else
            take(&model, below(&random, len + 1));
        (void)expect_pieces(&model, pieces, net_ws_queue_first(&model.queue, pieces));
    }
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_records_are_gathered),
        cmocka_unit_test(test_long_bodies_are_not_copied),
        cmocka_unit_test(test_in_any_portions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
