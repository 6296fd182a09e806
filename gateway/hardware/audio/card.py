"""A sound card as ALSA has it: by name, asked for what it can, opened as suits a telephone."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from gateway.errors import HardwareError
from gateway.media.port import SAMPLE_RATE

Kind: TypeAlias = Literal["capture", "playback"]

# The line's own rate first, then those from which the way to it is short, then what is usual.
RATES: Final = (SAMPLE_RATE, 16000, 48000, 44100, 32000, 24000, 96000, 22050, 88200, 192000)
PERIOD_MS: Final = 5
LONGEST_PERIOD_MS: Final = 20  # what a card or plug-in may make of it
PERIODS: Final = 16  # of a card's buffer: how long a thread may be held up before sound is lost
_FORMAT: Final = "S16_LE" if sys.byteorder == "little" else "S16_BE"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a card was opened; `period` and `buffer` are frames, `name` is the card's own."""

    name: str
    rate: int
    channels: int
    period: int
    buffer: int

    @property
    def period_ms(self) -> float:
        """The length of a period."""
        return 1000 * self.period / self.rate

    def samples(self, frames: int) -> int:
        """Frames of the card as samples of the line."""
        return frames * SAMPLE_RATE // self.rate

    def frames(self, samples: int) -> int:
        """Samples of the line as frames of the card."""
        return samples * self.rate // SAMPLE_RATE


def card_of(device: str) -> str | None:
    """The card that a device names: `plughw:CARD=Device,DEV=0` and `hw:Device` are of "Device".

    None where the name says nothing of it, as "default".
    """
    found = re.match(r"(?:\w+:(?:.*,)?CARD=|(?:plug)?hw:)(\w+)", device)
    return found[1] if found else None


def direct(device: str) -> str | None:
    """The card itself behind a `hw:` or `plughw:` device; other devices convert as they please."""
    plugin, colon, arguments = device.partition(":")
    return f"hw:{arguments}" if colon and plugin in ("hw", "plughw") else None


def open_card(alsa: Any, kind: Kind, device: str) -> tuple[Any, Shape]:
    """The card, at its own best rate and in periods of 5 ms or what is nearest to it.

    Raises ALSAAudioError, HardwareError.
    """
    rate, channels, name = examine(alsa, kind, device)
    pcm = _open(alsa, kind, device, rate, channels)
    try:
        return pcm, _shape(name, pcm.info(), rate, channels)
    except HardwareError:
        pcm.close()
        raise


def examine(alsa: Any, kind: Kind, device: str) -> tuple[int, int, str]:
    """Rate and channels to use, and the card's name; plughw would convert to any, and be heard.

    Raises as `open_card`.
    """
    card = direct(device)
    pcm = _open(alsa, kind, card or device, SAMPLE_RATE, 1)
    try:
        name = _name(alsa, pcm.info())
        if card is None:
            return SAMPLE_RATE, 1, name
        return best_rate(pcm.getrates()), best_channels(pcm.getchannels()), name
    finally:
        pcm.close()


def best_rate(rates: int | tuple[int, int] | list[int]) -> int:
    """Of those that pyalsaaudio tells: the only one, the lowest and highest, or a list."""
    for rate in RATES:
        match rates:
            case (low, high) if isinstance(rates, tuple):
                possible = low <= rate <= high
            case list():
                possible = rate in rates
            case _:
                possible = rate == rates
        if possible:
            return rate
    raise HardwareError(f"the card has none of the usual rates; it has {rates}")


def best_channels(channels: list[int]) -> int:
    """One where the card has it: of more, the first is used."""
    return min(channels)


def _open(alsa: Any, kind: Kind, device: str, rate: int, channels: int) -> Any:
    return alsa.PCM(
        type=alsa.PCM_CAPTURE if kind == "capture" else alsa.PCM_PLAYBACK,
        mode=alsa.PCM_NONBLOCK,  # the engine's ticks say when, not the card's periods
        rate=rate,
        channels=channels,
        format=getattr(alsa, f"PCM_FORMAT_{_FORMAT}"),
        periodsize=rate * PERIOD_MS // 1000,
        periods=PERIODS,
        device=device,
    )


def _shape(name: str, info: dict[str, Any], rate: int, channels: int) -> Shape:
    """Check what the card agreed to. Raises HardwareError."""
    wanted = {"rate": rate, "channels": channels, "format_name": _FORMAT}
    for key, value in wanted.items():
        if info[key] != value:
            raise HardwareError(
                f"the card gives {key} {info[key]} instead of {value}; name it as plughw:..."
            )
    period = int(info["period_size"])
    if not 0 < period <= LONGEST_PERIOD_MS * rate // 1000:
        raise HardwareError(
            f"the card moves {period} samples at a time, {1000 * period / rate:.0f} ms; at most"
            f" {LONGEST_PERIOD_MS} ms can be used"
        )
    return Shape(name, rate, channels, period, int(info["buffer_size"]))


def _name(alsa: Any, info: dict[str, Any]) -> str:
    """What the card calls itself; of a device without a card, what ALSA calls it."""
    number = int(info.get("card_no", -1))
    return str(alsa.card_name(number)[0] if number >= 0 else info["name"]).strip()
