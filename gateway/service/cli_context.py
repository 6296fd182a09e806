"""What every command of the CLI shares: where the service's socket is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.service.control_client import ControlClient
from gateway.service.control_path import client_path

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class Context:
    """click's `obj`. `socket` is None until --socket names one."""

    socket: Path | None = None

    def client(self) -> ControlClient:
        """A connection to the service; NoService when there is none."""
        return ControlClient(self.socket or client_path())


def socket_option(command: Function) -> Function:
    """--socket, before the command's name or behind it."""
    return click.option(
        "--socket",
        metavar="PATH",
        type=click.Path(path_type=Path),
        callback=_remember,
        expose_value=False,
        is_eager=True,
        help="The service's control socket.",
    )(command)


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    shared = context.find_root().ensure_object(Context)
    if value is not None:
        shared.socket = value
