// SPDX-License-Identifier: Apache-2.0
// The table itself: every row is consistent, found by its name, and suggested for a slip of it.
#include <stdio.h>
#include <string.h>

#include "conf/conf_priv.h"
#include "lib/test.h"

static void rows_are_consistent(void **state)
{
    (void)state;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        size_t len = strlen(row->description);
        assert_true(len > 10 && row->description[len - 1] == '.');
        assert_null(strchr(row->description, '|'));
        assert_true(row->min <= row->max);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_."), strlen(row->name));
        assert_ptr_equal(conf_find_row(kdb_slice_cstr(row->name)), row);
        assert_false(conf_is_section(kdb_slice_cstr(row->name)));
        assert_true(conf_is_section(kdb_slice_cstr(row->section)));
        assert_true(strlen(conf_category(row)) > 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(conf_rows[j].offset, row->offset);
    }
}

// Two rows with one variable would silently set both.
static void variables_belong_to_one_row(void **state)
{
    (void)state;
    struct kdb_buf all = {0}; // every name so far, a blank before and behind each
    kdb_buf_put(&all, ' ');
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        char names[256];
        (void)snprintf(names, sizeof(names), "%s", conf_rows[i].environment);
        char *rest = names;
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
            char marked[300];
            (void)snprintf(marked, sizeof(marked), " %s ", name);
            assert_true(kdb_slice_find(kdb_buf_view(&all), kdb_slice_cstr(marked), 0) == SIZE_MAX);
            kdb_buf_printf(&all, "%s ", name);
        }
    }
    assert_true(all.len > 100);
    kdb_buf_deinit(&all);
}

static void rows_of_a_section_stand_together(void **state)
{
    (void)state;
    size_t section = 0;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        while (section < conf_section_count &&
               strcmp(conf_sections[section].name, conf_rows[i].section) != 0)
            section++;
        assert_true(section < conf_section_count);
    }
}

static void tables_that_only_hold_sections_are_sections(void **state)
{
    (void)state;
    assert_true(conf_is_section(KDB_LIT("storage")));
    assert_true(conf_is_section(KDB_LIT("storage.rocksdb")));
    assert_true(conf_is_section(KDB_LIT("shutdown.flush")));
    assert_false(conf_is_section(KDB_LIT("stor")));
    assert_false(conf_is_section(KDB_LIT("storage.")));
    assert_false(conf_is_section(KDB_LIT("storage.rocksdb.block_cache_size")));
    assert_false(conf_is_section(KDB_LIT("cluster")));
}

static void unknown_names_have_no_row(void **state)
{
    (void)state;
    assert_null(conf_find_row(KDB_LIT("")));
    assert_null(conf_find_row(KDB_LIT("server")));
    assert_null(conf_find_row(KDB_LIT("server.por")));
    assert_null(conf_find_row(KDB_LIT("server.portx")));
    assert_null(conf_find_row(KDB_LIT("SERVER.PORT")));
}

// A single slip (a letter left out, doubled, swapped with the next) of any name leads back.
static void one_slip_is_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < KDB_SETTING_COUNT; i++) {
        const char *name = conf_rows[i].name;
        size_t len = strlen(name);
        for (size_t at = i % 5; at + 1 < len; at += 5) {
            char left_out[128];
            char doubled[128];
            char swapped[128];
            (void)snprintf(left_out, sizeof(left_out), "%.*s%s", (int)at, name, name + at + 1);
            (void)snprintf(doubled, sizeof(doubled), "%.*s%s", (int)at + 1, name, name + at);
            (void)snprintf(swapped, sizeof(swapped), "%s", name);
            swapped[at] = name[at + 1];
            swapped[at + 1] = name[at];
            assert_string_equal(conf_near_row(kdb_slice_cstr(left_out)), name);
            assert_string_equal(conf_near_row(kdb_slice_cstr(doubled)), name);
            assert_string_equal(conf_near_row(kdb_slice_cstr(swapped)), name);
        }
    }
}

static void far_names_are_not_suggested(void **state)
{
    (void)state;
    assert_null(conf_near_row(KDB_LIT("")));
    assert_null(conf_near_row(KDB_LIT("cluster.node_id")));
    assert_null(conf_near_row(KDB_LIT("datafusion.memory_limit")));
    assert_null(conf_near_row(KDB_LIT("auth.bcrypt_cost")));
    assert_null(conf_near_row(KDB_LIT("rate_limit.cache_max_entries")));
    assert_null(conf_near_section(KDB_LIT("")));
    assert_null(conf_near_section(KDB_LIT("cluster")));
    assert_null(conf_near_section(KDB_LIT("oauth")));
    char longest[1000];
    memset(longest, 'a', sizeof(longest));
    assert_null(conf_near_row(kdb_slice_of(longest, sizeof(longest))));
    assert_null(conf_near_section(kdb_slice_of(longest, 64)));
}

static void near_names_are_suggested(void **state)
{
    (void)state;
    assert_string_equal(conf_near_row(KDB_LIT("sevrer.prot")), "server.port");
    assert_string_equal(conf_near_row(KDB_LIT("port")), "server.port");
    assert_string_equal(conf_near_row(KDB_LIT("server.data_path")), "storage.data_path");
    assert_string_equal(conf_near_section(KDB_LIT("sever")), "server");
    assert_string_equal(conf_near_section(KDB_LIT("storage.rockdb")), "storage.rocksdb");
    assert_string_equal(conf_near_section(KDB_LIT("securty")), "security");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_consistent),
        cmocka_unit_test(variables_belong_to_one_row),
        cmocka_unit_test(rows_of_a_section_stand_together),
        cmocka_unit_test(tables_that_only_hold_sections_are_sections),
        cmocka_unit_test(unknown_names_have_no_row),
        cmocka_unit_test(one_slip_is_recognised),
        cmocka_unit_test(far_names_are_not_suggested),
        cmocka_unit_test(near_names_are_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
