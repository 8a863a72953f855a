# SPDX-License-Identifier: Apache-2.0
"""SQL scripts (tests/sql/README.md): records of a statement and what it must answer."""
import json
import re

PLAIN = re.compile(r"[^\s|\"\\](?:[^|\"\\\n\t]*[^\s|\"\\])?")  # a cell that needs no quotes


class Record:
    """One statement. `rows` is None when a query has no answer yet."""

    def __init__(self, line, user):
        self.line, self.user = line, user
        self.end = line  # line behind the statement
        self.text = ""
        self.params = None
        self.is_query = self.is_error = self.is_sorted = self.has_names = False
        self.says = ""  # regular expression of the message or error
        self.changes = None
        self.letters = None
        self.rows = None
        self.skipped = set()
        self.only = set()

    def runs_on(self, way):
        if way == "postgres" and (self.user or self.params is not None):
            return False
        return way not in self.skipped and (not self.only or way in self.only)


class Script:
    """`name` is a namespace's: folder and file."""

    def __init__(self, path, name):
        self.path, self.name = path, name
        self.records = []


def quote(text):
    return text if PLAIN.fullmatch(text) and text != "NULL" else json.dumps(text, ensure_ascii=False)


def split_row(line):
    """Cells between bars, as quote() gives them."""
    found = []
    for cell in re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^|]*)\s*(?:\||$)', line)[:line_cells(line)]:
        cell = cell.strip()
        found.append(quote(json.loads(cell)) if cell.startswith('"') else cell)
    return found


def line_cells(line):
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", line).count("|") + 1


def read_head(record, words, line, path):
    """`query [types] [rowsort] [names]`, `statement ok [regex]`, `statement changes N`, `statement error regex`."""
    kind = words[0]
    if kind == "query":
        record.is_query = True
        for word in words[1:]:
            if word == "rowsort":
                record.is_sorted = True
            elif word == "names":
                record.has_names = True
            else:
                record.letters = word
    elif kind == "statement" and words[1:2] == ["changes"]:
        record.changes = int(words[2])
    elif kind == "statement" and words[1:2] in (["ok"], ["error"]):
        record.is_error = words[1] == "error"
        record.says = line.split(None, 2)[2] if len(words) > 2 else ""
    else:
        raise SystemExit(f"{path}:{record.line}: cannot read: {line}")


def read_block(block, start, state, path):
    """The record of a block of lines, or None for directives and comments alone."""
    record = Record(start, state["user"])
    record.skipped = set(state["skipped"])
    lines = list(block)
    while lines:
        words = lines[0].split()
        if words[0].startswith("#"):
            pass
        elif words[0] == "user":
            state["user"] = record.user = " ".join(words[1:])
        elif words[0] == "skipall":
            state["skipped"] |= set(words[1:])
            record.skipped = set(state["skipped"])
        elif words[0] == "skipif":
            record.skipped |= set(words[1:])
        elif words[0] == "onlyif":
            record.only |= set(words[1:])
        elif words[0] == "params":
            record.params = json.loads(lines[0].split(None, 1)[1])
        else:
            break
        lines.pop(0)
        record.line += 1
    if not lines:
        return None
    read_head(record, lines[0].split(), lines[0], path)
    body = lines[1:]
    mark = body.index("----") if "----" in body else len(body)
    record.text = "\n".join(body[:mark])
    record.end = record.line + mark
    if mark < len(body):
        record.rows = [split_row(line) for line in body[mark + 1:]]
    if not record.text:
        raise SystemExit(f"{path}:{record.line}: no statement")
    return record


def parse(path, root):
    """Reads a script below root."""
    name = "_".join(path.relative_to(root).with_suffix("").parts)
    script = Script(path, name)
    state = {"user": "", "skipped": set()}
    block, start = [], 1
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n") + [""], 1):
        if line.strip():
            block.append(line)
            continue
        if block:
            record = read_block(block, start, state, path)
            if record:
                script.records.append(record)
        block, start = [], number + 1
    return script


def write_answers(script):
    """Writes types and answers into the script where they were missing."""
    lines = script.path.read_text(encoding="utf-8").split("\n")
    for record in reversed(script.records):
        if not record.is_query or record.rows is None:
            continue
        head = record.line - 1
        if record.letters and not any(word.isupper() for word in lines[head].split()[1:]):
            lines[head] = " ".join(["query", record.letters] + lines[head].split()[1:])
        if lines[record.end:record.end + 1] != ["----"]:
            lines[record.end:record.end] = ["----"] + [" | ".join(row) for row in record.rows]
    script.path.write_text("\n".join(lines), encoding="utf-8")
