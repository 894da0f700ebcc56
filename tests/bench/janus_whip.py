"""WHIP and WHEP in front of Janus' videoroom, so that `tongke load` measures Janus unchanged.

Janus offers to its subscribers, WHEP's client offers to the server. Both sides of an SDP hold the same facts: the shim
answers Janus' offer with the client's credentials, and gives the client Janus' offer as an answer. Janus runs as an
ICE-lite server, as Tongke does, on 127.0.0.1 alone.
"""

import http.client
import http.server
import itertools
import json
import pathlib
import queue
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

PLUGIN = "janus.plugin.videoroom"
ROOM = 1234
LIBRARIES = next((str(p) for p in pathlib.Path("/usr/lib").glob("*/janus")), "/usr/lib/janus")


def write_config(folder, http_port):
    folder = pathlib.Path(folder)
    others = ",".join(p.name for p in pathlib.Path(LIBRARIES, "plugins").glob("*.so") if "videoroom" not in p.name)
    doors = ",".join(p.name for p in pathlib.Path(LIBRARIES, "transports").glob("*.so") if "http" not in p.name)
    handlers = ",".join(p.name for p in pathlib.Path(LIBRARIES, "events").glob("*.so"))
    (folder / "janus.jcfg").write_text(f"""
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{LIBRARIES}/plugins"
  transports_folder = "{LIBRARIES}/transports"
  events_folder = "{LIBRARIES}/events"
  loggers_folder = "{LIBRARIES}/loggers"
  debug_level = 2
  session_timeout = 0
}}
media: {{ rtp_port_range = "20000-59999" }}
nat: {{
  ice_lite = true
  full_trickle = false
  ice_enforce_list = "127.0.0.1"
}}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "{doors}" }}
events: {{ disable = "{handlers}" }}
""")
    (folder / "janus.transport.http.jcfg").write_text(f"""
general: {{ json = "compact", base_path = "/janus", http = true, port = {http_port}, ip = "127.0.0.1", https = false }}
admin: {{ admin_http = false }}
""")
    (folder / "janus.plugin.videoroom.jcfg").write_text(f"""
room-{ROOM}: {{
  description = "bench"
  publishers = 4
  bitrate = 4000000
  fir_freq = 0
  audiocodec = "opus"
  videocodec = "vp8"
  transport_wide_cc_ext = false
  notify_joining = false
  require_pvtid = false
  record = false
}}
""")


class Janus:
    """The process and one API session; events reach the request that waits for them by its transaction."""

    def __init__(self, folder, http_port):
        write_config(folder, http_port)
        self.base = f"http://127.0.0.1:{http_port}/janus"
        self.log = open(pathlib.Path(folder) / "janus.log", "wb")
        self.process = subprocess.Popen(["janus", "-F", str(folder)], stdout=self.log, stderr=subprocess.STDOUT)
        self.numbers = itertools.count(1)
        self.waiting = {}
        self.stopping = False
        try:
            self.session = self.create()
        except BaseException:
            self.stop()
            raise
        self.poller = threading.Thread(target=self.poll, daemon=True)
        self.poller.start()

    def create(self, limit=20):
        deadline = time.monotonic() + limit
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"janus ended with {self.process.returncode}; see {self.log.name}")
            try:
                return self.post("", {"janus": "create"})["data"]["id"]
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"janus did not start within {limit} s; see {self.log.name}") from None
                threading.Event().wait(0.1)

    def post(self, path, body):
        body.setdefault("transaction", str(next(self.numbers)))
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            answer = json.load(reply)
        if answer.get("janus") == "error":
            raise RuntimeError(f"janus: {answer['error'].get('reason')}")
        return answer

    def poll(self):
        while not self.stopping:
            try:
                with urllib.request.urlopen(f"{self.base}/{self.session}?maxev=10", timeout=60) as reply:
                    events = json.load(reply)
            except (OSError, ValueError, http.client.HTTPException):
                if self.stopping or self.process.poll() is not None:
                    return
                continue
            for event in events if isinstance(events, list) else [events]:
                box = self.waiting.get(event.get("transaction"))
                if box is not None and event.get("janus") == "event":
                    box.put(event)

    def attach(self):
        return self.post(f"/{self.session}", {"janus": "attach", "plugin": PLUGIN})["data"]["id"]

    def detach(self, handle):
        self.post(f"/{self.session}/{handle}", {"janus": "detach"})

    def message(self, handle, body, jsep=None):
        """Sends to the plugin and waits for its event."""
        transaction = str(next(self.numbers))
        box = self.waiting[transaction] = queue.Queue()
        try:
            request = {"janus": "message", "transaction": transaction, "body": body}
            if jsep:
                request["jsep"] = jsep
            self.post(f"/{self.session}/{handle}", request)
            event = box.get(timeout=20)
        finally:
            del self.waiting[transaction]
        data = event["plugindata"]["data"]
        if "error" in data:
            raise RuntimeError(f"janus videoroom: {data['error']}")
        return data, event.get("jsep")

    def stop(self):
        self.stopping = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def first(sdp, name):
    found = re.search(rf"^a={name}:(.*?)\r?$", sdp, re.M)
    if not found:
        raise RuntimeError(f"the offer has no a={name}")
    return found.group(1)


def answer_to(janus_offer, client_offer):
    """The client's answer to what Janus offers: everything is taken, with the client's credentials."""
    ice = [f"a=ice-ufrag:{first(client_offer, 'ice-ufrag')}", f"a=ice-pwd:{first(client_offer, 'ice-pwd')}",
           f"a=fingerprint:{first(client_offer, 'fingerprint')}", "a=setup:active"]
    lines = []
    for line in janus_offer.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            lines += [line, "c=IN IP4 0.0.0.0", *ice, "a=recvonly", "a=rtcp-mux"]
        elif line.startswith(("v=", "o=", "s=", "t=", "a=group:", "a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:",
                              "a=extmap:")):
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"


class Shim:
    """POST /whip/bench and /whep/bench; DELETE what they made."""

    def __init__(self, janus):
        self.janus = janus
        self.feed = None
        shim = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, text="", headers=()):
                body = text.encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                offer = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                try:
                    handle, sdp = (shim.publish if self.path.startswith("/whip/") else shim.play)(offer)
                except (RuntimeError, OSError, queue.Empty) as error:
                    return self.answer(502, str(error))
                self.answer(201, sdp, [("Content-Type", "application/sdp"), ("Location", f"{self.path}/{handle}")])

            def do_DELETE(self):
                try:
                    shim.janus.detach(int(self.path.rsplit("/", 1)[-1]))
                except (RuntimeError, OSError, ValueError) as error:
                    return self.answer(502, str(error))
                self.answer(200)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def publish(self, offer):
        handle = self.janus.attach()
        # Whoever answers "actpass" becomes the DTLS client; our client is that itself.
        active = offer.replace("a=setup:actpass", "a=setup:active")
        data, jsep = self.janus.message(handle, {"request": "joinandconfigure", "room": ROOM, "ptype": "publisher"},
                                        {"type": "offer", "sdp": active})
        self.feed = data["id"]
        return handle, jsep["sdp"]

    def play(self, offer):
        if self.feed is None:
            raise RuntimeError("nobody publishes")
        handle = self.janus.attach()
        _, jsep = self.janus.message(handle, {"request": "join", "room": ROOM, "ptype": "subscriber",
                                              "streams": [{"feed": self.feed}]})
        self.janus.message(handle, {"request": "start"}, {"type": "answer", "sdp": answer_to(jsep["sdp"], offer)})
        return handle, jsep["sdp"].replace("a=setup:actpass", "a=setup:passive")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
