# SPDX-License-Identifier: Apache-2.0
"""The same questions asked by several users, and how long each answer took."""
import time

from api import Refused
from load import TABLE

QUESTIONS = [
    f"SELECT COUNT(*), COUNT(DISTINCT package), MIN(date)::DATE::TEXT, MAX(date)::DATE::TEXT FROM {TABLE}",
    f"SELECT entry FROM {TABLE} WHERE date IS NOT NULL ORDER BY date DESC, entry LIMIT 1",
    f"SELECT package, COUNT(*) FROM {TABLE} GROUP BY package ORDER BY 2 DESC, 1 LIMIT 1",
    f"SELECT COUNT(*) FROM {TABLE} WHERE text LIKE '%Closes: #%'",
]


class Asker:
    """A user who asks: signed in, or through somebody who may speak for them (`name`, as SQL writes it)."""

    def __init__(self, user, api, name=None):
        self.user, self.api, self.name = user, api, name

    def ask(self, sql):
        """The first row of the answer, and milliseconds."""
        started = time.perf_counter()
        rows = self.api.rows(f"EXECUTE AS USER {self.name} ({sql})" if self.name else sql)
        return (rows[0] if rows else None), (time.perf_counter() - started) * 1000


def everyone(askers):
    """{(question, user): (row, milliseconds)}"""
    return {(sql, asker.user): asker.ask(sql) for sql in QUESTIONS for asker in askers}


def report(hot, cold, again):
    """Prints the answers and their times. An answer must not depend on where the rows are."""
    print("\nThe same questions, each asked by several users signed in as themselves: when the rows were hot (RocksDB), cold\n"
          "(Parquet, for the first time), and cold again")
    for question in QUESTIONS:
        print(f"\n{question};\n  {'':66} {'hot':>11} {'cold':>11} {'again':>11}")
        for (asked, user), (row, _) in hot.items():
            if asked != question:
                continue
            answers = [where[asked, user] for where in (hot, cold, again)]
            if any(answer != row for answer, _ in answers):
                raise Refused(f"{user} got different answers to {question}: {answers}")
            text = f"{user:30.30} " + (", ".join(str(value) for value in row) if row else "nothing")
            print(f"  {text:66.66}" + "".join(f" {ms:8.1f} ms" for _, ms in answers))
