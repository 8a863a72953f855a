// SPDX-License-Identifier: Apache-2.0
// The committer thread: take what has arrived, check it, number it, write it in one batch, answer.
#include "txn/commit.h"

#include <time.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "txn/group_priv.h"
#include "txn/layout.h"
#include "txn/turn_priv.h"

// A group stops growing here so that the first in it does not wait for a crowd.
#define GROUP_REQUESTS_MAX 4096
#define GROUP_BYTES_MAX    ((size_t)8 * 1024 * 1024)

// While streams hold rows, expired ones are looked for at least this often.
#define TEND_PERIOD_MS 250

// The memory of one group beyond which its arena is given back.
#define GROUP_MEMORY ((size_t)256 * 1024 * 1024)

struct kdb_committer {
    struct kdb_committer_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct kdb_commit_request *first, *last; // queue
    bool is_sleeping;
    bool is_closing;
    atomic_size_t queue_length;
    _Atomic int64_t last_seq; // newest committed
    struct kdb_snowflake sequence;
    struct kdb_ctx ctx; // the committer thread's
    struct kdb_group group;
    _Atomic uint64_t groups, requests, conflicts, rows;
};

static kdb_slice sequence_mark(void)
{
    return KDB_LIT("Xseq");
}

// Fixed texts: an answer crosses threads, and it must not show paths.
static const char *failure_text(kdb_status status)
{
    switch ((int)status) {
    case KDB_ERR_DISK_FULL:
        return "the disk is full, nothing was written";
    case KDB_ERR_UNAVAILABLE:
        return "the store does not accept writes at the moment, nothing was written";
    case KDB_ERR_TABLE_NOT_FOUND:
        return "the table was dropped";
    case KDB_ERR_IO:
        return "the store could not write to the disk; whether the change is kept shows after the "
               "server was started again";
    default:
        return "the store could not write, nothing was written";
    }
}

static void answer_failure(struct kdb_commit_request *request, kdb_status status)
{
    request->outcome = KDB_COMMIT_FAILED;
    request->status = status;
    request->message = failure_text(status);
}

static kdb_status store_group(struct kdb_committer *committer, int64_t mark, bool is_async)
{
    struct kdb_group *group = &committer->group;
    struct kdb_store *store = committer->options.store;
    if (mark != 0)
        kdb_store_batch_put(group->batch, KDB_SPACE_META, sequence_mark(),
                            kdb_slice_of(&mark, sizeof(mark)));
    kdb_commit_mode mode = is_async ? KDB_COMMIT_ASYNC : committer->options.mode;
    kdb_status status = kdb_store_commit(store, &committer->ctx, group->batch, mode);
    if (status != KDB_ERR_UNAVAILABLE)
        return status;
    kdb_ctx_clear_error(&committer->ctx);
    if (kdb_store_resume(store, &committer->ctx) == KDB_OK)
        status = kdb_store_commit(store, &committer->ctx, group->batch, mode);
    return status;
}

// Writes the group's batch; every request in it gets the outcome.
static void write_group(struct kdb_committer *committer, bool is_async)
{
    struct kdb_group *group = &committer->group;
    bool is_durable = kdb_group_is_durable(group);
    if (is_durable || group->event_count > 0) {
        kdb_group_finish(group);
        int64_t mark = group->last_seq;
        // With nothing but events there is nothing for the disk, not even how far _seq has come:
        // the clock is past it at the next start.
        kdb_status status = is_durable ? store_group(committer, mark, is_async) : KDB_OK;
        if (status == KDB_OK) {
            kdb_group_publish(group, &committer->options);
            // After the rows of streams can be seen: whoever reads it and then opens a view has all
            // up to it.
            if (mark != 0)
                atomic_store(&committer->last_seq, mark);
            kdb_group_tell(group, &committer->options);
            atomic_fetch_add(&committer->rows, group->row_count + group->event_count);
        } else {
            kdb_group_abandon(group);
            for (size_t i = 0; i < group->accepted_count; i++)
                answer_failure(group->accepted[i], status);
        }
    }
    atomic_fetch_add(&committer->groups, 1);
}

// Applies a request that carries its own batch.
static void write_batch(struct kdb_committer *committer, struct kdb_commit_request *request)
{
    kdb_commit_mode mode = request->is_async ? KDB_COMMIT_ASYNC : KDB_COMMIT_SYNC;
    kdb_status status =
        kdb_store_commit(committer->options.store, &committer->ctx, request->batch, mode);
    if (status == KDB_OK)
        request->outcome = KDB_COMMIT_DONE;
    else
        answer_failure(request, status);
    if (status == KDB_OK && request->on_applied)
        request->on_applied(request);
}

