"""The rhythm of keep-alives in virtual time, and which silence is death."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.net.keepalive import Act, Keepalive
from gateway.sip import Flow
from gateway.sip.framing import Beat

UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
TCP = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
TLS = Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 5061), "example.com")

PONG = [Beat.PONG]
PEERS_PING = [Beat.PONG, Beat.PING]
MESSAGE = [None]


class Clock:
    """A keep-alive with its own time; the peer answers each ping with the next script."""

    def __init__(self, chance: float = 0.0) -> None:
        self.keepalive = Keepalive(lambda: chance)
        self.now = 1000.0

    def run(self, seconds: float) -> list[tuple[float, Act, Flow]]:
        """Let time pass; what was due, at seconds from the start."""
        start, end = self.now, self.now + seconds
        acts = []
        while (at := self.keepalive.next_deadline()) is not None and at <= end:
            self.now = at
            acts += [(at - start, each.act, each.flow) for each in self.keepalive.due(at)]
        self.now = end
        return acts

    def hear(self, flow: Flow, beats: Sequence[Beat | None]) -> None:
        for beat in beats:
            self.keepalive.heard(flow, beat)


@pytest.mark.parametrize(
    ("flow", "chance", "interval"),
    [
        (UDP, 0.0, 20.0),
        (UDP, 0.5, 25.0),
        (UDP, 0.999999, 30.0),
        (TCP, 0.0, 95.0),
        (TLS, 0.999999, 110.0),
    ],
)
def test_interval(flow: Flow, chance: float, interval: float) -> None:
    clock = Clock(chance)
    clock.keepalive.keep([flow], clock.now)
    acts = clock.run(3.5 * interval)
    assert [round(at, 3) for at, _, _ in acts] == pytest.approx(
        [interval, 2 * interval, 3 * interval], abs=0.01
    )
    assert {(act, where) for _, act, where in acts} == {(Act.PING, flow)}


def test_pings_of_twilio_come_in_less_than_110_s() -> None:
    clock = Clock(1 - 2**-53)
    clock.keepalive.keep([TLS], clock.now)
    assert clock.run(110.0)[0][0] <= 110.0


def test_keeping_again_does_not_put_the_ping_off() -> None:
    clock = Clock()
    for _ in range(4):
        clock.keepalive.keep([UDP, TCP], clock.now)
        clock.run(4.9)
    clock.keepalive.keep([UDP, TCP], clock.now)
    ((at, act, flow),) = clock.run(1.0)
    assert (round(at, 6), act, flow) == (0.4, Act.PING, UDP)


def test_what_is_kept_no_more_is_forgotten() -> None:
    clock = Clock()
    clock.keepalive.keep([UDP, TCP], clock.now)
    clock.keepalive.keep([TCP], clock.now)
    assert {flow for _, _, flow in clock.run(100)} == {TCP}
    clock.keepalive.keep([], clock.now)
    assert clock.keepalive.next_deadline() is None


# What the peer answers to the first ping, to the second, ...; then it is silent. Which ping kills?
ANSWERS: list[tuple[str, Sequence[Sequence[Beat | None]], int | None]] = [
    ("never ponged: nobody knows", [], None),
    ("ponged once", [PONG], 2),
    ("ponged twice", [PONG, PONG], 3),
    ("the peer's own pings are no pongs", [PEERS_PING, PEERS_PING], None),
    ("a pong, then the peer's own ping", [PONG + PEERS_PING], 2),
    ("the peer's own ping, then a pong", [PEERS_PING, PONG], 3),
    ("messages are no pongs", [MESSAGE, MESSAGE], None),
    ("a CRLF behind a message is no pong", [[None, Beat.PONG]], None),
    ("a message instead of the pong is life", [PONG, MESSAGE], 3),
    ("a ping instead of the pong is life", [PONG, PEERS_PING], 3),
]


@pytest.mark.parametrize(
    ("answers", "deadly"), [r[1:] for r in ANSWERS], ids=[r[0] for r in ANSWERS]
)
def test_a_missing_pong(answers: Sequence[Sequence[Beat | None]], deadly: int | None) -> None:
    clock = Clock()
    clock.keepalive.keep([TCP], clock.now)
    for ping in range(1, 6):
        assert clock.run(95.0 if ping == 1 else 1.0)[0][1] is Act.PING
        clock.hear(TCP, answers[ping - 1] if ping <= len(answers) else [])
        died = clock.run(94.0)
        if died:
            assert died == [(10.0, Act.DEAD, TCP)]
            assert ping == deadly
            return
    assert deadly is None


def test_a_pong_in_time_keeps_the_connection() -> None:
    clock = Clock()
    clock.keepalive.keep([TCP], clock.now)
    clock.run(95.0)
    clock.hear(TCP, PONG)
    clock.run(95.0)
    assert clock.run(9.9) == []
    clock.hear(TCP, PONG)
    assert [act for _, act, _ in clock.run(60.0)] == []


def test_udp_expects_nothing() -> None:
    clock = Clock()
    clock.keepalive.keep([UDP], clock.now)
    for _ in range(5):
        assert [act for _, act, _ in clock.run(20.0)] == [Act.PING]
        clock.hear(UDP, PONG)


def test_a_new_connection_is_unknown_again() -> None:
    clock = Clock()
    clock.keepalive.keep([TCP], clock.now)
    clock.run(95.0)
    clock.hear(TCP, PONG)
    clock.keepalive.forget(TCP)
    clock.keepalive.keep([TCP], clock.now)
    assert {act for _, act, _ in clock.run(400.0)} == {Act.PING}


def test_strange_flows_are_nothing() -> None:
    clock = Clock()
    clock.hear(TCP, PONG)
    clock.keepalive.forget(TCP)
    assert clock.keepalive.next_deadline() is None
