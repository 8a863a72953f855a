// SPDX-License-Identifier: Apache-2.0
// The lines behind the last chunk of a body: read as strictly as headers, and thrown away.
//
// llhttp also takes lines that end in LF alone or go on in the next one; a proxy before us may see
// the end of the request elsewhere then.
#include <string.h>

#include "net/http1_priv.h"

static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_value_byte(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7F);
}

bool net_http1_read_trailer_byte(struct kdb_http1_trailer *trailer, char c)
{
    bool is_good = true;
    switch (trailer->part) {
    case NET_TRAILER_NAME:
        if (c == '\r' && trailer->is_empty_line)
            trailer->part = NET_TRAILER_LINE_FEED;
        else if (c == ':' && !trailer->is_empty_line)
            trailer->part = NET_TRAILER_VALUE;
        else
            is_good = is_name_byte(c);
        trailer->is_empty_line = trailer->is_empty_line && c == '\r';
        return is_good;
    case NET_TRAILER_VALUE:
        if (c == '\r')
            trailer->part = NET_TRAILER_LINE_FEED;
        return c == '\r' || is_value_byte(c);
    case NET_TRAILER_LINE_FEED:
        trailer->part = trailer->is_empty_line ? NET_TRAILER_END : NET_TRAILER_NAME;
        trailer->is_empty_line = true;
        return c == '\n';
    case NET_TRAILER_NONE:
    case NET_TRAILER_END:
        break;
    }
    return false;
}
