// SPDX-License-Identifier: Apache-2.0
// Reads no more of a file than the next statement needs.
#include "cli/script_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/os_error.h"

#define READ_BYTES ((size_t)64 * 1024)

// The descriptor, or minus an errno.
static int open_file(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat about;
    int error = fstat(fd, &about) != 0 ? errno : S_ISDIR(about.st_mode) ? EISDIR : 0;
    if (error == 0)
        return fd;
    (void)close(fd);
    return -error;
}

kdb_status cli_script_open(struct kdb_ctx *ctx, kdb_slice path, struct cli_script **ret_script)
{
    bool is_stdin = kdb_slice_equal(path, KDB_LIT("-"));
    char *name =
        is_stdin ? kdb_alloc_text("standard input", 14) : kdb_alloc_text(path.data, path.len);
    int fd = is_stdin ? STDIN_FILENO : open_file(name);
    if (fd < 0) {
        kdb_status status = kdb_fail_os(ctx, -fd, "cannot read %s", name);
        kdb_free(name);
        return status;
    }
    struct cli_script *script = kdb_alloc(sizeof(*script));
    script->fd = fd;
    script->owns_fd = !is_stdin;
    script->name = name;
    script->line = 1;
    *ret_script = script;
    return KDB_OK;
}

void cli_script_close(struct cli_script *script)
{
    if (!script)
        return;
    if (script->owns_fd)
        (void)close(script->fd);
    kdb_buf_deinit(&script->text);
    kdb_free(script->name);
    kdb_free(script);
}

static void use_up(struct cli_script *script, size_t count)
{
    for (size_t i = 0; i < count; i++)
        script->line += script->text.data[script->at + i] == '\n';
    script->at += count;
}

// Reads as much as there is already, so that a long statement in a file is looked at a few times
// only.
static kdb_status read_more(struct cli_script *script, struct kdb_ctx *ctx)
{
    struct kdb_buf *text = &script->text;
    if (script->at > 0) {
        memmove(text->data, text->data + script->at, text->len - script->at);
        text->len -= script->at;
        script->at = 0;
    }
    if (text->len > CLI_STATEMENT_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "%s: the statement that begins in line %zu is longer than %zu bytes",
                        script->name, script->line, CLI_STATEMENT_BYTES_MAX);
    size_t wanted = text->len > READ_BYTES ? text->len : READ_BYTES;
    char *at = kdb_buf_reserve(text, wanted);
    ssize_t count;
    do
        count = read(script->fd, at, wanted);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return kdb_fail_os(ctx, errno, "cannot read %s", script->name);
    // The byte order mark that some editors put at the start of a file.
    bool is_first = text->len == 0 && script->line == 1;
    kdb_buf_advance(text, (size_t)count);
    if (is_first && kdb_slice_has_prefix(kdb_buf_view(text), KDB_LIT("\xEF\xBB\xBF")))
        script->at = 3;
    script->is_at_end = count == 0;
    return KDB_OK;
}

kdb_status cli_script_next(struct cli_script *script, struct kdb_ctx *ctx, enum cli_split *ret_kind,
                           kdb_slice *ret_text, size_t *ret_line)
{
    for (;;) {
        kdb_slice rest = kdb_slice_skip(kdb_buf_view(&script->text), script->at);
        struct cli_piece piece;
        enum cli_split kind = cli_split(rest, script->is_at_end, &piece);
        use_up(script, piece.start);
        if (kind != CLI_SPLIT_MORE) {
            *ret_kind = kind;
            *ret_text = piece.text;
            *ret_line = script->line;
            use_up(script, piece.used - piece.start);
            return KDB_OK;
        }
        KDB_TRY(read_more(script, ctx));
    }
}
