#!/usr/bin/python3
"""An independent WebRTC client: publishes by WHIP or watches by WHEP with aiortc, and says what it saw in one JSON line.

Usage: aiortc_peer.py publish|watch URL TOKEN SECONDS [passive]
"passive": offers to be the DTLS server (RFC 8842), as FFmpeg does.
"""

import asyncio
import fractions
import json
import math
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import av
import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack

RATE = 48000


class Tone(AudioStreamTrack):
    """440 Hz, 20 ms frames, paced by the base class's clock."""

    def __init__(self):
        super().__init__()
        self.at = 0
        self.begun = None

    async def recv(self):
        samples = RATE // 50
        if self.begun is None:
            self.begun = time.monotonic()
        wait = self.begun + self.at / RATE - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        wave = (8000 * numpy.sin(2 * math.pi * 440 * (self.at + numpy.arange(samples)) / RATE)).astype(numpy.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self.at
        frame.time_base = fractions.Fraction(1, RATE)
        self.at += samples
        return frame


class Stripes(VideoStreamTrack):
    """A bright bar moving over a dark ground, 320x240."""

    async def recv(self):
        pts, base = await self.next_timestamp()
        picture = numpy.full((240, 320, 3), 40, numpy.uint8)
        x = (pts // 1500) % 280
        picture[:, x:x + 40] = (220, 180, 60)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, base
        return frame


def ask(method, url, token, body=None, headers=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, data=body and body.encode(), method=method, headers={
        "Content-Type": "application/sdp", "Authorization": f"Bearer {token}", **(headers or {})})
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        if method == "POST":
            raise
        return refusal.code, refusal.headers, refusal.read().decode()


def without_candidates(sdp):
    return "".join(line + "\r\n" for line in sdp.splitlines() if not line.startswith(("a=candidate:", "a=end-of-candidates")))


def trickle_fragment(sdp):
    """All candidates of the first section, which is the whole bundle's (RFC 8840 section 9)."""
    wanted = ("m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates")
    head, first = sdp.split("m=", 2)[:2]
    group = [line for line in head.splitlines() if line.startswith("a=group:BUNDLE")]
    return "\r\n".join(group + [line for line in ("m=" + first).splitlines() if line.startswith(wanted)] + [""])


async def watch_video(track, seen):
    while True:
        frame = await track.recv()
        picture = frame.to_ndarray(format="gray")
        seen["frames"] += 1
        seen["size"] = [frame.width, frame.height]
        mean = float(picture.mean())
        # A moving picture changes; a frozen or black one does not.
        column = int(picture.mean(axis=0).argmax())
        seen["columns"].add(column)
        seen["contrast"] = max(seen["contrast"], float(picture.std()))
        seen["brightness"] = mean


async def watch_audio(track, seen):
    while True:
        frame = await track.recv()
        samples = frame.to_ndarray().astype(numpy.float64)
        seen["audio_seconds"] += frame.samples / frame.sample_rate
        seen["rms"] = max(seen["rms"], float(numpy.sqrt((samples ** 2).mean())))


async def main(mode, url, token, seconds, is_passive=False):
    peer = RTCPeerConnection()
    seen = {"frames": 0, "size": None, "columns": set(), "contrast": 0.0, "brightness": 0.0, "audio_seconds": 0.0, "rms": 0.0}
    tasks = []
    if mode == "publish":
        peer.addTransceiver(Tone(), direction="sendonly")
        peer.addTransceiver(Stripes(), direction="sendonly")
    else:
        peer.addTransceiver("audio", direction="recvonly")
        peer.addTransceiver("video", direction="recvonly")

        @peer.on("track")
        def on_track(track):
            watcher = watch_video if track.kind == "video" else watch_audio
            tasks.append(asyncio.ensure_future(watcher(track, seen)))

    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp
    said = without_candidates(offer)
    if is_passive:
        said = said.replace("a=setup:actpass", "a=setup:passive")
    status, headers, answer = ask("POST", url, token, said)
    assert ("a=setup:active" in answer) == is_passive, answer
    resource = urllib.parse.urljoin(url, headers["Location"])
    trickled = ask("PATCH", resource, token, trickle_fragment(offer),
                   {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": headers["ETag"]})[0]
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    print(json.dumps({"answered": status, "trickled": trickled}), flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    seen["columns"] = len(seen["columns"])
    seen["connection"] = peer.connectionState
    seen["deleted"] = [ask("DELETE", resource, token)[0] for _ in range(2)]
    await peer.close()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), sys.argv[5:] == ["passive"]))
