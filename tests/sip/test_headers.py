"""Header values and the container that holds them."""

from __future__ import annotations

import pytest

from gateway.errors import RemoteProtocolError
from gateway.sip.grammar import quote, split_list, unquote
from gateway.sip.headers import Headers, parse_address, parse_addresses, parse_vias


def test_container() -> None:
    headers = Headers([("Via", "1"), ("X-One", "a"), ("v", "2")])
    assert headers.get("VIA") == "1"
    assert headers.get_all("via") == ["1", "2"]
    assert headers.get("missing") is None
    assert "x-one" in headers
    headers.set("Via", "3")
    headers.add("X-Two", "b")
    headers.remove("x-one")
    assert headers.items() == [("Via", "3"), ("X-Two", "b")]
    assert headers.get_all("v") == ["3"]
    headers.set("New", "n")
    assert list(headers) == [("Via", "3"), ("X-Two", "b"), ("New", "n")]
    assert len(headers) == 3


def test_values_change_in_their_places() -> None:
    headers = Headers([("v", "1"), ("X-One", "a"), ("Via", "2"), ("From", "f")])
    headers.update({"Via": ["3", "4"], "x-one": ["b"], "route": ["r"], "from": []})
    assert headers.items() == [
        ("v", "3"),
        ("X-One", "b"),
        ("Via", "4"),
        ("From", "f"),
        ("route", "r"),
    ]
    assert headers.get_all("via") == ["3", "4"]


@pytest.mark.parametrize(
    ("value", "display", "uri", "tag"),
    [
        ("<sip:a@b>", "", "sip:a@b", ""),
        ("sip:a@b;tag=1", "", "sip:a@b", "1"),
        ("Bob Smith <sip:a@b;tag=no>;tag=2", "Bob Smith", "sip:a@b;tag=no", "2"),
        ("caller<sip:a@b>;TAG=3", "caller", "sip:a@b", "3"),
        ('"J Rosenberg \\\\\\""       <sip:a@b>\t;\ttag = 4', 'J Rosenberg \\"', "sip:a@b", "4"),
        ('"<sip:x@y>;tag=9" <sip:a@b>;tag=5', "<sip:x@y>;tag=9", "sip:a@b", "5"),
        ("\u00c9douard <sip:a@b>;tag=6", "\u00c9douard", "sip:a@b", "6"),
        ('"" <sip:anonymous@anonymous.invalid>;tag=7', "", "sip:anonymous@anonymous.invalid", "7"),
        ("<tel:+1555>;tag=8", "", "tel:+1555", "8"),
        ('<sip:a@b>;x="q;tag=0";tag=9', "", "sip:a@b", "9"),
        ("<sip:a:pw@b:5061;x=%41;lr?y=z>;tag=1", "", "sip:a:pw@b:5061;x=%41;lr?y=z", "1"),
        ("A  B \t<sips:[2001:db8::1]:5061>", "A  B", "sips:[2001:db8::1]:5061", ""),
    ],
)
def test_addresses(value: str, display: str, uri: str, tag: str) -> None:
    address = parse_address(value, "From")
    assert (address.display_name, str(address.uri), address.tag) == (display, uri, tag)


def test_address_lists() -> None:
    found = parse_addresses(['<sip:a@b>;q=1 , "x,y" <sip:c,d@e>', "sip:f@g"], "Contact")
    assert [str(one.uri) for one in found] == ["sip:a@b", "sip:c,d@e", "sip:f@g"]


@pytest.mark.parametrize("value", ["*", "<sip:a@b>,,", "<sip:a@b> <sip:c@d>"])
def test_bad_address_lists(value: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_addresses([value], "Contact")


@pytest.mark.parametrize(
    "text",
    [
        "SIP/2.0/UDP 172.25.75.240:5060;rport=5060;branch=z9hG4bK658_c335",
        "SIP/2.0/TLS [2803:6080::400:0]:5061;received=2803:6080::400:0;alias;branch=z9hG4bKPj",
        "SIP/2.0/UDP host",
        "SIP/3.0/UDP host;rport;x=y",
    ],
)
def test_via_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_vias([text])[0]) == text


def test_white_space_inside_a_via_is_not_written_again() -> None:
    assert str(parse_vias(["SIP / 2.0\t/  UDP   h : 5 ; a = b"])[0]) == "SIP/2.0/UDP h:5;a=b"


@pytest.mark.parametrize("value", ["<sip:a@b:99999>", "<sip:a@b:65536>;tag=1", "<sip:@b:0x1>"])
def test_bad_uris_in_an_address(value: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_address(value, "From")


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("", []),
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ('"a,b" <sip:c,d>, e', ['"a,b" <sip:c,d>', "e"]),
        ('"a\\",b", c', ['"a\\",b"', "c"]),
        (",,a,", ["a"]),
    ],
)
def test_lists(value: str, parts: list[str]) -> None:
    assert split_list(value) == parts


@pytest.mark.parametrize("text", ["", "plain", 'with "quotes"', "back\\slash"])
def test_quoting(text: str) -> None:
    assert unquote(quote(text)) == text
