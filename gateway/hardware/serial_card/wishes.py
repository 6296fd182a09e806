"""What is wanted of the card, as commands: sent when it changes, and all of it to a card that has
forgotten."""

from __future__ import annotations

from gateway.hardware.serial_card.bursts import Bursts
from gateway.hardware.serial_card.commands import Command, Commands
from gateway.hardware.serial_card.messages import State

_SHOWN_IN_STATE = ("RING", "STOP", "POWER")


class Wishes:
    """Power, polarity and the bell. `hz` is the bell's frequency."""

    def __init__(self, hz: float, now: float) -> None:
        self.bursts = Bursts(hz, now)
        self._switches = {"POWER": True, "REVERSE": False}

    def switch(self, word: str, on: bool) -> Command:
        """POWER or REVERSE, from now on."""
        self._switches[word] = on
        return _command(word, on)

    def everything(self) -> tuple[Command, ...]:
        """What makes any card the one that is wanted, but for its bell, which is silent first and
        rings when it may; then its own view of it is asked for."""
        switches = (_command(word, on) for word, on in self._switches.items())
        return (*switches, Command("STOP"), Command("STATE?"))

    def contradicts(self, state: State, commands: Commands) -> bool:
        """The card is not as wanted, and nothing on its way will change that."""
        if any(commands.waits(word) for word in _SHOWN_IN_STATE):
            return False
        wanted = (self.bursts.sounding, self._switches["POWER"])
        return (state.ringing, state.powered) != wanted


def _command(word: str, on: bool) -> Command:
    return Command(word, ("1" if on else "0",))
