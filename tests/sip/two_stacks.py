"""Two stacks and a network between them that loses, repeats, reorders and breaks connections.

Nothing moves by itself: what is sent lies on the wire until somebody delivers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.sip import (
    Account,
    Answered,
    Event,
    Flow,
    InboundAuth,
    IncomingCall,
    InviteSession,
    LocalMedia,
    NotAcceptable,
    Referral,
    Request,
    Session,
    SessionEnded,
    SessionOver,
    Stack,
    StackSettings,
    TransferRequested,
    parse,
)
from gateway.sip.transaction import T4, TIMEOUT

HOSTS = ("192.0.2.1", "192.0.2.2")


def open_to_all(side: int) -> StackSettings:
    """Every extension is on; session timers go off within minutes."""
    return StackSettings(profile="full", session_expires_s=600)


def with_passwords(side: int) -> StackSettings:
    """The same, and each end asks the other for a password."""
    accounts = tuple(
        Account(name, "u", HOSTS[1 - side], "p", register=False, transport=name)
        for name in ("udp", "tcp")
    )
    auth = InboundAuth("r", {"u": "p"}, nonce_lifetime_s=60.0)
    return StackSettings(profile="full", session_expires_s=600, accounts=accounts, auth=auth)


class SideTokens:
    """Tokens that differ between the two ends and are the same in every run."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._next = 0

    def hex(self, nbytes: int) -> str:
        self._next += 1
        value = (2 * self._next + self._side) * 0x9E3779B97F4A7C15
        return f"{value % (1 << 8 * nbytes):0{2 * nbytes}x}"


@dataclass(eq=False)
class Connection:
    """A TCP connection as each end knows it: the flow of side 0, and that of side 1."""

    flows: tuple[Flow, Flow]


@dataclass(eq=False)
class Parcel:
    """One message on its way."""

    sent: float
    to: int
    data: bytes
    flow: Flow  # as the receiver sees it
    key: object
    connection: Connection | None = None


@dataclass(eq=False)
class End:
    """One of the two, and what it was told."""

    stack: Stack
    media: LocalMedia
    sessions: list[Session] = field(default_factory=list)
    told: dict[Session, list[str]] = field(default_factory=lambda: defaultdict(list))
    referrals: list[Referral] = field(default_factory=list)


