#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the scripts of this folder: run.py KALAMDB [SCRIPT…] [--way WAY] [--complete]

Every script runs five ways, with the same answers: `hot`; `cold`, where a flush goes before every statement that follows a
change; `mixed`, where every second change is flushed; `engine`, as mixed with every SELECT forced off the row path; and
`postgres`, the same statements on PostgreSQL 15. README.md describes the scripts. Prints what differs and a last line
`N passed, N failed`. With --complete, answers are filled in where `----` is missing: PostgreSQL's, or ours when it skips.
"""
import argparse
import concurrent.futures
import decimal
import pathlib
import re
import shutil
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cells  # noqa: E402
import script  # noqa: E402
import servers  # noqa: E402

WAYS = ["hot", "cold", "mixed", "engine", "postgres"]
LETTERS = {"Boolean": "B", "SmallInt": "S", "Int": "I", "BigInt": "L", "Float": "F", "Double": "D", "Text": "T", "Json": "J",
           "Bytes": "Y", "Timestamp": "P", "DateTime": "Z", "Date": "A", "Time": "H", "Uuid": "U"}
POSTGRES_LETTERS = {"boolean": "B", "smallint": "S", "integer": "I", "bigint": "L", "real": "F", "double precision": "D",
                    "json": "J", "jsonb": "J", "bytea": "Y", "timestamp without time zone": "P",
                    "timestamp with time zone": "Z", "date": "A", "time without time zone": "H", "uuid": "U"}
# PostgreSQL's type and ours where docs/SQL.md says that they differ.
TYPE_DIFFERENCES = {"IL", "ND", "NL", "ZP"}


def letter(kind):
    """The letter of a data_type; `{"Decimal": …}` is N."""
    return "N" if isinstance(kind, dict) else LETTERS.get(kind, "?")


def quoted(cell, kind):
    """A cell as scripts write it."""
    if cell is None:
        return "NULL"
    if kind == "B":
        return {"t": "true", "f": "false"}[cell]
    return script.quote(cell)


def is_same_cell(expected, found, kind):
    if kind not in "DFM" or "NULL" in (expected, found):
        return expected == found
    try:
        return cells.is_same_number(expected, found) if kind != "M" else decimal.Decimal(expected) == decimal.Decimal(found)
    except (ValueError, decimal.InvalidOperation):
        return False


def difference(record, letters, names, rows):
    """How a query's answer differs from the one that is written, or None."""
    if record.letters and letters.replace("M", "N") != record.letters:
        return f"column types are {letters}"
    if record.is_sorted:
        rows = sorted(rows)
    wanted = sorted(record.rows) if record.is_sorted else record.rows
    if record.has_names and [names] != wanted[:1]:
        return f"column names are {' | '.join(names)}"
    wanted = wanted[1:] if record.has_names else wanted
    if len(rows) != len(wanted):
        return f"{len(rows)} rows: " + "; ".join(" | ".join(row) for row in rows[:20])
    for number, (row, want) in enumerate(zip(rows, wanted)):
        if len(row) != len(want) or not all(is_same_cell(*pair) for pair in zip(want, row, letters)):
            return f"row {number + 1} is {' | '.join(row)}"
    return None


def fill_in(record, names, rows):
    record.rows = ([names] if record.has_names else []) + (sorted(rows) if record.is_sorted else rows)


class OurRun:
    """One script on our server, one way."""

    def __init__(self, kalam, users, way, name):
        self.kalam, self.users, self.way = kalam, users, way
        self.space = f"{name}_{way}"
        self.changes = 0
        self.is_dirty = False
        kalam.must(f"CREATE NAMESPACE {self.space}")

    def flush_when_due(self):
        if not self.is_dirty or self.way == "hot" or (self.way != "cold" and self.changes % 2 == 0):
            return
        self.kalam.flush(self.space)
        self.is_dirty = False

    def send(self, record):
        self.flush_when_due()
        text = record.text.replace("{ns}", self.space)
        if self.way == "engine" and record.is_query and text.upper().startswith("SELECT"):
            text = "WITH only_the_engine AS (SELECT 1) " + text
        more = {"params": record.params} if record.params is not None else {}
        answer = self.kalam.sql(text, self.users.token(record.user), namespace_id=self.space, **more)
        if not record.is_query:
            self.changes += 1
            self.is_dirty = True
        return answer

    def wrong(self, record, is_completing):
        """What is wrong with the answer to a record, or None."""
        answer = self.send(record)
        is_error = answer["status"] == "error"
        text = f"{answer['error']['code']}: {answer['error']['message']}" if is_error else ""
        if record.is_error:
            if not is_error:
                return f"no error: {answer['results']}"
            return None if re.search(record.says, text, re.IGNORECASE) else text
        if is_error:
            return text
        if record.is_query:
            with_rows = [result for result in answer["results"] if "rows" in result]
            return self.wrong_rows(record, with_rows[-1], is_completing) if with_rows else f"no rows: {answer['results']}"
        result = answer["results"][-1] if answer["results"] else {"row_count": 0}
        if record.changes is not None and result["row_count"] != record.changes:
            return f"changes {result['row_count']} rows"
        message = result.get("message", "")
        return None if re.search(record.says, message, re.IGNORECASE) else f"the message is: {message}"

    def wrong_rows(self, record, result, is_completing):
        kinds = [column["data_type"] for column in result["schema"]]
        letters = "".join(letter(kind) for kind in kinds)
        rows = [[quoted(cells.cell_text(cell, kind), letter(kind)) for cell, kind in zip(row, kinds)] for row in result["rows"]]
        names = [script.quote(column["name"].replace(self.space, "{ns}")) for column in result["schema"]]
        rows = [[cell.replace(self.space, "{ns}") for cell in row] for row in rows]
        if is_completing:
            record.letters = record.letters or letters
            if record.rows is None:
                fill_in(record, names, rows)
        return difference(record, letters, names, rows)


