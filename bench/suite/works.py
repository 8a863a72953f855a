# SPDX-License-Identifier: Apache-2.0
"""The works that are measured: their requests, what PostgreSQL runs beside them, and what they have to reach."""
import dataclasses
import json

ROWS = 10_000  # of one user, unless a work says otherwise
DELETES = 64_000  # rows deleted in one run
GROUPS = 20  # different user_name
NOTE = "the quick brown fox jumps over the lazy dog"
COLUMNS = "id, user_name, amount, score, note"
TABLE = "(id BIGINT PRIMARY KEY, user_name TEXT NOT NULL, amount BIGINT, score DOUBLE, note TEXT)"
AMOUNT_SUM = sum(i * 7 % 1000 for i in range(ROWS))

# How many times PostgreSQL's simple protocol a figure has to reach where the whole run is slow.
RATIO_LEAST = {"read": 1.5, "write": 1.0, "aggregate": 0.3}


def row(key):
    """One row as a VALUES list of SQL; the same in both databases."""
    return f"({key}, 'user-{key % GROUPS}', {key * 7 % 1000}, {key / 4}, '{NOTE}')"


def rows(first, count):
    return ", ".join(row(key) for key in range(first, first + count))


def request(sql, *params):
    """Body of a request as kalam-load takes it; params are JSON texts and may have places."""
    tail = f',"params":[{",".join(params)}]' if params else ""
    return f'{{"sql":{json.dumps(sql)}{tail}}}'


def hundred_rows(place):
    """100 tuples whose keys come from a place of kalam-load or pgbench; place(i) is the key of tuple i."""
    return ", ".join(f"({place(i)}, 'user-{i % GROUPS}', {i}, 0.25, '{NOTE}')" for i in range(100))


@dataclasses.dataclass(frozen=True)
class Work:
    """One kind of request, measured with 64 clients and with one."""

    name: str
    title: str
    kind: str  # read, write, aggregate: which ratio counts
    body: str
    rows: int = 1  # row_count of every answer
    expect: str = ""  # what every answer must hold
    per_request: int = 1  # what is counted: rows of one request
    unit: str = "/s"
    postgres: str = ""  # script of pgbench; empty: no reference
    aims: dict = dataclasses.field(default_factory=dict)  # {mode: (aim, at least)}
    listed: dict = dataclasses.field(default_factory=dict)  # {mode: PostgreSQL simple, where measured before}
    modes: tuple = ("",)
    table: str = ""  # where {{next}} inserts, to go on with the sequence
    count: int = 0  # requests of one run instead of a time
    same_as: str = ""  # the work with parameters that this one with literals is compared with


KEY = "\\set id random(0, 9999)\n"
NEXT_KEY = "\\set n :n + 1\n\\set id :first + :n * 64 + :client_id\n"
SELECT_KEY = f"SELECT {COLUMNS} FROM bench.items WHERE id = "
SELECT_RANGE = f"SELECT {COLUMNS} FROM bench.items WHERE id >= "
INSERT = f"INSERT INTO bench.inserted ({COLUMNS}) VALUES "
ANY_KEY, RANGE_START, AMOUNT = "{{uniform 0 9999}}", "{{uniform 0 9950}}", "{{uniform 0 999}}"

