"""The messages of RFC 4475: what the parser says, and what a stack answers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gateway.errors import RemoteProtocolError
from gateway.sip import IncomingCall, NotAcceptable, Request, Response, parse

from .conftest import shared_data
from .harness import MEDIA, World

_FOLDER = shared_data("torture")


def _rows() -> list[dict[str, str]]:
    if _FOLDER is None:
        return []
    with (_FOLDER / "MANIFEST.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


ROWS = _rows()
pytestmark = pytest.mark.skipif(not ROWS, reason="no shared torture messages (TIPRING_SHARED_DATA)")


def _name(row: dict[str, str]) -> str:
    return Path(row["file"]).name


def _data(row: dict[str, str]) -> bytes:
    assert _FOLDER is not None
    return (_FOLDER / _name(row)).read_bytes()


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_parser(row: dict[str, str]) -> None:
    try:
        message = parse(_data(row))
    except RemoteProtocolError as error:
        assert row["parser"] in {"reject", "either"}
        hint = error.status_hint
        assert hint in {400, 505}
    else:
        assert row["parser"] in {"accept", "either"}
        assert isinstance(message, Request if row["kind"] == "request" else Response)


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_answer(row: dict[str, str]) -> None:
    """`ok`: an OPTIONS gets 200, an INVITE becomes a call (or 488 where its SDP is odd)."""
    world = World()
    answers = world.receive_bad(_data(row))
    calls = [event for event in world.events() if isinstance(event, IncomingCall)]
    wanted = row["uas_accept_codes"].split("|")
    if calls:
        assert "ok" in wanted
        assert answers == [100]
        try:
            calls[0].session.prepare(MEDIA, world.now)
        except NotAcceptable as error:
            pytest.fail(f"the offer is good: {error}")
    elif answers:
        final = answers[-1]
        assert str(final) in wanted or (final == 200 and "ok" in wanted)
    else:
        assert "drop" in wanted
    world.run(65)
    if not calls:
        assert world.stack.next_deadline() is None


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("wsinv.dat", lambda m: (m.cseq, m.to.tag) == ((9, "INVITE"), "1918181833n")),
        ("wsinv.dat", lambda m: [via.transport for via in m.vias] == ["UDP", "TCP", "UDP"]),
        ("esc01.dat", lambda m: m.uri.plain_user == "sips:user@example.com"),
        ("escnull.dat", lambda m: len(m.contacts) == 2),
        ("escnull.dat", lambda m: m.to.uri.plain_user == "null-\0-null"),
        ("esc02.dat", lambda m: m.method == "RE%47IST%45R" and len(m.contacts) == 2),
        ("longreq.dat", lambda m: len(m.vias) == 34),
        ("dblreq.dat", lambda m: m.body == b""),
        ("semiuri.dat", lambda m: m.uri.plain_user == "user;par=u@example.net"),
        ("mpart01.dat", lambda m: b"\0" in m.body),
        ("noreason.dat", lambda m: m.reason == ""),
        ("lwsdisp.dat", lambda m: m.from_.display_name == "caller"),
    ],
)
def test_meaning(name: str, check: object) -> None:
    assert _FOLDER is not None
    assert callable(check)
    assert check(parse((_FOLDER / name).read_bytes()))
