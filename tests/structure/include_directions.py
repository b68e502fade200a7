"""Holds the #include lines to the arrows of the house.

Usage: include_directions.py REPOSITORY

1. A folder includes itself and the folders that its npusim_folder(... USES ...) line in
   CMakeLists.txt names, or that those use in turn; `tools` and `tests` may include every folder.
2. Those lines keep to ARROWS, and no folder uses itself by a detour.
3. The folders of FORBIDDEN reach the others neither through their targets nor through any header.
4. A library's headers are reached, directly or through other headers, only where LIBRARIES says.
"""

import re

from tree import HOUSE, ROOT, finish, read, sources

# What the folders under a path may use at most; the longest matching path counts.
SHARED = ["sim/core", "sim/config", "sim/isa", "sim/laws"]
UNITS = SHARED + ["sim/stats", "sim/energy", "sim/trace", "sim/memory", "sim/network"]
ARROWS = {
    "sim/core": [],
    "sim/config": ["sim/core"],
    "sim/isa": ["sim/core"],
    "sim/laws": ["sim/core", "sim/config", "sim/isa"],
    "sim/stats": SHARED,
    "sim/energy": SHARED + ["sim/stats"],
    "sim/memory": ["sim/core", "sim/config", "sim/isa", "sim/stats"],
    "sim/memory/dram": ["sim/core", "sim/config", "sim/stats", "sim/memory"],
    "sim/network": ["sim/core", "sim/config"],
    "sim/array": ["sim/core", "sim/config", "sim/memory"],
    "sim/array/tile": ["sim/core", "sim/config", "sim/laws", "sim/memory", "sim/array"],
    "sim/array/pe": ["sim/core", "sim/config", "sim/memory", "sim/array"],
    "sim/array/module": ["sim/core", "sim/config", "sim/memory", "sim/array"],
    "sim/vector": UNITS,
    "sim/trace": SHARED + ["sim/stats", "sim/array"],
    "sim/chip": UNITS + ["sim/array", "sim/vector", "sim/network"],
    "sim/reference": ["sim/core", "sim/config"],
    "workloads": ["sim/core", "workloads"],
    "kernels": SHARED + ["workloads/graph", "kernels"],
}

# The array's machines know nothing of the laws that they must agree with.
FORBIDDEN = {
    "sim/array/pe": ["sim/laws", "sim/array/tile", "sim/array/module"],
    "sim/array/module": ["sim/laws", "sim/array/tile", "sim/array/pe"],
}

# Library: how its headers are spelled, and which files may see them.
LIBRARIES = {
    "SystemC": (r"systemc|tlm|sysc/|tlm_utils/", r"(tests/)?sim/(chip|array/module)/"),
    "ONNX and protobuf": (r"onnx/|google/protobuf/", r"(tests/)?workloads/onnx/.*\.cpp$|tests/fuzz/onnx_"),
    "yaml-cpp": (r"yaml-cpp/", r"sim/core/yaml_parse\.cpp$"),
    "Boost": (r"boost/", r"(tests/)?tools/"),
    "nlohmann json": (r"nlohmann/", r"(tools|tests)/"),
    "oneDNN": (r"dnnl|oneapi/", r"(tools|sim/reference|workloads/evaluate)/.*\.cpp$"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
USES = re.compile(r"npusim_folder\(\s*(\S+)\s+USES([^)]*)\)")


def below(path, folder):
    return path == folder or path.startswith(folder + "/")


def used_folders():
    """The folders that CMakeLists.txt lets each folder use."""
    rows = USES.findall(re.sub(r"#.*", "", read("CMakeLists.txt")))
    return {f: [u for u in uses.split() if u.split("/")[0] in HOUSE] for f, uses in rows}


def check_arrows(uses):
    for folder, used in uses.items():
        rows = [row for row in ARROWS if below(folder, row)]
        if not rows:
            yield f"CMakeLists.txt: {folder} has no row in ARROWS"
            continue
        allowed = ARROWS[max(rows, key=len)]
        for other in used:
            if not any(below(other, a) for a in allowed):
                yield f"CMakeLists.txt: {folder} may not use {other}, only {' '.join(allowed)}"
        if folder in reachable(folder, uses):
            yield f"CMakeLists.txt: {folder} uses itself by a detour"


def reachable(start, edges):
    """Everything that `edges` lead to from `start`; `start` itself only over a cycle."""
    found, open_ends = set(), list(edges.get(start, []))
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends += edges.get(name, [])
    return found


def check_includes(own, uses):
    for path, names in own.items():
        top = path.split("/")[0]
        if top in ("tools", "tests"):
            continue
        folder = "/".join(path.split("/")[:-1])
        if folder not in uses:
            yield f"{path}: its folder has no npusim_folder line in CMakeLists.txt"
            continue
        for name in names:
            target = "/".join(name.split("/")[:-1])
            if target != folder and target not in reachable(folder, uses):
                yield f"{path}: includes {name}, but CMakeLists.txt gives {folder} no {target}"


def check_forbidden(own, uses):
    for folder, others in FORBIDDEN.items():
        for other in others:
            if other in reachable(folder, uses):
                yield f"CMakeLists.txt: {folder} may not use {other}, not even by a detour"
            for path in own:
                through = [p for p in reachable(path, own) if below(p, other)]
                if path.startswith(folder + "/") and through:
                    yield f"{path}: may not reach {through[0]}"


def check_libraries(own, system):
    for library, (spelling, seen_by) in LIBRARIES.items():
        direct = {p for p, names in system.items() if any(re.match(spelling, n) for n in names)}
        for path in own:
            through = sorted(direct & (reachable(path, own) | {path}))
            if through and not re.match(seen_by, path):
                yield f"{path}: sees {library} headers (through {through[0]})"


def main():
    own, system = {}, {}
    for path in sources(*HOUSE, "tests"):
        found = INCLUDE.findall(read(path))
        own[path] = [name for mark, name in found if mark == '"']
        system[path] = [name for mark, name in found if mark == "<"]
    unknown = [
        f"{path}: includes {name}, which is no path from the repository root"
        for path, names in own.items()
        for name in names
        if not (ROOT / name).is_file()
    ]
    uses = used_folders()
    problems = [*unknown, *check_arrows(uses), *check_includes(own, uses)]
    problems += check_forbidden(own, uses)
    finish(len(own), "files", problems + [*check_libraries(own, system)])


main()
