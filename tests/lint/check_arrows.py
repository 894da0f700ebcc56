#!/usr/bin/env python3
"""Holds the code against the dependency arrows and the purity rule.

A folder may include only itself, what its tongke_module() line names, and what those name in turn. Folders in PURE
may use no clock, thread, lock, atomic, socket, file or ambient randomness.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOPS = ("media", "signaling", "storage")

PURE = {
    "media/stun", "media/rtp", "media/rtcp", "media/codec", "media/ice", "media/receive", "media/send",
    "media/layers", "media/audio", "media/overload", "media/sfu",
    "media/estimate", "media/allocate", "media/pace", "media/rtmp",
    "signaling/protocol", "signaling/sdp", "signaling/classroom", "signaling/hls", "signaling/sources",
}
IMPURE = re.compile(
    r"#include <(chrono|thread|mutex|shared_mutex|atomic|condition_variable|future|semaphore|random|fstream|iostream|"
    r"filesystem|sys/(socket|epoll|time)\.h|time\.h|ctime|unistd\.h|netinet/.*|pthread\.h)>"
    r"|\b(std::rand|::rand|clock_gettime|gettimeofday|std::random_device|getrandom|std::time)\s*\(")
# A test inside base proves that it has no clock; log.cpp is the one edge that base has.
BASE_EDGES = {"media/base/log.cpp", "media/base/log.h"}


def read_modules():
    """Maps 'media/rtp' to the folders that its DEPS name."""
    modules = {}
    for top in TOPS:
        text = (ROOT / top / "CMakeLists.txt").read_text()
        for folder, deps in re.findall(r"tongke_module\((\S+)\s+DEPS([^)]*)\)", text):
            named = [d for d in deps.split() if d.split("_")[0] in TOPS]
            modules[f"{top}/{folder}"] = ["/".join(d.split("_", 1)) for d in named]
    return modules


def reachable(modules):
    closed = {}

    def visit(name, trail):
        if name in trail:
            raise SystemExit(f"circle of modules: {' -> '.join([*trail, name])}")
        if name not in closed:
            seen = {name}
            for dep in modules.get(name, []):
                seen |= visit(dep, [*trail, name])
            closed[name] = seen
        return closed[name]

    for name in modules:
        visit(name, [])
    return closed


def main():
    modules = read_modules()
    allowed = reachable(modules)
    problems = []
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            relative = path.relative_to(ROOT).as_posix()
            folder = "/".join(relative.split("/")[:2])
            if path.parent == ROOT / top:  # main.cpp wires everything
                continue
            if folder not in modules:
                problems.append(f"{relative}: folder {folder} is not a module in {top}/CMakeLists.txt")
                continue
            text = path.read_text(errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                include = re.match(r'#include "([^"]+)"', line)
                if include:
                    target = "/".join(include[1].split("/")[:2])
                    if include[1].split("/")[0] not in TOPS:
                        problems.append(f"{relative}:{number}: include from the root, not \"{include[1]}\"")
                    elif target not in allowed[folder]:
                        problems.append(f"{relative}:{number}: {folder} may not use {target}")
                pure = folder in PURE or (folder == "media/base" and relative not in BASE_EDGES)
                if pure and IMPURE.search(line) and not line.lstrip().startswith("//"):
                    problems.append(f"{relative}:{number}: pure folder uses {line.strip()}")
    # The emulator that simulations share with the relays decides without a clock, too.
    for path in sorted((ROOT / "tests/line").glob("*.[ch]*")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if IMPURE.search(line) and not line.lstrip().startswith("//"):
                problems.append(f"{path.relative_to(ROOT)}:{number}: pure folder uses {line.strip()}")
    print("\n".join(problems) or f"arrows hold: {len(modules)} modules, {len(PURE)} pure")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