HOT = (
    Work("select1", "SELECT 1 (the floor)", "read", request("SELECT 1"), expect='[["1"]]',
         postgres="SELECT 1;\n"),
    Work("point", "point SELECT by key", "read", request(SELECT_KEY + "$1", ANY_KEY), expect='"rows":[["{{=0}}",',
         postgres=KEY + SELECT_KEY + ":id;\n", aims={"": (50_000, 30_000)}, listed={"": 17_000}),
    Work("point_literal", "the same, literal SQL", "read", request(SELECT_KEY + ANY_KEY),
         expect='"rows":[["{{=0}}",', same_as="point"),
    Work("range", "50 rows by key range, ORDER BY key LIMIT 50", "read",
         request(SELECT_RANGE + "$1 ORDER BY id LIMIT 50", RANGE_START), rows=50,
         expect='"rows":[["{{=0}}",', postgres="\\set id random(0, 9950)\n" + SELECT_RANGE + ":id ORDER BY id LIMIT 50;\n",
         aims={"": (15_000, 9_000)}, listed={"": 8_000}),
    Work("range_literal", "the same, literal SQL", "read",
         request(SELECT_RANGE + RANGE_START + " ORDER BY id LIMIT 50"), rows=50, same_as="range"),
    Work("count_sum", "COUNT + SUM over the 10,000 hot rows", "aggregate",
         request("SELECT COUNT(*), SUM(amount) FROM bench.items"), expect=f'[["{ROWS}","{AMOUNT_SUM}"]]',
         postgres="SELECT COUNT(*), SUM(amount) FROM bench.items;\n", aims={"": (1_000, 350)}, listed={"": 980}),
    Work("group_by", "GROUP BY over the 10,000 hot rows", "aggregate",
         request("SELECT user_name, COUNT(*), SUM(amount) FROM bench.items GROUP BY user_name"), rows=GROUPS,
         postgres="SELECT user_name, COUNT(*), SUM(amount) FROM bench.items GROUP BY user_name;\n",
         aims={"": (500, 200)}),
    Work("insert", "INSERT", "write",
         request(INSERT + "($1, $2, $3, $4, $5)", "{{next}}", '"user-7"', AMOUNT, "0.25", f'"{NOTE}"'),
         postgres=NEXT_KEY + f"\\set amount random(0, 999)\n{INSERT}(:id, 'user-7', :amount, 0.25, '{NOTE}');\n",
         aims={"sync": (20_000, 10_000), "async": (40_000, 20_000)}, listed={"sync": 9_400, "async": 12_400},
         modes=("sync", "async"), table="inserted"),
    Work("insert_literal", "the same, literal SQL", "write",
         request(INSERT + f"({{{{next}}}}, 'user-7', {AMOUNT}, 0.25, '{NOTE}')"), modes=("async",), table="inserted",
         same_as="insert"),
    Work("update", "UPDATE by key", "write",
         request("UPDATE bench.updated SET amount = $1 WHERE id = $2", "{{next}}", ANY_KEY),
         postgres=KEY + "\\set amount random(0, 1000000000)\nUPDATE bench.updated SET amount = :amount WHERE id = :id;\n",
         aims={"sync": (15_000, 8_500), "async": (25_000, 15_000)}, listed={"sync": 8_200}, modes=("sync", "async"),
         table="updated"),
    Work("update_literal", "the same, literal SQL", "write",
         request(f"UPDATE bench.updated SET amount = {{{{next}}}} WHERE id = {ANY_KEY}"), modes=("async",),
         table="updated", same_as="update"),
    Work("delete", "DELETE by key", "write",
         request("DELETE FROM bench.deleted WHERE id = $1", f"{{{{shuffled 0 {DELETES}}}}}"),
         postgres="\\set n :n + 1\n\\set id (:n * 64 + :client_id) * 2147483647 % " + f"{DELETES}\n"
                  "DELETE FROM bench.deleted WHERE id = :id;\n",
         aims={"sync": (15_000, 8_500), "async": (25_000, 15_000)}, listed={"sync": 8_200}, modes=("sync", "async"),
         count=DELETES),
    Work("insert100", "INSERT of 100 rows a statement", "write", request(INSERT + hundred_rows(lambda i: "{{next}}")),
         rows=100, per_request=100, unit=" rows/s",
         postgres=NEXT_KEY + "\\set id :id * 100\n" + INSERT + hundred_rows(lambda i: f":id::bigint + {i}") + ";\n",
         aims={"sync": (100_000, 50_000), "async": (100_000, 50_000)}, modes=("sync", "async"), table="inserted"),
)

AGGREGATE = "SELECT COUNT(*), SUM(amount), AVG(score) FROM {table}"
AGGREGATE_GROUPS = "SELECT user_name, COUNT(*), SUM(amount), AVG(score) FROM {table} GROUP BY user_name"

# What the other measurements are called, in the order they run.
OTHERS = {
    "echo": "kalam-load against a program that only answers (what the machine can do)",
    "idle": "idle server before DuckDB is first used, VmRSS",
    "users": "point SELECT of one user beside 10, 1,000, 10,000 others",
    "tables": "CREATE TABLE up to 10,000 tables, and asking the catalogue then",
    "flush": "flush of 100,000 rows of one user, of large rows, and DROP TABLE",
    "cold_aggregate": "aggregates over 100,000 flushed rows, DuckDB alone on the same files, and with hot rows among them",
    "cold_point": "point SELECT among 1,000,000 flushed rows of 100 users, cache a tenth of the data and all of it",
}
