"""Whether the lines of a configuration fit together, and to their drivers."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.hardware.audio.card import card_of, direct
from gateway.hardware.gpio_slic.ring_plan import period_ms, rung_hz
from gateway.hardware.serial_card import device
from gateway.service.config import Config, Line
from gateway.service.config_gpio import PinBoard, PinTable
from gateway.service.countries import read_country
from gateway.service.problems import Key, Report

COUNTRIES_FOLDER = Path(__file__).parent.parent / "line" / "countries"

# Keys that not every driver has.
_BELONGS = {
    "pins": ("gpio",),
    "fr_rest": ("gpio",),
    "ring_hz": ("gpio", "serial"),
    "serial": ("serial",),
    "dtmf_lookahead_ms": ("gpio", "serial"),
    "auto_answer_s": ("simulated",),
}
_SILENT = {
    "gpio": "no audio: the bell rings, but the voice goes by a sound card",
    "serial": "no audio: the line card rings, but the voice goes by a sound card",
}


def check_lines(config: Config, report: Report) -> None:
    """Run every check; problems go to `report`."""
    _check_names(config, report)
    _check_users(config, report)
    for index, line in enumerate(config.line):
        _check_driver(line, ("line", index), report)
    _check_devices(config, report)
    _check_sound(config, report)
    _check_pins(config, report)
    _check_bells(config, report)


def country_names(folder: Path = COUNTRIES_FOLDER) -> list[str]:
    """The countries that a line may name."""
    return sorted(file.stem for file in folder.glob("*.toml"))


def _check_names(config: Config, report: Report) -> None:
    seen: set[str] = set()
    known = country_names()
    for index, line in enumerate(config.line):
        key: Key = ("line", index)
        if line.name in seen:
            report.error((*key, "name"), f'the name "{line.name}" is used twice')
        seen.add(line.name)
        if line.country not in known:
            report.error(
                (*key, "country"),
                f'"{line.country}" is not known; allowed is one of: {", ".join(known)}',
            )
        if line.display not in (None, "off", *known):
            report.error(
                (*key, "display"),
                f'"{line.display}" is not known; allowed is "off", or one of: {", ".join(known)}',
            )


def _check_users(config: Config, report: Report) -> None:
    """The first line in file order whose users match rings, so a later one never does."""
    for index, line in enumerate(config.line):
        if not line.users:
            report.warn(("line", index), "no users: no call can ring this line")
        for place, user in enumerate(line.users):
            key: Key = ("line", index, "users", place)
            if not user or not user.isprintable():
                report.error(key, 'allowed is the user part of a SIP URI, or "*" for any')
            earlier = next((other for other in config.line[:index] if other.takes(user)), None)
            if earlier is not None:
                report.warn(key, f'calls for "{user}" ring "{earlier.name}", which comes first')


def _check_driver(line: Line, key: Key, report: Report) -> None:
    for name, drivers in _BELONGS.items():
        if getattr(line, name) is not None and line.driver not in drivers:
            allowed = " or ".join(f'"{driver}"' for driver in drivers)
            report.error((*key, name), f"only a line with driver = {allowed} has it")
    if line.driver == "serial" and line.serial is None:
        report.error(
            key, 'serial is missing; it must be the line card\'s device, as "/dev/serial/by-id/..."'
        )
    if line.driver == "gpio":
        _check_decoder(line, key, report)
    if line.disconnect_ms and line.pins is not None and line.pins.pd == "none":
        report.warn((*key, "disconnect_ms"), 'pins.pd is "none": the feed cannot be taken away')
    if line.driver in _SILENT and line.audio is None:
        report.warn(key, _SILENT[line.driver])


def _check_decoder(line: Line, key: Key, report: Report) -> None:
    """The far end must not hear a key twice: as a digit, and as the tone of it that had left."""
    where: Key = (*key, "dtmf_lookahead_ms")
    if (line.pins or PinTable()).std == "none":
        if line.dtmf_lookahead_ms is not None:
            report.error(where, 'this line has no key tone decoder: pins.std is "none"')
    elif line.decoder_is_late and line.dtmf_lookahead_ms == 0:
        report.warn(
            where,
            "without pins.est some 50 ms of each key's tone are heard beside the digit, which may"
            " then count twice; 50 prevents it, and delays what the phone says by 50 ms",
        )


def _check_devices(config: Config, report: Report) -> None:
    seen: dict[str, str] = {}
    for index, line in enumerate(config.line):
        if line.driver != "serial" or line.serial is None:
            continue
        key: Key = ("line", index, "serial")
        owner = seen.setdefault(os.path.realpath(line.serial), line.name)
        if owner != line.name:
            report.error(key, f'this is the device of "{owner}"; a line card has one line')
        doubt = device.changes_name(line.serial)
        if doubt is not None:
            report.warn(key, doubt)


def _check_sound(config: Config, report: Report) -> None:
    """A card itself is one line's in each direction; what ALSA or a sound server mixes is not."""
    seen: dict[tuple[str, str], str] = {}
    for index, line in enumerate(config.line):
        if line.audio is None:
            continue
        for kind, name in (("capture", line.audio.capture), ("playback", line.audio.playback)):
            key: Key = ("line", index, "audio", kind)
            behind = direct(name)
            if behind is not None and seen.setdefault((kind, behind), line.name) != line.name:
                owner = seen[kind, behind]
                report.error(key, f'this is the sound card of "{owner}"; a card has one line')
            card = card_of(name)
            if card is not None and card.isdecimal():
                report.warn(
                    key,
                    "the numbers of cards change between boots: name it, as"
                    ' "plughw:CARD=Device" (`arecord -L` lists the names)',
                )


def _check_pins(config: Config, report: Report) -> None:
    board = PinBoard()
    for index, line in enumerate(config.line):
        if line.driver == "gpio":
            for key, text in board.take(line.name, line.pins):
                report.error(("line", index, *key), text)


def _check_bells(config: Config, report: Report) -> None:
    """A line circuit may ring for 32.5 % of the time, and at a frequency that it can."""
    known = country_names()
    for index, line in enumerate(config.line):
        if line.driver != "gpio" or line.country not in known:
            continue
        country = read_country(line.country)
        wanted = line.ring_hz or country.ring_hz
        hz = rung_hz(wanted)
        key: Key = ("line", index, "country")
        if hz != wanted:
            report.warn(
                key, f"its bells ring at {wanted:g} Hz; the line circuit makes it {hz:g} Hz"
            )
        usual, real = country.ring.period_ms, period_ms(country.ring.steps, hz)
        if real > usual:
            report.warn(
                key,
                f"the bell rings every {real / 1000:.2f} s instead of {usual / 1000:g} s:"
                " a line circuit may ring for 32.5 % of the time",
            )
