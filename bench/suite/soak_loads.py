# SPDX-License-Identifier: Apache-2.0
"""What the soak campaign does to a server: kinds of load, each of which keeps a bounded set of data."""
import dataclasses
import itertools
import json
import selectors
import socket
import ssl
import threading
import time
import typing

from suite import kalam, machine, works
from suite.machine import Failure
from suite.websocket import Closed, WebSocket
from suite.works import request

ITEMS, COLD = 2_000, 20_000  # rows that stay as they are
WRITTEN = 1_000  # keys that writes go to
KEY, AMOUNT, ANYTHING = f"{{{{uniform 0 {ITEMS - 1}}}}}", "{{uniform 0 999}}", "{{uniform 0 1000000000}}"
WRITTEN_KEY = f"{{{{uniform 0 {WRITTEN - 1}}}}}"
LONG = "x" * 200_000
SUBSCRIBERS = 20
COUNT = "SELECT COUNT(*) FROM bench.items"
CONNECTIONS = 16
NAMES = 50  # of tables, users and the like that come and go


@dataclasses.dataclass(frozen=True)
class Load:
    """One kind of load. A round lasts some seconds and returns how many requests it made; `settle` brings the server
    back to where memory is read: nothing running, no data beyond the bounds."""

    name: str
    title: str
    round: typing.Callable
    prepare: typing.Callable = None
    settle: typing.Callable = None
    is_engine: bool = False  # uses DuckDB
    kept: int = 0  # bytes that a request adds to what the server holds in memory by design
    settings: dict = dataclasses.field(default_factory=dict)


def until(seconds):
    """Counts 1, 2, 3, ... until the time has passed."""
    end = time.monotonic() + seconds
    for i in itertools.count(1):
        yield i
        if time.monotonic() >= end:
            return


# ---- requests of kalam-load ----

def send(*bodies, who="user", fails=False, path="/v1/api/sql", connections=CONNECTIONS):
    """A round that sends the bodies, one after the other. `fails`: every answer has to be a failure; None: may be."""
    def run(site, seconds):
        return sum(one(site, body, seconds / len(bodies)) for body in bodies)

    def one(site, body, seconds):
        figures = site.load.answers(site.server.port, body, tokens=[site.tokens[who]] if who else [], seconds=seconds,
                                    warmup=0, path=path, connections=connections, first=site.next)
        site.next = figures["next"]
        wrong = figures["answered"] - figures["errors"] if fails else figures["errors"]
        if fails is not None and wrong:
            raise Failure(f"{wrong} of {figures['answered']} answers are not what they should be: "
                          f"{figures['first_error']} ({body[:200]})")
        return figures["answered"]
    return run


def sql(*texts, **options):
    return send(*(request(*text) if isinstance(text, tuple) else request(text) for text in texts), **options)


# ---- data ----

def cold(site):
    """A table of flushed rows, a row group in ten of which fits into the cache."""
    site.user.sql(f"CREATE USER TABLE bench.cold {works.TABLE}")
    site.fill("bench.cold", COLD)
    kalam.flush(site.admin, "bench.cold")


def fill_queues(site):
    """DuckDB keeps 200 bytes of each buffer that it has let go, in queues that it cleans once they hold 32,768 of them:
    one for what it reads from files, others for what it computes with. A wide file and aggregates fill two soon."""
    names = [f"c{i}" for i in range(100)]
    site.user.sql(f"CREATE USER TABLE bench.wide (id BIGINT PRIMARY KEY, {', '.join(f'{name} INT' for name in names)})")
    for key in range(200):
        site.user.sql(f"INSERT INTO bench.wide (id, {', '.join(names)}) VALUES ({', '.join([str(key)] * 101)})")
    kalam.flush(site.admin, "bench.wide")
    join = "SELECT a.id FROM bench.items a JOIN bench.items b ON a.id = b.amount WHERE a.id < 300 AND b.id < 300"
    for _ in range(600):
        site.user.sql(f"SELECT COUNT(*) FROM ({' UNION ALL '.join([join] * 4)}) AS t")
    for _ in range(400):
        site.user.sql(f"SELECT COUNT(*) FROM bench.wide WHERE {' + '.join(names)} > 5")


