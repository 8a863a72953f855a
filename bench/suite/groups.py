# SPDX-License-Identifier: Apache-2.0
"""Measurements in groups that share a state of the server; each returns its figures as it goes."""
import glob
import json
import random
import subprocess
import time

from suite import kalam, live, machine, measure, works
from suite.machine import Failure
from suite.works import ROWS

STATEMENT_ROWS = 1000  # of the statements that fill tables
GOALS_MS = {"point": 1, "insert": 1}  # of one client, where a write does not wait for fsync
CATALOGUE_MS = 10
LARGE_ROWS, LARGE_BYTES = 20_000, 1_000  # rows with a text that hardly compresses


class Bench:
    """What all groups need, and where they put their figures."""

    def __init__(self, options, cores, load, scratch, postgres):
        self.options, self.cores, self.load, self.scratch, self.postgres = options, cores, load, scratch, postgres
        self.figures = []
        self.servers = 0

    def server(self, **settings):
        """A server on an empty data folder, set up."""
        self.servers += 1
        folder = self.scratch / f"server{self.servers}"
        return kalam.Server(self.options.build / "kalamdb", folder, self.cores, **settings)

    def is_wanted(self, name, mode=""):
        return self.options.wants(name, mode)

    def add(self, name, title, mode="", **figure):
        """Notes a figure and says so at once."""
        figure = {"name": name, "title": title, "mode": mode, **figure}
        self.figures.append(figure)
        self.options.announce(figure)
        return figure


def fill(client, table, first, count, wrap=None):
    """Inserts rows with the keys first, first + 1, ... in statements of 1,000 rows."""
    for start in range(first, first + count, STATEMENT_ROWS):
        size = min(STATEMENT_ROWS, first + count - start)
        client.sql(f"INSERT INTO {table} ({works.COLUMNS}) VALUES {works.rows(start, size)}")


def create(client, *tables):
    for table in tables:
        client.sql(f"CREATE USER TABLE bench.{table} {works.TABLE}")


# ---- the floor of the machine ----

def echo(bench):
    """A program that answers every request with the same bytes."""
    if not bench.is_wanted("echo"):
        return
    port = machine.free_port()
    command = bench.cores.on_server_core(bench.load.programs / "kalam-echo", port)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            machine.wait_for_port(port, process, 10, bench.scratch / "none")
            body = works.request(works.SELECT_KEY + "$1", works.ANY_KEY)
            token = "x" * 240  # about as long as a real one
            runs = []
            for _ in range(bench.options.repeats):
                before = machine.cpu_seconds(process.pid)
                run = bench.load.run(port, body, tokens=[token], seconds=min(2, bench.options.seconds), rows=1)
                run["cpu_us"] = round((machine.cpu_seconds(process.pid) - before) * 1e6 / run["answered"], 2)
                runs.append(run)
            one = bench.load.run(port, body, tokens=[token], connections=1, seconds=1, rows=1)
        finally:
            process.terminate()
    bench.add("echo", "echo of raw epoll (what the machine can do)", unit="/s", ours=measure.median_run(runs),
              one_client=one)


# ---- hot rows, beside PostgreSQL ----

def prepare_postgres(postgres):
    """The same tables and rows; one user's, so without a user column, which is to its advantage."""
    rows = f"SELECT i, 'user-' || i % {works.GROUPS}, i * 7 % 1000, i / 4.0, '{works.NOTE}' FROM generate_series"
    table = works.TABLE.replace("DOUBLE", "DOUBLE PRECISION")
    postgres.sql("CREATE SCHEMA bench;" + "".join(
        f"CREATE TABLE bench.{name} {table};" for name in ("items", "updated", "inserted", "deleted")) + "".join(
        f"INSERT INTO bench.{name} {rows}(0, {ROWS - 1}) AS i;" for name in ("items", "updated")) + "VACUUM ANALYZE;")


