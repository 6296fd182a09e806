"""What a row of hard messages must show: the parser's verdict and meaning, a stack's answer."""

from __future__ import annotations

import pytest

from gateway.errors import RemoteProtocolError
from gateway.sip import Flow, IncomingCall, LocalMedia, NotAcceptable, parse

from .harness import FLOW, MEDIA, World
from .torture_rows import Case


def case_name(case: Case) -> str:
    """For the test report."""
    return f"{case.section} {case.name}"


def assert_read(case: Case) -> None:
    """A good message means what the row says; a bad one is refused with the row's hint."""
    if case.meaning is not None:
        parsed = parse(case.data)
        assert case.meaning(parsed) == case.expected
        return
    with pytest.raises(RemoteProtocolError) as caught:
        parse(case.data)
    assert caught.value.status_hint == case.hint


def assert_answered(
    data: bytes, answers: str, flow: Flow = FLOW, media: LocalMedia = MEDIA
) -> None:
    """`ok`: an OPTIONS gets 200, an INVITE becomes a call that could be answered with `media`."""
    world = World()
    statuses = world.receive_bad(data, flow)
    calls = [event for event in world.events() if isinstance(event, IncomingCall)]
    wanted = answers.split("|")
    if calls:
        assert "ok" in wanted
        assert statuses == [100]
        try:
            calls[0].session.prepare(media, world.now)
        except NotAcceptable as error:
            pytest.fail(f"the offer is good: {error}")
        calls[0].session.reject(486, world.now)
    elif statuses:
        final = statuses[-1]
        assert str(final) in wanted or (final == 200 and "ok" in wanted)
    else:
        assert "drop" in wanted
    world.run(65)
    assert world.stack.next_deadline() is None
