#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares us with PostgreSQL 15 on random queries: run.py KALAMDB [--queries N] [--seed S] [--verbose]

The same rows are hot in one namespace, flushed in a second, and partly changed after the flush in a third. Every query
runs over all three, on the path the router chooses and, with a subquery that always holds, on the engine path; all
answers must be PostgreSQL's. Prints what differs, grouped, and a last line `N passed, N failed`.
"""
import argparse
import datetime
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import generate

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
NAMESPACES = ["hot", "cold", "mixed"]
MARK = "\x01next\x01"


class Postgres:
    """A private server in a folder of its own, spoken to through one psql."""

    def __init__(self, folder):
        self.folder = folder
        data = folder / "pg"
        subprocess.run([POSTGRES / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--lc-collate=C",
                        "--lc-ctype=C.UTF-8", "-N"], check=True, stdout=subprocess.DEVNULL)
        with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses=''\nunix_socket_directories='{folder}'\ntimezone='UTC'\nfsync=off\n")
        self.server = subprocess.Popen([POSTGRES / "postgres", "-D", data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while subprocess.run([POSTGRES / "pg_isready", "-q", "-h", folder, "-U", "test"], check=False).returncode != 0:
            if time.monotonic() > deadline:
                sys.exit("PostgreSQL did not start")
            time.sleep(0.1)

    def script(self, text):
        """Runs statements; returns standard output."""
        done = subprocess.run([POSTGRES / "psql", "-h", self.folder, "-U", "test", "-d", "postgres", "-X", "-q", "-A",
                               "-F", "\x02", "-R", "\x03", "-P", "null=\x04"], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode()

    def answers(self, queries):
        """For each query its rows as lists of text (None for NULL), or the error text."""
        lines = ["\\set VERBOSITY terse"]
        for query in queries:
            lines += [f"{query};", f"\\echo {MARK}"]
        parts = self.script("\n".join(lines) + "\n").split(MARK + "\n")
        return [self.parse(part) for part in parts[:len(queries)]]

    @staticmethod
    def parse(part):
        if part.startswith("ERROR:"):
            return part.strip()
        records = part.split("\x03")  # a header, the rows, "(2 rows)"
        return [[None if cell == "\x04" else cell for cell in row.split("\x02")] for row in records[1:-1]]

    def stop(self):
        self.server.send_signal(2)
        self.server.wait()


class Kalam:
    """Our server with one signed-in administrator."""

    def __init__(self, binary, folder):
        environment = dict(os.environ, KALAMDB_SERVER_PORT="0", KALAMDB_DATA_DIR=str(folder / "data"), KALAMDB_LOG_LEVEL="info")
        self.log = open(folder / "kalamdb.log", "w+", encoding="utf-8")
        self.server = subprocess.Popen([binary], env=environment, stderr=self.log, stdout=self.log)
        self.url = self.wait_for_port(folder / "kalamdb.log")
        password = "a long enough secret"
        self.post("/v1/api/auth/setup", {"user": "tester", "password": password, "root_password": password})
        self.token = self.post("/v1/api/auth/login", {"user": "tester", "password": password})["access_token"]

    def wait_for_port(self, path):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for line in path.read_text(encoding="utf-8").splitlines():
                if " listens on http://" in line:
                    return line.split(" listens on ")[1].split(" ")[0]
            if self.server.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit("kalamdb did not start:\n" + path.read_text(encoding="utf-8"))

    def post(self, path, body, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as failure:
            return json.load(failure)
        except (ConnectionError, http.client.HTTPException) as failure:
            self.log.flush()
            sys.exit(f"the server is gone ({failure}) after {body}\n" + pathlib.Path(self.log.name).read_text(encoding="utf-8")[-3000:])

    def run(self, sql):
        """The last result of the statements, or the error text."""
        answer = self.post("/v1/api/sql", {"sql": sql}, self.token)
        if answer["status"] == "error":
            return "ERROR: " + answer["error"]["message"]
        return answer["results"][-1] if answer["results"] else {}

    def must(self, sql):
        result = self.run(sql)
        if isinstance(result, str):
            sys.exit(f"{sql[:300]}\n{result}")
        return result

    def wait_for_job(self, message):
        if "Job ID: " not in message:
            sys.exit("no job: " + message)
        job = message.split("Job ID: ")[1].rstrip(".")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.must(f"SELECT status, message FROM system.jobs WHERE job_id = '{job}'")["rows"]
            if state and state[0][0] in ("completed", "failed", "cancelled"):
                if state[0][0] != "completed":
                    sys.exit(f"{job}: {state[0]}")
                return
            time.sleep(0.02)
        sys.exit(job + " did not end")

    def stop(self):
        self.server.terminate()
        self.server.wait()


# ---- the rows ----

def columns_sql():
    return ", ".join(f"{name} {kind}{' PRIMARY KEY' if name == 'id' else ''}" for name, kind, _ in generate.COLUMNS)


def insert(table, rows):
    return f"INSERT INTO {table} VALUES " + ", ".join("(" + ", ".join(row) + ")" for row in rows)


def load_postgres(postgres, rows, seconds):
    text = f"CREATE SCHEMA x; CREATE TABLE x.t1 ({columns_sql()}); CREATE TABLE x.t2 (id BIGINT PRIMARY KEY, t1_id BIGINT, k TEXT, v INT);"
    print(postgres.script(text + insert("x.t1", rows) + ";" + insert("x.t2", seconds) + ";"), end="")


def load_kalam(kalam, rng, rows, seconds):
    for space in NAMESPACES:
        kalam.must(f"CREATE NAMESPACE {space}")
        kalam.must(f"CREATE USER TABLE {space}.t1 ({columns_sql()})")
        kalam.must(f"CREATE USER TABLE {space}.t2 (id BIGINT PRIMARY KEY, t1_id BIGINT, k TEXT, v INT)")
    for space in ("hot", "cold"):
        kalam.must(insert(f"{space}.t1", rows))
        kalam.must(insert(f"{space}.t2", seconds))
    flush(kalam, "cold")
    load_mixed(kalam, rng, rows, seconds)


def flush(kalam, space):
    for table in ("t1", "t2"):
        kalam.wait_for_job(kalam.must(f"STORAGE FLUSH TABLE {space}.{table}")["message"])


def load_mixed(kalam, rng, rows, seconds):
    """Older versions and rows that go away are flushed, then changed into the same content; twice, so that segments overlap."""
    half = len(rows) // 2
    doomed = [[str(10_000 + i)] + rows[i][1:] for i in range(10)]
    older = [[row[0]] + rng.choice(rows)[1:] for row in rows[:half]]
    kalam.must(insert("mixed.t1", older + doomed))
    kalam.must(insert("mixed.t2", seconds[: len(seconds) // 2]))
    flush(kalam, "mixed")
    names = [name for name, _, _ in generate.COLUMNS]
    for number, row in enumerate(rows[:half]):
        if number == half // 2:
            kalam.must("DELETE FROM mixed.t1 WHERE id IN (10000, 10001, 10002)")
            flush(kalam, "mixed") if number % 2 == 0 else kalam.wait_for_job(kalam.must("STORAGE FLUSH TABLE mixed.t1")["message"])
        if rng.random() < 0.2:
            kalam.must(f"DELETE FROM mixed.t1 WHERE id = {row[0]}; " + insert("mixed.t1", [row]))
        else:
            sets = ", ".join(f"{name} = {value}" for name, value in list(zip(names, row))[1:])
            kalam.must(f"UPDATE mixed.t1 SET {sets} WHERE id = {row[0]}")
    kalam.must("DELETE FROM mixed.t1 WHERE id >= 10000")
    kalam.must(insert("mixed.t1", rows[half:]))
    kalam.must(insert("mixed.t2", seconds[len(seconds) // 2:]))


# ---- comparing ----

EPOCH = datetime.datetime(1970, 1, 1)


def cell_text(cell, kind):
    """A cell of ours as PostgreSQL prints it; numbers that may be spelled in several ways as floats."""
    if cell is None:
        return None
    if kind == "Boolean":
        return "t" if cell else "f"
    if kind == "Timestamp":
        at = EPOCH + datetime.timedelta(microseconds=cell)
        text = at.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
        return text + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "")
    if kind == "Date":
        return (EPOCH + datetime.timedelta(days=cell)).strftime("%Y-%m-%d").rjust(10, "0")
    return str(cell)


def is_same_cell(ours, theirs, kind):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if kind in ("Double", "Float") or isinstance(kind, dict):
        a, b = float(ours), float(theirs)
        return a == b or abs(a - b) <= 1e-12 * max(abs(a), abs(b))
    return cell_text(ours, kind) == theirs


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
        text = [[cell_text(cell, kind) for cell, kind in zip(row, kinds)] for row in rows]
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


def through_engine(text):
    """The same query with a condition that only the engine evaluates and that always holds."""
    if " WHERE " in text.split(" ORDER BY ")[0] and text.startswith("SELECT") and " FROM {ns}.t1" in text:
        head, tail = text.split(" WHERE ", 1)
        where, order = (tail.split(" ORDER BY ", 1) + [None])[:2]
        return f"{head} WHERE ({where}) AND EXISTS (SELECT 1)" + (f" ORDER BY {order}" if order else "")
    if text.startswith("SELECT") and " ORDER BY " in text:
        head, order = text.split(" ORDER BY ", 1)
        return f"{head} WHERE EXISTS (SELECT 1) ORDER BY {order}"
    return None


def variants(query):
    """(name, text) of each way the query is run."""
    ways = [(space, query.text.format(ns=space)) for space in NAMESPACES]
    if query.kind == "row":
        forced = through_engine(query.text)
        if forced:
            ways += [("engine " + space, forced.format(ns=space)) for space in NAMESPACES]
    return ways


def compare(kalam, postgres, queries, verbose):
    answers = postgres.answers([query.text.format(ns="x") for query in queries])
    passed = failed = 0
    for query, theirs in zip(queries, answers):
        for way, text in variants(query):
            wrong = difference(query, kalam.run(text), theirs)
            if wrong:
                failed += 1
                if failed <= 30 or verbose:
                    print(f"DIFFERS ({way}): {text}\n  {wrong}")
            else:
                passed += 1
    return passed, failed


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
        postgres = Postgres(folder)
        kalam = Kalam(options.binary, folder)
        rows = generate.rows(rng, 100)
        seconds = [[str(i), str(rng.choice(rows)[0]), "'" + rng.choice("abcd") + "'", str(rng.randint(-10, 100))] for i in range(60)]
        load_postgres(postgres, rows, seconds)
        load_kalam(kalam, rng, rows, seconds)
        generator = generate.Generator(rng)
        passed, failed = compare(kalam, postgres, [generator.query() for _ in range(options.queries)], options.verbose)
    finally:
        for server in (kalam, postgres):
            if server:
                server.stop()
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
