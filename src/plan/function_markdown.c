// SPDX-License-Identifier: Apache-2.0
// docs/SQL-FUNCTIONS.md, made from the tables.
#include "base/assert.h"
#include "plan/function_priv.h"

struct summary {
    const char *name;
    const char *text;
};

static const struct summary summaries[] = {
#define SUMMARY(name, text) {name, text},
#include "plan/function_summary.def"
#undef SUMMARY
};

static const char *summary_of(const char *name)
{
    for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++) {
        if (strcmp(summaries[i].name, name) == 0)
            return summaries[i].text;
    }
    KDB_UNREACHABLE(); // a function without a line in function_summary.def
}

static const char *const intro =
    "# Functions and operators\n"
    "\n"
    "What SQL may call, and nothing else. Names, types, results and errors are PostgreSQL's unless "
    "a\n"
    "line says otherwise. A statement runs on one of two paths (EXPLAIN says which): our own *row\n"
    "path*, or the *engine*, DuckDB; most functions exist on both and give the same there. The\n"
    "table is made from the source (`src/plan/*.def`); a test compares.\n"
    "\n"
    "Types are written as PostgreSQL names them. *any integer* is smallint, integer or bigint: "
    "the\n"
    "result is the widest of them. *document* is json, file or text that holds JSON; text that is "
    "no\n"
    "JSON gives NULL. *step* is a member's name (text) or an element's index (integer).\n"
    "\n"
    "Unless the text says otherwise, a NULL argument gives NULL, and arithmetic that leaves its "
    "type\n"
    "is an error. CASE, COALESCE, GREATEST, LEAST, NULLIF, CAST, IN, BETWEEN, AND, OR, NOT, IS "
    "NULL\n"
    "and IS DISTINCT FROM belong to the language and are not listed.\n"
    "\n"
    "## Where results differ from PostgreSQL\n"
    "\n"
    "- DECIMAL has at most 38 digits; beyond them is an error. Quotients, averages, powers, roots "
    "and\n"
    "  logarithms of DECIMAL are DOUBLE; extract() is DOUBLE. SUM of integers is BIGINT. So that\n"
    "  round(avg(x), 2) works, round() and trunc() to n digits take DOUBLE too.\n"
    "- now() and current_timestamp are TIMESTAMP, not timestamp with time zone; the zone is UTC.\n"
    "- The engine reads regular expressions by RE2's rules, computes standard deviations and\n"
    "  variances in another order (the last digit may differ), prints JSON values without blanks "
    "and\n"
    "  numbers in them normalised, takes the first of two members with the same name, and accepts "
    "a\n"
    "  comma behind a document's last member. It multiplies intervals by whole numbers only, and\n"
    "  rounds a DECIMAL to a number of digits that is a constant.\n"
    "- upper(), lower() and ILIKE use Unicode's simple mappings: one character stays one "
    "character.\n";

static const char *const chapters[] = {[KDB_FAMILY_COMPARISON] = "Comparison",
                                       [KDB_FAMILY_MATH] = "Numbers",
                                       [KDB_FAMILY_TEXT] = "Text",
                                       [KDB_FAMILY_PATTERN] = "Patterns",
                                       [KDB_FAMILY_BYTES] = "Bytes",
                                       [KDB_FAMILY_TIME] = "Dates and times",
                                       [KDB_FAMILY_JSON] = "JSON",
                                       [KDB_FAMILY_ID] = "Identifiers",
                                       [KDB_FAMILY_SESSION] = "Session",
                                       [KDB_FAMILY_AGGREGATE] = "Aggregates",
                                       [KDB_FAMILY_WINDOW] = "Window functions",
                                       [KDB_FAMILY_INTERNAL] = NULL};

static const char *kind_text(unsigned kind)
{
    switch (kind) {
    case KDB_ANY:
    case KDB_ANY_AS_TEXT:
    case KDB_ANY_PRINTED:
        return "any";
    case KDB_ANY_INTEGER:
        return "any integer";
    case KDB_ANY_REAL:
        return "real or double precision";
    case KDB_ANY_DOCUMENT:
        return "document";
    case KDB_ANY_STEP:
        return "step";
    case KDB_TIMESTAMP:
        return "timestamp";
    case KDB_DATETIME:
        return "timestamp with time zone";
    case KDB_TIME:
        return "time";
    default:
        return kdb_kind_name((kdb_kind)kind);
    }
}

static const char *path_text(const struct kdb_function *function)
{
    if (function->kind != KDB_FUNCTION_SCALAR || (function->eval && function->engine))
        return "";
    return function->eval ? " *(row path)*" : " *(engine)*";
}

static void put_signature(struct kdb_buf *out, const struct kdb_function *function)
{
    kdb_buf_put(out, '(');
    size_t count = function->arg_count + (function->is_variadic ? 1U : 0U);
    for (size_t i = 0; i < count; i++)
        kdb_buf_printf(out, "%s%s%s", i > 0 ? ", " : "", kind_text(function->arg_kinds[i]),
                       i == function->arg_count ? "…" : "");
    kdb_buf_printf(out, ") → %s%s", kind_text(function->result_kind), path_text(function));
}

// A name in a table's cell, where | would end it.
static void put_name(struct kdb_buf *out, const char *name)
{
    KDB_BUF_LIT(out, "`");
    for (; *name; name++) {
        if (*name == '|')
            kdb_buf_put(out, '\\');
        kdb_buf_put(out, *name);
    }
    KDB_BUF_LIT(out, "`");
}

// All rows of one name in a chapter, from `first` on.
static void put_rows(struct kdb_buf *out, size_t first)
{
    const struct kdb_function *named = kdb_function_at(first);
    KDB_BUF_LIT(out, "| ");
    put_name(out, named->name);
    KDB_BUF_LIT(out, " | ");
    bool is_first = true;
    bool is_like_equals = named->family == KDB_FAMILY_COMPARISON && strcmp(named->name, "=") != 0;
    if (is_like_equals)
        KDB_BUF_LIT(out, "as for `=`");
    const struct kdb_function *function;
    for (size_t i = first; !is_like_equals && (function = kdb_function_at(i)) != NULL; i++) {
        if (strcmp(function->name, named->name) != 0)
            break;
        if (function->family != named->family)
            continue;
        if (!is_first)
            KDB_BUF_LIT(out, "<br>");
        is_first = false;
        put_signature(out, function);
    }
    kdb_buf_printf(out, " | %s |\n", summary_of(named->name));
}

static void put_chapter(struct kdb_buf *out, kdb_function_family family)
{
    kdb_buf_printf(out,
                   "\n## %s\n\n| Name | Arguments and result | What it gives |\n|---|---|---|\n",
                   chapters[family]);
    const char *done = "";
    const struct kdb_function *function;
    for (size_t i = 0; (function = kdb_function_at(i)) != NULL; i++) {
        if (function->family != family || strcmp(function->name, done) == 0)
            continue;
        done = function->name;
        put_rows(out, i);
    }
}

void kdb_function_markdown(struct kdb_buf *out)
{
    kdb_buf_slice(out, kdb_slice_cstr(intro));
    for (unsigned family = 0; family < KDB_FAMILY_INTERNAL; family++)
        put_chapter(out, (kdb_function_family)family);
}
