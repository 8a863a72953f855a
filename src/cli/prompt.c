// SPDX-License-Identifier: Apache-2.0
// The only file that knows libedit.
#include "cli/prompt_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cell_priv.h"
#include "cli/interrupt_priv.h"

#define HISTORY_COUNT 1000

struct prompt {
    struct cli_session *session;
    EditLine *editor;
    History *history;
    const char *history_path;
    struct kdb_buf text;    // what the prompt says, NUL-terminated
    struct kdb_buf pending; // lines of a statement that is not complete
    bool is_interrupted;    // Ctrl-C was typed
};

// ---- what libedit calls ----

static char *say_prompt(EditLine *editor)
{
    struct prompt *prompt = NULL;
    (void)el_get(editor, EL_CLIENTDATA, &prompt);
    kdb_buf_clear(&prompt->text);
    if (prompt->pending.len > 0) {
        KDB_BUF_LIT(&prompt->text, "...> ");
    } else {
        kdb_slice space = kdb_buf_view(&prompt->session->space);
        KDB_BUF_LIT(&prompt->text, "kalam[");
        (void)cli_put_visible(space.len > 0 ? space : KDB_LIT("default"), &prompt->text);
        KDB_BUF_LIT(&prompt->text, "]> ");
    }
    kdb_buf_put(&prompt->text, '\0');
    return prompt->text.data;
}

static unsigned char on_ctrl_c(EditLine *editor, int key)
{
    (void)key;
    struct prompt *prompt = NULL;
    (void)el_get(editor, EL_CLIENTDATA, &prompt);
    prompt->is_interrupted = true;
    (void)fputs("^C\n", stdout);
    return CC_EOF;
}

// Suspends kalam with the terminal as the shell wants it.
static unsigned char on_ctrl_z(EditLine *editor, int key)
{
    (void)key;
    (void)el_set(editor, EL_PREP_TERM, 0);
    (void)raise(SIGTSTP);
    (void)el_set(editor, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
}

// Control keys are keys while a line is edited, and signals while a statement runs.
static void bind_keys(EditLine *editor)
{
    (void)el_set(editor, EL_EDITOR, "emacs");
    (void)el_set(editor, EL_SETTY, "-d", "-isig", NULL);
    // The narrow el_set would copy these texts and keep the copies for ever.
    (void)el_wset(editor, EL_ADDFN, L"kalam-interrupt", L"Drop the line", on_ctrl_c);
    (void)el_wset(editor, EL_ADDFN, L"kalam-suspend", L"Suspend", on_ctrl_z);
    (void)el_set(editor, EL_BIND, "^C", "kalam-interrupt", NULL);
    (void)el_set(editor, EL_BIND, "^Z", "kalam-suspend", NULL);
    (void)el_set(editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
}

// ---- history ----

static bool has_word(kdb_slice text, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (kdb_slice_equal_nocase(kdb_slice_of(text.data + i, len), kdb_slice_of(word, len)))
            return true;
    }
    return false;
}

bool cli_may_remember(kdb_slice text)
{
    static const char *const words[] = {"password", "secret", "token", "bearer", "credential"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_word(text, words[i]))
            return false;
    }
    return true;
}

static void open_history(struct prompt *prompt)
{
    HistEvent event;
    (void)history(prompt->history, &event, H_SETSIZE, HISTORY_COUNT);
    (void)history(prompt->history, &event, H_SETUNIQUE, 1);
    (void)el_set(prompt->editor, EL_HIST, history, prompt->history);
    if (!prompt->history_path)
        return;
    char folder[4096];
    const char *slash = strrchr(prompt->history_path, '/');
    size_t len = slash ? (size_t)(slash - prompt->history_path) : 0;
    if (len > 0 && len < sizeof(folder)) {
        memcpy(folder, prompt->history_path, len);
        folder[len] = '\0';
        (void)mkdir(folder, S_IRWXU);
    }
    // Made here, so that it never exists with other rights.
    int fd = open(prompt->history_path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        (void)fprintf(stderr, "kalam: history is not kept: %s: %s\n", prompt->history_path,
                      strerrordesc_np(errno));
        prompt->history_path = NULL;
        return;
    }
    (void)fchmod(fd, S_IRUSR | S_IWUSR);
    (void)close(fd);
    (void)history(prompt->history, &event, H_LOAD, prompt->history_path);
}

