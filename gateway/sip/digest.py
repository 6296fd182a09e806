"""The digest calculation, for client and server alike (RFC 7616; for SIP, RFC 8760).

Hashes by their registered names, H(A1), the response, and the parameter lists that challenges and
credentials are written in. Nothing here remembers anything.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from gateway.sip.grammar import LWS, QUOTED, TOKEN, unquote

# Registered name -> hashlib's, weakest first. SHA-512-256 is SHA-512/256 of FIPS 180-4: the RFC's
# own example had it wrong (erratum 4897).
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_SESSION = "-SESS"

# What stands between commas; a quote that is never closed takes the rest, so that this is linear.
_elements = re.compile(rf'(?:{QUOTED}|[^",]++|".*+)++', re.DOTALL).findall

# auth-param = auth-param-name EQUAL ( token / quoted-string ); bare values with "/" or "=" are seen
_is_param = re.compile(rf"{LWS}({TOKEN}++){LWS}={LWS}({QUOTED}|[^\s,\"]*+){LWS}").fullmatch

# challenge = auth-scheme LWS auth-param *( COMMA auth-param )
_is_start = re.compile(rf"{LWS}({TOKEN}++)(?:[ \t]++(.*+))?+").fullmatch

Params = dict[str, str]


class Algorithm(NamedTuple):
    """One algorithm of RFC 7616. `session`: its -sess form. A greater `strength` is better."""

    hash_name: str
    session: bool
    strength: int

    def hash(self, data: str | bytes) -> str:
        """H(data) in hex; text counts as the bytes that it has on the wire."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        return hashlib.new(self.hash_name, raw, usedforsecurity=False).hexdigest()


def find_algorithm(name: str) -> Algorithm | None:
    """The algorithm of that name, in any case; None when it is unknown or OpenSSL lacks it."""
    base = name.upper()
    plain = base.removesuffix(_SESSION)
    hash_name = _HASHES.get(plain)
    if hash_name is None or not _available(hash_name):
        return None
    return Algorithm(hash_name, plain != base, list(_HASHES).index(plain))


def _available(hash_name: str) -> bool:
    try:
        hashlib.new(hash_name, usedforsecurity=False)
    except ValueError:
        return False
    return True


class Proof(NamedTuple):
    """What a response vouches for. `qop` "" is RFC 2069's form, which has no `nc` and `cnonce`."""

    method: str
    uri: str
    body: bytes
    nonce: str
    nc: str = ""
    cnonce: str = ""
    qop: str = ""


def secret_key(
    algorithm: Algorithm, username: str, realm: str, password: str, session: tuple[str, str]
) -> str:
    """H(A1) of RFC 7616 section 3.4.2.

    `session` has the nonce and the cnonce that began the session; only -sess forms look at it.
    """
    key = algorithm.hash(f"{username}:{realm}:{password}")
    return algorithm.hash(f"{key}:{session[0]}:{session[1]}") if algorithm.session else key


def response_of(algorithm: Algorithm, key: str, proof: Proof) -> str:
    """The response of RFC 7616 section 3.4.1 for H(A1) = `key`."""
    what = f"{proof.method}:{proof.uri}"
    if proof.qop.lower() == "auth-int":
        # RFC 3261 section 22.4: without a body, the hash of the empty string.
        what += f":{algorithm.hash(proof.body)}"
    middle = f"{proof.nc}:{proof.cnonce}:{proof.qop}:" if proof.qop else ""
    return algorithm.hash(f"{key}:{proof.nonce}:{middle}{algorithm.hash(what)}")


def parse_params(text: str) -> Params:
    """The parameters of a list; names in lower case, values unquoted, the first of a name counts.

    Nonsense between commas is passed over.
    """
    found: Params = {}
    for part in _elements(text):
        match = _is_param(part)
        if match is not None:
            found.setdefault(match[1].lower(), unquote(match[2]))
    return found


def parse_challenges(value: str) -> list[tuple[str, Params]]:
    """Every challenge (or credentials) of one header line: scheme in lower case, parameters.

    Commas part both parameters and challenges (RFC 9110 section 11.6.1): what is no `name=value`
    begins a new one.
    """
    found: list[tuple[str, Params]] = []
    for part in _elements(value):
        match = _is_param(part)
        if match is None:
            start = _is_start(part)
            if start is None:
                continue
            found.append((start[1].lower(), {}))
            match = _is_param(start[2] or "")
        if match is not None and found:
            found[-1][1].setdefault(match[1].lower(), unquote(match[2]))
    return found
