"""SRTP on the wire, with another implementation's libsrtp at the far end."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.errors import LocalProtocolError
from gateway.media import DigitEnded, FirstPacket, RemoteRtcpBye, RtpTimeout, SrtpKeys
from tests.media import itu_g711
from tests.media.far_srtp import KEY_BYTES, FarEnd, SealedPeer, key, keys
from tests.media.rig import PATIENCE_S, Rig, Side, build, event
from tests.media.signals import as_bytes, speech_like
from tests.media.test_reception import Talker, heard_whole
from tests.media.test_rtcp import bye, sections

AES_80 = "AES_CM_128_HMAC_SHA1_80"
every_suite = pytest.mark.parametrize("suite", KEY_BYTES)


def sealed(media: Rig, suite: str = AES_80, **changes: Any) -> tuple[SealedPeer, Side, Talker]:
    peer = SealedPeer(FarEnd(suite))
    media.peer(peer)
    rtcp = peer.rtcp.getsockname()
    side = media.facing(peer, **({"srtp": keys(suite), "remote_rtcp": rtcp} | changes))
    side.line.start_sink()
    return peer, side, Talker(media, peer, side)


def counted(side: Side) -> tuple[int, int]:
    figures = side.stream.statistics()
    return figures.srtp_failed, figures.srtp_replayed


@every_suite
def test_speech_is_heard_bit_exactly(media: Rig, suite: str) -> None:
    _, side, talker = sealed(media, suite)
    said = speech_like(9600)
    talker.say(said)
    assert heard_whole(media, side, said)
    assert (side.stream.statistics().srtp, *counted(side)) == (suite, 0, 0)
    assert side.stream.statistics().received_octets == 9600


@every_suite
def test_the_microphone_arrives_bit_exactly(media: Rig, suite: str) -> None:
    peer, side, _ = sealed(media, suite)
    said = speech_like(8000)
    side.line.write_source(as_bytes(said))
    side.line.end_source()
    wire = b"".join(packet.payload for packet in peer.packets(60))
    assert itu_g711.encode(0, as_bytes(said)) in wire
    assert side.stream.statistics().send_errors == 0


@every_suite
def test_digits_travel_both_ways(media: Rig, suite: str) -> None:
    peer, side, _ = sealed(media, suite)
    side.stream.send_digit("5", duration_ms=60)
    told = peer.until(lambda packet: packet.payload_type == 101 and packet.payload[1] > 127)
    assert told.payload == event(5, end=True, duration=480)
    for number, end in enumerate((False, True, True, True)):
        payload = event(9, end=end, duration=160 * (number + 1))
        peer.send(build(payload, payload_type=101, sequence=number, timestamp=7), side.rtp)
    (ended,) = media.wait(DigitEnded)
    assert ended.digit == "9"


@pytest.mark.parametrize("suite", [AES_80, "AEAD_AES_128_GCM"])
def test_reports_are_sealed_both_ways(media: Rig, suite: str) -> None:
    peer, side, talker = sealed(media, suite)
    talker.say(speech_like(800))
    assert b"test@127.0.0.1" in sections(peer.read(1, sock=peer.rtcp)[0])[202]
    peer.rtcp.sendto(bye(0xBEEF), side.rtcp.getsockname())  # anybody can say that
    peer.rtcp.sendto(peer.far.seal_rtcp(bye(0xBEEF)), side.rtcp.getsockname())
    media.wait(RemoteRtcpBye)
    figures = side.stream.statistics()
    assert (figures.rtcp_received, figures.srtp_failed) == (1, 1)


def test_loss_and_disorder_are_the_networks(media: Rig) -> None:
    peer, side, talker = sealed(media)
    packets = [talker.packet(piece) for piece in talker.pieces(speech_like(9600))]
    wire = [peer.far.seal(packet) for packet in packets]
    del wire[20], wire[10]
    wire[30], wire[31] = wire[31], wire[30]
    wire.insert(41, wire[40])
    for data in wire:
        peer.rtp.sendto(data, side.rtp.getsockname())
        media.ticks(1)
    media.ticks(3)
    figures = side.stream.statistics()
    assert (figures.received, figures.lost, figures.reordered) == (58, 2, 1)
    assert counted(side) == (0, 1)


def test_another_sender_is_heard(media: Rig) -> None:
    _, side, talker = sealed(media)
    talker.say(speech_like(1600))
    talker.ssrc, talker.sequence = 0xFACE, 400
    talker.say(speech_like(320, seed=2))  # its probation
    said = speech_like(4800, seed=3)
    talker.say(said)
    assert heard_whole(media, side, said)
    figures = side.stream.statistics()
    assert (figures.ssrc_changes, figures.remote_ssrc, *counted(side)) == (1, 0xFACE, 0, 0)


@pytest.mark.parametrize(
    ("clear", "receive"),
    [(False, 3), (True, 2)],
    ids=["with another key", "in the clear"],
)
def test_what_is_not_genuine_is_silence(media: Rig, clear: bool, receive: int) -> None:
    wrong = SrtpKeys(AES_80, key(AES_80, 1), key(AES_80, receive))
    peer, side, talker = sealed(media, srtp=wrong, timeout_s=0.5)
    for piece in talker.pieces(speech_like(4800)):
        packet = talker.packet(piece)
        peer.rtp.sendto(packet if clear else peer.far.seal(packet), side.rtp.getsockname())
        media.ticks(2)
    media.wait(RtpTimeout)
    assert not any(isinstance(one, FirstPacket) for one in media.events)
    assert not any(media.collect(side.line, 4000))
    assert counted(side) == (30, 0)
    assert side.stream.statistics().received == 0


def test_a_loop_that_comes_late_loses_nothing(media: Rig) -> None:
    """The first packets wait for a receiver that the loop makes: here 120 ms later."""
    _, side, talker = sealed(media)
    goal = media.engine.heartbeat() + 12
    limit = time.monotonic() + PATIENCE_S
    for piece in talker.pieces(speech_like(960)):
        talker.peer.send(talker.packet(piece), side.rtp)
    while media.engine.heartbeat() < goal:
        assert time.monotonic() < limit
    assert side.stream.statistics().received == 0
    media.wait(FirstPacket)
    assert (side.stream.statistics().received, *counted(side)) == (6, 0, 0)


def test_a_re_invite_with_the_same_keys_changes_nothing(media: Rig) -> None:
    peer, side, talker = sealed(media)
    talker.say(speech_like(8000))  # the numbers have wrapped both ways
    side.stream.update(srtp=keys(), ptime_ms=20)
    said = speech_like(4800, seed=2)
    talker.say(said)
    assert heard_whole(media, side, said)
    assert counted(side) == (0, 0)
    peer.packets(60)


def test_a_re_invite_with_new_keys(media: Rig) -> None:
    peer, side, talker = sealed(media)
    talker.say(speech_like(8000))
    peer.packets(50)
    side.stream.update(srtp=keys(AES_80, ours=5, theirs=6))
    media.ticks(2)
    peer.drain()
    peer.far = FarEnd(AES_80, ours=5, theirs=6)
    said = speech_like(4800, seed=2)
    talker.say(said)
    assert heard_whole(media, side, said)
    assert {packet.payload_type for packet in peer.packets(5)} == {0}


def test_srtp_comes_and_goes_within_a_call(media: Rig) -> None:
    peer = media.peer()
    side = media.facing(peer)
    talker = Talker(media, peer, side)
    talker.say(speech_like(800))
    assert side.stream.statistics().srtp is None
    side.stream.update(srtp=keys())
    media.ticks(2)
    peer.drain()
    far = FarEnd()
    assert far.open(peer.read(1)[0])[12:] == b"\xff" * 160
    side.stream.update(srtp=None)
    media.ticks(2)
    peer.drain()
    assert peer.packets(1)[0].payload == b"\xff" * 160
    before = side.stream.statistics().received
    talker.say(speech_like(800))
    assert side.stream.statistics().received == before + 5


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (SrtpKeys("AES_CM_128_NULL_AUTH", bytes(30), bytes(30)), "no SRTP suite"),
        (SrtpKeys(AES_80, bytes(30), bytes(29)), "has 30 bytes"),
        (SrtpKeys("AEAD_AES_256_GCM", bytes(46), bytes(44)), "has 44 bytes"),
    ],
)
def test_what_is_no_key_is_refused(media: Rig, wrong: SrtpKeys, why: str) -> None:
    _, side, _ = sealed(media)
    with pytest.raises(LocalProtocolError, match=why):
        side.stream.update(srtp=wrong)
    assert side.stream.settings.srtp == keys()


def test_keys_are_not_shown(media: Rig) -> None:
    _, side, _ = sealed(media)
    assert repr(key(AES_80, 1))[2:20] not in repr(side.stream.settings)
    assert AES_80 in repr(side.stream.settings)


def derived(label: int, size: int) -> bytes:
    """RFC 3711 section 4.3.1, with the master key and salt of section B.3."""
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytearray.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    salt[7] ^= label
    return _keystream(master, bytes(salt) + bytes(2), size)


def _keystream(secret: bytes, start: bytes, size: int) -> bytes:
    return Cipher(algorithms.AES(secret), modes.CTR(start)).encryptor().update(bytes(size))


def sealed_by_the_rfc(packet: bytes, head: int, labels: int, index: int, tail: bytes) -> bytes:
    """Sections 3.1, 3.4, 4.1.1 and 4.2: encrypted, then authenticated."""
    ssrc = packet[head - 4 : head]
    mask = int.from_bytes(derived(labels + 2, 14)) << 16
    start = mask ^ int.from_bytes(ssrc) << 64 ^ index << 16
    stream = _keystream(derived(labels, 16), start.to_bytes(16), len(packet) - head)
    body = bytes(a ^ b for a, b in zip(packet[head:], stream, strict=True))
    mac = HMAC(derived(labels + 1, 20), SHA1())
    mac.update(packet[:head] + body + tail)
    return packet[:head] + body + (tail if labels else b"") + mac.finalize()[:10]


def test_the_packets_of_the_c_tests_are_those_of_rfc_3711() -> None:
    """Computed without libsrtp; native/test/test_srtp.c holds libsrtp and nettle to them."""
    assert derived(0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"  # section B.3
    assert derived(1, 20).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"
    rtp = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    assert sealed_by_the_rfc(rtp, 12, 0, 0x1234, bytes(4)).hex() == (
        "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
    )
    rtcp = bytes.fromhex("81c8000bcafebabe") + b"\xab" * 16
    assert sealed_by_the_rfc(rtcp, 8, 3, 1, b"\x80\x00\x00\x01").hex() == (
        "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798"
    )
