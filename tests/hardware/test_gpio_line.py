"""The GPIO driver passes the conformance suite: with contacts that bounce, and SHK that pulses."""

from __future__ import annotations

import pytest

from tests.hardware.conformance import LinePortConformance
from tests.hardware.gpio_rig import GpioRig


class TestGpio(LinePortConformance):
    @pytest.fixture(params=[(0, 0), (3, 4), (8, 8)], ids=str)
    def rig(self, request: pytest.FixtureRequest) -> GpioRig:
        bounce_ms, ripple_ms = request.param
        return GpioRig(bounce_ms=bounce_ms, ripple_ms=ripple_ms)
