// SPDX-License-Identifier: Apache-2.0
// Cells by their type, and characters by the space they take.
#include "cli/cell_priv.h"

#include "base/utf8.h"
#include "types/datetime.h"

// ---- by type ----

// Days that the calendar's arithmetic is right for (civil.h).
#define DAYS_MAX (INT64_C(290000) * 365)

enum cli_cell_kind cli_cell_kind_of(kdb_slice type)
{
    static const struct {
        kdb_slice type;
        enum cli_cell_kind kind;
    } kinds[] = {
        {KDB_LIT_INIT("SmallInt"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("Int"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("BigInt"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("Float"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("Double"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("Decimal"), CLI_CELL_NUMBER},
        {KDB_LIT_INIT("Timestamp"), CLI_CELL_TIMESTAMP},
        {KDB_LIT_INIT("DateTime"), CLI_CELL_DATETIME},
        {KDB_LIT_INIT("Date"), CLI_CELL_DATE},
        {KDB_LIT_INIT("Time"), CLI_CELL_TIME},
        {KDB_LIT_INIT("Bytes"), CLI_CELL_BYTES},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kdb_slice_equal(kinds[i].type, type))
            return kinds[i].kind;
    }
    return CLI_CELL_TEXT;
}

static void write_as_sent(const struct kdb_json *cell, struct kdb_buf *out)
{
    kdb_buf_slice(out, cell->type == KDB_JSON_STRING ? cell->text : cell->raw);
}

static bool write_bytes(const struct kdb_json *cell, struct kdb_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    if (cell->type != KDB_JSON_ARRAY)
        return false;
    for (const struct kdb_json *at = cell->first; at; at = at->next) {
        if (at->type != KDB_JSON_INT || at->integer < 0 || at->integer > 255)
            return false;
    }
    KDB_BUF_LIT(out, "\\x");
    for (const struct kdb_json *at = cell->first; at; at = at->next) {
        kdb_buf_put(out, digits[at->integer >> 4]);
        kdb_buf_put(out, digits[at->integer & 15]);
    }
    return true;
}

static bool write_integer(int64_t value, enum cli_cell_kind kind, struct kdb_buf *out)
{
    if (kind == CLI_CELL_TIMESTAMP || kind == CLI_CELL_DATETIME)
        kdb_timestamp_print(value, kind == CLI_CELL_DATETIME, out);
    else if (kind == CLI_CELL_DATE && value >= -DAYS_MAX && value <= DAYS_MAX)
        kdb_date_print(value, out);
    else if (kind == CLI_CELL_TIME && value >= 0 && value <= KDB_US_PER_DAY)
        kdb_time_print(value, out);
    else
        return false;
    return true;
}

void cli_cell_write(const struct kdb_json *cell, enum cli_cell_kind kind, struct kdb_buf *out)
{
    if (kind == CLI_CELL_BYTES && write_bytes(cell, out))
        return;
    if (cell->type == KDB_JSON_INT && write_integer(cell->integer, kind, out))
        return;
    write_as_sent(cell, out);
}

// ---- by character ----

struct range {
    uint32_t first;
    uint32_t last;
};

static bool is_in(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    }
    return false;
}

// What moves the cursor, rings, or turns the writing direction.
static bool is_control(uint32_t character)
{
    static const struct range controls[] = {
        {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x202E},
        {0x2066, 0x2069}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    return character < 0x20 || is_in(character, controls, sizeof(controls) / sizeof(controls[0]));
}

// Columns of a character that is printed as it is: 2 for the wide ones of East Asia and emoji, 0
// for marks set onto the character before.
static size_t width_of(uint32_t character)
{
    static const struct range marks[] = {
        {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x0E31, 0x0E31},
        {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D},
        {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    };
    static const struct range wide[] = {
        {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
        {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
    };
    if (character < 0x0300)
        return 1;
    if (is_in(character, marks, sizeof(marks) / sizeof(marks[0])))
        return 0;
    return is_in(character, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

static void put_escape(uint32_t character, struct kdb_buf *out)
{
    if (character == '\n')
        KDB_BUF_LIT(out, "\\n");
    else if (character == '\t')
        KDB_BUF_LIT(out, "\\t");
    else if (character == '\r')
        KDB_BUF_LIT(out, "\\r");
    else if (character < 0x100)
        kdb_buf_printf(out, "\\x%02x", (unsigned)character);
    else
        kdb_buf_printf(out, "\\u{%x}", (unsigned)character);
}

// The first byte at or after `at` that is not plain visible ASCII.
static size_t plain_end(kdb_slice text, size_t at)
{
    while (at < text.len && text.data[at] >= 0x20 && text.data[at] < 0x7F)
        at++;
    return at;
}

size_t cli_put_visible(kdb_slice text, struct kdb_buf *out)
{
    size_t width = 0;
    for (size_t at = 0; at < text.len;) {
        size_t plain = plain_end(text, at);
        kdb_buf_append(out, text.data + at, plain - at);
        width += plain - at;
        at = plain;
        if (at == text.len)
            break;
        uint32_t character = kdb_utf8_next(text, &at);
        // A byte that is no UTF-8 gives the replacement character alone; a real one has three.
        if (character == KDB_UTF8_REPLACEMENT && at - plain == 1)
            character = (unsigned char)text.data[plain];
        else if (!is_control(character)) {
            kdb_buf_append(out, text.data + plain, at - plain);
            width += width_of(character);
            continue;
        }
        size_t len = out->len;
        put_escape(character, out);
        width += out->len - len;
    }
    return width;
}
