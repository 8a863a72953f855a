# SPDX-License-Identifier: Apache-2.0
"""Runs one work in turn against our server and PostgreSQL, several times, and takes the median."""
import contextlib
import json
import signal
import statistics
import subprocess

from suite import machine
from suite.machine import Failure


# Files of --perf: name, what perf record and perf report are told.
PROFILES = (("flat", ["-F", "4000"], ["--percent-limit", "0.4", "--sort", "comm,dso,symbol"]),
            ("tree", ["--call-graph", "dwarf,16384", "-F", "150", "-m", "16M"],
             ["--children", "-g", "caller,1,callee", "--percent-limit", "1"]))


# On a machine that is busy enough a run of a second ends before the first answer.
PGBENCH_TRIES = 5


class Load:
    """kalam-load on the clients' core."""

    def __init__(self, programs, scratch, cores, seed):
        self.programs, self.scratch, self.cores, self.seed = programs, scratch, cores, seed

    def command(self, port, body, *, tokens=(), connections=64, seconds=4.0, count=0, rows=None, expect="", first=0,
                warmup=0.5, path="/v1/api/sql"):
        (self.scratch / "body.json").write_text(body, encoding="utf-8")
        (self.scratch / "tokens").write_text("".join(token + "\n" for token in tokens), encoding="utf-8")
        words = [self.programs / "kalam-load", "--port", port, "--path", path, "--connections", connections,
                 "--seed", self.seed, "--first", first, "--tokens", self.scratch / "tokens"]
        words += ["--seconds", 0, "--count", count, "--warmup", 0] if count else ["--seconds", seconds, "--warmup", warmup]
        words += ["--rows", rows] if rows is not None else []
        words += ["--expect", expect] if expect else []
        return self.cores.on_client_core(*words, self.scratch / "body.json")

    def answers(self, port, body, **options):
        """What kalam-load printed, also when answers were failures."""
        result = machine.finish(self.command(port, body, **options))
        if not result.stdout:
            raise Failure(result.stderr.strip())
        return json.loads(result.stdout)

    def run(self, port, body, **options):
        """What kalam-load printed; a run with a wrong answer is none."""
        figures = self.answers(port, body, **options)
        if figures["errors"]:
            raise Failure(f"{figures['errors']} of {figures['answered']} answers are wrong; {figures['first_error']}")
        return figures


def median_run(runs):
    """The run in the middle by its rate, with the range of all."""
    ordered = sorted(runs, key=lambda run: run["per_second"])
    middle = dict(ordered[(len(ordered) - 1) // 2])
    middle["all_per_second"] = [run["per_second"] for run in runs]
    return middle


def on_server(server, load, body, **options):
    """One run of kalam-load with what the server used for it."""
    before = server.cpu_seconds()
    figures = load.run(server.port, body, **options)
    figures["cpu_us"] = round((server.cpu_seconds() - before) * 1e6 / max(1, figures["answered"]), 2)
    return figures


class Comparison:
    """Our server and PostgreSQL, of which one sleeps while the other is measured."""

    def __init__(self, server, postgres, load, options):
        self.server, self.postgres, self.load, self.options = server, postgres, load, options
        self.tokens = [server.client().token]
        self.next = {"inserted": 10_000_000, "updated": 10_000}

    def ours(self, work, connections, seconds, prepare):
        """One run of a work against our server."""
        if prepare:
            prepare()
        options = {"tokens": self.tokens, "connections": connections, "rows": work.rows, "expect": work.expect,
                   "first": self.next.get(work.table, 0)}
        options.update({"count": work.count} if work.count else {"seconds": seconds})
        figures = on_server(self.server, self.load, work.body, **options)
        if work.table:
            self.next[work.table] = figures["next"]
        return figures

    @contextlib.contextmanager
    def postgres_awake(self):
        """Our server sleeps inside, PostgreSQL outside."""
        self.server.pause()
        self.postgres.resume()
        try:
            yield
        finally:
            self.postgres.pause()
            self.server.resume()

    def theirs(self, work, protocol, prepare):
        """One run of a work against PostgreSQL."""
        if prepare:
            prepare()
        bound = {"transactions": work.count} if work.count else {"seconds": self.options.postgres_seconds}
        for _ in range(PGBENCH_TRIES):
            self.next["postgres"] = first = self.next.get("postgres", 0) + 10_000_000
            figures = self.postgres.pgbench(work.postgres, protocol, first=first, **bound)
            if figures:
                return figures
        raise Failure(f"pgbench got no answer in {PGBENCH_TRIES} runs")

    def measure(self, family, prepare=None, prepare_postgres=None):
        """[{"ours", "one_client", "postgres_simple", "postgres_prepared", "memory"}] of works that are compared with
        each other: they run in turn, each round the other way about, so that neither meets a fuller table or a busier
        machine than the other."""
        runs = {work.name: {"ours": [], "simple": [], "prepared": []} for work in family}
        for round_number in range(self.options.repeats):
            for work in family if round_number % 2 == 0 else reversed(family):
                runs[work.name]["ours"].append(self.ours(work, 64, self.options.seconds, prepare))
                if self.is_compared(work):
                    with self.postgres_awake():
                        for protocol in ("simple", "prepared"):
                            runs[work.name][protocol].append(self.theirs(work, protocol, prepare_postgres))
        return [self.summary(work, runs[work.name], prepare) for work in family]

    def is_compared(self, work):
        return self.postgres is not None and bool(work.postgres)

    def summary(self, work, runs, prepare):
        result = {"ours": median_run(runs["ours"]), "memory": self.server.memory()}
        if not work.count:
            result["one_client"] = self.ours(work, 1, min(self.options.seconds, 1.5), prepare)
        if self.is_compared(work):
            result.update(postgres_simple=median_run(runs["simple"]), postgres_prepared=median_run(runs["prepared"]))
        return result

    def profile(self, work, folder, prepare=None):
        """Two more runs under perf: where the server spent them, by function and by who called it."""
        for kind, record, report in PROFILES:
            if prepare:
                prepare()
            data = folder / f"{work.name}.{kind}.perf"
            options = {"tokens": self.tokens, "first": self.next.get(work.table, 0), "count": work.count,
                       "seconds": max(2.0, self.options.seconds)}
            pid = str(self.server.process.pid)
            with subprocess.Popen(["taskset", "-c", str(self.load.cores.client), "perf", "record", "-q", *record, "-o",
                                   data, "-p", pid], stderr=subprocess.DEVNULL) as perf:
                figures = self.load.run(self.server.port, work.body, **options)
                perf.send_signal(signal.SIGINT)
            if work.table:
                self.next[work.table] = figures["next"]
            text = machine.output("perf", "report", "--stdio", "--no-inline", "-i", str(data), *report)
            (folder / f"{work.name}.{kind}.txt").write_text(text + "\n", encoding="utf-8")


def middle(values):
    return statistics.median(values)
