"""What a call's media is, in words that SDP and the voice engine share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from gateway.errors import TipringError


class Codec(NamedTuple):
    """An audio codec at 8,000 Hz mono and the RTP payload type that it travels under."""

    name: str
    payload_type: int


# RFC 3551 table 4.
PCMU: Final = Codec("PCMU", 0)
PCMA: Final = Codec("PCMA", 8)


SrtpPolicy = Literal["off", "optional", "required"]


class Srtp(NamedTuple):
    """How RTP and RTCP are protected: a crypto suite (RFC 4568), and each side's key with salt.

    `send` is ours. A key that is the same as before goes on with its rollover counter.
    """

    suite: str
    send: bytes
    receive: bytes

    def __repr__(self) -> str:
        return f"Srtp({self.suite!r}, ...)"


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our side: the address that SDP announces, codecs in order of preference, ptime in ms.

    `session_id` is the constant number in our o= line. `srtp`: whether keys are taken and given.
    """

    host: str
    port: int
    codecs: tuple[Codec, ...] = (PCMU, PCMA)
    ptime: int = 20
    session_id: int = 1
    srtp: SrtpPolicy = "off"


@dataclass(frozen=True, slots=True)
class NegotiatedMedia:
    """What both sides agreed on.

    `telephone_event` is the payload type that we send digits under, `telephone_event_receive` the
    one that the peer sends them under; None: not offered, digits go in band. `sending` and
    `receiving` are our directions: on hold we do not send. `holding`: it is us who hold the peer,
    and then nothing flows either way. `srtp` is None for RTP in the clear.
    """

    codec: Codec
    telephone_event: int | None
    telephone_event_receive: int | None
    ptime: int
    remote: tuple[str, int]
    remote_rtcp: tuple[str, int]
    rtcp_mux: bool = False
    sending: bool = True
    receiving: bool = True
    holding: bool = False
    srtp: Srtp | None = None

    @property
    def held(self) -> bool:
        """Whether the peer has put us on hold: RTP may be missing without anything being wrong."""
        return not self.sending and not self.holding


class NotAcceptable(TipringError):
    """The offer has nothing that we can speak.

    `status` refuses it and `warning` is a whole Warning value (RFC 3261 section 20.43).
    """

    fault = "peer"

    def __init__(self, text: str, status: int = 488, code: int = 399) -> None:
        super().__init__(text)
        self.status = status
        self.warning = f'{code} tipring "{text}"'
