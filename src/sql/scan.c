// SPDX-License-Identifier: Apache-2.0
// The pass over the text that every request pays: split, lift literals, build the cache key.
//
// The key is the token sequence in one run of bytes. Words, numbers and literals stand with a blank
// between two of them, operators likewise, brackets and commas alone; a lifted literal is the byte
// 01 and its form. Adjacent operator characters stay adjacent and separate ones separate, so the
// key never says less than the text.
#include "sql/parse.h"

#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "sql/chars_priv.h"
#include "sql/lex_priv.h"

// Key bytes that a token may add beyond its own: separator, marker, form, two lengths of at most
// seven digits.
#define KEY_SLACK 32

// An exponent longer than this stays in the key as text.
#define EXPONENT_SIZE_MAX 6

// Texts from here on are refused before anything looks at them; the protocol's own limit is far
// below.
#define TEXT_SIZE_MAX ((size_t)1 << 30)

// What the previous token was, as far as separators and the next token care.
enum before { BEFORE_START, BEFORE_WORD, BEFORE_STRING, BEFORE_OPERATOR, BEFORE_OTHER };

struct scanner {
    struct kdb_ctx *ctx;
    const char *begin; // of the whole text
    const char *end;
    const char *at;
    char *key;         // where the key of the current statement goes on
    char *key_begin;   // where it began
    char *key_end;     // end of the buffer
    const char *first; // first byte of the current statement, NULL before its first token
    const char *last;  // behind its last token
    enum before before;
    bool is_cacheable;
    size_t depth; // open parentheses
    kdb_slice first_word;
    struct kdb_lifted *literals;
    size_t literal_count;
    size_t literal_capacity;
    struct kdb_scanned *statements;
    size_t count;
    size_t capacity;
};

static kdb_status fail_at(struct scanner *scanner, const char *at, kdb_status status,
                          const char *what)
{
    size_t before = (size_t)(at - scanner->begin);
    int position = (int)kdb_utf8_count(kdb_slice_of(scanner->begin, before)) + 1;
    (void)kdb_fail(scanner->ctx, status, "%s", what);
    kdb_error_at(scanner->ctx, position);
    return status;
}

static void start_key(struct scanner *scanner, size_t kept)
{
    size_t left = (size_t)(scanner->end - scanner->at);
    size_t capacity = 2 * kept + left + left / 2 + (size_t)4 * KEY_SLACK;
    char *grown = kdb_arena_alloc(&scanner->ctx->arena, capacity);
    if (kept > 0)
        memcpy(grown, scanner->key_begin, kept);
    scanner->key_begin = grown;
    scanner->key = grown + kept;
    scanner->key_end = grown + capacity;
}

// Keeps this: the rest of the text fits the key as it is, and one token's slack with it.
static inline void make_key_room(struct scanner *scanner)
{
    ptrdiff_t needed = scanner->end - scanner->at + KEY_SLACK;
    if (KDB_UNLIKELY(scanner->key_end - scanner->key < needed))
        start_key(scanner, (size_t)(scanner->key - scanner->key_begin));
}

static inline void put(struct scanner *scanner, const char *bytes, size_t count)
{
    memcpy(scanner->key, bytes, count);
    scanner->key += count;
}

// Decimal digits of a count.
static void put_count(struct scanner *scanner, size_t count)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    put(scanner, digits + at, sizeof(digits) - at);
}

// Ends a token whose key bytes are written.
static inline void end_token(struct scanner *scanner, const char *behind, enum before kind)
{
    scanner->at = behind;
    scanner->last = behind;
    scanner->before = kind;
}

static inline void separate_word(struct scanner *scanner)
{
    if (scanner->before == BEFORE_WORD || scanner->before == BEFORE_STRING)
        *scanner->key++ = ' ';
}

static void lift(struct scanner *scanner, const char *behind, char form)
{
    struct kdb_lifted lifted = {
        .start = (uint32_t)(scanner->at - scanner->first),
        .len = (uint32_t)(behind - scanner->at),
        .form = form,
    };
    KDB_PUSH(&scanner->ctx->arena, scanner->literals, scanner->literal_count,
             scanner->literal_capacity, lifted);
    *scanner->key++ = '\x01';
    *scanner->key++ = form;
}

// '…'
static kdb_status scan_string(struct scanner *scanner)
{
    const char *behind = sql_skip_quoted(scanner->at, scanner->end);
    if (!behind)
        return fail_at(scanner, scanner->at, KDB_ERR_BATCH_PARSE, "unterminated quoted string");
    // PostgreSQL joins two strings that stand on different lines.
    if (scanner->before == BEFORE_STRING)
        scanner->is_cacheable = false;
    separate_word(scanner);
    lift(scanner, behind, 's');
    end_token(scanner, behind, BEFORE_STRING);
    return KDB_OK;
}

