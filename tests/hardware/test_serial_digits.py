"""A thousand digits over a line card's pseudo-terminal, by keys and by dial: each arrives once.

The times are the card's own stamps, so the telephone runs as fast as the bytes do.
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from gateway.line import PulseDigit
from gateway.line.events import DtmfEnd, DtmfStart
from tests.hardware.serial_rig import SerialRig
from tests.hardware.serial_wires import PtyCable
from tests.hardware.tampering import started


def drawn(alphabet: str, count: int) -> str:
    dice = random.Random(count)
    return "".join(dice.choice(alphabet) for _ in range(count))


def test_a_thousand_keys(tmp_path: Path) -> None:
    rig = SerialRig(partial(PtyCable, tmp_path))
    line = started(rig)
    rig.lift()
    line.run_for(0.5)
    keys = drawn("0123456789*#ABCD", 1000)
    line.run_for(rig.press(keys, 40, 40) + 0.5)
    begun = "".join(e.digit for e in line.raw if isinstance(e, DtmfStart))
    ended = "".join(e.digit for e in line.raw if isinstance(e, DtmfEnd))
    rig.cable.cut()
    assert (begun, ended) == (keys, keys)


@pytest.mark.parametrize("break_percent", [50, 75])
@pytest.mark.parametrize("pps", [8, 12])
def test_a_quarter_of_a_thousand_dialled(tmp_path: Path, pps: float, break_percent: float) -> None:
    rig = SerialRig(partial(PtyCable, tmp_path))
    line = started(rig)
    rig.lift()
    line.run_for(0.5)
    line.events.clear()
    digits = drawn("0123456789", 250)
    line.run_for(rig.turn(digits, pps, break_percent) + 0.5)
    rig.cable.cut()
    assert line.events == [PulseDigit(digit) for digit in digits]
