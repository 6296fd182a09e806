"""TLS without a socket: contexts from files, who is believed, and the words when one is not."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.net.certificate import misnamed, names, why_refused
from gateway.net.layer import Tls
from gateway.net.tls import TlsFiles, build
from tests.fakes.certificates import Authority, other_key

HOST = "sip.example.com"


def join(client: Tls, server: Tls) -> None:
    """Carry bytes between two ends until both are ready or one refuses."""
    for _ in range(10):
        server.receive(client.outgoing())
        client.receive(server.outgoing())
        if client.ready and server.ready:
            return


def refusal(client: Tls, server: Tls, name: str) -> str:
    with pytest.raises(ssl.SSLError) as caught:
        join(client, server)
    return why_refused(caught.value, "192.0.2.1:5061", name)


def ends(
    authority: Authority, name: str, *issued: str, days: tuple[int, int] = (-1, 365)
) -> tuple[Tls, Tls]:
    files = authority.issue(*issued, days=days, label="server")
    server = build(TlsFiles(files.certificate, files.key)).server
    assert server is not None
    client = build(TlsFiles(ca=authority.ca)).client
    return Tls(client, server=False, name=name), Tls(server, server=True)


@pytest.mark.parametrize(
    ("name", "issued"),
    [
        (HOST, HOST),
        (HOST, "*.example.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_bytes_pass_both_ways(authority: Authority, name: str, issued: str) -> None:
    client, server = ends(authority, name, issued)
    join(client, server)
    big = bytes(range(256)) * 255
    client.send(big)
    server.send(b"yes")
    assert server.receive(client.outgoing()) == big
    assert client.receive(server.outgoing()) == b"yes"
    server.finish()
    assert client.receive(server.outgoing()) == b""
    assert client.ended


@pytest.mark.parametrize(
    ("name", "issued", "days", "words"),
    [
        (HOST, "other.example.com", (-1, 9), "192.0.2.1:5061 is not for sip.example.com"),
        ("192.0.2.1", HOST, (-1, 9), "is not for 192.0.2.1"),
        (HOST, HOST, (-9, -1), "has expired"),
        (HOST, HOST, (1, 9), "not valid yet"),
    ],
)
def test_a_certificate_that_is_not_believed(
    authority: Authority, name: str, issued: str, days: tuple[int, int], words: str
) -> None:
    client, server = ends(authority, name, issued, days=days)
    assert words in refusal(client, server, name)


def test_an_unknown_authority(authority: Authority, stranger_authority: Authority) -> None:
    _, server = ends(stranger_authority, HOST, HOST)
    client, _ = ends(authority, HOST, HOST)
    assert "from an unknown authority" in refusal(client, server, HOST)


def test_whose_certificate_it_is(authority: Authority) -> None:
    files = authority.issue("a.example.com", "192.0.2.9", label="server")
    server = build(TlsFiles(files.certificate, files.key)).server
    contexts = build(TlsFiles(ca=authority.ca))
    assert server is not None
    client = Tls(contexts.client, server=False, name=HOST)
    with pytest.raises(ssl.SSLError) as caught:
        join(client, Tls(server, server=True))
    assert misnamed(caught.value)
    client = Tls(contexts.nameless, server=False, name=HOST)
    join(client, Tls(server, server=True))
    assert names(client.certificate()) == "a.example.com, 192.0.2.9"


@pytest.mark.parametrize(
    ("mode", "shows", "works"),
    [
        ("off", False, True),
        ("optional", False, True),
        ("optional", True, True),
        ("required", True, True),
        ("required", False, False),
    ],
)
def test_client_certificates(authority: Authority, mode: str, shows: bool, works: bool) -> None:
    files = authority.issue(HOST)
    server = build(TlsFiles(*files, ca=authority.ca, client_auth=mode)).server  # type: ignore[arg-type]
    own = TlsFiles(*files, ca=authority.ca) if shows else TlsFiles(ca=authority.ca)
    assert server is not None
    one, other = Tls(build(own).client, server=False, name=HOST), Tls(server, server=True)
    if works:
        join(one, other)
        assert other.ready
    else:
        assert "showed no certificate" in refusal(one, other, HOST)


def test_twilio_37_the_server_name_goes_out_unless_it_is_an_address(authority: Authority) -> None:
    for name, sent in ((HOST, True), ("192.0.2.1", False)):
        client, _ = ends(authority, name, HOST)
        assert (name.encode() in client.outgoing()) is sent


def test_twilio_37_ciphers_and_versions(authority: Authority) -> None:
    files = authority.issue(HOST)
    contexts = build(TlsFiles(*files, ca=authority.ca))
    for context in (contexts.server, contexts.client):
        assert context is not None
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        offered = {cipher["name"] for cipher in context.get_ciphers()}
        assert {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"} <= offered


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"])
def test_twilio_37_tls_1_2_with_each_cipher(authority: Authority, cipher: str) -> None:
    contexts = build(TlsFiles(*authority.issue(HOST), ca=authority.ca))
    assert contexts.server is not None
    contexts.client.maximum_version = ssl.TLSVersion.TLSv1_2
    contexts.client.set_ciphers(cipher)
    client = Tls(contexts.client, server=False, name=HOST)
    join(client, Tls(contexts.server, server=True))
    assert client.ready


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_twilio_37_tls_1_1_is_refused(authority: Authority) -> None:
    contexts = build(TlsFiles(*authority.issue(HOST), ca=authority.ca))
    assert contexts.server is not None
    old = contexts.client
    old.minimum_version = ssl.TLSVersion.TLSv1_1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError) as caught:
        join(Tls(old, server=False, name=HOST), Tls(contexts.server, server=True))
    assert "no TLS version in common" in why_refused(caught.value, "peer", HOST)


# --- the owner's files --------------------------------------------------------------------------

Spoil = Callable[[Authority, Path], TlsFiles]


def _garbage(folder: Path) -> Path:
    file = folder / "garbage.pem"
    file.write_text("this is no certificate")
    return file


BAD: list[tuple[str, Spoil, str]] = [
    (
        "no certificate file",
        lambda a, f: TlsFiles(f / "gone.crt", a.issue(HOST).key),
        r"gone\.crt: No such file",
    ),
    ("no key file", lambda a, f: TlsFiles(a.issue(HOST).certificate, f / "gone.key"), "gone.key"),
    ("no ca file", lambda _, f: TlsFiles(ca=f / "gone.pem"), r"gone\.pem: No such file"),
    ("a folder", lambda a, f: TlsFiles(f, a.issue(HOST).key), "Is a directory"),
    (
        "another key",
        lambda a, f: TlsFiles(a.issue(HOST).certificate, other_key(f / "other.key")),
        r"other\.key is not the key of the certificate",
    ),
    (
        "an encrypted key",
        lambda a, f: TlsFiles(a.issue(HOST).certificate, other_key(f / "secret.key", b"x" * 8)),
        "is encrypted",
    ),
    (
        "no PEM",
        lambda a, f: TlsFiles(_garbage(f), a.issue(HOST).key),
        r"garbage\.pem must be a certificate .* PEM",
    ),
    ("a ca that is none", lambda _, f: TlsFiles(ca=_garbage(f)), "no certificates in PEM form"),
    ("only a certificate", lambda a, _: TlsFiles(a.issue(HOST).certificate), "only one of them"),
    (
        "client_auth without ca",
        lambda a, _: TlsFiles(*a.issue(HOST), client_auth="required"),
        "needs ca",
    ),
]


@pytest.mark.parametrize(("spoil", "words"), [r[1:] for r in BAD], ids=[r[0] for r in BAD])
def test_files_that_cannot_be_used(
    authority: Authority, folder: Path, spoil: Spoil, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        build(spoil(authority, folder))


@pytest.mark.parametrize(
    ("days", "words"),
    [((-9, -1), "has expired"), ((1, 9), "not valid yet"), ((-1, 5), "expires in 4 day")],
)
def test_dates_are_a_warning(authority: Authority, days: tuple[int, int], words: str) -> None:
    files = authority.issue(HOST, days=days, label="dated")
    (warning,) = build(TlsFiles(*files, ca=authority.ca)).warnings
    assert words in warning
    assert "dated.crt" in warning


def test_a_good_certificate_has_no_warning(authority: Authority) -> None:
    assert build(TlsFiles(*authority.issue(HOST))).warnings == ()


def test_without_files_we_can_still_call() -> None:
    contexts = build(TlsFiles())
    assert contexts.server is None
    assert contexts.client.check_hostname
    assert contexts.client.verify_mode == ssl.CERT_REQUIRED
