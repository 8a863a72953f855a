// SPDX-License-Identifier: Apache-2.0
// An HTTP and WebSocket server on loopback that answers from a script: what clients are tested
// against.
//
// One thread, one connection at a time. Each request is read whole and kept; the n-th gets the n-th
// answer. Behind the last answer, and in scripted_server_stop, the listener is closed.
#ifndef KDB_TESTS_LIB_SCRIPTED_SERVER_H
#define KDB_TESTS_LIB_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct scripted_server;

// What happens to one request.
struct scripted_answer {
    const char *bytes; // the whole answer, NULL: none
    size_t piece;      // sent in pieces of so many bytes; 0: at once
    bool closes;       // the connection is closed behind it
    bool upgrades;   // the request asks for a WebSocket and gets it; `bytes` are lines then, below
    bool waits;      // for the client to close the connection, before anything else is done
    bool has_ticket; // TLS 1.3: behind it comes a session ticket
    bool is_cut;     // TLS: the connection is closed without TLS's own end
};

// A line of a WebSocket's script: a digit, the frame's opcode ('1' a text, '8' a close, '9' a
// ping), and its payload of up to 125 bytes; or a '+', which waits for a frame of the client.
// Behind the last line everything is taken until the client closes the connection. What came is
// appended to the request in the same form.

// Starts a server with a copy of the script.
struct scripted_server *scripted_server_start(const struct scripted_answer *answers, size_t count);

// The same over TLS, with a PEM certificate and its key. A client that does not finish the
// handshake counts as a connection only. The versions are OpenSSL's, 0: any.
struct scripted_tls {
    const char *certificate; // path
    const char *key;         // path
    int version_max;
};
struct scripted_server *scripted_server_start_tls(const struct scripted_answer *answers,
                                                  size_t count, const struct scripted_tls *tls);

// "http://127.0.0.1:<port>", or https; lives as long as the server.
const char *scripted_server_url(const struct scripted_server *server);

// Waits until the server has ended; afterwards requests may be looked at. Ends it first when it
// waits for a request that will not come.
void scripted_server_stop(struct scripted_server *server);

// Request `index` as it came, head and body, NUL-terminated; NULL when there were not so many. Only
// after scripted_server_stop.
const char *scripted_server_request(const struct scripted_server *server, size_t index);

// How many connections there were. Only after scripted_server_stop.
size_t scripted_server_connections(const struct scripted_server *server);

// Frees it; stops it when that was not done.
void scripted_server_destroy(struct scripted_server *server);

// "HTTP/1.1 <status> X", JSON and Content-Length around a body. Freed with kdb_free.
char *scripted_reply(int status, const char *body);

#endif
