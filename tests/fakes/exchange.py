"""Small stand-ins for what the switchboard talks to; each writes down what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from gateway.errors import ExhaustedError
from gateway.sip import LocalMedia, NotAcceptable


@dataclass(eq=False)
class FakeCaller:
    """A SIP session seen from the exchange."""

    requested_user: str = "alice"
    acceptable: bool = True
    delayed_offer: bool = False
    log: list[tuple[Any, ...]] = field(default_factory=list)
    media: Any = None
    call_id: str = "call-id@peer"
    described: dict[str, str] = field(default_factory=dict)

    def describe(self, **facts: str | None) -> None:
        self.described.update({k: v for k, v in facts.items() if v is not None})

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

    def hang_up(self, now: float, *, reason: str = "") -> None:
        self.log.append(("hang_up", reason))


def media(*, sending: bool = True, receiving: bool = True) -> Any:
    """What a negotiation gave, as far as the exchange looks at it."""
    return SimpleNamespace(sending=sending, receiving=receiving, held=not sending)


@dataclass
class FakePhone:
    """A line machine seen from the exchange."""

    state: str = "idle"
    log: list[tuple[Any, ...]] = field(default_factory=list)

    def ring(self, now: float, cadence_name: str | None = None) -> bool:
        self.state = "ringing"
        self.log.append(("ring",))
        return True

    def stop_ringing(self, now: float) -> None:
        if self.state == "ringing":
            self.state = "idle"
        self.log.append(("stop_ringing",))

    def tone(self, name: str | None, now: float) -> None:
        self.log.append(("tone", name))

    @property
    def last_tone(self) -> str | None:
        return next((entry[1] for entry in reversed(self.log) if entry[0] == "tone"), None)


@dataclass
class FakeVoice:
    """The media of a call, as told by the exchange."""

    local: LocalMedia = field(
        default_factory=lambda: LocalMedia(host="127.0.0.1", port=10000, session_id=1)
    )
    log: list[tuple[Any, ...]] = field(default_factory=list)
    refusal: Exception | None = None

    def apply(self, media: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.log.append(("apply", media.sending, media.receiving))

    def digit_start(self, digit: str) -> None:
        self.log.append(("start", digit))

    def digit_end(self) -> None:
        self.log.append(("end",))

    def send_digit(self, digit: str, duration_ms: int) -> None:
        self.log.append(("send", digit, duration_ms))

    def stop(self) -> None:
        self.log.append(("stop",))


@dataclass
class FakeVoices:
    """A pool of voices with `free` left."""

    free: int = 10
    taken: list[FakeVoice] = field(default_factory=list)

    def reserve(self, line: str, caller: Any) -> FakeVoice:
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

    def ringing(self, call: Any) -> None:
        self.story.append("ringing")

    def answered(self, call: Any) -> None:
        self.story.append("answered")

    def held(self, call: Any, on: bool) -> None:
        self.story.append("held" if on else "resumed")

    def digit(self, call: Any, digit: str, *, sent: bool) -> None:
        self.story.append(f"{'sent' if sent else 'received'} {digit}")

    def trouble(self, call: Any, text: str) -> None:
        self.story.append(text)

    def ended(self, call: Any) -> None:
        self.story.append(f"ended {call.cause.reason}")
        self.calls.append(call)
