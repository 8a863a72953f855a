#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares us with PostgreSQL 15 on random queries: run.py KALAMDB [--queries N] [--seed S] [--verbose]

The same rows are hot in one namespace, flushed in a second, and partly changed after the flush in a third. Every query
runs over all three, on the path the router chooses and, behind a WITH, on the engine path; all answers must be
PostgreSQL's. Between the rounds of queries everything is changed by the same random statements; the second namespace is
flushed again. Prints what differs and a last line `N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import sys
import tempfile

import generate

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))

import cells  # noqa: E402
import servers  # noqa: E402

NAMESPACES = ["hot", "cold", "mixed"]
ROUNDS = 4  # of queries
CHANGES = 12  # between two rounds


# ---- the rows ----

def columns_sql(types):
    return ", ".join(f"{name} {types.get(kind, kind)}{' PRIMARY KEY' if name == 'id' else ''}" for name, kind, _ in generate.COLUMNS)


def insert(table, rows):
    return f"INSERT INTO {table} VALUES " + ", ".join("(" + ", ".join(row) + ")" for row in rows)


def load_postgres(postgres, rows, seconds):
    text = f"CREATE SCHEMA x; CREATE TABLE x.t1 ({columns_sql(generate.POSTGRES_TYPES)}); CREATE TABLE x.t2 (id BIGINT PRIMARY KEY, t1_id BIGINT, k TEXT, v INT);"
    print(postgres.script(text + insert("x.t1", rows) + ";" + insert("x.t2", seconds) + ";"), end="")


def load_kalam(kalam, rng, rows, seconds):
    for space in NAMESPACES:
        kalam.must(f"CREATE NAMESPACE {space}")
        kalam.must(f"CREATE USER TABLE {space}.t1 ({columns_sql({})})")
        kalam.must(f"CREATE USER TABLE {space}.t2 (id BIGINT PRIMARY KEY, t1_id BIGINT, k TEXT, v INT)")
    for space in ("hot", "cold"):
        kalam.must(insert(f"{space}.t1", rows))
        kalam.must(insert(f"{space}.t2", seconds))
    kalam.flush("cold")
    load_mixed(kalam, rng, rows, seconds)


def load_mixed(kalam, rng, rows, seconds):
    """Older versions and rows that go away are flushed, then changed into the same content; twice, so that segments overlap."""
    half = len(rows) // 2
    doomed = [[str(10_000 + i)] + rows[i][1:] for i in range(10)]
    older = [[row[0]] + rng.choice(rows)[1:] for row in rows[:half]]
    kalam.must(insert("mixed.t1", older + doomed))
    kalam.must(insert("mixed.t2", seconds[: len(seconds) // 2]))
    kalam.flush("mixed")
    names = [name for name, _, _ in generate.COLUMNS]
    for number, row in enumerate(rows[:half]):
        if number == half // 2:
            kalam.must("DELETE FROM mixed.t1 WHERE id IN (10000, 10001, 10002)")
            kalam.flush("mixed")
        if rng.random() < 0.2:
            kalam.must(f"DELETE FROM mixed.t1 WHERE id = {row[0]}; " + insert("mixed.t1", [row]))
        else:
            sets = ", ".join(f"{name} = {value}" for name, value in list(zip(names, row))[1:])
            kalam.must(f"UPDATE mixed.t1 SET {sets} WHERE id = {row[0]}")
    kalam.must("DELETE FROM mixed.t1 WHERE id >= 10000")
    kalam.must(insert("mixed.t1", rows[half:]))
    kalam.must(insert("mixed.t2", seconds[len(seconds) // 2:]))


# ---- comparing ----

def is_same_cell(ours, theirs, kind):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    text = cells.cell_text(ours, kind)
    return cells.is_same_number(text, theirs) if cells.is_number(kind) else text == theirs


def sort_key(row):
    return [("" if cell is None else "1" + str(cell)) for cell in row]


def difference(query, ours, theirs):
    """What is wrong with our answer, or None."""
    if isinstance(theirs, str):
        return None if isinstance(ours, str) else f"PostgreSQL fails: {theirs}"
    if isinstance(ours, str):
        return f"we fail: {ours}"
    kinds = [column["data_type"] for column in ours["schema"]]
    rows = ours["rows"]
    if not query.is_ordered:
        text = [[cells.cell_text(cell, kind) for cell, kind in zip(row, kinds)] for row in rows]
        order = sorted(range(len(rows)), key=lambda i: sort_key(text[i]))
        rows = [rows[i] for i in order]
        theirs = sorted(theirs, key=sort_key)
    if len(rows) != len(theirs):
        return f"{len(rows)} rows, PostgreSQL has {len(theirs)}"
    for number, (mine, yours) in enumerate(zip(rows, theirs)):
        for column, kind in enumerate(kinds):
            if not is_same_cell(mine[column], yours[column], kind):
                return f"row {number}, column {column} ({kind}): {mine[column]!r}, PostgreSQL has {yours[column]!r}"
    return None


def variants(query):
    """(name, text) of each way the query is run."""
    ways = [(space, query.text.replace("{ns}", space)) for space in NAMESPACES]
    if query.kind == "row":
        ways += [("engine " + space, "WITH only_the_engine AS (SELECT 1) " + text) for space, text in ways]
    return ways


class Comparison:
    def __init__(self, kalam, postgres, is_verbose):
        self.kalam, self.postgres, self.is_verbose = kalam, postgres, is_verbose
        self.passed = self.failed = 0

    def note(self, way, text, wrong):
        self.passed += not wrong
        self.failed += bool(wrong)
        if wrong and (self.failed <= 30 or self.is_verbose):
            print(f"DIFFERS ({way}): {text}\n  {wrong}")

    def queries(self, queries):
        answers = self.postgres.answers([query.text.replace("{ns}", "x") for query in queries])
        runs = [(way, text, query, theirs) for query, theirs in zip(queries, answers) for way, text in variants(query)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            ours = pool.map(lambda run: self.kalam.run(run[1]), runs)
            for (way, text, query, theirs), answer in zip(runs, ours):
                self.note(way, text, difference(query, answer, theirs))

    def changes(self, changes):
        """Runs the changes everywhere; each must succeed or fail as in PostgreSQL."""
        outputs = self.postgres.outputs([change.replace("{ns}", "x") + ";" for change in changes])
        for change, output in zip(changes, outputs):
            for space in NAMESPACES:
                text = change.replace("{ns}", space)
                answer = self.kalam.run(text)
                failure = answer if isinstance(answer, str) else ""
                wrong = f"we say {failure or 'nothing'}, PostgreSQL {output.strip() or 'nothing'}"
                self.note(space, text, wrong if bool(failure) != ("ERROR:" in output) else None)
        self.kalam.flush("cold")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("KDB_SEED", random.SystemRandom().randint(1, 10**9))))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed} (KDB_SEED repeats it)")
    rng = random.Random(options.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kdb-compare-"))
    postgres = kalam = None
    try:
        postgres = servers.Postgres(folder)
        kalam = servers.Kalam(options.binary, folder)
        rows = generate.rows(rng, 100)
        seconds = [[str(i), str(rng.choice(rows)[0]), "'" + rng.choice("abcd") + "'", str(rng.randint(-10, 100))] for i in range(60)]
        load_postgres(postgres, rows, seconds)
        load_kalam(kalam, rng, rows, seconds)
        generator = generate.Generator(rng)
        comparison = Comparison(kalam, postgres, options.verbose)
        for number in range(ROUNDS):
            comparison.queries([generator.query() for _ in range(options.queries // ROUNDS)])
            comparison.changes([generator.change() for _ in range(CHANGES)] if number < ROUNDS - 1 else [])
    finally:
        for server in (kalam, postgres):
            if server:
                server.stop()
        shutil.rmtree(folder)
    print(f"{comparison.passed} passed, {comparison.failed} failed")
    return comparison.failed != 0


if __name__ == "__main__":
    sys.exit(main())
