# SPDX-License-Identifier: Apache-2.0
"""Random rows and random queries over them, from one seed.

A query is text with the placeholder {ns} for the namespace, valid for PostgreSQL and for us. Queries whose evaluation may
raise an error read one row and nothing filters beside its key, so that whether they fail depends on the values alone and
not on the order of evaluation.
"""
import random

COLUMNS = [  # name, type, kind
    ("id", "BIGINT", "int"),
    ("a", "INT", "int"),
    ("b", "BIGINT", "int"),
    ("s", "SMALLINT", "int"),
    ("d", "DOUBLE PRECISION", "real"),
    ("n", "DECIMAL(12,3)", "decimal"),
    ("t", "TEXT", "text"),
    ("w", "TEXT", "text"),
    ("ok", "BOOLEAN", "bool"),
    ("ts", "TIMESTAMP", "timestamp"),
    ("dt", "DATE", "date"),
    ("u", "UUID", "uuid"),
]
WORDS = ["", "a", "A", "ab", "aB_c", "abc", "100%", "x_y", "it''s", "ünïcode", "ß", "日本", "  pad ", "zz", "a\\\\b", "Hello World"]


class Query:
    """`kind`: row (one table, row expressions), group, join, window or nested."""

    def __init__(self, text, kind, is_ordered=False):
        self.text, self.kind, self.is_ordered = text, kind, is_ordered


def literal(rng, kind):
    """A literal of a kind, small enough that safe arithmetic on it cannot overflow."""
    if kind == "int":
        return str(rng.choice([0, 1, -1, 2, 3, 7, 10, 100, -5, 42, 99999]))
    if kind == "real":
        return rng.choice(["0.0", "1.5", "-2.25", "1e3", "0.1", "-0.5"]) + "::float8"
    if kind == "decimal":
        return rng.choice(["0.5", "1.25", "-3.125", "10.0", "0.001", "99.999"])
    if kind == "text":
        return "'" + rng.choice(WORDS).replace("\\\\", "\\") + "'"
    if kind == "bool":
        return rng.choice(["TRUE", "FALSE"])
    if kind == "timestamp":
        return "TIMESTAMP '" + rng.choice(["2024-01-01 00:00:00", "2026-05-04 10:11:12.5", "1999-12-31 23:59:59.999999"]) + "'"
    if kind == "date":
        return "DATE '" + rng.choice(["2024-02-29", "1970-01-01", "2026-05-04", "1999-12-31"]) + "'"
    return "'" + rng.choice(["00000000-0000-0000-0000-000000000000", "6f1c2d3e-4b5a-6978-8796-a5b4c3d2e1f0"]) + "'::uuid"


def value(rng, kind, name):
    """A cell of a stored row, as SQL."""
    if name != "id" and rng.random() < 0.15:
        return "NULL"
    if kind == "int":
        if rng.random() < 0.1:
            return {"a": rng.choice(["2147483647", "-2147483648"]), "b": rng.choice(["9223372036854775807", "-9223372036854775807"]),
                    "s": rng.choice(["32767", "-32768"])}.get(name, "0")
        return str(rng.randint(-20, 120))
    if kind == "real":
        return rng.choice(["0", "1.5", "-2.25", "1e300", "1e-5", "0.1", "123456789.125", "-0.5", "100"])
    if kind == "decimal":
        return rng.choice(["0", "1.250", "-3.125", "99999.999", "0.001", "-0.500", "12"])
    if kind == "text":
        return "'" + rng.choice(WORDS).replace("\\\\", "\\") + "'"
    if kind == "timestamp":
        return f"'{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.choice(['00', '07.5', '59.999999'])}'"
    if kind == "date":
        return f"'{rng.randint(1960, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}'"
    if kind == "bool":
        return rng.choice(["TRUE", "FALSE"])
    return "'%08x-1111-2222-3333-%012x'" % (rng.getrandbits(32), rng.getrandbits(48))


