"""`tipring call LINE ...`: what the owner asks of a line's call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from gateway.service.cli_context import Context, socket_option


@dataclass
class LineCall:
    """One line's call, as the sub-commands use it."""

    context: Context
    line: str

    def ask(self, command: str, **fields: Any) -> None:
        """Ask the service; it answers when the request is on its way to the far end."""
        with self.context.client() as client:
            client.request(f"call.{command}", line=self.line, **fields)


@click.group()
@click.argument("line")
@socket_option
@click.pass_context
def call(context: click.Context, line: str) -> None:
    """Place, hold, transfer or end the call of LINE."""
    context.obj = LineCall(context.find_root().ensure_object(Context), line)


@call.command()
@click.argument("to")
@socket_option
@click.pass_obj
def dial(line: LineCall, to: str) -> None:
    """Call TO, a number or a SIP URI; the handset has to be lifted."""
    line.ask("dial", to=to)


@call.command()
@socket_option
@click.pass_obj
def hold(line: LineCall) -> None:
    """Ask the far end to wait."""
    line.ask("hold")


@call.command()
@socket_option
@click.pass_obj
def resume(line: LineCall) -> None:
    """Go on after a hold."""
    line.ask("resume")


@call.command()
@click.argument("uri")
@socket_option
@click.pass_obj
def transfer(line: LineCall, uri: str) -> None:
    """Send the far end to URI, and leave the call when it is there."""
    line.ask("transfer", to=uri)


@call.command("hang-up")
@socket_option
@click.pass_obj
def hang_up(line: LineCall) -> None:
    """End the call, or refuse the one that rings."""
    line.ask("hang-up")
