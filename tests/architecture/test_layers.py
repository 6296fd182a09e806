"""Who may import whom. No exceptions are listed, and none may be added."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatch

import pytest

from tests.architecture.imports import ROOT, imports, modules, private_names, reaches

EVERYBODY = {"gateway", "gateway.errors", "gateway.deadlines"}

# Package (or top-level module) -> what it may import of ours, itself included.
LAYERS: dict[str, set[str]] = {
    "errors": {"errors"},
    "deadlines": {"deadlines"},
    "sip": {"sip"},
    "line": {"line"},
    "media": {"media"},
    "call": {"call", "sip", "line"},
    "net": {"net", "sip"},
    # The cadence is what a port is told to ring by: part of the port's protocol.
    "hardware": {"hardware", "line.port", "line.events", "line.cadence", "media.port"},
    "service": {"service", "sip", "line", "media", "call", "net", "hardware"},
}

# Cores that are given their time, their randomness and their bytes.
PURE = ("sip", "line", "call")
UNCLEAN = {"asyncio", "socket", "time", "threading", "random", "secrets", "os"}

# A library -> the only modules that may name it, as patterns.
BELONGS: dict[str, tuple[str, ...]] = {
    "RPi": ("gateway.hardware.gpio_slic.*",),
    "lgpio": ("gateway.hardware.gpio_slic.*",),
    "gpiod": ("gateway.hardware.gpio_slic.*",),
    "serial": ("gateway.hardware.serial_card.*",),
    "alsaaudio": ("gateway.hardware.audio_alsa",),
    "dns": ("gateway.net.names",),
    "systemd": ("gateway.service.journal*", "gateway.service.notify", "gateway.service.records"),
    "msgspec": ("gateway.service.*",),
    "click": ("gateway.service.cli*",),
    "rich": ("gateway.service.cli*", "gateway.service.views.*"),
    "cffi": (),
    "numpy": (),
    "scipy": (),
    "matplotlib": (),
    "pesq": (),
    "gateway.media._engine": ("gateway.media.*",),
}


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def of_package(package: str) -> list[str]:
    return [m for m in modules() if package_of(m) == package]


def may(module: str, imported: str) -> bool:
    if imported in EVERYBODY:
        return True
    return any(within(imported, f"gateway.{a}") for a in LAYERS[package_of(module)])


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


OURS = sorted(m for m in modules() if m != "gateway")


def test_every_package_has_its_layer() -> None:
    assert {package_of(m) for m in OURS} <= set(LAYERS)
    assert imports("gateway") <= {"__future__.annotations"}


@pytest.mark.parametrize("module", OURS)
def test_imports_keep_to_the_layer(module: str) -> None:
    ours = {name for name in imports(module) if name.split(".")[0] == "gateway"}
    assert {name for name in ours if not may(module, name)} == set()


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_layers_hold_transitively(package: str) -> None:
    """A layer that is allowed may not bring in one that is not."""
    allowed = {package} | {name.split(".")[0] for name in LAYERS[package]}
    for module in of_package(package):
        reached = {package_of(m) for m in reaches(module) if within(m, "gateway")}
        assert reached - allowed - {"", "errors", "deadlines"} == set(), module


@pytest.mark.parametrize("module", [m for m in OURS if package_of(m) in PURE])
def test_cores_are_given_time_and_randomness(module: str) -> None:
    reached = {name.split(".")[0] for name in reaches(module) | imports(module)}
    assert reached & UNCLEAN == set()


@pytest.mark.parametrize("module", OURS)
def test_nobody_imports_the_service(module: str) -> None:
    if package_of(module) != "service":
        reached = {package_of(m) for m in reaches(module)}
        assert reached & {"service"} == set()


@pytest.mark.parametrize("module", OURS)
def test_only_the_service_imports_drivers_and_sockets(module: str) -> None:
    owner = package_of(module)
    if owner != "service":
        named = {package_of(m) for m in reaches(module) if within(m, "gateway")}
        assert named & {"net", "hardware"} <= {owner}


@pytest.mark.parametrize("library", sorted(BELONGS))
def test_libraries_are_where_they_belong(library: str) -> None:
    users = {m for m in OURS if any(within(name, library) for name in imports(m))}
    strangers = {m for m in users if not any(fnmatch(m, home) for home in BELONGS[library])}
    assert strangers == set()


@pytest.mark.parametrize("module", OURS)
def test_packages_take_public_names_only(module: str) -> None:
    assert list(private_names(module)) == []


def test_the_test_sees_what_it_should() -> None:
    """A rule that finds nothing because nothing is read would pass for ever."""
    assert "alsaaudio" in imports("gateway.hardware.audio_alsa")
    assert "gateway.line.events" in imports("gateway.hardware.simulated.script")
    assert "gateway.line.hook" in reaches("gateway.hardware.simulated.driver")
    assert not may("gateway.line.hook", "gateway.media.port")
    assert not may("gateway.call.switchboard", "gateway.net.pump")
    assert not may("gateway.hardware.registry", "gateway.media.engine")
    assert may("gateway.service.runtime", "gateway.hardware.registry")


# --- what is really loaded, in a process of its own ---------------------------------------------

ENGINE = {"gateway.media._engine", "_cffi_backend"}
DEVICES = {"alsaaudio", "serial", "RPi", "gpiod", "systemd"}

LOADED: list[tuple[str, list[str], set[str]]] = [
    ("sip", of_package("sip"), ENGINE | DEVICES | {"asyncio", "socket", "dns", "msgspec"}),
    ("line", of_package("line"), ENGINE | DEVICES | {"asyncio", "socket", "msgspec"}),
    ("call", of_package("call"), ENGINE | DEVICES | {"asyncio", "socket", "dns", "msgspec"}),
    ("media.port", ["gateway.media.port"], ENGINE | {"asyncio", "socket"}),
    ("hardware", of_package("hardware"), ENGINE | DEVICES | {"asyncio", "socket"}),
    ("service", ["gateway.service.main"], {"click", "rich", "dns"} | DEVICES - {"systemd"}),
]


@pytest.mark.parametrize(("names", "unwanted"), [r[1:] for r in LOADED], ids=[r[0] for r in LOADED])
def test_what_an_import_loads(names: list[str], unwanted: set[str]) -> None:
    assert names
    script = f"import sys, {', '.join(names)}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & unwanted == set()
