"""Whether messages wait: SUBSCRIBE and NOTIFY of message-summary (RFC 3842, RFC 6665)."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sip import Flow, MessagesWaiting, Request, StackSettings, parse
from gateway.sip.message_waiting import SUBSCRIPTION

from .harness import FLOW, LOCAL, World, statuses
from .registrar import PATH, REGISTRAR, Heard, Office, Registrar, Source, reply

YES = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"
NO = "Messages-Waiting: no\r\n"
CONTACT = "Contact: <sip:mailbox@198.51.100.1>"


class Mailbox(Registrar):
    """A registrar that takes subscriptions; `answers` go before any thought."""

    def __init__(self, *answers: tuple[int, tuple[str, ...]], **changes: Any) -> None:
        super().__init__(**changes)
        self.answers = list(answers)
        self.granted = 3600

    def heard(self, request: Request, flow: Flow, source: Source, now: float) -> list[str]:
        if request.method != "SUBSCRIBE" or now < self.silent_until:
            return super().heard(request, flow, source, now)
        self.log.append(Heard(now, source, request))
        if self.answers:
            status, lines = self.answers.pop(0)
        else:
            wanted = int(request.headers.get("expires") or 0)
            status, lines = 200, (f"Expires: {min(wanted, self.granted)}", CONTACT)
        return [reply(request, status, lines, source, tag="box")]


class Desk(Office):
    """An account with a mailbox."""

    def __init__(self, mailbox: Mailbox | None = None, **changes: Any) -> None:
        self.mailbox = mailbox or Mailbox()
        super().__init__(registrar=self.mailbox, message_waiting=True, **changes)

    @property
    def subscribes(self) -> list[Request]:
        return self.mailbox.requests("SUBSCRIBE")

    def notify(
        self,
        body: str = YES,
        state: str = "active;expires=3000",
        *,
        cseq: int = 1,
        of: int = -1,
        **changes: str,
    ) -> list[int]:
        """A NOTIFY of the subscription that our SUBSCRIBE `of` began; the statuses we answer."""
        text = notify(self.subscribes[of], body, state, cseq, **changes)
        return statuses(self.world.receive(text, PATH, known=False))

    def told(self) -> list[tuple[bool, int, int]]:
        """What the service heard since the last time."""
        events = [e for e in self.world.events() if isinstance(e, MessagesWaiting)]
        assert all(event.account == "trunk" for event in events)
        return [(event.waiting, event.new, event.old) for event in events]


def notify(
    subscribe: Request,
    body: str = YES,
    state: str = "active;expires=3000",
    cseq: int = 1,
    *,
    event: str = "message-summary",
    to_tag: str | None = None,
) -> str:
    tag = subscribe.from_.tag if to_tag is None else to_tag
    lines = [
        "NOTIFY sip:alice@203.0.113.5:5060 SIP/2.0",
        f"Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKn{cseq}{tag}{subscribe.call_id[:4]};rport",
        f"From: {subscribe.headers.get('to')};tag=box".replace(";tag=box;tag=box", ";tag=box"),
        f"To: <sip:alice@example.com>{f';tag={tag}' if tag else ''}",
        f"Call-ID: {subscribe.call_id}",
        f"CSeq: {cseq} NOTIFY",
        f"Event: {event}",
        CONTACT,
        *([f"Subscription-State: {state}"] if state else []),
        "Content-Type: application/simple-message-summary",
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    return "\r\n".join(lines)


# --- the subscription ----------------------------------------------------------------------------


def test_subscribed_once_the_registration_is_up() -> None:
    desk = Desk()
    (request,) = desk.subscribes
    assert str(request.uri) == "sip:alice@example.com"
    headers = request.headers
    assert headers.get("event") == "message-summary"
    assert headers.get("accept") == "application/simple-message-summary"
    assert headers.get("expires") == "3600"
    assert headers.get("contact") == "<sip:alice@203.0.113.5:5060;transport=udp>"
    assert request.call_id != desk.mailbox.requests()[0].call_id
    assert (desk.mailbox.requests()[0].headers.get("allow") or "").endswith(", NOTIFY")


def test_not_subscribed_without_a_registration() -> None:
    desk = Desk(Mailbox(script=[(403, ())] * 99))
    desk.run(100)
    assert desk.subscribes == []


def test_a_challenge_is_answered_like_that_of_a_register() -> None:
    line = 'WWW-Authenticate: Digest realm="box", nonce="n1", qop="auth", algorithm=MD5'
    desk = Desk(Mailbox((401, (line,))))
    first, second = desk.subscribes
    assert second.cseq.number == first.cseq.number + 1
    assert 'realm="box"' in " ".join(second.headers.get_all("authorization"))
    desk.run(1900)
    refresh = desk.subscribes[2]
    assert refresh.cseq.number == second.cseq.number + 1
    assert refresh.to.tag == "box"


def test_the_way_is_that_of_calls() -> None:
    """The owner's proxies, then the Service-Route (RFC 3608)."""
    desk = Desk(Mailbox(ok_lines=("Service-Route: <sip:orig@198.51.100.1;lr>",)))
    assert desk.subscribes[0].headers.get_all("route") == ["<sip:orig@198.51.100.1;lr>"]


