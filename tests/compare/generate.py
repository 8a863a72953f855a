# SPDX-License-Identifier: Apache-2.0
"""Random rows, changes and queries, from one seed.

A query is text with the placeholder {ns} for the namespace, valid for PostgreSQL and for us. Queries whose evaluation may
raise an error read one row and nothing filters beside its key, so that whether they fail depends on the values alone and
not on the order of evaluation. What the generator leaves out because we differ is listed in docs/SQL.md.
"""
import random

COLUMNS = [  # name, type (ours where PostgreSQL has another name for it), kind
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
    ("f", "REAL", "float"),
    ("h", "TIME", "time"),
    ("z", "DATETIME", "moment"),
    ("y", "BYTEA", "bytes"),
    ("j", "JSON", "json"),
]
POSTGRES_TYPES = {"DATETIME": "TIMESTAMPTZ"}
KINDS = ["int", "real", "decimal", "text", "bool", "timestamp", "date", "uuid", "float", "time", "moment", "bytes"]
SQL_TYPES = {"int": "bigint", "real": "double precision", "decimal": "numeric", "text": "text", "bool": "boolean",
             "timestamp": "timestamp", "date": "date", "uuid": "uuid", "float": "real", "time": "time",
             "moment": "timestamptz", "bytes": "bytea"}
WORDS = ["", "a", "A", "ab", "aB_c", "abc", "100%", "x_y", "it''s", "ünïcode", "ß", "日本", "  pad ", "zz", "a\\b", "Hello World",
         "12", "-7", "2024-02-29", "a%b", "%", "aXbXc", "ÄÖ", "true"]
DOCUMENTS = ['{"a":1,"b":"x","c":[1,2,3]}', '{"a":"7","b":null,"d":{"e":true,"f":"deep"}}', '[10,"y",{"a":5}]', "{}", "[]",
             '"text"', "42", '{"a":-3,"b":"ünï","c":[]}', '{"a":null}', ' {"a" : "it''s", "c" : [ [7] , "z"]}']
PATTERNS = ["a%", "%b%", "_b%", "%", "", "A_C", "%ü%", "a\\%b", "%\\%", "\\_%", "x\\_y", "%\\\\%", "_", "__%", "%a%b%", "ab", "%\\a", "Ä_"]
UNITS = ["microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century"]
FIELDS = ["year", "month", "day", "dow", "doy", "isodow", "isoyear", "week", "quarter", "century", "decade", "millennium"]
CLOCK_FIELDS = ["hour", "minute", "second", "milliseconds", "microseconds", "epoch"]
INTERVALS = ["1 day", "2 hours", "1 month", "-3 days", "90 minutes", "1 year 2 months", "1.5 seconds", "-1 month"]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]


class Query:
    """`kind`: row (one table, row expressions), group, join, window or nested."""

    def __init__(self, text, kind, is_ordered=False):
        self.text, self.kind, self.is_ordered = text, kind, is_ordered


def moment(rng):
    return (f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}:"
            f"{rng.choice(['00', '07.5', '59.999999'])}")


