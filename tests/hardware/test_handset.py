"""What a handset refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import TipringError
from gateway.hardware.simulated import Handset, HandsetError, SimulatedLine

NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    ("12x", {}, "'x' cannot be dialled: keys are 0-9"),
    ("1 2", {}, "' ' cannot be dialled"),
    ("1E", {}, "'E' cannot be dialled"),
    ("²", {}, "'²' cannot be dialled"),
    ("", {}, "nothing to dial"),
    ("12*", {"pulse": True}, "'*' cannot be dialled: a dial has 0-9 only"),
    ("1A", {"pulse": True}, "'A' cannot be dialled"),
    ("1", {"pulse": True, "pps": 0}, "pps is 0"),
    ("1", {"pulse": True, "pps": 100}, "pps is 100"),
    ("1", {"pulse": True, "pps": float("nan")}, "pps is nan"),
    ("1", {"pulse": True, "break_percent": 100}, "break is 100"),
    ("1", {"on_ms": 0}, "on_ms is 0 ms"),
    ("1", {"off_ms": -5}, "off_ms is -5 ms"),
    ("1", {"on_ms": 10**9}, "on_ms is"),
]


@pytest.fixture
def lifted() -> Handset:
    handset = SimulatedLine().handset
    handset.off_hook(0)
    return handset


@pytest.mark.parametrize(("text", "options", "said"), NONSENSE)
def test_nonsense(lifted: Handset, text: str, options: dict[str, Any], said: str) -> None:
    before = lifted.busy_until
    with pytest.raises(HandsetError, match=said.replace("*", r"\*")):
        lifted.dial(text, 1, **options)
    assert lifted.busy_until == before


@pytest.mark.parametrize("gesture", ["dial", "flash"])
def test_on_hook(gesture: str) -> None:
    handset = SimulatedLine().handset
    with pytest.raises(ValueError, match="on-hook: lift it first") as caught:
        handset.dial("1", 0) if gesture == "dial" else handset.flash(0)
    assert isinstance(caught.value, TipringError)


@pytest.mark.parametrize("ms", [0, -1, 10**6])
def test_flash_of_nonsense(lifted: Handset, ms: int) -> None:
    with pytest.raises(HandsetError, match="flash is"):
        lifted.flash(1, ms=ms)


LENGTHS: list[tuple[str, dict[str, Any], float]] = [
    ("1", {}, 0.2),
    ("1,2", {}, 1.4),
    (",", {}, 1.0),
    ("12", {"on_ms": 50, "off_ms": 60}, 0.22),
    ("abcd", {}, 0.8),
    ("1", {"pulse": True}, 0.3),
    ("0", {"pulse": True}, 1.2),
    ("1", {"pulse": True, "pps": 20, "off_ms": 500}, 0.55),
]


@pytest.mark.parametrize(("text", "options", "seconds"), LENGTHS)
def test_when_a_script_is_done(
    lifted: Handset, text: str, options: dict[str, Any], seconds: float
) -> None:
    assert lifted.dial(text, 10, **options) == pytest.approx(10 + seconds)


def test_a_hand_needs_a_moment_after_lifting(lifted: Handset) -> None:
    assert lifted.dial("1", 0) == pytest.approx(0.05 + 0.2)


def test_lifting_twice_is_lifting_once(lifted: Handset) -> None:
    done = lifted.busy_until
    assert lifted.off_hook(3) == done
    lifted.on_hook(4)
    lifted.on_hook(5)
    assert not lifted.lifted
