// SPDX-License-Identifier: Apache-2.0
// Waiting lines: who joined first is taken first.
//
// A line goes through those who wait: each embeds a link. Zeroed memory is an empty line, and a
// link in no line. Loop thread only.
#ifndef KDB_NET_LINE_PRIV_H
#define KDB_NET_LINE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct net_line;

struct net_line_link {
    struct net_line *line; // NULL: waits in none
    struct net_line_link *next;
    struct net_line_link *previous;
};

struct net_line {
    struct net_line_link *first; // NULL: nobody waits
    struct net_line_link *last;
    size_t count;
};

// The object of `type` whose member `member` is the link `at`.
#define NET_LINE_OF(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

// Joins at the end, unless the link waits already, in this line or another.
void net_line_join(struct net_line *line, struct net_line_link *link);

// Leaves the line it waits in, if any.
void net_line_leave(struct net_line_link *link);

// The first one leaves. NULL: nobody waits.
struct net_line_link *net_line_take(struct net_line *line);

#endif
