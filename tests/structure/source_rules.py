"""Holds every source to the rules that a formatter cannot check.

Usage: source_rules.py REPOSITORY

No commented-out code, no note to self, no file over 400 lines, no path of one machine, no
`using namespace` in a header, and #pragma once in each.
"""

import re

from tree import HOUSE, finish, read, sources

MAX_LINES = 400
LINE_RULES = (
    ("commented-out code", re.compile(r"^\s*//(?![/!]).*;\s*$")),
    ("a note to self; do it or file an issue", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")),
    ("a path of one machine", re.compile(r'"/(home|root|work|tmp|Users)/')),
)


def problems_of(path):
    text = read(path)
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for what, rule in LINE_RULES:
            if rule.search(line):
                yield f"{path}:{number}: {what}"
    if len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines; {MAX_LINES} at most, so that a file stays one idea"
    if path.endswith(".h") and "#pragma once" not in text:
        yield f"{path}: has no #pragma once"
    if path.endswith(".h") and re.search(r"^\s*using namespace", text, re.MULTILINE):
        yield f"{path}: using namespace in a header"


def main():
    files = sources(*HOUSE, "tests")
    finish(len(files), "files", [p for f in files for p in problems_of(f)])


main()
