// SPDX-License-Identifier: Apache-2.0
// A fresh folder for one test, removed with everything in it.
#ifndef KDB_TESTS_LIB_TEMP_FOLDER_H
#define KDB_TESTS_LIB_TEMP_FOLDER_H

// Makes an empty folder under $TMPDIR (/tmp); its path, to be given to kdb_test_folder_destroy.
char *kdb_test_folder_create(void);

// Removes the folder and its content, and frees the path. Accepts NULL.
void kdb_test_folder_destroy(char *folder);

#endif