static void finish_group(struct kdb_committer *committer, struct kdb_commit_request *answered)
{
    // Before the answers: with them the senders' references to the partitions go.
    kdb_group_clear(&committer->group);
    kdb_ctx_reset(&committer->ctx);
    while (answered) {
        struct kdb_commit_request *next = answered->next;
        bool is_conflict = answered->outcome == KDB_COMMIT_CONFLICT;
        atomic_fetch_add(&committer->conflicts, is_conflict);
        atomic_fetch_add(&committer->requests, 1);
        atomic_fetch_sub(&committer->queue_length, 1);
        if (!is_conflict || turn_take(answered))
            answered->done(answered); // may free it
        answered = next;
    }
}

static size_t group_bytes(const struct kdb_group *group)
{
    return kdb_store_batch_bytes(group->batch) +
           (group->events ? kdb_store_batch_bytes(group->events) : 0);
}

// Takes requests off the front of `list` that can share one batch, writes them and answers. Returns
// the rest.
static struct kdb_commit_request *run_group(struct kdb_committer *committer,
                                            struct kdb_commit_request *list)
{
    struct kdb_commit_request *first = list;
    struct kdb_commit_request *last = NULL;
    struct kdb_group *group = &committer->group;
    size_t count = 0;
    bool is_alone = list->batch != NULL || list->is_removal;
    while (list && count < GROUP_REQUESTS_MAX) {
        if (count > 0 &&
            (is_alone || list->batch || list->is_removal || group_bytes(group) > GROUP_BYTES_MAX))
            break;
        if (!list->batch) {
            kdb_status status = kdb_group_add(group, &committer->ctx, list, &committer->sequence);
            if (status != KDB_OK) {
                answer_failure(list, status);
                kdb_ctx_clear_error(&committer->ctx);
            }
        }
        last = list;
        list = list->next;
        count++;
    }
    last->next = NULL;
    if (first->batch)
        write_batch(committer, first);
    else
        write_group(committer, first->is_removal);
    if (first->is_removal && first->outcome == KDB_COMMIT_DONE && first->on_applied)
        first->on_applied(first);
    finish_group(committer, first);
    return list;
}

// Streams lose what has expired, and what is over their budget, between groups.
static void tend_streams(struct kdb_committer *committer)
{
    struct kdb_streams *streams = committer->options.streams;
    if (!streams)
        return;
    int64_t now_ms = kdb_clock_now_ms(committer->options.clock);
    kdb_streams_trim(streams, now_ms);
    kdb_streams_expire(streams, now_ms);
}

// Waits for a request; with rows in streams only until some may have expired.
static void wait_for_requests(struct kdb_committer *committer, int64_t due_ms)
{
    if (due_ms == INT64_MAX) {
        (void)pthread_cond_wait(&committer->arrived, &committer->lock);
        return;
    }
    // The clock may be another than the system's: it is looked at again after a while.
    int64_t left_ms = due_ms - kdb_clock_now_ms(committer->options.clock);
    left_ms = left_ms < 1 ? 1 : left_ms > TEND_PERIOD_MS ? TEND_PERIOD_MS : left_ms;
    int64_t until_ms = kdb_clock_now_ms(kdb_clock_system()) + left_ms;
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    (void)pthread_cond_timedwait(&committer->arrived, &committer->lock, &until);
}

// What has arrived, after a wait maybe nothing; false when there will be nothing more.
static bool take_all(struct kdb_committer *committer, struct kdb_commit_request **ret_list)
{
    struct kdb_streams *streams = committer->options.streams;
    int64_t due_ms = streams ? kdb_streams_due_ms(streams) : INT64_MAX;
    (void)pthread_mutex_lock(&committer->lock);
    if (!committer->first && !committer->is_closing) {
        committer->is_sleeping = true;
        wait_for_requests(committer, due_ms);
    }
    committer->is_sleeping = false;
    *ret_list = committer->first;
    committer->first = NULL;
    committer->last = NULL;
    bool goes_on = *ret_list || !committer->is_closing;
    (void)pthread_mutex_unlock(&committer->lock);
    return goes_on;
}

static void *committer_main(void *arg)
{
    struct kdb_committer *committer = arg;
    (void)pthread_setname_np(pthread_self(), "committer");
    struct kdb_commit_request *list;
    while (take_all(committer, &list)) {
        while (list) {
            list = run_group(committer, list);
            tend_streams(committer);
        }
        tend_streams(committer);
    }
    return NULL;
}

static kdb_status read_last_seq(struct kdb_committer *committer, struct kdb_ctx *ctx)
{
    kdb_slice stored;
    const struct kdb_read_at at = {.space = KDB_SPACE_META};
    KDB_TRY(kdb_store_get(committer->options.store, ctx, &at, sequence_mark(), &stored, NULL));
    int64_t last = 0;
    if (stored.data) {
        if (stored.len != sizeof(last))
            return kdb_fail(ctx, KDB_ERR_CORRUPT, "the stored sequence mark is damaged");
        memcpy(&last, stored.data, sizeof(last));
    }
    kdb_snowflake_init(&committer->sequence, committer->options.clock,
                       committer->options.worker_id);
    kdb_snowflake_resume_after(&committer->sequence, last);
    atomic_init(&committer->last_seq, last);
    return KDB_OK;
}

