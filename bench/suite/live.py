# SPDX-License-Identifier: Apache-2.0
"""Live queries: subscribers and writers of kalam-live, which counts every row that arrives."""
import contextlib
import json
import subprocess

from suite import kalam, measure, works
from suite.machine import Failure

TABLE = "(id BIGINT PRIMARY KEY, grp BIGINT, body TEXT)"
BODY = "a small row of a chat"
SUBSCRIBERS = 1_000
TITLES = {
    "live_fanout": "one row a statement to 1,000 subscribers, one statement and eight at once",
    "live_burst": "20 statements of 100 rows at once to 1,000 subscribers",
    "live_filtered": "one row among 100 to 100,000 equality-filtered subscriptions",
    "live_idle": "memory of idle WebSockets, 10,000 held",
    "live_subscribe": "subscribe to ready with 1,000 rows; resume ten changes of 100,000 rows",
    "live_one": "insert sent to event received, one subscriber (sync, async)",
    "live_stream": "inserts into a STREAM table with one subscriber",
}
SUBSCRIBE = "SELECT id, body FROM bench."


def insert(table, rows=1, groups=0):
    """The body of a request that inserts rows with the next ids; grp is the id modulo the number of groups."""
    tuples = ", ".join(f"({{{{next}}}}, {f'{{{{=0}}}} % {groups}' if groups else 0}, '{BODY}')" for _ in range(rows))
    return works.request(f"INSERT INTO bench.{table} (id, grp, body) VALUES {tuples}")


