// SPDX-License-Identifier: Apache-2.0
// TLS for the listener: a certificate and its key, shared by all connections of a server.
//
// TLS 1.2 and later, forward-secret AEAD ciphers, session tickets under a key that lives as long as
// the process. The files are read once, at start. Immutable after opening: any thread.
#ifndef KDB_NET_TLS_H
#define KDB_NET_TLS_H

#include "base/ctx.h"

struct kdb_tls;

// Loads a PEM certificate chain and its PEM private key (without pass phrase) and checks that they
// belong together. Fails with CONFIG, naming the file and what is wrong with it.
KDB_NODISCARD kdb_status kdb_tls_open(struct kdb_ctx *ctx, const char *certificate_path,
                                      const char *key_path, struct kdb_tls **ret_tls);

// Accepts NULL. After the last connection that uses it is gone.
void kdb_tls_close(struct kdb_tls *tls);
KDB_AUTO_DEFINE(struct kdb_tls, kdb_tls_close)

#endif
