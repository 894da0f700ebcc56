#!/usr/bin/env python3
"""./dev lint: structure, formats, clang-tidy (changed files only with --changed), TypeScript."""

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def tracked(*patterns):
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return listing.stdout.split()


def changed():
    listing = subprocess.run(["git", "diff", "--name-only", "HEAD~1", "--", "*.cpp"], cwd=ROOT, check=True,
                             capture_output=True, text=True)
    return [f for f in listing.stdout.split() if (ROOT / f).exists()]


def step(name, command, **options):
    print(f"== {name}", flush=True)
    return subprocess.run(command, cwd=ROOT, **options).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--changed", action="store_true", help="clang-tidy only for files of the last commit and the work tree")
    parser.add_argument("--no-tidy", action="store_true")
    args = parser.parse_args()
    good = True
    for check in ("check_arrows.py", "check_mirror.py", "check_no_sleep.py"):
        good &= step(check, [sys.executable, f"tests/lint/{check}"])
    good &= step("clang-format", ["clang-format-16", "--dry-run", "-Werror", *tracked("*.cpp", "*.h")])
    good &= step("TypeScript", ["npm", "run", "--silent", "--prefix", "web-client", "typecheck"])
    good &= step("eslint", ["npm", "run", "--silent", "--prefix", "web-client", "lint"])
    if not args.no_tidy:
        database = ROOT / "build/release/compile_commands.json"
        if not database.exists():
            good &= step("configure", ["cmake", "--preset", "release"], stdout=subprocess.DEVNULL)
        files = changed() if args.changed else tracked("media/*.cpp", "signaling/*.cpp", "storage/*.cpp")
        if files:
            good &= step("clang-tidy", ["run-clang-tidy-16", "-quiet", "-p", "build/release",
                                        "-j", str(os.cpu_count() or 2), *files], stderr=subprocess.DEVNULL)
    print("lint: clean" if good else "lint: see above")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
