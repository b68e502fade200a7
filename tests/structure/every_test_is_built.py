"""Fails when a test exists that no build compiles or that cannot run.

Usage: every_test_is_built.py REPOSITORY BUILD_DIR

Every C++ file under tests/ must be in BUILD_DIR/compile_commands.json, files that hold tests must
end in _test.cpp (that is what tests/CMakeLists.txt collects), and no test is switched off.
"""

import json
import pathlib
import re
import sys

from tree import ROOT, finish, read, sources

TEST = re.compile(r"^\s*(TYPED_)?TEST(_F|_P)?\(|^\s*BENCHMARK(_\w+)?\(", re.MULTILINE)
SWITCHED_OFF = re.compile(r"\bDISABLED_\w*|^\s*#\s*if\s+0\b", re.MULTILINE)


def problems_of(path, built, benchmarks):
    text = read(path)
    # tools/fuzz builds the fuzzers on their own, with clang.
    elsewhere = path.endswith("_fuzzer.cpp") or ("/benchmarks/" in path and not benchmarks)
    if path.endswith(".cpp") and path not in built and not elsewhere:
        yield f"{path}: is compiled by no target"
    if TEST.search(text) and not path.endswith(("_test.cpp", "_benchmark.cpp")):
        yield f"{path}: holds tests, so its name must end in _test.cpp"
    if path.endswith("_test.cpp") and not TEST.search(text):
        yield f"{path}: holds no test"
    for found in SWITCHED_OFF.findall(text):
        yield f"{path}: a test is switched off ({found.strip()})"


def main():
    build = pathlib.Path(sys.argv[2])
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    built = {str(pathlib.Path(c["file"]).resolve()) for c in commands}
    built = {str(pathlib.Path(f).relative_to(ROOT)) for f in built if f.startswith(f"{ROOT}/")}
    benchmarks = any("/benchmarks/" in f for f in built)
    files = sources("tests")
    finish(len(files), "files", [p for f in files for p in problems_of(f, built, benchmarks)])


main()
