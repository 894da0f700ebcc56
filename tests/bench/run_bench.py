#!/usr/bin/env python3
"""What one media worker can do, measured on this machine's loopback with `tongke load`.

Each row has a fresh server; its figures are medians of its windows. One publisher sends 1.5 Mbit/s of VP8-like
pictures at 30 fps and 50 sounds a second, sealed with AES-128-GCM. Server and load share the machine: compare figures
within one run, and close everything else. tests/bench/README.md says how to read them.

  run_bench.py                 the short set, about three minutes
  run_bench.py --all           every row
  run_bench.py --rows fan100,storm
  run_bench.py --peer janus    the same work by Janus and Tongke in turn, and the ratio
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from tongke_server import TongkeServer, run_load  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HISTORY = pathlib.Path(__file__).resolve().parent / "HISTORY.md"


class Bench:
    """What rows share: programs, window lengths, and results that later rows build upon."""

    def __init__(self, args):
        self.binary = args.binary
        self.programs = pathlib.Path(args.binary).parent / "tests/bench"
        self.window = args.window
        self.windows = args.windows
        self.results = {}

    def load(self, rooms, *arguments, publish=True):
        with tempfile.TemporaryDirectory(prefix="tongke-bench-") as folder:
            server = TongkeServer(self.binary, folder)
            try:
                path = server.rooms_file(rooms)
                return run_load(self.binary, path, server.pid, *(["--publish-rtp"] if publish else []),
                                "--windows", self.windows, "--window", self.window, *arguments)
            finally:
                server.stop()

    def limit(self, receivers, rhythm):
        """CPU per packet of copying, sealing and sending alone: median of three."""
        values = []
        for _ in range(3):
            done = subprocess.run([self.programs / "bench_media_limit", str(receivers), str(min(3.0, self.window)), rhythm],
                                  check=True, capture_output=True, text=True, timeout=120)
            values.append(json.loads(done.stdout)["us_per_packet"])
        return statistics.median(values)


# ---- rows: each returns {figure: value}; TARGETS below says what they should be

def all_joined(result):
    return {"joined": f"{result['joined']}/{result['subscribers']}", "missing": result["missing"]}


def fan(bench, watchers):
    result = bench.load(1, "--subscribers", watchers)
    paced = bench.limit(watchers, "paced")
    tight = bench.limit(watchers, "tight")
    cost = result["cpu_us_per_packet"]
    return {"us/packet": cost, "limit us/packet": paced, "ratio to the limit": round(cost / paced, 2),
            "limit without pause": tight, "delay p50 ms": result["delay_p50_ms"], "delay p99 ms": result["delay_p99_ms"],
            "KB/watcher": result["rss_kb_per_subscriber"], **all_joined(result)}


def rooms(bench):
    result = bench.load(20, "--subscribers", 10)
    bench.results["room us/packet"] = result["cpu_us_per_packet"]
    return {"us/packet": result["cpu_us_per_packet"], "delay p50 ms": result["delay_p50_ms"],
            "delay p99 ms": result["delay_p99_ms"], **all_joined(result)}


def thousand(bench):
    result = bench.load(1, "--subscribers", 1000, "--join-rate", 50, "--warm-up", 5, "--pace-ms", 20)
    return {"us/packet": result["cpu_us_per_packet"], "delay p50 ms": result["delay_p50_ms"],
            "delay p99 ms": result["delay_p99_ms"], "% of a core": result["cpu_percent"],
            "load % of a core": result["load_cpu_percent"], **all_joined(result)}


def half_load(bench):
    """As many lessons of ten classes as make the worker half busy, by what a packet of theirs costs."""
    cost = bench.results.get("room us/packet") or bench.load(20, "--subscribers", 10)["cpu_us_per_packet"]
    lessons = max(2, min(100, round(500_000 / (2300 * cost))))
    result = bench.load(lessons, "--subscribers", 10, "--join-rate", 50, "--warm-up", 5)
    return {"lessons of 10": lessons, "% of a core": result["cpu_percent"], "delay p50 ms": result["delay_p50_ms"],
            "delay p99 ms": result["delay_p99_ms"], "load % of a core": result["load_cpu_percent"], **all_joined(result)}


def joins(bench):
    watching = bench.load(1, "--subscribers", 200, "--join-rate", 20)
    # Nobody publishes: all that the server does is to let them join.
    joining = bench.load(1, "--subscribers", 200, "--join-rate", 20, "--paused", publish=False)
    with_tls = bench.load(1, "--subscribers", 100, "--join-rate", 20, "--paused", "--fresh-tls", publish=False)
    return {"join p50 ms": watching["join_p50_ms"], "join p99 ms": watching["join_p99_ms"],
            "CPU ms/join": joining["cpu_ms_per_join"], "CPU ms/join with a TLS connection": with_tls["cpu_ms_per_join"],
            **all_joined(watching)}


def storm(bench):
    result = bench.load(1, "--subscribers", 100, "--storm", 500, "--join-rate", 50)
    s = result["storm"]
    return {"back": f"{s['back']}/{s['watchers']}", "all back s": s["all_back_s"], "rejoin p99 ms": s["rejoin_p99_ms"],
            "others p99 before ms": s["others_p99_before_ms"], "others p99 during ms": s["others_p99_during_ms"],
            "others p99 more by ms": round(s["others_p99_during_ms"] - s["others_p99_before_ms"], 3),
            "others missing": s["others_missing"]}


def loss(bench):
    clean = bench.load(1, "--subscribers", 100)
    lossy = bench.load(1, "--subscribers", 100, "--loss", 5)
    return {"clean us/packet": clean["cpu_us_per_packet"], "lossy us/packet": lossy["cpu_us_per_packet"],
            "ratio": round(lossy["cpu_us_per_packet"] / clean["cpu_us_per_packet"], 2), "thrown away": lossy["thrown_away"],
            "RTX": lossy["rtx"], "repaired": lossy["repaired"], **all_joined(lossy)}


def idle(bench):
    result = bench.load(1, "--subscribers", 100, "--paused")
    nobody = bench.load(1, "--subscribers", 1, "--paused")
    return {"% of a core, 100 idle": result["cpu_percent"], "% with one": nobody["cpu_percent"],
            "% of a core by 99": round(max(0.0, result["cpu_percent"] - nobody["cpu_percent"]), 2), **all_joined(result)}


def instructions(bench):
    """Twice under callgrind; the difference is free of what making the room costs."""
    counts = []
    for pictures in (20, 60):
        with tempfile.TemporaryDirectory(prefix="tongke-bench-") as folder:
            done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                                   bench.programs / "bench_media_forward_count", "100", str(pictures)],
                                  check=True, capture_output=True, text=True, timeout=300)
            collected = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
            counts.append((int(collected.group(1)), int(done.stdout)))
    (few, sent), (many, more) = counts
    return {"instructions/packet": round((many - few) / (more - sent), 1)}


def meeting(bench):
    done = subprocess.run([bench.programs / "bench_media_meeting", "20", str(bench.window), str(bench.windows)],
                          check=True, capture_output=True, text=True, timeout=300)
    result = json.loads(done.stdout.splitlines()[-1])
    return {"us/packet": result["us_per_packet"], "packets/s": result["packets_per_second"],
            "delay p50 ms": result["delay_p50_ms"], "delay p99 ms": result["delay_p99_ms"],
            "joined": f"{result['connected']}/20", "missing": result["missing"]}


ROWS = {
    "fan100": ("1 publisher, 100 watchers", lambda b: fan(b, 100)),
    "fan200": ("1 publisher, 200 watchers", lambda b: fan(b, 200)),
    "rooms": ("20 rooms of 1 and 10", rooms),
    "meeting": ("20 x 20 all to all, 3 sounds and 9 pictures", meeting),
    "thousand": ("1 publisher (paced), 1000 watchers", thousand),
    "half": ("delay at half load", half_load),
    "joins": ("joins, 20 a second", joins),
    "storm": ("500 watchers re-join within 5 s", storm),
    "loss": ("100 watchers that lose 5 %", loss),
    "idle": ("100 watchers that show nothing", idle),
    "instructions": ("forwarding without cipher and system calls", instructions),
}
SHORT = ["fan100", "rooms", "joins", "loss", "idle", "instructions"]

# (row, figure): the most that it should be. What is not a number says so by itself.
TARGETS = {
    ("fan100", "us/packet"): 2.2, ("fan200", "us/packet"): 2.2,
    ("fan100", "ratio to the limit"): 1.5, ("fan200", "ratio to the limit"): 1.5,
    ("fan200", "KB/watcher"): 64,
    ("rooms", "us/packet"): 3.0, ("meeting", "us/packet"): 3.0,
    ("thousand", "delay p99 ms"): 3.0, ("thousand", "missing"): 0,
    ("half", "delay p50 ms"): 0.2, ("half", "delay p99 ms"): 1.0,
    ("joins", "join p50 ms"): 20, ("joins", "join p99 ms"): 60, ("joins", "CPU ms/join"): 3,
    ("storm", "all back s"): 8, ("storm", "others p99 more by ms"): 2,
    ("loss", "ratio"): 1.3,
    ("idle", "% of a core by 99"): 0.1,
}


def misses(row, figures):
    out = [f"{row}: {name} is {figures[name]}, the target is {most}"
           for (where, name), most in TARGETS.items() if where == row and name in figures and figures[name] > most]
    for name in ("joined", "back"):
        if name in figures:
            done, wanted = figures[name].split("/")
            if done != wanted:
                out.append(f"{row}: only {figures[name]} {name}")
    return out


def print_row(row, figures):
    print(f"\n{ROWS[row][0]}")
    for name, value in figures.items():
        target = TARGETS.get((row, name))
        mark = "" if target is None else f"   (target {target}{'' if value <= target else ', MISSED'})"
        print(f"  {name:<36}{value}{mark}")
    sys.stdout.flush()


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def record(results):
    """One line per run: date, commit, what was measured."""
    figures = "; ".join(f"{row}: " + ", ".join(f"{name} {value}" for name, value in figures.items())
                        for row, figures in results.items())
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
    with HISTORY.open("a") as out:
        out.write(f"| {day} | {commit()} | {figures} |\n")


def run_rows(args):
    names = list(ROWS) if args.all else args.rows.split(",") if args.rows else SHORT
    for name in names:
        if name not in ROWS:
            raise SystemExit(f"no row {name}; there are {', '.join(ROWS)}")
    bench = Bench(args)
    results = {}
    missed = []
    failed = False
    for name in names:
        try:
            results[name] = ROWS[name][1](bench)
        except (RuntimeError, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None)
            print(f"\n{ROWS[name][0]}\n  not measured: {error}{': ' + said[-400:] if said else ''}", file=sys.stderr)
            if args.verbose:
                traceback.print_exc()
            failed = True
            continue
        print_row(name, results[name])
        missed += misses(name, results[name])
    print("\n" + json.dumps({"commit": commit(), "cores": os.cpu_count(), **results}))
    for line in missed:
        print(f"missed: {line}")
    if args.record and results:
        record(results)
    return 1 if failed or (args.check and missed) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/tongke"))
    parser.add_argument("--all", action="store_true", help="every row, about ten minutes")
    parser.add_argument("--rows", help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--window", type=float, default=5, help="seconds per window")
    parser.add_argument("--windows", type=int, default=3, help="windows per row; figures are their medians")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--record", action="store_true", help="add a line to tests/bench/HISTORY.md")
    parser.add_argument("--peer", choices=["janus"], help="compare with this server")
    parser.add_argument("--watchers", type=int, default=100, help="with --peer")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if args.peer:
        import peer
        return peer.compare(args)
    return run_rows(args)


if __name__ == "__main__":
    sys.exit(main())
