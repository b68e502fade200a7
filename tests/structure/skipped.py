"""Prints how a test run ended and holds its skipped tests to the checked-in list.

Usage: skipped.py REPOSITORY JUNIT_XML

Fails when a test failed, when none ran, or when the skipped tests are not exactly those that
tests/skipped.txt names (one a line, # begins a comment).
"""

import re
import sys
import xml.etree.ElementTree

from tree import read


def main():
    cases = xml.etree.ElementTree.parse(sys.argv[2]).getroot().findall("testcase")
    skipped = {c.get("name") for c in cases if c.get("status") in ("notrun", "disabled")}
    failed = {c.get("name") for c in cases if c.get("status") == "fail"}
    passed = len(cases) - len(skipped) - len(failed)
    lines = [re.sub(r"#.*", "", line).strip() for line in read("tests/skipped.txt").splitlines()]
    expected = {line for line in lines if line}

    problems = [f"skipped, but not in tests/skipped.txt: {name}" for name in skipped - expected]
    problems += [f"in tests/skipped.txt, but not skipped: {name}" for name in expected - skipped]
    for problem in sorted(problems):
        print(problem)
    print(f"{len(skipped)} tests skipped, {len(expected)} expected")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    sys.exit(1 if problems or failed or not passed else 0)


main()