// The rest of E'…', B'…', X'…' or N'…' behind its letter: such literals are not lifted.
static kdb_status scan_odd_string(struct scanner *scanner, char prefix)
{
    scanner->is_cacheable = false;
    const char *behind = prefix == 'e' ? sql_skip_escaped(scanner->at, scanner->end)
                                       : sql_skip_quoted(scanner->at, scanner->end);
    if (!behind)
        return fail_at(scanner, scanner->at, KDB_ERR_BATCH_PARSE, "unterminated quoted string");
    end_token(scanner, behind, BEFORE_STRING);
    return KDB_OK;
}

static bool is_string_prefix(char c)
{
    return c == 'e' || c == 'b' || c == 'x' || c == 'n';
}

static kdb_status scan_word(struct scanner *scanner)
{
    separate_word(scanner);
    const char *end = scanner->end;
    const char *at = scanner->at;
    char *key = scanner->key;
    const char *word = key;
    uint8_t folded = 0;
    while (at < end && (folded = sql_fold[(unsigned char)*at]) != 0) {
        *key++ = (char)folded;
        at++;
    }
    scanner->key = key;
    if (scanner->before == BEFORE_START)
        scanner->first_word = kdb_slice_of(word, (size_t)(key - word));
    bool opens_string = at < end && *at == '\'' && key - word == 1 && is_string_prefix(*word);
    end_token(scanner, at, BEFORE_WORD);
    return KDB_UNLIKELY(opens_string) ? scan_odd_string(scanner, *word) : KDB_OK;
}

// "…" or `…`, which keeps its quotes in the key.
static kdb_status scan_quoted(struct scanner *scanner)
{
    const char *behind = sql_skip_quoted(scanner->at, scanner->end);
    if (!behind)
        return fail_at(scanner, scanner->at, KDB_ERR_BATCH_PARSE, "unterminated quoted identifier");
    // PostgreSQL has no `: it would cut the rest of the text into other tokens than we do.
    if (*scanner->at == '`')
        scanner->is_cacheable = false;
    separate_word(scanner);
    put(scanner, scanner->at, (size_t)(behind - scanner->at));
    end_token(scanner, behind, BEFORE_WORD);
    return KDB_OK;
}

// $n or $tag$…$tag$
static kdb_status scan_dollar(struct scanner *scanner)
{
    const char *at = scanner->at;
    separate_word(scanner);
    if (scanner->end - at >= 2 && sql_is_digit(at[1])) {
        const char *behind = at + 1;
        while (behind < scanner->end && sql_is_digit(*behind))
            behind++;
        put(scanner, at, (size_t)(behind - at));
        // $1abc is an error in PostgreSQL, like 12abc.
        if (behind < scanner->end && sql_is_word_byte(*behind))
            scanner->is_cacheable = false;
        end_token(scanner, behind, BEFORE_WORD);
        return KDB_OK;
    }
    scanner->is_cacheable = false;
    const char *behind = sql_skip_dollar(at, scanner->end);
    if (!behind)
        return fail_at(scanner, at, KDB_ERR_BATCH_PARSE, "unterminated dollar-quoted string");
    bool is_string = behind != at;
    end_token(scanner, is_string ? behind : at + 1, is_string ? BEFORE_STRING : BEFORE_OTHER);
    return KDB_OK;
}

// The form of digits without point, exponent or leading zero; 0 for the two numbers whose type
// depends on a minus before them: they keep their text in the key.
static char integer_form(const char *digits, size_t count)
{
    if (count < 10)
        return 'i';
    if (count == 10) {
        int order = memcmp(digits, "2147483648", 10);
        return order < 0 ? 'i' : order == 0 ? '\0' : 'I';
    }
    if (count < 19)
        return 'I';
    if (count > 19)
        return 'n';
    int order = memcmp(digits, "9223372036854775808", 19);
    return order < 0 ? 'I' : order == 0 ? '\0' : 'n';
}

static char number_form(const char *at, const struct sql_number *number)
{
    // 007 and 1e1000000 are legal, rare, and not worth a rule of their own.
    if ((number->whole_digits > 1 && *at == '0') || number->exponent_size > EXPONENT_SIZE_MAX)
        return '\0';
    if (number->has_point || number->exponent_size > 0)
        return 'n';
    return integer_form(at, number->whole_digits);
}

