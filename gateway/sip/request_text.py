"""A request of ours as it was sent, and the ACK and CANCEL that have to match it."""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.sip.message import Response
from gateway.sip.serializer import request

Lines = list[tuple[str, str]]

# Section 17.1.1.3: what the ACK to a refusal repeats; section 22.1 adds the credentials.
_ACK: Final = frozenset(
    {"Route", "Max-Forwards", "From", "Call-ID", "Authorization", "Proxy-Authorization"}
)
# Section 9.1
_CANCEL: Final = frozenset({"Route", "Max-Forwards", "From", "To", "Call-ID"})


class RequestText(NamedTuple):
    """Start line, the one Via (and its branch), the other lines, CSeq number and body."""

    method: str
    uri: str
    branch: str
    via: str
    lines: Lines
    cseq: int
    body: bytes = b""

    def data(self) -> bytes:
        """The bytes to send."""
        return request(self.method, self.uri, self.via, self.lines, self.body)

    def ack(self, refusal: Response) -> bytes:
        """The ACK to a 300-699: same hop, same branch, the To of the refusal."""
        to = ("To", refusal.headers.get("to") or "")
        return self._derived("ACK", _ACK, to).data()

    def cancel(self) -> RequestText:
        """The CANCEL: same hop, same branch, no To-tag."""
        return self._derived("CANCEL", _CANCEL)

    @property
    def sender(self) -> str:
        """The whole From value."""
        return next(value for name, value in self.lines if name == "From")

    @property
    def routes(self) -> list[str]:
        """The Route values."""
        return [value for name, value in self.lines if name == "Route"]

    def credentials(self) -> Lines:
        """The lines that an ACK to a 2xx repeats (section 22.1)."""
        return [line for line in self.lines if line[0].endswith("Authorization")]

    def _derived(self, method: str, kept: frozenset[str], *extra: tuple[str, str]) -> RequestText:
        lines = [line for line in self.lines if line[0] in kept]
        lines += [*extra, ("CSeq", f"{self.cseq} {method}")]
        return self._replace(method=method, lines=lines, body=b"")