def clock(rng):
    return rng.choice(["00:00:00", "23:59:59.999999", "12:30:00", f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:07.25"])


def word(rng):
    return "'" + rng.choice(WORDS) + "'"


def literal(rng, kind):
    """A literal of a kind, small enough that safe arithmetic on it cannot overflow."""
    if kind == "int":
        return str(rng.choice([0, 1, -1, 2, 3, 7, 10, 100, -5, 42, 99999]))
    if kind == "real":
        return rng.choice(["0.0", "1.5", "-2.25", "1e3", "0.1", "-0.5"]) + "::float8"
    if kind == "float":
        return rng.choice(["0.0", "1.5", "-2.25", "1e3", "0.1", "-0.5"]) + "::real"
    if kind == "decimal":
        return rng.choice(["0.5", "1.25", "-3.125", "10.0", "0.001", "99.999"])
    if kind == "text":
        return word(rng)
    if kind == "bool":
        return rng.choice(["TRUE", "FALSE"])
    if kind == "timestamp":
        return "TIMESTAMP '" + rng.choice(["2024-01-01 00:00:00", "2026-05-04 10:11:12.5", "1999-12-31 23:59:59.999999"]) + "'"
    if kind == "moment":
        return "'" + rng.choice(["2024-01-01 00:00:00+00", "2026-05-04 10:11:12.5-03", "1999-12-31 23:59:59.999999Z"]) + "'::timestamptz"
    if kind == "date":
        return "DATE '" + rng.choice(["2024-02-29", "1970-01-01", "2026-05-04", "1999-12-31"]) + "'"
    if kind == "time":
        return "TIME '" + clock(rng) + "'"
    if kind == "bytes":
        return "'" + rng.choice(["\\x", "\\x00", "\\x00ff", "abc"]) + "'::bytea"
    return "'" + rng.choice(["00000000-0000-0000-0000-000000000000", "6f1c2d3e-4b5a-6978-8796-a5b4c3d2e1f0"]) + "'::uuid"


def untyped(rng, kind):
    """A literal that takes its type from what stands beside it."""
    text = literal(rng, kind).split("::")[0]
    return text.split(" ", 1)[1] if kind in ("timestamp", "date", "time") else text


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
    if kind == "float":
        return rng.choice(["0", "1.5", "-2.25", "1e30", "0.1", "16777216", "-0.5"])
    if kind == "decimal":
        return rng.choice(["0", "1.250", "-3.125", "99999.999", "0.001", "-0.500", "12"])
    if kind == "text":
        return word(rng)
    if kind == "timestamp":
        return "'" + moment(rng) + "'"
    if kind == "moment":
        return "'" + moment(rng) + rng.choice(["+00", "Z", "+02", "-05:30"]) + "'"
    if kind == "date":
        return f"'{rng.randint(1960, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}'"
    if kind == "time":
        return "'" + clock(rng) + "'"
    if kind == "bytes":
        return "'" + rng.choice(["\\x", "\\x00", "\\x00ff", "\\xff", "abc", "\\x616200"]) + "'"
    if kind == "json":
        return "'" + rng.choice(DOCUMENTS).replace("'", "''") + "'"
    if kind == "bool":
        return rng.choice(["TRUE", "FALSE"])
    return "'%08x-1111-2222-3333-%012x'" % (rng.getrandbits(32), rng.getrandbits(48))


def row(rng, key):
    return [str(key)] + [value(rng, kind, name) for name, _, kind in COLUMNS[1:]]


def rows(rng, count):
    """Lists of SQL values; ids are distinct, not dense and in no order."""
    return [row(rng, key) for key in rng.sample(range(-50, count * 3), count)]


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
        roll = rng.random()
        one = lambda: self.expr(kind, depth - 1, alias)
        if roll < 0.1:
            return f"CASE WHEN {self.predicate(depth - 1, alias)} THEN {one()} ELSE {one()} END"
        if roll < 0.13:
            return f"CASE WHEN {self.predicate(depth - 1, alias)} THEN {one()} WHEN {self.predicate(depth - 1, alias)} THEN {one()} END"
        if roll < 0.16:
            return f"CASE {self.small(alias)} WHEN 1 THEN {one()} WHEN 2 THEN {one()} ELSE {one()} END"
        if roll < 0.25:
            return f"COALESCE({one()}, {one()})"
        if roll < 0.3:
            return f"NULLIF({one()}, {one()})"
        if roll < 0.36 and kind != "bytes":
            return f"{rng.choice(['greatest', 'least'])}({', '.join(one() for _ in range(rng.randint(1, 3)))})"
        return getattr(self, "expr_" + kind)(depth - 1, alias)

    def small(self, alias):
        """A small integer expression of any column."""
        return f"({alias}id % {self.rng.choice([3, 5, 7, 10])})"

    def interval(self):
        return f"INTERVAL '{self.rng.choice(INTERVALS)}'"

    def document(self, alias, depth=1):
        """A part of a document."""
        rng = self.rng
        step = rng.choice(["'a'", "'b'", "'c'", "'d'", "0", "1", "2", "-1"])
        return f"{alias}j" if depth <= 0 or rng.random() < 0.4 else f"({self.document(alias, depth - 1)} -> {step})"

    def expr_int(self, depth, alias):
        rng = self.rng
        text = lambda: self.expr("text", depth, alias)
        return rng.choice([
            lambda: f"({self.small(alias)} {rng.choice('+-*')} {literal(rng, 'int')})",
            lambda: f"length({text()})",
            lambda: f"abs({self.small(alias)})",
            lambda: f"({self.small(alias)} / {rng.choice([2, 3, -4])})",
            lambda: f"({self.small(alias)} % {rng.choice([2, 3, -4])})",
            lambda: f"mod({self.small(alias)}, {rng.choice([2, 3, -4])})",
            lambda: f"strpos({text()}, {literal(rng, 'text')})",
            lambda: f"position({literal(rng, 'text')} IN {text()})",
            lambda: f"octet_length({text()})",
            lambda: f"bit_length({text()})",
            lambda: f"ascii({text()})",
            lambda: f"-{self.small(alias)}",
            lambda: f"({self.small(alias)} {rng.choice('&|#')} {rng.choice([1, 3, 6, -1])})",
            lambda: f"(~{self.small(alias)})",
            lambda: f"({self.column('int', alias)} >> {rng.choice([0, 1, 3])})",
            lambda: f"gcd({self.small(alias)}, {rng.choice([4, 6])})",
            lambda: f"lcm({self.small(alias)}, {rng.choice([4, 6])})",
            lambda: f"floor(extract({rng.choice(FIELDS + CLOCK_FIELDS[:3])} FROM {self.expr('timestamp', depth, alias)}))::int",
            lambda: f"date_part('{rng.choice(FIELDS)}', {self.expr('date', depth, alias)})::int",
            lambda: f"floor(extract({rng.choice(CLOCK_FIELDS)} FROM {self.expr('time', depth, alias)}))::bigint",
            lambda: f"floor(extract({rng.choice(FIELDS + CLOCK_FIELDS[:3])} FROM {self.expr('moment', depth, alias)}))::int",
            lambda: f"({self.expr('date', depth, alias)} - DATE '2000-01-01')",
            lambda: f"length({self.expr('bytes', depth, alias)})",
            lambda: f"({self.column('bool', alias)}::int)",
            lambda: f"({self.small(alias)}::{rng.choice(['smallint', 'int', 'bigint'])})",
            lambda: f"({self.column('decimal', alias)}::int)",
            lambda: f"length({self.document(alias)} ->> 'a')",
            lambda: f"CASE WHEN json_typeof({alias}j) = 'array' THEN json_array_length({alias}j) END",
        ])()

    def expr_real(self, depth, alias):
        rng = self.rng
        small = lambda: f"{self.small(alias)}::float8"
        return rng.choice([
            lambda: f"({self.small(alias)} * {literal(rng, 'real')})",
            lambda: f"({small()} {rng.choice('+-*')} {literal(rng, 'real')})",
            lambda: f"({small()} / {rng.choice(['2', '0.5', '-3'])})",
            lambda: f"({self.column('int', alias)}::float8)",
            lambda: f"({self.column('decimal', alias)}::float8)",
            lambda: f"({self.column('float', alias)}::float8)",
            lambda: f"abs({self.expr('real', 0, alias)})",
            lambda: f"{rng.choice(['floor', 'ceil', 'trunc', 'round', 'sign'])}({self.column('real', alias)})",
            lambda: f"{rng.choice(['floor', 'ceil', 'trunc', 'round'])}({literal(rng, 'real')})",
            lambda: f"sqrt(abs({small()}))",
            lambda: f"power({small()}, {rng.choice([0, 1, 2, 3])})",
            lambda: f"({small()} ^ 2)",
            lambda: f"{rng.choice(['exp', 'cbrt', 'sin', 'cos', 'atan', 'degrees', 'radians'])}({small()})",
            lambda: f"ln(abs({small()}) + 1)",
            lambda: f"extract(epoch FROM {self.expr('timestamp', depth, alias)})::float8",
            lambda: f"extract(epoch FROM ({self.column('timestamp', alias)} - {literal(rng, 'timestamp')}))::float8",
            lambda: f"extract(second FROM {self.expr('time', depth, alias)})::float8",
            lambda: f"({self.column('float', alias)} * {literal(rng, 'real')})",
        ])()

    def expr_float(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.small(alias)}::real)",
            lambda: f"(-{self.column('float', alias)})",
            lambda: f"abs({self.column('float', alias)})",
            lambda: f"({self.small(alias)}::real {rng.choice('+-*')} {literal(rng, 'float')})",
        ])()

    def expr_decimal(self, depth, alias):
        rng = self.rng
        n = lambda: self.column("decimal", alias)
        return rng.choice([
            lambda: f"({n()} {rng.choice('+-')} {literal(rng, 'decimal')})",
            lambda: f"({n()} * {literal(rng, 'decimal')})",
            lambda: f"({n()} {rng.choice('+-*')} {self.small(alias)})",
            lambda: f"({n()} % {rng.choice(['0.5', '2', '-1.25'])})",
            lambda: f"({n()} {rng.choice('+-')} {n()})",
            lambda: f"abs({n()})",
            lambda: f"round({n()}, {rng.choice([0, 1, 2, -1])})",
            lambda: f"trunc({n()}, {rng.choice([0, 1, 2])})",
            lambda: f"{rng.choice(['floor', 'ceil', 'round', 'trunc'])}({n()})",
            lambda: f"(-{n()})",
            lambda: f"({n()}::decimal(14,{rng.choice([0, 1, 5])}))",
            lambda: f"({self.column('int', alias)}::decimal(22,2))",
            lambda: f"({n()} / {rng.choice(['2', '0.5', '-3'])})::decimal(20,6)",
        ])()

    def expr_text(self, depth, alias):
        rng = self.rng
        inner = lambda: self.expr("text", depth, alias)
        count = lambda: rng.choice([-2, -1, 0, 1, 2, 3, 10])
        step = lambda: rng.choice(["'a'", "'b'", "0", "1", "-1", "'f'"])
        return rng.choice([
            lambda: f"({inner()} || {inner()})",
            lambda: f"({inner()} || {self.small(alias)})",
            lambda: f"{rng.choice(['lower', 'upper', 'reverse', 'md5', 'trim', 'ltrim', 'rtrim'])}({inner()})",
            lambda: f"initcap({rng.choice(['t', 'w']) if not alias else alias + 't'})",
            lambda: f"substr({inner()}, {count()}, {rng.choice([0, 1, 2, 10])})",
            lambda: f"substring({inner()} FROM {count()})",
            lambda: f"{rng.choice(['left', 'right'])}({inner()}, {count()})",
            lambda: f"{rng.choice(['btrim', 'ltrim', 'rtrim'])}({inner()}, {rng.choice([word(rng), repr('ab')])})",
            lambda: f"TRIM({rng.choice(['BOTH', 'LEADING', 'TRAILING'])} 'a' FROM {inner()})",
            lambda: f"replace({inner()}, {literal(rng, 'text')}, {literal(rng, 'text')})",
            lambda: f"translate({inner()}, 'abX', {rng.choice([repr('x'), repr('xyz'), repr('')])})",
            lambda: f"{rng.choice(['lpad', 'rpad'])}({inner()}, {rng.choice([0, 3, 6, -1])}{rng.choice(['', ', ' + repr('*'), ', ' + repr('xy'), ', ' + repr('')])})",
            lambda: f"split_part({inner()}, {rng.choice([repr('b'), repr(''), repr(' ')])}, {rng.choice([1, 2, -1])})",
            lambda: f"concat({inner()}, {self.small(alias)}, {literal(rng, 'bool')})",
            lambda: f"concat_ws({literal(rng, 'text')}, {inner()}, NULL, {inner()})",
            lambda: f"repeat({rng.choice(['t', 'w']) if not alias else alias + 't'}, {rng.choice([-1, 0, 1, 3])})",
            lambda: f"overlay({inner()} PLACING {literal(rng, 'text')} FROM {rng.choice([1, 2, 4])}{rng.choice(['', ' FOR 1', ' FOR 0'])})",
            lambda: f"chr(65 + abs({self.small(alias)})::int)",
            lambda: f"to_hex({alias}{rng.choice('ab')})",
            lambda: f"({self.column(rng.choice(['int', 'decimal', 'real', 'float', 'timestamp', 'date', 'bool', 'uuid', 'time']), alias)}::text)",
            lambda: f"({self.column('bytes', alias)}::text)",
            lambda: f"({self.column('moment', alias)}::text)",
            lambda: f"({self.document(alias)} ->> {step()})",
            lambda: f"json_typeof({self.document(alias)})",
            lambda: f"(({self.column('timestamp', alias)} - {literal(rng, 'timestamp')})::text)",
            lambda: f"(({self.column('time', alias)} - {literal(rng, 'time')})::text)",
            lambda: f"md5({self.expr('bytes', depth, alias)})",
        ])()

    def expr_bool(self, depth, alias):
        return "(" + self.predicate(depth, alias) + ")"

    def expr_timestamp(self, depth, alias):
        rng = self.rng
        ts = lambda: self.column("timestamp", alias)
        return rng.choice([
            lambda: f"({ts()} {rng.choice('+-')} {self.interval()})",
            lambda: f"date_trunc('{rng.choice(UNITS)}', {ts()})",
            lambda: f"({self.column('date', alias)}::timestamp)",
            lambda: f"({self.column('date', alias)} {rng.choice('+-')} {self.interval()})",
            lambda: f"({self.column('date', alias)} + {self.expr('time', depth, alias)})",
            lambda: f"make_timestamp(2000 + {self.small(alias)}::int, 1, 2, 3, 4, 5.5)",
            lambda: f"({self.column('moment', alias)}::timestamp)",
        ])()

    def expr_moment(self, depth, alias):
        rng = self.rng
        z = lambda: self.column("moment", alias)
        return rng.choice([
            lambda: f"({z()} {rng.choice('+-')} {self.interval()})",
            lambda: f"date_trunc('{rng.choice(UNITS)}', {z()})",
            lambda: f"({self.column('timestamp', alias)}::timestamptz)",
            lambda: f"to_timestamp({self.small(alias)}::float8)",
        ])()

    def expr_date(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.column('date', alias)} {rng.choice('+-')} {rng.choice([1, 30, 365])})",
            lambda: f"({self.column('date', alias)} + {self.small(alias)}::int)",
            lambda: f"({self.column('timestamp', alias)}::date)",
            lambda: f"date({self.column('timestamp', alias)})",
            lambda: f"make_date(2000 + {self.small(alias)}::int, 2, 28)",
            lambda: f"({self.column('moment', alias)}::date)",
        ])()

    def expr_time(self, depth, alias):
        rng = self.rng
        return rng.choice([
            lambda: f"({self.column('time', alias)} {rng.choice('+-')} INTERVAL '{rng.choice(['1 hour', '90 minutes', '25 hours', '0.5 seconds'])}')",
            lambda: f"({self.column('timestamp', alias)}::time)",
            lambda: f"make_time(abs({self.small(alias)})::int, 30, 1.25)",
        ])()

    def expr_bytes(self, depth, alias):
        return f"({self.column('bytes', alias)} || {literal(self.rng, 'bytes')})"

    def expr_uuid(self, depth, alias):
        return self.column("uuid", alias)

    # ---- predicates ----

    def predicate(self, depth, alias=""):
        rng = self.rng
        if depth > 0 and rng.random() < 0.4:
            return f"({self.predicate(depth - 1, alias)} {rng.choice(['AND', 'OR'])} {self.predicate(depth - 1, alias)})"
        if depth > 0 and rng.random() < 0.1:
            return f"NOT {self.predicate(depth - 1, alias)}"
        kind = rng.choice(KINDS + ["int", "text", "text", "decimal", "date"])
        left = self.expr(kind, depth - 1, alias)
        op = rng.choice(COMPARISONS)
        no = rng.choice(["", "NOT "])
        return rng.choice([
            lambda: f"{left} {op} {self.expr(kind, depth - 1, alias)}",
            lambda: f"{left} {op} {literal(rng, kind)}",
            lambda: f"{left} {op} {untyped(rng, kind)}",
            lambda: f"{left} IS {no}NULL",
            lambda: f"{left} {no}IN ({', '.join(literal(rng, kind) for _ in range(rng.randint(1, 4)))})",
            lambda: f"{left} {no}IN ({literal(rng, kind)}, NULL, {self.expr(kind, 0, alias)})",
            lambda: f"{left} {no}BETWEEN {rng.choice(['', 'SYMMETRIC '])}{literal(rng, kind)} AND {literal(rng, kind)}",
            lambda: f"{left} IS {no}DISTINCT FROM {self.expr(kind, depth - 1, alias)}",
            lambda: self.match(depth, alias, no),
            lambda: self.match(depth, alias, no),
            lambda: f"{self.column('bool', alias)} IS {no}{rng.choice(['TRUE', 'FALSE', 'UNKNOWN'])}",
            lambda: f"({self.column('int', alias)}, {self.column('text', alias)}) {op} ({literal(rng, 'int')}, {word(rng)})",
            lambda: f"({self.document(alias, 2)} ->> {rng.choice([repr('a'), repr('b'), '0'])}) {op} {word(rng)}",
            lambda: f"{self.column('int', alias)} {op} {self.column('decimal', alias)}",
            lambda: f"{self.column('int', alias)} {op} {self.column('real', alias)}",
            lambda: f"{self.column('date', alias)} {op} {self.column('timestamp', alias)}",
            lambda: f"({self.column('timestamp', alias)} - {literal(rng, 'timestamp')}) {op} {self.interval()}",
        ])()

    def match(self, depth, alias, no):
        rng = self.rng
        text = self.expr("text", depth - 1, alias)
        like = rng.choice(["LIKE", "ILIKE"])
        return rng.choice([
            lambda: f"{text} {no}{like} '{rng.choice(PATTERNS)}'",
            lambda: f"{text} {no}{like} '{rng.choice(['100!%', 'a!_b', '!!%', '%!%%', 'it%'])}' ESCAPE '!'",
            lambda: f"{text} {no}{like} '{rng.choice(['a%', '%b', 'ab'])}' ESCAPE ''",
            lambda: f"starts_with({text}, {word(rng)})",
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
            lambda: f"id > {rng.randint(-50, 100)}.5 AND id < {rng.randint(50, 300)}",
            lambda: f"id >= '{rng.randint(-50, 100)}' AND a > {rng.randint(-5, 100)}",
            lambda: f"{rng.randint(-50, 100)} < id AND {self.predicate(1)}",
            lambda: f"(id, a) > ({rng.randint(-50, 200)}, {rng.randint(0, 50)})",
        ])()

    # ---- queries ----

    def page(self):
        rng = self.rng
        return (f" LIMIT {rng.randint(0, 20)}" if rng.random() < 0.5 else "") + (f" OFFSET {rng.randint(0, 10)}" if rng.random() < 0.2 else "")

    def direction(self):
        return self.rng.choice(["", " DESC", " ASC"]) + self.rng.choice(["", " NULLS FIRST", " NULLS LAST"])

    def order(self):
        """ORDER BY that fixes the order whatever the ties: ends with the key."""
        rng = self.rng
        items = []
        for _ in range(rng.randint(0, 2)):
            item = self.column(rng.choice(KINDS)) if rng.random() < 0.5 else getattr(self, "expr_" + rng.choice(["int", "text", "date", "decimal"]))(1, "")
            items.append(item + self.direction())
        items.append("t1.id" + rng.choice(["", " DESC"]))
        return " ORDER BY " + ", ".join(items) + self.page()

    def targets(self, alias=""):
        return ", ".join(self.expr(self.rng.choice(KINDS), 2, alias) for _ in range(self.rng.randint(1, 4)))

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
            f"{big} + {rng.choice(['1', '100', '9223372036854775807', 's'])}",
            f"{big} * {rng.choice(['2', '-1', '1000', 'a'])}",
            f"{big} - {rng.choice(['1', '32767', 'b'])}",
            f"{big} / {rng.choice(['0', 's', '-1', 'NULLIF(s, 0)', '0.0', 'n', 'd'])}",
            f"{big} % {rng.choice(['0', 's', '7', '-1'])}",
            f"{rng.choice(['t', 'w'])}::{rng.choice(['int', 'bigint', 'smallint', 'boolean', 'date', 'timestamp', 'float8', 'decimal(6,2)', 'uuid', 'time', 'json', 'real'])}",
            f"{rng.choice(['a', 'b', 's', 'd', 'n', 'f'])}::{rng.choice(['smallint', 'int', 'bigint', 'real', 'float8', 'decimal(4,2)'])}",
            f"abs({big})", f"-{big}", "n / 0", "n * 99999999", "d * 1e300", "f * 1e30::real", "sqrt(d)", "(t || 'x')::bigint", "ln(d)",
            "ln(n)", "log(d)", "d / s", "n % s", "mod(a, s)", "gcd(a, b)", "lcm(a, s)", "power(d, s)", "acos(d)", "exp(d)",
            "make_date(a, s, 1)", "make_time(a, s, 0)", "substr(t, 1, s)", "split_part(t, 'a', s)", "chr(a)", "left(t, s)",
            "dt + a", "dt - s", "ts + INTERVAL '1 month' * s", "t LIKE w", "t ILIKE (w || '%')",
            "CASE WHEN s > 0 THEN a / s ELSE a + 1 END", "COALESCE(a / NULLIF(s, 0), a + 1)", "a BETWEEN 1 / s AND 5",
            "(a + 1) IN (1, 2, s)", "sqrt(a)", "a::text::smallint", "(j ->> 'a')::int", "t::json ->> 'a'", "date_trunc(t, ts)",
            "b::float8::bigint", "d::int", "f::int",
        ])
        return Query(f"SELECT {text} FROM {{ns}}.t1 WHERE id = {rng.randint(-50, 300)} ORDER BY id", "row", is_ordered=True)

    def aggregate(self):
        rng = self.rng
        simple = rng.choice([
            "count(*)", "count(a)", "count(DISTINCT t)", "sum(s)", "min(a)", "max(b)", "min(t)", "max(ts)", "sum(n)", "min(dt)",
            "avg(s)", "bool_and(ok)", "bool_or(ok)", "max(n)", "min(d)", "sum(id % 7)", "max(length(t))", "avg(n)", "min(h)", "max(z)",
            "sum(DISTINCT s)", "avg(DISTINCT s)", "every(ok)", "bit_and(s)", "bit_or(a)", "min(f)", "count(DISTINCT dt)", "sum(s::float8)",
            "max(abs(id))", "stddev_pop(s)", "var_samp(s)", "sum(s) + count(*)", "max(id) - min(id)", "COALESCE(sum(s), 0)",
        ])
        if rng.random() < 0.15:
            return f"string_agg({rng.choice(['t', 'w', 'a::text'])}, {word(rng)} ORDER BY id{rng.choice(['', ' DESC'])})"
        if rng.random() < 0.15 and simple.endswith(")") and " " not in simple:
            return f"{simple} FILTER (WHERE {self.predicate(1)})"
        return simple

    def group_query(self):
        rng = self.rng
        aggregates = ", ".join(self.aggregate() for _ in range(rng.randint(1, 4)))
        if rng.random() < 0.25:
            return Query(f"SELECT {aggregates} FROM {{ns}}.t1{self.where()}", "group", is_ordered=True)
        keys = [rng.choice(["id % 5", "t", "ok", "dt", "extract(year FROM ts)::int", "length(w)", "date_trunc('year', ts)", "a IS NULL",
                            "lower(t)", "n", "u", "h"]) for _ in range(rng.choice([1, 1, 2]))]
        having = f" HAVING {rng.choice(['count(*) > 1', 'max(a) > 20', 'sum(s) IS NOT NULL', 'min(t) < max(w)', 'bool_or(ok)'])}" if rng.random() < 0.3 else ""
        numbers = ", ".join(str(i + 1) for i in range(len(keys)))
        by = numbers if rng.random() < 0.3 else ", ".join(keys)
        order = ", ".join(f"{i + 1}{self.direction()}" for i in range(len(keys)))
        return Query(f"SELECT {', '.join(keys)}, {aggregates} FROM {{ns}}.t1{self.where()} GROUP BY {by}{having} ORDER BY {order}{self.page()}",
                     "group", is_ordered=len(set(keys)) == len(keys))

    def join_query(self):
        rng = self.rng
        join = rng.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        where = f" WHERE {self.predicate(1, 'x.')}" if rng.random() < 0.5 else ""
        more = "" if join == "FULL JOIN" or rng.random() < 0.6 else rng.choice([" AND y.v > 20", " AND x.s < y.v", f" AND {self.predicate(1, 'x.')}"])
        order = " ORDER BY x.id NULLS FIRST, y.id NULLS FIRST"
        return rng.choice([
            lambda: Query(f"SELECT x.id, {self.targets('x.')}, y.k, y.v FROM {{ns}}.t1 x {join} {{ns}}.t2 y ON x.id = y.t1_id{more}{where}{order}", "join", is_ordered=True),
            lambda: Query(f"SELECT x.id, y.id, x.a, y.b FROM {{ns}}.t1 x {join} {{ns}}.t1 y ON x.{'t'} = y.w{where}{order}", "join", is_ordered=True),
            lambda: Query(f"SELECT x.id, y.id FROM {{ns}}.t1 x JOIN {{ns}}.t2 y ON x.s {rng.choice(['<', '>='])} y.v AND x.id % 7 = y.id % 7{where}{order}", "join", is_ordered=True),
            lambda: Query(f"SELECT y.k, count(*), sum(x.s), max(x.t) FROM {{ns}}.t1 x {join} {{ns}}.t2 y ON x.id = y.t1_id{where} GROUP BY y.k ORDER BY y.k NULLS FIRST", "join", is_ordered=True),
            lambda: Query(f"SELECT id, x.t, y.v FROM {{ns}}.t1 x {join} {{ns}}.t2 y USING (id){where} ORDER BY id, y.v, x.t", "join"),
            lambda: Query(f"SELECT x.id, q.c FROM {{ns}}.t1 x LEFT JOIN (SELECT t1_id, count(*) AS c FROM {{ns}}.t2 GROUP BY t1_id) q ON q.t1_id = x.id{where} ORDER BY x.id", "join", is_ordered=True),
            lambda: Query(f"SELECT x.id, q.v FROM {{ns}}.t1 x, LATERAL (SELECT v FROM {{ns}}.t2 y WHERE y.t1_id = x.id ORDER BY v DESC, y.id LIMIT 1) q{where} ORDER BY x.id", "join", is_ordered=True),
            lambda: Query(f"SELECT x.id, y.id, w.id FROM {{ns}}.t2 y JOIN {{ns}}.t1 x ON x.id = y.t1_id LEFT JOIN {{ns}}.t2 w ON w.t1_id = x.id AND w.id > y.id{where} ORDER BY x.id, y.id, w.id", "join", is_ordered=True),
            lambda: Query(f"SELECT g.i, count(x.id) FROM generate_series(0, {rng.randint(2, 9)}) AS g(i) LEFT JOIN {{ns}}.t1 x ON x.id % 10 = g.i{where} GROUP BY g.i ORDER BY g.i", "join", is_ordered=True),
        ])()

    def window_query(self):
        rng = self.rng
        call = rng.choice(["row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "count(*)", "sum(s)", "lag(a)", "lead(t)",
                           "lag(s, 2)", "lead(a, 1, -1)", "first_value(id)", "last_value(t)", "nth_value(a, 2)", "max(b)", "ntile(3)", "avg(s)",
                           "min(dt)", "count(t)", "string_agg(t, '')"])
        frames = ["", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
                  " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING", " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
                  " GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW",
                  " ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW"]
        frame = rng.choice(frames) if call.split("(")[0] in ("count", "sum", "max", "first_value", "last_value", "nth_value", "avg", "min") else ""
        part = rng.choice(["", f"PARTITION BY {rng.choice(['ok', 'id % 3', 't', 'ok, id % 2', 'dt IS NULL'])} "])
        over = f"({part}ORDER BY id{rng.choice(['', ' DESC'])}{frame})"
        tail = f" FROM {{ns}}.t1{self.where()} ORDER BY id"
        return rng.choice([
            lambda: Query(f"SELECT id, {call} OVER {over}{tail}", "window", is_ordered=True),
            lambda: Query(f"SELECT id, {call} OVER {over}, sum(s) OVER (PARTITION BY ok){tail}", "window", is_ordered=True),
            lambda: Query(f"SELECT id, rank() OVER (ORDER BY {rng.choice(['t', 'dt', 's', 'ok', 'n'])}{self.direction()}), sum(s) OVER w, count(*) OVER w{tail.replace(' ORDER BY', ' WINDOW w AS (PARTITION BY ok ORDER BY id) ORDER BY')}", "window", is_ordered=True),
            lambda: Query(f"SELECT ok, count(*), rank() OVER (ORDER BY count(*) DESC) FROM {{ns}}.t1{self.where()} GROUP BY ok ORDER BY ok NULLS FIRST", "window", is_ordered=True),
            lambda: Query(f"SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY ok ORDER BY id) AS n FROM {{ns}}.t1{self.where()}) q WHERE n <= {rng.randint(1, 4)} ORDER BY id", "window", is_ordered=True),
        ])()

    def nested_query(self):
        rng = self.rng
        one = "{ns}.t1" + self.where()
        set_word = lambda: rng.choice(["UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"])
        return rng.choice([
            lambda: Query(f"SELECT id FROM {{ns}}.t1 WHERE id {rng.choice(['', 'NOT '])}IN (SELECT t1_id FROM {{ns}}.t2 WHERE v > {rng.randint(-5, 50)}) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id FROM {{ns}}.t1 x WHERE {rng.choice(['', 'NOT '])}EXISTS (SELECT 1 FROM {{ns}}.t2 y WHERE y.t1_id = x.id AND y.v < {rng.randint(0, 90)}) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id, (SELECT {rng.choice(['max(v)', 'count(*)', 'sum(v)', 'min(k)'])} FROM {{ns}}.t2 y WHERE y.t1_id = x.id) FROM {{ns}}.t1 x{self.where('x.')} ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id FROM {{ns}}.t1 WHERE s {rng.choice(COMPARISONS)} {rng.choice(['ANY', 'ALL'])} (SELECT v FROM {{ns}}.t2 WHERE v > {rng.randint(0, 60)}) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"SELECT id FROM {{ns}}.t1 x WHERE s > (SELECT avg(s) FROM {{ns}}.t1 y WHERE y.ok = x.ok) ORDER BY id", "nested", is_ordered=True),
            lambda: Query(f"WITH q AS (SELECT id, a, t FROM {one}) SELECT q.t, count(*) FROM q GROUP BY q.t ORDER BY 1 NULLS FIRST", "nested", is_ordered=True),
            lambda: Query(f"WITH q AS (SELECT id, s FROM {one}), r AS (SELECT max(s) AS m FROM q) SELECT q.id, q.s, r.m FROM q, r WHERE q.s = r.m OR q.id % 9 = 0 ORDER BY q.id", "nested", is_ordered=True),
            lambda: Query(f"WITH q(k, v) AS (SELECT id % 6, s FROM {one}) SELECT x.k, count(*) FROM q x JOIN q y ON x.k = y.k AND x.v < y.v GROUP BY x.k ORDER BY 1", "nested", is_ordered=True),
            lambda: Query(f"WITH RECURSIVE q(i, s) AS (SELECT 1, 1 UNION ALL SELECT i + 1, s + i FROM q WHERE i < {rng.randint(1, 12)}) SELECT i, s FROM q ORDER BY i", "nested", is_ordered=True),
            lambda: Query(f"WITH RECURSIVE q(id, depth) AS (SELECT id, 0 FROM {{ns}}.t1 WHERE id < 0 UNION SELECT y.t1_id, depth + 1 FROM q JOIN {{ns}}.t2 y ON y.id = abs(q.id) WHERE depth < 3) SELECT count(*), max(depth) FROM q", "nested", is_ordered=True),
            lambda: Query(f"SELECT a FROM {one} {set_word()} SELECT v FROM {{ns}}.t2", "nested"),
            lambda: Query(f"SELECT s, t FROM {one} {set_word()} SELECT v, k FROM {{ns}}.t2 ORDER BY 1{self.direction()}, 2{self.direction()}{self.page()}", "nested", is_ordered=True),
            lambda: Query(f"SELECT t FROM {one} {set_word()} (SELECT w FROM {{ns}}.t1{self.where()} {set_word()} SELECT k FROM {{ns}}.t2)", "nested"),
            lambda: Query(f"SELECT n FROM {one} UNION SELECT v FROM {{ns}}.t2 UNION SELECT s FROM {{ns}}.t1", "nested"),
            lambda: Query(f"SELECT DISTINCT {rng.choice(['ok', 't', 'id % 4', 'ok, t', 'dt', 'n, ok', 'h', 'u IS NULL, ok'])} FROM {one}", "nested"),
            lambda: Query(f"SELECT DISTINCT {rng.choice(['t', 'dt', 'n', 's'])} FROM {one} ORDER BY 1{self.direction()}{self.page()}", "nested", is_ordered=True),
            lambda: Query(f"SELECT q.x + 1, q.y FROM (SELECT id % 10 AS x, t AS y FROM {one}) q WHERE q.x > {rng.randint(0, 8)}", "nested"),
            lambda: Query(f"SELECT q.* FROM (SELECT id, a, t FROM {one} ORDER BY id{rng.choice(['', ' DESC'])}{self.page()}) q ORDER BY q.id", "nested", is_ordered=True),
            lambda: Query(f"SELECT DISTINCT ON (ok) ok, id FROM {one} ORDER BY ok{rng.choice([' NULLS FIRST', ' DESC NULLS LAST'])}, id", "nested", is_ordered=True),
            lambda: Query(f"SELECT v.n, count(x.id) FROM (VALUES (1, 'a'), (2, 'ab'), (3, NULL)) AS v(n, w) LEFT JOIN {{ns}}.t1 x ON x.t = v.w GROUP BY v.n ORDER BY v.n", "nested", is_ordered=True),
            lambda: Query(f"SELECT id, CASE WHEN EXISTS (SELECT 1 FROM {{ns}}.t2 y WHERE y.t1_id = t1.id) THEN 'some' ELSE 'none' END FROM {one} ORDER BY id", "nested", is_ordered=True),
        ])()

    def query(self):
        roll = self.rng.random()
        if roll < 0.45:
            return self.row_query()
        if roll < 0.6:
            return self.failing_query()
        if roll < 0.72:
            return self.group_query()
        if roll < 0.82:
            return self.join_query()
        if roll < 0.88:
            return self.window_query()
        return self.nested_query()

    # ---- changes ----

    def assignment(self):
        name, _, kind = self.rng.choice([column for column in COLUMNS if column[0] not in ("id", "a", "s", "n", "j")])
        return f"{name} = {self.expr(kind, 2)}"

    def change(self):
        """UPDATE, DELETE or INSERT of a few rows."""
        rng = self.rng
        which = self.key_predicate() if rng.random() < 0.5 else f"{self.predicate(1)} AND id % {rng.randint(3, 9)} = 0"
        sets = dict(assignment.split(" = ", 1) for assignment in (self.assignment() for _ in range(rng.randint(1, 3))))
        update = "UPDATE {ns}.t1 SET " + ", ".join(f"{name} = {expr}" for name, expr in sets.items()) + f" WHERE {which}"
        return rng.choice([
            lambda: update,
            lambda: update,
            lambda: f"DELETE FROM {{ns}}.t1 WHERE id IN ({rng.randint(-50, 300)}, {rng.randint(-50, 300)})",
            lambda: f"DELETE FROM {{ns}}.t1 WHERE id = {rng.randint(-50, 300)}",
            lambda: f"INSERT INTO {{ns}}.t1 SELECT id + {rng.randint(400, 9000)}, a, b, s, d, n, t, w, ok, ts, dt, u, f, h, z, y, j FROM {{ns}}.t1 WHERE id % 11 = {rng.randint(0, 5)}",
            lambda: "INSERT INTO {ns}.t1 VALUES (" + ", ".join(row(rng, rng.randint(-200, 400))) + ")",
            lambda: f"UPDATE {{ns}}.t1 SET a = (SELECT max(v) FROM {{ns}}.t2 y WHERE y.t1_id = t1.id) WHERE id IN (SELECT t1_id FROM {{ns}}.t2 WHERE v < {rng.randint(0, 60)})",
        ])()
