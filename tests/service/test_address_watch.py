"""Whether a changed address is noticed, and looked up no more often than it must."""

from __future__ import annotations

import asyncio

import pytest

from gateway.errors import SystemRefusal
from gateway.service.address_watch import NAME_S, AddressWatch


class World:
    """What DNS and the kernel would say."""

    def __init__(self) -> None:
        self.name: str | None = "192.0.2.1"
        self.route: str | None = "10.0.0.1"
        self.asked = 0

    async def find(self) -> str:
        self.asked += 1
        if self.name is None:
            raise SystemRefusal("cannot resolve gw.example.com")
        return self.name

    def watch(self, *, by_name: bool = True) -> AddressWatch:
        return AddressWatch("192.0.2.1", self.find if by_name else None, lambda: self.route)


def look(watch: AddressWatch, now: float) -> str:
    return asyncio.run(watch.look(now))


def test_a_name_is_asked_for_every_five_minutes() -> None:
    world = World()
    watch = world.watch()
    for now in (0.0, 10.0, 290.0, NAME_S, 310.0):
        assert look(watch, now) == ""
    assert world.asked == 2
    world.name = "192.0.2.2"
    assert look(watch, 2 * NAME_S) == "others reach us at 192.0.2.2, before at 192.0.2.1"
    assert watch.public == "192.0.2.2"
    assert look(watch, 2 * NAME_S + 10) == ""


def test_a_name_that_is_not_found_keeps_its_address() -> None:
    world = World()
    watch = world.watch()
    world.name = None
    assert look(watch, 0.0) == ""
    assert (watch.public, watch.trouble) == ("192.0.2.1", "cannot resolve gw.example.com")
    world.name = "192.0.2.1"
    assert look(watch, NAME_S) == ""
    assert watch.trouble == ""


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("10.0.0.1", "10.0.0.2", "this machine's address is 10.0.0.2, and was 10.0.0.1"),
        ("10.0.0.1", None, "this machine's address is gone, and was 10.0.0.1"),
        (None, "10.0.0.1", "this machine's address is 10.0.0.1, and was none"),
        ("10.0.0.1", "10.0.0.1", ""),
        (None, None, ""),
    ],
)
def test_another_network(before: str | None, after: str | None, text: str) -> None:
    world = World()
    world.route = before
    watch = world.watch(by_name=False)
    world.route = after
    assert look(watch, 0.0) == text
    assert look(watch, 10.0) == ""
    assert world.asked == 0


def test_another_network_asks_for_the_name_at_once() -> None:
    world = World()
    watch = world.watch()
    look(watch, 0.0)
    world.route, world.name = "10.9.0.1", "198.51.100.7"
    assert look(watch, 10.0) == "others reach us at 198.51.100.7, before at 192.0.2.1"
    assert world.asked == 2
