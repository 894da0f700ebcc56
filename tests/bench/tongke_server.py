"""A fresh `tongke serve --demo` on free ports, and the load that runs against it."""

import base64
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import struct
import subprocess
import time
import urllib.parse


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# A kind of lesson that is recorded only when somebody asks for it: the figures are those of forwarding.
NOT_RECORDED = "teaching-round"


class Rest:
    """The REST interface as a signed-in person of the demonstration uses it."""

    def __init__(self, base, account):
        self.origin = base
        parts = urllib.parse.urlsplit(base)
        trusting = ssl._create_unverified_context()  # self-signed, on this machine
        self.http = http.client.HTTPSConnection(parts.hostname, parts.port, context=trusting, timeout=20)
        self.cookie = None
        self.call("POST", "/api/v1/session", {"login": account["login"], "password": account["password"]})

    def call(self, method, path, body=None):
        headers = {"Origin": self.origin, "Content-Type": "application/json"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        self.http.request(method, path, json.dumps(body) if body is not None else None, headers)
        reply = self.http.getresponse()
        text = reply.read().decode()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text[:300]}")
        if reply.getheader("Set-Cookie"):
            self.cookie = reply.getheader("Set-Cookie").split(";")[0]
        return json.loads(text) if text else {}


class Seat:
    """As much of a page's WebSocket (RFC 6455) as it takes to sit down in a lesson and start it."""

    def __init__(self, base, token):
        parts = urllib.parse.urlsplit(base)
        trusting = ssl._create_unverified_context()  # self-signed, on this machine
        plain = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self.socket = trusting.wrap_socket(plain, server_hostname=parts.hostname)
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                             f"Sec-WebSocket-Protocol: tongke.v1\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        status = self.stream.readline().decode()
        while self.stream.readline().strip():
            pass
        if " 101 " not in status:
            raise RuntimeError(f"the WebSocket was refused: {status.strip()}")

    def ask(self, message):
        """Sends a request and waits for the reply with its id."""
        text = json.dumps(message).encode()
        mask = os.urandom(4)
        head = bytes([0x81]) + (bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text)))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
        while True:
            first, size = self.stream.read(2)
            if size == 126:
                size = struct.unpack(">H", self.stream.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.stream.read(8))[0]
            body = self.stream.read(size)
            if first & 0x0f == 8:
                raise RuntimeError(f"the server closed the seat: {body[2:].decode(errors='replace')}")
            reply = json.loads(body) if first & 0x0f == 1 else {}
            if reply.get("id") == message["id"]:
                if reply["t"] == "error":
                    raise RuntimeError(f"{message['t']}: {reply}")
                return reply

    def close(self):
        self.stream.close()
        self.socket.close()


def start_lesson(base, token, lesson):
    seat = Seat(base, token)
    try:
        seat.ask({"t": "hello", "id": 1, "v": 1, "lesson": lesson})
        seat.ask({"t": "start", "id": 2})
    finally:
        seat.close()


class TongkeServer:
    """One worker; lessons are made through REST and started as a teacher's page does."""

    def __init__(self, binary, folder, workers=1):
        self.binary = binary
        self.data = pathlib.Path(folder) / "data"
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [binary, "serve", "--data", str(self.data), "--http-port", str(free_port(socket.SOCK_STREAM)),
             "--media-port", str(free_port(socket.SOCK_DGRAM)), "--public-address", "127.0.0.1", "--demo",
             "--workers", str(workers)], stdout=subprocess.PIPE, stderr=self.log)
        try:
            self.ready = self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

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

    @property
    def pid(self):
        return self.process.pid

    def token(self, role, lesson):
        out = subprocess.run([self.binary, "admin", "token", "--data", str(self.data), "--lesson", lesson,
                              "--role", role, "--ttl", "1h"],
                             check=True, capture_output=True, text=True, timeout=30)
        return out.stdout.strip().splitlines()[-1]

    def new_lessons(self, count):
        demo = json.loads((self.data / "demo.json").read_text())
        rest = Rest(self.ready["https"], {"login": "teacher", "password": demo["passwords"]["teacher"]})
        collective = demo["ids"]["collective"]
        return [rest.call("POST", "/api/v1/lessons",
                          {"collectiveId": collective, "topic": f"bench {i}", "classIds": [],
                           "kind": NOT_RECORDED, "scheduledAt": int(time.time() * 1e6)})["id"] for i in range(count)]

    def rooms_file(self, count):
        """A file for `tongke load --rooms`."""
        base = self.ready["https"]
        lines = []
        for lesson in self.new_lessons(count):
            teacher = self.token("teacher", lesson)
            start_lesson(base, teacher, lesson)
            lines.append(f"{base}/whip/{lesson} {teacher} {self.token('observer', lesson)}\n")
        path = self.folder / "rooms.txt"
        path.write_text("".join(lines))
        return path

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def run_load(binary, rooms, pid, *arguments, limit=600):
    """The JSON of one `tongke load`. Raises when nothing could be measured."""
    load = subprocess.run([binary, "load", "--rooms", str(rooms), "--insecure", "--json", "--server-pid", str(pid),
                           *[str(a) for a in arguments]],
                          capture_output=True, text=True, timeout=limit)
    lines = [line for line in load.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"the load ended with {load.returncode}: {load.stderr.strip()[-500:]}")
    return json.loads(lines[-1])
