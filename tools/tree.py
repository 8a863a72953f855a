# SPDX-License-Identifier: Apache-2.0
"""What the checks of this folder share: the files of a checkout, C text without comments, reporting."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED_FOLDERS = {".git", "build", "data", "node_modules", "__pycache__"}

_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)


def files(root, *suffixes, under=""):
    """Yields the paths below root/under whose names end in one of the suffixes (none: all), sorted."""
    for folder, subfolders, names in os.walk(pathlib.Path(root) / under):
        subfolders[:] = sorted(set(subfolders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                yield pathlib.Path(folder) / name


def without_comments(text):
    """C text with comments blanked and string contents emptied; lines keep their numbers."""

    def blank(match):
        token = match.group()
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] * 2

    return _TOKEN.sub(blank, text)


def report(name, problems, warnings=()):
    """Prints what was found and returns the exit status."""
    for warning in warnings:
        print(f"warning: {warning}")
    for problem in problems:
        print(problem)
    if problems:
        print(f"{name}: {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0
