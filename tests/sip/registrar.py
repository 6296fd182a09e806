"""A scripted registrar and the wire to it, in virtual time: nonces, bindings, loss, restarts, NAT.

`Registrar` answers requests as text. `Wire` carries datagrams between a `World` and such peers; it
loses what its seed says and shows the peers the address that a NAT would.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, Protocol

from gateway.sip import Account, Flow, RegistrationStatus, Request, Response, StackSettings

from .harness import LOCAL, World

REGISTRAR = ("198.51.100.1", 5060)
SECOND = ("198.51.100.2", 5060)
PATH = Flow("udp", LOCAL, REGISTRAR)
INSIDE = ("192.168.1.5", 5060)
OUTSIDE = "203.0.113.77"
ACCOUNT = Account(
    "trunk", "alice", "example.com", password="secret", registrars=("sip:example.com",)
)
NEVER = float("inf")
_nonces = count()


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


Answer = tuple[int, tuple[str, ...]]


# What a peer says of where a request came from; nonsense, too.
Source = tuple[str, "int | str"]


class Heard(NamedTuple):
    """One request as a peer got it; repetitions of it are not counted."""

    at: float
    source: Source
    request: Request


class Peer(Protocol):
    """What a wire leads to."""

    def heard(self, request: Request, flow: Flow, source: Source, now: float) -> list[str]:
        """A request arrived from `source`; the responses."""


@dataclass
class Registrar:
    """Keeps the bindings of one user. `script` has answers that go before any thought:
    (status, header lines). `grant_s` is the most it grants, `nonces` how many uses one has."""

    password: str = "secret"
    realm: str = "example.com"
    challenge: int = 401
    grant_s: int = 3600
    min_s: int = 60
    nonce_uses: float = NEVER
    silent_until: float = 0.0
    drops: frozenset[str] = frozenset()
    script: list[Answer] = field(default_factory=list)
    ok_lines: tuple[str, ...] = ()
    lists_bindings: bool = True
    says_where: bool = True
    rewrite: Callable[[str], str] = str
    log: list[Heard] = field(default_factory=list)
    bindings: dict[str, float] = field(default_factory=dict)
    lapses: list[float] = field(default_factory=list)
    _cseq: int = 0
    _nonces: dict[str, int] = field(default_factory=dict)
    _answered: dict[str, str] = field(default_factory=dict)

    # --- what tests look at -----------------------------------------------------------------

    def requests(self, method: str = "REGISTER") -> list[Request]:
        return [heard.request for heard in self.log if heard.request.method == method]

    def times(self, method: str = "REGISTER") -> list[float]:
        return [heard.at for heard in self.log if heard.request.method == method]

    def bound(self, now: float) -> list[str]:
        """The Contacts that a call would be forked to."""
        return [contact for contact, until in self.bindings.items() if until > now]

    def restart(self, now: float, silent_s: float = 0.0) -> None:
        """Forget everything, and answer nothing for a while."""
        self.bindings.clear()
        self._nonces.clear()
        self._answered.clear()
        self._cseq = 0
        self.silent_until = now + silent_s

    # --- the work -----------------------------------------------------------------------------

    def heard(self, request: Request, flow: Flow, source: Source, now: float) -> list[str]:
        if now < self.silent_until or request.method in self.drops:
            return []
        branch = request.vias[0].branch
        if branch not in self._answered:
            self.log.append(Heard(now, source, request))
            self._answered[branch] = self._answer(request, source, now)
        return [self._answered[branch]]

    def _answer(self, request: Request, source: Source, now: float) -> str:
        if self.script:
            status, lines = self.script.pop(0)
            return reply(request, status, lines, source, says_where=self.says_where)
        status, lines = self._decide(request, now)
        return reply(request, status, lines, source, says_where=self.says_where)

    def _decide(self, request: Request, now: float) -> tuple[int, tuple[str, ...]]:
        if request.method != "REGISTER":
            return 200, ()
        if self.challenge and not self._proven(request):
            return self.challenge, (self._challenge(),)
        if request.cseq.number <= self._cseq:
            return 500, ()  # RFC 3261 section 10.3, step 7
        self._cseq = request.cseq.number
        wishes = [(str(one.uri), int(one.params["expires"] or 0)) for one in request.contacts]
        if any(0 < seconds < self.min_s for _, seconds in wishes):
            return 423, (f"Min-Expires: {self.min_s}",)
        for contact, seconds in wishes:
            self._bind(contact, min(seconds, self.grant_s), now)
        return 200, (*self._listing(now), *self.ok_lines)

    def _bind(self, contact: str, seconds: int, now: float) -> None:
        until = self.bindings.get(contact)
        if until is not None and until <= now:
            self.lapses.append(until)
        if seconds:
            self.bindings[contact] = now + seconds
        else:
            self.bindings.pop(contact, None)

    def _listing(self, now: float) -> tuple[str, ...]:
        if not self.lists_bindings:
            return ()
        left = [
            f"<{self.rewrite(contact)}>;expires={int(until - now)}"
            for contact, until in self.bindings.items()
            if until > now
        ]
        return (f"Contact: {', '.join(left)}",) if left else ()

    # --- digest (RFC 2617), written down once more so that it is not our own word -----------------

    def _challenge(self) -> str:
        nonce = md5(f"nonce{next(_nonces)}")
        self._nonces[nonce] = 0
        name = "WWW-Authenticate" if self.challenge == 401 else "Proxy-Authenticate"
        return (
            f'{name}: Digest realm="{self.realm}", nonce="{nonce}", opaque="abc", '
            'algorithm=MD5, qop="auth"'
        )

    def _proven(self, request: Request) -> bool:
        name = "authorization" if self.challenge == 401 else "proxy-authorization"
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get(name) or ""))
        nonce = given.get("nonce", "")
        if nonce not in self._nonces or self._nonces[nonce] >= self.nonce_uses:
            return False
        a1 = md5(f"{given['username']}:{self.realm}:{self.password}")
        a2 = md5(f"{request.method}:{given['uri']}")
        wanted = md5(f"{a1}:{nonce}:{given['nc']}:{given['cnonce']}:auth:{a2}")
        good = (
            given["response"] == wanted
            and given["opaque"] == "abc"
            and int(given["nc"], 16) > self._nonces[nonce]
        )
        if good:
            self._nonces[nonce] = int(given["nc"], 16)
        return good


def reply(
    request: Request,
    status: int,
    lines: Iterable[str] = (),
    source: Source | None = None,
    *,
    says_where: bool = True,
    tag: str = "reg",
) -> str:
    """A response, with the address that the request came from in the top Via (RFC 3581)."""
    via = request.headers.get("via") or ""
    if source is not None and says_where:
        via = via.replace(";rport", f";received={source[0]};rport={source[1]}")
    to = request.headers.get("to") or ""
    head = [
        f"SIP/2.0 {status} Words",
        f"Via: {via}",
        f"From: {request.headers.get('from')}",
        f"To: {to}" if ";tag=" in to else f"To: {to};tag={tag}",
        f"Call-ID: {request.call_id}",
        f"CSeq: {request.headers.get('cseq')}",
        *lines,
    ]
    return "\r\n".join([*head, "Content-Length: 0", "", ""])


class Wire:
    """Moves messages between a world and the peers at some addresses; time passes in `run`.

    `nat` is the address that peers see where ours is private, `port` the one beside it. `loss` is
    the chance of a datagram to be lost, each way.
    """

    def __init__(
        self,
        world: World,
        peers: dict[str, Peer],
        *,
        loss: float = 0.0,
        seed: int = 0,
        nat: str | None = None,
        port: int | str | None = None,
    ) -> None:
        self.world = world
        self.peers = peers
        self.loss = loss
        self.nat = nat
        self.nat_for: dict[str, str] = {}
        """What single peers see instead."""
        self.nat_now: Callable[[], str] | None = None
        self.port = port
        self.sent: list[tuple[float, Flow, Request | Response]] = []
        self._chance = random.Random(seed)
        self._way: list[tuple[float, int, str, Flow, Request | str]] = []
        self._serial = count()

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Let time pass, at most until something is true."""
        world, end = self.world, self.world.now + seconds
        self._collect()
        while until is None or not until():
            times = [self._way[0][0]] if self._way else []
            deadline = world.stack.next_deadline()
            times += [] if deadline is None else [max(deadline, world.now)]
            if not times or min(times) > end:
                break
            world.now = min(times)
            self._deliver()
            world.stack.handle_deadline(world.now)
            self._collect()
        else:
            return
        world.now = end

    def requests(self, method: str) -> list[Request]:
        """What the stack has sent by that method, every datagram."""
        return [m for _, _, m in self.sent if isinstance(m, Request) and m.method == method]

    def _deliver(self) -> None:
        while self._way and self._way[0][0] <= self.world.now:
            _, _, kind, flow, what = heappop(self._way)
            if kind == "in":
                assert isinstance(what, str)
                self.world.stack.receive(what.encode(), flow, self.world.now, known=False)
            else:
                assert isinstance(what, Request)
                self._arrive(what, flow)

    def _arrive(self, request: Request, flow: Flow) -> None:
        peer = self.peers.get(flow.remote[0])
        if peer is None:
            return
        nat = self.nat_for.get(flow.remote[0], self.nat if self.nat_now is None else self.nat_now())
        host = flow.local[0] if nat is None else nat
        source = (host, self.port or flow.local[1])
        for text in peer.heard(request, flow, source, self.world.now):
            self._put("in", flow, text)

    def _collect(self) -> None:
        for flow, message in self.world.sent_to():
            self.sent.append((self.world.now, flow, message))
            if isinstance(message, Request):
                self._put("out", flow, message)

    def _put(self, kind: str, flow: Flow, what: Request | str) -> None:
        if self._chance.random() >= self.loss:
            heappush(self._way, (self.world.now + 0.02, next(self._serial), kind, flow, what))


class Office:
    """A world with one account, its registrar and the wire between them, started."""

    def __init__(
        self,
        *,
        registrar: Registrar | None = None,
        loss: float = 0.0,
        seed: int = 0,
        nat: str | None = None,
        path: Flow = PATH,
        settings: StackSettings | None = None,
        start: bool = True,
        **changes: Any,
    ) -> None:
        self.account = replace(ACCOUNT, **changes)
        settings = replace(settings or StackSettings(), accounts=(self.account,))
        self.world = World(settings)
        self.world.dns["example.com"] = [path]
        self.registrar = registrar or Registrar()
        self.wire = Wire(self.world, {REGISTRAR[0]: self.registrar}, loss=loss, seed=seed, nat=nat)
        if start:
            self.world.stack.start(self.world.now)
            self.run(0.5)

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        self.wire.run(seconds, until)

    @property
    def status(self) -> RegistrationStatus:
        (status,) = self.world.stack.registrations
        return status

    @property
    def bound(self) -> list[str]:
        return self.registrar.bound(self.world.now)