JOIN = ("SELECT a.id FROM bench.items a JOIN bench.items b ON a.note || a.id = b.note || b.amount "
        "WHERE a.id < 100 AND b.id < 300")


def fill_join_queues(site):
    """The parts of a join's table go to six more queues, for which it takes 200,000 of them."""
    for _ in range(2_000):
        site.user.sql(f"SELECT COUNT(*) FROM ({' UNION ALL '.join([JOIN] * 4)}) AS t")


def written(site):
    """Tables that are written to, whose deleted rows are forgotten at once."""
    for kind, name in (("USER", "written"), ("SHARED", "everyones")):
        access = " ACCESS LEVEL public" if kind == "SHARED" else ""
        site.admin.sql(f"CREATE {kind} TABLE bench.{name} {works.TABLE}{access} WITH (deleted_retention = '1s')")
    site.fill("bench.written", WRITTEN)
    site.fill("bench.everyones", WRITTEN, site.admin)


def maintain(*tables):
    """Flushes and rewrites: what was written over and over becomes its newest state again."""
    def settle(site):
        for table in tables:
            for statement in ("STORAGE FLUSH TABLE", "STORAGE COMPACT TABLE"):
                (result,) = site.admin.sql(f"{statement} bench.{table}")
                if "skipped" not in result["message"]:
                    kalam.wait_for_job(site.admin, result["message"])
    return settle


# ---- writes ----

def replace(table):
    """A row goes and comes again; of two that do so at once one may fail."""
    return (f"DELETE FROM bench.{table} WHERE id = {WRITTEN_KEY}; "
            f"INSERT INTO bench.{table} ({works.COLUMNS}) VALUES ({{{{=0}}}}, 'user-1', {AMOUNT}, 0.5, '{works.NOTE}')")


def update(table):
    return f"UPDATE bench.{table} SET amount = {ANYTHING} WHERE id = {WRITTEN_KEY}"


def flush_rounds(site, seconds):
    """Many small flushes and rewrites, with rows of their own and some that were there."""
    for i in until(seconds):
        site.user.sql(f"UPDATE bench.written SET amount = amount + 1 WHERE id < {50 + i % 50}")
        site.user.sql(f"DELETE FROM bench.written WHERE id = {i % WRITTEN}")
        site.user.sql(f"INSERT INTO bench.written (id, user_name) VALUES ({i % WRITTEN}, 'again')")
        kalam.flush(site.admin, "bench.written")
        if i % 10 == 9:
            maintain("written")(site)
    return i


# ---- definitions and accounts ----

def tables(site, seconds):
    for i in until(seconds):
        kind, name = (("USER", "SHARED", "STREAM")[i % 3], f"bench.t{i % NAMES}")
        options = " WITH (TTL_SECONDS = 5)" if kind == "STREAM" else ""
        site.admin.sql(f"CREATE {kind} TABLE {name} {works.TABLE}{options}")
        site.admin.sql(f"INSERT INTO {name} ({works.COLUMNS}) VALUES {works.rows(0, 5)}")
        site.admin.sql(f"SELECT COUNT(*) FROM {name} WHERE id > 1")
        if i % 10 == 0 and kind != "STREAM":
            kalam.flush(site.admin, name)
        site.admin.sql(f"DROP TABLE {name}")
    return i


def namespaces(site, seconds):
    for i in until(seconds):
        name = f"n{i % NAMES}"
        site.admin.sql(f"CREATE NAMESPACE {name}")
        site.admin.sql(f"CREATE SHARED TABLE {name}.t {works.TABLE}")
        site.admin.sql(f"DROP NAMESPACE {name} CASCADE")
    return i


def users(site, seconds):
    """Users who come, write rows of their own, and go. Few sign in: the server remembers 16,384 tokens that were right."""
    for i in until(seconds):
        name = f"u{site.number()}"
        site.admin.sql(f"CREATE USER {name} WITH PASSWORD '{kalam.PASSWORD}' ROLE user")
        if i % 50 == 0:
            client = site.server.client(name)
            client.sql(COUNT)
            client.close()
        rows = f"INSERT INTO bench.items ({works.COLUMNS}) VALUES {works.rows(0, 2)}"
        for statement in (rows, f"{COUNT} WHERE amount > 1", "DELETE FROM bench.items WHERE id >= 0"):
            site.admin.sql(f"EXECUTE AS USER '{name}' ({statement})")
        site.admin.sql(f"ALTER USER {name} SET PASSWORD '{kalam.PASSWORD}2'")
        site.admin.sql(f"DROP USER {name}")
    return i


