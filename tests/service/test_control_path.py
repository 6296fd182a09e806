"""Where the control socket is, for the service and for a client."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.errors import SystemRefusal
from gateway.service import control_path
from gateway.service.control_path import client_path, default_socket


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three places, none of which exists."""
    monkeypatch.setattr(control_path, "RUNTIME_FOLDER", tmp_path / "run")
    return {name: tmp_path / name for name in ("run", "xdg", "config")}


@pytest.mark.parametrize(
    ("existing", "chosen"),
    [
        (("run", "xdg", "config"), "run/control.sock"),
        (("xdg", "config"), "xdg/tipring/control.sock"),
        (("config",), "config/control.sock"),
    ],
)
def test_the_first_place_that_can_be_written(
    places: dict[str, Path], tmp_path: Path, existing: tuple[str, ...], chosen: str
) -> None:
    for name in existing:
        places[name].mkdir()
    environ = {"XDG_RUNTIME_DIR": str(places["xdg"])}
    assert default_socket(places["config"], environ) == tmp_path / chosen


def test_no_place_at_all(places: dict[str, Path]) -> None:
    with pytest.raises(SystemRefusal, match=r"no folder .* can be written: .*use --socket"):
        default_socket(places["config"], {})


def test_a_client_looks_where_a_socket_is(places: dict[str, Path], tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(places["xdg"])}
    assert client_path(places["config"], environ) == tmp_path / "run" / "control.sock"
    places["config"].mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places["config"] / "control.sock"))
        assert client_path(places["config"], environ) == places["config"] / "control.sock"
