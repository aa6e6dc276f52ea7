"""What a real Chromium makes of our frames: it offers compression, and answers with compressed messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.e2e.chromium import chromium
from tests.hub.fakes import FakeHistory
from tests.hub.nodes import QUICK, eventually, node

pytestmark = pytest.mark.browser
WORDS = {"text": "شكرا على هذا العرض " * 200}
LISTEN = """(position) => {
  const socket = new WebSocket(`ws://${location.host}/ws`, 'multaqa.1');
  window.told = [];
  window.ended = null;
  socket.onclose = ({ code }) => { window.ended = code; };
  return new Promise((done) => {
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      window.told.push(frame);
      if (frame.type === 'hello') {
        socket.send(JSON.stringify({ do: 'subscribe', id: 1, channel: 'session:a', position }));
      }
      if (frame.type === 'beat') socket.send('{"do":"beat"}');
      if (frame.type === 'reply') done(socket.extensions);
    };
    window.say = (text) => socket.send(text);
  });
}"""


async def test_chromium_reads_what_was_compressed_once_and_is_read_itself() -> None:
    history = FakeHistory()
    for _ in range(40):
        history.commit("session:a", data=WORDS)
    limits = replace(QUICK, beat_s=0.2)
    async with node(history=history, limits=limits) as n, chromium() as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"http://127.0.0.1:{n.port}/echo")
        await page.evaluate("document.cookie = 'login=amal'")
        position = {"offset": 10, "id": history.ids("session:a")[9]}
        extensions = await page.evaluate(LISTEN, position)
        assert extensions == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        for size in (1, 40, 400, 8000):
            n.hub.publish([history.commit("session:a", data={"text": "س" * size})])
            n.publish("session:a")
        [connection] = n.hub.crowd
        assert connection.deflates
        await page.wait_for_function("told.filter(({ type }) => type === 'publication').length === 8")
        await page.wait_for_function("told.filter(({ type }) => type === 'beat').length >= 4")
        told = await page.evaluate("told")
        [reply] = [frame for frame in told if frame["type"] == "reply"]
        replayed = reply["ok"]["publications"]
        live = [frame for frame in told if frame["type"] == "publication"]
        assert [frame["offset"] for frame in replayed + live] == list(range(11, 49))
        assert all(frame["data"] == WORDS for frame in replayed)
        assert [len(frame["data"]["text"]) for frame in live[::2]] == [1, 40, 400, 8000]
        assert await page.evaluate("ended") is None  # its beats, which it compresses, were understood
        await page.evaluate("say(' '.repeat(70000))")  # 100 bytes on the wire
        await page.wait_for_function("ended === 1009")
        await eventually(lambda: n.hub.numbers.connections == 0)
