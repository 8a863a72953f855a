# SPDX-License-Identifier: Apache-2.0
"""Puts changelog entries into a table: a user for each maintainer, a row for each entry; and flushes it."""
import collections
import concurrent.futures
import json
import secrets
import sys
import time

from api import Refused, literal

TABLE = "demo.changelog"
LOADER = "changelog-loader"
# Entries of one INSERT: five parameters each, and a statement has at most 50.
BATCH_ROWS = 10
BATCH_BYTES = 256 << 10
USERS_PER_REQUEST = 50
CONNECTIONS = 8
FLUSH_SECONDS = 300


class Progress:
    """One line that counts up on a terminal, a few lines elsewhere."""

    def __init__(self, what, total):
        self.what, self.total, self.done = what, total, 0
        self.started = self.shown = time.monotonic()
        self.is_terminal = sys.stdout.isatty()

    def seconds(self):
        return time.monotonic() - self.started

    def add(self, count):
        self.done += count
        if time.monotonic() - self.shown < (0.1 if self.is_terminal else 5):
            return
        self.shown = time.monotonic()
        line = f"  {self.done:,} of {self.total:,} {self.what}, {self.done / self.seconds():,.0f} a second"
        print(f"\r{line}\033[K" if self.is_terminal else line, end="" if self.is_terminal else "\n", flush=True)

    def end(self):
        clear = "\r\033[K" if self.is_terminal else ""
        print(f"{clear}  {self.done:,} {self.what} in {self.seconds():.1f} s, "
              f"{self.done / max(self.seconds(), 1e-9):,.0f} a second", flush=True)


def in_parallel(work, items):
    """Yields work(item) as they are done; the first failure ends all."""
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        try:
            for done in concurrent.futures.as_completed([pool.submit(work, item) for item in items]):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


# ---- before the rows ----

def make_table(admin):
    if admin.rows("SELECT table_id FROM system.tables WHERE namespace_id = 'demo' AND table_name = 'changelog'"):
        raise Refused(f"{TABLE} is on this server already; DROP TABLE {TABLE} makes room for another run")
    admin.run(f"""
        CREATE NAMESPACE IF NOT EXISTS demo;
        CREATE USER TABLE {TABLE} (
            entry TEXT PRIMARY KEY,
            package TEXT NOT NULL,
            version TEXT NOT NULL,
            date TIMESTAMP,
            text TEXT NOT NULL
        ) FLUSH POLICY ROWS 500000""")


def make_users(admin, users, passwords):
    """A maintainer who will ask questions gets a password. The others get none (WITH INTERNAL): a hash costs 20 ms of
    processor time on purpose, and nobody signs in as them, since one service user writes for all, with EXECUTE AS USER.
    An application that signs its users in itself works the same way."""
    there = {row[0] for row in admin.rows("SELECT user_id FROM system.users")}
    secret = secrets.token_urlsafe()
    if LOADER in there:
        admin.run(f"ALTER USER {literal(LOADER)} SET PASSWORD {literal(secret)}")
    else:
        admin.run(f"CREATE USER {literal(LOADER)} WITH PASSWORD {literal(secret)} ROLE service")
    progress = Progress("users", len(users))
    texts = [f"CREATE USER {literal(user)} WITH PASSWORD {literal(passwords[user])} ROLE user" if user in passwords
             else f"CREATE USER {literal(user)} WITH INTERNAL ROLE user" for user in users if user not in there]
    for start in range(0, len(texts), USERS_PER_REQUEST):
        batch = texts[start:start + USERS_PER_REQUEST]
        admin.run(";".join(batch))
        progress.add(len(batch))
    progress.end()
    return admin.signed_in(LOADER, secret), there


# ---- the rows ----

def batches(by_user):
    """(user, entries) for each INSERT."""
    for user, entries in by_user.items():
        batch, size = [], 0
        for entry in entries:
            if batch and (len(batch) == BATCH_ROWS or size + len(entry.text) > BATCH_BYTES):
                yield user, batch
                batch, size = [], 0
            batch.append(entry)
            size += len(entry.text)
        yield user, batch


def insert(loader, user, entries):
    values = ", ".join(f"(${n}, ${n + 1}, ${n + 2}, ${n + 3}, ${n + 4})" for n in range(1, 5 * len(entries), 5))
    params = [value for e in entries for value in (e.key, e.package, e.version, e.date, e.text)]
    loader.run(f"EXECUTE AS USER {literal(user)} (INSERT INTO {TABLE} VALUES {values})", params)
    return user, len(entries)


def insert_all(loader, by_user, seconds):
    """Loads for so many seconds at most. Returns how many rows of each user are there."""
    progress = Progress("rows", sum(map(len, by_user.values())))

    def work(batch):
        return insert(loader, *batch) if progress.seconds() < seconds else (batch[0], 0)

    loaded = collections.Counter()
    for user, count in in_parallel(work, list(batches(by_user))):
        loaded[user] += count
        progress.add(count)
    progress.end()
    if progress.done < progress.total:
        print(f"  stopped after {seconds} s (--seconds); {progress.total - progress.done:,} rows are left out")
    return loaded


def hot_rows(admin):
    (count, ), = admin.rows("SELECT COALESCE(SUM(hot_rows), 0) FROM system.user_table_counters WHERE table_id = $1",
                            [TABLE.replace(".", ":")])
    return int(count)


def begin_flush(admin, progress):
    """Starts a flush; its job, or None when no row is hot. One that the table's policy began ends first."""
    while progress.seconds() < FLUSH_SECONDS:
        message = admin.run(f"STORAGE FLUSH TABLE {TABLE}")[0]["message"]
        if "Job ID: " in message:
            return message.partition("Job ID: ")[2]
        if "no pending writes" in message:
            return None
        time.sleep(0.2)
    raise Refused(f"another flush did not end in {FLUSH_SECONDS} s")


def flush(admin):
    """Moves every row to Parquet files and waits for the end of the job."""
    progress = Progress("rows", hot_rows(admin))
    job = begin_flush(admin, progress)
    while job and progress.seconds() < FLUSH_SECONDS:
        (status, text, metrics), = admin.rows("SELECT status, message, metrics FROM system.jobs WHERE job_id = $1", [job])
        if status in ("failed", "cancelled"):
            raise Refused(f"the flush {job} {status}: {text}")
        progress.add(progress.total - hot_rows(admin) - progress.done)
        if status == "completed":
            progress.end()
            metrics = json.loads(metrics) if isinstance(metrics, str) else metrics
            print(f"  now in {metrics['files']:,} files of {metrics['bytes'] / 1e6:.1f} MB together")
            return
        time.sleep(0.2)
    if job:
        raise Refused(f"the flush {job} did not end in {FLUSH_SECONDS} s")
    progress.end()


def check_counts(loader, loaded, where):
    """Every user has exactly the rows that were loaded as theirs."""
    def count(user):
        rows = loader.rows(f"EXECUTE AS USER {literal(user)} (SELECT COUNT(*) FROM {TABLE})")
        return user, int(rows[0][0])

    wrong = {user: found for user, found in in_parallel(count, loaded) if found != loaded[user]}
    for user, found in wrong.items():
        print(f"  {user} should have {loaded[user]} rows and has {found}")
    if wrong:
        raise Refused(f"{len(wrong)} users have other rows than were loaded as theirs")
    print(f"  each of the {len(loaded):,} users has exactly their own rows, {where}")
