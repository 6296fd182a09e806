"""Every limit of the configuration shows in status."""

from __future__ import annotations

import pytest

from gateway.service import config, limits
from gateway.service.commands import LimitStatus
from gateway.service.sip_binding import RandomTokens
from gateway.sip import Flow, Limits, Stack, StackSettings


def test_every_limit_of_the_configuration_is_shown() -> None:
    shown = limits.status(Limits(), {})
    assert list(shown) == list(config.Limits.__struct_fields__)
    assert list(shown) == list(Limits._fields)


def test_what_is_in_use_and_how_often_there_was_no_more() -> None:
    counters = {"transactions": 7, "evicted": 2, "overloaded": 3, "received": 100}
    shown = limits.status(Limits(transactions=50), counters)
    assert shown["transactions"] == LimitStatus(limit=50, now=7, refused=3, replaced=2)
    assert shown["dialogs"] == LimitStatus(limit=64, now=0, refused=0)
    assert shown["headers"].now is None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"INVITE sip:a@b SIP/2.0\r\n" + b"X-A: b\r\n" * 40 + b"\r\n", "headers"),
        (b"INVITE sip:a@b SIP/2.0\r\nX-A: " + b"b" * 5000 + b"\r\n\r\n", "message_bytes"),
    ],
)
def test_a_message_that_is_too_much_is_counted(data: bytes, name: str) -> None:
    held = Limits(message_bytes=4096, headers=32)
    stack = Stack(StackSettings(limits=held), RandomTokens())
    stack.receive(data, Flow("udp", ("127.0.0.1", 5060), ("127.0.0.2", 5060)), 1.0)
    shown = limits.status(held, stack.counters)
    assert {key: each.refused for key, each in shown.items() if each.refused} == {name: 1}