def test_a_sips_route_wants_a_sips_contact() -> None:
    """RFC 3261 section 8.1.1.8."""
    path = PATH._replace(transport="tls", local=(LOCAL[0], 5061))
    desk = Desk(path=path, proxies=("sips:example.com",))
    desk.run(1)
    (subscribe,) = desk.subscribes
    assert [contact.uri.scheme for contact in subscribe.contacts] == ["sips"]


@pytest.mark.parametrize(("granted", "refresh"), [(3600, 1800), (600, 300), (8, 5), (1, 5)])
def test_refreshed_in_the_dialog(granted: int, refresh: float) -> None:
    mailbox = Mailbox()
    mailbox.granted = granted
    desk = Desk(mailbox)
    desk.run(refresh + 0.5)
    first, second, *_ = desk.subscribes
    assert desk.mailbox.times("SUBSCRIBE")[1] - 1000 == pytest.approx(refresh, abs=0.2)
    assert (second.call_id, second.from_.tag, second.to.tag) == (
        first.call_id,
        first.from_.tag,
        "box",
    )
    assert str(second.uri) == "sip:mailbox@198.51.100.1"
    assert second.cseq.number == first.cseq.number + 1


def test_what_the_notifier_says_of_the_time_left_counts() -> None:
    desk = Desk()
    assert desk.notify(state="active;expires=200") == [200]
    desk.run(101)
    assert len(desk.subscribes) == 2


def test_a_refresh_that_finds_nothing_begins_anew() -> None:
    """481: the notifier has restarted (RFC 6665 section 4.1.2.2)."""
    desk = Desk()
    desk.mailbox.answers = [(481, ())]
    desk.run(1801)
    first, refresh, again = desk.subscribes
    assert (refresh.call_id, again.call_id == first.call_id) == (first.call_id, False)
    assert again.to.tag == ""
    assert desk.notify(of=0) == [481]
    assert desk.notify(of=2) == [200]


@pytest.mark.parametrize("refresh_fails", [(500, ()), (408, ())])
def test_a_refresh_that_fails_leaves_what_there_is(refresh_fails: tuple[int, tuple[()]]) -> None:
    desk = Desk()
    desk.mailbox.answers = [refresh_fails]
    desk.run(1801)
    assert desk.notify() == [200]
    assert desk.told() == [(True, 2, 8)]
    desk.run(301)
    assert len(desk.subscribes) == 3


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        ((403, ()), 3600),
        ((404, ()), 3600),
        ((405, ()), 3600),
        ((489, ()), 3600),
        ((501, ()), 3600),
        ((480, ()), 300),
        ((503, ("Retry-After: 1000",)), 1000),
        ((503, ("Retry-After: 99999",)), 3600),
    ],
)
def test_who_refuses_is_not_pestered(answer: tuple[int, tuple[str, ...]], wait: float) -> None:
    desk = Desk(Mailbox(answer))
    assert len(desk.subscribes) == 1
    desk.run(wait - 2)
    assert len(desk.subscribes) == 1
    desk.run(3)
    assert len(desk.subscribes) == 2
    assert desk.status.state == "registered"


def test_silence_is_a_failure_too() -> None:
    mailbox = Mailbox(drops=frozenset({"SUBSCRIBE"}))
    mailbox.heard = lambda *a: Registrar.heard(mailbox, *a)  # type: ignore[method-assign]
    desk = Desk(mailbox)
    desk.run(3600)
    branches = {each.vias[0].branch for each in desk.wire.requests("SUBSCRIBE")}
    assert 8 <= len(branches) <= 12
    assert desk.status.state == "registered"


