"""`tipring run`: the service process. Imports neither click nor rich (they serve the CLI alone)."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway import __version__
from gateway.errors import HardwareError, TipringError
from gateway.net.resolve import Resolver
from gateway.service.config import DEFAULT_PATH, Config
from gateway.service.config_file import read
from gateway.service.control import ControlServer
from gateway.service.control_path import default_socket
from gateway.service.host_names import is_address
from gateway.service.journal import Journal, Message
from gateway.service.notify import Notifier, Watchdog
from gateway.service.problems import ConfigProblems
from gateway.service.public_name import Find
from gateway.service.records import RecordStore
from gateway.service.requests import Requests
from gateway.service.runtime import Gateway

# The audio threads need the interpreter within a period of sound, so nobody keeps it longer.
SWITCH_INTERVAL_S: Final = 0.0005


def main(argv: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT. Exit code 0 after an orderly stop, 1 failure, 2 wrong use."""
    gc.disable()  # until everything is made: collections only cost the start time
    options = _parser().parse_args(argv)
    with Journal() as journal:
        try:
            config = _load(options, journal)
            return asyncio.run(_serve(config, options, journal))
        except ConfigProblems as error:
            for problem in error.problems:
                journal.write(Message.CONFIG_REFUSED, str(problem))
        except TipringError as error:
            journal.write(Message.START_FAILED, str(error))
            if isinstance(error, HardwareError):
                _explain(error, options, journal)
    return 1


def _explain(error: HardwareError, options: argparse.Namespace, journal: Journal) -> None:
    from gateway.service.doctor.at_start import explain  # noqa: PLC0415 - seldom needed
    from gateway.service.doctor.case import Case, Silence  # noqa: PLC0415

    reading = read(options.config, simulated=options.simulated)
    explain(error, Case(options.config, reading, Silence("it could not start", "")), journal)


def _load(options: argparse.Namespace, journal: Journal) -> Config:
    reading = read(options.config, simulated=options.simulated)
    if reading.config is None:
        raise ConfigProblems([each for each in reading.problems if each.severity == "error"])
    for problem in reading.problems:
        journal.write(Message.CONFIG_WARNING, str(problem))
    return reading.config


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tipring run", description="Run the gateway in the foreground.", allow_abbrev=False
    )
    parser.add_argument(
        "--config", type=Path, default=Path(DEFAULT_PATH), help="configuration file (%(default)s)"
    )
    parser.add_argument(
        "--simulated", action="store_true", help="give every line a simulated phone"
    )
    parser.add_argument("--socket", type=Path, default=None, help="control socket")
    return parser


async def _serve(config: Config, options: argparse.Namespace, journal: Journal) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    notifier = Notifier()
    find = _finder(config)
    public_host = _fixed_address(config) if find is None else await find()
    gateway = Gateway(config, public_host, journal, RecordStore(), find)
    control = ControlServer(
        options.socket or default_socket(options.config.absolute().parent),
        Requests(gateway).handlers(),
        lambda _command, error: gateway.observer.defect(error),
    )
    try:
        await control.start()
        gateway.start()
        watchdog = Watchdog(loop, notifier, gateway.engine.heartbeat, gateway.engine_stands_still)
        _settle_memory()
        gateway.interpreter.start()
        journal.write(Message.READY, f"tipring {__version__} is ready (process {os.getpid()})")
        notifier.ready(f"{len(config.line)} line(s) ready")
        watchdog.start()
        await stop.wait()
        notifier.stopping()
        journal.write(Message.STOPPING, "stopping: calls are being ended")
        watchdog.stop()
    finally:
        await gateway.stop()
        await control.close()
    return 0


def _fixed_address(config: Config) -> str | None:
    """What Contact and SDP say; None: the address that a call came to."""
    return None if config.sip.public_address == "auto" else config.sip.public_address


def _finder(config: Config) -> Find | None:
    """How to look `public_address` up where it is a name."""
    name = config.sip.public_address
    if name == "auto" or is_address(name):
        return None
    v6 = all(":" in listen.host for listen in config.sip.listeners())
    resolver = Resolver()
    return lambda: resolver.address(name, v6=v6, now=asyncio.get_running_loop().time())


def _settle_memory() -> None:
    """What exists now lives as long as the process: keep the collector's pauses short."""
    gc.enable()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_INTERVAL_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
