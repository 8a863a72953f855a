# SPDX-License-Identifier: Apache-2.0
"""The soak campaign: each kind of load on a server of its own until its memory has stopped growing, or has not.

What is read is RssAnon: memory of the process that no file backs. Caches, DuckDB's queues and glibc's arenas grow for a
while, in steps, and are rarely given back, so one figure says nothing and a slope over all rounds blames the first ones.
A window of rounds is worth its least figure, which peaks of a round do not move, and is compared with the window before.
A load is through once a window is not above the one before it by more than NOISE. One that is gets another window, up
to WINDOWS_MAX: what fills up stops on the way; what grows through all of them is a leak.
"""
import argparse
import dataclasses
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from suite import kalam, machine, measure, soak_loads, works
from suite.main import build
from suite.machine import ROOT, Failure
from suite.websocket import Closed

WARMUP_ROUNDS, WINDOW_ROUNDS, WINDOWS_LEAST, WINDOWS_MAX = 3, 3, 2, 8
NOISE = 256 << 10  # bytes between two windows
QUIET_SECONDS, WARMUP_QUIET_SECONDS = 15, 2  # for connections and threads to end
DATA_FILES_MAX = 64  # files of the data folder that may be open, see max_open_files

# Caches so small that the warm-up fills them, and no limits that a load would meet.
SETTINGS = {
    "server": {"host": "127.0.0.1", "workers": 1},
    "storage": {"durability": "async", "segment_cache_bytes": "1MiB", "partition_cache_bytes": "1MiB"},
    "storage.rocksdb": {"block_cache_size": "1MiB", "write_buffer_size": "256KiB", "max_open_files": 32},
    "execution": {"workers": 1, "engine_threads": 1, "engine_memory_limit": "64MiB", "sql_plan_cache_bytes": "256KiB"},
    "performance": {"keepalive_timeout": "1h"},
    "flush": {"default_row_limit": 0},
    "stream": {"memory_bytes": "2MiB"},
    "jobs": {"history_retention": "1s"},
    "auth": {"hash_memory": "64KiB", "hash_passes": 1, "jwt_expiry_hours": "30d"},
    "rate_limit": {"max_queries_per_sec": 1000000000, "max_auth_requests_per_ip_per_sec": 1000000000,
                   "max_messages_per_sec": 1000000000},
    "logging": {"level": "error", "slow_query_threshold_ms": "off"},
}


class Server(kalam.Server):
    """kalamdb with the settings of a load."""

    def config(self):
        merged = {name: {**SETTINGS.get(name, {}), **self.settings.get(name, {})}
                  for name in (*SETTINGS, *(name for name in self.settings if name not in SETTINGS))}
        merged["server"]["port"] = self.port
        merged["storage"]["data_path"] = str(self.folder / "data")
        text = "".join(f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
                       for name, keys in merged.items())
        path = self.folder / "server.toml"
        path.write_text(text, encoding="utf-8")
        return path


def toml(value):
    return f'"{value}"' if isinstance(value, str) else str(value)


class Site:
    """A server with an administrator, a user and the user's rows: what a load works on."""

    def __init__(self, options, cores, scratch, load):
        self.load = measure.Load(options.build / "bench", scratch, cores, options.seed)
        self.server = Server(options.build / "kalamdb", scratch / load.name, cores, **load.settings).start()
        self.next = 0
        self.server.set_up()
        self.admin, self.user = self.server.client("admin"), self.server.client()
        self.tokens = {"admin": self.admin.token, "user": self.user.token, "nobody": self.user.token[:-5] + "aaaaa",
                       "refresh": self.user.refresh_token}
        self.admin.sql(f"CREATE USER TABLE bench.items {works.TABLE}")
        self.fill("bench.items", soak_loads.ITEMS)

    def fill(self, table, count, client=None):
        for first in range(0, count, 500):
            (client or self.user).sql(f"INSERT INTO {table} ({works.COLUMNS}) VALUES {works.rows(first, 500)}")

    def number(self):
        """Another one each time."""
        self.next += 1
        return self.next

    def restart(self, settings):
        self.admin.close()
        self.user.close()
        self.server.restart(**settings)


# ---- what is read ----

@dataclasses.dataclass(frozen=True)
class Reading:
    memory: int
    threads: int
    descriptors: int
    data_files: int

    def is_within(self, before):
        return self.threads <= before.threads and self.descriptors <= before.descriptors and \
            self.data_files <= DATA_FILES_MAX


def read(server):
    """Figures of the process now."""
    pid = server.process.pid
    if server.process.poll() is not None:
        raise Failure(f"the server ended with {server.process.returncode}: {machine.tail(server.log)}")
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text("utf-8").splitlines())
    names = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(entry.path))
        except FileNotFoundError:  # closed meanwhile
            pass
    data_files = sum(name.startswith(f"{server.folder}/data/") for name in names)
    return Reading(int(fields["RssAnon"].split()[0]) << 10, int(fields["Threads"]), len(names) - data_files, data_files)


