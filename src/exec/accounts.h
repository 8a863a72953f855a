// SPDX-License-Identifier: Apache-2.0
// Accounts outside SQL: the first-run setup.
#ifndef KDB_EXEC_ACCOUNTS_H
#define KDB_EXEC_ACCOUNTS_H

#include "exec/exec.h"

typedef enum {
    KDB_SETUP_DONE,
    KDB_SETUP_ALREADY,       // root has a password
    KDB_SETUP_WEAK_PASSWORD, // message prefixed "DBA user password: " or "Root password: "
    KDB_SETUP_INVALID_USER,
    KDB_SETUP_USER_EXISTS,
    KDB_SETUP_FAILED // storage or hashing; the detail is in ctx
} kdb_setup_outcome;

struct kdb_account_setup {
    kdb_slice user;
    kdb_slice password;
    kdb_slice root_password;
    kdb_slice email; // may be null
};

// Sets root's password and creates the first dba, both or neither; the message for the caller is in
// ctx->error when it is not DONE. Workers only: hashes two passwords and waits for the commit.
kdb_setup_outcome kdb_accounts_setup(const struct kdb_exec_services *services, struct kdb_ctx *ctx,
                                     const struct kdb_account_setup *setup);

// Whether `id` may be a user id: 1 to 128 bytes of UTF-8 without "..", '/', '\' and NUL.
bool kdb_account_id_is_valid(kdb_slice id);

#endif
