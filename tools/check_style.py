#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/STYLE.md that a look at the text can decide: sizes, names, first lines, comments, links."""
import pathlib
import re
import sys

import tree

LINES_MAX = {".c": (800, 1200), ".cpp": (800, 1200), ".h": (300, 300)}  # warn above, refuse above
TEST_LINES_MAX = (800, 1200)  # also of a header: a fixture is code
FUNCTION_LINES_WARN, FUNCTION_LINES_MAX = 60, 70
COLUMNS_MAX = 100
C_SUFFIXES = (".c", ".h", ".cpp", ".def")
TEXT_SUFFIXES = C_SUFFIXES + (".py", ".md", ".cmake", ".txt", ".toml", ".json", ".slt", ".scn", ".mjs", ".js", ".sh")
SPDX = "SPDX-License-Identifier: Apache-2.0"

# The test of the checks names pages that do not exist.
TEST_OF_THIS = pathlib.Path("tools/test_checks.py")

# Written in pieces, so that this file does not break its own rules.
FILE_NAME_WORDS = {"ut" + "il", "ut" + "ils", "help" + "er", "help" + "ers", "comm" + "on", "mi" + "sc", "mana" + "ger"}
IDENTIFIER_WORDS = FILE_NAME_WORDS - {"comm" + "on"}
LEFTOVERS = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b")

_FUNCTION_NAME = re.compile(r"\b([a-z]\w*)\s*\(")
_IDENTIFIER = re.compile(r"\bkdb_\w+|\b[a-z]\w*(?=\()")
# A function declared at the left margin; inline bodies and life-cycle verbs (docs/STYLE.md) say it themselves.
_DECLARATION = re.compile(r"^(?!typedef\b|static inline\b|_?[Ss]tatic_assert)[a-zA-Z_][\w* ]*\b([a-z]\w*)\(")
_LIFE_CYCLE = re.compile(r"_(ref|unref|deinit|close|destroy)$")
_DOCUMENT = re.compile(r"(?<!\w/)\bdocs/[\w./-]*\w")
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.M)


def first_lines(path, lines):
    """The SPDX line, and for C a sentence below it."""
    start = 1 if lines and lines[0].startswith("#!") else 0
    if SPDX not in (lines[start] if len(lines) > start else ""):
        yield 1, f"does not begin with {SPDX}"
    elif path.suffix in C_SUFFIXES and not re.match(r"// \S+ \S+", lines[1] if len(lines) > 1 else ""):
        yield 2, "has no sentence in its second line saying what the file is"


def size(path, lines):
    _, maximum = TEST_LINES_MAX if "tests" in path.parts else LINES_MAX[path.suffix]
    if len(lines) > maximum:
        yield maximum, f"has {len(lines)} lines, the limit is {maximum}"


