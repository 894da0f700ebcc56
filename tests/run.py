#!/usr/bin/env python3
"""Runs every test program of a build, the web client's tests and the browser tests, and sums them up.

The last line is `N passed, N failed, N skipped`; the exit status is 1 when anything failed. Each GoogleTest program
counts its test cases; a program that crashes, hangs or reports no case at all counts as one failure.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A test program that takes longer has hung: the slowest needs about a minute on two cores, sanitizers five times that.
PROGRAM_LIMIT_S = 600
BROWSER_LIMIT_S = 1200
# Read by programs built with a sanitizer, by no other.
LINT = ROOT / "tests/lint"
SANITIZERS = {
    "TSAN_OPTIONS": f"suppressions={LINT}/tsan.supp:second_deadlock_stack=1",
    "LSAN_OPTIONS": f"suppressions={LINT}/lsan.supp:print_suppressions=0",
    # Whole stacks of allocations, or a leak could not be told from what GLib keeps.
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:fast_unwind_on_malloc=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def test_programs(build, wanted):
    """Names of the GoogleTest programs known to CTest in this build."""
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, check=True, capture_output=True, text=True)
    tests = json.loads(listing.stdout)["tests"]
    return [(t["name"], t["command"]) for t in tests
            if t.get("command") and (not wanted or any(w in t["name"] for w in wanted))]


def count_gtest(report):
    data = json.loads(report.read_text())
    failed = data.get("failures", 0)
    skipped = sum(1 for suite in data.get("testsuites", []) for case in suite.get("testsuite", [])
                  if case.get("result") == "SKIPPED")
    return data.get("tests", 0) - failed - skipped, failed, skipped


def run_program(name, command, scratch):
    report = pathlib.Path(scratch) / f"{name}.json"
    started = time.monotonic()
    try:
        done = subprocess.run([*command, f"--gtest_output=json:{report}"], cwd=ROOT, env={**SANITIZERS, **os.environ},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=PROGRAM_LIMIT_S)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else (late.stdout or "")
        output, status = output + f"\nstopped after {PROGRAM_LIMIT_S} s", -1
    seconds = time.monotonic() - started
    if not report.exists():
        return name, (0, 1, 0), output, seconds
    passed, failed, skipped = count_gtest(report)
    if (status != 0 and failed == 0) or passed + failed + skipped == 0:
        failed += 1
    return name, (passed, failed, skipped), output, seconds


def run_cpp(build, wanted, tally):
    programs = test_programs(build, wanted)
    # Programs with real sockets and processes run alone, the rest two at a time.
    alone = [p for p in programs if p[0].startswith("integration")]
    side_by_side = [p for p in programs if p not in alone]
    with tempfile.TemporaryDirectory() as scratch:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            for result in pool.map(lambda p: run_program(*p, scratch), side_by_side):
                report_program(result, tally)
        for program in alone:
            report_program(run_program(*program, scratch), tally)


def report_program(result, tally):
    name, counts, output, seconds = result
    tally.add(*counts)
    print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped ({seconds:.1f} s)", flush=True)
    if counts[1]:
        lines = [line for line in output.splitlines() if not re.match(r"\[ (RUN|      OK)", line)]
        print("\n".join(lines[-200:]), flush=True)


def run_python_checks(tally):
    """The structural checks of tests/lint: fast, so they run with the tests as well."""
    for check in ("check_arrows.py", "check_mirror.py", "check_no_sleep.py"):
        done = subprocess.run([sys.executable, ROOT / "tests/lint" / check], capture_output=True, text=True)
        tally.add(*((1, 0, 0) if done.returncode == 0 else (0, 1, 0)))
        print(f"{check}: {'passed' if done.returncode == 0 else 'FAILED'}")
        if done.returncode:
            print(done.stdout + done.stderr)


def run_web(tally):
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch) / "web.json"
        done = subprocess.run(["npx", "vitest", "run", "--reporter=json", f"--outputFile={report}"],
                              cwd=ROOT / "web-client", capture_output=True, text=True)
        if not report.exists():
            tally.add(0, 1, 0)
            print(done.stdout + done.stderr)
            return
        data = json.loads(report.read_text())
        failed = data["numFailedTests"] + (1 if not data["success"] and not data["numFailedTests"] else 0)
        tally.add(data["numPassedTests"], failed, data["numPendingTests"] + data.get("numTodoTests", 0))
        print(f"web client: {data['numPassedTests']} passed, {failed} failed")
        if failed:
            for file in data["testResults"]:
                for case in file["assertionResults"]:
                    if case["status"] == "failed":
                        print(case["fullName"], *case["failureMessages"], sep="\n")
                if file.get("message"):
                    print(file["name"], file["message"])


def run_browser(build, tally):
    env = dict(os.environ, TONGKE_BINARY=str(build / "tongke"))
    files = sorted(str(f) for f in (ROOT / "tests/e2e").glob("*.e2e.mjs"))
    try:
        done = subprocess.run(["node", "--test", "--test-concurrency=1", "--test-reporter=tap", *files],
                              cwd=ROOT / "tests/e2e", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=BROWSER_LIMIT_S)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = str(late.stdout), 1
    totals = {key: int(value) for key, value in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output, re.M)}
    passed, skipped = totals.get("pass", 0), totals.get("skipped", 0)
    failed = totals.get("fail", 0) + totals.get("cancelled", 0)
    if not totals or (status != 0 and failed == 0) or passed + failed == 0:
        failed += 1
    tally.add(passed, failed, skipped)
    print(f"browser tests: {passed} passed, {failed} failed, {skipped} skipped")
    if failed:
        print(output[-20000:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="release")
    parser.add_argument("--no-web", action="store_true", help="C++ tests only")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    build = ROOT / "build" / args.preset
    tally = Tally()
    everything = not args.names
    if everything:
        run_python_checks(tally)
    run_cpp(build, args.names, tally)
    if not args.no_web and (everything or "web" in args.names):
        run_web(tally)
    if not args.no_web and (everything or "e2e" in args.names):
        run_browser(build, tally)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
