// SPDX-License-Identifier: Apache-2.0
// Who a request comes from when a proxy stands between.
#ifndef KDB_NET_FORWARDED_PRIV_H
#define KDB_NET_FORWARDED_PRIV_H

#include "net/address.h"
#include "net/http.h"

// Fills `client` and `is_localhost` from `peer` and the forwarding headers.
//
// The headers count only when the peer is loopback or in `trusted`: then the client is the first
// entry of X-Forwarded-For, else X-Real-IP. An entry that claims to be localhost, or that is no
// address, is ignored and the peer stands. But a client behind a local proxy can write such an
// entry itself, so the request is localhost only if nothing that was forwarded names anyone else.
void net_forwarded_resolve(struct kdb_http_request *request,
                           const struct kdb_address_range *trusted, size_t trusted_count);

#endif
