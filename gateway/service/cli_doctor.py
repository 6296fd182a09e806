"""`tipring doctor`: gathers what the checks need to know, and shows what they find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.service.cli_context import Context, socket_option
from gateway.service.config import DEFAULT_PATH
from gateway.service.control_path import client_path

if TYPE_CHECKING:
    from gateway.service.doctor.case import Case


@click.command()
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    default=Path(DEFAULT_PATH),
    show_default=True,
    metavar="FILE",
    help="The configuration.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a list of findings.")
@socket_option
@click.pass_obj
def doctor(context: Context, file: Path, as_json: bool) -> int:
    """Check configuration, board, pins, line cards and service: what is wrong, and what to do."""
    import msgspec  # noqa: PLC0415

    from gateway.service.doctor.examination import examine  # noqa: PLC0415

    diagnoses = list(examine(_case(context, file)))
    if as_json:
        found = msgspec.to_builtins(diagnoses)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        from gateway.service.views.doctor import print_diagnoses  # noqa: PLC0415 - loads rich

        print_diagnoses(diagnoses)
    return int(any(each.level == "failure" for each in diagnoses))


def _case(context: Context, file: Path) -> Case:
    from gateway.service.config_file import read  # noqa: PLC0415
    from gateway.service.doctor.case import Case, ask_service  # noqa: PLC0415

    folder = file.absolute().parent
    return Case(file, read(file), ask_service(context.socket or client_path(folder)))
