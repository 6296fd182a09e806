"""What a tone is made of. The engine plays it; this package only says what it sounds like.

Levels are dBm at the phone, of each frequency. Times are milliseconds, frequencies hertz.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_FREQUENCIES = 4
MAX_SEGMENTS = 24  # what the voice engine has room for
MAX_FREQUENCY = 3999.0

# The names that a country may define. A country without one of them plays silence for it.
TONE_NAMES = (
    "dial",
    "stutter",
    "ringback",
    "busy",
    "congestion",
    "call_waiting",
    "special",
    "howler",
)


# The keypad (ITU-T Q.23): rows and columns, hertz.
_ROWS, _COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
_KEYPAD = "123A456B789C*0#D"


def dtmf_frequencies(key: str) -> tuple[float, float]:
    """The two of a key 0-9, *, #, A-D. Raises ValueError for any other."""
    row, column = divmod(_KEYPAD.index(key), len(_COLUMNS))
    return _ROWS[row], _COLUMNS[column]


@dataclass(frozen=True, slots=True)
class ToneSegment:
    """A sound, then silence. `on_ms` 0 means for ever.

    `modulated_by` (0 = not at all) is the second frequency of an E.180 product such as 400x16.
    """

    frequencies: tuple[float, ...]
    modulated_by: float = 0.0
    level_dbm: float = -19.0
    on_ms: int = 0
    off_ms: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.frequencies) <= MAX_FREQUENCIES:
            raise ValueError(f"a tone has one to {MAX_FREQUENCIES} frequencies")
        if not all(0 < f <= MAX_FREQUENCY for f in self.frequencies):
            raise ValueError(f"a frequency is above 0 and at most {MAX_FREQUENCY:.0f} Hz")
        if not 0 <= self.modulated_by <= MAX_FREQUENCY:
            raise ValueError(f"a modulation is 0 to {MAX_FREQUENCY:.0f} Hz")
        if not -60 <= self.level_dbm <= 3:
            raise ValueError("a level is -60 to 3 dBm")
        if self.on_ms < 0 or self.off_ms < 0:
            raise ValueError("a time is not negative")


@dataclass(frozen=True, slots=True)
class Tone:
    """Segments in order. After the last one, begin again at `repeat_from`.

    `repeat_from` None: the last segment is continuous, or the tone ends with it.
    """

    segments: tuple[ToneSegment, ...]
    repeat_from: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.segments) <= MAX_SEGMENTS:
            raise ValueError(f"a tone has one to {MAX_SEGMENTS} segments")
        if any(s.on_ms == 0 for s in self.segments[:-1]):
            raise ValueError("only the last segment can be continuous")
        if self.repeat_from is not None:
            if not 0 <= self.repeat_from < len(self.segments):
                raise ValueError("repeat_from is the index of a segment")
            if self.segments[-1].on_ms == 0:
                raise ValueError("a continuous tone cannot repeat")


def parse_frequencies(text: str) -> tuple[tuple[float, ...], float]:
    """Read `f`, `f+f` or `f*m` (f modulated by m); returns (frequencies, modulated_by).

    Raises ValueError for anything else.
    """
    carrier, star, modulation = text.partition("*")
    if star:
        return (float(carrier),), float(modulation)
    return tuple(float(part) for part in carrier.split("+")), 0.0