def test_a_new_contact_gets_a_new_subscription() -> None:
    """NOTIFYs to the old one would go astray for an hour."""
    desk = Desk()
    new = ("203.0.113.6", 5060)
    desk.world.dns["example.com"] = [PATH._replace(local=new)]
    desk.world.stack.addresses_changed(desk.world.now)
    desk.run(2)
    first, second = desk.subscribes
    assert second.call_id != first.call_id
    assert second.headers.get("contact") == "<sip:alice@203.0.113.6:5060;transport=udp>"
    desk.run(600)
    assert len(desk.subscribes) == 2


def test_after_a_failure_of_the_registration_the_subscription_is_made_anew() -> None:
    """A registrar that restarts has forgotten both."""
    desk = Desk(keepalive="options")
    desk.run(10)
    desk.mailbox.restart(desk.world.now, 60)
    desk.run(120)
    assert desk.status.error == ""
    assert len({each.call_id for each in desk.subscribes}) == 2


def test_unsubscribed_at_stop() -> None:
    desk = Desk()
    desk.world.stack.unregister(desk.world.now)
    assert desk.world.stack.busy
    desk.run(1)
    assert [each.headers.get("expires") for each in desk.subscribes] == ["3600", "0"]
    assert desk.subscribes[1].to.tag == "box"
    assert not desk.world.stack.busy
    desk.run(40)
    assert desk.world.stack.next_deadline() is None


def test_stopped_before_the_answer() -> None:
    """What is granted after that is given back."""
    desk = Desk(start=False)
    desk.world.stack.start(desk.world.now)
    desk.run(1, lambda: desk.wire.requests("SUBSCRIBE") != [])
    desk.world.stack.unregister(desk.world.now)
    desk.run(1)
    assert [each.headers.get("expires") for each in desk.subscribes] == ["3600", "0"]
    desk.run(40)
    assert desk.world.stack.next_deadline() is None


# --- NOTIFY --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (YES, [(True, 2, 8)]),
        (NO, [(False, 0, 0)]),
        ("messages-waiting : YES\r\n", [(True, 0, 0)]),
        ("", []),
        ("Voice-Message: 1/0\r\n", []),
    ],
)
def test_what_waits_is_told(body: str, told: list[tuple[bool, int, int]]) -> None:
    """A body that cannot be read is answered all the same: the subscription is fine."""
    desk = Desk()
    assert desk.notify(body) == [200]
    assert desk.told() == told


def test_notify_may_come_before_the_answer() -> None:
    desk = Desk(start=False)
    desk.world.stack.start(desk.world.now)
    desk.run(1, lambda: desk.wire.requests("SUBSCRIBE") != [])
    (request,) = desk.wire.requests("SUBSCRIBE")
    answers = desk.world.receive(notify(request), PATH, known=False)
    assert statuses(answers) == [200]
    assert desk.told() == [(True, 2, 8)]
    desk.run(2000)
    assert [each.to.tag for each in desk.subscribes] == ["", "box"]


def test_an_older_notify_tells_nothing() -> None:
    """RFC 3261 section 12.2.2: by CSeq, not by arrival."""
    desk = Desk()
    assert desk.notify(YES, cseq=7) == [200]
    assert desk.notify(NO, cseq=6) == [500]
    assert desk.notify(NO, cseq=8) == [200]
    assert [waiting for waiting, _, _ in desk.told()] == [True, False]


def test_a_repeated_notify_is_told_once() -> None:
    desk = Desk()
    text = notify(desk.subscribes[0])
    for _ in range(3):
        assert statuses(desk.world.receive(text, PATH)) == [200]
    assert len(desk.told()) == 1


@pytest.mark.parametrize(
    ("state", "least", "most"),
    [
        ("terminated;reason=timeout", 4, 8),
        ("terminated;reason=deactivated", 4, 8),
        ("terminated;reason=probation;retry-after=40", 40, 40),
        ("terminated;reason=giveup", 300, 300),
        ("terminated", 300, 300),
        ("terminated;reason=noresource", 3600, 3600),
        ("terminated;reason=rejected", 3600, 3600),
        ("terminated;reason=probation;retry-after=4294967295", 3600, 3600),
    ],
)
def test_terminated(state: str, least: float, most: float) -> None:
    """RFC 6665 section 4.1.3: what the reason says of a new try."""
    desk = Desk()
    assert desk.notify(NO, state) == [200]
    assert desk.notify(NO, state, cseq=2) == [481]
    desk.run(least - 1)
    assert len(desk.subscribes) == 1
    desk.run(most - least + 2)
    first, second = desk.subscribes
    assert second.call_id != first.call_id
    assert second.to.tag == ""


