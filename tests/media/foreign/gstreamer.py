"""A GStreamer peer (webrtcbin): `gstreamer.py publish|play URL`, told apart by WHIP and WHEP.

Publishing sends a moving picture (VP8) with a tone (Opus). Playing decodes what it gets and says how much:
`video 25`. It runs until it is killed, and is no part of Multaqa: only `gi` and the standard library are used.
"""

from __future__ import annotations

import sys
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

SENDING = """
webrtcbin name=peer bundle-policy=max-bundle
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=25/1
  ! vp8enc deadline=1 keyframe-max-dist=25 ! rtpvp8pay picture-id-mode=15-bit
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
audiotestsrc is-live=true wave=sine ! opusenc ! rtpopuspay
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer.
"""
RECEIVED = (
    "application/x-rtp,media=audio,encoding-name=OPUS,encoding-params=(string)2,clock-rate=48000,payload=97",
    "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96",
)
TOLD_EVERY = 25


class Peer:
    def __init__(self, what: str, url: str) -> None:
        self.url = url
        self.counted = {"audio": 0, "video": 0}
        if what == "publish":
            self.pipeline: Any = Gst.parse_launch(SENDING)
            self.peer: Any = self.pipeline.get_by_name("peer")
        else:
            self.pipeline = Gst.Pipeline.new()
            self.peer = Gst.ElementFactory.make("webrtcbin")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
            for caps in RECEIVED:
                direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
                self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        # libnice leaves the loopback out, and a build machine may have nothing else.
        self.agent: Any = self.peer.get_property("ice-agent")  # kept: the binding lets go one time too often
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        self.peer.connect("on-negotiation-needed", self.negotiate)
        self.peer.connect("notify::ice-gathering-state", self.gathered)
        self.peer.connect("pad-added", self.added)
        self.pipeline.set_state(Gst.State.PLAYING)

    def negotiate(self, _: Any) -> None:
        if "whip" in self.url:
            for number in range(2):
                transceiver = self.peer.emit("get-transceiver", number)
                transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None, None))

    def offered(self, promise: Any, *_: Any) -> None:
        reply = promise.get_reply()  # holds what it is asked for
        self.peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def gathered(self, *_: Any) -> None:
        if self.peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self) -> bool:
        offer = self.peer.get_property("local-description").sdp.as_text()
        request = urllib.request.Request(self.url, offer.encode(), {"Content-Type": "application/sdp"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            _, message = GstSdp.SDPMessage.new()
            GstSdp.sdp_message_parse_buffer(answer.read(), message)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        described = GstWebRTC.WebRTCSessionDescription.new(kind, message)
        self.peer.emit("set-remote-description", described, None)
        print("negotiated", flush=True)
        return False

    def added(self, _: Any, pad: Any) -> None:
        """Decode everything that comes."""
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self.decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def decoded(self, _: Any, pad: Any) -> None:
        kind = pad.get_current_caps().get_structure(0).get_name().partition("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.set_property("sync", False)
        sink.connect("handoff", self.count, kind)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def count(self, _: Any, buffer: Any, pad: Any, kind: str) -> None:
        self.counted[kind] += 1
        if self.counted[kind] % TOLD_EVERY == 0:
            print(kind, self.counted[kind], flush=True)


if __name__ == "__main__":
    Gst.init(None)
    running = Peer(sys.argv[1], sys.argv[2])
    GLib.MainLoop().run()
