"""A peer that answers digest challenges by its own arithmetic, written apart from the product's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from itertools import count

from gateway.sip import Flow, InboundAuth, StackSettings

from .harness import EDGE, LOCAL, Caller, World, statuses

REALM = "tipring"
PASSWORD = "correct horse"
URI = "sip:+11234567890@203.0.113.5"

Changes = dict[str, str | None]

_CALLS = count(1)

_BARE = {"qop", "nc", "algorithm", "stale", "userhash", "username*"}


def hashed(text: str | bytes, name: str = "md5") -> str:
    data = text.encode() if isinstance(text, str) else text
    return hashlib.new(name, data).hexdigest()


def digest_line(given: Changes) -> str:
    """Credentials as text; None leaves a parameter out."""
    return "Digest " + ", ".join(
        f"{key}={value}" if key in _BARE else f'{key}="{value}"'
        for key, value in given.items()
        if value is not None
    )


class DigestCaller:
    """A peer that answers challenges. Changes replace parameters; None leaves one out."""

    def __init__(
        self,
        *,
        proxy: bool = False,
        lifetime: float = 300.0,
        world: World | None = None,
        source: str = EDGE[0],
        settings: StackSettings | None = None,
    ) -> None:
        auth = InboundAuth(REALM, {"alice": PASSWORD}, proxy, lifetime)
        self.world = world or World(replace(settings or StackSettings(), auth=auth))
        self.caller = Caller()
        self.flow = Flow("udp", LOCAL, (source, 5060))
        self.proxy = proxy
        self.nonce = ""
        self.challenge = ""
        self.count = 0

    def new_call(self) -> None:
        """Begin another call."""
        self.caller = Caller(f"call{next(_CALLS)}@{self.flow.remote[0]}")

    def place(self, **headers: str) -> int:
        """Send an INVITE; returns the last status and learns the challenge."""
        return self.place_with([(name.replace("_", "-"), text) for name, text in headers.items()])

    def place_with(self, extra: list[tuple[str, str]]) -> int:
        """The same with any headers."""
        self.caller.cseq += 1
        self.caller.to_tag = ""
        answer = self.world.receive(self.caller.invite(extra=extra), self.flow)[-1]
        name = "Proxy-Authenticate" if self.proxy else "WWW-Authenticate"
        self.challenge = answer.headers.get(name) or ""
        found = re.search(r'nonce="([^"]*)"', self.challenge)
        self.nonce = found[1] if found else self.nonce
        status = statuses([answer])[0]
        if status >= 300:
            self.caller.hear([answer])
            assert self.world.receive(self.caller.ack_refusal(), self.flow) == []
        return status

    def answer(self, changes: Changes | None = None, password: str = PASSWORD) -> int:
        """Answer the last challenge."""
        name = "Proxy_Authorization" if self.proxy else "Authorization"
        return self.place(**{name: self.credentials(changes, password)})

    def credentials(self, changes: Changes | None = None, password: str = PASSWORD) -> str:
        self.count += 1
        given: Changes = {
            "username": "alice",
            "realm": REALM,
            "nonce": self.nonce,
            "uri": URI,
            "qop": "auth",
            "nc": f"{self.count:08x}",
            "cnonce": "0a4f113b",
            "algorithm": "MD5",
            **(changes or {}),
        }
        secret = hashed(f"{given['username']}:{REALM}:{password}")
        what = hashed(f"INVITE:{given['uri']}")
        middle = f":{given['nc']}:{given['cnonce']}:{given['qop']}" if given["qop"] else ""
        given.setdefault("response", hashed(f"{secret}:{given['nonce']}{middle}:{what}"))
        return digest_line(given)
