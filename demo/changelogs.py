# SPDX-License-Identifier: Apache-2.0
"""Reads Debian changelogs: who changed what, in which version of which package, and when.

    nano (7.2-1) unstable; urgency=medium

      * The text of the entry.

     -- Jordi Mallach <jordi@debian.org>  Wed, 18 Jan 2023 17:42:13 +0100

What does not look like this is skipped, so that an upstream changelog yields nothing, and a damaged file what stands
before the damage.
"""
import datetime
import email.utils
import gzip
import pathlib
import re
import typing
import zlib

FOLDER = pathlib.Path("/usr/share/doc")
FILE_BYTES_MAX = 64 << 20  # decompressed: a small file can hold a large one
HEAD_BYTES_MAX = 1000
TEXT_BYTES_MAX = 256 << 10
USER_BYTES_MAX = 128  # the server's limit

_HEAD = re.compile(r"\w[-+.\w]* \(([^() \t]+)\)(?:\s+[-+.\w]+)+;")
_TAIL = re.compile(r" -- (.*?) ?<(.*)>\s*(.*)")


class Entry(typing.NamedTuple):
    """One row; `key` is unique among the entries of a maintainer."""
    user: str
    package: str
    version: str
    date: str | None  # UTC, as SQL reads it; None when the changelog's cannot be read
    text: str

    @property
    def key(self):
        return f"{self.package} {self.version}"


def user_id(name, address):
    """The user whose rows a maintainer's entries become: the mail address, or the name of who gave none, without what a
    user id may not hold."""
    text = (address.strip() or name.strip() or "unknown").lower().replace("..", "__")
    text = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in text)
    return text.encode()[:USER_BYTES_MAX].decode(errors="ignore")


def utc(text):
    """'Wed, 18 Jan 2023 17:42:13 +0100' as '2023-01-18 16:42:13'; None when it is no date."""
    try:
        date = email.utils.parsedate_to_datetime(text)
        if date.tzinfo:
            date = date.astimezone(datetime.timezone.utc)
        return date.strftime("%Y-%m-%d %H:%M:%S") if date.year >= 1000 else None
    except (TypeError, ValueError, OverflowError):
        return None


def decoded(line):
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def lines_of(path):
    """The lines of a Debian changelog, none of any other file, and whether the file is whole. A line that is not UTF-8 is
    taken for Latin-1, as old ones are."""
    data = b""
    is_whole = True
    try:
        with gzip.open(path) as file:
            while len(data) < FILE_BYTES_MAX and (part := file.read1(1 << 20)):
                data += part
                if not _HEAD.match(data[:HEAD_BYTES_MAX].decode("latin-1").lstrip()):
                    return [], True
    except (OSError, EOFError, zlib.error):
        is_whole = False
    data = data.replace(b"\0", b"?")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        lines = [decoded(line) for line in data.split(b"\n")]
    return lines, is_whole and len(data) < FILE_BYTES_MAX


def entries_of(package, lines):
    """The entries of one changelog; `package` is the name of the folder it is in."""
    version = None
    text = []
    for line in lines:
        if head := _HEAD.match(line):
            version, text = head[1], []
        elif version and (tail := _TAIL.match(line)):
            yield Entry(user_id(tail[1], tail[2]), package, version, utc(tail[3]), "\n".join(text).strip("\r\n"))
            version = None
        else:
            text.append(line)


def read(folder=FOLDER, limit=None):
    """Every entry below the folder, each once, and the files of which something is left out: damaged ones and those with
    an entry longer than any should be. `limit`: no more entries than that."""
    entries = {}
    incomplete = []
    for path in sorted(pathlib.Path(folder).glob("*/changelog*.gz")):
        lines, is_complete = lines_of(path)
        for entry in entries_of(path.parent.name, lines):
            if limit is not None and len(entries) == limit:
                return list(entries.values()), incomplete
            if len(entry.text.encode()) > TEXT_BYTES_MAX:
                is_complete = False
            else:
                entries.setdefault((entry.user, entry.key), entry)
        if not is_complete:
            incomplete.append(path)
    return list(entries.values()), incomplete