static void scan_number(struct scanner *scanner)
{
    const char *at = scanner->at;
    struct sql_number number = sql_read_number(at, scanner->end);
    separate_word(scanner);
    char form = number_form(at, &number);
    if (form == '\0')
        put(scanner, at, (size_t)(number.end - at));
    else
        lift(scanner, number.end, form);
    if (form == 'n') {
        size_t whole = *at == '0' ? 0 : number.whole_digits;
        put_count(scanner, whole + number.scale);
        *scanner->key++ = '.';
        put_count(scanner, number.scale);
        put(scanner, number.end - number.exponent_size, number.exponent_size);
    }
    // 12abc is an error in PostgreSQL, not two tokens.
    if (number.end < scanner->end && sql_is_word_byte(*number.end))
        scanner->is_cacheable = false;
    end_token(scanner, number.end, BEFORE_WORD);
}

static bool is_sign(sql_lead lead)
{
    return lead == SQL_LEAD_OPERATOR || lead == SQL_LEAD_MINUS || lead == SQL_LEAD_SLASH;
}

// U&'…' and U&"…" have no blanks between their parts: the key would not tell them from u & '…'.
static bool is_unicode_escape(const struct scanner *scanner)
{
    const char *at = scanner->at;
    if (*at != '&' || scanner->before != BEFORE_WORD || scanner->last != at)
        return false;
    bool is_word_u =
        sql_lower(at[-1]) == 'u' && (at - scanner->first == 1 || !sql_is_word_byte(at[-2]));
    return is_word_u && scanner->end - at >= 2 && (at[1] == '\'' || at[1] == '"');
}

static void scan_operator(struct scanner *scanner)
{
    if (scanner->before == BEFORE_OPERATOR)
        *scanner->key++ = ' ';
    if (is_unicode_escape(scanner))
        scanner->is_cacheable = false;
    const char *at = scanner->at;
    while (at < scanner->end && is_sign(sql_lead_at(at)) && !sql_is_comment(at, scanner->end))
        *scanner->key++ = *at++;
    end_token(scanner, at, BEFORE_OPERATOR);
}

// One byte that stands for itself.
static void scan_char(struct scanner *scanner)
{
    *scanner->key++ = *scanner->at;
    end_token(scanner, scanner->at + 1, BEFORE_OTHER);
}

static void end_statement(struct scanner *scanner)
{
    if (scanner->first) {
        struct kdb_scanned scanned = {
            .text = kdb_slice_of(scanner->first, (size_t)(scanner->last - scanner->first)),
            .position = (int)(scanner->first - scanner->begin) + 1,
            .key = kdb_slice_of(scanner->key_begin, (size_t)(scanner->key - scanner->key_begin)),
            .literals = scanner->literals,
            .literal_count = scanner->literal_count,
            .is_cacheable = scanner->is_cacheable,
            .first_word = scanner->first_word,
        };
        KDB_PUSH(&scanner->ctx->arena, scanner->statements, scanner->count, scanner->capacity,
                 scanned);
    }
    scanner->first = NULL;
    scanner->before = BEFORE_START;
    scanner->is_cacheable = true;
    scanner->depth = 0;
    scanner->first_word = (kdb_slice){0};
    scanner->literals = NULL;
    scanner->literal_count = 0;
    scanner->literal_capacity = 0;
    scanner->key_begin = scanner->key;
}

// A semicolon inside the parentheses of EXECUTE AS USER belongs to them; what it means there is the
// parser's to say.
static void scan_semicolon(struct scanner *scanner)
{
    if (scanner->depth > 0 && kdb_slice_equal(scanner->first_word, KDB_LIT("execute"))) {
        make_key_room(scanner);
        scan_char(scanner);
        return;
    }
    scanner->at++;
    end_statement(scanner);
}

static kdb_status skip_comment(struct scanner *scanner)
{
    if (*scanner->at == '-') {
        scanner->at = sql_skip_line_comment(scanner->at, scanner->end);
        return KDB_OK;
    }
    const char *behind = sql_skip_block_comment(scanner->at, scanner->end);
    if (!behind)
        return fail_at(scanner, scanner->at, KDB_ERR_BATCH_PARSE, "unterminated comment");
    scanner->at = behind;
    return KDB_OK;
}