def refill_postgres(postgres):
    rows = f"SELECT i, 'user-7', 1, 0.25, '{works.NOTE}' FROM generate_series(0, {works.DELETES - 1}) AS i"
    postgres.sql(f"TRUNCATE bench.deleted; INSERT INTO bench.deleted {rows}; VACUUM ANALYZE bench.deleted;")


def idle(bench, server):
    """Memory before anything was asked, and after setup, sign-in and rows, still without DuckDB."""
    if bench.is_wanted("idle"):
        time.sleep(2)
        bench.add("idle", "idle server before DuckDB is first used", unit=" MB", memory=server.memory(),
                  value=server.memory()["rss_mb"], aim=20, least=28, is_less_better=True)


def hot(bench, mode):
    """The works of works.HOT in one durability mode, on 10,000 rows of one user."""
    wanted = [work for work in works.HOT if bench.is_wanted(work.name, mode) and
              (mode in work.modes or (work.modes == ("",) and mode == "sync"))]
    is_idle_wanted = mode == "sync" and bench.is_wanted("idle")
    if not wanted and not is_idle_wanted:
        return
    server = bench.server(durability=mode).start()
    try:
        if is_idle_wanted:
            idle(bench, server)
        if wanted:
            server.set_up()
            measure_hot(bench, server, mode, wanted)
    finally:
        server.stop()


def measure_hot(bench, server, mode, wanted):
    create(server.client("admin"), "items", "updated", "inserted", "deleted")
    client = server.client()
    for table in ("items", "updated"):
        fill(client, f"bench.{table}", 0, ROWS)
    if bench.is_wanted("idle") and mode == "sync":
        bench.add("idle_loaded", "the same after sign-in and 20,000 rows", unit=" MB", memory=server.memory(),
                  value=server.memory()["rss_mb"], is_less_better=True)
    if bench.postgres:
        bench.postgres.durability = mode
    comparison = measure.Comparison(server, bench.postgres, bench.load, bench.options)
    for family in families(wanted):
        is_delete = family[0].name == "delete"
        prepare = (lambda: fill(client, "bench.deleted", 0, works.DELETES)) if is_delete else None
        theirs = (lambda: refill_postgres(bench.postgres)) if is_delete else None
        try:
            results = comparison.measure(family, prepare, theirs)
        except Failure as failure:
            for work in family:
                bench.add(work.name, work.title, mode_shown(work, mode), unit=work.unit, failure=str(failure))
            continue
        for work, result in zip(family, results):
            add_hot(bench, work, mode_shown(work, mode), result)
            if bench.options.perf:
                comparison.profile(work, bench.options.perf, prepare)


def families(wanted):
    """The works in lists of those that are compared with each other: one with parameters, then the same with literals."""
    found = {}
    for work in wanted:
        found.setdefault(work.same_as or work.name, []).append(work)
    return found.values()


def mode_shown(work, mode):
    return mode if mode in work.modes else ""


def add_hot(bench, work, shown, result):
    aim, least = work.aims.get(shown, (None, None))
    bench.add(work.name, work.title, shown, unit=work.unit, kind=work.kind, per_request=work.per_request,
              aim=aim, least=least, listed=work.listed.get(shown), same_as=work.same_as, **result)
    if work.name in GOALS_MS and shown in ("", "async"):
        one = result["one_client"]
        bench.add(f"{work.name}_p99", f"{work.title}: p99 of one client", shown, unit=" ms", ours=one,
                  value=one["p99_us"] / 1000, aim=GOALS_MS[work.name], least=GOALS_MS[work.name], is_less_better=True)


# ---- many users, many tables ----

