"""Keep-alives and the look at our addresses, in virtual time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from gateway.net.address_watch import AddressWatch
from gateway.net.keepalive import Keepalive
from gateway.net.upkeep import Upkeep
from gateway.sip import Flow
from gateway.sip.framing import Beat
from tests.fakes.sip_core import FakeCore

A, B = "192.0.2.1", "192.0.2.2"
EDGE, PBX = "198.51.100.1", "10.0.0.9"

Routes = dict[str, str]


def watch(*steps: tuple[Routes, list[str]]) -> list[bool]:
    """At each step: the routes there are, and the hosts that are asked about."""
    routes: Routes = {}
    watched = AddressWatch(lambda host: routes.get(host, routes.get("default")))
    found = []
    for step, hosts in steps:
        routes.clear()
        routes.update(step)
        found.append(watched.changed(hosts))
    return found


ON_A, ON_B, NONE = {"default": A}, {"default": B}, dict[str, str]()

ROWS: list[tuple[str, list[tuple[Routes, list[str]]], list[bool]]] = [
    ("nothing changes", [(ON_A, [EDGE]), (ON_A, [EDGE])], [False, False]),
    ("another address", [(ON_A, [EDGE]), (ON_B, [EDGE]), (ON_B, [EDGE])], [False, True, False]),
    (
        "a route is lost and comes back",
        [(ON_A, [EDGE]), (NONE, [EDGE]), (NONE, [EDGE]), (ON_A, [EDGE]), (ON_A, [EDGE])],
        [False, False, False, True, False],
    ),
    (
        "the registrar is named no more while it cannot be reached",
        [(ON_A, [EDGE]), (NONE, []), (ON_B, [])],
        [False, False, True],
    ),
    ("no network at the start", [(NONE, []), (ON_A, []), (ON_A, [])], [False, True, False]),
    ("a new host is no change", [(ON_A, [EDGE]), (ON_A, [EDGE, PBX])], [False, False]),
    (
        "another default route, but not for our host",
        [({"default": A, PBX: "10.0.0.1"}, [PBX]), ({"default": B, PBX: "10.0.0.1"}, [PBX])],
        [False, False],
    ),
]


@pytest.mark.parametrize(("steps", "changed"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_watch(steps: list[tuple[Routes, list[str]]], changed: list[bool]) -> None:
    assert watch(*steps) == changed


def test_the_oldest_hosts_are_forgotten() -> None:
    many = [f"198.51.100.{n}" for n in range(40)]
    moved = {"default": A, many[0]: B}
    assert watch((ON_A, many), (moved, [])) == [False, False]
    moved = {"default": A, many[-1]: B}
    assert watch((ON_A, many), (moved, [])) == [False, True]


UDP = Flow("udp", (A, 5060), (EDGE, 5060))
TCP = Flow("tcp", (A, 5060), (EDGE, 5060))


class House:
    """An upkeep with routes and time of its own."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.core = FakeCore()
        self.source = A
        self.log: list[str] = []
        self.keepalive = Keepalive(lambda: 0.0)
        self.upkeep = Upkeep(
            loop,
            self.core,
            self.keepalive,
            AddressWatch(lambda _: self.source),
            ping=lambda flow: self.log.append(f"ping {flow.transport}"),
            dead=lambda flow: self.log.append(f"dead {flow.transport}"),
            moved=lambda: self.log.append("moved"),
        )
        self.now = float(math.ceil(loop.time()))  # whole seconds add up without rounding

    def run(self, seconds: float) -> list[str]:
        """Let time pass in ticks of a second; what happened."""
        self.log.clear()
        for _ in range(int(seconds)):
            self.now += 1.0
            self.upkeep.handle_deadline(self.now)
        return list(self.log)


def at_home(work: Callable[[House], None]) -> None:
    async def run() -> None:
        house = House()
        work(house)
        house.upkeep.stop()

    asyncio.run(run())


def test_pings() -> None:
    def work(house: House) -> None:
        house.core.kept = [UDP, TCP]
        assert house.run(24) == []
        assert house.run(1) == ["ping udp"]
        assert house.run(85) == ["ping udp"] * 3 + ["ping tcp", "ping udp"]
        house.core.kept = []
        assert house.run(200) == []

    at_home(work)


def test_a_missing_pong() -> None:
    def work(house: House) -> None:
        house.core.kept = [TCP]
        assert house.run(100) == ["ping tcp"]
        house.keepalive.heard(TCP, Beat.PONG)
        assert house.run(95) == ["ping tcp"]
        assert house.run(10) == ["dead tcp"]

    at_home(work)


def test_a_move_is_seen_within_five_seconds() -> None:
    def work(house: House) -> None:
        house.core.kept = [UDP]
        house.run(6)
        house.source = B
        assert house.run(5) == ["moved"]
        assert house.run(10) == []

    at_home(work)


def test_a_suspicion_is_looked_into_at_once_but_not_again_and_again() -> None:
    def work(house: House) -> None:
        house.core.kept = [UDP]
        house.run(6)
        house.source = B
        house.upkeep.suspect(house.now, gone=False)
        assert house.log == ["moved"]
        house.source = A
        house.upkeep.suspect(house.now + 1, gone=True)
        assert house.log == ["moved"]
        house.upkeep.suspect(house.now + 6, gone=True)
        assert house.log == ["moved", "moved"]

    at_home(work)
