// SPDX-License-Identifier: Apache-2.0
// Reads byte by byte with the terminal's echo off.
#include "cli/secret_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/os_error.h"

#define ATTEMPTS 3

enum key {
    KEY_CTRL_C = 3,
    KEY_CTRL_D = 4,
    KEY_BACKSPACE = 8,
    KEY_CTRL_U = 21,
    KEY_DELETE = 127,
};

void cli_wipe(struct kdb_buf *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, secret->capacity);
    kdb_buf_clear(secret);
}

static void say(int terminal, const char *text)
{
    // A terminal that cannot be written to cannot be read from either; the read says so.
    ssize_t written = write(terminal, text, strlen(text));
    (void)written;
}

// The last character, all bytes of it.
static void drop_character(struct kdb_buf *line)
{
    while (line->len > 0 && ((unsigned char)line->data[line->len - 1] & 0xC0) == 0x80)
        line->len--;
    if (line->len > 0)
        line->len--;
}

// Reads up to the end of the line. The buffer does not grow: a copy of a secret would be left.
static kdb_status read_keys(struct kdb_ctx *ctx, int terminal, struct kdb_buf *line)
{
    for (;;) {
        char c;
        ssize_t count = read(terminal, &c, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return kdb_fail_os(ctx, errno, "cannot read from the terminal");
        if (count == 0 || c == KEY_CTRL_C || (c == KEY_CTRL_D && line->len == 0))
            return kdb_fail(ctx, KDB_ERR_CANCELLED, "nothing was entered");
        if (c == '\n' || c == '\r')
            return KDB_OK;
        if (c == KEY_BACKSPACE || c == KEY_DELETE)
            drop_character(line);
        else if (c == KEY_CTRL_U)
            line->len = 0;
        else if (line->len < CLI_SECRET_BYTES_MAX)
            kdb_buf_put(line, c);
        else
            return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED, "the line is longer than %zu bytes",
                            CLI_SECRET_BYTES_MAX);
    }
}

static kdb_status ask(struct kdb_ctx *ctx, int terminal, const char *prompt, bool is_secret,
                      struct kdb_buf *line)
{
    struct termios before;
    if (tcgetattr(terminal, &before) != 0)
        return kdb_fail_os(ctx, errno, "cannot ask at the terminal");
    struct termios during = before;
    if (is_secret) {
        during.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
        during.c_cc[VMIN] = 1;
        during.c_cc[VTIME] = 0;
    }
    cli_wipe(line);
    (void)kdb_buf_reserve(line, CLI_SECRET_BYTES_MAX);
    if (tcsetattr(terminal, TCSADRAIN, &during) != 0)
        return kdb_fail_os(ctx, errno, "cannot ask at the terminal");
    say(terminal, prompt);
    kdb_status status = read_keys(ctx, terminal, line);
    (void)tcsetattr(terminal, TCSADRAIN, &before);
    if (is_secret)
        say(terminal, "\n");
    return status;
}

kdb_status cli_ask_secret(struct kdb_ctx *ctx, int terminal, const char *prompt,
                          struct kdb_buf *ret_secret)
{
    return ask(ctx, terminal, prompt, true, ret_secret);
}

kdb_status cli_ask_new_secret(struct kdb_ctx *ctx, int terminal, const char *prompt,
                              struct kdb_buf *ret_secret)
{
    struct kdb_buf again = {0};
    kdb_status status = KDB_OK;
    bool is_same = false;
    for (int i = 0; i < ATTEMPTS && status == KDB_OK && !is_same; i++) {
        if (i > 0)
            say(terminal, "The two differ. Once more.\n");
        status = cli_ask_secret(ctx, terminal, prompt, ret_secret);
        if (status == KDB_OK)
            status = cli_ask_secret(ctx, terminal, "The same again: ", &again);
        is_same = kdb_slice_equal(kdb_buf_view(ret_secret), kdb_buf_view(&again));
    }
    cli_wipe(&again);
    kdb_buf_deinit(&again);
    KDB_TRY(status);
    if (!is_same)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the two passwords differ");
    return KDB_OK;
}

kdb_status cli_ask_line(struct kdb_ctx *ctx, int terminal, const char *prompt,
                        struct kdb_buf *ret_line)
{
    KDB_TRY(ask(ctx, terminal, prompt, false, ret_line));
    kdb_slice line = kdb_slice_trim(kdb_buf_view(ret_line));
    if (line.len > 0)
        memmove(ret_line->data, line.data, line.len);
    ret_line->len = line.len;
    return KDB_OK;
}

kdb_status cli_read_secret_file(struct kdb_ctx *ctx, kdb_slice path, struct kdb_buf *ret_secret,
                                bool *ret_is_exposed)
{
    kdb_slice name = kdb_arena_copy(&ctx->arena, path);
    int fd = open(name.data, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kdb_fail_os(ctx, errno, "cannot read the password file %s", name.data);
    cli_wipe(ret_secret);
    struct stat about = {0};
    char *at = kdb_buf_reserve(ret_secret, CLI_SECRET_BYTES_MAX + 2);
    ssize_t count = read(fd, at, CLI_SECRET_BYTES_MAX + 2);
    int error = errno;
    *ret_is_exposed = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
                      (about.st_mode & (S_IRGRP | S_IROTH)) != 0;
    (void)close(fd);
    if (count < 0)
        return kdb_fail_os(ctx, error, "cannot read the password file %s", name.data);
    const char *end = memchr(at, '\n', (size_t)count);
    size_t len = end ? (size_t)(end - at) : (size_t)count;
    if (len > 0 && at[len - 1] == '\r')
        len--;
    if (len == 0 || len > CLI_SECRET_BYTES_MAX)
        return kdb_fail(ctx, KDB_ERR_INVALID_INPUT,
                        "the password file %s has no password in its "
                        "first line",
                        name.data);
    kdb_buf_advance(ret_secret, len);
    return KDB_OK;
}
