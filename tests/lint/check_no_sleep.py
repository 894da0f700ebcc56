#!/usr/bin/env python3
"""No test waits for time to pass: it waits for what it expects."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|waitForTimeout)\s*\(|\bsleep\s*\(\s*\d|await sleep\(")
# Polls with a limit and paces senders; every other test file waits through it.
ALLOWED = {ROOT / "tests/support/waiting.h"}


def main():
    problems = []
    for path in sorted((ROOT / "tests").rglob("*")):
        if path in ALLOWED or "node_modules" in path.parts or path.suffix not in (".cpp", ".h", ".mjs", ".ts"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if SLEEP.search(line):
                problems.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    print("\n".join(problems) or "no test sleeps")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
