#!/usr/bin/python3
"""A second independent publisher: GStreamer's webrtcbin sends a ball and a tone by WHIP for some seconds.

Usage: gst_whip.py URL TOKEN SECONDS
"""

import ctypes
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
webrtcbin name=web bundle-policy=max-bundle
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1 cpu-used=8
  keyframe-max-dist=30 ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! web.
audiotestsrc is-live=true wave=sine freq=440 ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! opusenc
  ! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! web.
"""


class Description(ctypes.Structure):
    """GstWebRTCSessionDescription, as in its public header."""

    _fields_ = [("type", ctypes.c_int), ("sdp", ctypes.c_void_p)]


def offer_text(reply):
    """The SDP of a create-offer reply. Read in C: Debian's PyGObject copies the description without its message."""
    gst, sdp, gobject = (ctypes.CDLL(f"lib{name}.so.0") for name in ("gstreamer-1.0", "gstsdp-1.0", "gobject-2.0"))
    gst.gst_structure_get_value.restype = ctypes.c_void_p
    gst.gst_structure_get_value.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    gobject.g_value_get_boxed.restype = ctypes.POINTER(Description)
    gobject.g_value_get_boxed.argtypes = [ctypes.c_void_p]
    sdp.gst_sdp_message_as_text.restype = ctypes.c_char_p
    sdp.gst_sdp_message_as_text.argtypes = [ctypes.c_void_p]
    value = gst.gst_structure_get_value(hash(reply), b"offer")
    return sdp.gst_sdp_message_as_text(gobject.g_value_get_boxed(value).contents.sdp).decode()


def description(kind, text):
    _, message = GstSdp.SDPMessage.new_from_text(text)
    return GstWebRTC.WebRTCSessionDescription.new(kind, message)


class Publisher:
    def __init__(self, url, token, seconds):
        self.url, self.token, self.seconds = url, token, seconds
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.web = self.pipeline.get_by_name("web")
        # libnice leaves loopback out unless it is named, and its other sockets do not reach it.
        self.ice = self.web.get_property("ice-agent")  # kept: the bindings take over the element's own reference
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        self.posted = False
        self.candidates = []
        self.text = ""
        self.location = None
        self.web.connect("on-negotiation-needed", self.on_negotiation_needed)
        self.web.connect("on-ice-candidate", lambda _, section, candidate: self.candidates.append((section, candidate)))
        self.web.connect("notify::ice-gathering-state", self.on_gathering)

    def on_negotiation_needed(self, _):
        self.web.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer, None))

    def on_offer(self, promise, _):
        self.text = offer_text(promise.get_reply())
        self.web.emit("set-local-description", description(GstWebRTC.WebRTCSDPType.OFFER, self.text), None)

    def on_gathering(self, *_):
        complete = self.web.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if complete and not self.posted:
            self.posted = True
            GLib.idle_add(self.post)

    def ask(self, method, url, body=None, headers=None):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        request = urllib.request.Request(url, data=body, method=method, headers={
            "Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}", **(headers or {})})
        return urllib.request.urlopen(request, context=context, timeout=10)

    def fragment(self):
        """What was gathered for the first section, which is the whole bundle's (RFC 8840 section 9)."""
        wanted = ("a=mid:", "a=ice-ufrag:", "a=ice-pwd:")
        head, first = self.text.split("m=", 2)[:2]
        group = [line for line in head.splitlines() if line.startswith("a=group:BUNDLE")]
        lines = ("m=" + first).splitlines()
        return "\r\n".join(group + lines[:1] + [line for line in lines if line.startswith(wanted)]
                           + [f"a={candidate}" for section, candidate in self.candidates if section == 0 and candidate]
                           + ["a=end-of-candidates", ""])

    def post(self):
        with self.ask("POST", self.url, self.text.encode()) as answer:
            text = answer.read().decode()
            self.location = urllib.parse.urljoin(self.url, answer.headers["Location"])
            tag, status = answer.headers["ETag"], answer.status
        with self.ask("PATCH", self.location, self.fragment().encode(),
                      {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": tag}) as answer:
            print(json.dumps({"answered": status, "trickled": answer.status}), flush=True)
        self.web.emit("set-remote-description", description(GstWebRTC.WebRTCSDPType.ANSWER, text), None)
        GLib.timeout_add_seconds(self.seconds, self.loop.quit)
        return False

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        state = self.web.get_property("connection-state").value_nick
        with self.ask("DELETE", self.location) as answer:
            deleted = answer.status
        try:
            self.ask("DELETE", self.location)
        except urllib.error.HTTPError as refusal:
            deleted = [deleted, refusal.code]
        self.pipeline.set_state(Gst.State.NULL)
        print(json.dumps({"connection": state, "deleted": deleted}), flush=True)


if __name__ == "__main__":
    Gst.init(None)
    Publisher(sys.argv[1], sys.argv[2], int(sys.argv[3])).run()
