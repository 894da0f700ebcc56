#!/usr/bin/env python3
"""An RTSP server that sends every caller on to another port of its own. Prints its port as JSON, and says "asked" when
a caller asks there for anything."""

import json
import socketserver
import threading


def tell(**said):
    print(json.dumps(said), flush=True)


class Elsewhere(socketserver.BaseRequestHandler):
    def handle(self):
        if self.request.recv(4096):
            tell(state="asked")


class Redirect(socketserver.StreamRequestHandler):
    def handle(self):
        sequence = "1"
        for line in iter(self.rfile.readline, b""):
            name, _, value = line.decode(errors="replace").partition(":")
            if name.lower() == "cseq":
                sequence = value.strip()
            if line.strip():
                continue
            self.wfile.write(
                f"RTSP/1.0 302 Found\r\nCSeq: {sequence}\r\nLocation: rtsp://127.0.0.1:{other.server_address[1]}/x\r\n\r\n"
                .encode())
            tell(state="redirected")


other = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Elsewhere)
threading.Thread(target=other.serve_forever, daemon=True).start()
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Redirect)
tell(state="listening", port=server.server_address[1])
server.serve_forever()
