#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the object files of a build: check_symbols.py BUILD_FOLDER

Refused: an exported name without kdb_ or its folder's name in front, a call of an unsafe libc function, the malloc
family outside base and the adapters of foreign libraries, writable globals that writable_globals.txt does not name.
"""
import functools
import pathlib
import re
import subprocess
import sys

import tree

UNSAFE = set("""strcpy stpcpy strcat sprintf vsprintf gets strtok gmtime localtime ctime asctime atoi atol atoll atof
alloca rand srand tmpnam mktemp""".split())
ALLOCATING = set("""malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf posix_memalign aligned_alloc
memalign getline getdelim open_memstream""".split())
ALLOCATING_MODULES = {"base", "store", "engine", "sql", "net", "auth", "conf", "cli"}

# Names that compilers and sanitizers add.
_TOOL_NAME = re.compile(r"^(\.|__(asan|odr_asan|ubsan|tsan|sanitizer|sancov|gcov|llvm|start_|stop_)|_sub_|_GLOBAL_|__x86)")
_SYMBOL = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+\s+(?:\.hidden |\.internal |\.protected )?(\S+)$")


def libraries(build):
    """Yields (module, path) of what to look at: the static library of each folder, and the programs' main files."""
    for path in sorted(build.glob("libkdb_*.a")):
        module = path.stem[len("libkdb_"):]
        if (tree.ROOT / "src" / module).is_dir():
            yield module, path
    for module, program in (("server", "kalamdb"), ("cli", "kalam")):
        path = build / f"CMakeFiles/{program}.dir/src/{module}/main.c.o"
        if path.exists():
            yield module, path


def symbols(text):
    """Yields (object, flags, section, name) from the output of `objdump -t`."""
    member = "?"
    for line in text.splitlines():
        file = re.match(r"^(\S+):\s+file format", line)
        if file:
            member = pathlib.PurePath(file[1]).name
            continue
        symbol = _SYMBOL.match(line)
        if symbol and not _TOOL_NAME.match(symbol[3]):
            yield member, symbol[1], symbol[2], symbol[3]


def is_writable(section):
    return bool(re.match(r"\*COM\*|\.(bss|data|tbss|tdata|sbss|sdata)", section)) and not section.startswith(".data.rel.ro")


@functools.cache
def prefixes(module):
    """How names that a folder exports may begin: kdb_, the folder's name, or a word of one of its files
    (bind_from.c may export bind_join). The linker finds two folders that use one name."""
    folder = pathlib.Path(__file__).resolve().parent.parent / "src" / module
    words = {word for path in folder.glob("*.[ch]") for word in path.stem.split("_")}
    return ("kdb_", module + "_", *(word + "_" for word in sorted(words)))


def problem_of(module, flags, section, name, allowed_globals):
    """What is wrong with one symbol of one folder, or None."""
    # "u" is a template's data: shared between object files by the C++ compiler, as weak names are.
    is_global, is_weak = flags[0] in "g!", flags[1] == "w" or flags[0] == "u"
    if section == "*UND*":
        plain = re.sub(r"^__(\w+)_chk$", r"\1", name)
        if plain in UNSAFE:
            return f"calls {plain}"
        if plain in ALLOCATING and module not in ALLOCATING_MODULES:
            return f"calls {plain}: allocate from the arena, or with kdb_alloc and kdb_free"
        return None
    if (is_global or section == "*COM*") and not is_weak and name != "main" and not name.startswith(prefixes(module)):
        return f"exports {name}, which begins neither with kdb_ nor with {module}_ nor like a file of that folder"
    if flags[6] == "O" and is_writable(section) and not is_weak:
        plain = re.sub(r"\.\d+$", "", name)
        if (module, plain) not in allowed_globals:
            return f"has the writable global {plain}"
        allowed_globals[(module, plain)] += 1
    return None


def read_allowed(path):
    """Lines "module name reason" as {(module, name): uses}."""
    allowed = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            module, name, _ = line.split(None, 2)
            allowed[(module, name)] = 0
    return allowed


def check(build):
    allowed = read_allowed(tree.ROOT / "tools/writable_globals.txt")
    problems, seen = [], set()
    for module, path in libraries(build):
        seen.add(module)
        text = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
        for member, flags, section, name in symbols(text):
            problem = problem_of(module, flags, section, name, allowed)
            if problem:
                problems.append(f"src/{module}/{member.removesuffix('.o')}: {problem}")
    if not seen:
        problems.append(f"{build}: has no libkdb_*.a to look at")
    problems += [f"tools/writable_globals.txt: {module} {name} does not exist any more"
                 for (module, name), uses in allowed.items() if module in seen and uses == 0]
    return problems


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_symbols.py BUILD_FOLDER")
    sys.exit(tree.report("check_symbols", check(pathlib.Path(sys.argv[1]))))
