"""Authentication-Info on our 200: the caller's next call is not challenged (RFC 7615, RFC 7616)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.sip import IncomingCall, Response
from gateway.sip.digest import parse_params

from .digest_caller import DigestCaller
from .harness import MEDIA


def caller(*, next_nonce: bool, proxy: bool = False) -> DigestCaller:
    client = DigestCaller(proxy=proxy)
    settings = client.world.stack.settings
    assert settings.auth is not None
    client.world.stack.settings = replace(
        settings, auth=replace(settings.auth, next_nonce=next_nonce)
    )
    return client


def answered(client: DigestCaller) -> Response:
    """The 200 to a call that got in."""
    world = client.world
    session = world.event(IncomingCall).session
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (message,) = world.sent()
    assert isinstance(message, Response)
    return message


@pytest.mark.parametrize(
    ("proxy", "header"),
    [(False, "Authentication-Info"), (True, "Proxy-Authentication-Info")],
)
def test_the_next_call_needs_no_challenge(proxy: bool, header: str) -> None:
    client = caller(next_nonce=True, proxy=proxy)
    client.new_call()
    client.place()
    assert client.answer() == 100
    info = parse_params(answered(client).headers.get(header) or "")
    client.new_call()
    assert client.answer({"nonce": info["nextnonce"], "nc": "00000001"}) == 100


def test_without_the_owners_wish_nothing_is_said() -> None:
    client = caller(next_nonce=False)
    client.new_call()
    client.place()
    assert client.answer() == 100
    assert "Authentication-Info" not in answered(client).headers
