# SPDX-License-Identifier: Apache-2.0
"""The command line of bench/run."""
import argparse
import fnmatch
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from suite import groups, live, machine, measure, postgres, report, works
from suite.machine import Failure, ROOT


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures the server; docs/BENCHMARKS.md says how to "
                                     "read what it prints.")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="only this work (may be given again; *, ? and NAME:sync, NAME:async work)")
    parser.add_argument("--list", action="store_true", help="the names of all works")
    parser.add_argument("--quick", action="store_true", help="one short run each: to see that it works, not for figures")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each work, of which the median counts (3)")
    parser.add_argument("--seconds", type=float, default=3, help="of one run (3)")
    parser.add_argument("--seed", type=int, default=1, help="of the random keys (1)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder")
    parser.add_argument("--scratch", type=pathlib.Path, default=pathlib.Path("/var/tmp"),
                        help="where data folders are made; not in memory (/var/tmp)")
    parser.add_argument("--nice", type=int, default=None,
                        help="priority of everything measured (-10 where that is allowed, else 0)")
    parser.add_argument("--no-postgres", action="store_true", help="without the reference")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    parser.add_argument("--perf", type=pathlib.Path, metavar="FOLDER",
                        help="profile each hot work once more with perf, into this folder")
    parser.add_argument("--keep", action="store_true", help="leave the data folders")
    parser.add_argument("--docs", action="store_true", help="put the figures of this run into docs/BENCHMARKS.md; with "
                        "--from, those of a result file")
    parser.add_argument("--from", dest="source", type=pathlib.Path, metavar="FILE", help="a file of bench/results")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repeats, options.seconds = 1, 1.0
    options.postgres_seconds = max(1, round(options.seconds * 2 / 3))  # pgbench takes whole seconds
    options.user_counts = (10, 100) if options.quick else (10, 1_000, 10_000)
    options.table_count = 500 if options.quick else 10_000
    options.cold_rows = 100_000 if options.quick else 1_000_000
    options.is_complete = not options.quick and not options.only and not options.no_postgres
    options.build = options.build.resolve()

    def wants(name, mode=""):
        return not options.only or any(fnmatch.fnmatch(name, only.partition(":")[0]) and
                                       only.partition(":")[2] in ("", mode) for only in options.only)

    started = time.monotonic()

    def announce(figure):
        print(f"{time.monotonic() - started:5.0f} s  {report.one_line(figure)}", flush=True)

    options.wants, options.announce = wants, announce
    return options


def print_names():
    for name, title in {**works.OTHERS, **live.TITLES}.items():
        print(f"  {name:16}{title}")
    for work in works.HOT:
        print(f"  {work.name:16}{work.title}{' (sync, async)' if len(work.modes) > 1 else ''}")


def build(options):
    """The programs of this folder; the server is built before (make build)."""
    command = ["cmake", "--build", options.build, "--target", "bench_programs", "kalamdb"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}:\n{(result.stdout + result.stderr)[-3000:]}")


def scratch_folder(options):
    if machine.folder_type(options.scratch) in ("tmpfs", "ramfs"):
        print(f"warning: {options.scratch} is in memory: fsync costs nothing there, sync figures mean nothing")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kalamdb-bench.", dir=options.scratch))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    return folder


def start_postgres(options, cores, scratch):
    needs = [work for work in works.HOT if work.postgres and any(options.wants(work.name, mode)
                                                                  for mode in ("", "sync", "async"))]
    if options.no_postgres or not needs:
        return None
    reference = postgres.Postgres(scratch / "postgres", cores).start()
    groups.prepare_postgres(reference)
    reference.pause()
    return reference


def run(options):
    if not options.no_build:
        build(options)
    cores = machine.Cores(options.nice if options.nice is not None else -10 if machine.may_raise_priority() else 0)
    scratch = scratch_folder(options)
    about = machine.describe(scratch, cores)
    load = measure.Load(options.build / "bench", scratch, cores, options.seed)
    if options.perf:
        options.perf.mkdir(parents=True, exist_ok=True)
    reference = None
    try:
        reference = start_postgres(options, cores, scratch)
        bench = groups.Bench(options, cores, load, scratch, reference)
        groups.run_all(bench)
    finally:
        if reference:
            reference.stop()
        if options.keep:
            print(f"data folders: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    return {"machine": about, "seed": options.seed, "repeats": options.repeats, "seconds": options.seconds,
            "postgres": reference.version if reference else None, "duckdb": "1.4.4", "is_complete": options.is_complete,
            "figures": bench.figures}


def main(arguments):
    options = parse(arguments)
    if options.list:
        print_names()
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if options.docs and options.source:
            report.write_page(options.source)
            return 0
        result = run(options)
    except Failure as failure:
        print(f"bench/run: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\n" + report.plain(result["figures"]) + "\n")
    print("\n".join(report.notes(result)))
    path = report.save(result, options.build)
    print(f"stored in {path}")
    if options.docs:
        report.write_page(path)
    return 1 if any("failure" in figure for figure in result["figures"]) else 0
