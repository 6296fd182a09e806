"""Where the control socket is: one rule for the service and for those who talk to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.errors import SystemRefusal
from gateway.service.config import DEFAULT_PATH

RUNTIME_FOLDER = Path("/run/tipring")  # systemd's RuntimeDirectory=
SOCKET_NAME = "control.sock"
MAX_PATH_BYTES = 107  # sockaddr_un holds 108, with the final zero (unix(7))


def candidates(config_folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """The places of the socket, best first."""
    yield RUNTIME_FOLDER / SOCKET_NAME
    if environ.get("XDG_RUNTIME_DIR"):
        yield Path(environ["XDG_RUNTIME_DIR"]) / "tipring" / SOCKET_NAME
    yield config_folder / SOCKET_NAME


def default_socket(config_folder: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where a service puts its socket: the first place it can write to.

    Only the folder in the user's runtime directory is created; SystemRefusal when no place serves.
    """
    tried = list(candidates(config_folder, environ))
    for path in tried:
        if path.parent.parent == Path(environ.get("XDG_RUNTIME_DIR", "")):
            _make_folder(path.parent)
        if os.access(path.parent, os.W_OK | os.X_OK):
            return path
    folders = ", ".join(str(path.parent) for path in tried)
    raise SystemRefusal(f"no folder for the control socket can be written: {folders}; use --socket")


def client_path(config_folder: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Where a client looks: the first place that holds a socket, else the first place."""
    folder = Path(DEFAULT_PATH).parent if config_folder is None else config_folder
    places = list(candidates(folder, environ))
    return next((path for path in places if path.is_socket()), places[0])


def check_length(path: Path) -> None:
    """SystemRefusal when the system cannot address a socket of this name."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SystemRefusal(
            f"the socket's path is longer than {MAX_PATH_BYTES} bytes: {path}; use --socket"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return  # the next place is tried