// One token, at a byte that is neither blank nor the start of a comment.
static kdb_status scan_token(struct scanner *scanner, sql_lead lead)
{
    switch (lead) {
    case SQL_LEAD_WORD:
        return scan_word(scanner);
    case SQL_LEAD_QUOTE:
        return scan_string(scanner);
    case SQL_LEAD_DOUBLE_QUOTE:
    case SQL_LEAD_BACK_QUOTE:
        return scan_quoted(scanner);
    case SQL_LEAD_DOLLAR:
        return scan_dollar(scanner);
    case SQL_LEAD_DIGIT:
        scan_number(scanner);
        return KDB_OK;
    case SQL_LEAD_DOT:
        if (scanner->end - scanner->at >= 2 && sql_is_digit(scanner->at[1]))
            scan_number(scanner);
        else
            scan_char(scanner);
        return KDB_OK;
    case SQL_LEAD_MINUS:
    case SQL_LEAD_SLASH:
    case SQL_LEAD_OPERATOR:
        scan_operator(scanner);
        return KDB_OK;
    case SQL_LEAD_OPEN:
        scanner->depth++;
        scan_char(scanner);
        return KDB_OK;
    case SQL_LEAD_CLOSE:
        scanner->depth -= scanner->depth > 0;
        scan_char(scanner);
        return KDB_OK;
    case SQL_LEAD_ODD:
        scanner->is_cacheable = false;
        scan_char(scanner);
        return KDB_OK;
    case SQL_LEAD_PUNCTUATION:
    case SQL_LEAD_SPACE:
    case SQL_LEAD_SEMICOLON:
        break;
    }
    scan_char(scanner);
    return KDB_OK;
}

// The id in EXECUTE AS USER is read as it stands. The key tells ids apart that are one word or
// number in lower case; others it does not, and a plan must not be made for one user and serve
// another.
static void check_user_id(struct scanner *scanner)
{
    static const kdb_slice head = KDB_LIT_INIT("execute as user");
    kdb_slice key = kdb_slice_of(scanner->key_begin, (size_t)(scanner->key - scanner->key_begin));
    if (KDB_LIKELY(key.len != head.len) || !kdb_slice_equal(key, head))
        return;
    for (const char *at = scanner->at; at < scanner->end && !sql_ends_id(*at); at++) {
        if (sql_fold[(unsigned char)*at] != (unsigned char)*at)
            scanner->is_cacheable = false;
    }
}

static kdb_status scan_all(struct scanner *scanner)
{
    while (scanner->at < scanner->end) {
        sql_lead lead = sql_lead_at(scanner->at);
        if (lead == SQL_LEAD_SPACE) {
            scanner->at++;
        } else if ((lead == SQL_LEAD_MINUS || lead == SQL_LEAD_SLASH) &&
                   sql_is_comment(scanner->at, scanner->end)) {
            KDB_TRY(skip_comment(scanner));
        } else if (lead == SQL_LEAD_SEMICOLON) {
            scan_semicolon(scanner);
        } else {
            if (!scanner->first)
                scanner->first = scanner->at;
            make_key_room(scanner);
            check_user_id(scanner);
            KDB_TRY(scan_token(scanner, lead));
        }
    }
    return KDB_OK;
}

// Bytes that no later step wants to meet.
static kdb_status check_text(struct scanner *scanner, kdb_slice sql)
{
    if (sql.len > TEXT_SIZE_MAX)
        return kdb_fail(scanner->ctx, KDB_ERR_INVALID_SQL, "the SQL text is too long");
    size_t valid = kdb_utf8_valid_prefix(sql);
    if (valid < sql.len)
        return fail_at(scanner, sql.data + valid, KDB_ERR_INVALID_SQL,
                       "the SQL text is not valid UTF-8");
    const char *zero = sql.len > 0 ? memchr(sql.data, '\0', sql.len) : NULL;
    if (zero)
        return fail_at(scanner, zero, KDB_ERR_INVALID_SQL, "the SQL text has a NUL byte");
    return KDB_OK;
}

kdb_status kdb_sql_scan(kdb_slice sql, struct kdb_ctx *ctx, struct kdb_scan *ret_scan)
{
    struct scanner scanner = {
        .ctx = ctx,
        .begin = sql.data,
        .at = sql.data,
        .end = sql.len > 0 ? sql.data + sql.len : sql.data,
        .is_cacheable = true,
    };
    KDB_TRY(check_text(&scanner, sql));
    start_key(&scanner, 0);
    KDB_TRY(scan_all(&scanner));
    end_statement(&scanner);
    if (scanner.count == 0)
        return kdb_fail(ctx, KDB_ERR_EMPTY_SQL, "No SQL statements provided");
    *ret_scan = (struct kdb_scan){scanner.statements, scanner.count};
    return KDB_OK;
}

kdb_slice kdb_lifted_text(const struct kdb_scanned *scanned, struct kdb_arena *arena, int index)
{
    KDB_ASSERT(index >= 0 && (size_t)index < scanned->literal_count);
    struct kdb_lifted lifted = scanned->literals[index];
    kdb_slice source = kdb_slice_of(scanned->text.data + lifted.start, lifted.len);
    if (lifted.form != 's')
        return source;
    return sql_unquote(kdb_slice_of(source.data + 1, source.len - 2), '\'', arena);
}
