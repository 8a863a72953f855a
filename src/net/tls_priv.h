// SPDX-License-Identifier: Apache-2.0
// TLS of one connection: encrypted bytes in and out of memory, no sockets.
#ifndef KDB_NET_TLS_PRIV_H
#define KDB_NET_TLS_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/tls.h"

struct net_tls_session;

enum net_tls_result {
    NET_TLS_DATA, // plain bytes came out; call again
    NET_TLS_MORE, // the input is used up
    NET_TLS_END,  // the peer ended its side in order
    NET_TLS_FAIL, // not TLS, or broken: send the output (an alert, or HTTP's 400) and close
};

// The server's side of a new connection.
struct net_tls_session *net_tls_session_open(struct kdb_tls *tls);

// Accepts NULL.
void net_tls_session_close(struct net_tls_session *session);

// Lends what was read from the socket until net_tls_read gives anything but DATA: by then all of it
// is used.
void net_tls_input(struct net_tls_session *session, const char *data, size_t len);

// Decrypts into `plain`, shaking hands first. May add to the output.
enum net_tls_result net_tls_read(struct net_tls_session *session, char *plain, size_t size,
                                 size_t *ret_len);

// Whether the handshake is done.
bool net_tls_is_ready(const struct net_tls_session *session);

// Encrypts; the output grows by a little more than `plain`. Only after the handshake. False when
// the session is broken.
KDB_NODISCARD bool net_tls_write(struct net_tls_session *session, kdb_slice plain);

// Tells the peer that nothing more comes.
void net_tls_end(struct net_tls_session *session);

// Encrypted bytes to send; the caller takes them out.
struct kdb_buf *net_tls_output(struct net_tls_session *session);

#endif
