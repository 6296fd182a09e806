"""Transfers, by rows: the far end's REFER, and ours."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.call.commands import NotPossible
from gateway.call.transfer import BYE_S
from gateway.errors import ConfigError
from gateway.line.events import OffHook, OnHook, Ringing
from gateway.sip import EndCause
from tests.call.exchange import Exchange
from tests.fakes.exchange import FakeTransfer, media


def refer(exchange: Exchange, session: Any, **request: Any) -> FakeTransfer:
    transfer = FakeTransfer(**request)
    exchange.board.transfer_requested(session, transfer, exchange.now)
    return transfer


def begun(*, outgoing: bool = False) -> tuple[Exchange, Any, FakeTransfer, Any]:
    """A call whose far end sent a REFER: the exchange, the old session, the REFER, the new one."""
    exchange = Exchange()
    old = exchange.call_out() if outgoing else exchange.talk(account="trunk")
    transfer = refer(exchange, old, replaces="a@b;to-tag=1", referred_by="<sip:bob@b>")
    return exchange, old, transfer, exchange.trunks.sessions[-1]


@pytest.mark.parametrize("outgoing", [False, True])
def test_the_phone_goes_over_to_the_new_party(outgoing: bool) -> None:
    exchange, old, transfer, new = begun(outgoing=outgoing)
    first, second = exchange.voices.taken
    assert transfer.log == [("accept",)]
    wanted = ("sip:carol@example.com", "trunk", "a@b;to-tag=1", "<sip:bob@b>")
    assert exchange.trunks.placed[-1] == wanted
    assert (exchange.states, exchange.heard) == (["talking", "proceeding"], "ringback")
    assert first.log[-1] == ("detach",)
    exchange.board.progress(new, 180, exchange.now)
    assert (transfer.log[-1], exchange.heard) == (("progress", 180), "ringback")
    new.media = media()
    exchange.board.answered(new, exchange.now)
    assert (transfer.log[-1], exchange.heard) == (("progress", 200), None)
    assert second.log == [("apply", True, True)]
    exchange.end(old, EndCause.REMOTE_BYE)
    assert exchange.observer.story[-1] == "ended transferred"
    assert (exchange.states, exchange.heard) == (["talking"], None)
    exchange.phone(OnHook())
    assert new.log == [("hang_up", "local-hangup")]
    assert exchange.board.calls == []


def test_a_far_end_that_forgets_to_leave_is_left() -> None:
    exchange, old, _, new = begun()
    new.media = media()
    exchange.board.answered(new, exchange.now)
    exchange.later(BYE_S)
    assert old.log[-1] == ("hang_up", "transferred")
    assert exchange.states == ["talking"]


@pytest.mark.parametrize(
    ("account", "target"),
    [(None, "sip:carol@example.com"), ("trunk", "sip:carol@192.0.2.9")],
)
def test_a_transfer_that_is_not_the_accounts_is_called_directly(
    account: str | None, target: str
) -> None:
    exchange = Exchange()
    refer(exchange, exchange.talk(account=account), target=target)
    assert exchange.trunks.placed == [(target, None, "", "")]


@pytest.mark.parametrize(("status", "told"), [(486, 486), (404, 404), (None, 487)])
def test_a_new_party_that_cannot_be_had_brings_the_old_one_back(
    status: int | None, told: int
) -> None:
    exchange, old, transfer, new = begun()
    exchange.board.progress(new, 180, exchange.now)
    exchange.end(new, EndCause.TRANSPORT, status)
    assert transfer.log[-1] == ("progress", told)
    assert exchange.voices.taken[0].log[-2:] == [("detach",), ("attach",)]
    assert exchange.voices.taken[1].log == [("stop",)]
    assert (exchange.states, exchange.heard) == (["talking"], None)
    exchange.phone(OnHook())
    assert old.log[-1] == ("hang_up", "local-hangup")


def test_a_new_party_that_cannot_be_called_at_all() -> None:
    exchange = Exchange()
    exchange.trunks.bad = "sip:carol@example.com"
    old = exchange.talk()
    transfer = refer(exchange, old)
    assert transfer.log == [("accept",), ("progress", 503)]
    assert exchange.voices.taken[0].log[-1] == ("apply", True, True)
    assert (exchange.states, exchange.heard) == (["talking"], None)
    assert refer(exchange, old, target="sip:dave@example.com").log == [("accept",)]


@pytest.mark.parametrize("answered", [False, True])
def test_a_far_end_that_does_not_wait(answered: bool) -> None:
    """A blind transfer: BYE right behind the REFER."""
    exchange, old, transfer, new = begun()
    exchange.end(old, EndCause.REMOTE_BYE)
    assert exchange.observer.story[-1] == "ended transferred"
    assert (exchange.states, exchange.heard) == (["proceeding"], "ringback")
    if answered:
        new.media = media()
        exchange.board.answered(new, exchange.now)
        assert (exchange.states, exchange.heard) == (["talking"], None)
    else:
        exchange.end(new, EndCause.TRANSPORT, 486)
        assert (exchange.states, exchange.heard) == ([], "congestion")
    assert transfer.log[-1][0] == "progress"


def test_hanging_up_meanwhile_ends_both() -> None:
    exchange, old, transfer, new = begun()
    exchange.phone(OnHook())
    assert new.log == [("hang_up", "abandoned")]
    assert old.log[-1] == ("hang_up", "local-hangup")
    assert transfer.log[-1] == ("progress", 487)
    assert (exchange.board.calls, exchange.heard) == ([], None)
    assert [voice.log[-1] for voice in exchange.voices.taken] == [("stop",), ("stop",)]


def test_the_end_of_the_service_ends_both() -> None:
    exchange, old, _, new = begun()
    exchange.board.shutdown(exchange.now)
    assert (old.log[-1], new.log[-1]) == (("hang_up", "shutdown"),) * 2
    assert exchange.board.calls == []


def test_one_transfer_at_a_time() -> None:
    exchange, old, _, new = begun()
    assert refer(exchange, old).log == [("reject", 603)]  # the phone is elsewhere
    new.media = media()
    exchange.board.progress(new, 183, exchange.now)
    assert refer(exchange, new).log == [("reject", 603)]  # nobody talks there yet
    exchange.board.answered(new, exchange.now)
    assert refer(exchange, new, target="sip:dave@example.com").log == [("accept",)]
    assert len(exchange.board.calls) == 3


@pytest.mark.parametrize("stage", ["ringing", "over"])
def test_only_a_call_in_talk_is_transferred(stage: str) -> None:
    exchange = Exchange()
    session = exchange.invite()
    exchange.phone(Ringing())
    if stage == "over":
        exchange.end(session, EndCause.CANCELLED, 487)
    assert refer(exchange, session).log == [("reject", 603)]


# --- what the owner asks for -------------------------------------------------------------------


@pytest.mark.parametrize("end", [EndCause.TRANSFERRED, EndCause.REMOTE_BYE])
def test_our_transfer_ends_our_call_when_it_is_through(end: EndCause) -> None:
    exchange = Exchange()
    session = exchange.talk()
    exchange.board.commands.transfer("phone1", "sip:carol@example.com", exchange.now)
    assert session.log[-1] == ("transfer", "sip:carol@example.com")
    exchange.board.transfer_progress(session, 180, False)
    exchange.board.transfer_progress(session, 200, True)
    assert exchange.states == ["talking"]
    exchange.end(session, end)
    assert exchange.observer.story[-1] == "ended transferred"
    assert (exchange.states, exchange.heard) == ([], "busy")


def test_our_transfer_that_fails_leaves_the_call() -> None:
    exchange = Exchange()
    session = exchange.talk()
    exchange.board.commands.transfer("phone1", "sip:carol@example.com", exchange.now)
    exchange.board.transfer_progress(session, 603, True)
    assert exchange.states == ["talking"]
    assert exchange.observer.story[-1] == "the transfer failed with 603; the call goes on"


def test_hold_and_resume_by_us() -> None:
    exchange = Exchange()
    session = exchange.talk()
    exchange.board.commands.hold("phone1", exchange.now)
    assert session.log[-1] == ("hold",)
    session.on_hold = True
    held = media(sending=False, receiving=False, holding=True)
    exchange.board.media_changed(session, held, exchange.now)
    assert exchange.voices.taken[0].log[-1] == ("apply", False, False)  # no microphone goes out
    assert exchange.board.calls[0].on_hold
    with pytest.raises(NotPossible, match="on hold already"):
        exchange.board.commands.hold("phone1", exchange.now)
    exchange.board.commands.resume("phone1", exchange.now)
    session.on_hold = False
    exchange.board.media_changed(session, media(), exchange.now)
    assert exchange.voices.taken[0].log[-1] == ("apply", True, True)
    assert exchange.observer.story[-2:] == ["held by us", "resumed by us"]
    with pytest.raises(NotPossible, match="is not on hold"):
        exchange.board.commands.resume("phone1", exchange.now)


@pytest.mark.parametrize(
    ("line", "to", "placed"),
    [
        ("phone1", "600", ("600", "trunk")),
        ("phone1", "sip:bob@example.com", ("sip:bob@example.com", "trunk")),
        ("phone1", "sip:bob@192.0.2.1", ("sip:bob@192.0.2.1", None)),
        ("phone2", "sip:bob@192.0.2.1", ("sip:bob@192.0.2.1", None)),
    ],
)
def test_dialling_by_command(line: str, to: str, placed: tuple[str, str | None]) -> None:
    exchange = Exchange()
    exchange.phone(OffHook(answered=False), line=line)
    call = exchange.board.commands.dial(line, to, exchange.now)
    assert exchange.trunks.placed == [(*placed, "", "")]
    assert (call.name, exchange.phones[line].last_tone) == ("c1", None)


@pytest.mark.parametrize(
    ("prepare", "line", "to", "text"),
    [
        ("", "phone1", "600", "line phone1 is idle: lift the handset first"),
        (
            "lifted",
            "phone2",
            "600",
            "line phone2 cannot call 600: the line has no account in the configuration",
        ),
        (
            "down",
            "phone1",
            "600",
            "line phone1 cannot call 600: account trunk is not registered; "
            "`tipring status` says why",
        ),
        ("calling", "phone1", "600", "line phone1 has a call already"),
        ("bad", "phone1", "sip:", "line phone1 cannot call sip:: sip: cannot be called"),
    ],
)
def test_dialling_by_command_that_cannot_be(prepare: str, line: str, to: str, text: str) -> None:
    exchange = Exchange()
    exchange.trunks.bad = "sip:"
    if prepare:
        exchange.phone(OffHook(answered=False), line=line)
    if prepare == "down":
        exchange.trunks.up.clear()
    if prepare == "calling":
        exchange.board.commands.dial(line, "1", exchange.now)
    with pytest.raises(NotPossible) as caught:
        exchange.board.commands.dial(line, to, exchange.now)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("ringing", ("reject", 603, "declined")),
        ("talking", ("hang_up", "local-hangup")),
        ("calling", ("hang_up", "local-hangup")),
    ],
)
def test_hanging_up_by_command(stage: str, told: tuple[Any, ...]) -> None:
    exchange = Exchange()
    match stage:
        case "ringing":
            session = exchange.invite()
        case "talking":
            session = exchange.talk()
        case _:
            session = exchange.dial("6#")
    exchange.board.commands.hang_up("phone1", exchange.now)
    assert session.log[-1] == told
    assert exchange.heard == (None if stage == "ringing" else "busy")
    with pytest.raises(NotPossible, match="line phone1 has no call"):
        exchange.board.commands.hang_up("phone1", exchange.now)


def test_what_needs_a_call_in_talk() -> None:
    exchange = Exchange()
    exchange.invite()
    with pytest.raises(NotPossible, match="the call of line phone1 is offered, not talking"):
        exchange.board.commands.hold("phone1", exchange.now)
    with pytest.raises(NotPossible, match="line phone2 has no call"):
        exchange.board.commands.transfer("phone2", "sip:a@b", exchange.now)


def test_a_transfer_to_what_is_no_uri() -> None:
    exchange = Exchange()
    exchange.talk()
    with pytest.raises(ConfigError):
        exchange.board.commands.transfer("phone1", "600", exchange.now)
    assert exchange.states == ["talking"]
