# SPDX-License-Identifier: Apache-2.0
"""The server under test: a process on its core with a data folder of its own, and SQL over HTTP."""
import http.client
import json
import os
import re
import signal
import subprocess
import time

from suite import machine
from suite.machine import Failure

PASSWORD = "bench-Passw0rd"
USER = "bench"
START_SECONDS, STOP_SECONDS = 30, 120


class Client:
    """One keep-alive connection with somebody's token."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.token = self.refresh_token = None

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            self.connection.request("POST", path, json.dumps(body), headers)
            response = self.connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{path}: {error!r}") from error

    def login(self, user, password=PASSWORD):
        self.token = None
        status, body = self.post("/v1/api/auth/login", {"user": user, "password": password})
        if status != 200:
            raise Failure(f"login of {user}: {status} {body[:300]}")
        tokens = json.loads(body)
        self.token, self.refresh_token = tokens["access_token"], tokens.get("refresh_token")
        return self

    def sql(self, text, *params):
        """The results of a request; anything but success ends the run."""
        body = {"sql": text, "params": list(params)} if params else {"sql": text}
        status, answer = self.post("/v1/api/sql", body)
        if status != 200:
            raise Failure(f"{text[:200]}: {status} {answer[:600].decode(errors='replace')}")
        return json.loads(answer)["results"]

    def rows(self, text, *params):
        return self.sql(text, *params)[0]["rows"]

    def close(self):
        self.connection.close()


class Server:
    """kalamdb with a data folder; started again with other settings by restart()."""

    def __init__(self, binary, folder, cores, **settings):
        self.binary, self.folder, self.cores, self.settings = binary, folder, cores, settings
        self.log = folder / "server.out"
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)

    def config(self):
        """TOML: one event loop and one worker, for one core; no limits or flushes that a load would meet."""
        settings = {"durability": "sync", "segment_cache_bytes": 64 << 20, **self.settings}
        path = self.folder / "server.toml"
        path.write_text(f"""\
[server]
host = "127.0.0.1"
port = {self.port}
workers = 1
[storage]
data_path = "{self.folder}/data"
durability = "{settings['durability']}"
segment_cache_bytes = {settings['segment_cache_bytes']}
[execution]
workers = 1
engine_threads = 1
handler_timeout_seconds = "5m"
[performance]
keepalive_timeout = "1h"
[flush]
default_row_limit = 0
[rate_limit]
max_queries_per_sec = 1000000000
max_auth_requests_per_ip_per_sec = 1000000000
max_messages_per_sec = 1000000000
max_subscriptions_per_user = 1000000
[websocket]
max_subscriptions_per_connection = 1000000
client_timeout_secs = "1h"
[logging]
level = "warn"
""", encoding="utf-8")
        return path

    def start(self):
        self.port = machine.free_port()
        config = self.config()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KALAMDB_")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.cores.on_server_core(self.binary, config), cwd=self.folder,
                                            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        machine.wait_for_port(self.port, self.process, START_SECONDS, self.log)
        return self

    def stop(self):
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "killed"
        self.process = None
        if status != 0:
            print(f"warning: the server ended with {status}: {machine.tail(self.log, 500)}")

    def restart(self, **settings):
        self.stop()
        self.settings.update(settings)
        return self.start()

    def pause(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)

    def cpu_seconds(self):
        return machine.cpu_seconds(self.process.pid)

    def memory(self):
        return machine.memory(self.process.pid)

    # ---- people ----

    def set_up(self):
        """First-run setup, the namespace, and the user whose rows are measured."""
        client = Client(self.port)
        status, body = client.post("/v1/api/auth/setup", {"user": "admin", "password": PASSWORD,
                                                          "root_password": PASSWORD})
        if status != 200:
            raise Failure(f"setup: {status} {body[:300]}")
        client.login("admin")
        client.sql("CREATE NAMESPACE bench")
        client.sql(f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}' ROLE user")
        client.close()

    def client(self, user=USER):
        return Client(self.port).login(user)


def wait_for_job(client, message, seconds=600):
    """Waits for the job that a message names; returns (job id, metrics)."""
    found = re.search(r"Job ID: ([^\s,]+?)\.?(?:\s|$)", message)
    if not found:
        raise Failure(f"no job id in: {message}")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        (status, metrics, text), = client.rows(
            "SELECT status, metrics, message FROM system.jobs WHERE job_id = $1", found[1])
        if status == "completed":
            return found[1], json.loads(metrics)
        if status in ("failed", "cancelled"):
            raise Failure(f"job {found[1]} {status}: {text}")
        time.sleep(0.002)
    raise Failure(f"job {found[1]} is not done after {seconds} s")


def flush(client, table):
    """Flushes a table and waits; returns (seconds seen from outside, metrics of the job)."""
    before = time.monotonic()
    (result,) = client.sql(f"STORAGE FLUSH TABLE {table}")
    _, metrics = wait_for_job(client, result["message"])
    return time.monotonic() - before, metrics
