"""The serial driver passes the conformance suite through pyserial and a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.hardware.conformance import LinePortConformance
from tests.hardware.serial_rig import SerialRig
from tests.hardware.serial_wires import PtyCable


class TestSerial(LinePortConformance):
    @pytest.fixture(
        params=[(0, 0, "unplug"), (8, 0, "unplug"), (0, (1 << 32) - 12_000, "silence")],
        ids=["plain", "bouncing", "counter-turning"],
    )
    def rig(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SerialRig]:
        bounce_ms, counter, fails_by = request.param
        rig = SerialRig(
            partial(PtyCable, tmp_path), counter=counter, bounce_ms=bounce_ms, fails_by=fails_by
        )
        yield rig
        rig.cable.cut()
