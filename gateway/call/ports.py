"""What the switchboard needs of the world, as small protocols. The service binds them.

`now` is CLOCK_MONOTONIC in seconds. Nothing here blocks; failures are errors of `gateway.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.call.call import Call
    from gateway.sip import (
        CallerId,
        Flow,
        LocalMedia,
        NameAddr,
        NegotiatedMedia,
        Request,
        TwilioIds,
    )


class Caller(Protocol):
    """The far end of an incoming call: a SIP session in the role of the called party."""

    @property
    def call_id(self) -> str: ...
    @property
    def flow(self) -> Flow: ...
    @property
    def request(self) -> Request: ...
    @property
    def requested_user(self) -> str: ...
    @property
    def remote_party(self) -> NameAddr: ...
    @property
    def local_party(self) -> NameAddr: ...
    @property
    def x_headers(self) -> list[tuple[str, str]]: ...
    @property
    def identity_headers(self) -> list[tuple[str, str]]: ...
    @property
    def caller(self) -> CallerId: ...
    @property
    def twilio(self) -> TwilioIds: ...
    @property
    def media(self) -> NegotiatedMedia | None: ...

    def describe(
        self,
        *,
        line: str | None = None,
        call: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Set what the configured response headers may say of this call."""

    def prepare(self, local: LocalMedia, now: float) -> None:
        """Settle the media now, before the bell; raises NotAcceptable."""

    def ring(self, now: float) -> None: ...
    def answer(self, now: float) -> None: ...
    def reject(
        self, status: int, now: float, *, reason: str = "", warning: str | None = None
    ) -> None: ...
    def hang_up(self, now: float, *, reason: str = "") -> None: ...


class Phone(Protocol):
    """A telephone line: its bell, its tones and what state it is in."""

    @property
    def state(self) -> str:
        """idle, ringing, off-hook or fault."""

    def ring(self, now: float, cadence_name: str | None = None) -> bool:
        """Ring; False when the line is not idle after all."""

    def stop_ringing(self, now: float) -> None: ...
    def tone(self, name: str | None, now: float) -> None: ...


class Voice(Protocol):
    """The media of one call: RTP on one side, the line's microphone and earpiece on the other."""

    @property
    def local(self) -> LocalMedia:
        """Where the far end shall send its RTP, and what we can speak."""

    def apply(self, media: NegotiatedMedia) -> None:
        """Obey what was negotiated: the first time the stream opens and RTP flows from the next
        engine tick on; later times its directions, codec and address change."""

    def digit_start(self, digit: str) -> None: ...
    def digit_end(self) -> None: ...
    def send_digit(self, digit: str, duration_ms: int) -> None: ...

    def stop(self) -> None:
        """End the stream, keep its last figures, give the ports back. Idempotent."""


class Voices(Protocol):
    """The pool that voices come from."""

    def reserve(self, line: str, caller: Caller) -> Voice:
        """Take an RTP port pair for a call. Raises ExhaustedError or SystemRefusal."""


class Observer(Protocol):
    """Who is told what happened: the journal and the call records."""

    def offered(self, call: Call) -> None: ...
    def ringing(self, call: Call) -> None: ...
    def answered(self, call: Call) -> None: ...
    def held(self, call: Call, on: bool) -> None: ...
    def digit(self, call: Call, digit: str, *, sent: bool) -> None: ...
    def trouble(self, call: Call, text: str) -> None: ...
    def ended(self, call: Call) -> None: ...
