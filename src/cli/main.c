// SPDX-License-Identifier: Apache-2.0
// The program kalam.
#include <locale.h>
#include <stdlib.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
    // What a character is, for editing lines; everything else stays as in C.
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    return kdb_cli_run(argc - 1, argv + 1);
}
