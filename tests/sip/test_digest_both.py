"""Our client against our server: whatever is configured, the right password gets in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sip import Headers, InboundAuth, Request, Response
from gateway.sip.digest_client import Credentials
from gateway.sip.digest_server import Digest
from gateway.sip.verdict import Verdict

from .harness import CountingTokens

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
URIS = st.sampled_from(["sip:600@example.com", "sip:%C3%A9@[2001:db8::1]:5070;transport=tls"])


@st.composite
def auths(draw: st.DrawFn) -> InboundAuth:
    algorithms = draw(st.lists(st.sampled_from(InboundAuth.ALGORITHMS), min_size=1, unique=True))
    qops = draw(st.lists(st.sampled_from(InboundAuth.QOPS), unique=True))
    return InboundAuth(
        realm=draw(TEXT),
        users={draw(TEXT): draw(TEXT), "other": "password"},
        proxy=draw(st.booleans()),
        algorithms=tuple(algorithms),
        qops=tuple(qops),
        next_nonce=draw(st.booleans()),
    )


class Line:
    """A client and a server, and time."""

    def __init__(self, auth: InboundAuth, password: str | None = None) -> None:
        self.auth = auth
        name, right = next(iter(auth.users.items()))
        self.client = Credentials(name, right if password is None else password, CountingTokens())
        self.server = Digest(auth, "secret", CountingTokens(), failed_logins=3)
        self.now = 1000.0
        self.rounds = 0
        self.words = ""

    def call(self, uri: str, body: bytes, shuffled: st.DataObject | None = None) -> bool:
        """Send a request until it is accepted or given up."""
        for self.rounds in range(1, 9):
            lines = self.client.authorize("INVITE", uri, body)
            if shuffled is not None:
                lines = [(name, reordered(line, shuffled)) for name, line in lines]
            request = Request("INVITE", uri, Headers([("Call-ID", "a"), *lines]), body)
            verdict = self.server.check(request, "192.0.2.1", self.now)
            if self.heard(verdict, request):
                return verdict.accepted
        raise AssertionError("no end")

    def heard(self, verdict: Verdict, request: Request) -> bool:
        """Take the answer; whether it was the last."""
        lines = [("Call-ID", "a"), ("CSeq", "1 INVITE")]
        if verdict.challenges:
            headers = Headers([*lines, *verdict.challenges])
            self.words = self.client.challenged(Response(self.server.status, "", headers), self.now)
            return bool(self.words)
        if verdict.accepted:
            lines += self.server.next_nonce(request, self.now)
        self.client.answered(Response(200 if verdict.accepted else 403, "", Headers(lines)))
        return True


def reordered(line: str, data: st.DataObject) -> str:
    """The parameters in another order."""
    parts: list[str] = [""]
    quoted = False
    for at, char in enumerate(line.removeprefix("Digest ")):
        escaped = at and line.removeprefix("Digest ")[:at].endswith("\\")
        quoted ^= char == '"' and not escaped
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return "Digest " + ",".join(data.draw(st.permutations(parts)))


@given(auths(), st.data())
@settings(deadline=None)
def test_the_right_password_gets_in(auth: InboundAuth, data: st.DataObject) -> None:
    line = Line(auth)
    for _ in range(data.draw(st.integers(1, 6))):
        line.now += data.draw(st.sampled_from([0.0, 0.5, 299.0, 301.0]))
        assert line.call(data.draw(URIS), data.draw(st.binary(max_size=40)))
        assert line.rounds <= 2


@given(auths().filter(lambda auth: "\\" not in f"{auth.realm}{auth.users}"), st.data())
@settings(deadline=None)
def test_the_order_of_parameters_does_not_matter(auth: InboundAuth, data: st.DataObject) -> None:
    assert Line(auth).call("sip:600@example.com", b"", data)


@given(auths(), TEXT)
@settings(deadline=None)
def test_a_wrong_password_never_does(auth: InboundAuth, password: str) -> None:
    if password in auth.users.values():
        password += "x"
    line = Line(auth, password)
    for _ in range(5):
        assert not line.call("sip:600@example.com", b"")
        assert line.rounds <= 4
        line.now += 0.1
    line.now += 61.0
    honest = Line(auth)
    honest.server, honest.now = line.server, line.now
    assert honest.call("sip:600@example.com", b"")


@given(auths(), st.lists(st.sampled_from([0.0, 1.0, 100.0, 400.0]), min_size=2, max_size=8))
@settings(deadline=None)
def test_a_recorded_request_never_gets_in_again(auth: InboundAuth, pauses: list[float]) -> None:
    line = Line(auth)
    line.call("sip:600@example.com", b"")
    recorded = line.client.authorize("INVITE", "sip:600@example.com", b"")
    request = Request("INVITE", "sip:600@example.com", Headers([("Call-ID", "b"), *recorded]))
    first = line.server.check(request, "192.0.2.1", line.now)
    assert first.accepted == bool(auth.qops) or auth.next_nonce
    for pause in pauses:
        line.now += pause
        line.call("sip:600@example.com", b"")
        assert not line.server.check(request, "192.0.2.1", line.now).accepted
