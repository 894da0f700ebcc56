#!/usr/bin/env python3
"""./dev up: a demo server with a running lesson and its synthetic master teacher; prints the links. Ctrl-C stops both."""

import argparse
import json
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/tongke"
STOP_LIMIT_S = 10


def show(links):
    print()
    for title, url in links:
        print(f"  {title}\n    {url}")
    print("\nCtrl-C stops. The certificate is self-signed: the browser asks once.", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev up")
    parser.add_argument("--data", default=str(ROOT / "run/demo"), help="data folder, made when missing")
    parser.add_argument("--http-port", default="8443")
    parser.add_argument("--media-port", default="8444")
    parser.add_argument("--public-address", default="127.0.0.1", help="the numeric address that browsers reach")
    parser.add_argument("--no-teacher", action="store_true", help="without the synthetic teacher")
    args = parser.parse_args()
    data = pathlib.Path(args.data)
    data.mkdir(parents=True, exist_ok=True)

    # Children in a session of their own: Ctrl-C reaches this script alone, which then stops them in order.
    server = subprocess.Popen(
        [BINARY, "serve", "--data", data, "--http-port", args.http_port, "--media-port", args.media_port,
         "--public-address", args.public_address, "--demo"], stdout=subprocess.PIPE, text=True, start_new_session=True)
    line = server.stdout.readline()
    if not line:
        return server.wait() or 1
    ready = json.loads(line)
    links = json.loads((data / "demo-links.json").read_text())
    teacher = None
    if not args.no_teacher:
        teacher = subprocess.Popen(
            [BINARY, "load", "--publish-demo", "--url", links["whip"]["url"], "--token", links["whip"]["token"],
             "--insecure", "--fps", "15"], start_new_session=True, stdout=subprocess.DEVNULL)
    print(f"Tongke is running at {ready['https']}")
    show([(link["title"], link["url"]) for link in links["pages"]]
         + [(f"{name.upper()} (Authorization: Bearer {links[name]['token']})", links[name]["url"])
            for name in ("whip", "whep")])

    def stop(*_):
        for child in (teacher, server):
            if child is not None and child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in (teacher, server):
            if child is not None:
                try:
                    child.wait(STOP_LIMIT_S)
                except subprocess.TimeoutExpired:
                    child.kill()
        print("stopped", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    status = server.wait()
    if teacher is not None and teacher.poll() is None:
        teacher.terminate()
    return status


if __name__ == "__main__":
    sys.exit(main())
