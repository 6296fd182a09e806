"""Our own SDP over the life of a call: one origin, and a version that counts (RFC 3264)."""

from __future__ import annotations

from gateway.sip.media import LocalMedia


class Description:
    """What we said last, and what we said when both sides last agreed.

    The origin stays whatever changes, our address too (section 8): a peer knows the session by it.
    """

    __slots__ = ("_agreed", "_lines", "_origin", "_version")

    def __init__(self) -> None:
        self._origin = ("", "")
        self._lines: list[str] = []
        self._version = 0
        self._agreed: tuple[list[str], int] = ([], 0)

    def body(self, local: LocalMedia, media_lines: list[str]) -> bytes:
        """The body to send for these media lines; the version grows when the text changes."""
        family = "IP6" if ":" in local.host else "IP4"
        lines = ["s=-", f"c=IN {family} {local.host}", "t=0 0", *media_lines]
        if not self._lines:
            self._origin = (f"o=- {local.session_id}", f"IN {family} {local.host}")
        if lines != self._lines:
            self._version += 1
            self._lines = lines
        return self.last()

    def last(self) -> bytes:
        """The body that was sent last, word for word."""
        who, where = self._origin
        origin = f"{who} {self._version} {where}"
        text = "\r\n".join(["v=0", origin, *self._lines, ""])
        return text.encode("utf-8", "surrogateescape")

    def agree(self) -> None:
        """Offer and answer fit: what we said last holds."""
        self._agreed = (self._lines, self._version)

    def revert(self) -> None:
        """Our offer was refused: as if it had never been made (RFC 3261 section 14.1)."""
        self._lines, self._version = self._agreed
