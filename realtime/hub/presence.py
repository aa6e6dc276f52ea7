"""Who is here: told between nodes, never stored.

Each node tells how many people it has per channel, at once when that changed (at most once a second) and in whole
every few seconds; a node that falls silent is forgotten. Names travel only while an audience is small.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from realtime.hub.channel import Channel
from realtime.hub.context import Context
from realtime.hub.directory import Directory
from realtime.hub.envelope import GarbageError, Outbox, unpack_object
from realtime.hub.frames import dump
from realtime.hub.frames import signal as signal_frame
from realtime.hub.ports import JSON, Peer
from realtime.hub.wire import frame_text

TOPIC = "+presence"  # no channel can have this name


@dataclass(slots=True)
class _Here:
    """The people of one channel on this node, with how many connections each has."""

    people: dict[str, tuple[Peer, int]] = field(default_factory=dict)
    pushed: bytes = b""


@dataclass(slots=True)
class _Node:
    heard_at: float
    counts: dict[str, tuple[int, list[JSON] | None]] = field(default_factory=dict)


class Presence:
    def __init__(
        self, context: Context, directory: Directory, outbox: Outbox, *, counted: Callable[[str], bool]
    ) -> None:
        self._context = context
        self._directory = directory
        self._outbox = outbox
        self._counted = counted
        self._here: dict[str, _Here] = {}
        self._nodes: dict[str, _Node] = {}
        self._dirty: set[str] = set()  # to push to our own listeners
        self._untold: set[str] = set()  # to tell the other nodes
        self._whole_told_at = float("-inf")

    # Our own people

    def joined(self, channel: str, peer: Peer) -> bytes:
        """Count someone in; returns the frame that tells the newcomer who was here before, if there is one."""
        if not self._counted(channel):
            return b""
        here = self._here.setdefault(channel, _Here())
        connections = here.people.get(peer.person_id, (peer, 0))[1]
        here.people[peer.person_id] = (peer, connections + 1)
        if connections == 0:
            self._changed(channel)
        return here.pushed

    def left(self, channel: str, peer: Peer) -> None:
        here = self._here.get(channel)
        if here is None or peer.person_id not in here.people:
            return
        connections = here.people[peer.person_id][1]
        if connections > 1:
            here.people[peer.person_id] = (peer, connections - 1)
            return
        del here.people[peer.person_id]
        if not here.people:
            del self._here[channel]
        self._changed(channel)

    def audience(self, channel: Channel) -> int:
        """How many people are in a channel, on all nodes; where nobody counts, the connections here."""
        if not self._counted(channel.name):
            return len(channel.live)
        return self._total(channel.name)[0]

    def people(self, channel: str) -> int:
        """The same for a channel that nobody here may have open."""
        return self._total(channel)[0]

    def _changed(self, channel: str) -> None:
        self._dirty.add(channel)
        self._untold.add(channel)

    # The other nodes

    def heard(self, data: bytes) -> None:
        """Take what a node tells: `whole` replaces all it said before."""
        try:
            told = unpack_object(data)
            name, whole, counts = str(told["node"]), bool(told["whole"]), _counts(told["counts"])
        except (GarbageError, KeyError, TypeError, ValueError):
            self._context.numbers.broker_garbage += 1
            return
        if name == self._context.node:
            return
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = _Node(0.0)
            self._whole_told_at = float("-inf")  # a newcomer should not wait for our next round
        node.heard_at = self._context.clock()
        self._take(node, counts, whole=whole)

    def _take(self, node: _Node, counts: dict[str, tuple[int, list[JSON] | None]], *, whole: bool) -> None:
        gone = node.counts.keys() - counts.keys() if whole else set()
        for channel in gone:
            del node.counts[channel]
        changed = {channel for channel, count in counts.items() if node.counts.get(channel) != count}
        self._dirty |= changed | gone
        for channel in changed:
            node.counts[channel] = counts[channel]
            if counts[channel][0] == 0:
                del node.counts[channel]

    # Once a second

    def tick(self, now: float) -> None:
        self._forget(now)
        self._tell(now)
        dirty, self._dirty = self._dirty, set()
        for channel in dirty:
            self._push(channel)

    def _forget(self, now: float) -> None:
        silent = now - self._context.limits.presence_forget_s
        for name in [name for name, node in self._nodes.items() if node.heard_at < silent]:
            self._dirty |= self._nodes.pop(name).counts.keys()

    def _tell(self, now: float) -> None:
        whole = now - self._whole_told_at >= self._context.limits.presence_tell_s
        channels = set(self._here) if whole else self._untold
        if whole:
            self._whole_told_at = now
        elif not channels:
            return
        self._untold = set()
        counts = {channel: self._ours(channel) for channel in channels}
        self._outbox.put(TOPIC, dump({"node": self._context.node, "whole": whole, "counts": counts}))

    def _ours(self, channel: str) -> tuple[int, list[JSON] | None]:
        here = self._here.get(channel)
        if here is None:
            return 0, []
        count = len(here.people)
        if count > self._context.limits.names_up_to:
            return count, None
        return count, [{"id": peer.person_id, "name": peer.name} for peer, _ in here.people.values()]

    def _total(self, channel: str) -> tuple[int, list[JSON] | None]:
        """Count and names over all nodes; somebody on two nodes is counted once while names are known."""
        parts = [self._ours(channel)]
        parts += [node.counts[channel] for node in self._nodes.values() if channel in node.counts]
        people: dict[str, JSON] = {}
        for _, named in parts:
            if named is None:
                return sum(count for count, _ in parts), None
            people |= {person["id"]: person for person in named}
        if len(people) > self._context.limits.names_up_to:
            return len(people), None
        return len(people), [people[id] for id in sorted(people)]

    def _push(self, name: str) -> None:
        here, channel = self._here.get(name), self._directory.get(name)
        if here is None or channel is None:
            return
        count, people = self._total(name)
        data: JSON = {"count": count, "people": people}
        wire = frame_text(signal_frame(channel=name, name="presence", data=data))
        if wire != here.pushed:
            here.pushed = wire
            channel.push(wire)


def _counts(value: Any) -> dict[str, tuple[int, list[JSON] | None]]:
    return {
        str(channel): (int(count), None if people is None else [_person(person) for person in people])
        for channel, (count, people) in value.items()
    }


def _person(value: Any) -> JSON:
    return {"id": str(value["id"]), "name": str(value["name"])}
