// SPDX-License-Identifier: Apache-2.0
// Ctrl-C while a statement runs at the prompt: the statement is given up, kalam goes on.
#ifndef KDB_CLI_INTERRUPT_PRIV_H
#define KDB_CLI_INTERRUPT_PRIV_H

#include "base/ctx.h"

// From now on SIGINT does nothing but cancel the ctx that is watched, if any. For the prompt only:
// without it, Ctrl-C ends kalam, as scripts expect.
void cli_interrupt_catch(void);

// The ctx that SIGINT cancels; NULL: none. Does nothing before cli_interrupt_catch.
void cli_interrupt_watch(struct kdb_ctx *ctx);

#endif