// Keeps a piece of input as one line, which is what the arrow keys bring back.
static void remember(struct prompt *prompt, kdb_slice text, bool is_statement)
{
    if (!cli_may_remember(text))
        return;
    struct kdb_buf line = {0};
    bool is_joinable = !memmem(text.data, text.len, "--", 2) && !memchr(text.data, '\'', text.len);
    for (size_t i = 0; i < text.len; i++)
        kdb_buf_put(&line, is_joinable && text.data[i] == '\n' ? ' ' : text.data[i]);
    if (is_statement)
        kdb_buf_put(&line, ';');
    kdb_buf_put(&line, '\0');
    HistEvent event;
    (void)history(prompt->history, &event, H_ENTER, line.data);
    if (prompt->history_path)
        (void)history(prompt->history, &event, H_SAVE, prompt->history_path);
    kdb_buf_deinit(&line);
}

// ---- the loop ----

// Runs every complete piece of what is pending and keeps the rest.
static void run_pending(struct prompt *prompt)
{
    struct cli_session *session = prompt->session;
    size_t at = 0;
    for (;;) {
        struct cli_piece piece;
        kdb_slice rest = kdb_slice_skip(kdb_buf_view(&prompt->pending), at);
        enum cli_split kind = cli_split(rest, false, &piece);
        if (kind != CLI_SPLIT_STATEMENT && kind != CLI_SPLIT_META) {
            at += piece.start;
            break;
        }
        remember(prompt, piece.text, kind == CLI_SPLIT_STATEMENT);
        at += piece.used;
        enum cli_outcome outcome = cli_session_run(session, piece.text);
        if (outcome == CLI_DONE)
            outcome = cli_session_run_scripts(session);
        (void)cli_out_flush(&session->out);
        if (session->is_quit)
            return;
        // Who interrupts one statement does not wait for those behind it.
        if (outcome != CLI_DONE && cli_session_is_interrupted(session))
            at = prompt->pending.len;
    }
    struct kdb_buf *pending = &prompt->pending;
    if (at > 0)
        memmove(pending->data, pending->data + at, pending->len - at);
    pending->len -= at;
}

// What people type who do not know meta-commands, at the start of a statement: no SQL begins so.
static kdb_slice meaning_of(kdb_slice typed)
{
    static const struct {
        kdb_slice word;
        kdb_slice meta;
    } meanings[] = {{KDB_LIT_INIT("help"), KDB_LIT_INIT("\\?\n")},
                    {KDB_LIT_INIT("quit"), KDB_LIT_INIT("\\q\n")},
                    {KDB_LIT_INIT("exit"), KDB_LIT_INIT("\\q\n")}};
    kdb_slice word = kdb_slice_trim(typed);
    if (word.len > 0 && word.data[word.len - 1] == ';')
        word = kdb_slice_trim(kdb_slice_of(word.data, word.len - 1));
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (kdb_slice_equal_nocase(word, meanings[i].word))
            return meanings[i].meta;
    }
    return typed;
}

// One line from the terminal. False at the end of input.
static bool read_line(struct prompt *prompt)
{
    int count = 0;
    prompt->is_interrupted = false;
    // Before the prompt is shown: libedit itself does it a moment later, and what is typed in
    // between would still mean what it means to the terminal.
    (void)el_set(prompt->editor, EL_PREP_TERM, 1);
    const char *line = el_gets(prompt->editor, &count);
    if (prompt->is_interrupted || (!line && count < 0 && errno == EINTR)) {
        kdb_buf_clear(&prompt->pending);
        return true;
    }
    if (!line || count <= 0)
        return false;
    kdb_slice typed = kdb_slice_of(line, (size_t)count);
    if (prompt->pending.len == 0)
        typed = meaning_of(typed);
    bool has_end = prompt->pending.len == 0 || kdb_slice_find(typed, KDB_LIT(";"), 0) != SIZE_MAX ||
                   kdb_slice_find(typed, KDB_LIT("*/"), 0) != SIZE_MAX;
    kdb_buf_slice(&prompt->pending, typed);
    // A long statement is looked at only when a line can end it.
    if (has_end)
        run_pending(prompt);
    return !prompt->session->is_quit;
}

void cli_prompt_run(struct cli_session *session, const char *history_path)
{
    struct prompt prompt = {.session = session, .history_path = history_path};
    prompt.editor = el_init("kalam", stdin, stdout, stderr);
    prompt.history = history_init();
    (void)el_set(prompt.editor, EL_CLIENTDATA, &prompt);
    (void)el_set(prompt.editor, EL_PROMPT, say_prompt);
    bind_keys(prompt.editor);
    open_history(&prompt);
    cli_interrupt_catch();
    while (read_line(&prompt))
        ;
    if (!session->is_quit)
        (void)fputs("\n", stdout);
    history_end(prompt.history);
    el_end(prompt.editor);
    kdb_buf_deinit(&prompt.text);
    kdb_buf_deinit(&prompt.pending);
}
