"""The commands of `tipring` but `run`, and what they share: --socket, exit codes, errors."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gateway import __version__
from gateway.errors import TipringError
from gateway.service.cli_call import call
from gateway.service.cli_context import Context, socket_option
from gateway.service.cli_doctor import doctor
from gateway.service.cli_handset import handset
from gateway.service.control_client import CommandFailed, ControlClient, NoService
from gateway.service.since import parse_since, rfc3339
from gateway.service.usage import UsageError

EXIT_FAILURE = 1
EXIT_USAGE = 2
_WATCH_S = 1.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tipring", message="%(prog)s %(version)s")
@socket_option
@click.pass_context
def root(context: click.Context) -> None:
    """A telephone line for SIP: run the service, look at it, work a simulated phone."""


def invoke(arguments: Sequence[str]) -> int:
    """Run a command; its exit code. Errors are one line on stderr, without a traceback."""
    try:
        result = root.main(list(arguments), prog_name="tipring", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_FAILURE
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has seen enough
        return EXIT_FAILURE
    except (TipringError, OSError) as error:
        click.echo(f"tipring: {_words(error)}", err=True)
        return _exit_code(error)
    return result if isinstance(result, int) else 0


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _exit_code(error: Exception) -> int:
    if isinstance(error, UsageError):
        return EXIT_USAGE
    if isinstance(error, CommandFailed) and error.code == "usage":
        return EXIT_USAGE
    return EXIT_FAILURE


@root.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> int:
    """Run the service in the foreground: [--config FILE] [--simulated]."""
    from gateway.service.main import main as serve  # noqa: PLC0415 - loads the engine

    return serve(list(arguments))


@root.command()
def park() -> int:
    """Park the pins of lines that nobody works any more; systemd runs it when the service ends."""
    from gateway.hardware.gpio_slic.park import main as park_pins  # noqa: PLC0415 - for boards

    return park_pins()


@root.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one stable object.")
@click.option("--watch", is_flag=True, help="Keep showing it, once a second.")
@socket_option
@click.pass_obj
def status(context: Context, as_json: bool, watch: bool) -> int:
    """Lines, registrations and calls in progress."""
    with context.client() as client:
        if watch:
            _watch(client, as_json)
        elif as_json:
            _print_json(client.request("status"))
        else:
            from gateway.service.views.status import print_status  # noqa: PLC0415 - loads rich

            print_status(client.request("status"))
    return 0


def _watch(client: ControlClient, as_json: bool) -> None:
    """Until Ctrl-C, which is the way to end it and no failure."""
    try:
        if not as_json:
            from gateway.service.views.status import watch_status  # noqa: PLC0415 - loads rich

            watch_status(client, _WATCH_S)
        while as_json:
            _print_json(client.request("status"), one_line=True)
            time.sleep(_WATCH_S)
    except KeyboardInterrupt:
        return


@root.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a list of records.")
@click.option("--since", metavar="TIME", help='Only calls that ended since: "2 hours ago", today.')
@socket_option
@click.pass_obj
def calls(context: Context, as_json: bool, since: str | None) -> int:
    """Finished calls, oldest first."""
    after = None if since is None else rfc3339(parse_since(since, time.time()))
    with context.client() as client:
        records = client.request("calls", since=after)
    if as_json:
        _print_json(records)
    else:
        from gateway.service.views.calls import print_calls  # noqa: PLC0415 - loads rich

        print_calls(records)
    return 0


@root.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--simulated", is_flag=True, help="As `run --simulated` would read it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a list of problems.")
@socket_option
def check(file: Path, simulated: bool, as_json: bool) -> int:
    """Validate a configuration file: every problem with file, line, key and what is allowed."""
    import msgspec  # noqa: PLC0415

    from gateway.service.config_file import check as find_problems  # noqa: PLC0415

    problems = find_problems(file, simulated=simulated)
    if as_json:
        _print_json([msgspec.to_builtins(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(str(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    if not as_json:
        click.echo(_verdict(file, errors, len(problems) - errors))
    return EXIT_FAILURE if errors else 0


def _verdict(file: Path, errors: int, warnings: int) -> str:
    def count(number: int, what: str) -> str:
        return f"{number} {what}{'' if number == 1 else 's'}"

    if errors:
        return f"{file}: {count(errors, 'error')}, {count(warnings, 'warning')}"
    return f"{file}: fine" + (f", {count(warnings, 'warning')}" if warnings else "")


@root.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
@click.pass_obj
def version(context: Context, as_json: bool) -> int:
    """The version of this command and of the running service."""
    try:
        with context.client() as client:
            running = client.request("version")["version"]
    except NoService:
        running = None
    if as_json:
        _print_json({"version": __version__, "service": running})
    else:
        click.echo(f"tipring {__version__}")
        if running not in {None, __version__}:
            click.echo(f"the running service is {running}: restart it to use this version")
    return 0


@root.command()
@click.argument("line")
@socket_option
@click.pass_obj
def phone(context: Context, line: str) -> int:
    """A simulated phone in this terminal: lift, dial, flash, hang up by key."""
    from gateway.service.views.phone import PhoneView  # noqa: PLC0415 - loads rich

    with context.client() as client:
        PhoneView(client, line, context.client).run()
    return 0


root.add_command(handset)
root.add_command(call)
root.add_command(doctor)


def _print_json(value: Any, *, one_line: bool = False) -> None:
    click.echo(json.dumps(value, indent=None if one_line else 2, ensure_ascii=False))
