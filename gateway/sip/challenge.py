"""The challenges of a 401 or 407 that can be answered (RFC 7616 section 3.3, RFC 8760)."""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.errors import RemoteProtocolError
from gateway.sip.digest import Algorithm, Params, find_algorithm, parse_challenges
from gateway.sip.message import Response

# Bounds on what a peer may make us look at and give back, in challenges and in characters.
_CHALLENGES: Final = 16
_PART: Final = 1024

# Section 22.1 to 22.3 of RFC 3261: a forking proxy gathers both kinds in one response.
_ANSWERS: Final = {
    "www-authenticate": "Authorization",
    "proxy-authenticate": "Proxy-Authorization",
}


class Challenge(NamedTuple):
    """One challenge, and how we would answer it.

    `header` is the name of the header line of the answer. `spelled` is the algorithm as the peer
    writes it, "" when it does not. `qop` is the one that we choose, "" for RFC 2069's form.
    """

    header: str
    realm: str
    nonce: str
    algorithm: Algorithm
    spelled: str
    qop: str
    opaque: str | None
    stale: bool
    utf8: bool
    hash_user: bool


def read_challenges(response: Response) -> list[Challenge]:
    """One challenge for each kind and realm: the topmost that we can answer.

    RFC 8760 section 2.4: the order is the server's preference. Basic is never answered, since it
    would show the password. Raises RemoteProtocolError, which says why there is none.
    """
    chosen: dict[tuple[str, str], Challenge] = {}
    problems: list[str] = []
    for header, scheme, given in _all_challenges(response):
        try:
            challenge = _read(header, scheme, given)
        except RemoteProtocolError as error:
            problems.append(str(error))
        else:
            chosen.setdefault((header, challenge.realm), challenge)
    if not chosen:
        raise RemoteProtocolError(problems[0] if problems else "no challenge came with it")
    return list(chosen.values())


def nonce_problem(nonce: str) -> str:
    """Why a nonce cannot be used, "" when it can."""
    return _problem("nonce", nonce) or ("" if nonce else "a challenge without a nonce")


def _all_challenges(response: Response) -> list[tuple[str, str, Params]]:
    found = [
        (header, scheme, given)
        for name, header in _ANSWERS.items()
        for line in response.headers.get_all(name)
        for scheme, given in parse_challenges(line)
    ]
    return found[:_CHALLENGES]


def _read(header: str, scheme: str, given: Params) -> Challenge:
    if scheme != "digest":
        raise RemoteProtocolError(f"the peer asks by a scheme that is not answered: {scheme[:40]}")
    _check(given)
    spelled = given.get("algorithm", "")
    algorithm = find_algorithm(spelled or "MD5")
    if algorithm is None:
        raise RemoteProtocolError(f"no algorithm in common: the peer wants {spelled[:40]!r}")
    return Challenge(
        header=header,
        realm=given["realm"],
        nonce=given["nonce"],
        algorithm=algorithm,
        spelled=spelled,
        qop=_choose_qop(given.get("qop", "")),
        opaque=given.get("opaque"),
        stale=given.get("stale", "").lower() == "true",
        utf8=given.get("charset", "").lower() == "utf-8",
        hash_user=given.get("userhash", "").lower() == "true",
    )


def _check(given: Params) -> None:
    if "realm" not in given:
        raise RemoteProtocolError("a challenge without a realm")
    problem = nonce_problem(given.get("nonce", ""))
    for name in ("realm", "opaque"):
        problem = problem or _problem(name, given.get(name, ""))
    if problem:
        raise RemoteProtocolError(problem)


def _problem(name: str, value: str) -> str:
    if len(value) > _PART:
        return f"a challenge whose {name} has {len(value)} characters; {_PART} are allowed"
    if any(char < " " or char == "\x7f" for char in value):
        return f"a challenge with control characters in its {name}"
    return ""


def _choose_qop(offered: str) -> str:
    """auth where it is offered: auth-int breaks where a proxy changes the body."""
    if not offered.strip():
        return ""
    options = [option.strip().lower() for option in offered.split(",")]
    for ours in ("auth", "auth-int"):
        if ours in options:
            return ours
    raise RemoteProtocolError(f"no qop in common: the peer wants {offered[:40]!r}")