def rows(rng, count):
    """Lists of SQL values; ids are distinct, not dense and in no order."""
    ids = rng.sample(range(-50, count * 3), count)
    return [[str(i)] + [value(rng, kind, name) for name, _, kind in COLUMNS[1:]] for i in ids]


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def column(self, kind, alias=""):
        names = [name for name, _, k in COLUMNS if k == kind]
        return alias + self.rng.choice(names)

    # ---- expressions that cannot fail on the stored rows ----

    def expr(self, kind, depth, alias=""):
        rng = self.rng
        if depth <= 0 or rng.random() < 0.3:
            return self.column(kind, alias) if rng.random() < 0.7 else literal(rng, kind)
        if rng.random() < 0.15:
            return f"CASE WHEN {self.predicate(depth - 1, alias)} THEN {self.expr(kind, depth - 1, alias)} ELSE {self.expr(kind, depth - 1, alias)} END"
        if rng.random() < 0.1:
            return f"COALESCE({self.expr(kind, depth - 1, alias)}, {self.expr(kind, depth - 1, alias)})"
        if rng.random() < 0.05:
            return f"NULLIF({self.expr(kind, depth - 1, alias)}, {self.expr(kind, depth - 1, alias)})"
        return getattr(self, "expr_" + kind)(depth - 1, alias)

    def small(self, alias):
        """A small integer expression of any column."""
        return f"({alias}id % {self.rng.choice([3, 5, 7, 10])})"

    def expr_int(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.small(alias)} {rng.choice('+-*')} {literal(rng, 'int')})",
            lambda: f"length({self.expr('text', depth, alias)})",
            lambda: f"abs({self.small(alias)})",
            lambda: f"({self.small(alias)} / {rng.choice([2, 3, -4])})",
            lambda: f"strpos({self.expr('text', depth, alias)}, {literal(rng, 'text')})",
            lambda: f"octet_length({self.expr('text', depth, alias)})",
            lambda: f"-{self.small(alias)}",
            lambda: f"greatest({self.small(alias)}, {literal(rng, 'int')})",
            lambda: f"least({self.small(alias)}, {literal(rng, 'int')})",
            lambda: f"extract(year FROM {self.expr('timestamp', depth, alias)})::int",
            lambda: f"({self.expr('date', depth, alias)} - DATE '2000-01-01')",
        ])()

    def expr_real(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.small(alias)} * {literal(rng, 'real')})",
            lambda: f"({self.column('int', alias)}::float8)",
            lambda: f"abs({self.expr('real', 0, alias)})",
            lambda: f"floor({literal(rng, 'real')})",
            lambda: f"sqrt(abs({self.small(alias)}::float8))",
            lambda: f"round({literal(rng, 'real')})",
        ])()

    def expr_decimal(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.column('decimal', alias)} {rng.choice('+-')} {literal(rng, 'decimal')})",
            lambda: f"({self.column('decimal', alias)} * {literal(rng, 'decimal')})",
            lambda: f"abs({self.column('decimal', alias)})",
            lambda: f"round({self.column('decimal', alias)}, {rng.choice([0, 1, 2])})",
            lambda: f"(-{self.column('decimal', alias)})",
        ])()

    def expr_text(self, depth, alias):
        rng = self.rng
        inner = lambda: self.expr("text", depth, alias)
        return rng.choice([
            lambda: f"({inner()} || {inner()})",
            lambda: f"lower({inner()})",
            lambda: f"upper({inner()})",
            lambda: f"substr({inner()}, {rng.choice([-2, 0, 1, 2, 3])}, {rng.choice([0, 1, 2, 10])})",
            lambda: f"left({inner()}, {rng.choice([-1, 0, 1, 3])})",
            lambda: f"right({inner()}, {rng.choice([-1, 0, 1, 3])})",
            lambda: f"trim({inner()})",
            lambda: f"replace({inner()}, {literal(rng, 'text')}, {literal(rng, 'text')})",
            lambda: f"reverse({inner()})",
            lambda: f"lpad({inner()}, {rng.choice([0, 3, 6])}, '*')",
            lambda: f"split_part({inner()}, 'b', {rng.choice([1, 2])})",
            lambda: f"concat({inner()}, {self.small(alias)}, {literal(rng, 'bool')})",
            lambda: f"({self.column('int', alias)}::text)",
            lambda: f"({self.column('decimal', alias)}::text)",
            lambda: f"({self.column('real', alias)}::text)",
            lambda: f"({self.column('timestamp', alias)}::text)",
            lambda: f"({self.column('date', alias)}::text)",
            lambda: f"({self.column('bool', alias)}::text)",
            lambda: f"({self.column('uuid', alias)}::text)",
        ])()

    def expr_bool(self, depth, alias):
        return "(" + self.predicate(depth, alias) + ")"

    def expr_timestamp(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.column('timestamp', alias)} + INTERVAL '{rng.choice(['1 day', '2 hours', '1 month', '-3 days', '90 minutes'])}')",
            lambda: f"date_trunc('{rng.choice(['hour', 'day', 'month', 'year', 'minute'])}', {self.column('timestamp', alias)})",
            lambda: f"({self.column('date', alias)}::timestamp)",
        ])()

    def expr_date(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.column('date', alias)} + {rng.choice([1, 30, -7])})",
            lambda: f"({self.column('timestamp', alias)}::date)",
        ])()

    def expr_uuid(self, depth, alias):
        return self.column("uuid", alias)

    # ---- predicates ----

    def predicate(self, depth, alias=""):
        rng = self.rng
        if depth > 0 and rng.random() < 0.4:
            word = rng.choice(["AND", "OR"])
            return f"({self.predicate(depth - 1, alias)} {word} {self.predicate(depth - 1, alias)})"
        if depth > 0 and rng.random() < 0.1:
            return f"NOT {self.predicate(depth - 1, alias)}"
        kind = rng.choice(["int", "int", "real", "decimal", "text", "text", "timestamp", "date", "bool", "uuid"])
        left = self.expr(kind, depth - 1, alias)
        op = rng.choice(["=", "<>", "<", "<=", ">", ">="])
        return rng.choice([
            lambda: f"{left} {op} {self.expr(kind, depth - 1, alias)}",
            lambda: f"{left} {op} {literal(rng, kind)}",
            lambda: f"{left} IS {rng.choice(['', 'NOT '])}NULL",
            lambda: f"{left} {rng.choice(['', 'NOT '])}IN ({', '.join(literal(rng, kind) for _ in range(rng.randint(1, 4)))})",
            lambda: f"{left} {rng.choice(['', 'NOT '])}BETWEEN {literal(rng, kind)} AND {literal(rng, kind)}",
            lambda: f"{left} IS {rng.choice(['', 'NOT '])}DISTINCT FROM {self.expr(kind, depth - 1, alias)}",
            lambda: f"{self.expr('text', depth - 1, alias)} {rng.choice(['', 'NOT '])}{rng.choice(['LIKE', 'ILIKE'])} '{rng.choice(['a%', '%b%', '_b%', '%', '', '100!%', 'A_C', '%ü%'])}'",
            lambda: f"{self.column('bool', alias)} IS {rng.choice(['', 'NOT '])}{rng.choice(['TRUE', 'FALSE', 'UNKNOWN'])}",
        ])()

    def key_predicate(self):
        rng = self.rng
        return rng.choice([
            lambda: f"id = {rng.randint(-50, 300)}",
            lambda: f"id IN ({', '.join(str(rng.randint(-50, 300)) for _ in range(rng.randint(1, 6)))})",
            lambda: f"id BETWEEN {rng.randint(-50, 100)} AND {rng.randint(0, 300)}",
            lambda: f"id {rng.choice(['<', '<=', '>', '>='])} {rng.randint(-50, 300)}",
            lambda: f"id > {rng.randint(-50, 100)} AND id <= {rng.randint(50, 300)}",
            lambda: f"(id = {rng.randint(-50, 300)} OR id = {rng.randint(-50, 300)})",
        ])()

    # ---- queries ----

    def order(self):
        """ORDER BY that fixes the order whatever the ties: ends with the key."""
        rng = self.rng
        items = []
        for _ in range(rng.randint(0, 2)):
            kind = rng.choice(["int", "text", "real", "timestamp", "decimal", "bool"])
            item = self.column(kind) if rng.random() < 0.5 else f"({self.small('')} + length({self.column('text')}))"
            items.append(item + rng.choice(["", " DESC", " ASC"]) + rng.choice(["", " NULLS FIRST", " NULLS LAST"]))
        items.append("t1.id" + rng.choice(["", " DESC"]))
        return " ORDER BY " + ", ".join(items) + (f" LIMIT {rng.randint(0, 20)}" if rng.random() < 0.5 else "") + (
            f" OFFSET {rng.randint(0, 10)}" if rng.random() < 0.2 else "")

    def targets(self, alias=""):
        kinds = ["int", "real", "decimal", "text", "bool", "timestamp", "date", "uuid"]
        return ", ".join(self.expr(self.rng.choice(kinds), 2, alias) for _ in range(self.rng.randint(1, 4)))

    def where(self, alias=""):
        return f" WHERE {self.predicate(2, alias)}" if self.rng.random() < 0.8 else ""

    def row_query(self):
        if self.rng.random() < 0.3:
            return Query(f"SELECT id, {self.targets()} FROM {{ns}}.t1 WHERE {self.key_predicate()}{self.order()}", "row", is_ordered=True)
        return Query(f"SELECT {self.targets()} FROM {{ns}}.t1{self.where()}{self.order()}", "row", is_ordered=True)

    def failing_query(self):
        """Overflow, division by zero, bad casts: one row, no filter but the key."""
        rng = self.rng
        big = rng.choice(["a", "b", "s"])
        text = rng.choice([
            f"{big} + {rng.choice(['1', '100', '9223372036854775807'])}",
            f"{big} * {rng.choice(['2', '-1', '1000'])}",
            f"{big} - {rng.choice(['1', '32767'])}",
            f"{big} / {rng.choice(['0', 's', '-1', 'NULLIF(s, 0)'])}",
            f"{big} % {rng.choice(['0', 's', '7'])}",
            "t::int", "t::boolean", "d::int", "n::smallint", "b::int", "w::date", "d::smallint", "abs(b)", "-a",
            "n / 0", "n * 99999999", "d * 1e300", "sqrt(d)", "(t || 'x')::bigint", "ln(d)", "n::decimal(4,2)",
        ])
        return Query(f"SELECT {text} FROM {{ns}}.t1 WHERE id = {rng.randint(-50, 300)} ORDER BY id", "row", is_ordered=True)

    def group_query(self):
        rng = self.rng
        kind = rng.choice(["int", "text", "bool", "date"])
        key = {"int": "id % 5", "text": "t", "bool": "ok", "date": "dt"}[kind]
        aggregates = ", ".join(rng.choice([
            "count(*)", "count(a)", "count(DISTINCT t)", "sum(s)", "min(a)", "max(b)", "min(t)", "max(ts)", "sum(n)", "min(dt)",
            "avg(s)", "bool_and(ok)", "bool_or(ok)", "max(n)", "min(d)", "count(*) FILTER (WHERE ok)", "sum(id % 7)", "max(length(t))",
        ]) for _ in range(rng.randint(1, 4)))
        having = f" HAVING count(*) > {rng.randint(0, 3)}" if rng.random() < 0.3 else ""
        if rng.random() < 0.25:
            return Query(f"SELECT {aggregates} FROM {{ns}}.t1{self.where()}", "group", is_ordered=True)
        return Query(f"SELECT {key}, {aggregates} FROM {{ns}}.t1{self.where()} GROUP BY {key}{having} ORDER BY {key} NULLS FIRST", "group", is_ordered=True)

    def join_query(self):
        rng = self.rng
        join = rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        where = f" WHERE {self.predicate(1, 'x.')}" if rng.random() < 0.5 else ""
        return Query(f"SELECT x.id, x.t, y.k, y.v FROM {{ns}}.t1 x {join} {{ns}}.t2 y ON x.id = y.t1_id{where}"
                     " ORDER BY x.id NULLS FIRST, y.id NULLS FIRST", "join", is_ordered=True)

    def window_query(self):
        rng = self.rng
        call = rng.choice(["row_number()", "rank()", "dense_rank()", "count(*)", "sum(s)", "lag(a)", "lead(t)", "first_value(id)", "max(b)", "ntile(3)"])
        frame = rng.choice(["", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"]) if call in ("count(*)", "sum(s)", "max(b)") else ""
        return Query(f"SELECT id, {call} OVER (PARTITION BY {rng.choice(['ok', 'id % 3', 't'])} ORDER BY id{rng.choice(['', ' DESC'])}{frame})"
                     f" FROM {{ns}}.t1{self.where()} ORDER BY id", "window", is_ordered=True)

    def nested_query(self):
        rng = self.rng
        return rng.choice([
            lambda: Query(f"SELECT id FROM {{ns}}.t1 WHERE id IN (SELECT t1_id FROM {{ns}}.t2 WHERE v > {rng.randint(-5, 50)}) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id FROM {{ns}}.t1 x WHERE EXISTS (SELECT 1 FROM {{ns}}.t2 y WHERE y.t1_id = x.id AND y.v < {rng.randint(0, 90)}) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id, (SELECT max(v) FROM {{ns}}.t2 y WHERE y.t1_id = x.id) FROM {{ns}}.t1 x{self.where('x.')} ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"WITH q AS (SELECT id, a, t FROM {{ns}}.t1{self.where()}) SELECT q.t, count(*) FROM q GROUP BY q.t ORDER BY 1 NULLS FIRST", "nested", is_ordered=True),
            lambda: Query(f"SELECT a FROM {{ns}}.t1{self.where()} {rng.choice(['UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT'])} SELECT v FROM {{ns}}.t2", "nested"),
            lambda: Query(f"SELECT DISTINCT {rng.choice(['ok', 't', 'id % 4', 'ok, t'])} FROM {{ns}}.t1{self.where()}", "nested"),
            lambda: Query(f"SELECT q.x + 1, q.y FROM (SELECT id % 10 AS x, t AS y FROM {{ns}}.t1{self.where()}) q WHERE q.x > {rng.randint(0, 8)}", "nested"),
            lambda: Query(f"SELECT DISTINCT ON (ok) ok, id FROM {{ns}}.t1{self.where()} ORDER BY ok NULLS FIRST, id", "nested", is_ordered=True),
        ])()

    def query(self):
        roll = self.rng.random()
        if roll < 0.45:
            return self.row_query()
        if roll < 0.6:
            return self.failing_query()
        if roll < 0.75:
            return self.group_query()
        if roll < 0.82:
            return self.join_query()
        if roll < 0.88:
            return self.window_query()
        return self.nested_query()
