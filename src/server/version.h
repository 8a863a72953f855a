// SPDX-License-Identifier: Apache-2.0
// What this build is called; the build sets both from git and the clock of the commit.
#ifndef KDB_SERVER_VERSION_H
#define KDB_SERVER_VERSION_H

#ifndef KDB_VERSION
#define KDB_VERSION "0.1.0"
#endif

#ifndef KDB_BUILD_DATE
#define KDB_BUILD_DATE "unknown"
#endif

#endif
