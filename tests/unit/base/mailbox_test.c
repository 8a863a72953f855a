// SPDX-License-Identifier: Apache-2.0
// The mailbox: order, wake-ups only when empty, the bound, and producers against a consumer.
#include "base/mailbox.h"

#include <pthread.h>
#include <semaphore.h>

#include "lib/test.h"

struct note {
    int number;
    int producer;
    struct kdb_message message;
};

static void count_wake(void *arg)
{
    (*(int *)arg)++;
}

static int number_of(struct kdb_message *message)
{
    return KDB_MESSAGE_OF(message, struct note, message)->number;
}

static void test_order_and_wake(void **state)
{
    (void)state;
    int wakes = 0;
    struct kdb_mailbox mailbox;
    kdb_mailbox_init(&mailbox, 10, count_wake, &wakes);
    assert_null(kdb_mailbox_take(&mailbox));
    struct note notes[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    for (int i = 0; i < 3; i++)
        assert_true(kdb_mailbox_post(&mailbox, &notes[i].message));
    assert_int_equal(wakes, 1);
    assert_int_equal(kdb_mailbox_depth(&mailbox), 3);
    struct kdb_message *at = kdb_mailbox_take(&mailbox);
    for (int i = 0; i < 3; i++, at = at->next)
        assert_int_equal(number_of(at), i);
    assert_null(at);
    assert_int_equal(kdb_mailbox_depth(&mailbox), 0);
    assert_true(kdb_mailbox_post(&mailbox, &notes[0].message));
    assert_int_equal(wakes, 2);
    assert_ptr_equal(kdb_mailbox_take(&mailbox), &notes[0].message);
}

static void test_full_mailbox_refuses(void **state)
{
    (void)state;
    int wakes = 0;
    struct kdb_mailbox mailbox;
    kdb_mailbox_init(&mailbox, 2, count_wake, &wakes);
    struct note notes[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    assert_true(kdb_mailbox_post(&mailbox, &notes[0].message));
    assert_true(kdb_mailbox_post(&mailbox, &notes[1].message));
    assert_false(kdb_mailbox_post(&mailbox, &notes[2].message));
    assert_int_equal(kdb_mailbox_depth(&mailbox), 2);
    struct kdb_message *at = kdb_mailbox_take(&mailbox);
    assert_int_equal(number_of(at), 0);
    assert_int_equal(number_of(at->next), 1);
    assert_null(at->next->next);
    assert_true(kdb_mailbox_post(&mailbox, &notes[2].message));
}

#define PRODUCERS  3
#define NOTES_EACH 20000

struct producer {
    struct kdb_mailbox *mailbox;
    struct note notes[NOTES_EACH];
};

static void wake_consumer(void *arg)
{
    assert_int_equal(sem_post(arg), 0);
}

static void *produce(void *arg)
{
    struct producer *producer = arg;
    for (int i = 0; i < NOTES_EACH; i++)
        assert_true(kdb_mailbox_post(producer->mailbox, &producer->notes[i].message));
    return NULL;
}

static void test_producers_and_a_consumer(void **state)
{
    (void)state;
    sem_t has_mail;
    assert_int_equal(sem_init(&has_mail, 0, 0), 0);
    struct kdb_mailbox mailbox;
    kdb_mailbox_init(&mailbox, PRODUCERS * NOTES_EACH, wake_consumer, &has_mail);
    static struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    for (int p = 0; p < PRODUCERS; p++) {
        producers[p].mailbox = &mailbox;
        for (int i = 0; i < NOTES_EACH; i++)
            producers[p].notes[i] = (struct note){.number = i, .producer = p};
        assert_int_equal(pthread_create(&threads[p], NULL, produce, &producers[p]), 0);
    }
    int next[PRODUCERS] = {0};
    for (int taken = 0; taken < PRODUCERS * NOTES_EACH;) {
        // A lost wake-up shows as a hang here.
        assert_int_equal(sem_wait(&has_mail), 0);
        struct kdb_message *at = kdb_mailbox_take(&mailbox);
        while (at) {
            struct note *note = KDB_MESSAGE_OF(at, struct note, message);
            at = at->next;
            assert_int_equal(note->number, next[note->producer]++);
            taken++;
        }
    }
    for (int p = 0; p < PRODUCERS; p++)
        assert_int_equal(pthread_join(threads[p], NULL), 0);
    assert_int_equal(kdb_mailbox_depth(&mailbox), 0);
    assert_int_equal(sem_destroy(&has_mail), 0);
}

// The wake-up of one mailbox is a message in another, always the same one: whoever finds the first
// mailbox empty sends it again, while the consumer was through with it only just before. That this
// is in order shows under the thread sanitizer.
struct chain {
    struct kdb_mailbox inner, outer;
    struct kdb_message wake_up;
};

static void send_wake_up(void *arg)
{
    struct chain *chain = arg;
    assert_true(kdb_mailbox_post(&chain->outer, &chain->wake_up));
}

static void test_a_wake_up_may_be_one_message(void **state)
{
    (void)state;
    sem_t has_mail;
    assert_int_equal(sem_init(&has_mail, 0, 0), 0);
    struct chain chain;
    kdb_mailbox_init(&chain.inner, NOTES_EACH, send_wake_up, &chain);
    kdb_mailbox_init(&chain.outer, 1, wake_consumer, &has_mail);
    static struct producer producer;
    producer.mailbox = &chain.inner;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, &producer), 0);
    for (int taken = 0; taken < NOTES_EACH;) {
        assert_int_equal(sem_wait(&has_mail), 0);
        const struct kdb_message *wake_up = kdb_mailbox_take(&chain.outer);
        assert_ptr_equal(wake_up, &chain.wake_up);
        assert_null(wake_up->next);
        for (const struct kdb_message *at = kdb_mailbox_take(&chain.inner); at; at = at->next)
            taken++;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sem_destroy(&has_mail), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_wake),
        cmocka_unit_test(test_full_mailbox_refuses),
        cmocka_unit_test(test_producers_and_a_consumer),
        cmocka_unit_test(test_a_wake_up_may_be_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
