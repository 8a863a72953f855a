// SPDX-License-Identifier: Apache-2.0
// Fixed bounds of the protocol and of the start: what is limited but nobody should have to set,
// each with its reason.
#ifndef KDB_CONF_LIMITS_H
#define KDB_CONF_LIMITS_H

// server.toml: far above any real file; keeps a wrong path (a log, a device) from being read whole.
#define KDB_LIMIT_CONFIG_BYTES ((size_t)128 * 1024)
// Dots in one line of server.toml: each may open a nested table, which the TOML reader frees by
// recursion.
#define KDB_LIMIT_CONFIG_LINE_DOTS ((size_t)500)
// Warnings about one server.toml; a file of another program would otherwise fill the log.
#define KDB_LIMIT_CONFIG_WARNINGS ((size_t)50)
// One item of a list setting: the longest path or origin anyone writes.
#define KDB_LIMIT_LIST_ITEM_BYTES ((size_t)3072)

// A user id at sign-in, as the contract has it.
#define KDB_LIMIT_LOGIN_USER_BYTES ((size_t)128)
// A password at sign-in, as the contract has it; also the ceiling of auth.max_password_length.
#define KDB_LIMIT_LOGIN_PASSWORD_BYTES ((size_t)256)
// Wrong passwords in a row that lock an account, and for how long: contract, sign-in.
#define KDB_LIMIT_LOGIN_FAILURES 5
#define KDB_LIMIT_LOGIN_LOCK_MS  (INT64_C(15) * 60 * 1000)
// Clocks of client and server may differ by this much when a token's expiry is checked: contract,
// tokens.
#define KDB_LIMIT_TOKEN_LEEWAY_SECONDS INT64_C(60)
// A refresh token lives this many times as long as an access token: contract, sign-in.
#define KDB_LIMIT_REFRESH_LIFETIMES 7
// Violations of a limit per address that lead to a ban: contract, connection guard.
#define KDB_LIMIT_BAN_VIOLATIONS 10
// Nesting of a JSON body: the API's own messages need three levels.
#define KDB_LIMIT_JSON_DEPTH 64
// Statements of one request: bounds the work done before the first statement runs.
#define KDB_LIMIT_BATCH_STATEMENTS 10000

// Rows of an initial batch of a subscription that did not ask for a size, and bytes of any; the
// same for what it catches up with at a time.
#define KDB_LIMIT_INITIAL_BATCH_ROWS  1000
#define KDB_LIMIT_INITIAL_BATCH_BYTES ((size_t)4 * 1024 * 1024)

// Rows that are sorted by _seq at a time when a subscription reads cold rows: a partition with more
// of them is scanned several times.
#define KDB_LIMIT_CHANGES_WINDOW_BYTES ((size_t)8 * 1024 * 1024)

#endif
