"""The card's end of the serial line card protocol, without a pin or a clock of its own.

`receive` takes the host's bytes, `step` is called about every millisecond, `to_send` gives what
goes to the host. Every command can be repeated without harm, so a host that missed an answer asks
again.

The host beats every second. After 3 s without a beat the card stops ringing and parks, and tells
nothing more of the telephone; at the next beat it says READY, as after a start, and the host sends
its state again. After a start it is mute until the SLIC is awake and the hook can be believed: a
card that starts again in the middle of a call does not hang it up.
"""

from .board import Board
from .framing import LineReader, frame, unframe
from .key_pad import KeyPad
from .ringer import Ringer

VERSION = "1.0"
BEAT_MS = 1000
SILENCE_MS = 3000
WAKE_MS = 50  # the SLIC's outputs mean nothing so long after power-up
_SHOWN = ("ON", "OFF")


class LineCard:
    """One telephone line. `now` is milliseconds of a counter that never turns over."""

    def __init__(self, board: Board, now: int) -> None:
        self._board = board
        self._now = now
        self._reader = LineReader()
        self._out = b""
        self._ringer = Ringer(board, now)
        self._keys = KeyPad()
        self._off_hook = False
        self._power = True
        self._reversed = False
        self._deaf_until = now + WAKE_MS
        self._beat_at = now
        self._heard_at = now
        self._parked = False
        self._ready = False
        self._park()

    def to_send(self) -> bytes:
        """What the host is to be told; handed out once."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes) -> None:
        """Bytes from the host. A damaged line is not answered: it will be sent again."""
        for line in self._reader.feed(data):
            text = unframe(line)
            if text == "BEAT":
                self._beat()
            elif text is not None and self._ready:
                self._command(text.split())

    def step(self, now: int) -> None:
        """Look at the pins, and do what is due."""
        self._now = now
        if not self._ready:
            self._begin()
            return
        if not self._parked and now - self._heard_at > SILENCE_MS:
            self._parked = True
            self._park()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_MS
            self._say("BEAT")
        hook = self._hook()
        tripped = self._ringer.step(now, hook)
        if tripped is not None:
            self._tell("RINGTRIP", now)
            self._set_hook(True, tripped)
        elif not self._ringer.rm:
            self._set_hook(hook, now)
        for text, at in self._keys.step(now, self._board.decoder()):
            self._tell(text, at)

    def _begin(self) -> None:
        if self._now >= self._deaf_until:
            self._ready = True
            self._off_hook = self._board.hook()
            self._say("READY " + VERSION)

    # --- the telephone ---

    def _hook(self) -> bool:
        awake = self._power and self._now >= self._deaf_until
        return self._board.hook() if awake else self._off_hook

    def _set_hook(self, off_hook: bool, at: int) -> None:
        if off_hook != self._off_hook:
            self._off_hook = off_hook
            self._tell("HOOK " + _SHOWN[off_hook], at)

    # --- the host ---

    def _say(self, text: str) -> None:
        self._out += frame(text)

    def _tell(self, text: str, at: int) -> None:
        if not self._parked:
            self._say(f"{text} {at & 0xFFFFFFFF}")

    def _beat(self) -> None:
        self._heard_at = self._now
        if self._parked:
            self._parked = False
            self._say("READY " + VERSION)

    def _command(self, words: "list[str]") -> None:
        number = _whole(words[1], 99) if len(words) > 1 else None
        if number is None:
            return  # nothing that could be answered
        try:
            refusal = self._obey(words[0], words[2:])
        except (ValueError, IndexError):
            refusal = "wrong arguments"
        if refusal is None:
            self._say(f"OK {number}")
        else:
            self._say(f"ERR {number} {refusal}")

    def _obey(self, word: str, arguments: "list[str]") -> "str | None":
        if word == "RING":
            return self._ring(arguments)
        if word == "STOP":
            self._ringer.stop()
        elif word == "REVERSE":
            self._reversed = _switch(arguments)
            self._ringer.reverse(self._reversed)
        elif word == "POWER":
            self._switch_power(_switch(arguments))
        elif word == "STATE?":
            self._say(self._state())
        elif word == "VER?":
            self._say("READY " + VERSION)
        else:
            return "unknown command"
        return None

    def _ring(self, arguments: "list[str]") -> "str | None":
        on_ms, off_ms, hz = int(arguments[0]), int(arguments[1]), float(arguments[2])
        if not (0 < on_ms <= 60000 and 0 < off_ms <= 60000 and 15 <= hz <= 70):
            return "wrong arguments"
        if not self._power:
            return "powered down"
        if self._parked:
            return "no heartbeat"
        self._ringer.ring(on_ms, off_ms, hz)
        return None

    def _switch_power(self, on: bool) -> None:
        if on and not self._power:
            self._deaf_until = self._now + WAKE_MS
        if not on:
            self._ringer.stop()
        self._power = on
        self._board.power(on)

    def _park(self) -> None:
        self._reversed = False
        self._ringer.stop()
        self._ringer.reverse(False)

    def _state(self) -> str:
        hook, ring = _SHOWN[self._off_hook], int(self._ringer.ringing)
        power, polarity = int(self._power), int(self._reversed)
        return f"STATE hook={hook} ring={ring} power={power} reverse={polarity}"


def _whole(text: str, most: int) -> "int | None":
    return int(text) if text.isdigit() and int(text) <= most else None


def _switch(arguments: "list[str]") -> bool:
    return ("0", "1").index(arguments[0]) == 1
