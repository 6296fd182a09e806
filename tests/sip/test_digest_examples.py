"""The examples of the RFCs, and the challenges of Twilio's captures, as rows.

The responses of the rows that no RFC has were computed with md5sum, sha256sum and openssl.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.sip import Headers, Request, Response, parse
from gateway.sip.digest import Proof, find_algorithm, parse_challenges, response_of, secret_key
from gateway.sip.digest_client import Credentials

from .harness import CountingTokens


class Example(NamedTuple):
    """One row: what is given, and the response."""

    source: str
    algorithm: str
    user: tuple[str, str, str]
    proof: Proof
    response: str


MUFASA_7616 = ("Mufasa", "http-auth@example.org", "Circle of Life")
GET_7616 = Proof(
    "GET",
    "/dir/index.html",
    b"",
    "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "00000001",
    "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "auth",
)
JASON = ("J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?")
GET_JASON = Proof(
    "GET",
    "/doe.json",
    b"",
    "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    "00000001",
    "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    "auth",
)
NONCE_2617 = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
MUFASA_2617 = ("Mufasa", "testrealm@host.com", "Circle Of Life")
GET_2617 = Proof("GET", "/dir/index.html", b"", NONCE_2617, "00000001", "0a4f113b", "auth")
GET_2069 = Proof("GET", "/dir/index.html", b"", NONCE_2617)

BOB = ("bob", "biloxi.com", "zanzibar")
SIP = Proof(
    "REGISTER",
    "sip:biloxi.com",
    b"",
    "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    "00000001",
    "0a4f113b",
    "auth",
)
INVITE = SIP._replace(method="INVITE", uri="sip:bob@biloxi.com", qop="auth-int")

EXAMPLES = [
    Example("7616-3.9.1", "MD5", MUFASA_7616, GET_7616, "8ca523f5e9506fed4657c9700eebdbec"),
    Example(
        "7616-3.9.1",
        "SHA-256",
        MUFASA_7616,
        GET_7616,
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    ),
    # Erratum 4897: the response that is printed there is not one of SHA-512/256.
    Example(
        "7616-3.9.2",
        "SHA-512-256",
        JASON,
        GET_JASON,
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    ),
    Example("2617-3.5", "MD5", MUFASA_2617, GET_2617, "6629fae49393a05397450978507c4ef1"),
    # Erratum 749: the response that is printed there is another password's.
    Example(
        "2069-2.4",
        "MD5",
        ("Mufasa", "testrealm@host.com", "CircleOfLife"),
        GET_2069,
        "1949323746fe6a43ef61f9606e7febea",
    ),
    Example("sip", "MD5", BOB, SIP, "9e2d1006810044fd79f39476209ae31a"),
    Example(
        "sip",
        "SHA-256",
        BOB,
        SIP,
        "93e0e23c30bf2e3b139a3410a7edc9a5b15b1cfd8fd557ca8ee303e4372339a1",
    ),
    Example(
        "sip",
        "SHA-512-256",
        BOB,
        SIP,
        "4bf969d821d66b375c5b96ab92a04ea44a9f7a2a259b9351753b177ccd0cd062",
    ),
    Example("sip-sess", "MD5-sess", BOB, SIP, "d20652dbd76d31d860900c50052719f5"),
    Example(
        "sip-sess",
        "SHA-256-sess",
        BOB,
        SIP,
        "c7a3482824c9edb1f43c541a2b65b28ac79600c0718ae1c33ad53facdeb09577",
    ),
    Example(
        "sip-no-body",
        "SHA-256",
        BOB,
        INVITE,
        "3985ceb21e3aee19764bf4d9659738c507c12293dd692d31387928ccc2159763",
    ),
    Example(
        "sip-body",
        "SHA-256",
        BOB,
        INVITE._replace(body=b"v=0\r\n"),
        "554a9ffe79ce71c3cb6c9630deddd2787d8033f895e5cdef6a73c8e84ed4c979",
    ),
    Example(
        "sip-body", "MD5", BOB, INVITE._replace(body=b"v=0\r\n"), "77226bb823dc077c1ad3537415667bae"
    ),
]


def _id(example: Example) -> str:
    return f"{example.source}-{example.algorithm}"


class FixedTokens:
    """The cnonce of an example."""

    def __init__(self, token: str) -> None:
        self._token = token

    def hex(self, nbytes: int) -> str:
        return self._token


def challenge_response(line: str, name: str = "WWW-Authenticate", status: int = 401) -> Response:
    lines = [("Call-ID", "a"), ("CSeq", "1 REGISTER"), (name, line)]
    return Response(status, "", Headers(lines))


@pytest.mark.parametrize("example", EXAMPLES, ids=_id)
def test_the_calculation(example: Example) -> None:
    algorithm = find_algorithm(example.algorithm)
    assert algorithm is not None
    session = (example.proof.nonce, example.proof.cnonce)
    key = secret_key(algorithm, *example.user, session)
    assert response_of(algorithm, key, example.proof) == example.response


@pytest.mark.parametrize("example", EXAMPLES, ids=_id)
def test_the_client(example: Example) -> None:
    username, realm, password = example.user
    proof = example.proof
    qop = f', qop="{proof.qop}"' if proof.qop else ""
    line = f'Digest realm="{realm}", nonce="{proof.nonce}", algorithm={example.algorithm}{qop}'
    credentials = Credentials(username, password, FixedTokens(proof.cnonce))
    assert credentials.challenged(challenge_response(line), 0.0) == ""
    ((name, answer),) = credentials.authorize(proof.method, proof.uri, proof.body)
    assert name == "Authorization"
    ((scheme, given),) = parse_challenges(answer)
    assert (scheme, given["response"]) == ("digest", example.response)


def test_rfc_7616_3_9_2_whole() -> None:
    line = (
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        f'nonce="{GET_JASON.nonce}", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", '
        "charset=UTF-8, userhash="
    )
    name, _, password = JASON
    hashed = Credentials(name, password, FixedTokens(GET_JASON.cnonce))
    assert hashed.challenged(challenge_response(line + "true"), 0.0) == ""
    ((_, answer),) = hashed.authorize("GET", "/doe.json", b"")
    assert answer == (
        'Digest username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", '
        'userhash=true, realm="api@example.org", '
        f'nonce="{GET_JASON.nonce}", uri="/doe.json", '
        'response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", '
        f'algorithm=SHA-512-256, cnonce="{GET_JASON.cnonce}", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", qop=auth, nc=00000001'
    )
    plain = Credentials(name, password, FixedTokens(GET_JASON.cnonce))
    assert plain.challenged(challenge_response(line + "false"), 0.0) == ""
    ((_, answer),) = plain.authorize("GET", "/doe.json", b"")
    assert "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=" in answer


@pytest.mark.parametrize(
    "name", ["05_407_invite_from_twilio_tls.sip", "24_407_invite_from_twilio_2025.sip"]
)
def test_twilio_40_the_407_of_a_capture_is_answered(captures: Path, name: str) -> None:
    challenge = parse((captures / name).read_bytes())
    assert isinstance(challenge, Response)
    credentials = Credentials("grable", "secret", CountingTokens())
    assert credentials.authorize("INVITE", "sip:+1@x", b"") == []
    assert credentials.challenged(challenge, 0.0) == ""
    ((header, answer),) = credentials.authorize("INVITE", "sip:+1@x", b"")
    assert header == "Proxy-Authorization"
    asked = parse_challenges(challenge.headers.get("Proxy-Authenticate") or "")[0][1]
    given = parse_challenges(answer)[0][1]
    for part in ("realm", "nonce", "opaque"):
        assert given[part] == asked[part]
    assert "algorithm" not in given
    assert "qop=auth," in answer
    assert answer.endswith("nc=00000001")


def test_twilio_40_the_answer_has_the_parts_of_one_that_was_accepted(captures: Path) -> None:
    challenge = parse((captures / "05_407_invite_from_twilio_tls.sip").read_bytes())
    accepted = parse((captures / "07_invite_to_twilio_tls_srtp_digest.sip").read_bytes())
    assert isinstance(challenge, Response)
    assert isinstance(accepted, Request)
    good = accepted.headers.get("Proxy-Authorization") or ""
    given = parse_challenges(good)[0][1]
    credentials = Credentials(given["username"], "secret", FixedTokens(given["cnonce"]))
    assert credentials.challenged(challenge, 0.0) == ""
    ((_, ours),) = credentials.authorize("INVITE", str(accepted.uri), accepted.body)
    anything = r'response="[0-9a-f]{32}"'
    assert re.sub(anything, "", ours) == re.sub(anything, "", good)
    assert re.search(anything, ours)


def test_twilio_19_no_second_try_with_the_same_nonce(captures: Path) -> None:
    challenge = parse((captures / "05_407_invite_from_twilio_tls.sip").read_bytes())
    assert isinstance(challenge, Response)
    credentials = Credentials("grable", "secret", CountingTokens())
    assert credentials.challenged(challenge, 0.0) == ""
    credentials.authorize("INVITE", "sip:+1@x", b"")
    assert credentials.challenged(challenge, 0.1) == (
        "the password for realm 'sip.twilio.com' was refused"
    )
    assert credentials.authorize("INVITE", "sip:+1@x", b"") == []
