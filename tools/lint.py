#!/usr/bin/env python3
"""Holds every C++ source to .clang-format and .clang-tidy.

  tools/lint.py format            fails on any file that clang-format would change
  tools/lint.py tidy BUILD_DIR    fails on any clang-tidy finding in the product's files; needs
                                  compile_commands.json there

Tests are held to the format and to the compiler's warnings only: linting them takes as long as the
whole product.

A translation unit that clang-tidy found clean is not looked at again until its text, a header of
ours that it includes, its compile command, .clang-tidy or clang-tidy itself changes: an empty file
named by the hash of all these is kept in BUILD_DIR/tidy.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = ("sim", "kernels", "workloads", "tools")
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def sources(folders):
    """Every C++ file of ours below `folders`, in a fixed order."""
    return sorted(p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in (".h", ".cpp"))


def check_format():
    files = [str(p.relative_to(ROOT)) for p in sources(PRODUCT + ("tests",))]
    command = ["clang-format", "--dry-run", "-Werror"]
    for start in range(0, len(files), 50):
        if subprocess.run(command + files[start : start + 50], cwd=ROOT).returncode != 0:
            sys.exit("lint: not formatted; mend with: clang-format -i FILE")
    print(f"lint: {len(files)} files are formatted")


def with_headers(path, seen):
    """`path` and the headers of ours that it reaches, added to the set `seen`."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        with_headers(ROOT / name.decode(), seen)
    return seen


def key(entry, common):
    """Hash of everything that clang-tidy's answer on one compile command depends on."""
    digest = hashlib.sha256(common + entry["command"].encode())
    for path in sorted(with_headers(pathlib.Path(entry["file"]), set())):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tidy(entry, build):
    """What clang-tidy finds in one translation unit; empty when it is clean."""
    command = ["clang-tidy", "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option"]
    done = subprocess.run(command + [entry["file"]], capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    return done.stdout or done.stderr


def check_tidy(build):
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()
    ours = {str(p) for p in sources(PRODUCT)}
    entries = json.loads((build / "compile_commands.json").read_text())
    entries = sorted((e for e in entries if e["file"] in ours), key=lambda e: e["file"])
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    pending = [(e, stamps / key(e, common)) for e in entries]
    pending = [(e, stamp) for e, stamp in pending if not stamp.exists()]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (entry, stamp), found in zip(pending, pool.map(lambda t: tidy(t[0], build), pending)):
            if found:
                failed += 1
                print(found, flush=True)
            else:
                stamp.touch()
    print(f"lint: clang-tidy looked at {len(pending)} of {len(entries)} files, {failed} with findings")
    if failed:
        sys.exit(1)


def main(arguments):
    if arguments == ["format"]:
        check_format()
    elif len(arguments) == 2 and arguments[0] == "tidy":
        check_tidy(pathlib.Path(arguments[1]).resolve())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
