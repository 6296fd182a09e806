"""What the switchboard needs of the world, as small protocols. The service binds them.

`now` is CLOCK_MONOTONIC in seconds. Nothing here blocks; failures are errors of `gateway.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.call.call import Call
    from gateway.line import CallerIdentity
    from gateway.sip import (
        CallerId,
        Flow,
        LocalMedia,
        NameAddr,
        NegotiatedMedia,
        TwilioIds,
    )


class Session(Protocol):
    """A SIP call, whoever began it."""

    @property
    def call_id(self) -> str: ...
    @property
    def remote_party(self) -> NameAddr: ...
    @property
    def local_party(self) -> NameAddr: ...
    @property
    def x_headers(self) -> list[tuple[str, str]]: ...
    @property
    def identity_headers(self) -> list[tuple[str, str]]: ...
    @property
    def twilio(self) -> TwilioIds: ...
    @property
    def media(self) -> NegotiatedMedia | None: ...
    @property
    def on_hold(self) -> bool:
        """Whether we have put the far end on hold."""

    @property
    def problem(self) -> str:
        """Why it failed, in words; "" while it did not."""

    def describe(
        self,
        *,
        line: str | None = None,
        call: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Set what the configured headers may say of this call."""

    def hang_up(self, now: float, *, reason: str = "") -> None:
        """BYE; CANCEL for a call of ours that nobody answered yet."""

    def hold(self, now: float) -> None:
        """Ask the far end to wait; MediaChanged says that it does, OfferRefused that not."""

    def resume(self, now: float) -> None: ...
    def send_digit_info(self, digit: str, duration_ms: int, now: float) -> None: ...
    def send_flash_info(self, now: float) -> None: ...
    def transfer(self, uri: str, now: float) -> None:
        """Ask the far end to call `uri` instead (REFER). Raises for what is no URI."""


class Caller(Session, Protocol):
    """A session that called us: in the role of the called party."""

    @property
    def flow(self) -> Flow: ...
    @property
    def requested_user(self) -> str: ...
    @property
    def requested_number(self) -> str:
        """The requested user where it is a number, in its bare form; else ""."""

    @property
    def caller(self) -> CallerId: ...
    @property
    def alert_info(self) -> Sequence[str]:
        """The values of Alert-Info: how the caller would like the bell to ring."""

    @property
    def account(self) -> str | None:
        """The account that brought the call, None for one that came directly."""

    @property
    def replaces(self) -> object | None:
        """The session whose place this call takes (RFC 3891), to be found by identity."""

    def prepare(self, local: LocalMedia, now: float) -> None:
        """Settle the media now, before the bell; raises NotAcceptable."""

    def ring(self, now: float) -> None: ...
    def answer(self, now: float) -> None: ...
    def reject(
        self, status: int, now: float, *, reason: str = "", warning: str | None = None
    ) -> None: ...


class TransferRequest(Protocol):
    """The far end asks us to call somebody else instead of it (its REFER)."""

    @property
    def target(self) -> str: ...
    @property
    def replaces(self) -> str: ...
    @property
    def referred_by(self) -> str: ...
    def accept(self, now: float) -> None: ...
    def reject(self, status: int, now: float) -> None: ...
    def progress(self, status: int, reason: str, now: float) -> None:
        """Tell it how the new call fares; a final status is the last word."""


class Trunks(Protocol):
    """Where calls go out."""

    def ready(self, account: str) -> bool:
        """Whether calls can be placed by this account: registered, or not in need of it."""

    def serves(self, account: str, uri: str) -> bool:
        """Whether a URI is called by this account; others are called directly."""

    def local_address(self, account: str | None, to: str) -> str | None:
        """Our address on the way to `to`, None where there is no way."""

    def place(
        self,
        to: str,
        account: str | None,
        local: LocalMedia,
        now: float,
        *,
        replaces: str = "",
        referred_by: str = "",
    ) -> Session:
        """Call a number by an account, or a URI by an account or directly (None).

        Raises a TipringError for what cannot be called.
        """


class Phone(Protocol):
    """A telephone line: its bell, its tones and what state it is in."""

    @property
    def state(self) -> str:
        """idle, ringing, off-hook or fault."""

    def ring(
        self, now: float, cadence_name: str | None = None, caller: CallerIdentity | None = None
    ) -> bool:
        """Ring, and show who calls; False when the line is not idle after all."""

    def stop_ringing(self, now: float) -> None: ...
    def tone(self, name: str | None, now: float) -> None: ...
    def talking(self, talking: bool) -> None:
        """Whether a call is connected: what a short break of the loop means depends on it."""

    def far_end_gone(self) -> None:
        """A call is over with the handset still lifted: machines are told by the line itself."""

    def show_messages(self, waiting: bool, now: float) -> None:
        """Switch the telephone's message lamp, as soon as it rests."""


class Voice(Protocol):
    """The media of one call: RTP on one side, the line's microphone and earpiece on the other."""

    @property
    def local(self) -> LocalMedia:
        """Where the far end shall send its RTP, and what we can speak."""

    def apply(self, media: NegotiatedMedia) -> None:
        """Obey what was negotiated: the first time the stream opens and RTP flows from the next
        engine tick on; later times its directions, codec and address change."""

    def detach(self) -> None:
        """Leave the phone to another call; this one hears silence."""

    def attach(self) -> None:
        """Have the phone again."""

    def digit_start(self, digit: str) -> None: ...
    def digit_end(self) -> None: ...
    def send_digit(self, digit: str, duration_ms: int) -> None: ...
    def play_digit(self, digit: str, duration_ms: int) -> None:
        """Let the phone hear a digit that did not come by RTP."""

    def stop(self) -> None:
        """End the stream, keep its last figures, give the ports back. Idempotent."""


class Voices(Protocol):
    """The pool that voices come from."""

    def reserve(self, line: str, local: str | None, remote: str = "") -> Voice:
        """Take an RTP port pair at the local address `local` (None where none is known), for a far
        end at `remote` ("" where that is not known).

        Raises ExhaustedError or SystemRefusal.
        """


class Observer(Protocol):
    """Who is told what happened: the journal and the call records."""

    def offered(self, call: Call) -> None: ...
    def placed(self, call: Call) -> None: ...
    def not_placed(self, line: str, to: str, text: str) -> None: ...
    def ringing(self, call: Call) -> None: ...
    def early_media(self, call: Call) -> None: ...
    def answered(self, call: Call) -> None: ...
    def held(self, call: Call, on: bool, *, by_us: bool) -> None: ...
    def digit(self, call: Call, digit: str, *, sent: bool) -> None: ...
    def flash(self, call: Call, *, sent: bool) -> None: ...
    def transfer(self, call: Call, text: str) -> None: ...
    def trouble(self, call: Call, text: str) -> None: ...
    def ended(self, call: Call) -> None: ...
