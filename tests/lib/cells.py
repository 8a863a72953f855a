# SPDX-License-Identifier: Apache-2.0
"""Cells of our replies as PostgreSQL prints them."""
import datetime
import struct

EPOCH = datetime.datetime(1970, 1, 1)


def moment_text(microseconds):
    at = EPOCH + datetime.timedelta(microseconds=microseconds)
    text = at.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
    return text + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "")


def real_text(number):
    """The shortest text of a 32-bit float; replies carry the double of the same value."""
    exact = struct.pack("f", number)
    return next(text for text in (f"{number:.{digits}g}" for digits in range(1, 18)) if struct.pack("f", float(text)) == exact)


def cell_text(cell, kind):
    """The text of a cell whose column has this data_type; None for NULL."""
    if cell is None:
        return None
    if kind == "Boolean":
        return "t" if cell else "f"
    if kind == "Timestamp":
        return moment_text(cell)
    if kind == "DateTime":
        return moment_text(cell) + "+00"
    if kind == "Time":
        return moment_text(cell).split(" ")[1]
    if kind == "Date":
        return moment_text(cell * 86_400_000_000).split(" ")[0]
    if kind == "Float":
        return real_text(cell)
    if kind == "Bytes":
        return "\\x" + bytes(cell).hex()
    return str(cell)


def is_number(kind):
    """Whether cells of this data_type may be spelled in several ways."""
    return kind in ("Double", "Float") or isinstance(kind, dict)


def is_same_number(one, other):
    a, b = float(one), float(other)
    return a == b or abs(a - b) <= 1e-12 * max(abs(a), abs(b))
