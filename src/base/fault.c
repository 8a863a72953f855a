// SPDX-License-Identifier: Apache-2.0
// The table of set faults and what happens at one.
#include "base/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES 64

#define HOLD_LOOKS_US 1000 // between two looks for the file that holds a thread

enum fault_action { FAULT_KILL, FAULT_FAIL, FAULT_HOLD };

struct fault {
    char name[NAME_BYTES];
    enum fault_action action;
    int64_t wanted_hit;    // 0: every one
    _Atomic(int64_t) hits; // so far
};

atomic_uint kdb_fault_count;
static struct fault fault_table[KDB_FAULTS_MAX];

// Cuts what stands before `separator` off the front of `*rest`.
static kdb_slice next_part(kdb_slice *rest, kdb_slice separator)
{
    size_t end = kdb_slice_find(*rest, separator, 0);
    if (end > rest->len)
        end = rest->len;
    kdb_slice part = {rest->data, end};
    *rest = kdb_slice_skip(*rest, end + separator.len);
    return part;
}

static bool read_action(kdb_slice text, enum fault_action *ret)
{
    static const struct {
        const char *name;
        enum fault_action action;
    } actions[] = {{"kill", FAULT_KILL}, {"fail", FAULT_FAIL}, {"hold", FAULT_HOLD}};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        *ret = actions[i].action;
        if (kdb_slice_equal(text, kdb_slice_cstr(actions[i].name)))
            return true;
    }
    return false;
}

static kdb_status parse_fault(struct kdb_ctx *ctx, kdb_slice text, struct fault *ret_fault)
{
    kdb_slice rest = text;
    kdb_slice name = kdb_slice_trim(next_part(&rest, KDB_LIT(":")));
    bool is_right = name.len > 0 && name.len < NAME_BYTES;
    is_right = read_action(next_part(&rest, KDB_LIT(":")), &ret_fault->action) && is_right;
    int64_t hit = 1;
    is_right = is_right && (rest.len == 0 || (kdb_slice_to_i64(rest, &hit) && hit >= 0));
    if (!is_right)
        return kdb_fail(ctx, KDB_ERR_CONFIG, "fault \"%.*s\" is not name:kill|fail|hold[:hit]",
                        KDB_ARG(text));
    memset(ret_fault->name, 0, NAME_BYTES);
    memcpy(ret_fault->name, name.data, name.len);
    ret_fault->wanted_hit = hit;
    atomic_store(&ret_fault->hits, 0);
    return KDB_OK;
}

kdb_status kdb_fault_set(struct kdb_ctx *ctx, kdb_slice list)
{
    struct fault parsed[KDB_FAULTS_MAX];
    unsigned count = 0;
    while (list.len > 0) {
        if (count == KDB_FAULTS_MAX)
            return kdb_fail(ctx, KDB_ERR_CONFIG, "more than %d faults", KDB_FAULTS_MAX);
        KDB_TRY(parse_fault(ctx, next_part(&list, KDB_LIT(",")), &parsed[count]));
        count++;
    }
    atomic_store(&kdb_fault_count, 0);
    memcpy(fault_table, parsed, count * sizeof(parsed[0]));
    atomic_store(&kdb_fault_count, count);
    return KDB_OK;
}

kdb_status kdb_fault_set_from_environment(struct kdb_ctx *ctx)
{
    const char *list = getenv("KALAMDB_FAULT");
    return list ? kdb_fault_set(ctx, kdb_slice_cstr(list)) : KDB_OK;
}

static void hold(void)
{
    const char *path = getenv("KALAMDB_FAULT_HOLD");
    while (path && access(path, F_OK) == 0)
        (void)usleep(HOLD_LOOKS_US);
}

bool kdb_fault_hit(const char *name)
{
    unsigned count = atomic_load(&kdb_fault_count);
    for (unsigned i = 0; i < count; i++) {
        struct fault *fault = &fault_table[i];
        if (strcmp(fault->name, name) != 0)
            continue;
        int64_t hit = atomic_fetch_add(&fault->hits, 1) + 1;
        if (fault->wanted_hit != 0 && fault->wanted_hit != hit)
            continue;
        if (fault->action == FAULT_KILL)
            (void)raise(SIGKILL);
        if (fault->action == FAULT_HOLD)
            hold();
        return fault->action == FAULT_FAIL;
    }
    return false;
}