def read_quiet(server, before, seconds=QUIET_SECONDS):
    """Figures once what a load has opened is closed again, which may be a moment later."""
    deadline = time.monotonic() + seconds
    while True:
        reading = read(server)
        if reading.is_within(before) or time.monotonic() > deadline:
            return reading
        time.sleep(0.05)


# ---- the verdict ----

def windows(memory):
    """What each window of rounds is worth."""
    return [min(memory[i:i + WINDOW_ROUNDS]) for i in range(0, len(memory) - WINDOW_ROUNDS + 1, WINDOW_ROUNDS)]


def has_settled(memory):
    """True when the last window is not above the one before."""
    levels = windows(memory)
    return len(levels) >= WINDOWS_LEAST and levels[-1] - levels[-2] <= NOISE


def bytes_per_request(memory, requests):
    """Growth from the first window to the last, over the requests between them."""
    levels = windows(memory)
    return (levels[-1] - levels[0]) / max(1, sum(requests[WINDOW_ROUNDS:]))


# ---- the campaign ----

def soak(site, load, round_seconds):
    """({figures}, [what is wrong]) of one load."""
    if load.prepare:
        load.prepare(site)

    def one_round():
        count = load.round(site, round_seconds)
        if load.settle:
            load.settle(site)
        return count

    if load.is_engine:
        soak_loads.fill_queues(site)
    fresh = read(site.server)
    for _ in range(WARMUP_ROUNDS):
        one_round()
    before = read_quiet(site.server, dataclasses.replace(fresh, threads=sys.maxsize), WARMUP_QUIET_SECONDS)
    memory, grown, requests = [], [], []
    while len(memory) < WINDOW_ROUNDS * WINDOWS_MAX and not (len(memory) % WINDOW_ROUNDS == 0 and has_settled(grown)):
        requests.append(one_round())
        memory.append(read(site.server).memory)
        grown.append(memory[-1] - load.kept * sum(requests))
    after = read_quiet(site.server, before)
    wrong = [] if has_settled(grown) else ["MEMORY GROWS"]
    wrong += ["THREADS GROW"] if after.threads > before.threads else []
    wrong += ["DESCRIPTORS GROW"] if after.descriptors > before.descriptors else []
    wrong += [f"{after.data_files} DATA FILES ARE OPEN"] if after.data_files > DATA_FILES_MAX else []
    errors = [text for text in machine.tail(site.server.log, 1 << 20).splitlines() if " ERROR " in text]
    wrong += [f"{len(errors)} ERRORS IN THE LOG: {errors[0][:300]}"] if errors else []
    return {"memory": memory, "requests": requests, "before": before, "after": after}, wrong


def line(load, figures, wrong):
    memory, requests = figures["memory"], figures["requests"]
    before, after = figures["before"], figures["after"]
    levels = " ".join(f"{level / (1 << 20):.1f}" for level in (before.memory, *memory))
    return (f"{load.name:17}{sum(requests):>9,} requests {bytes_per_request(memory, requests):>9,.1f} B/request  "
            f"threads {before.threads}-{after.threads}  descriptors {before.descriptors}-{after.descriptors}  "
            f"{', '.join(wrong) or 'ok'}\n{'':17}MB {levels}")


def run_load(options, cores, scratch, load):
    """True when nothing grew."""
    site = None
    try:
        site = Site(options, cores, scratch, load)
        figures, wrong = soak(site, load, options.seconds / (WARMUP_ROUNDS + WINDOW_ROUNDS * WINDOWS_LEAST))
        print(line(load, figures, wrong), flush=True)
        return not wrong
    except (Failure, Closed, OSError) as failure:
        print(f"{load.name:17}FAILED: {failure}", flush=True)
        return False
    finally:
        if site:
            site.server.stop()


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/soak", description="Fails when the memory, the threads or the open "
                                     "files of a server grow with the number of requests.")
    parser.add_argument("names", nargs="*", metavar="LOAD", help="only these loads; see --list")
    parser.add_argument("--list", action="store_true", help="the names of all loads")
    parser.add_argument("--seconds", type=float, default=6, help="of each load; more when it seems to grow (6)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    parser.add_argument("--scratch", type=pathlib.Path, default=pathlib.Path("/var/tmp"),
                        help="where data folders are made (/var/tmp)")
    parser.add_argument("--keep", action="store_true", help="leave the data folders")
    options = parser.parse_args(arguments)
    options.build = options.build.resolve()
    unknown = set(options.names) - {load.name for load in soak_loads.LOADS}
    if unknown:
        parser.error(f"no such load: {', '.join(sorted(unknown))}")
    return options


def main(arguments):
    options = parse(arguments)
    if options.list:
        for load in soak_loads.LOADS:
            print(f"  {load.name:18}{load.title}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not options.no_build:
        build(options)
    cores = machine.Cores(0)
    os.sched_setaffinity(0, {cores.client})
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="kalamdb-soak.", dir=options.scratch))
    try:
        results = [run_load(options, cores, scratch, load) for load in soak_loads.LOADS
                   if not options.names or load.name in options.names]
    except KeyboardInterrupt:
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1
