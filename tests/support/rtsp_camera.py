#!/usr/bin/env python3
"""A camera for tests: H.264 and G.711 over RTSP at rtsp://127.0.0.1:PORT/camera. Prints its port as JSON."""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1] if len(sys.argv) > 1 else "0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! openh264enc gop-size=25 "
    "! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 "
    "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 )")
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print(json.dumps({"state": "listening", "port": server.get_bound_port()}), flush=True)
GLib.MainLoop().run()