def storages(site, seconds):
    folder = site.server.folder / "data" / "more"
    for i in until(seconds):
        name = f"s{i % NAMES}"
        site.admin.sql(f"CREATE STORAGE {name} TYPE filesystem BASE_DIRECTORY '{folder}' "
                       "USER_TABLES_TEMPLATE '{namespace}/{tableName}/{userId}' "
                       "SHARED_TABLES_TEMPLATE '{namespace}/{tableName}'")
        site.admin.sql(f"STORAGE CHECK {name}")
        site.admin.sql(f"DROP STORAGE {name}")
    return i


# ---- connections ----

def http_messages(token):
    """Requests as bytes, right and wrong ones."""
    head = "Host: t\r\n"
    body = request("SELECT 1")
    post = f"POST /v1/api/sql HTTP/1.1\r\n{head}Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    whole = f"{post}Content-Length: {len(body)}\r\n\r\n{body}"
    texts = (whole, whole * 5, f"GET /health HTTP/1.1\r\n{head}\r\n", f"GET /nowhere HTTP/1.1\r\n{head}\r\n",
             f"{post}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n", "nonsense\r\n\r\n",
             f"OPTIONS /v1/api/sql HTTP/1.1\r\n{head}Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n\r\n",
             f"GET / HTTP/1.1\r\n{head}X: {'x' * 40_000}\r\n\r\n", f"{post}Content-Length: 100000000000\r\n\r\n",
             f"GET /v1/api/auth/me HTTP/1.1\r\n{head}Authorization: Bearer {token[:-3]}\r\n\r\n")
    return [text.encode() for text in texts], whole[:-5].encode()


def http_connections(site, seconds):
    """A connection for each request; every fourth goes before it has sent all, or without reading."""
    whole, part = http_messages(site.tokens["user"])
    for i in until(seconds):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=30) as peer:
            if i % 8 == 3:
                peer.sendall(part)
                continue
            peer.sendall(whole[i % len(whole)])
            if i % 8 != 7 and not peer.recv(65536):
                raise Failure(f"no answer to {whole[i % len(whole)][:100]}")
    return i


def cancelled(site, seconds):
    """Clients that go while the engine works for them."""
    body = request("SELECT COUNT(*) FROM bench.items a, bench.items b WHERE a.amount + b.amount = -1")
    message = (f"POST /v1/api/sql HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {site.tokens['user']}\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
    for i in until(seconds):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=30) as peer:
            peer.sendall(message)
            if i % 10 == 9:  # so that not more is asked for than done
                peer.recv(65536)
    return i


