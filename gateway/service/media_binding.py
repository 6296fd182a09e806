"""Binds the switchboard's voices to RTP sockets and the native engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.call.call import Call
from gateway.errors import ExhaustedError, SystemRefusal
from gateway.media.engine import Engine
from gateway.media.line import Line
from gateway.media.srtp import SrtpKeys
from gateway.media.statistics import StreamStatistics
from gateway.media.stream import Stream, StreamSettings
from gateway.net.rtp_ports import RtpPorts, RtpSockets
from gateway.service.digit_tones import DigitTones
from gateway.sip import LocalMedia, NegotiatedMedia, SrtpPolicy

# The engine's name for each codec that SDP may name; the payload type may be any (RFC 3551, 3).
_LAWS: Final = {"PCMU": 0, "PCMA": 8}


Later = Callable[[Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class MediaPolicy:
    """What the configuration says of RTP. `host_for(local, remote)`: what SDP says for our address
    `local` to a far end at `remote`, "" where that is not known."""

    host_for: Callable[[str, str], str]
    allow: tuple[str, ...]  # as in StreamSettings; so is takeover
    takeover: tuple[str, ...]
    timeout_s: float
    srtp: SrtpPolicy = "off"


@dataclass(frozen=True, slots=True)
class Earpiece:
    """A line as a voice needs it: its audio in the engine, and its way to play a digit."""

    audio: Line
    digits: DigitTones


class EngineVoice:
    """The media of one call. The sockets outlive the stream until the engine has retired it."""

    def __init__(
        self,
        engine: Engine,
        line: Earpiece,
        sockets: RtpSockets,
        policy: MediaPolicy,
        retire: Callable[[Stream, RtpSockets], None],
        later: Later,
        remote: str,
    ) -> None:
        self._engine = engine
        self._line = line
        self._sockets: RtpSockets | None = sockets
        self._policy = policy
        self._retire = retire
        self._later = later
        self._final: StreamStatistics | None = None
        self._has_phone = True
        self.stream: Stream | None = None
        self.media: NegotiatedMedia | None = None
        self.local = LocalMedia(
            host=policy.host_for(sockets.host, remote),
            port=sockets.port,
            session_id=secrets.randbits(62),
            srtp=policy.srtp,
        )

    def apply(self, media: NegotiatedMedia) -> None:
        """Open the stream the first time, update it later."""
        self.media = media
        if self._sockets is None:
            return
        if self.stream is None:
            self._sockets.forget_queued()
            self.stream = self._engine.open_stream(self._settings(media, self._sockets))
            if self._has_phone:
                self.stream.connect(self._line.audio)
        else:
            self.stream.update(**self._negotiated(media))

    def detach(self) -> None:
        """The phone is another call's; the stream goes on with silence."""
        self._has_phone = False
        self._join()

    def attach(self) -> None:
        """The phone is back."""
        self._has_phone = True
        self._join()

    def _join(self) -> None:
        """With the phone or without it; now, or as soon as the engine takes commands again."""
        if self.stream is None:
            return
        try:
            if self._has_phone:
                self.stream.connect(self._line.audio)
            else:
                self.stream.disconnect()
        except ExhaustedError:
            self._later(self._join)

    def digit_start(self, digit: str) -> None:
        if self.stream is not None:
            self.stream.digit_start(digit)

    def digit_end(self) -> None:
        if self.stream is not None:
            self.stream.digit_end()

    def send_digit(self, digit: str, duration_ms: int) -> None:
        if self.stream is not None:
            self.stream.send_digit(digit, duration_ms=duration_ms)

    def play_digit(self, digit: str, duration_ms: int) -> None:
        """Into the earpiece, unless another call has it."""
        if self._has_phone:
            self._line.digits.add(digit, duration_ms)

    def statistics(self) -> StreamStatistics | None:
        """The figures now, or those at the end; None when no stream was ever opened."""
        if self.stream is not None:
            return self.stream.statistics()
        return self._final

    def stop(self) -> None:
        """Stop the stream; its sockets are closed at StreamRetired. Idempotent."""
        sockets, self._sockets = self._sockets, None
        if sockets is None:
            return
        if self._has_phone:
            self._line.digits.clear()
        if self.stream is None:
            sockets.close()
            return
        self._final = self.stream.statistics()
        self._retire(self.stream, sockets)
        self.stream = None

    def _settings(self, media: NegotiatedMedia, sockets: RtpSockets) -> StreamSettings:
        return StreamSettings(
            rtp_fd=sockets.rtp.fileno(),
            rtcp_fd=sockets.rtcp.fileno(),
            latch=True,
            allow=self._policy.allow,
            takeover=self._policy.takeover,
            # RFC 3550 5.1: random start values, so that known-plaintext attacks find nothing.
            ssrc=secrets.randbits(32),
            # In the lower half: a first packet lost at the wrap would leave SRTP's far end a round
            # behind (RFC 3711 section 3.3.1).
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
            cname=f"{secrets.token_hex(8)}@{self.local.host}",
            **self._negotiated(media),
        )

    def _negotiated(self, media: NegotiatedMedia) -> dict[str, Any]:
        """What a re-INVITE can change."""
        return {
            "remote": media.remote,
            "remote_rtcp": media.remote_rtcp,
            "rtcp_mux": media.rtcp_mux,
            "codec": _LAWS[media.codec.name],
            "payload_type": media.codec.payload_type,
            "receive_payload_type": media.codec.payload_type,
            "dtmf_payload_type": media.telephone_event,
            "dtmf_receive_payload_type": media.telephone_event_receive,
            "ptime_ms": media.ptime,
            "sending": media.sending,
            "receiving": media.receiving,
            "srtp": None if media.srtp is None else SrtpKeys(*media.srtp),
            # Silence is no fault while the far end holds us.
            "timeout_s": 0.0 if media.held or not media.receiving else self._policy.timeout_s,
        }


class EngineVoices:
    """Reserves voices: an RTP port pair each, on the local address that the far end sees us at.

    `later` calls something back in a little while.
    """

    def __init__(
        self,
        engine: Engine,
        ports: RtpPorts,
        policy: MediaPolicy,
        lines: dict[str, Earpiece],
        later: Later,
    ) -> None:
        self._engine = engine
        self._ports = ports
        self._policy = policy
        self._lines = lines
        self._later = later
        self._retiring: dict[Stream, RtpSockets] = {}

    def reserve(self, line: str, local: str | None, remote: str = "") -> EngineVoice:
        """Raises ExhaustedError or SystemRefusal."""
        if local is None:
            raise SystemRefusal("this machine has no network address that the peer could reach")
        sockets = self._ports.take(local)
        return EngineVoice(
            self._engine,
            self._lines[line],
            sockets,
            self._policy,
            self._retire,
            self._later,
            remote,
        )

    def _retire(self, stream: Stream, sockets: RtpSockets) -> None:
        self._retiring[stream] = sockets
        self._stop(stream)

    def _stop(self, stream: Stream) -> None:
        """Stop it now, or as soon as the engine takes commands again: it must not send for ever."""
        try:
            stream.stop()
        except ExhaustedError:
            self._later(lambda: self._stop(stream))

    def retired(self, stream: Stream) -> None:
        """The engine has let go of the stream: now its descriptors may be closed."""
        sockets = self._retiring.pop(stream, None)
        if sockets is not None:
            sockets.close()


def call_of(calls: list[Call], stream: Stream) -> Call | None:
    """The call whose voice is `stream`."""
    for call in calls:
        if isinstance(call.voice, EngineVoice) and call.voice.stream is stream:
            return call
    return None
