"""What the engine sends to a display, judged by another's receiver."""

from __future__ import annotations

import pytest

from tests.judges import adsi
from tests.judges.data_messages import understood

pytestmark = pytest.mark.skipif(adsi.LIBRARY is None, reason=adsi.MISSING)


@pytest.mark.parametrize("standard", adsi.STANDARDS)
def test_a_display_understands_it(standard: str) -> None:
    assert understood(standard, 32, 60) == (32, 32)


@pytest.mark.parametrize("standard", adsi.STANDARDS)
def test_nearly_all_is_understood_through_noise(standard: str) -> None:
    right, of = understood(standard, 32, 15, tries=10, seed=7)
    assert right >= 0.99 * of
