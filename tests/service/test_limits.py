"""Every limit of the configuration shows in status."""

from __future__ import annotations

from gateway.service import config, limits
from gateway.service.commands import LimitStatus
from gateway.sip import Limits


def test_every_limit_of_the_configuration_is_shown() -> None:
    shown = limits.status(Limits(), {})
    assert list(shown) == list(config.Limits.__struct_fields__)
    assert list(shown) == list(Limits._fields)


def test_what_is_in_use_and_how_often_there_was_no_more() -> None:
    counters = {"transactions": 7, "evicted": 2, "overloaded": 3, "received": 100}
    shown = limits.status(Limits(transactions=50), counters)
    assert shown["transactions"] == LimitStatus(limit=50, now=7, refused=5)
    assert shown["dialogs"] == LimitStatus(limit=64, now=0, refused=0)
    assert shown["headers"].now is None
