"""Which address of ours a call leaves from, and whether an account can place one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.service.config import Listen
from gateway.service.trunks import StackTrunks, route_address
from gateway.sip import Account, RegistrationStatus, StackSettings


class FakeStack:
    """What the stack knows of itself."""

    def __init__(self, local: str | None = None, *registrations: RegistrationStatus) -> None:
        self.local = local
        self.registrations = list(registrations)

    @property
    def settings(self) -> StackSettings:
        return StackSettings(
            accounts=(
                Account("trunk", "alice", "example.com", registrars=("sip:192.0.2.1:5070",)),
                Account("edge", "alice", "example.org", proxies=("sip:192.0.2.2",)),
            )
        )

    def local_address(self, account: str | None) -> str | None:
        return self.local


def trunks(stack: Any, *listeners: Listen) -> StackTrunks:
    return StackTrunks(stack, listeners)


ANYWHERE = Listen("udp", "0.0.0.0", 5060)
BOUND = Listen("udp", "127.0.0.5", 5060)


@pytest.mark.parametrize(
    ("known", "listeners", "to", "address"),
    [
        ("192.0.2.7", [BOUND], "600", "192.0.2.7"),
        (None, [ANYWHERE, BOUND], "600", "127.0.0.5"),
        (None, [ANYWHERE], "sip:bob@127.0.0.9:5080", "127.0.0.1"),
        (None, [ANYWHERE], "sip:[::1]", route_address("::1")),
        (None, [ANYWHERE], "sip:bob@example.com", route_address()),
        (None, [ANYWHERE], "600", route_address()),
    ],
)
def test_the_address_that_the_far_end_shall_send_to(
    known: str | None, listeners: list[Listen], to: str, address: str | None
) -> None:
    assert trunks(FakeStack(known), *listeners).local_address("trunk", to) == address


@pytest.mark.parametrize(
    ("state", "expires", "ready"),
    [
        ("registered", 600.0, True),
        ("off", None, True),
        ("trying", None, False),
        ("trying", 600.0, True),
        ("waiting", None, False),
        ("ended", None, False),
    ],
)
def test_an_account_places_calls_while_it_is_registered(
    state: str, expires: float | None, ready: bool
) -> None:
    status = RegistrationStatus("trunk", state, "sip:example.com", expires=expires)
    assert trunks(FakeStack(None, status)).ready("trunk") is ready
    assert trunks(FakeStack(None, status)).ready("other") is False


@pytest.mark.parametrize(
    ("account", "state", "uri", "serves"),
    [
        ("trunk", "registered", "sip:bob@Example.com", True),
        ("trunk", "registered", "sip:bob@192.0.2.1:5070", True),
        ("trunk", "registered", "sip:bob@192.0.2.1", False),
        ("trunk", "registered", "sip:bob@example.org", False),
        ("trunk", "registered", "nonsense", False),
        ("trunk", "waiting", "sip:bob@example.com", False),
        ("edge", "off", "sip:bob@anywhere.example", True),
    ],
)
def test_which_uris_are_an_accounts(account: str, state: str, uri: str, serves: bool) -> None:
    status = RegistrationStatus(account, state, "sip:example.com")
    assert trunks(FakeStack(None, status)).serves(account, uri) is serves