def users(bench):
    """Whether one user's query slows down with the number of others in the table. The server is started anew before
    each measurement, so that what differs is their number: not whose rows were written last and lie in the write
    buffer, nor the compaction of what was just written."""
    if not bench.is_wanted("users"):
        return
    server = bench.server(durability="async").start()
    try:
        server.set_up()
        create(server.client("admin"), "items")
        fill(server.client(), "bench.items", 0, ROWS)
        work = next(work for work in works.HOT if work.name == "point")
        others, first = 0, None
        for wanted in bench.options.user_counts:
            add_users(server.client("admin"), others, wanted)
            others = wanted
            server.restart()
            run = measure_user(bench, server, work)
            figure = bench.add(f"users_{wanted}", f"point SELECT beside {wanted:,} other users", unit="/s", ours=run,
                               memory=server.memory())
            first = first or run["per_second"]
            figure.update(least=first * 0.85, compared="the first of these figures")
    finally:
        server.stop()


def measure_user(bench, server, work):
    options = {"tokens": [server.client().token], "rows": 1, "expect": work.expect}
    bench.load.run(server.port, work.body, seconds=bench.options.seconds, **options)  # its blocks into the cache
    return measure.median_run([measure.on_server(server, bench.load, work.body, seconds=bench.options.seconds, **options)
                               for _ in range(bench.options.repeats)])


def add_users(admin, have, wanted):
    """Gives 20 rows to each further user, 25 users a request."""
    for start in range(have, wanted, 25):
        admin.sql(";".join(f"EXECUTE AS USER 'other{user}' (INSERT INTO bench.items ({works.COLUMNS}) VALUES "
                           f"{works.rows(0, 20)})" for user in range(start, min(start + 25, wanted))))


def tables(bench):
    """The time of CREATE TABLE from the first to the last."""
    if not bench.is_wanted("tables"):
        return
    server = bench.server(durability="sync").start()
    try:
        server.set_up()
        admin = server.client("admin")
        times = []
        for index in range(bench.options.table_count):
            before = time.monotonic()
            admin.sql(f"CREATE USER TABLE bench.t{index} {works.TABLE}")
            times.append((time.monotonic() - before) * 1e6)
        part = len(times) // 10
        first, last = measure.middle(times[:part]), measure.middle(times[-part:])
        bench.add("tables", f"CREATE TABLE, the last {part:,} of {len(times):,}", "sync", unit=" us", value=last,
                  least=first * 1.5, compared=f"the first {part:,} took {first:,.0f} us", is_less_better=True,
                  by_tenth_us=[round(measure.middle(times[i * part:(i + 1) * part])) for i in range(10)],
                  p99_us=sorted(times)[int(len(times) * 0.99)], memory=server.memory())
        for name, title, sql in (
                ("describe", "DESCRIBE", f"DESCRIBE TABLE bench.t{len(times) // 2}"),
                ("system_tables", "one row of system.tables",
                 f"SELECT * FROM system.tables WHERE table_name = 't{len(times) // 2}'")):
            run = measure.on_server(server, bench.load, works.request(sql), tokens=[admin.token], connections=1,
                                    seconds=min(2, bench.options.seconds))
            bench.add(name, f"{title}, {len(times):,} tables", unit=" ms", ours=run, value=run["p50_us"] / 1000,
                      aim=CATALOGUE_MS, least=CATALOGUE_MS, is_less_better=True)
    finally:
        server.stop()


# ---- flushed rows ----

def flushed(bench):
    """Flushing 100,000 rows of one user, and aggregates over them beside DuckDB alone."""
    with_flush, with_aggregate = bench.is_wanted("flush"), bench.is_wanted("cold_aggregate")
    if not with_flush and not with_aggregate:
        return
    server = bench.server(durability="sync").start()
    try:
        server.set_up()
        admin, client = server.client("admin"), server.client()
        seconds, jobs = [], []
        for index in range(bench.options.repeats if with_flush else 1):
            create(admin, f"flush{index}")
            fill(client, f"bench.flush{index}", 0, 100_000)
            took, metrics = kalam.flush(admin, f"bench.flush{index}")
            seconds.append(took)
            jobs.append(metrics)
        if with_flush:
            bench.add("flush", "flush of 100,000 rows of one user", unit=" s", aim=0.2, least=0.5, is_less_better=True,
                      value=measure.middle([job["duration_ms"] for job in jobs]) / 1000, jobs=jobs,
                      seen_from_outside=measure.middle(seconds), memory=server.memory())
            flush_large(bench, server, admin, client)
        if with_aggregate:
            cold_aggregates(bench, server, client)
            mixed_aggregates(bench, server, client)
        if with_flush:
            drop(bench, admin)
    finally:
        server.stop()


