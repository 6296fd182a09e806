"""Small stand-ins for what the switchboard talks to; each writes down what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import ConfigError, ExhaustedError
from gateway.line import CallerIdentity
from gateway.sip import PCMU, CallerId, Flow, LocalMedia, NegotiatedMedia, NotAcceptable

Log = list[tuple[Any, ...]]


@dataclass(eq=False)
class FakeSession:
    """A SIP session seen from the exchange, whoever began it."""

    log: Log = field(default_factory=list)
    media: NegotiatedMedia | None = None
    on_hold: bool = False
    problem: str = ""
    call_id: str = "call-id@peer"
    described: dict[str, str] = field(default_factory=dict)

    def describe(self, **facts: str | None) -> None:
        self.described.update({k: v for k, v in facts.items() if v is not None})

    def hang_up(self, now: float, *, reason: str = "") -> None:
        self.log.append(("hang_up", reason))

    def hold(self, now: float) -> None:
        self.log.append(("hold",))

    def resume(self, now: float) -> None:
        self.log.append(("resume",))

    def send_digit_info(self, digit: str, duration_ms: int, now: float) -> None:
        self.log.append(("info", digit, duration_ms))

    def send_flash_info(self, now: float) -> None:
        self.log.append(("info flash",))

    def transfer(self, uri: str, now: float) -> None:
        if not uri.startswith("sip:"):
            raise ConfigError(f"{uri} is no SIP URI")
        self.log.append(("transfer", uri))


@dataclass(eq=False)
class FakeCaller(FakeSession):
    """A session that called us."""

    requested_user: str = "alice"
    alert_info: Sequence[str] = ()
    requested_number: str = ""
    acceptable: bool = True
    delayed_offer: bool = False
    account: str | None = None
    replaces: FakeSession | None = None
    caller: CallerId = CallerId("Alice", "+15550001111", withheld=False)  # noqa: RUF009 (immutable)
    flow: Flow = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.2", 5060))  # noqa: RUF009 (immutable)

    def prepare(self, local: LocalMedia, now: float) -> None:
        if not self.acceptable:
            raise NotAcceptable("no common codec")
        if not self.delayed_offer:
            self.media = media()

    def ring(self, now: float) -> None:
        self.log.append(("ring",))

    def answer(self, now: float) -> None:
        self.log.append(("answer",))

    def reject(
        self, status: int, now: float, *, reason: str = "", warning: str | None = None
    ) -> None:
        self.log.append(("reject", status, reason))


def media(
    *,
    sending: bool = True,
    receiving: bool = True,
    holding: bool = False,
    telephone_event: int | None = 101,
) -> NegotiatedMedia:
    """What a negotiation gave."""
    return NegotiatedMedia(
        codec=PCMU,
        telephone_event=telephone_event,
        telephone_event_receive=telephone_event,
        ptime=20,
        remote=("127.0.0.2", 4000),
        remote_rtcp=("127.0.0.2", 4001),
        sending=sending,
        receiving=receiving,
        holding=holding,
    )


@dataclass
class FakeTrunks:
    """Where calls go out: every account in `up` is registered, and anything but `bad` is called.

    URIs at example.com are the accounts', others are called directly.
    """

    up: set[str] = field(default_factory=lambda: {"trunk"})
    bad: str = ""
    placed: Log = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)

    def ready(self, account: str) -> bool:
        return account in self.up

    def serves(self, account: str, uri: str) -> bool:
        return account in self.up and uri.endswith("@example.com")

    def local_address(self, account: str | None, to: str) -> str | None:
        return "127.0.0.1"

    def place(
        self,
        to: str,
        account: str | None,
        local: LocalMedia,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Any:
        if to == self.bad:
            raise ConfigError(f"{to} cannot be called")
        self.placed.append((to, account, replaces, referred_by))
        self.sessions.append(FakeSession(call_id=f"out{len(self.placed)}"))
        return self.sessions[-1]


@dataclass
class FakeTransfer:
    """A REFER of the far end."""

    target: str = "sip:carol@example.com"
    replaces: str = ""
    referred_by: str = ""
    log: Log = field(default_factory=list)

    def accept(self, now: float) -> None:
        self.log.append(("accept",))

    def reject(self, status: int, now: float) -> None:
        self.log.append(("reject", status))

    def progress(self, status: int, reason: str, now: float) -> None:
        self.log.append(("progress", status))


@dataclass
class FakePhone:
    """A line machine seen from the exchange."""

    state: str = "idle"
    in_talk: bool = False
    log: Log = field(default_factory=list)
    shown: list[CallerIdentity | None] = field(default_factory=list)
    lamp: bool | None = None
    disconnected: int = 0

    def ring(
        self, now: float, cadence_name: str | None = None, caller: CallerIdentity | None = None
    ) -> bool:
        self.state = "ringing"
        self.shown.append(caller)
        self.log.append(("ring",) if cadence_name is None else ("ring", cadence_name))
        return True

    def stop_ringing(self, now: float) -> None:
        if self.state == "ringing":
            self.state = "idle"
        self.log.append(("stop_ringing",))

    def tone(self, name: str | None, now: float) -> None:
        self.log.append(("tone", name))

    def talking(self, talking: bool) -> None:
        self.in_talk = talking

    def far_end_gone(self) -> None:
        self.disconnected += 1

    def show_messages(self, waiting: bool, now: float) -> None:
        self.lamp = waiting

    @property
    def last_tone(self) -> str | None:
        return next((entry[1] for entry in reversed(self.log) if entry[0] == "tone"), None)


@dataclass
class FakeVoice:
    """The media of a call, as told by the exchange."""

    local: LocalMedia = field(
        default_factory=lambda: LocalMedia(host="127.0.0.1", port=10000, session_id=1)
    )
    log: Log = field(default_factory=list)
    refusal: Exception | None = None

    def apply(self, media: NegotiatedMedia) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.log.append(("apply", media.sending, media.receiving))

    def detach(self) -> None:
        self.log.append(("detach",))

    def attach(self) -> None:
        self.log.append(("attach",))

    def digit_start(self, digit: str) -> None:
        self.log.append(("start", digit))

    def digit_end(self) -> None:
        self.log.append(("end",))

    def send_digit(self, digit: str, duration_ms: int) -> None:
        self.log.append(("send", digit, duration_ms))

    def play_digit(self, digit: str, duration_ms: int) -> None:
        self.log.append(("play", digit, duration_ms))

    def stop(self) -> None:
        self.log.append(("stop",))


@dataclass
class FakeVoices:
    """A pool of voices with `free` left."""

    free: int = 10
    taken: list[FakeVoice] = field(default_factory=list)

    def reserve(self, line: str, local: str | None, remote: str = "") -> FakeVoice:
        if self.free == 0:
            raise ExhaustedError("no RTP port is free")
        self.free -= 1
        self.taken.append(FakeVoice())
        return self.taken[-1]


@dataclass
class FakeObserver:
    """Remembers the story as the journal would tell it."""

    story: list[str] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)

    def offered(self, call: Any) -> None:
        self.story.append("offered")

    def placed(self, call: Any) -> None:
        self.story.append("placed")

    def not_placed(self, line: str, to: str, text: str) -> None:
        self.story.append(f"not placed: {text}")

    def ringing(self, call: Any) -> None:
        self.story.append("ringing")

    def early_media(self, call: Any) -> None:
        self.story.append("early media")

    def answered(self, call: Any) -> None:
        self.story.append("answered")

    def held(self, call: Any, on: bool, *, by_us: bool) -> None:
        self.story.append(f"{'held' if on else 'resumed'}{' by us' if by_us else ''}")

    def digit(self, call: Any, digit: str, *, sent: bool) -> None:
        self.story.append(f"{'sent' if sent else 'received'} {digit}")

    def flash(self, call: Any, *, sent: bool) -> None:
        self.story.append(f"flash {'sent' if sent else 'received'}")

    def transfer(self, call: Any, text: str) -> None:
        self.story.append(text)

    def trouble(self, call: Any, text: str) -> None:
        self.story.append(text)

    def ended(self, call: Any) -> None:
        self.story.append(f"ended {call.cause.reason}")
        self.calls.append(call)