class Network:
    """Both ends, their common clock, and the wire."""

    def __init__(self, settings: Callable[[int], StackSettings] = open_to_all) -> None:
        self.now = 1000.0
        self.ends = [
            End(
                Stack(settings(side), SideTokens(side)),
                LocalMedia(host, 10000, session_id=side + 1),
            )
            for side, host in enumerate(HOSTS)
        ]
        self.wire: list[Parcel] = []
        self.connections: list[Connection] = []
        self.reachable = True  # whether new connections can be made
        self.finals: dict[tuple[int, str, str], tuple[float, int]] = {}
        self.contradictions: list[tuple[int, str, str, int, int]] = []
        self._port = 40000

    # --- what the ends do --------------------------------------------------------------------

    def place(self, side: int, transport: str) -> None:
        """That end calls the other one."""
        end = self.ends[side]
        to = f"sip:phone@{HOSTS[1 - side]};transport={transport}"
        account = transport if end.stack.settings.accounts else None
        end.sessions.append(end.stack.place_call(to, account, end.media, self.now))
        self.settle()

    def serve(self, session: InviteSession, end: End, deed: str) -> None:
        """Ring, answer or reject an incoming call."""
        if session.state not in {"incoming", "ringing"}:
            return
        if deed == "reject":
            session.reject(486, self.now)
        else:
            try:
                session.prepare(end.media, self.now)
            except NotAcceptable as error:
                session.reject(error.status, self.now)
            else:
                getattr(session, deed)(self.now)
        self.settle()

    # --- the network -------------------------------------------------------------------------

    def settle(self) -> None:
        """Take what both ends have to say, until they have nothing left to say."""
        for _ in range(200):
            moved = [self._take(side) for side in (0, 1)]
            if not any(moved):
                return
        raise AssertionError("the two never come to rest")

    def _take(self, side: int) -> bool:
        end = self.ends[side]
        events = 0
        while (event := end.stack.next_event()) is not None:
            self._hear(end, event)
            events += 1
        lookups, datagrams = end.stack.to_resolve(), end.stack.to_send()
        for lookup in lookups:
            target = lookup.target
            local, remote = (HOSTS[side], 5060), (target.host, target.port or 5060)
            flow = Flow(target.transport or "udp", local, remote)
            end.stack.resolved(lookup.key, [flow], self.now)
        for data, flow, key in datagrams:
            self._note(side, data)
            self._post(side, data, flow, key)
        return bool(events or lookups or datagrams)

    def deliver(self, parcel: Parcel, *, keep: bool = False) -> None:
        """Bring it to its end, unless it is older than any datagram gets; streams keep order."""
        if parcel.connection is not None:
            parcel = next(one for one in self.wire if one.connection is parcel.connection)
        late = self.now - parcel.sent >= T4
        if late or not keep or parcel.connection is not None:
            self.wire.remove(parcel)
        if not late or parcel.connection is not None:
            self.ends[parcel.to].stack.receive(parcel.data, parcel.flow, self.now)
            self.settle()

    def deliver_all(self) -> None:
        """Everything in order, and what follows of it."""
        while self.wire:
            self.deliver(self.wire[0])

    def lose(self, parcel: Parcel, *, told: bool) -> None:
        """A datagram is lost; `told`: its sender hears of it, which ends a server transaction
        (RFC 3261 figures 7 and 8): a repetition of its request is then a new one."""
        self.wire.remove(parcel)
        if told:
            self.finals.pop(_where(1 - parcel.to, parcel.data), None)
            self.ends[1 - parcel.to].stack.transport_failed(parcel.key, "unreachable", self.now)
            self.settle()

    def cut(self, connection: Connection) -> None:
        """A connection breaks, with all that is on it."""
        self.connections.remove(connection)
        lost = [parcel for parcel in self.wire if parcel.connection is connection]
        self.wire = [parcel for parcel in self.wire if parcel.connection is not connection]
        for side, end in enumerate(self.ends):
            end.stack.connection_lost(connection.flows[side], self.now)
        for parcel in lost:
            self.ends[1 - parcel.to].stack.transport_failed(parcel.key, "reset", self.now)
        self.settle()

    def _post(self, side: int, data: bytes, flow: Flow, key: object) -> None:
        host, port = flow.remote
        if host not in HOSTS or HOSTS.index(host) == side:
            raise AssertionError(f"nobody is at {flow}")
        if flow.transport == "udp":
            assert port == 5060
            seen = Flow("udp", (host, 5060), (HOSTS[side], 5060))
            self.wire.append(Parcel(self.now, 1 - side, data, seen, key))
            return
        connection = self._connection(side, flow)
        if connection is None:
            self.ends[side].stack.transport_failed(key, "connection refused", self.now)
        else:
            seen = connection.flows[1 - side]
            self.wire.append(Parcel(self.now, 1 - side, data, seen, key, connection))

    def _connection(self, side: int, flow: Flow) -> Connection | None:
        for connection in self.connections:
            if connection.flows[side] == flow:
                return connection
        if flow.accepted or not self.reachable:
            return None
        self._port += 1
        theirs = Flow("tcp", flow.remote, (HOSTS[side], self._port), accepted=True)
        connection = Connection((flow, theirs) if side == 0 else (theirs, flow))
        self.connections.append(connection)
        return connection

    # --- time ----------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """Of both ends."""
        times = [end.stack.next_deadline() for end in self.ends]
        return min((at for at in times if at is not None), default=None)

    def pass_time(self, seconds: float) -> None:
        """Timers run when they are due; nothing is delivered meanwhile."""
        until = self.now + seconds
        while (at := self.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self._run_timers()
        self.now = until

    def jump(self, seconds: float) -> None:
        """Both ends were stalled for so long and find all their timers due at once."""
        self.now += seconds
        self._run_timers()

    def _run_timers(self) -> None:
        for end in self.ends:
            end.stack.handle_deadline(self.now)
        self.settle()

    # --- what is seen --------------------------------------------------------------------------

    def _hear(self, end: End, event: Event) -> None:
        session = getattr(event, "session", None)
        if session is None:
            return
        if isinstance(event, IncomingCall):
            end.sessions.append(event.session)
        if isinstance(event, TransferRequested):
            end.referrals.append(event.transfer)
        end.told[session].append(type(event).__name__)

    def _note(self, side: int, data: bytes) -> None:
        message = parse(data)
        if isinstance(message, Request) or message.status < 200:
            return
        where = _where(side, data)
        since, before = self.finals.get(where, (self.now, message.status))
        if self.now - since >= TIMEOUT:
            # The transaction is forgotten by now: a late repetition is a new request.
            since, before = self.now, message.status
        self.finals[where] = since, before
        if before != message.status:
            self.contradictions.append((*where, before, message.status))


def _where(side: int, data: bytes) -> tuple[int, str, str]:
    """The transaction of a message that this side sends."""
    message = parse(data)
    return side, message.vias[0].branch, message.cseq.method


ONCE = (IncomingCall.__name__, Answered.__name__, SessionEnded.__name__, SessionOver.__name__)
