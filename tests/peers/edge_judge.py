"""What a Twilio-like edge would trip over in the gateway's messages. Returns faults in words."""

from __future__ import annotations

import re

from tests.peers.edge_messages import PRIVATE_RTP, PRIVATE_SIP, Edge
from tests.peers.sip_text import SipText, host_port, parse_sdp, tag_of, uri_of


def response_faults(edge: Edge, sent: SipText, answer: SipText) -> list[str]:
    """Any response of the gateway, against the request it answers (RFC 3261 section 8.2.6)."""
    faults = _via_faults(sent.all("Via"), answer.all("Via"))
    faults += [
        f"{name} changed: {answer.get(name)!r}"
        for name in ("From", "Call-ID", "CSeq")
        if answer.get(name) != sent.get(name)
    ]
    status = answer.status or 0
    if not answer.get("To").startswith(sent.get("To")):
        faults.append(f"To changed: {answer.get('To')!r}")
    if status > 100 and not tag_of(answer.get("To")):
        faults.append(f"no tag in the To of {status}")
    if answer.get("Require"):
        faults.append(f"Require: {answer.get('Require')}")
    if sent.method == "INVITE" and 180 <= status < 300:
        faults += _dialog_faults(edge, sent, answer)
    return [f"{status} to {sent.method}: {fault}" for fault in faults]


def answer_faults(edge: Edge, answer: SipText) -> list[str]:
    """The SDP of a 200 to an INVITE with an offer (checklist item 5)."""
    sdp = parse_sdp(answer.body)
    offered = [str(codec) for codec in edge.codecs]
    faults = []
    if sdp.medias != 1 or sdp.port == 0 or sdp.profile != "RTP/AVP":
        faults.append(f"answer: {sdp.medias} m= lines, port {sdp.port}, {sdp.profile}")
    if [p for p in sdp.payloads if p not in offered]:
        faults.append(f"answer: payload types {sdp.payloads} of offered {offered}")
    if not sdp.payloads or sdp.payloads[0] not in {"0", "8"}:
        faults.append(f"answer: first payload type {sdp.payloads[:1]}")
    if "101" in offered and sdp.payload_of("telephone-event/8000") != 101:
        faults.append("answer: telephone-event is not on the offered number")
    if "ptime:20" not in sdp.attributes:
        faults.append("answer: no a=ptime:20")
    if sdp.host in {"0.0.0.0", PRIVATE_RTP, ""}:
        faults.append(f"answer: c= {sdp.host!r}")
    return faults


def bye_faults(edge: Edge, request: SipText) -> list[str]:
    """A request of the gateway inside the dialog (checklist item 7)."""
    faults = []
    if request.uri != edge.contact:
        faults.append(f"Request-URI {request.uri!r} is not our Contact, unchanged")
    routes = [route for value in request.all("Route") for route in re.split(r",\s*", value)]
    if routes != edge.record_routes:
        faults.append(f"Route {routes} is not the Record-Route of the INVITE")
    if len(request.all("Via")) != 1 or PRIVATE_SIP in request.get("Via"):
        faults.append(f"Via {request.all('Via')} is not the gateway's own")
    if request.get("From") != edge.answer_to:
        faults.append(f"From {request.get('From')!r} is not the To of the 200")
    if request.get("To") != edge.from_value:
        faults.append(f"To {request.get('To')!r} is not the From of the INVITE")
    if not request.get("CSeq").split()[0].isdecimal():
        faults.append(f"CSeq {request.get('CSeq')!r}")
    if request.get("Max-Forwards") != "70":
        faults.append(f"Max-Forwards {request.get('Max-Forwards')!r}")
    return [f"{request.method} of the gateway: {fault}" for fault in faults]


def _via_faults(sent: list[str], got: list[str]) -> list[str]:
    # Only the top Via may gain received and rport (RFC 3581 section 4).
    if len(sent) != len(got):
        return [f"{len(got)} Via of {len(sent)}"]
    bare = [_without_return(sent[0]), *sent[1:]]
    if [_without_return(got[0]), *got[1:]] != bare:
        return [f"Via changed: {got}"]
    return []


def _without_return(via: str) -> str:
    return re.sub(r";(rport(=\d+)?|received=[^;]+)", "", via)


def _dialog_faults(edge: Edge, sent: SipText, answer: SipText) -> list[str]:
    faults = []
    if answer.all("Record-Route") != sent.all("Record-Route"):
        faults.append(f"Record-Route changed: {answer.all('Record-Route')}")
    try:
        host, _ = host_port(uri_of(answer.get("Contact")))
        if host in {"0.0.0.0", "::", ""}:
            faults.append(f"Contact names no host: {answer.get('Contact')!r}")
    except ValueError as error:
        faults.append(f"Contact: {error}")
    if answer.status == 200 and not answer.get("Allow"):
        faults.append("no Allow")
    if not answer.get("Server") or answer.get("User-Agent"):
        faults.append("Server, not User-Agent, belongs in a response")
    return faults
