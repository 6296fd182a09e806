"""The DTMF decoder's outputs as lines of the protocol (MT8870, HT9170, CM8870)."""

DIGITS = "D1234567890*#ABC"  # by Q4..Q1


class KeyPad:
    """Q is taken when StD rises and confirmed by the next reading; StD's fall ends the key."""

    def __init__(self) -> None:
        self._valid = False
        self._early = False
        self._rose = 0
        self._code = 0
        self._digit: str | None = None

    def step(self, now: int, reading: "tuple[bool, bool, int]") -> "list[tuple[str, int]]":
        """What to tell, as line and time."""
        valid, early, code = reading
        told = []
        if early and not self._early:
            told.append(("EARLY 1", now))
        if valid and not self._valid:
            self._rose = now
        elif valid and self._digit is None and code == self._code:
            self._digit = DIGITS[code]
            told.append((f"DTMF {self._digit} START", self._rose))
        elif not valid and self._digit is not None:
            told.append((f"DTMF {self._digit} END", now))
            self._digit = None
        if self._early and not early:
            told.append(("EARLY 0", now))
        self._valid, self._early, self._code = valid, early, code
        return told
