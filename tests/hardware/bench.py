"""A board without electronics, to run the line card's program on."""

from __future__ import annotations

from gateway.hardware.serial_card.card.board import Board


class Bench(Board):
    """Pins in memory: inputs to be set, outputs with a record of every change."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.off_hook = False
        self.valid, self.early, self.code = False, False, 0
        self.levels = {"rm": False, "fr": True, "pd": True}
        self.changes: list[tuple[int, str, bool]] = []

    def hook(self) -> bool:
        return self.off_hook

    def decoder(self) -> tuple[bool, bool, int]:
        return self.valid, self.early, self.code

    def ring_mode(self, on: bool) -> None:
        self._set("rm", on)

    def forward(self, on: bool) -> None:
        self._set("fr", on)

    def power(self, on: bool) -> None:
        self._set("pd", on)

    def bursts(self) -> list[tuple[int, int]]:
        """When RM rose and fell."""
        at = [t for t, pin, _ in self.changes if pin == "rm"]
        return list(zip(at[::2], at[1::2], strict=False))

    def _set(self, pin: str, level: bool) -> None:
        if level is not self.levels[pin]:
            self.levels[pin] = level
            self.changes.append((self.now_ms, pin, level))
