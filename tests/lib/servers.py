# SPDX-License-Identifier: Apache-2.0
"""Private servers for test programs in Python: ours and PostgreSQL, each in a folder of its own."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
MARK = "\x01next\x01"
START_SECONDS = 60
JOB_SECONDS = 300
ANSWER_SECONDS = 300


class Postgres:
    """PostgreSQL 15 as our text order and time zone have it, spoken to through psql."""

    def __init__(self, folder):
        self.folder = folder
        data = folder / "pg"
        subprocess.run([POSTGRES / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--lc-collate=C",
                        "--lc-ctype=C.UTF-8", "-N"], check=True, stdout=subprocess.DEVNULL)
        with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses=''\nunix_socket_directories='{folder}'\ntimezone='UTC'\nfsync=off\n")
        self.server = subprocess.Popen([POSTGRES / "postgres", "-D", data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
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

    def outputs(self, commands):
        """What psql prints for each of the commands (SQL with its semicolon, or backslash commands)."""
        lines = ["\\set VERBOSITY terse"]
        for command in commands:
            lines += [command, f"\\echo {MARK}"]
        return self.script("\n".join(lines) + "\n").split(MARK + "\n")[:len(commands)]

    def answers(self, queries):
        """For each query its rows as lists of text (None for NULL), or the error text."""
        return [self.parse(part) for part in self.outputs([f"{query};" for query in queries])]

    @staticmethod
    def parse(part):
        if part.startswith("ERROR:"):
            return part.strip()
        return Postgres.records(part)[1:]

    @staticmethod
    def records(part):
        """The header and the rows that psql printed."""
        return [[None if cell == "\x04" else cell for cell in row.split("\x02")] for row in part.split("\x03")[:-1]]

    def stop(self):
        self.server.send_signal(2)
        self.server.wait()


class Kalam:
    """Our server, set up, with the administrator `tester` signed in. Any thread may send requests."""

    PASSWORD = "a long enough secret"
    # Password hashes as cheap as they may be; time enough on a busy machine.
    SETTINGS = ("[server]\nport = 0\n[auth]\nhash_memory = '64KiB'\nhash_passes = 1\n"
                "[execution]\nhandler_timeout_seconds = 300\n[storage]\ndata_path = '{}'\n")

    def __init__(self, binary, folder):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KALAMDB_")}
        settings = folder / "server.toml"
        settings.write_text(self.SETTINGS.format(folder / "data"), encoding="utf-8")
        self.log = folder / "kalamdb.log"
        self.local = threading.local()
        with open(self.log, "w", encoding="utf-8") as log:
            self.server = subprocess.Popen([binary, settings], env=environment, stderr=log, stdout=log)
        self.address = self.wait_for_port()
        self.post("/v1/api/auth/setup", {"user": "tester", "password": self.PASSWORD, "root_password": self.PASSWORD})
        self.token = self.sign_in("tester")

    def wait_for_port(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if " listens on http://" in line:
                    return urllib.parse.urlsplit(line.split(" listens on ")[1].split(" ")[0]).netloc
            if self.server.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit("kalamdb did not start:\n" + self.log.read_text(encoding="utf-8"))

    def sign_in(self, user):
        return self.post("/v1/api/auth/login", {"user": user, "password": self.PASSWORD})["access_token"]

    def post(self, path, body, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        request = ("POST", path, json.dumps(body).encode(), headers)
        connection = getattr(self.local, "connection", None)
        if connection:
            try:
                return self.exchange(connection, request)
            except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                connection.close()  # the server closes what was idle for long
        try:
            self.local.connection = http.client.HTTPConnection(self.address, timeout=ANSWER_SECONDS)
            return self.exchange(self.local.connection, request)
        except (OSError, http.client.HTTPException) as failure:
            sys.exit(f"the server is gone ({failure!r}) after {body}\n" + self.log.read_text(encoding="utf-8")[-3000:])

    @staticmethod
    def exchange(connection, request):
        connection.request(*request)
        return json.load(connection.getresponse())

    def sql(self, text, token=None, **more):
        """The answer to statements; more: params, namespace_id."""
        return self.post("/v1/api/sql", {"sql": text, **more}, token or self.token)

    def run(self, text):
        """The last result of the statements, or the error text."""
        answer = self.sql(text)
        if answer["status"] == "error":
            return "ERROR: " + answer["error"]["message"]
        return answer["results"][-1] if answer["results"] else {}

    def must(self, text):
        result = self.run(text)
        if isinstance(result, str):
            sys.exit(f"{text[:300]}\n{result}")
        return result

    def flush(self, space):
        """Moves what is hot in a namespace to files."""
        message = self.must(f"STORAGE FLUSH ALL IN {space}")["message"]
        if "Job IDs: [" in message:
            for job in message.split("Job IDs: [")[1].split("]")[0].split(", "):
                self.wait_for_job(job)

    def wait_for_job(self, job):
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            state = self.must(f"SELECT status, message FROM system.jobs WHERE job_id = '{job}'")["rows"]
            if state and state[0][0] in ("failed", "cancelled"):
                sys.exit(f"{job}: {state[0]}")
            if state and state[0][0] in ("completed", "skipped"):
                return
            time.sleep(0.002)
        sys.exit(job + " did not end")

    def stop(self):
        self.server.terminate()
        self.server.wait()
