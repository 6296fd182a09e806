"""The configuration as typed values: one struct a table of the TOML file, defaults included.

`Meta.description` says what is allowed, in the words that an error message uses. Reading, checking
and secrets are in `config_file`; these structs only hold what it found to be right.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from gateway.hardware.audio.levels import Levels
from gateway.hardware.audio_alsa import Devices
from gateway.service.config_account import Account
from gateway.service.config_gpio import PinTable
from gateway.service.config_sip import (
    InboundAuth,
    Limits,
    Listen,
    ResponseHeaders,
    Sip,
    Tls,
    User,
    parse_listen,
)
from gateway.service.config_table import Port, Table, Words

__all__ = [
    "DEFAULT_PATH",
    "Account",
    "Audio",
    "Config",
    "InboundAuth",
    "Limits",
    "Line",
    "Listen",
    "ResponseHeaders",
    "Rtp",
    "Sip",
    "Table",
    "Tls",
    "User",
    "parse_listen",
]

DEFAULT_PATH = "/etc/tipring/tipring.toml"


class Rtp(Table, frozen=True):
    """[rtp]. `allow_from`: beside the address in the peer's SDP, who may be heard.

    Empty: anybody until that address speaks (symmetric RTP), then nobody, or Twilio's media network
    if Twilio may call. See rtp_sources.py and native/src/rtp/source_filter.h.
    """

    ports: Annotated[
        tuple[Port, Port],
        Meta(description="two port numbers, first and last, as [10000, 10099]"),
    ] = (10000, 10099)
    srtp: Literal["off", "optional", "required"] = "off"
    dscp: Annotated[int, Meta(ge=0, le=63, description="a number from 0 to 63")] = 46
    timeout_s: Annotated[
        float, Meta(ge=0, le=86400, description="seconds from 0 (never) to 86400")
    ] = 60
    allow_from: Words = ()


Device: TypeAlias = Annotated[
    str,
    Meta(min_length=1, description='an ALSA device name, as "plughw:CARD=Device"'),
]
Level: TypeAlias = Annotated[int, Meta(ge=0, le=100, description="percent from 0 to 100")]


class Audio(Table, frozen=True):
    """line.audio: ALSA device names, and the levels of their mixers; left as they are by default.

    `agc`: the card's automatic gain control, which pumps and upsets an echo canceller.
    """

    capture: Device
    playback: Device
    capture_level: Level | None = None
    playback_level: Level | None = None
    agc: bool | None = None

    def cards(self) -> Devices:
        """As the driver takes them."""
        levels = Levels(self.capture_level, self.playback_level, self.agc)
        return Devices(self.capture, self.playback, levels)


class Line(Table, frozen=True):
    """One [[line]]."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}$",
            description="up to 32 letters, digits, '_', '.' and '-'",
        ),
    ]
    driver: Literal["simulated", "gpio", "serial"]
    users: Words = ()
    country: str = "us"
    account: str | None = None
    audio: Audio | None = None
    serial: (
        Annotated[
            str,
            Meta(pattern=r"^/[^\s]+$", description='a device, as "/dev/serial/by-id/..."'),
        ]
        | None
    ) = None
    pins: PinTable | None = None
    fr_rest: Literal["high", "low"] | None = None
    ring_hz: Annotated[float, Meta(ge=20, le=25, description="hertz from 20 to 25")] | None = None
    dtmf_lookahead_ms: Literal[0, 50] | None = None
    display: str | None = None
    disconnect_ms: Annotated[
        int, Meta(ge=0, le=5000, description="milliseconds from 0 (not at all) to 5000")
    ] = 0
    auto_answer_s: (
        Annotated[float, Meta(ge=0, le=600, description="seconds from 0 to 600")] | None
    ) = None

    @property
    def lookahead_ms(self) -> int:
        """By how much the microphone is delayed: where nothing tells early of a key (no ESt), what
        is sure of it (StD) comes when 50 ms of its tone would have left."""
        if self.dtmf_lookahead_ms is not None:
            return self.dtmf_lookahead_ms
        return 50 if self.decoder_is_late else 0

    @property
    def decoder_is_late(self) -> bool:
        """There is a decoder without ESt. Of a line card's, only the card knows."""
        pins = (self.pins or PinTable()).wiring()
        return self.driver == "gpio" and pins.std is not None and pins.est is None

    def takes(self, user: str) -> bool:
        """Does a call for this (percent-decoded) user, "" when missing, ring this line?"""
        return "*" in self.users or (user != "" and user in self.users)


class Config(Table, frozen=True):
    """The whole file. `line` in file order: the first that takes a user rings."""

    sip: Sip = Sip()
    rtp: Rtp = Rtp()
    account: tuple[Account, ...] = ()
    line: tuple[Line, ...] = ()

    def line_for(self, user: str) -> Line | None:
        """The line that a call for `user` rings, None for an unknown user."""
        return next((line for line in self.line if line.takes(user)), None)
