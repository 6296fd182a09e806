"""A real card that is pulled out and plugged in again, and what the service makes of it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import alsaaudio
import pytest

from tests.scenario.gateway_process import GatewayProcess
from tests.vm.guest import loopback
from tests.vm.guest.caller import Caller
from tests.vm.guest.loopback import Mouth

DRIVER: Final = Path("/sys/bus/usb/drivers/snd-usb-audio")
ALOOP: Final = Path("/sys/bus/platform/drivers/snd_aloop")
PATIENCE_S: Final = 12.0


def wait_until(wanted: Callable[[], bool]) -> None:
    """The kernel finds a card in its own time."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class UsbCard:
    """The machine's sound card on USB: /sys lets it in or not, as a hand with a plug would."""

    def __init__(self) -> None:
        subprocess.run(["modprobe", "-a", "xhci-pci", "snd-usb-audio"], check=True)
        wait_until(lambda: len(alsaaudio.cards()) == 2)
        (interface, *_) = DRIVER.glob("*-*:*")
        self._authorized = interface.resolve().parent / "authorized"
        (name,) = (name for name in alsaaudio.cards() if name != "Loopback")
        self.name = str(name)

    @property
    def number(self) -> int:
        names: list[str] = alsaaudio.cards()
        return int(alsaaudio.card_indexes()[names.index(self.name)])

    def unplug(self) -> None:
        self._authorized.write_text("0", "ascii")

    def plug(self) -> None:
        self._authorized.write_text("1", "ascii")


@pytest.fixture
def card() -> Iterator[UsbCard]:
    card = UsbCard()
    yield card
    card.plug()
    wait_until(lambda: card.name in alsaaudio.cards())


def config(card: UsbCard) -> str:
    device = f"plughw:CARD={card.name}"
    return f"""
auto_answer_s = 0
audio = {{ capture = "{loopback.LINE}", playback = "{device}", playback_level = 40, agc = false }}
"""


def side(gateway: GatewayProcess, way: str) -> dict[str, Any]:
    (line,) = gateway.phone.status()["lines"]
    found: dict[str, Any] = line["audio"][way]
    return found


def await_sound(gateway: GatewayProcess, way: str, works: bool) -> dict[str, Any]:
    gateway.phone.await_status(
        lambda s: (s["lines"][0]["audio"][way]["fault"] == "") is works, PATIENCE_S, way
    )
    return side(gateway, way)


def test_a_usb_card_at_its_own_rate_and_level(card: UsbCard, tmp_path: Path) -> None:
    with GatewayProcess.usual(tmp_path, line_more=config(card)) as gateway:
        threading.Event().wait(8)
        found = side(gateway, "playback")
        assert (found["rate"], found["channels"], found["fault"]) == (48000, 2, "")
        assert found["xruns"] == 0
        (control,) = alsaaudio.mixers(device=f"hw:{card.name}")
        mixer = alsaaudio.Mixer(control, device=f"hw:{card.name}")
        assert mixer.getvolume()[0] == pytest.approx(40, abs=1)
        assert mixer.getmute()[0] == 0


def test_a_call_outlives_its_card(
    card: UsbCard, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    pause = threading.Event()
    with (
        Mouth(),
        GatewayProcess.usual(tmp_path, line_more=config(card)) as gateway,
        Caller(gateway.sip_port) as caller,
    ):
        pause.wait(4)
        card.unplug()
        gone = await_sound(gateway, "playback", works=False)
        record_property("fault", gone["fault"])
        assert gone["card"] is None
        heard = len(caller.heard)
        pause.wait(3)
        assert len(caller.heard) - heard == pytest.approx(150, abs=3), "the call goes on"
        assert gateway.phone.state() == "off-hook"
        card.plug()
        back = await_sound(gateway, "playback", works=True)
        assert back["rate"] == 48000
        assert gateway.phone.state() == "off-hook"
        pause.wait(4)
        settled = side(gateway, "playback")["xruns"]
        pause.wait(6)
        assert side(gateway, "playback")["xruns"] == settled
        hold_ms = gateway.phone.status()["interpreter"]["longest_hold_ms"]
        record_property("longest hold, a card closed and opened, ms", hold_ms)
    log = gateway.log_text()
    assert log.count(f"sound card plughw:CARD={card.name} (playback)") == 1
    assert log.count(f"sound card plughw:CARD={card.name} works") == 1


def test_a_card_may_come_back_under_another_number(card: UsbCard, tmp_path: Path) -> None:
    """The card before it is away, so it takes that place, and later its own: its name stays."""
    before = card.number
    with GatewayProcess.usual(tmp_path, line_more=config(card)) as gateway:
        await_sound(gateway, "playback", works=True)
        (device,) = ALOOP.glob("snd_aloop.*")
        card.unplug()
        (ALOOP / "unbind").write_text(device.name, "ascii")
        await_sound(gateway, "playback", works=False)
        await_sound(gateway, "capture", works=False)
        card.plug()
        await_sound(gateway, "playback", works=True)
        assert card.number != before
        card.unplug()
        await_sound(gateway, "playback", works=False)
        (ALOOP / "bind").write_text(device.name, "ascii")
        card.plug()
        await_sound(gateway, "playback", works=True)
        await_sound(gateway, "capture", works=True)
        assert card.number == before


def test_a_card_that_is_not_there_at_the_start(card: UsbCard, tmp_path: Path) -> None:
    card.unplug()
    with GatewayProcess.usual(tmp_path, line_more=config(card)) as gateway:
        assert "No such" in await_sound(gateway, "playback", works=False)["fault"]
        assert gateway.phone.state() == "idle"
        text = gateway.command("status").stdout
        assert f"plughw:CARD={card.name}" in text
        assert "No such" in text
        card.plug()
        await_sound(gateway, "playback", works=True)