def test_a_notifier_that_ends_what_it_accepts_is_no_race() -> None:
    desk = Desk()
    for _ in range(1800):
        desk.notify(NO, "terminated;reason=deactivated")
        desk.run(1)
    assert len(desk.subscribes) < 14


def test_terminated_while_a_refresh_is_under_way() -> None:
    desk = Desk()
    desk.run(1799)
    desk.run(2, lambda: len(desk.wire.requests("SUBSCRIBE")) == 2)
    assert desk.notify(NO, "terminated;reason=timeout") == [200]
    desk.run(10)
    assert [each.to.tag for each in desk.subscribes] == ["", "box", ""]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"to_tag": "another"}, 481),
        ({"to_tag": ""}, 481),
        ({"event": "dialog"}, 481),
        ({"event": ""}, 400),
        ({"event": "Message-Summary;id=1"}, 481),
        ({"event": "message-summary;id=1"}, 200),
        ({"state": ""}, 400),
        ({"state": "active;expires=soon"}, 400),
        ({"state": "something-new"}, 200),
    ],
)
def test_notify_that_is_not_ours_or_not_well(changes: dict[str, Any], answer: int) -> None:
    desk = Desk()
    assert desk.notify(**changes) == [answer]
    assert len(desk.told()) == (1 if answer == 200 else 0)


# --- unsolicited ---------------------------------------------------------------------------------

STRANGER = Flow("udp", LOCAL, ("192.0.2.66", 5060))


def unsolicited(event: str = "message-summary", to_tag: str = "", user: str = "alice") -> str:
    subscribe = parse(UNASKED.encode())
    assert isinstance(subscribe, Request)
    text = notify(subscribe, state="", event=event, to_tag=to_tag)
    return text.replace("NOTIFY sip:alice@", f"NOTIFY sip:{user}@")


UNASKED = (
    "SUBSCRIBE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKu\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:alice@example.com>\r\nCall-ID: unasked\r\nCSeq: 1 SUBSCRIBE\r\n\r\n"
)


@pytest.mark.parametrize("message_waiting", [True, False])
def test_unsolicited_from_the_provider(message_waiting: bool) -> None:
    """PBXs tell whom they have registered, asked or not."""
    office = Office(message_waiting=message_waiting)
    answers = office.world.receive(unsolicited(), PATH, known=False)
    assert statuses(answers) == [200]
    (event,) = [e for e in office.world.events() if isinstance(e, MessagesWaiting)]
    assert event == MessagesWaiting("trunk", True, 2, 8)


@pytest.mark.parametrize(
    ("event", "to_tag", "answer"),
    [("presence", "", 489), ("keep-alive", "", 489), ("", "", 400), ("message-summary", "x", 481)],
)
def test_other_packages_from_the_provider(event: str, to_tag: str, answer: int) -> None:
    office = Office(profile="full")
    answers = office.world.receive(unsolicited(event, to_tag), PATH, known=False)
    assert statuses(answers) == [answer]
    known = "message-summary" if answer == 489 else None
    assert [each.headers.get("Allow-Events") for each in answers] == [known]
    assert not any(isinstance(e, MessagesWaiting) for e in office.world.events())


@pytest.mark.parametrize(("profile", "answer"), [("full", 481), ("twilio", 405)])
def test_unsolicited_from_anybody_else(profile: str, answer: int) -> None:
    """Who is in the allow-list hears that there is no such subscription; strangers hear nothing."""
    office = Office(settings=StackSettings(profile=profile))
    assert statuses(office.world.receive(unsolicited(), FLOW)) == [answer]
    assert office.world.receive(unsolicited(), STRANGER, known=False) == []
    assert not any(isinstance(e, MessagesWaiting) for e in office.world.events())


def test_unsolicited_for_the_second_of_two_accounts() -> None:
    """At one host: the account is that of the Request-URI."""
    one = Office(start=False).account
    accounts = (one, type(one)("second", "bob", "example.com", registrars=one.registrars))
    world = World(StackSettings(accounts=accounts))
    world.dns["example.com"] = [PATH]
    world.stack.start(world.now)
    world.sent()
    world.receive(unsolicited(user="bob"), Flow("udp", LOCAL, REGISTRAR), known=False)
    assert world.event(MessagesWaiting).account == "second"


def test_every_state_of_the_subscription_can_be_reached() -> None:
    reached, new = {"off"}, {"off"}
    while new:
        new = {n for state in new for _, n in SUBSCRIPTION[state].values()} - reached
        reached |= new
    assert reached == set(SUBSCRIPTION)