class Users:
    """Signs users in once, at first use."""

    def __init__(self, kalam):
        self.kalam = kalam
        self.tokens = {"": kalam.token}
        self.lock = threading.Lock()

    def token(self, user):
        with self.lock:
            if user not in self.tokens:
                name, role = (user.split(":") + ["user"])[:2]
                self.kalam.must(f"CREATE USER '{name}' WITH PASSWORD '{self.kalam.PASSWORD}' ROLE '{role}'")
                self.tokens[user] = self.kalam.sign_in(name)
            return self.tokens[user]


def run_ours(kalam, users, way, parsed, is_completing):
    run = OurRun(kalam, users, way, parsed.name)
    records = [record for record in parsed.records if record.runs_on(way)]
    return [(record, way, run.wrong(record, is_completing)) for record in records]


# ---- PostgreSQL ----

def postgres_text(text, space):
    """A statement of ours as PostgreSQL takes it."""
    return re.sub(r"^CREATE USER TABLE", "CREATE TABLE", text.replace("{ns}", space), flags=re.IGNORECASE)


def wrong_in_postgres(record, described, output, is_completing):
    is_error = "ERROR:" in output or "ERROR:" in described
    if is_error or record.is_error:
        return None if is_error == record.is_error else output.strip() or "no error"
    if not record.is_query:
        return None
    header, *rows = servers.Postgres.records(output)
    kinds = [re.sub(r"\(.*?\)", "", row[1]) for row in servers.Postgres.records(described)[1:]]
    found = "".join("N" if kind == "numeric" else POSTGRES_LETTERS.get(kind, "T") for kind in kinds)
    if record.rows is None and is_completing:
        rows = [[quoted(cell, kind) for cell, kind in zip(row, found)] for row in rows]
        fill_in(record, [script.quote(name) for name in header], rows)
        return None
    letters = record.letters if record.letters and len(record.letters) == len(found) else found
    for column, pair in enumerate(zip(found, letters)):
        if pair[0] != pair[1] and "".join(pair) not in TYPE_DIFFERENCES:
            return f"column {column + 1} is {kinds[column]}"
    rows = [[quoted(cell, kind) for cell, kind in zip(row, found)] for row in rows]
    # The digits behind the point of a computed DECIMAL are ours (docs/SQL.md): its value is compared.
    return difference(record, letters.replace("N", "M"), [script.quote(name) for name in header], rows)


def run_postgres(postgres, parsed, is_completing):
    records = [record for record in parsed.records if record.runs_on("postgres")]
    space = parsed.name + "_postgres"
    commands = [f"CREATE SCHEMA {space}; SET search_path = {space};"]
    for record in records:
        text = postgres_text(record.text, space)
        commands += [f"{text} \\gdesc" if record.is_query and not record.is_error else "", f"{text};"]
    outputs = postgres.outputs(commands)[1:]
    if len(outputs) < 2 * len(records):
        return [(record, "postgres", "psql stopped within the script") for record in records]
    return [(record, "postgres", wrong_in_postgres(record, outputs[2 * i], outputs[2 * i + 1], is_completing))
            for i, record in enumerate(records)]


# ---- all of them ----

def run_all(options, folder, scripts):
    kalam = postgres = None
    try:
        if "postgres" in options.ways:
            postgres = servers.Postgres(folder)
        kalam = servers.Kalam(options.binary, folder)
        users = Users(kalam)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            waiting = []
            for parsed in scripts:
                if postgres:
                    waiting.append((parsed, pool.submit(run_postgres, postgres, parsed, options.complete)))
                if options.complete and waiting:
                    waiting[-1][1].result()
                for way in options.ways:
                    if way != "postgres":
                        waiting.append((parsed, pool.submit(run_ours, kalam, users, way, parsed, options.complete)))
                        if options.complete:
                            waiting[-1][1].result()
            return [(parsed, *outcome) for parsed, future in waiting for outcome in future.result()]
    finally:
        for server in (kalam, postgres):
            if server:
                server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("scripts", nargs="*", type=pathlib.Path, metavar="SCRIPT")
    parser.add_argument("--way", action="append", choices=WAYS, dest="ways")
    parser.add_argument("--complete", action="store_true")
    options = parser.parse_intermixed_args()
    options.ways = options.ways or WAYS
    paths = options.scripts or sorted(HERE.rglob("*.slt"))
    scripts = [script.parse(path.resolve(), HERE) for path in paths]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kdb-sql-"))
    try:
        outcomes = run_all(options, folder, scripts)
    finally:
        shutil.rmtree(folder)
    if options.complete:
        for parsed in scripts:
            script.write_answers(parsed)
    failed = [outcome for outcome in outcomes if outcome[3]]
    for parsed, record, way, wrong in failed:
        print(f"{parsed.path.relative_to(HERE)}:{record.line} ({way}): {record.text[:300]}\n  {wrong}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return bool(failed) or not outcomes


if __name__ == "__main__":
    sys.exit(main())
