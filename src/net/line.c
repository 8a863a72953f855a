// SPDX-License-Identifier: Apache-2.0
// A doubly linked list, so that leaving costs the same from anywhere.
#include "net/line_priv.h"

void net_line_join(struct net_line *line, struct net_line_link *link)
{
    if (link->line)
        return;
    *link = (struct net_line_link){.line = line, .previous = line->last};
    *(line->last ? &line->last->next : &line->first) = link;
    line->last = link;
    line->count++;
}

void net_line_leave(struct net_line_link *link)
{
    struct net_line *line = link->line;
    if (!line)
        return;
    *(link->previous ? &link->previous->next : &line->first) = link->next;
    *(link->next ? &link->next->previous : &line->last) = link->previous;
    line->count--;
    *link = (struct net_line_link){0};
}

struct net_line_link *net_line_take(struct net_line *line)
{
    struct net_line_link *first = line->first;
    if (first)
        net_line_leave(first);
    return first;
}
