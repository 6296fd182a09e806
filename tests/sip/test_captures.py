"""Public messages of real Twilio calls: read whole, answered in kind, never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import RemoteProtocolError
from gateway.sip import Flow, IncomingCall, Request, parse

from .conftest import shared_data
from .harness import LOCAL, MEDIA, World

_FOLDER = shared_data("twilio")
FILES = sorted(_FOLDER.glob("*.sip")) if _FOLDER else []
pytestmark = pytest.mark.skipif(not FILES, reason="no shared captures (TIPRING_SHARED_DATA)")


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_twilio_29_complete_messages_parse_and_truncated_ones_fail_cleanly(path: Path) -> None:
    data = path.read_bytes()
    truncated = "partial" in path.stem or "fragment" in path.stem
    try:
        message = parse(data)
    except RemoteProtocolError:
        assert truncated
        return
    assert not truncated
    again = parse(bytes(message))
    assert again.headers.items() == message.headers.items()
    assert again.body == message.body


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_captures_leave_no_timer_behind(path: Path) -> None:
    world = World()
    world.receive_bad(path.read_bytes())
    for event in world.events():
        if isinstance(event, IncomingCall):
            event.session.reject(486, world.now)
    world.run(65)
    assert world.stack.next_deadline() is None
    assert world.stack.counters["transactions"] == 0


def _incoming(name: str) -> tuple[World, IncomingCall, Request]:
    assert _FOLDER is not None
    world = World()
    flow = Flow("udp", LOCAL, ("54.172.60.0", 58540))
    data = (_FOLDER / name).read_bytes()
    world.receive(data, flow)
    message = parse(data)
    assert isinstance(message, Request)
    return world, world.event(IncomingCall), message


def test_a_real_invite_is_answered_like_the_good_answer_on_file() -> None:
    world, call, invite = _incoming("12_invite_dialsip_udp_2013.sip")
    session = call.session
    session.prepare(MEDIA, world.now)
    session.answer(world.now)
    (answer,) = world.sent()
    assert answer.headers.get_all("Record-Route") == invite.headers.get_all("Record-Route")
    assert answer.headers.get_all("Via")[1:] == invite.headers.get_all("Via")[1:]
    assert b"m=audio 10000 RTP/AVP 0 101\r\n" in answer.body
    assert session.remote_party.display_name == "17175554895"
    assert session.requested_user == "700"
    assert session.twilio.call_sid == "CA79e7a3c2c1c418af0777467467474747"
    assert session.twilio.api_version == "2010-04-01"
    assert session.media is not None
    assert session.media.remote == ("54.196.144.208", 18800)


def test_scrambled_sids_are_a_problem_to_report_not_to_fail_for() -> None:
    _, call, _ = _incoming("08_invite_from_twilio_tls_srtp_2024.sip")
    assert call.session.twilio.call_sid == ""
    assert len(call.session.twilio.problems) == 2