def flush_large(bench, server, admin, client):
    """Megabytes a second: what is flushed, not what the file takes."""
    create(admin, "large")
    text = random.Random(bench.options.seed)
    for first in range(0, LARGE_ROWS, 100):
        rows = ", ".join(f"({key}, 'user-7', 1, 0.25, '{text.randbytes(LARGE_BYTES // 2).hex()}')"
                         for key in range(first, first + 100))
        client.sql(f"INSERT INTO bench.large ({works.COLUMNS}) VALUES {rows}")
    _, metrics = kalam.flush(admin, "bench.large")
    rate = LARGE_ROWS * LARGE_BYTES / 1e6 / (metrics["duration_ms"] / 1000)
    bench.add("flush_large", f"flush of {LARGE_ROWS:,} rows of {LARGE_BYTES:,} bytes", unit=" MB/s", value=rate, aim=50,
              least=50, jobs=[metrics], memory=server.memory())


def drop(bench, admin):
    """DROP of a table with 100,000 flushed rows."""
    before = time.monotonic()
    admin.sql("DROP TABLE bench.flush0")
    bench.add("drop", "DROP TABLE, 100,000 flushed rows", "sync", unit=" ms", value=(time.monotonic() - before) * 1000,
              is_less_better=True)


def mixed_aggregates(bench, server, client):
    """The aggregates again with every hundredth row hot, in a newer version."""
    for key in range(0, 100_000, 100):
        client.sql("UPDATE bench.flush0 SET amount = amount + 1 WHERE id = $1", key)
    for name, title, text, rows in (("mixed_aggregate", "COUNT, SUM, AVG", works.AGGREGATE, 1),
                                    ("mixed_group_by", "GROUP BY", works.AGGREGATE_GROUPS, works.GROUPS)):
        runs = [measure.on_server(server, bench.load, works.request(text.format(table="bench.flush0")),
                                  tokens=[client.token], connections=1, rows=rows,
                                  seconds=min(2, bench.options.seconds)) for _ in range(bench.options.repeats)]
        run = measure.median_run(runs)
        cold = next(figure["value"] for figure in bench.figures if figure["name"] == name.replace("mixed", "cold"))
        bench.add(name, f"{title} over 99,000 flushed and 1,000 hot rows", unit=" us", value=run["p50_us"], ours=run,
                  memory=server.memory(), is_less_better=True, aim=cold * 2, least=cold * 2,
                  compared=f"flushed only {cold:,.0f} us")


def cold_aggregates(bench, server, client):
    """Engine path and DuckDB alone, by one client, in turn."""
    files = sorted(glob.glob(f"{server.folder}/data/users/{kalam.USER}/tables/bench/flush0/*.parquet"))
    if not files:
        raise Failure(f"no Parquet files under {server.folder}/data/users")
    source = "read_parquet([" + ", ".join(f"'{file}'" for file in files) + "])"
    scan = f"SELECT {works.COLUMNS} FROM {{table}}"
    cases = (("cold_aggregate", "COUNT, SUM, AVG over 100,000 flushed rows", works.AGGREGATE, 1),
             ("cold_group_by", "GROUP BY over 100,000 flushed rows", works.AGGREGATE_GROUPS, works.GROUPS),
             ("cold_key", "one key among 100,000 flushed rows", scan + " WHERE id = 77777", 1),
             ("cold_scan", "all 100,000 flushed rows", scan, 100_000))
    for name, title, text, rows in cases:
        body = works.request(text.format(table="bench.flush0"))
        ours, alone = [], []
        for _ in range(bench.options.repeats):
            ours.append(measure.on_server(server, bench.load, body, tokens=[client.token], connections=1, rows=rows,
                                          seconds=min(2, bench.options.seconds)))
            server.pause()
            alone.append(duckdb_alone(bench, text.format(table=source)))
            server.resume()
        run = measure.median_run(ours)
        reference = measure.middle([case["text"]["p50_us"] for case in alone])
        is_aggregate = name in ("cold_aggregate", "cold_group_by")
        bench.add(name, title, unit=" us", value=run["p50_us"], ours=run, memory=server.memory(), is_less_better=True,
                  duckdb_alone_us=reference,
                  duckdb_prepared_us=measure.middle([case["prepared"]["p50_us"] for case in alone]),
                  **({"aim": reference * 1.3, "least": reference * 2} if is_aggregate else {}),
                  compared=f"DuckDB alone {reference:,.0f} us")


