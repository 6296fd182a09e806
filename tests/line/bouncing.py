"""Stories of a handset whose contacts bounce, each made from a seed, and what they should mean.

Between lift and hang-up: noise of the contacts while somebody talks, dialled digits, flashes. A
bounce holds no level for as long as the hook's persistence of 10 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from gateway.line import HookFlash, LineEvent, OffHook, OnHook, PulseDigit
from gateway.line.pulse import NUMBERINGS
from tests.line.traces import country

COUNT: Final = 200
CODES: Final = ("us", "de", "uk", "fr", "jp", "se", "nz")
# A bounce is over after so many milliseconds, at which a shortest make of 20.8 ms is still one.
SETTLED_MS: Final = 8.0
PERSISTENCE_MS: Final = 10.0
GLITCH_MS: Final = 20.0


@dataclass
class Story:
    """Moves of the contact at milliseconds, beginning with the loop open; and what they mean.

    With `in_call`, a call is connected from `lifted_ms` on.
    """

    seed: int
    code: str
    in_call: bool
    lifted_ms: float = 0.0
    moves: list[float] = field(default_factory=list)
    meaning: list[LineEvent] = field(default_factory=list)
    end_ms: float = 100.0


def story(seed: int) -> Story:
    """Always the same one for a seed."""
    random = Random(seed)
    told = Story(seed, CODES[seed % len(CODES)], in_call=random.random() < 0.5)
    _knock(told, random)
    _move(told, random)
    told.meaning.append(OffHook(False))
    told.end_ms += 300
    told.lifted_ms = told.end_ms
    told.end_ms += 300
    for act in random.choices(list(_ACTS), k=random.randint(2, 4)):
        _ACTS[act](told, random)
    _move(told, random)
    told.meaning.append(OnHook())
    told.end_ms += 2500
    return told


def _move(told: Story, random: Random, settled_ms: float = SETTLED_MS) -> None:
    """The contact moves to its other place, and springs back a few times on its way."""
    there_and_back = 2 * random.randint(0, 3)
    bounces = sorted(random.uniform(0.2, settled_ms) for _ in range(there_and_back))
    told.moves += [told.end_ms, *(told.end_ms + bounce for bounce in bounces)]


def _break(told: Story, random: Random, open_ms: float, closed_ms: float) -> None:
    _move(told, random)
    told.end_ms += open_ms
    _move(told, random)
    told.end_ms += closed_ms


def _knock(told: Story, random: Random) -> None:
    """Somebody bumps into the table: the contact closes for a moment."""
    for _ in range(random.randint(0, 3)):
        told.moves += [told.end_ms, told.end_ms + random.uniform(0.2, PERSISTENCE_MS - 1)]
        told.end_ms += random.uniform(12, 300)


def _noise(told: Story, random: Random) -> None:
    """The contact opens for a moment, in a crowd; now and then for longer, but for no pulse."""
    for _ in range(random.randint(3, 12)):
        if random.random() < 0.2:
            told.end_ms += 30
            length, pause = random.uniform(PERSISTENCE_MS, GLITCH_MS - 1), 30.0
        else:
            length = random.uniform(0.2, PERSISTENCE_MS - 1)
            pause = random.choice([0.5, 3.0, 11.0, 80.0])
        told.moves += [told.end_ms, told.end_ms + length]
        told.end_ms += length + pause
    told.end_ms += 400


def _dial(told: Story, random: Random) -> None:
    """A digit by a rotary dial of any speed and ratio.

    Where a flash is as short as a pulse, a single pulse in a call is none.
    """
    hook = country(told.code).hook
    fewest = 2 if told.in_call and hook.flash_looks_like_pulse else 1
    period_ms = 1000 / random.uniform(8, 12)
    open_ms = period_ms * random.uniform(0.5, 0.75)
    pulses = random.randint(fewest, 10)
    for _ in range(pulses):
        _break(told, random, open_ms, period_ms - open_ms)
    numbering = country(told.code).pulse_numbering
    told.meaning.append(PulseDigit(NUMBERINGS[numbering][pulses - 1]))
    told.end_ms += random.uniform(250, 900)


def _flash(told: Story, random: Random) -> None:
    """Within the country's window however it bounces; before a call, longer than a dial pulse."""
    hook = country(told.code).hook
    shortest = hook.flash_min_ms if told.in_call else max(hook.flash_min_ms, hook.pulse_max_ms)
    if hook.flash_max_ms - shortest < 2 * SETTLED_MS:
        return
    length = random.uniform(shortest + SETTLED_MS, hook.flash_max_ms - SETTLED_MS)
    _break(told, random, length, 700)
    told.meaning.append(HookFlash())


_ACTS: Final[Mapping[str, Callable[[Story, Random], None]]] = {
    "noise": _noise,
    "dial": _dial,
    "flash": _flash,
}