class Live:
    """A server with its tables, and runs of kalam-live against it."""

    def __init__(self, bench, mode):
        self.bench, self.mode = bench, mode
        self.server = bench.server(durability=mode).start()
        self.server.set_up()
        self.admin, self.user = self.server.client("admin"), self.server.client()
        self.next, self.tables = 1, set()

    def create(self, kind, table):
        self.tables.add(table)
        access = " ACCESS LEVEL public" if kind == "SHARED" else ""
        self.admin.sql(f"CREATE {kind} TABLE bench.{table} {TABLE}{access}")

    def fill(self, table, count):
        for first in range(self.next, self.next + count, 1000):
            last = min(first + 1000, self.next + count)
            self.user_of(table).sql(f"INSERT INTO bench.{table} (id, grp, body) VALUES " + ", ".join(
                f"({key}, 0, '{BODY}')" for key in range(first, last)))
        self.next += count

    def user_of(self, table):
        """Who writes: everyone may read a public table, the administrator fills it."""
        return self.admin if table.startswith("shared") else self.user

    @contextlib.contextmanager
    def started(self, table, body=None, rows=1, statements=0, **options):
        """kalam-live, subscribed and waiting; go() lets it run and returns what it printed."""
        bench = self.bench
        words = [bench.load.programs / "kalam-live", "--port", self.server.port, "--reader", self.user.token,
                 "--writer", self.user_of(table).token, "--rows", rows, "--statements", statements, "--first", self.next,
                 "--seed", bench.load.seed]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", value]
        if body:
            path = bench.scratch / "live.json"
            path.write_text(body, encoding="utf-8")
            words.append(path)
        self.next += rows * statements
        with subprocess.Popen(bench.cores.on_client_core(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            def line():
                text = process.stdout.readline()
                if not text:
                    raise Failure(process.stderr.read().strip() or f"kalam-live ended with {process.wait()}")
                return text

            def go():
                before = self.server.cpu_seconds()
                process.stdin.write("\n")
                process.stdin.flush()
                figures = json.loads(line())
                figures["cpu_seconds"] = self.server.cpu_seconds() - before
                figures["memory"] = self.server.memory()
                return figures

            try:
                line()
                yield go
            finally:
                process.stdin.close()
                process.wait()

    def run(self, table, body=None, **options):
        with self.started(table, body, **options) as go:
            return go()

    def add(self, name, title, runs, value, clients, **figure):
        """The median of some runs by `value`, with the times since sending as p50 and p99."""
        run = sorted(runs, key=value)[(len(runs) - 1) // 2]
        times = figure.pop("times", "since_sent")
        ours = {"p50_us": run[times]["p50_us"], "p99_us": run[times]["p99_us"]} if run[times]["count"] else {}
        if run["rows"]:
            ours["cpu_us"] = round(run["cpu_seconds"] * 1e6 / run["rows"], 3)
        text = f"{clients}; all runs: " + ", ".join(f"{value(each):,.5g}" for each in runs)
        return self.bench.add(name, title, self.mode, value=value(run), ours=ours, memory=run["memory"], live=run,
                              compared=figure.pop("compared", text), **figure)


def rate(run):
    return run["rows_per_second"]


def statements(run):
    return run["statements_per_second"]


def fanout(live):
    """As many statements on their way as writers: each sends the next one when one has arrived at all subscribers."""
    for kind, table, writers in (("SHARED", "shared_fan", 1), ("SHARED", "shared_fan", 8), ("USER", "user_fan", 8)):
        name = f"live_fanout_{kind.lower()}_{writers}"
        if table not in live.tables:
            live.create(kind, table)
        count = (300 if live.bench.options.quick else 1_000) * (1 if writers == 1 else 3)
        runs = [live.run(table, insert(table), statements=count, connections=SUBSCRIBERS, subscriptions=SUBSCRIBERS,
                         matches=SUBSCRIBERS, window=writers, writers=writers, query=SUBSCRIBE + table)
                for _ in range(live.bench.options.repeats)]
        bounds = {"aim": 200_000, "least": 100_000} if writers > 1 else {}
        clients = f"{SUBSCRIBERS:,} subscribers, {writers} statements on their way"
        live.add(name, f"deliveries of a {kind} table's rows, {writers} at once; p50 and p99 from answer to last subscriber",
                 runs, rate, clients, unit="/s", times="since_known", **bounds)
        late = sorted(run["since_known"]["p99_us"] for run in runs)[(len(runs) - 1) // 2] / 1000
        live.bench.add(name + "_p99", f"p99 of the same ({kind}, {writers} at once)", live.mode, value=late, unit=" ms",
                       aim=15, least=15, is_less_better=True, compared=clients)


def burst(live):
    live.create("SHARED", "shared_burst")
    runs = [live.run("shared_burst", insert("shared_burst", 100), rows=100, statements=20, writers=20,
                     connections=SUBSCRIBERS, subscriptions=SUBSCRIBERS, matches=SUBSCRIBERS,
                     query=SUBSCRIBE + "shared_burst") for _ in range(live.bench.options.repeats)]
    live.add("live_burst", "rows of 20 statements of 100 at once", runs, rate,
             f"{SUBSCRIBERS:,} subscribers, 20 writers, {runs[0]['rows']:,} rows arrived each time", unit=" rows/s",
             aim=1_000_000, least=1_000_000)


def filtered(live):
    first = None
    for count in (100, 1_000, 10_000) if live.bench.options.quick else (100, 1_000, 10_000, 100_000):
        table = f"user_filtered{count}"
        live.create("USER", table)
        connections = min(count, 100)
        before = live.server.memory()["rss_mb"]
        runs = []
        for _ in range(live.bench.options.repeats if count < 100_000 else 1):
            with live.started(table, insert(table, groups=count), statements=2_000, connections=connections,
                              subscriptions=count, matches=1, window=1, query=SUBSCRIBE + f"{table} WHERE grp = %u",
                              timeout=60) as go:
                each = (live.server.memory()["rss_mb"] - before) * 1024 / count
                runs.append(go())

        def cost(run):
            return run["cpu_seconds"] * 1e6 / run["rows"]

        figure = live.add(f"live_filtered_{count}", f"processor time of one change beside {count:,} filtered subscriptions",
                          runs, cost, f"{connections} connections, {each:.1f} KB a subscription", unit=" us",
                          is_less_better=True)
        first = first or figure["value"]
        figure.update(least=first * 1.5)


def idle(live):
    """On a server started anew, where nobody signs in with a password: hashing it leaves memory behind that the
    connections would take. The first ones pay for what the server needs once."""
    live.server.restart()
    first, count = (500, 2_000) if live.bench.options.quick else (1_000, 10_000)
    with live.started("none", connections=first, subscriptions=0, timeout=60) as go_first:
        before = live.server.memory()["rss_mb"]
        with live.started("none", connections=count - first, subscriptions=0, timeout=60) as go:
            held = live.server.memory()["rss_mb"]
            run = go()
            go_first()
    live.add("live_idle", f"server memory of an idle WebSocket, {count:,} held and answering a ping", [run],
             lambda _: (held - before) * 1024 / (count - first), f"{count:,} connections, {before} MB with {first:,}, {held} "
             f"MB with {count:,}", unit=" KB", aim=10, least=10, is_less_better=True)


def subscribe(live):
    live.create("USER", "user_rows")
    live.fill("user_rows", 1_000)
    runs = [live.run("user_rows", subscriptions=1, subscribe_runs=100, initial_rows=1_000, options="{}",
                     query=SUBSCRIBE + "user_rows") for _ in range(live.bench.options.repeats)]

    def middle(run):
        return run["subscribed"]["p50_us"] / 1000

    live.add("live_subscribe", "subscribe to ready with 1,000 rows, p50", runs, middle, "1 connection, 100 times each",
             unit=" ms", times="subscribed", aim=10, least=10, is_less_better=True)
    live.create("USER", "user_many")
    live.fill("user_many", 100_000)
    ((seq,),) = live.user.rows("SELECT MAX(_seq) FROM bench.user_many")
    for _ in range(10):
        live.fill("user_many", 1)
    runs = [live.run("user_many", subscriptions=1, subscribe_runs=100, initial_rows=10, query=SUBSCRIBE + "user_many",
                     options=json.dumps({"from": str(seq)})) for _ in range(live.bench.options.repeats)]
    live.add("live_resume", "resume after ten changes in 100,000 rows, p50", runs, middle, "1 connection, 100 times each",
             unit=" ms", times="subscribed", aim=20, least=20, is_less_better=True)


def one(live):
    live.create("USER", "user_one")
    runs = [live.run("user_one", insert("user_one"), statements=2_000, window=1, query=SUBSCRIBE + "user_one")
            for _ in range(live.bench.options.repeats)]
    aim, least = (1, 2) if live.mode == "sync" else (0.3, 1)
    live.add("live_one", "insert sent to event received, p50", runs, lambda run: run["since_sent"]["p50_us"] / 1000,
             "1 subscriber, 1 writer", unit=" ms", aim=aim, least=least, is_less_better=True)


def stream(live):
    live.admin.sql(f"CREATE STREAM TABLE bench.user_stream {TABLE} WITH (TTL_SECONDS = 60)")
    count = 20_000 if live.bench.options.quick else 50_000
    runs = [live.run("user_stream", insert("user_stream"), statements=count, writers=64, query=SUBSCRIBE + "user_stream")
            for _ in range(live.bench.options.repeats)]
    live.add("live_stream", "events of one STREAM table that arrived", runs, statements, "1 subscriber, 64 writers",
             unit="/s", aim=10_000, least=10_000)


WORKS = (("live_fanout", fanout, ("async",)), ("live_burst", burst, ("async",)), ("live_filtered", filtered, ("async",)),
         ("live_idle", idle, ("async",)), ("live_subscribe", subscribe, ("async",)), ("live_one", one, ("async", "sync")),
         ("live_stream", stream, ("async",)))


def measure_all(bench):
    """Each work on a server of its own."""
    for name, work, modes in WORKS:
        for mode in modes:
            if not bench.is_wanted(name, mode):
                continue
            live = Live(bench, mode)
            try:
                work(live)
            except Failure as failure:
                bench.add(name, TITLES[name], mode, failure=str(failure))
            finally:
                live.server.stop()
