"""One RTP stream: settings, the commands of a call, digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.errors import ExhaustedError, LocalProtocolError
from gateway.media import address, srtp
from gateway.media.digits import DIGITS
from gateway.media.lib import LOOP_RING, check, ffi, lib
from gateway.media.srtp import SrtpKeys
from gateway.media.statistics import StreamStatistics, read_stream

if TYPE_CHECKING:
    from gateway.media.line import Line

# The engine queues 64; two places stay free for digits whose repeated end packets are going out.
_DIGITS_QUEUED = 62
_UPDATABLE = frozenset(
    {
        "remote",
        "remote_rtcp",
        "rtcp_mux",
        "codec",
        "payload_type",
        "receive_payload_type",
        "dtmf_payload_type",
        "dtmf_receive_payload_type",
        "ptime_ms",
        "sending",
        "receiving",
        "latch",
        "allow",
        "takeover",
        "timeout_s",
        "srtp",
    }
)


@dataclass(frozen=True)
class StreamSettings:
    """What a stream is opened with. Random values are injected, never made here.

    `codec` is 0 (PCMU) or 8 (PCMA); `payload_type` and `receive_payload_type` are what it travels
    under, by default the codec's own number each way. With `latch`, `allow` are the networks whose
    addresses may be heard in place of `remote` from the start (none: any), and `takeover` those
    whose addresses may replace a source that fell silent (none: no other does). With `srtp` all RTP
    and RTCP is protected both ways, and what comes unprotected is not heard.
    """

    rtp_fd: int
    rtcp_fd: int | None
    remote: tuple[str, int]
    ssrc: int
    sequence: int
    timestamp: int
    cname: str
    remote_rtcp: tuple[str, int] | None = None
    rtcp_mux: bool = False
    codec: int = 0
    payload_type: int | None = None
    receive_payload_type: int | None = None
    dtmf_payload_type: int | None = None
    dtmf_receive_payload_type: int | None = None
    ptime_ms: int = 20
    sending: bool = True
    receiving: bool = True
    latch: bool = False
    allow: tuple[str, ...] = ()
    takeover: tuple[str, ...] = ()
    timeout_s: float = 0.0
    seed: int = 0
    srtp: SrtpKeys | None = None


def _or_none(payload_type: int | None) -> int:
    return int(lib.TR_NO_PAYLOAD_TYPE) if payload_type is None else payload_type


def _rtcp_address(settings: StreamSettings) -> tuple[str, int]:
    """RFC 3550 section 11: the odd port above, unless signalled or muxed."""
    if settings.remote_rtcp is not None:
        return settings.remote_rtcp
    host, port = settings.remote
    return host, port if settings.rtcp_mux or port == 0 else min(port + 1, 65535)


def _networks(raw: Any, networks: tuple[str, ...]) -> int:
    if len(networks) > lib.TR_ALLOW_NETWORKS:
        raise LocalProtocolError(f"at most {lib.TR_ALLOW_NETWORKS} networks can be allowed")
    for at, cidr in enumerate(networks):
        address.fill_network(raw[at], cidr)
    return len(networks)


def _addresses(raw: Any, settings: StreamSettings) -> None:
    address.fill(raw.remote, settings.remote)
    address.fill(raw.remote_rtcp, _rtcp_address(settings))
    raw.allow_count = _networks(raw.allow, settings.allow)
    raw.takeover_count = _networks(raw.takeover, settings.takeover)


def _payload_types(raw: Any, settings: StreamSettings) -> None:
    sent, received = settings.payload_type, settings.receive_payload_type
    raw.payload_type = settings.codec if sent is None else sent
    raw.receive_payload_type = settings.codec if received is None else received
    raw.dtmf_payload_type = _or_none(settings.dtmf_payload_type)
    receive = settings.dtmf_receive_payload_type
    raw.dtmf_receive_payload_type = _or_none(
        settings.dtmf_payload_type if receive is None else receive
    )


def _raw_settings(settings: StreamSettings) -> Any:
    raw = ffi.new("tr_stream_settings *")
    _addresses(raw, settings)
    raw.rtp_fd = settings.rtp_fd
    raw.rtcp_fd = -1 if settings.rtcp_fd is None else settings.rtcp_fd
    raw.rtcp_mux = settings.rtcp_mux
    raw.codec = settings.codec
    _payload_types(raw, settings)
    raw.ptime_ms = settings.ptime_ms
    raw.sending, raw.receiving = settings.sending, settings.receiving
    raw.latch = settings.latch
    raw.timeout_ms = round(settings.timeout_s * 1000)
    raw.ssrc, raw.sequence, raw.timestamp = settings.ssrc, settings.sequence, settings.timestamp
    raw.seed = settings.seed or settings.ssrc
    raw.cname = settings.cname.encode()[: lib.TR_CNAME_BYTES - 1]
    srtp.fill(raw, settings.srtp)
    return raw


class Stream:
    """A stream in the engine. All methods are called on the loop thread and return at once.

    Made by `Engine.open_stream`. After `stop` it answers to nothing but `statistics`; StreamRetired
    says when its descriptors may be closed. Every command raises ExhaustedError when the engine's
    command ring is full, and LocalProtocolError once the stream is stopped.
    """

    def __init__(
        self,
        engine: Any,
        slot: int,
        serial: int,
        settings: StreamSettings,
        guard: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._guard = guard
        self.slot = slot
        self.serial = serial
        self.settings = settings
        self.stopped = False
        self.retired = False
        self._digits_ordered = 0
        self._last: StreamStatistics | None = None
        raw = _raw_settings(settings)
        try:
            check(lib.tr_stream_open(engine, LOOP_RING, slot, serial, raw), "open stream")
        finally:
            srtp.wipe(raw)

    def _command(self, what: str, function: Any, *arguments: Any) -> None:
        if self.stopped:
            raise LocalProtocolError(f"{what}: the stream is stopped")
        self._guard()
        check(function(self._engine, LOOP_RING, self.slot, *arguments), what)

    def connect(self, line: Line) -> None:
        """Join the stream with a line: what one hears, the other says."""
        self._command("connect", lib.tr_stream_connect, line.slot)

    def disconnect(self) -> None:
        """Leave the line; the stream goes on with silence."""
        self._command("disconnect", lib.tr_stream_connect, -1)

    def update(self, **changes: Any) -> None:
        """Take over what a re-INVITE changed; the names are those of StreamSettings.

        Raises TypeError for a field that cannot change in a session. An SRTP key that stays the
        same keeps its rollover counter and replay window.
        """
        fixed = changes.keys() - _UPDATABLE
        if fixed:
            raise TypeError(f"a stream's {', '.join(sorted(fixed))} cannot change")
        settings = replace(self.settings, **changes)
        raw = _raw_settings(settings)
        try:
            self._command("update", lib.tr_stream_update, raw)
        finally:
            srtp.wipe(raw)
        self.settings = settings

    def _order_digit(self, digit: str, function: Any, *arguments: Any) -> None:
        code = DIGITS.find(digit.upper())
        if len(digit) != 1 or code < 0:
            raise ValueError(f"{digit!r} is no DTMF digit; allowed are {DIGITS}")
        if self._digits_ordered - self.statistics().digits_sent >= _DIGITS_QUEUED:
            raise ExhaustedError(f"{_DIGITS_QUEUED} digits are waiting to be sent")
        self._command("digit", function, code, *arguments)
        self._digits_ordered += 1

    def digit_start(self, digit: str) -> None:
        """A key goes down: sent until `digit_end`, at least 50 ms. Ends a key still held."""
        self._order_digit(digit, lib.tr_stream_digit_start)

    def digit_end(self) -> None:
        """The key goes up; harmless when none is down."""
        self._command("digit end", lib.tr_stream_digit_end)

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        """Queue a whole digit. Raises ExhaustedError when too many wait."""
        self._order_digit(digit, lib.tr_stream_send_digit, duration_ms)

    def stop(self) -> None:
        """End the stream (RTCP BYE goes out). Idempotent; StreamRetired follows."""
        if self.stopped:
            return
        self._command("stop", lib.tr_stream_stop)
        self.stopped = True

    def statistics(self) -> StreamStatistics:
        """The counters now; after StreamRetired, the last ones."""
        if self._last is not None:
            return self._last
        self._guard()
        return read_stream(self._engine, self.slot)

    def retire(self) -> None:
        """Keep the last counters; called by the engine when the slot becomes free."""
        self._last = read_stream(self._engine, self.slot)
        self.stopped = self.retired = True
