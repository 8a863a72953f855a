# SPDX-License-Identifier: Apache-2.0
"""A server, and signed-in users who talk to it over its public HTTP API."""
import http.client
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.parse

PROGRAM = pathlib.Path(__file__).parent.parent / os.environ.get("KALAMDB_BUILD", "build/release") / "kalamdb"
START_SECONDS = 30
ANSWER_SECONDS = 120


class Refused(Exception):
    """The server's error, in its words."""


class Server:
    """A server of our own: a free port, a data folder that nobody else uses."""

    def __init__(self, folder):
        self.log = folder / "server.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KALAMDB_")}
        environment |= {"KALAMDB_SERVER_PORT": "0", "KALAMDB_DATA_DIR": str(folder / "data")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([PROGRAM], env=environment, cwd=folder, stdout=log, stderr=log,
                                            start_new_session=True)  # Ctrl-C is for us

    def url(self):
        """Where it listens, once it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"listens on (http://\S+)", self.log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.02)
        raise Refused(f"the server did not start:\n{self.log.read_text(errors='replace')}")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Api:
    """One user's view of a server. Any thread may call; each has a connection of its own."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"{url!r} is no http:// or https:// address")
        self.address = parts
        self.token = None
        self.own = threading.local()

    def connection(self):
        if not hasattr(self.own, "connection"):
            kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
            self.own.connection = kind(self.address.hostname, self.address.port, timeout=ANSWER_SECONDS)
        return self.own.connection

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self.connection()
        connection.request("POST", path, json.dumps(body), headers)
        text = connection.getresponse().read().decode()
        try:
            return json.loads(text)
        except ValueError:
            raise Refused(f"{path}: {text[:300]}") from None

    def set_up(self, user, password, root_password):
        answer = self.post("/v1/api/auth/setup", {"user": user, "password": password, "root_password": root_password})
        if "error" in answer:
            raise Refused(answer.get("message", answer))

    def signed_in(self, user, password):
        """The same server as another user sees it."""
        other = Api(self.address.geturl())
        answer = other.post("/v1/api/auth/login", {"user": user, "password": password})
        if "access_token" not in answer:
            raise Refused(f"{user} cannot sign in: {answer.get('message', answer)}")
        other.token = answer["access_token"]
        return other

    def run(self, sql, params=None):
        """The results of SQL, one for each statement."""
        answer = self.post("/v1/api/sql", {"sql": sql, "params": params or []})
        if answer.get("status") != "success":
            error = answer.get("error", {})
            raise Refused(f"{error.get('code')}: {error.get('message')}")
        return answer["results"]

    def rows(self, sql, params=None):
        """The rows of one statement."""
        return self.run(sql, params)[-1]["rows"]


def literal(text):
    """Text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
