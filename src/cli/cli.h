// SPDX-License-Identifier: Apache-2.0
// kalam: the command line of KalamDB (docs/CLI.md).
#ifndef KDB_CLI_CLI_H
#define KDB_CLI_CLI_H

// Runs kalam with the arguments behind the program's name and returns its exit code: 0 all went
// well, 1 a statement failed, 2 wrong use, 3 no connection or not signed in.
int kdb_cli_run(int count, char *const *arguments);

#endif
