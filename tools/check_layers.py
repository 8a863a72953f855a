#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares every #include of src/ with the layers in docs/ARCHITECTURE.md, and that table with CMakeLists.txt.

Refused: an include outside the table, another folder's _priv.h, a foreign library outside its folder, cycles.
"""
import re
import sys

import tree

# A foreign header, by the beginning of its name, and the folders that may include it. The first match counts.
FOREIGN = [
    ("duckdb", {"engine"}),
    ("rocksdb/", {"store"}),
    ("pg_query", {"sql"}),
    ("postgres", {"sql"}),
    ("nodes/", {"sql"}),
    ("parser/", {"sql"}),
    ("uv.h", {"net"}),
    ("uv/", {"net"}),
    ("llhttp", {"net"}),
    ("wslay/", {"net"}),
    ("openssl/err.h", {"base", "net", "client"}),
    ("openssl/ssl", {"net", "client"}),
    ("openssl/bio", {"net", "client"}),
    ("openssl/x509", {"client"}),
    ("openssl/pem", {"net"}),
    ("openssl/", {"base"}),
    ("sodium", {"auth"}),
    ("cjose/", {"auth"}),
    ("jansson", {"auth"}),
    ("toml", {"conf"}),
    ("msgpack", {"api"}),
    ("zlib.h", {"api"}),
    ("histedit", {"cli"}),
    ("editline/", {"cli"}),
]

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def read_layers(text):
    """The first ``` block of lines "module: dependencies" as {module: [dependencies]}."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S):
        lines = block.strip().splitlines()
        if lines and all(re.fullmatch(r"\w+:( \w+)*", line.rstrip()) for line in lines):
            return {name: rest.split() for name, rest in (line.split(":", 1) for line in lines)}
    return {}


def read_cmake(text):
    """The same table as CMakeLists.txt says it."""
    return {name: (deps or "").split() for name, deps in re.findall(r"^kdb_module\((\w+)(?: DEPS ([\w ]+))?\)", text, re.M)}


def cycles(graph):
    """Describes one cycle per way in; {} of a graph without any."""
    found, done = [], set()

    def visit(node, path):
        if node in path:
            found.append(" -> ".join(path[path.index(node):] + [node]))
        elif node not in done:
            for dependency in graph.get(node, ()):
                visit(dependency, path + [node])
            done.add(node)

    for node in graph:
        visit(node, [])
    return found


def includes(path):
    """Yields (line, is_quoted, name) of every include of a file."""
    text = path.read_text(encoding="utf-8")
    for match in _INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2]


def foreign_problem(module, name):
    for prefix, folders in FOREIGN:
        if name.startswith(prefix):
            if module in folders:
                return None
            return f"<{name}> belongs to src/{' and src/'.join(sorted(folders))} only"
    return None


def include_problem(layers, module, is_quoted, name):
    if not is_quoted:
        return foreign_problem(module, name)
    folder, _, file = name.rpartition("/")
    if folder not in layers:
        return f'"{name}" is not written as "folder/file.h" with a folder of the table'
    if folder != module and folder not in layers[module]:
        return f'"{name}": {module} may not use {folder}'
    if folder != module and re.search(r"_priv\.", file):
        return f'"{name}" is private to src/{folder}'
    return None


def check(root):
    layers = read_layers((root / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
    if not layers:
        return ["docs/ARCHITECTURE.md: has no block of lines \"module: dependencies\""]
    problems = [f"docs/ARCHITECTURE.md: {module}: unknown module {dependency}"
                for module, dependencies in layers.items() for dependency in dependencies if dependency not in layers]
    problems += [f"docs/ARCHITECTURE.md: cycle {cycle}" for cycle in cycles(layers)]
    if read_cmake((root / "CMakeLists.txt").read_text(encoding="utf-8")) != layers:
        problems.append("CMakeLists.txt: the kdb_module lines differ from the block in docs/ARCHITECTURE.md")

    headers = {}
    for path in tree.files(root, ".c", ".h", ".cpp", ".def", under="src"):
        place = path.relative_to(root)
        module = place.parts[1]
        if module not in layers:
            problems.append(f"{place}: folder {module} is not in docs/ARCHITECTURE.md")
            continue
        if len(place.parts) != 3:
            problems.append(f"{place}: folders of src/ have no folders inside")
        for line, is_quoted, name in includes(path):
            problem = include_problem(layers, module, is_quoted, name)
            if problem:
                problems.append(f"{place}:{line}: {problem}")
            if is_quoted and path.suffix == ".h":
                headers.setdefault("/".join(place.parts[1:]), []).append(name)
    return problems + [f"src: headers include each other: {cycle}" for cycle in cycles(headers)]


if __name__ == "__main__":
    sys.exit(tree.report("check_layers", check(tree.ROOT)))
