// SPDX-License-Identifier: Apache-2.0
// A text with places that get another number in every request.
//
//   {{uniform 0 9999}}        a random integer, both ends included
//   {{next}}                  the next integer of the run's sequence
//   {{shuffled 0 60000}}      the next integer of the sequence, spread over 60000 values from 0 on:
//                             every value once in an order without neighbours
//   {{=0}}  {{=0+49}}         the first number drawn for this request again, or that much more
//
// The first three draw a number; numbers are counted from 0 in the order they stand in the text. A
// template is compiled once and rendered per request without allocating. One thread.
#ifndef KDB_BENCH_LOAD_TEMPLATE_H
#define KDB_BENCH_LOAD_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ctx.h"

#define TEMPLATE_NUMBERS_MAX 512 // numbers drawn for one request

// What rendering draws from.
struct template_source {
    uint64_t random; // state of the generator
    int64_t next;    // the sequence
};

// The numbers drawn for one request.
struct template_numbers {
    int64_t items[TEMPLATE_NUMBERS_MAX];
    size_t count;
};

struct template_piece;

struct template
{
    struct template_piece *pieces; // arena of the ctx it was compiled with
    size_t count, capacity;
    size_t numbers; // that are there when it was rendered, `given` included
};

// Compiles `text`, which must outlive the template; `given` numbers are there already when it is
// rendered. INVALID_INPUT says at which byte what is wrong.
KDB_NODISCARD kdb_status template_compile(struct kdb_ctx *ctx, kdb_slice text, size_t given,
                                          struct template *ret_template);

// Appends the text with its numbers; those it draws are appended to `numbers`.
void template_render(const struct template *template, struct template_source *source,
                     struct template_numbers *numbers, struct kdb_buf *out);

#endif
