// SPDX-License-Identifier: Apache-2.0
// Compiles request texts into pieces and puts numbers into them.
#include "load/template.h"

#include "base/assert.h"
#include "base/random.h"

enum piece_type {
    PIECE_TEXT,
    PIECE_UNIFORM,
    PIECE_NEXT,
    PIECE_SHUFFLED,
    PIECE_REFERENCE,
};

struct template_piece {
    enum piece_type type;
    kdb_slice text; // TEXT
    int64_t low;    // UNIFORM, SHUFFLED: smallest value; REFERENCE: what is added
    int64_t span;   // UNIFORM, SHUFFLED: how many values
    size_t index;   // REFERENCE: which number
};

// A prime far above the spans in use: multiplying by it walks through all of them once.
#define SHUFFLE_STRIDE 2147483647

// The words of a place, at most three.
static size_t split_words(kdb_slice text, kdb_slice words[static 3])
{
    size_t count = 0;
    for (text = kdb_slice_trim(text); text.len > 0 && count < 3; text = kdb_slice_trim(text)) {
        size_t blank = kdb_slice_find(text, KDB_LIT(" "), 0);
        words[count] = (kdb_slice){text.data, blank < text.len ? blank : text.len};
        text = kdb_slice_skip(text, words[count++].len);
    }
    return text.len > 0 ? 0 : count;
}

static bool read_range(struct template_piece *piece, const kdb_slice words[static 3], size_t count,
                       bool is_count)
{
    int64_t second;
    if (count != 3 || !kdb_slice_to_i64(words[1], &piece->low) ||
        !kdb_slice_to_i64(words[2], &second))
        return false;
    piece->span = is_count ? second : second - piece->low + 1;
    return piece->span > 0;
}

static bool read_reference(struct template_piece *piece, kdb_slice text)
{
    size_t plus = kdb_slice_find(text, KDB_LIT("+"), 0);
    kdb_slice digits = {text.data, plus < text.len ? plus : text.len};
    int64_t index;
    if (!kdb_slice_to_i64(digits, &index) || index < 0 || index >= TEMPLATE_NUMBERS_MAX)
        return false;
    piece->type = PIECE_REFERENCE;
    piece->index = (size_t)index;
    return plus >= text.len || kdb_slice_to_i64(kdb_slice_skip(text, plus + 1), &piece->low);
}

// Reads what stands between the braces.
static bool read_place(struct template_piece *piece, kdb_slice text)
{
    if (kdb_slice_has_prefix(text, KDB_LIT("=")))
        return read_reference(piece, kdb_slice_skip(text, 1));
    kdb_slice words[3];
    size_t count = split_words(text, words);
    if (count == 0)
        return false;
    if (kdb_slice_equal(words[0], KDB_LIT("next"))) {
        piece->type = PIECE_NEXT;
        return count == 1;
    }
    if (kdb_slice_equal(words[0], KDB_LIT("uniform"))) {
        piece->type = PIECE_UNIFORM;
        return read_range(piece, words, count, false);
    }
    if (kdb_slice_equal(words[0], KDB_LIT("shuffled"))) {
        piece->type = PIECE_SHUFFLED;
        return read_range(piece, words, count, true);
    }
    return false;
}

kdb_status template_compile(struct kdb_ctx *ctx, kdb_slice text, size_t given,
                            struct template *ret_template)
{
    struct template compiled = {.numbers = given};
    for (size_t at = 0; at < text.len;) {
        size_t open = kdb_slice_find(text, KDB_LIT("{{"), at);
        size_t end = open < text.len ? open : text.len;
        if (end > at) {
            struct template_piece piece = {.type = PIECE_TEXT, .text = {text.data + at, end - at}};
            KDB_PUSH(&ctx->arena, compiled.pieces, compiled.count, compiled.capacity, piece);
        }
        if (open >= text.len)
            break;
        size_t close = kdb_slice_find(text, KDB_LIT("}}"), open + 2);
        struct template_piece piece = {0};
        if (close >= text.len ||
            !read_place(&piece, (kdb_slice){text.data + open + 2, close - open - 2}) ||
            (piece.type == PIECE_REFERENCE && piece.index >= compiled.numbers))
            return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the place at byte %zu is not understood",
                            open);
        compiled.numbers += piece.type != PIECE_REFERENCE;
        KDB_PUSH(&ctx->arena, compiled.pieces, compiled.count, compiled.capacity, piece);
        at = close + 2;
    }
    if (compiled.numbers > TEMPLATE_NUMBERS_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "%zu numbers, the limit is %d",
                        compiled.numbers, TEMPLATE_NUMBERS_MAX);
    *ret_template = compiled;
    return KDB_OK;
}

static int64_t draw(const struct template_piece *piece, struct template_source *source)
{
    if (piece->type == PIECE_NEXT)
        return source->next++;
    uint64_t span = (uint64_t)piece->span;
    if (piece->type == PIECE_SHUFFLED) {
        kdb_uint128 far = (kdb_uint128)(uint64_t)source->next++ * SHUFFLE_STRIDE;
        return piece->low + (int64_t)(far % span);
    }
    // The upper half of the product: no division, no bias worth naming.
    kdb_uint128 product = (kdb_uint128)kdb_random_next(&source->random) * span;
    return piece->low + (int64_t)(product >> 64);
}

void template_render(const struct template *template, struct template_source *source,
                     struct template_numbers *numbers, struct kdb_buf *out)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        if (piece->type == PIECE_TEXT) {
            kdb_buf_slice(out, piece->text);
        } else if (piece->type == PIECE_REFERENCE) {
            KDB_ASSERT(piece->index < numbers->count);
            kdb_buf_i64(out, numbers->items[piece->index] + piece->low);
        } else {
            KDB_ASSERT(numbers->count < TEMPLATE_NUMBERS_MAX);
            numbers->items[numbers->count] = draw(piece, source);
            kdb_buf_i64(out, numbers->items[numbers->count++]);
        }
    }
}
