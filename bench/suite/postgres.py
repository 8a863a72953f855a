# SPDX-License-Identifier: Apache-2.0
"""The outside reference: a private PostgreSQL 15 on the server's core, loaded by pgbench on the clients'."""
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import time

from suite import machine
from suite.machine import Failure

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


class Postgres:
    """A server in a folder of its own; every setting has PostgreSQL's default but those in start()."""

    def __init__(self, folder, cores):
        self.folder, self.cores = folder, cores
        self.process = None
        self.durability = "sync"
        if not (BIN / "initdb").exists():
            raise Failure(f"{BIN} has no PostgreSQL 15: run scripts/install-deps --bench")

    def unprivileged(self):
        """PostgreSQL refuses root: the package's own user runs it then."""
        if os.geteuid() != 0:
            return []
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/tmp"]

    def start(self):
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        data = self.folder / "data"
        made = subprocess.run([*self.unprivileged(), BIN / "initdb", "-D", data, "-U", "bench", "-A", "trust",
                               "--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8"],
                              cwd="/", capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Failure(f"initdb: {made.stderr[-1000:]}")
        self.port = machine.free_port()
        with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                       "max_connections = 200\nfsync = on\n")
        log = self.folder / "postgres.log"
        with open(log, "ab") as out:
            command = [*self.unprivileged(), BIN / "postgres", "-D", data]
            self.process = subprocess.Popen(self.cores.on_server_core(*command), cwd="/", stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, start_new_session=True)
        try:
            machine.wait_for_port(self.port, self.process, 30, log)
            self.wait_until_ready(log)
            self.sql("CREATE DATABASE bench", database="postgres")
            self.version = self.sql("SHOW server_version")
        except BaseException:
            self.stop()
            raise
        return self

    def wait_until_ready(self, log):
        """It listens before it has recovered."""
        for _ in range(300):
            ready = subprocess.run([BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise Failure(f"PostgreSQL does not get ready: {machine.tail(log)}")

    def stop(self):
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(signal.SIGINT)  # fast shutdown
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        if self.process.poll() is None:
            self.signal_all(signal.SIGCONT)

    def children(self):
        """Process ids of the backends and the background processes."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in path.read_text(encoding="utf-8").split()]

    def signal_all(self, number):
        """Each server process leads a group of its own, so they are signalled one by one."""
        for pid in [self.process.pid, *self.children()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def cpu_seconds(self, children=0):
        """Processor time of the backends that have ended; waits until no more than `children` are left."""
        deadline = time.monotonic() + 5
        while children and len(self.children()) > children and time.monotonic() < deadline:
            time.sleep(0.01)
        return machine.cpu_seconds(self.process.pid, with_children=True)

    def sql(self, text, database="bench"):
        result = subprocess.run([BIN / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                                 str(self.port), "-U", "bench", "-d", database, "-f", "-"],
                                input=text, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"psql: {result.stderr[-500:]}")
        return result.stdout.strip()

    def pgbench(self, script, protocol, clients=64, seconds=0, transactions=0, first=0):
        """Runs a script; {"per_second", "mean_us", "cpu_us"}, or None when it ended before the first answer. :first in
        the script is where its keys begin."""
        path = self.folder / "script.sql"
        path.write_text(script, encoding="utf-8")
        bound = ["-t", str(transactions // clients)] if transactions else ["-T", str(seconds)]
        commit = "on" if self.durability == "sync" else "off"
        environment = {**os.environ, "PGOPTIONS": f"-c synchronous_commit={commit}"}
        before, children = self.cpu_seconds(), len(self.children())
        result = machine.finish(
            self.cores.on_client_core(BIN / "pgbench", "-n", "-c", clients, "-j", 1, "-M", protocol, *bound, "-D",
                                      f"first={first}", "-D", "n=-1", "-f", path, "-h", "127.0.0.1", "-p", self.port,
                                      "-U", "bench", "bench"), env=environment)
        rate = re.search(r"^tps = ([\d.]+)", result.stdout, re.M)
        done = re.search(r"transactions actually processed: (\d+)", result.stdout)
        if done and done[1] == "0":
            return None
        failed = re.search(r"failed transactions: (\d+)", result.stdout)
        mean = re.search(r"latency average = ([\d.]+) ms", result.stdout)
        if result.returncode != 0 or not rate or not done or (failed and int(failed[1])):
            raise Failure(f"pgbench: {result.stdout[-500:]}{result.stderr[-500:]}")
        cpu = self.cpu_seconds(children) - before
        return {"per_second": float(rate[1]), "mean_us": float(mean[1]) * 1000,
                "cpu_us": round(cpu * 1e6 / max(1, int(done[1])), 2)}
