#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks find what they are there for: each is given one small thing that is wrong."""
import pathlib
import tempfile
import unittest

import check_layers
import check_style
import check_symbols

LAYERS = {"base": [], "store": ["base"], "api": ["base"]}
HEADER = "// SPDX-License-Identifier: Apache-2.0\n// One sentence that says it.\n"


class Layers(unittest.TestCase):
    def problem(self, module, name, is_quoted=True):
        return check_layers.include_problem(LAYERS, module, is_quoted, name)

    def test_downward_include_is_allowed(self):
        self.assertIsNone(self.problem("store", "base/ctx.h"))
        self.assertIsNone(self.problem("store", "store/store_priv.h"))

    def test_include_outside_the_table_is_refused(self):
        self.assertIn("may not use", self.problem("api", "store/store.h"))
        self.assertIn("may not use", self.problem("base", "store/store.h"))

    def test_private_header_of_another_folder_is_refused(self):
        self.assertIn("private", self.problem("store", "base/log_priv.h"))

    def test_include_without_folder_is_refused(self):
        self.assertIn("not written", self.problem("store", "store.h"))

    def test_foreign_header_belongs_to_one_folder(self):
        self.assertIsNone(self.problem("store", "rocksdb/c.h", False))
        self.assertIn("src/store only", self.problem("api", "rocksdb/c.h", False))
        self.assertIn("src/base only", self.problem("net", "openssl/evp.h", False))
        self.assertIn("src/client and src/net only", self.problem("base", "openssl/ssl.h", False))

    def test_cycle_is_found(self):
        self.assertEqual(check_layers.cycles({"a": ["b"], "b": ["c"], "c": ["a"]}), ["a -> b -> c -> a"])
        self.assertEqual(check_layers.cycles({"a": ["b", "c"], "b": ["c"], "c": []}), [])

    def test_table_is_read(self):
        self.assertEqual(check_layers.read_layers("x\n```\nnot: a, table\n```\n\n```\na:\nb: a\n```\n"), {"a": [], "b": ["a"]})
        self.assertEqual(check_layers.read_cmake("kdb_module(a)\nkdb_module(b DEPS a)\n"), {"a": [], "b": ["a"]})


class Symbols(unittest.TestCase):
    def problems(self, module, line, allowed=()):
        text = f"x.c.o:     file format elf64-x86-64\n{line}\n"
        allowed = dict.fromkeys(allowed, 0)
        found = [check_symbols.problem_of(module, *symbol[1:], allowed) for symbol in check_symbols.symbols(text)]
        return [problem for problem in found if problem]

    def test_prefix(self):
        line = "0000000000000000 g     F .text\t00000000000000a8 .hidden {}"
        self.assertEqual(self.problems("net", line.format("kdb_net_open")), [])
        self.assertEqual(self.problems("net", line.format("net_open")), [])
        self.assertIn("exports open_net", self.problems("net", line.format("open_net"))[0])

    def test_unsafe_calls(self):
        line = "0000000000000000         *UND*\t0000000000000000 {}"
        self.assertEqual(self.problems("net", line.format("strcpy")), ["calls strcpy"])
        self.assertEqual(self.problems("net", line.format("__sprintf_chk")), ["calls sprintf"])
        self.assertEqual(self.problems("net", line.format("snprintf")), [])
        self.assertEqual(self.problems("store", line.format("malloc")), [])
        self.assertIn("arena", self.problems("exec", line.format("malloc"))[0])

    def test_writable_globals(self):
        line = "0000000000000000 l     O {}\t0000000000000008 seed.3"
        for section in (".bss", ".data", ".tbss", ".data.rel.local"):
            self.assertEqual(self.problems("base", line.format(section)), ["has the writable global seed"])
        self.assertEqual(self.problems("base", line.format(".data.rel.ro.local")), [])
        self.assertEqual(self.problems("base", line.format(".rodata")), [])
        self.assertEqual(self.problems("base", line.format(".bss"), [("base", "seed")]), [])


class Style(unittest.TestCase):
    def problems(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            problems, _ = check_style.check_file(pathlib.Path(folder), path)
            return [problem for _, problem in problems]

    def header(self, body, guard="KDB_BASE_X_H"):
        return self.problems("src/base/x.h", f"{HEADER}#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n")

    def test_clean_file(self):
        self.assertEqual(self.problems("src/base/x.c", HEADER + "\nint kdb_base_x(void)\n{\n    return 1;\n}\n"), [])
        self.assertEqual(self.header("// Says what.\nint kdb_base_x(void);"), [])

    def test_first_lines(self):
        self.assertIn("SPDX", self.problems("src/base/x.c", "int x;\n")[0])
        self.assertIn("sentence", self.problems("src/base/x.c", HEADER.splitlines()[0] + "\n\nint x;\n")[0])

    def test_sizes(self):
        self.assertIn("1201 lines", self.problems("src/base/x.c", HEADER + "\n" * 1199)[0])
        self.assertIn("columns", self.problems("src/base/x.c", f"{HEADER}// {'x' * 98}\n")[0])
        body = "    x();\n"
        self.assertEqual(self.problems("src/base/x.c", f"{HEADER}void f(void)\n{{\n{body * 70}}}\n"), [])
        self.assertEqual(self.problems("src/base/x.c", f"{HEADER}void f(void)\n{{\n{body * 71}}}\n"),
                         ["f has 71 lines, the limit is 70"])

    def test_guard(self):
        self.assertIn("KDB_BASE_X_H", self.header("", "KDB_X_H")[0])

    def test_comment_above_functions(self):
        self.assertIn("kdb_base_x without", self.header("int kdb_base_x(void);")[0])
        self.assertIn("kdb_base_x without", self.header("struct s *kdb_base_x(const char *name,\n                     int y);")[0])
        self.assertEqual(self.header("void kdb_base_unref(struct kdb_base *base);"), [])
        self.assertEqual(self.header("static inline int kdb_base_x(void)\n{\n    return f();\n}"), [])

    def test_names(self):
        self.assertIn("says nothing", self.problems("src/base/string_" + "util.c", HEADER)[0])
        self.assertIn("says nothing", self.problems("src/base/x.c", HEADER + "int kdb_" + "helper_x(void);\n")[0])

    def test_leftovers(self):
        self.assertIn("leaves work", self.problems("src/base/x.c", HEADER + "// TO" + "DO later\n")[0])
        self.assertIn("tab", self.problems("src/base/x.c", HEADER + "\tint x;\n")[0])
        self.assertIn("spaces", self.problems("docs/x.md", "a \n")[0])
        self.assertIn("line end", self.problems("docs/x.md", "a")[0])

    def test_links(self):
        self.assertIn("does not exist", self.problems("docs/x.md", "see [this](that.md)\n")[0])
        self.assertIn("#nowhere", self.problems("docs/x.md", "# Title\n[a](#nowhere)\n")[0])
        self.assertEqual(self.problems("docs/x.md", "# Some `Title`\n[a](#some-title) [b](x.md) [c](https://x.org)\n"), [])

    def test_named_pages(self):
        self.assertEqual(self.problems("src/base/x.c", HEADER + "// The bytes: docs/FORMATS.md.\n"),
                         ["names docs/FORMATS.md, which does not exist"])
        self.assertEqual(self.problems("docs/x.md", "See docs/x.md, docs/ and https://x.org/docs/y\n"), [])


if __name__ == "__main__":
    unittest.main(verbosity=0)
