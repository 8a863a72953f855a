// SPDX-License-Identifier: Apache-2.0
// Formats a line in memory and hands it to the kernel in one call.
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/folders.h"
#include "base/json_write.h"
#include "base/os_error.h"
#include "base/utf8.h"

// Longest message and longest field value, before escaping.
#define TEXT_BYTES_MAX 8192

#define THREAD_NAME_BYTES 16

atomic_int kdb_log_threshold = KDB_LOG_INFO;

// Where lines go. A file keeps its descriptor number when it is opened anew, so a thread that is
// writing never sees a closed one.
static struct {
    atomic_int format;
    atomic_bool to_console;
    atomic_int fd; // -1: no file
} log_sink = {KDB_LOG_COMPACT, true, -1};

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

static int make_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len == 0)
        return 0;
    if (len >= sizeof(folder))
        return ENAMETOOLONG;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return kdb_make_folders(folder, 0750);
}

// Opens the file on the descriptor number the log has, or on a new one.
static kdb_status open_file(struct kdb_ctx *ctx, const char *path, int *ret_fd)
{
    int error = make_folder_of(path);
    int fd = error == 0 ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640) : -1;
    if (error == 0 && fd < 0)
        error = errno;
    if (error != 0)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "cannot open the log file %s: %s", path,
                        kdb_os_error_text(error));
    int current = atomic_load(&log_sink.fd);
    if (current >= 0) {
        (void)dup3(fd, current, O_CLOEXEC);
        (void)close(fd);
        fd = current;
    }
    *ret_fd = fd;
    return KDB_OK;
}

kdb_status kdb_log_open(struct kdb_ctx *ctx, const struct kdb_log_options *options)
{
    if (options->path) {
        int fd = -1;
        KDB_TRY(open_file(ctx, options->path, &fd));
        atomic_store(&log_sink.fd, fd);
    }
    atomic_store(&log_sink.format, options->format);
    atomic_store(&log_sink.to_console, options->to_console);
    atomic_store(&kdb_log_threshold, options->level);
    return KDB_OK;
}

void kdb_log_close(void)
{
    int fd = atomic_exchange(&log_sink.fd, -1);
    if (fd >= 0)
        (void)close(fd);
    atomic_store(&log_sink.format, KDB_LOG_COMPACT);
    atomic_store(&log_sink.to_console, true);
    atomic_store(&kdb_log_threshold, KDB_LOG_INFO);
}

bool kdb_log_level_parse(kdb_slice name, enum kdb_log_level *ret_level)
{
    for (int level = KDB_LOG_ERROR; level <= KDB_LOG_DEBUG; level++) {
        if (kdb_slice_equal_nocase(name, kdb_slice_cstr(level_names[level]))) {
            *ret_level = (enum kdb_log_level)level;
            return true;
        }
    }
    return false;
}

static kdb_slice cut(kdb_slice text)
{
    if (text.len > TEXT_BYTES_MAX)
        text.len = TEXT_BYTES_MAX;
    return text;
}

// Whether a character could end the line, move the cursor or hide something on a terminal.
static bool is_hidden(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0) ||
           (character >= 0x2028 && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

// Appends text for a person: what is hidden or no UTF-8 as \n, \r, \t, \xNN or \uNNNN.
static void put_visible(struct kdb_buf *buf, kdb_slice text, bool is_quoted)
{
    for (size_t at = 0; at < text.len;) {
        size_t begin = at;
        uint32_t character = kdb_utf8_next(text, &at);
        unsigned char first = (unsigned char)text.data[begin];
        if (first >= 0x80 && at - begin == 1)
            kdb_buf_printf(buf, "\\x%02x", first);
        else if (character == '\n' || character == '\r' || character == '\t')
            kdb_buf_printf(buf, "\\%c", character == '\n' ? 'n' : character == '\r' ? 'r' : 't');
        else if (is_hidden(character))
            kdb_buf_printf(buf, character < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)character);
        else if (is_quoted && (character == '"' || character == '\\'))
            kdb_buf_printf(buf, "\\%c", (int)character);
        else
            kdb_buf_append(buf, text.data + begin, at - begin);
    }
}

// Whether a field's text reads well without quotes.
static bool is_plain_word(kdb_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("._:/+-@", c)))
            return false;
    }
    return text.len > 0;
}

