"""RTP port pairs: even and odd, in turn, given back, and honest when there are none."""

from __future__ import annotations

import socket

import pytest

from gateway.errors import ExhaustedError, SystemRefusal
from gateway.net.rtp_ports import RtpPorts

HOST = "127.0.0.1"


def free_range(pairs: int) -> tuple[int, int]:
    """A range that nobody uses at the moment."""
    for first in range(42000, 60000, 2 * pairs):
        ports = RtpPorts(first, first + 2 * pairs - 1, dscp=46)
        taken = []
        try:
            taken = [ports.take(HOST) for _ in range(pairs)]
            if [pair.port for pair in taken] == list(range(first, first + 2 * pairs, 2)):
                return first, first + 2 * pairs - 1
        except ExhaustedError:
            pass
        finally:
            for pair in taken:
                pair.close()
    raise AssertionError("no free ports on this machine")


def test_pairs_are_even_and_odd_and_marked_expedited() -> None:
    ports = RtpPorts(*free_range(2), dscp=46)
    pair = ports.take(HOST)
    assert pair.port % 2 == 0
    assert pair.rtp.getsockname() == (HOST, pair.port)
    assert pair.rtcp.getsockname() == (HOST, pair.port + 1)
    assert pair.rtp.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> 2 == 46
    pair.close()


def test_ports_are_taken_in_turn_and_come_back() -> None:
    first, last = free_range(2)
    ports = RtpPorts(first, last, dscp=0)
    one = ports.take(HOST)
    two = ports.take(HOST)
    assert (one.port, two.port) == (first, first + 2)
    with pytest.raises(ExhaustedError, match=r"widen rtp\.ports"):
        ports.take(HOST)
    one.close()
    again = ports.take(HOST)
    assert again.port == first
    again.close()
    two.close()


def test_a_taken_rtcp_port_spoils_the_pair() -> None:
    first, last = free_range(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((HOST, first + 1))
        pair = RtpPorts(first, last, dscp=0).take(HOST)
        assert pair.port == first + 2
        pair.close()


def test_an_odd_start_is_rounded_up() -> None:
    first, last = free_range(3)
    pair = RtpPorts(first + 1, last, dscp=0).take(HOST)
    assert pair.port == first + 2
    pair.close()


def test_an_address_that_is_not_ours_is_the_systems_refusal() -> None:
    with pytest.raises(SystemRefusal, match=r"192\.0\.2\.1"):
        RtpPorts(*free_range(1), dscp=0).take("192.0.2.1")


def test_ipv6_loopback() -> None:
    ports = RtpPorts(*free_range(1), dscp=46)
    pair = ports.take("::1")
    assert pair.rtp.family == socket.AF_INET6
    pair.close()


def test_what_was_queued_before_is_forgotten_and_no_more() -> None:
    pair = RtpPorts(*free_range(1), dscp=46).take(HOST)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for number in range(700):  # as many as a receive buffer holds, or more
            peer.sendto(b"early %d" % number, (HOST, pair.port))
        peer.sendto(b"early", (HOST, pair.port + 1))
        pair.forget_queued()
        peer.sendto(b"first", (HOST, pair.port))
        assert pair.rtp.recv(100) == b"first"
        with pytest.raises(BlockingIOError):
            pair.rtcp.recv(100)
    pair.close()
