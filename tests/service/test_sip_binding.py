"""From the owner's configuration to the stack's settings."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.service import config as written
from gateway.service.secrets import Secret
from gateway.service.sip_binding import account, stack_settings


def trunk(**keys: Any) -> written.Account:
    return written.Account(name="trunk", username="alice", **keys)


@pytest.mark.parametrize(
    ("keys", "domain"),
    [
        ({"registrar": ("sip:a.example.com;transport=tcp", "sip:b.example.com")}, "a.example.com"),
        ({"registrar": ("sip:a.example.com",), "proxy": ("sip:p.example.com",)}, "a.example.com"),
        ({"register": False, "proxy": ("sip:[2001:db8::1]:5080",)}, "[2001:db8::1]"),
        ({"registrar": ("sip:192.0.2.1",), "domain": "example.com"}, "example.com"),
        ({"registrar": ("sip:192.0.2.1",), "domain": "2001:db8::2"}, "[2001:db8::2]"),
        ({"registrar": ("sip:192.0.2.1",), "domain": "[2001:db8::2]"}, "[2001:db8::2]"),
    ],
)
def test_an_account_has_a_domain(keys: dict[str, Any], domain: str) -> None:
    assert account(trunk(**keys)).domain == domain


def test_an_account_keeps_what_is_written() -> None:
    made = account(
        trunk(
            registrar=("sip:example.com",),
            proxy=("sip:edge.example.com",),
            transport="tls",
            auth_user="alice-7",
            password=Secret("s3cret"),
            caller_id="+15551234567",
            caller_id_header="Remote-Party-ID",
            display_name="Alice",
            expires_s=90,
            keepalive="off",
            message_waiting=True,
            profile="full",
            late_offer=True,
        )
    )
    assert (made.name, made.username, made.login) == ("trunk", "alice", "alice-7")
    assert made.password == "s3cret"
    assert "s3cret" not in repr(made)
    assert (made.registrars, made.proxies) == (("sip:example.com",), ("sip:edge.example.com",))
    assert (made.transport, made.register, made.expires_s) == ("tls", True, 90)
    assert (made.caller_id, made.display_name) == ("+15551234567", "Alice")
    assert (made.keepalive, made.message_waiting, made.profile) == ("off", True, "full")
    assert (made.late_offer, made.caller_id_header) == (True, "Remote-Party-ID")


@pytest.mark.parametrize(
    ("chosen", "host", "profile"),
    [
        ("full", "54.172.60.1", "twilio"),
        ("full", "192.0.2.1", "full"),
        ("twilio", "192.0.2.1", "twilio"),
    ],
)
def test_twilio_is_told_by_its_address(chosen: Any, host: str, profile: str) -> None:
    settings = stack_settings(written.Config(sip=written.Sip(profile=chosen)), None)
    assert settings.profile_of is not None
    assert settings.profile_of(host) == profile


def test_every_limit_reaches_the_stack() -> None:
    keys = {name: 40 + n for n, name in enumerate(written.Limits.__struct_fields__)}
    limits = written.Limits(**keys)
    settings = stack_settings(written.Config(sip=written.Sip(limits=limits)), None)
    assert settings.limits._asdict() == keys


def test_the_rest_of_sip() -> None:
    sip = written.Sip(
        redirects=True,
        info_dtmf=True,
        failover_s=3.5,
        inbound_auth=written.InboundAuth(
            users=(written.User(username="bob", password=Secret("pa55")),),
            algorithms=("SHA-256", "MD5"),
            qop=("auth", "auth-int"),
        ),
    )
    settings = stack_settings(written.Config(sip=sip), "192.0.2.9")
    assert (settings.redirects, settings.info_dtmf, settings.failover_s) == (True, True, 3.5)
    assert settings.public_host == "192.0.2.9"
    assert settings.auth is not None
    assert settings.auth.users == {"bob": "pa55"}
    assert (settings.auth.algorithms, settings.auth.qops) == (
        ("SHA-256", "MD5"),
        ("auth", "auth-int"),
    )
