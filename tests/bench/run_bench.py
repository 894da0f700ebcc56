#!/usr/bin/env python3
"""Capacity of one worker: one publisher (1.5 Mbit/s picture, sound), N watchers, on this machine's loopback.

For each N a fresh server, three windows, medians. Prints a table and one JSON line per row; exits non-zero when a row
could not be measured. Load and server share the machine, so compare figures within one run.

  tests/bench/run_bench.py [--binary build/release/tongke] [--subscribers 10,50,100,200] [--window 5] [--check]
"""

import argparse
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# What the product promises at 100 watchers (README.md); --check holds a run against it.
TARGETS = {"cpu_us_per_packet": 3.0, "delay_p99_ms": 3.0, "rss_kb_per_subscriber": 150.0, "join_p50_ms": 50.0}
TARGET_AT = 100


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A fresh `tongke serve --demo` on free ports; the lesson it makes is the one that is measured."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.data = pathlib.Path(folder) / "data"
        self.log = open(pathlib.Path(folder) / "server.log", "wb")
        self.process = subprocess.Popen(
            [binary, "serve", "--data", str(self.data), "--http-port", str(free_port(socket.SOCK_STREAM)),
             "--media-port", str(free_port(socket.SOCK_DGRAM)), "--public-address", "127.0.0.1", "--demo",
             "--workers", "1"], stdout=subprocess.PIPE, stderr=self.log)
        self.ready = self.wait_until_ready()

    def wait_until_ready(self, limit=30):
        deadline = time.monotonic() + limit
        text = b""
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}; see {self.log.name}")
            if not select.select([self.process.stdout], [], [], 0.2)[0]:
                continue
            text += os.read(self.process.stdout.fileno(), 65536)
            for line in text.split(b"\n")[:-1]:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                if isinstance(message, dict) and message.get("ready"):
                    return message
        raise RuntimeError(f"the server was not ready within {limit} s; see {self.log.name}")

    def token(self, role):
        out = subprocess.run([self.binary, "admin", "token", "--data", str(self.data), "--lesson",
                              self.ready["lesson"], "--role", role, "--ttl", "1h"],
                             check=True, capture_output=True, text=True, timeout=30)
        return out.stdout.strip().splitlines()[-1]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def measure(binary, count, window, windows):
    with tempfile.TemporaryDirectory(prefix="tongke-bench-") as folder:
        server = Server(binary, folder)
        try:
            load = subprocess.run(
                [binary, "load", "--url", f"{server.ready['https']}/whip/{server.ready['lesson']}",
                 "--token", server.token("teacher"), "--watch-token", server.token("observer"), "--insecure",
                 "--publish-rtp", "--subscribers", str(count), "--windows", str(windows), "--window", str(window),
                 "--server-pid", str(server.process.pid)],
                capture_output=True, text=True, timeout=120 + windows * window + count)
            lines = [line for line in load.stdout.splitlines() if line.startswith("{")]
            if not lines:
                raise RuntimeError(f"the load ended with {load.returncode}: {load.stderr.strip()[-500:]}")
            return json.loads(lines[-1])
        finally:
            server.stop()


COLUMNS = [
    ("watchers", "subscribers", "{:d}"),
    ("joined", "joined", "{:d}"),
    ("CPU us/packet", "cpu_us_per_packet", "{:.2f}"),
    ("delay p50 ms", "delay_p50_ms", "{:.2f}"),
    ("delay p99 ms", "delay_p99_ms", "{:.2f}"),
    ("KB/watcher", "rss_kb_per_subscriber", "{:.0f}"),
    ("join p50 ms", "join_p50_ms", "{:.1f}"),
    ("join p99 ms", "join_p99_ms", "{:.1f}"),
    ("delivered/s", "delivered_pps", "{:.0f}"),
    ("offered/s", "offered_pps", "{:.0f}"),
    ("missing", "missing", "{:d}"),
]


def print_table(rows):
    cells = [[name for name, _, _ in COLUMNS]]
    cells += [[form.format(row[key]) for _, key, form in COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    for line in cells:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)))


def misses(rows):
    out = []
    for row in rows:
        if row["joined"] != row["subscribers"]:
            out.append(f"{row['subscribers']} watchers: only {row['joined']} joined")
        if row["subscribers"] == TARGET_AT:
            out += [f"{TARGET_AT} watchers: {key} is {row[key]}, the target is {most}"
                    for key, most in TARGETS.items() if row[key] > most]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/tongke"))
    parser.add_argument("--subscribers", default="10,50,100,200")
    parser.add_argument("--window", type=float, default=5)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    args = parser.parse_args()
    rows = []
    failed = False
    for count in (int(text) for text in args.subscribers.split(",")):
        try:
            row = measure(args.binary, count, args.window, args.windows)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"{count} watchers: {error}", file=sys.stderr)
            failed = True
            continue
        rows.append(row)
        print(json.dumps(row), flush=True)
    if rows:
        print()
        print_table(rows)
    missed = misses(rows)
    for line in missed:
        print(f"missed: {line}")
    return 1 if failed or (args.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
