"""What the structure tests share: the sources of the repository, and one way to end."""

import pathlib
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
HOUSE = ("sim", "kernels", "workloads", "tools")


def sources(*folders):
    """C++ files under `folders` as paths from the repository root, in a fixed order."""
    files = (p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in (".h", ".cpp"))
    return sorted(str(p.relative_to(ROOT)) for p in files)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def finish(checked, what, problems):
    """Prints the problems and fails, or says how much was checked. Nothing checked is a failure."""
    for problem in problems:
        print(problem)
    print(f"{checked} {what} checked, {len(problems)} problems")
    sys.exit(1 if problems or not checked else 0)