def with_tls(site):
    """Starts the server again with a certificate of its own."""
    folder = site.server.folder
    made = machine.finish(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "1", "-subj", "/CN=t", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"])
    if made.returncode != 0:
        raise Failure(f"no certificate: {made.stderr}")
    site.restart({"tls": {"certificate": str(folder / "cert.pem"), "private_key": str(folder / "key.pem")}})


def tls_connections(site, seconds):
    """Handshakes, anew and resumed, and those that break off."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    whole, _ = http_messages(site.tokens["user"])
    session = None
    for i in until(seconds):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=30) as peer:
            if i % 4 == 3:
                peer.sendall((b"nonsense\r\n", b"\x16\x03\x01\x02\x00\x01")[i % 8 // 4])
                continue
            with context.wrap_socket(peer, session=session if i % 2 else None) as secure:
                secure.sendall(whole[0])
                if not secure.recv(65536):
                    raise Failure("no answer over TLS")
                session = secure.session
    return i


def websockets(site, seconds):
    """WebSockets of all kinds: signed in by header or message or not, ended by either side or cut."""
    token = site.tokens["user"]
    sign_in = {"type": "authenticate", "method": "jwt", "token": token}
    for i in until(seconds):
        way = i % 6
        peer = WebSocket(site.server.port, token if way < 3 else None, "" if way == 1 else "?compress=false")
        if way == 3:
            peer.send(sign_in)
            peer.receive()
        elif way == 4:
            peer.send({**sign_in, "token": token[:-4]})
        if way < 4:
            peer.subscribe("a", "SELECT * FROM bench.items WHERE amount = 7", {})
            peer.subscribe("b", f"SELECT id FROM bench.items WHERE amount = {i}")
            if way != 2:
                peer.read_until_ready()
        if way % 2 == 0:
            peer.close()
        else:
            peer.cut()
    return i


# ---- live queries ----

def subscriptions(site, seconds):
    """Subscribed and unsubscribed on one connection, with the same filter, others, and ones that are refused."""
    peer = WebSocket(site.server.port, site.tokens["user"])
    filters = ("amount = 7", "amount = {n} AND note LIKE '%{n}%'", "id IN ({n}, 2, 3) OR score > {n}.5",
               "upper(user_name) = 'USER-{n}'", "nowhere = {n}", "id = (SELECT {n})", "note = '")
    total = 0
    for _ in until(seconds):
        names = [f"s{i}" for i in range(42)]
        for i, name in enumerate(names):
            text = filters[i % len(filters)].format(n=site.number())
            peer.subscribe(name, f"SELECT id, note FROM bench.items WHERE {text}")
        for _ in names:
            peer.receive()
        peer.send(*({"type": "unsubscribe", "subscription_id": name} for name in names))
        total += len(names)
    peer.close()
    return total


def initial_rows(site, seconds):
    """Rows of a subscription that begins, in every encoding; each replaces the one before."""
    peers = [WebSocket(site.server.port, site.tokens["user"], query) for query in
             ("", "?compress=false", "?serialization=msgpack", "?serialization=msgpack&compress=false")]
    options = ({}, {"last_rows": 300}, {"last_rows": 40})
    for i in until(seconds):
        peer = peers[i % len(peers)]
        peer.subscribe("s", f"SELECT * FROM bench.items WHERE id < {500 + i % 5}", options[i % len(options)])
        peer.read_until_ready()
    for peer in peers:
        peer.close()
    return i


def resume(site, seconds):
    """A client that comes back again and again, after changes and for nothing."""
    peer = WebSocket(site.server.port, site.tokens["user"])
    for i in until(seconds):
        ((seq,),) = site.user.rows("SELECT MAX(_seq) FROM bench.items")
        site.user.sql(f"UPDATE bench.items SET score = {i} WHERE id < 5")
        peer.subscribe("s", "SELECT id, score FROM bench.items", {"from": str(seq)})
        peer.read_until_ready()
        peer.send({"type": "unsubscribe", "subscription_id": "s"})
        if i % 20 == 19:
            peer.cut()
            peer = WebSocket(site.server.port, site.tokens["user"])
    peer.close()
    return i


def killed(site, seconds):
    """Subscriptions that an administrator ends."""
    names = [f"s{i}" for i in range(60)]
    total = 0
    for _ in until(seconds):
        peer = WebSocket(site.server.port, site.tokens["user"])
        for i, name in enumerate(names):
            peer.subscribe(name, f"SELECT id FROM bench.items WHERE amount = {i % 5}")
        for _ in names:
            peer.receive()
        for (live_id,) in site.admin.rows("SELECT live_id FROM system.live"):
            site.admin.sql(f"KILL LIVE QUERY '{live_id}'")
        for _ in names:
            peer.receive()
        peer.close()
        total += len(names)
    return total


class Readers:
    """Subscribers that are read from on a thread of their own, and thrown away."""

    def __init__(self, peers):
        self.peers, self.is_ended = peers, False
        self.selector = selectors.DefaultSelector()
        for peer in peers:
            self.selector.register(peer.socket, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.read)

    def read(self):
        while not self.is_ended:
            for key, _ in self.selector.select(0.02):
                if not key.fileobj.recv(262144):
                    self.selector.unregister(key.fileobj)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_ended = True
        self.thread.join()
        self.selector.close()
        for i, peer in enumerate(self.peers):
            if i % 2:
                peer.socket.shutdown(socket.SHUT_WR)
            peer.cut()


def delivered(query, change, who="user", fails=False):
    """A round of writes beside subscribers, who subscribe anew each time."""
    write = sql(change, who=who, fails=fails)
    encodings = ("?compress=false", "?serialization=msgpack")

    def run(site, seconds):
        peers = [WebSocket(site.server.port, site.tokens["user"], encodings[i % len(encodings)])
                 for i in range(SUBSCRIBERS)]
        for i, peer in enumerate(peers):
            peer.subscribe("s", query.format(n=i))
            peer.receive()
        with Readers(peers):
            return write(site, seconds)
    return run


def lagging(site, seconds):
    """Subscribers that do not read while rows change, and catch up afterwards or never."""
    peers = [WebSocket(site.server.port, site.tokens["user"]) for _ in range(4)]
    for peer in peers:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.subscribe("s", "SELECT * FROM bench.written")
        peer.receive()
    total = sql(update("written"))(site, seconds * 0.7)
    for peer in peers[:2]:
        peer.cut()
    with Readers(peers[2:]):
        return total + sql(update("written"), connections=1)(site, seconds * 0.3)


# ---- streams ----

def streams(site):
    for name, options in (("brief", "TTL_SECONDS = 1"), ("few", "TTL_SECONDS = 60, MAX_BUFFER = 100"),
                          ("passing", "TTL_SECONDS = 60, EPHEMERAL = true")):
        site.admin.sql(f"CREATE STREAM TABLE bench.{name} (id BIGINT, body TEXT) WITH ({options})")


EVENTS = "; ".join(f"INSERT INTO bench.{name} (id, body) VALUES ({{{{next}}}}, '{works.NOTE}')"
                   for name in ("brief", "few", "passing"))


def expired(site):
    """Waits for the short-lived rows to be gone."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        ((rows,),) = site.admin.rows("SELECT metric_value FROM system.stats WHERE metric_name = 'stream_rows'")
        if int(rows) <= 100:
            return
        time.sleep(0.05)
    raise Failure(f"{rows} rows of streams are there 10 s after the last INSERT")


# ---- all of them ----

AGGREGATE = "SELECT user_name, COUNT(*), SUM(amount) FROM bench.items WHERE amount > {} GROUP BY user_name"
LOGIN = json.dumps({"user": kalam.USER, "password": kalam.PASSWORD})
WRONG_LOGIN = f'{{"user":"nobody{WRITTEN_KEY}","password":"{ANYTHING}"}}'
SYSTEM = tuple(f"SELECT * FROM system.{name}" for name in
               ("stats", "settings", "tables", "users", "namespaces", "jobs", "storages", "live"))

LOADS = (
    Load("rows", "reads by key, literals and parameters",
         sql(works.SELECT_KEY + KEY, (works.SELECT_KEY + "$1", KEY), f"{works.SELECT_RANGE}{KEY} ORDER BY id LIMIT 50")),
    Load("engine_same", "one aggregate over and over",
         sql("SELECT COUNT(*), SUM(amount) FROM bench.items"), is_engine=True),
    Load("engine_literal", "aggregates that differ in their literals", sql(AGGREGATE.format(ANYTHING)), is_engine=True),
    Load("engine_params", "aggregates with parameters", sql((AGGREGATE.format("$1"), AMOUNT)), is_engine=True),
    Load("engine_joins", "joins", sql(f"{JOIN} AND a.amount <> {AMOUNT}"), prepare=fill_join_queues, is_engine=True),
    Load("engine_big", "results of 2,000 rows", sql("SELECT * FROM bench.items ORDER BY amount, id",
                                                     "SELECT * FROM bench.items"), is_engine=True),
    Load("fail_parse", "text that is no SQL, bodies that are no JSON, tokens that are none",
         lambda site, seconds: sum(round_(site, seconds / 3) for round_ in (
             sql(f"SELEC {ANYTHING}", f"SELECT '{ANYTHING}", f"SELECT {'(' * 400}1", fails=True),
             send('{"sql" ' + ANYTHING, '{"sql":7}', fails=True), sql("SELECT 1", who="nobody", fails=True)))),
    Load("fail_bind", "unknown tables, columns and functions, wrong types, parameters that are missing",
         sql(f"SELECT * FROM bench.no{ANYTHING}", f"SELECT no{ANYTHING} FROM bench.items", f"SELECT f{ANYTHING}(1)",
             "SELECT note + 1 FROM bench.items", f"{COUNT} WHERE id > $1 AND id < $2", f"SELECT * FROM no{ANYTHING}.t",
             "SELECT * FROM system.users", fails=True)),
    Load("fail_engine", "statements that fail while the engine runs them",
         sql("SELECT SUM(CAST(note AS INT)) FROM bench.items",
             f"SELECT COUNT(*) FROM bench.items WHERE {ANYTHING} / (amount - amount) > 1",
             f"SELECT user_name, MAX(CAST(note || '{AMOUNT}' AS INT)) FROM bench.items GROUP BY user_name",
             fails=True), is_engine=True),
    Load("fail_write", "writes that conflict with a key, break NOT NULL, do not fit",
         sql(f"INSERT INTO bench.items (id, user_name) VALUES ({KEY}, 'x')",
             f"UPDATE bench.items SET user_name = NULL WHERE id = {KEY}",
             "INSERT INTO bench.items (id, user_name) VALUES ('x', 'y')", "DELETE FROM bench.items", fails=True)),
    Load("fail_large", "results and requests beyond their limits",
         lambda site, seconds: sum(round_(site, seconds / 2) for round_ in (
             sql("SELECT * FROM bench.items", "SELECT * FROM bench.items ORDER BY amount", fails=True),
             sql(f"SELECT '{LONG}'", (f"{COUNT} WHERE note = $1", json.dumps(LONG)), fails=True))),
         settings={"limits": {"max_response_bytes": "64KiB", "max_sql_bytes": "64KiB"},
                   "execution": {"max_parameter_size_bytes": "64KiB"}}, is_engine=True),
    Load("fail_time", "statements beyond their time",
         sql("SELECT COUNT(*) FROM bench.items a, bench.items b, bench.items c WHERE a.amount + b.amount + c.amount = -1",
             fails=True, connections=2), settings={"execution": {"handler_timeout_seconds": "20ms"}}),
    Load("large_bodies", "long texts and parameters", sql(f"SELECT '{LONG}'", ("SELECT length($1)", json.dumps(LONG)),
                                                          "SELECT " + " + ".join(["1"] * 400))),
    Load("cold", "flushed rows: by key, aggregates, joins",
         sql(("SELECT * FROM bench.cold WHERE id = $1", f"{{{{uniform 0 {COLD - 1}}}}}"),
             ("SELECT COUNT(*), SUM(amount) FROM bench.cold WHERE id > $1", f"{{{{uniform 0 {COLD - 1}}}}}"),
             ("SELECT COUNT(*) FROM bench.cold c JOIN bench.items i ON i.id = c.id WHERE i.amount = $1", AMOUNT)),
         prepare=cold, is_engine=True),
    Load("write", "INSERT, UPDATE, DELETE of 1,000 keys, flushed and rewritten",
         sql(replace("written"), update("written"), fails=None), prepare=written,
         settle=maintain("written"), is_engine=True),
    Load("write_sync", "the same, each on the disk before it is answered",
         sql(replace("written"), update("written"), fails=None), prepare=written,
         settle=maintain("written"), settings={"storage": {"durability": "sync"}}, is_engine=True),
    Load("write_shared", "the same in a SHARED table",
         sql(replace("everyones"), update("everyones"), fails=None, who="admin"),
         prepare=written, settle=maintain("everyones"), is_engine=True),
    Load("write_engine", "UPDATE and INSERT by what the engine selects",
         sql(f"UPDATE bench.written SET amount = {ANYTHING} WHERE amount = (SELECT MIN(amount) FROM bench.written)",
             f"UPDATE bench.written SET amount = (SELECT COUNT(*) FROM bench.items WHERE amount > {AMOUNT}) "
             f"WHERE id = {WRITTEN_KEY}",
             fails=None),
         prepare=lambda site: (written(site), fill_join_queues(site)), settle=maintain("written"), is_engine=True),
    # DuckDB keeps the path of every file until 10,000 were written and it is opened anew.
    Load("flush", "one flush after the other", flush_rounds, prepare=written, settle=maintain("written"), is_engine=True,
         kept=1_000),
    Load("system", "system tables", sql(*SYSTEM, "SELECT table_name FROM information_schema.tables WHERE table_name <> '"
                                        f"{ANYTHING}'", "SELECT column_name FROM information_schema.columns", who="admin")),
    Load("show", "SHOW, DESCRIBE, EXPLAIN, SUBSCRIBE TO",
         sql("SHOW TABLES", "SHOW NAMESPACES", "SHOW STORAGES", "SHOW JOBS", "DESCRIBE TABLE bench.items",
             "SHOW STATS FOR TABLE bench.items", f"EXPLAIN SELECT * FROM bench.items WHERE id = {ANYTHING}",
             "EXPLAIN " + AGGREGATE.format(ANYTHING), f"SUBSCRIBE TO bench.items WHERE id = {ANYTHING}", who="admin"),
         is_engine=True),
    Load("batch", "several statements in a request, as oneself and as others",
         lambda site, seconds: sum(round_(site, seconds / 2) for round_ in (
             sql(f"SELECT 1; {COUNT}; SELECT {ANYTHING}", f"USE bench; SELECT * FROM items WHERE id = {KEY}; {COUNT}"),
             sql(f"EXECUTE AS USER '{kalam.USER}' (SELECT * FROM bench.items WHERE id = {KEY})",
                 f"EXECUTE AS USER '{kalam.USER}' ({AGGREGATE.format(AMOUNT)})", who="admin"))), is_engine=True),
    Load("sign_in", "sign-ins, right and wrong, and refreshed tokens",
         lambda site, seconds: sum(round_(site, seconds / 3) for round_ in (
             send(LOGIN, who=None, path="/v1/api/auth/login"),
             send(WRONG_LOGIN, who=None, fails=True, path="/v1/api/auth/login"),
             send("{}", who="refresh", path="/v1/api/auth/refresh")))),
    Load("http_connections", "HTTP connections that come and go", http_connections),
    Load("tls_connections", "TLS connections that come and go", tls_connections, prepare=with_tls),
    Load("cancelled", "clients that go while the engine works", cancelled, is_engine=True),
    Load("websockets", "WebSockets that come and go", websockets),
    Load("subscriptions", "subscribed and unsubscribed, with filters", subscriptions),
    Load("initial_rows", "initial rows, as JSON, gzip and MessagePack", initial_rows),
    Load("resume", "subscribed again from where it was", resume, is_engine=True),
    Load("killed", "KILL LIVE QUERY", killed),
    Load("delivered", f"changes told to {SUBSCRIBERS} subscribers",
         delivered("SELECT * FROM bench.written WHERE id >= {n}", update("written")), prepare=written,
         settle=maintain("written"), is_engine=True),
    Load("delivered_shared", f"a SHARED table's changes told to {SUBSCRIBERS} subscribers",
         delivered("SELECT id, amount FROM bench.everyones WHERE id % {n}0 <> 1", replace("everyones"), who="admin", fails=None),
         prepare=written, settle=maintain("everyones"), is_engine=True),
    Load("lagging", "subscribers that do not read", lagging, prepare=written, settle=maintain("written"),
         settings={"websocket": {"queue_bytes": "16KiB"}}, is_engine=True),
    Load("streams", "events that expire, with and without subscribers",
         lambda site, seconds: sql(EVENTS)(site, seconds / 2) + delivered("SELECT * FROM bench.passing", EVENTS)(
             site, seconds / 2), prepare=streams, settle=expired),
    Load("tables", "CREATE and DROP TABLE", tables, is_engine=True),
    Load("namespaces", "CREATE and DROP NAMESPACE", namespaces),
    # Dropped users stay known, and 65,536 sets of a user's rows have their counters in memory.
    Load("users", "CREATE and DROP USER", users, is_engine=True, kept=1_500),
    Load("storages", "CREATE and DROP STORAGE", storages),
)