def duckdb_alone(bench, sql):
    command = bench.cores.on_server_core(bench.load.programs / "kalam-duckdb", min(1, bench.options.seconds), sql)
    result = machine.finish(command)
    if result.returncode != 0:
        raise Failure(result.stderr.strip())
    return json.loads(result.stdout)["queries"][0]


# ---- a million flushed rows ----

COLD_USERS = 100
DECODED_ROW_BYTES = 140  # of one row in the cache of row groups


def cold_point(bench):
    """Random keys of random users, with a segment cache that holds all of the data, or a tenth."""
    if not bench.is_wanted("cold_point"):
        return
    per_user = bench.options.cold_rows // COLD_USERS
    server = bench.server(durability="async").start()
    try:
        server.set_up()
        admin = server.client("admin")
        create(admin, "items")
        tokens = []
        for index in range(COLD_USERS):
            admin.sql(f"CREATE USER cold{index} WITH PASSWORD '{kalam.PASSWORD}' ROLE user")
            client = server.client(f"cold{index}")
            tokens.append(client.token)
            fill(client, "bench.items", 0, per_user)
            client.close()
        took, metrics = kalam.flush(admin, "bench.items")
        bench.add("cold_flush", f"flush of {bench.options.cold_rows:,} rows of {COLD_USERS} users", unit=" s",
                  value=metrics["duration_ms"] / 1000, seen_from_outside=took, is_less_better=True,
                  memory=server.memory())
        data = bench.options.cold_rows * DECODED_ROW_BYTES
        for name, share, size, aims in (("cold_point_tenth", "a tenth of the data", data // 10, (600, 300)),
                                        ("cold_point_all", "all of the data", data * 4, (20_000, 5_000))):
            server.restart(segment_cache_bytes=size)
            measure_cold(bench, server, name, share, tokens, per_user, aims)
    finally:
        server.stop()


def measure_cold(bench, server, name, share, tokens, per_user, aims):
    body = works.request(works.SELECT_KEY + "$1", f"{{{{uniform 0 {per_user - 1}}}}}")
    options = {"tokens": tokens, "rows": 1, "expect": '"rows":[["{{=0}}",'}
    # Every user's rows are read before measuring: a cache that holds all then does.
    bench.load.run(server.port, body, seconds=max(3, bench.options.seconds), **options)
    before = server.memory()
    runs = [measure.on_server(server, bench.load, body, seconds=bench.options.seconds, **options)
            for _ in range(bench.options.repeats)]
    one = measure.on_server(server, bench.load, body, connections=1, seconds=min(1.5, bench.options.seconds), **options)
    bench.add(name, f"point SELECT among {bench.options.cold_rows:,} flushed rows, cache holds {share}", unit="/s",
              ours=measure.median_run(runs), one_client=one, memory=server.memory(), memory_before=before,
              aim=aims[0], least=aims[1])


def run_all(bench):
    echo(bench)
    hot(bench, "sync")
    hot(bench, "async")
    users(bench)
    tables(bench)
    flushed(bench)
    cold_point(bench)
    live.measure_all(bench)
