// SPDX-License-Identifier: Apache-2.0
// One parsed statement of any kind: queries and data changes carry an AST, commands their own small
// struct.
//
// Which kinds exist, who may run them and what they answer is docs/SQL.md; this header is only the
// shape. Unquoted names are folded to lower case, quoted ones are as written, and what may be a
// name is the catalog's to say. User, storage and job ids are never folded. Namespace is null when
// the statement did not name one. Durations and numbers of clauses are text, checked by the
// handler.
#ifndef KDB_SQL_STATEMENT_H
#define KDB_SQL_STATEMENT_H

#include "sql/ast.h"

typedef enum {
    KDB_STATEMENT_SELECT,
    KDB_STATEMENT_INSERT,
    KDB_STATEMENT_UPDATE,
    KDB_STATEMENT_DELETE,
    KDB_STATEMENT_EXPLAIN,    // EXPLAIN statement
    KDB_STATEMENT_EXECUTE_AS, // EXECUTE AS USER 'u' (statement)
    KDB_STATEMENT_CREATE_NAMESPACE,
    KDB_STATEMENT_ALTER_NAMESPACE,
    KDB_STATEMENT_DROP_NAMESPACE,
    KDB_STATEMENT_SHOW_NAMESPACES,
    KDB_STATEMENT_USE,
    KDB_STATEMENT_CREATE_TABLE,
    KDB_STATEMENT_DROP_TABLE,
    KDB_STATEMENT_SHOW_TABLES,
    KDB_STATEMENT_DESCRIBE_TABLE,
    KDB_STATEMENT_SHOW_STATS,
    KDB_STATEMENT_SHOW_STORAGES,
    KDB_STATEMENT_SHOW_MANIFEST,
    KDB_STATEMENT_SHOW_JOBS,
    KDB_STATEMENT_CREATE_STORAGE,
    KDB_STATEMENT_ALTER_STORAGE,
    KDB_STATEMENT_DROP_STORAGE,
    KDB_STATEMENT_STORAGE_FLUSH,
    KDB_STATEMENT_STORAGE_COMPACT,
    KDB_STATEMENT_STORAGE_CHECK,
    KDB_STATEMENT_CREATE_USER,
    KDB_STATEMENT_ALTER_USER,
    KDB_STATEMENT_DROP_USER,
    KDB_STATEMENT_KILL_JOB,
    KDB_STATEMENT_KILL_LIVE_QUERY,
    KDB_STATEMENT_SUBSCRIBE, // SUBSCRIBE TO
    KDB_STATEMENT_BEGIN,
    KDB_STATEMENT_COMMIT,
    KDB_STATEMENT_ROLLBACK,
    KDB_STATEMENT_RESERVED, // known to the contract, not served yet: `what` names it, refused as
                            // INVALID_SQL
    KDB_STATEMENT_KIND_COUNT
} kdb_statement_kind;

// key = value in WITH (…) and SET OPTIONS (…).
struct kdb_ast_option {
    kdb_slice key;   // WITH: upper case; SET OPTIONS: as written
    kdb_slice value; // quotes removed, words folded; "true" for a key alone
    char form;       // 's'tring, 'i'nteger, 'f'loat, 'b'oolean, 'w'ord, 'd'uration without quotes
    int position;
};

struct kdb_ast_column {
    kdb_slice name;
    struct kdb_ast_type type;
    int position;
    bool is_not_null;
    bool is_primary_key;
    bool is_serial; // SERIAL spelling, AUTO_INCREMENT, IDENTITY: default SNOWFLAKE_ID()
    struct kdb_ast *default_expr; // any expression; NULL: none
    kdb_slice comment;            // may be null
};

// CREATE TABLE in any of its three forms; clauses that were not written are null/zero.
struct kdb_ast_create_table {
    struct kdb_ast_name table;
    char kind; // 0 not said, 'u'ser, 's'hared, 'e' stream (prefix word)
    bool if_not_exists;
    struct kdb_ast_column *columns;
    size_t column_count;
    kdb_slice table_key;          // PRIMARY KEY (col) as an item; null: none
    int table_key_count;          // columns named there in total (more than one is refused later)
    int key_clause_count;         // how many PRIMARY KEY clauses in all
    kdb_slice location;           // LOCATION 'path'
    kdb_slice location_reference; // LOCATION REFERENCE 'name' or STORAGE id
    kdb_slice flush_rows;         // digits, from FLUSH POLICY / FLUSH clauses
    kdb_slice flush_interval;     // duration text
    bool has_flush;
    kdb_slice access_level;
    kdb_slice ttl;
    kdb_slice retention; // stream RETENTION
    kdb_slice max_buffer;
    bool is_ephemeral;
    char use_user_storage;          // 0 not said, 't', 'f'
    struct kdb_ast_option *options; // WITH (…)
    size_t option_count;
};

struct kdb_statement {
    kdb_statement_kind kind;
    kdb_slice text; // the statement as written, without the separator
    int position;   // 1-based byte in the request's SQL where it begins
    // Lifted literals that are no node of the tree (a type's length, a clause's number), in
    // ascending order: a plan from this tree serves only statements with the same values there.
    // For an inner statement, those of the whole.
    int *fixed_literals;
    size_t fixed_count;
    int param_max; // highest $n, 0: none
    union {
        struct kdb_ast_select *select;
        struct kdb_ast_insert *insert;
        struct kdb_ast_update *update;
        struct kdb_ast_delete *delete_;
        struct kdb_statement *inner; // EXPLAIN
        struct {
            kdb_slice user;
            struct kdb_statement *inner;
        } execute_as;
        struct { // CREATE/ALTER/DROP NAMESPACE, USE
            kdb_slice name;
            bool if_exists; // IF EXISTS or IF NOT EXISTS
            bool is_cascade;
            struct kdb_ast_option *options;
            size_t option_count;
        } space;
        struct kdb_ast_create_table *create_table;
        struct { // DROP TABLE, DESCRIBE TABLE, SHOW STATS
            struct kdb_ast_name name;
            bool if_exists;
            bool has_history;   // DESCRIBE … HISTORY
            bool is_admin_form; // DESCRIBE t without the word TABLE
        } table;
        struct {                       // SHOW TABLES [IN ns], STORAGE FLUSH/COMPACT
            kdb_slice space;           // IN ns, may be null
            bool is_all;               // STORAGE … ALL
            struct kdb_ast_name table; // STORAGE … TABLE
        } scope;
        struct { // CREATE/ALTER/DROP/CHECK STORAGE
            kdb_slice id;
            kdb_slice type;
            kdb_slice name, description, path, bucket, region, credentials, config;
            kdb_slice shared_template, user_template;
            bool if_exists;
            bool is_extended;
        } storage;
        struct { // CREATE/ALTER/DROP USER
            kdb_slice name;
            char auth;                              // 'p'assword, 'o'auth, 'i'nternal, 0 not said
            kdb_slice password, oauth, role, email; // null when not said
            bool if_exists;
        } user;
        kdb_slice job;     // KILL JOB, KILL LIVE QUERY
        struct {           // SUBSCRIBE TO
            kdb_slice sql; // the SELECT it stands for
            struct kdb_ast_option *options;
            size_t option_count;
        } subscribe;
        const char *what; // RESERVED: the statement's name, e.g. "ALTER TABLE"
    };
};

#endif