def functions(lines):
    """Yields (line, name, lines of the body) of the functions of a formatted C file."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            head = " ".join(lines[max(0, start - 8):start - 1])
            names = _FUNCTION_NAME.findall(head)
            name = next((name for name in reversed(names) if not name.isupper()), "?")
            yield start, name, number - start - 1
            start = None


def guard(place, lines):
    parts = place.with_suffix("").parts
    wanted = "KDB_" + "_".join(parts[1:] if parts[0] == "src" else parts).upper() + "_H"
    text = "\n".join(lines)
    if f"#ifndef {wanted}\n#define {wanted}\n" not in text:
        yield 1, f"has no guard {wanted}"


def undocumented(lines):
    """Function declarations of a header without a comment above their block."""
    text = tree.without_comments("\n".join(lines)).splitlines()
    depth, is_commented, is_reported = 0, False, False
    for number, (line, code) in enumerate(zip(lines, text), 1):
        if not line.strip():
            is_commented = is_reported = False
        if depth == 0:
            is_commented = is_commented or line.lstrip().startswith(("//", "/*", "*"))
            declared = _DECLARATION.match(code)
            if declared and not is_commented and not is_reported and not _LIFE_CYCLE.search(declared[1]):
                is_reported = True
                yield number, f"declares {declared[1]} without a comment above it"
        if not code.startswith('extern "" {'):
            depth += code.count("{") - code.count("}")
        depth = max(depth, 0)


def names(place, lines):
    if set(re.split(r"[^a-z]+", place.name.lower())) & FILE_NAME_WORDS:
        yield 1, "has a name that says nothing"
    if place.suffix in C_SUFFIXES:
        for number, line in enumerate(tree.without_comments("\n".join(lines)).splitlines(), 1):
            for name in _IDENTIFIER.findall(line):
                if set(name.lower().split("_")) & IDENTIFIER_WORDS:
                    yield number, f"{name} is a name that says nothing"


def plain_text(path, lines):
    for number, line in enumerate(lines, 1):
        if LEFTOVERS.search(line):
            yield number, "leaves work behind; do it or open an issue"
        if "\t" in line and path.suffix in C_SUFFIXES + (".py", ".md"):
            yield number, "has a tab"
        if line != line.rstrip():
            yield number, "ends in spaces"
        if path.suffix in C_SUFFIXES and len(line) > COLUMNS_MAX:
            yield number, f"has {len(line)} columns, the limit is {COLUMNS_MAX}"
        if path.suffix in C_SUFFIXES and re.search(r"\balloca\s*\(", line):
            yield number, "calls alloca"


def slug(heading):
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-")


def links(path, lines):
    """Relative links of a page that lead nowhere."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), "\n".join(lines), flags=re.M | re.S)
    for number, line in enumerate(text.splitlines(), 1):
        for target in _LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            page = path.parent / file if file else path
            if not page.exists():
                yield number, f"links to {file}, which does not exist"
            elif anchor and page.suffix == ".md":
                if anchor not in map(slug, _HEADING.findall(page.read_text(encoding="utf-8"))):
                    yield number, f"links to #{anchor}, which {page.name} does not have"


def documents(root, lines):
    """Pages under docs/ that a comment or script names and that are not there."""
    for number, line in enumerate(lines, 1):
        for page in _DOCUMENT.findall(line):
            if not (root / page).exists():
                yield number, f"names {page}, which does not exist"


def check_file(root, path):
    """Returns (problems, warnings) of one file, each as (line, text)."""
    place = path.relative_to(root)
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    problems, warnings = [], []
    if lines[-1] == "":
        lines.pop()
    elif path.suffix in TEXT_SUFFIXES:
        problems.append((len(lines), "does not end with a line end"))
    problems += plain_text(path, lines)
    problems += names(place, lines)
    if path.suffix in C_SUFFIXES + (".py", ".cmake") or path.name == "CMakeLists.txt" or lines[:1] == ["#!/usr/bin/env bash"] \
            and place.parts[0] != ".ci":
        problems += first_lines(path, lines)
    if path.suffix in LINES_MAX:
        problems += size(path, lines)
        if len(lines) > LINES_MAX[path.suffix][0]:
            warnings.append((1, f"has {len(lines)} lines"))
        for line, name, count in functions(lines):
            if count > FUNCTION_LINES_MAX:
                problems.append((line, f"{name} has {count} lines, the limit is {FUNCTION_LINES_MAX}"))
            elif count > FUNCTION_LINES_WARN:
                warnings.append((line, f"{name} has {count} lines"))
    if path.suffix == ".h":
        problems += guard(place, lines)
        if place.parts[0] == "src" and not path.stem.endswith("_priv"):
            problems += undocumented(lines)
    if path.suffix == ".md":
        problems += links(path, lines)
    if place != TEST_OF_THIS:
        problems += documents(root, lines)
    return problems, warnings


def is_checked(path):
    return path.suffix in TEXT_SUFFIXES or not path.suffix


def check(root):
    all_problems, all_warnings = [], []
    for path in tree.files(root):
        place = path.relative_to(root)
        if path.is_symlink() or not is_checked(path) or "corpus" in place.parts or path.name in ("LICENSE", "package-lock.json"):
            continue
        problems, warnings = check_file(root, path)
        all_problems += [f"{place}:{line}: {text}" for line, text in problems]
        all_warnings += [f"{place}:{line}: {text}" for line, text in warnings]
    return all_problems, all_warnings


if __name__ == "__main__":
    sys.exit(tree.report("check_style", *check(tree.ROOT)))