kdb_status kdb_committer_open(const struct kdb_committer_options *options, struct kdb_ctx *ctx,
                              struct kdb_committer **ret_committer)
{
    struct kdb_committer *committer = kdb_alloc(sizeof(*committer));
    committer->options = *options;
    kdb_status status = read_last_seq(committer, ctx);
    if (status != KDB_OK) {
        kdb_free(committer);
        return status;
    }
    (void)pthread_mutex_init(&committer->lock, NULL);
    (void)pthread_cond_init(&committer->arrived, NULL);
    kdb_ctx_init(&committer->ctx, GROUP_MEMORY);
    kdb_group_init(&committer->group, options->store, options->streams);
    KDB_ASSERT(pthread_create(&committer->thread, NULL, committer_main, committer) == 0);
    *ret_committer = committer;
    return KDB_OK;
}

void kdb_committer_close(struct kdb_committer *committer)
{
    if (!committer)
        return;
    (void)pthread_mutex_lock(&committer->lock);
    committer->is_closing = true;
    (void)pthread_cond_signal(&committer->arrived);
    (void)pthread_mutex_unlock(&committer->lock);
    (void)pthread_join(committer->thread, NULL);
    KDB_ASSERT(committer->first == NULL);
    // Asynchronous commits become durable before an orderly stop; a failure leaves what a crash
    // would.
    kdb_status status = kdb_store_sync(committer->options.store, &committer->ctx);
    (void)status;
    kdb_group_deinit(&committer->group);
    kdb_ctx_deinit(&committer->ctx);
    (void)pthread_mutex_destroy(&committer->lock);
    (void)pthread_cond_destroy(&committer->arrived);
    kdb_free(committer);
}

void kdb_commit_send(struct kdb_committer *committer, struct kdb_commit_request *first)
{
    struct kdb_commit_request *last = first;
    size_t count = 1;
    while (last->next) {
        last = last->next;
        count++;
    }
    atomic_fetch_add(&committer->queue_length, count);
    (void)pthread_mutex_lock(&committer->lock);
    KDB_ASSERT(!committer->is_closing);
    if (committer->last)
        committer->last->next = first;
    else
        committer->first = first;
    committer->last = last;
    bool must_wake = committer->is_sleeping;
    committer->is_sleeping = false;
    (void)pthread_mutex_unlock(&committer->lock);
    if (must_wake)
        (void)pthread_cond_signal(&committer->arrived);
}

// The stack of kdb_commit_wait: a request answered by a condition.
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_done;
};

static void wake_waiter(struct kdb_commit_request *request)
{
    struct waiter *waiter = request->owner;
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->is_done = true;
    (void)pthread_cond_signal(&waiter->answered);
    (void)pthread_mutex_unlock(&waiter->lock);
}

void kdb_commit_wait(struct kdb_committer *committer, struct kdb_commit_request *request)
{
    void *owner = request->owner;
    struct waiter waiter = {.is_done = false};
    (void)pthread_mutex_init(&waiter.lock, NULL);
    (void)pthread_cond_init(&waiter.answered, NULL);
    request->next = NULL;
    request->done = wake_waiter;
    request->owner = &waiter;
    kdb_commit_send(committer, request);
    (void)pthread_mutex_lock(&waiter.lock);
    while (!waiter.is_done)
        (void)pthread_cond_wait(&waiter.answered, &waiter.lock);
    (void)pthread_mutex_unlock(&waiter.lock);
    (void)pthread_mutex_destroy(&waiter.lock);
    (void)pthread_cond_destroy(&waiter.answered);
    request->owner = owner;
}

kdb_status kdb_commit_batch(struct kdb_committer *committer, struct kdb_ctx *ctx,
                            struct kdb_store_batch *batch)
{
    struct kdb_commit_request request = {.batch = batch};
    kdb_commit_wait(committer, &request);
    if (request.outcome == KDB_COMMIT_DONE)
        return KDB_OK;
    return kdb_fail(ctx, request.status, "%s", request.message);
}

int64_t kdb_committer_last_seq(const struct kdb_committer *committer)
{
    return atomic_load(&committer->last_seq);
}

size_t kdb_committer_queue_length(const struct kdb_committer *committer)
{
    return atomic_load(&committer->queue_length);
}

void kdb_committer_stats(const struct kdb_committer *committer,
                         struct kdb_committer_stats *ret_stats)
{
    *ret_stats = (struct kdb_committer_stats){
        atomic_load(&committer->groups), atomic_load(&committer->requests),
        atomic_load(&committer->conflicts), atomic_load(&committer->rows)};
}
