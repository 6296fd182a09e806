"""Fixtures of the SIP tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sip.harness import Caller, World

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_data(name: str) -> Path | None:
    """The folder of shared messages, or None where it is not installed."""
    folder = Path(os.environ.get("TIPRING_SHARED_DATA") or _DEFAULT) / name
    return folder if folder.is_dir() else None


def need_shared(name: str) -> Path:
    """The folder of shared messages; skips with the reason where it is missing."""
    folder = shared_data(name)
    if folder is None:
        pytest.skip(f"no shared messages {name!r}: set TIPRING_SHARED_DATA to their folder")
    return folder


@pytest.fixture
def torture() -> Path:
    """The folder with the messages of RFC 4475."""
    return need_shared("torture")


@pytest.fixture
def captures() -> Path:
    """The folder with public messages of real Twilio calls."""
    return need_shared("twilio")


@pytest.fixture
def world() -> World:
    """A stack with default settings."""
    return World()


@pytest.fixture
def caller() -> Caller:
    """A Twilio-like call that nobody has placed yet."""
    return Caller()
