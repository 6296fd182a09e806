"""Lines on the wire, for both ends: at most 80 bytes, a checksum, CR LF.

A line is its text, `*`, and the XOR of all bytes before the `*` in two upper-case hex digits. The
text may itself contain `*`: it is a key of the telephone. MicroPython runs this file too, so it
imports nothing and keeps to what both Pythons have.
"""

MAX_LINE = 80  # with the checksum, without CR LF
_TAIL = 3  # *5A


def checksum(data: bytes) -> int:
    """XOR of all bytes."""
    value = 0
    for byte in data:
        value ^= byte
    return value


def frame(text: str) -> bytes:
    """The line that carries `text`. Raises ValueError for what no line can carry."""
    data = text.encode()
    if not _is_text(data) or len(data) + _TAIL > MAX_LINE:
        raise ValueError("a line holds 1 to 77 printable ASCII characters")
    return data + _tail(data) + b"\r\n"


def unframe(line: bytes) -> "str | None":
    """The text of a line that came without its CR LF; None for a damaged one."""
    data = line[:-_TAIL]
    if len(line) > MAX_LINE or not _is_text(data):
        return None
    if line[-_TAIL:] != _tail(data):
        return None
    return data.decode()


def _tail(data: bytes) -> bytes:
    return f"*{checksum(data):02X}".encode()


def _is_text(data: bytes) -> bool:
    return len(data) > 0 and all(0x20 <= byte <= 0x7E for byte in data)


class LineReader:
    """Cuts bytes into lines. It is in step again with the first line end after garbage."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete, without CR LF; too long ones are cut to what `unframe`
        still sees to be too long."""
        lines = []
        for byte in data:
            if byte == 0x0A:
                line = bytes(self._line)
                self._line = bytearray()
                if line[-1:] == b"\r":
                    line = line[:-1]
                if line:
                    lines.append(line)
            elif len(self._line) < MAX_LINE + 2:
                self._line.append(byte)
        return lines