static void put_compact_field(struct kdb_buf *buf, const struct kdb_log_field *field)
{
    kdb_buf_printf(buf, " %s=", field->key);
    kdb_slice text = cut(field->text);
    if (!text.data) {
        kdb_buf_i64(buf, field->number);
    } else if (is_plain_word(text)) {
        kdb_buf_slice(buf, text);
    } else {
        kdb_buf_put(buf, '"');
        put_visible(buf, text, true);
        kdb_buf_put(buf, '"');
    }
}

static void put_compact(struct kdb_buf *buf, const struct kdb_log_event *event, const char *time)
{
    kdb_buf_printf(buf, "%s %-5s %s ", time, level_names[event->level], event->component);
    if (event->request_id && event->request_id[0]) {
        kdb_buf_put(buf, '[');
        put_visible(buf, cut(kdb_slice_cstr(event->request_id)), false);
        KDB_BUF_LIT(buf, "] ");
    }
    put_visible(buf, cut(event->message), false);
    for (size_t i = 0; i < event->field_count; i++)
        put_compact_field(buf, &event->fields[i]);
}

// A JSON string of text that may hold bytes that are no UTF-8: each becomes U+FFFD.
static void put_json_text(struct kdb_buf *buf, kdb_slice text)
{
    kdb_buf_put(buf, '"');
    for (;;) {
        size_t valid = kdb_utf8_valid_prefix(text);
        kdb_json_escaped(buf, kdb_slice_of(text.data, valid));
        if (valid == text.len)
            break;
        KDB_BUF_LIT(buf, "\\ufffd");
        text = kdb_slice_skip(text, valid + 1);
    }
    kdb_buf_put(buf, '"');
}

static void put_json(struct kdb_buf *buf, const struct kdb_log_event *event, const char *time)
{
    char thread[THREAD_NAME_BYTES] = "";
    (void)pthread_getname_np(pthread_self(), thread, sizeof(thread));
    kdb_buf_printf(buf, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"thread\":", time,
                   level_names[event->level]);
    put_json_text(buf, kdb_slice_cstr(thread));
    KDB_BUF_LIT(buf, ",\"target\":");
    put_json_text(buf, kdb_slice_cstr(event->component));
    kdb_buf_printf(buf, ",\"line\":%d,\"message\":", event->line);
    put_json_text(buf, cut(event->message));
    if (event->request_id && event->request_id[0]) {
        KDB_BUF_LIT(buf, ",\"request_id\":");
        put_json_text(buf, cut(kdb_slice_cstr(event->request_id)));
    }
    for (size_t i = 0; i < event->field_count; i++) {
        const struct kdb_log_field *field = &event->fields[i];
        kdb_buf_printf(buf, ",\"%s\":", field->key);
        if (field->text.data)
            put_json_text(buf, cut(field->text));
        else
            kdb_json_i64(buf, field->number);
    }
    kdb_buf_put(buf, '}');
}

static void write_line(int fd, kdb_slice line)
{
    while (line.len > 0) {
        ssize_t written = write(fd, line.data, line.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line = kdb_slice_skip(line, (size_t)written);
    }
}

void kdb_log_event(const struct kdb_log_event *event)
{
    if (!kdb_log_is_on(event->level))
        return;
    int saved_errno = errno;
    char time[KDB_CIVIL_TEXT_BYTES];
    (void)kdb_civil_format_ms(kdb_clock_now_us(kdb_clock_system()), time);
    struct kdb_buf buf = {0};
    if (atomic_load_explicit(&log_sink.format, memory_order_relaxed) == KDB_LOG_JSON)
        put_json(&buf, event, time);
    else
        put_compact(&buf, event, time);
    kdb_buf_put(&buf, '\n');
    if (atomic_load_explicit(&log_sink.to_console, memory_order_relaxed))
        write_line(STDERR_FILENO, kdb_buf_view(&buf));
    int fd = atomic_load_explicit(&log_sink.fd, memory_order_relaxed);
    if (fd >= 0)
        write_line(fd, kdb_buf_view(&buf));
    kdb_buf_deinit(&buf);
    errno = saved_errno;
}

void kdb_log_at(enum kdb_log_level level, int line, const char *component, const char *request_id,
                const char *format, ...)
{
    char message[TEXT_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    size_t held = (size_t)len < sizeof(message) ? (size_t)len : sizeof(message) - 1;
    kdb_log_event(&(struct kdb_log_event){
        .level = level,
        .line = line,
        .component = component,
        .request_id = request_id,
        .message = {message, held},
    });
}
