"""The board for each test, and what tests measured, told at the end (`record_property`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vm.guest.board import Board
from tests.vm.guest.hand import Hand
from tests.vm.guest.handset import Handset


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sound-seconds", type=float, default=60.0, help="how long sound must go without a gap"
    )


@pytest.fixture
def board() -> Board:
    """The board at rest: handset on its hook, nothing pressed."""
    board = Board()
    board.rest()
    return board


@pytest.fixture
def handset(board: Board) -> Handset:
    return Handset(board)


@pytest.fixture(scope="session")
def hand() -> Iterator[Hand]:
    with Hand() as hand:
        yield hand


@pytest.fixture
def sound_seconds(request: pytest.FixtureRequest) -> float:
    return float(request.config.getoption("--sound-seconds"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each test that measured something."""
    terminalreporter.section("measured")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            figures = [f"{name} {_short(value)}" for name, value in report.user_properties]
            if figures and report.when == "call":
                terminalreporter.write_line(
                    f"{report.nodeid.rpartition('/')[2]}: {', '.join(figures)}"
                )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
