"""The same publisher and watchers against another server and Tongke, in turn, on this machine."""

import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

from janus_whip import Janus, Shim
from tongke_server import TongkeServer, free_port, run_load

ROUNDS = 3
# Less CPU per forwarded packet than Janus, by this factor, with 100 watchers.
TARGET_RATIO = 12


def arguments(args):
    return ["--publish-rtp", "--subscribers", args.watchers, "--windows", args.windows, "--window", args.window]


def tongke(args):
    with tempfile.TemporaryDirectory(prefix="tongke-bench-") as folder:
        server = TongkeServer(args.binary, folder)
        try:
            return run_load(args.binary, server.rooms_file(1), server.pid, *arguments(args))
        finally:
            server.stop()


def janus(args):
    with tempfile.TemporaryDirectory(prefix="janus-bench-") as folder:
        server = Janus(folder, free_port(socket.SOCK_STREAM))
        shim = Shim(server)
        try:
            path = pathlib.Path(folder) / "rooms.txt"
            path.write_text(f"{shim.url}/whip/bench none\n")
            return run_load(args.binary, path, server.process.pid, *arguments(args))
        except RuntimeError as error:
            raise RuntimeError(f"{error} {pathlib.Path(server.log.name).read_text(errors='replace')[-600:]}") from None
        finally:
            shim.stop()
            server.stop()


COLUMNS = [("CPU us/packet", "cpu_us_per_packet"), ("delay p50 ms", "delay_p50_ms"), ("delay p99 ms", "delay_p99_ms"),
           ("join p50 ms", "join_p50_ms"), ("join p99 ms", "join_p99_ms"), ("KB/watcher", "rss_kb_per_subscriber"),
           ("delivered/s", "delivered_pps"), ("missing", "missing"), ("joined", "joined")]


def compare(args):
    runs = {"janus": [], "tongke": []}
    for number in range(ROUNDS):
        for name, measure in (("janus", janus), ("tongke", tongke)):
            try:
                runs[name].append(measure(args))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            print(f"round {number + 1} {name}: {runs[name][-1]['cpu_us_per_packet']} us/packet", file=sys.stderr)
    medians = {name: {key: statistics.median(run[key] for run in results) for _, key in COLUMNS}
               for name, results in runs.items()}
    print(f"1 publisher to {args.watchers} watchers, medians of {ROUNDS} runs in turn")
    print(" " * 20 + "".join(name.rjust(12) for name in medians))
    for title, key in COLUMNS:
        print(title.ljust(20) + "".join(f"{medians[name][key]:12.2f}" for name in medians))
    ratio = medians["janus"]["cpu_us_per_packet"] / medians["tongke"]["cpu_us_per_packet"]
    print(f"Tongke forwards a packet with {ratio:.1f} times less CPU than Janus (target {TARGET_RATIO})")
    print(json.dumps({"watchers": args.watchers, "ratio": round(ratio, 2), **medians}))
    return 1 if args.check and ratio < TARGET_RATIO else 0
